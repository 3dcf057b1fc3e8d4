import { findReseller } from '../accounts/index.ts'
import type { Db } from '../kit/db/index.ts'
import { invalid, notFound } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { SigningSecrets } from '../kit/signing-secrets.ts'
import { type CredentialTerms, checkTerms, type IssuedCredential } from './credential.ts'
import { CREDENTIAL_FORMS, type Protocol } from './protocol.ts'
import { insertCredential } from './repository.ts'
import { joinSecret, type Partner } from './secret.ts'

export interface CredentialDeps {
  readonly db: Db
  readonly signingSecrets: SigningSecrets
}

export interface IssueCredentialInput {
  readonly resellerId: string
  readonly protocol: Protocol
  readonly terms: CredentialTerms
  /** Needed by protocols whose signatures have it in them, and only there. */
  readonly partner: Partner | null
}

/** Lets a reseller's shop call by a protocol; the secret is returned here and never again. Throws: not_found, validation_failed. */
export async function issueCredential({ db, signingSecrets }: CredentialDeps, input: IssueCredentialInput): Promise<IssuedCredential> {
  const { resellerId, protocol, terms, partner } = input
  checkTerms(terms)
  const { newLogin, newSecret, hasPartner = false } = CREDENTIAL_FORMS[protocol]
  if (hasPartner !== (partner !== null)) throw invalid('/partner', hasPartner ? 'is required for this protocol' : 'does not belong to this protocol')
  return await db.tx(async tx => {
    const reseller = await findReseller(tx, resellerId)
    if (reseller === null) throw notFound('reseller')
    if (terms.dailySpendCap !== null && terms.dailySpendCap.currency !== reseller.currency) {
      throw invalid('/dailySpendCap/currency', `must be the currency of the reseller's wallet, ${reseller.currency}`)
    }
    const credential = await insertCredential(tx, { id: newId(), resellerId, protocol, login: newLogin(), ...terms })
    if (credential === null) throw new Error('a random login was taken')
    const secret = newSecret()
    await signingSecrets.issue(tx, credential.id, 0, joinSecret({ secret, partner }))
    return { credential, secret }
  })
}
