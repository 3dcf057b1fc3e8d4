import { isUsable, keyUnusable } from '../accounts/index.ts'
import { notFound } from '../kit/errors.ts'
import type { IssuedCredential } from './credential.ts'
import type { CredentialDeps } from './issue-credential.ts'
import type { FacadeLogins } from './login.ts'
import { CREDENTIAL_FORMS } from './protocol.ts'
import { lockCredential } from './repository.ts'
import { joinSecret, splitSecret } from './secret.ts'

export interface ChangeCredentialDeps extends CredentialDeps {
  readonly facadeLogins: FacadeLogins
}

/**
 * Gives a credential a new secret under the same login; the old one goes on working for the overlap. A repeated rotation makes
 * another secret: an answer that was lost is lost. Throws: not_found, state_conflict.
 */
export async function rotateCredential(
  { db, signingSecrets, facadeLogins }: ChangeCredentialDeps,
  { id, overlapSeconds }: { readonly id: string; readonly overlapSeconds: number }
): Promise<IssuedCredential> {
  const issued = await db.tx(async tx => {
    const credential = await lockCredential(tx, id)
    if (credential === null) throw notFound('key')
    if (!isUsable(credential)) throw keyUnusable()
    const [before = ''] = (await signingSecrets.live(tx, [id])).get(id) ?? []
    const secret = CREDENTIAL_FORMS[credential.protocol].newSecret()
    await signingSecrets.issue(tx, id, overlapSeconds, joinSecret({ ...splitSecret(before), secret }))
    return { credential, secret }
  })
  facadeLogins.forget(id)
  return issued
}
