import { findReseller } from '../accounts/index.ts'
import type { Db } from '../kit/db/index.ts'
import { invalid, notFound } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { SigningSecrets } from '../kit/signing-secrets.ts'
import { type CredentialTerms, checkTerms, type IssuedCredential } from './credential.ts'
import { CREDENTIAL_FORMS, type Protocol } from './protocol.ts'
import { insertCredential } from './repository.ts'

export interface CredentialDeps {
  readonly db: Db
  readonly signingSecrets: SigningSecrets
}

export interface IssueCredentialInput {
  readonly resellerId: string
  readonly protocol: Protocol
  readonly terms: CredentialTerms
}

/** Lets a reseller's shop call by a protocol; the secret is returned here and never again. Throws: not_found, validation_failed. */
export async function issueCredential({ db, signingSecrets }: CredentialDeps, input: IssueCredentialInput): Promise<IssuedCredential> {
  const { resellerId, protocol, terms } = input
  checkTerms(terms)
  const { newLogin, newSecret } = CREDENTIAL_FORMS[protocol]
  return await db.tx(async tx => {
    const reseller = await findReseller(tx, resellerId)
    if (reseller === null) throw notFound('reseller')
    if (terms.dailySpendCap !== null && terms.dailySpendCap.currency !== reseller.currency) {
      throw invalid('/dailySpendCap/currency', `must be the currency of the reseller's wallet, ${reseller.currency}`)
    }
    const credential = await insertCredential(tx, { id: newId(), resellerId, protocol, login: newLogin(), ...terms })
    if (credential === null) throw new Error('a random login was taken')
    const secret = await signingSecrets.issue(tx, credential.id, 0, newSecret())
    return { credential, secret }
  })
}
