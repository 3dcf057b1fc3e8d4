import type { Queryable } from '../kit/db/index.ts'
import type { SigningSecrets } from '../kit/signing-secrets.ts'

/** The secrets that a push of this supplier may be signed with, newest first; empty: there is no such supplier. */
export const readWebhookSecrets = async (deps: { db: Queryable; signingSecrets: SigningSecrets }, supplierId: string): Promise<readonly string[]> =>
  (await deps.signingSecrets.live(deps.db, [supplierId])).get(supplierId) ?? []
