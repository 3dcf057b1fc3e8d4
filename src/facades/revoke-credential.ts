import { notFound } from '../kit/errors.ts'
import { lockCredential, revokeCredentialRow } from './repository.ts'
import type { ChangeCredentialDeps } from './rotate-credential.ts'

/** Ends a credential for ever, and forgets its secrets; doing it again changes nothing. Throws: not_found. */
export async function revokeCredential({ db, signingSecrets, facadeLogins }: ChangeCredentialDeps, id: string): Promise<void> {
  await db.tx(async tx => {
    if ((await lockCredential(tx, id)) === null) throw notFound('key')
    await revokeCredentialRow(tx, id)
    await signingSecrets.drop(tx, id)
  })
  facadeLogins.forget(id)
}
