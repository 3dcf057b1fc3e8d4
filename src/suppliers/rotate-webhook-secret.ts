import type { Db } from '../kit/db/index.ts'
import { notFound } from '../kit/errors.ts'
import type { SigningSecrets } from '../kit/signing-secrets.ts'
import { lockSupplier } from './repository.ts'

/** The supplier changes its side within this time; both secrets are good meanwhile. */
const OVERLAP_SECONDS = 86_400

/** A new secret for the supplier's pushes; the old one stays valid for a day. Its text is returned here and never again. Throws: `not_found`. */
export async function rotateWebhookSecret(deps: { db: Db; signingSecrets: SigningSecrets }, supplierId: string): Promise<string> {
  return await deps.db.tx(async tx => {
    if ((await lockSupplier(tx, supplierId)) === null) throw notFound('supplier')
    return await deps.signingSecrets.issue(tx, supplierId, OVERLAP_SECONDS)
  })
}
