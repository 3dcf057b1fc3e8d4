/** The protocols that are answered, and what credentials look like in each. */
import { randomBytes, randomInt } from 'node:crypto'

export const PROTOCOLS = ['acg-faka', 'dujiao-next', 'goofish', 'kasushou'] as const

export type Protocol = (typeof PROTOCOLS)[number]

interface CredentialForm {
  /** The public half. */
  readonly newLogin: () => string
  readonly newSecret: () => string
  /** The shop's platform has a credential of its own, which is part of every signature. */
  readonly hasPartner?: true
}

/** Longer than anybody can try, shorter than the fields of the shops' admin pages. */
const SECRET_BYTES = 16

const digits = (): string => String(randomInt(100_000_000_000, 1_000_000_000_000))
const hex = (): string => randomBytes(SECRET_BYTES).toString('hex')

/** No secret has a character that means something in a URL: some shops decode them. */
export const CREDENTIAL_FORMS: Readonly<Record<Protocol, CredentialForm>> = {
  'acg-faka': { newLogin: digits, newSecret: () => hex().toUpperCase() },
  'dujiao-next': { newLogin: hex, newSecret: () => `${hex()}${hex()}` },
  goofish: { newLogin: digits, newSecret: hex, hasPartner: true },
  kasushou: { newLogin: digits, newSecret: hex }
}
