import type { Db } from '../../kit/db/index.ts'
import type { SigningSecrets } from '../../kit/signing-secrets.ts'
import { SECRET_OVERLAP_SECONDS } from './endpoint.ts'
import { lockEndpoint } from './endpoint-repository.ts'
import { endpointNotFound } from './errors.ts'
import type { EndpointRef } from './resume-endpoint.ts'

/** A new secret for an endpoint; the old one signs too for a day. Throws: not_found. */
export async function rotateSecret(
  { db, signingSecrets }: { db: Db; signingSecrets: SigningSecrets },
  { endpointId, resellerId }: EndpointRef
): Promise<string> {
  return await db.tx(async tx => {
    if ((await lockEndpoint(tx, endpointId, resellerId)) === null) throw endpointNotFound()
    return await signingSecrets.issue(tx, endpointId, SECRET_OVERLAP_SECONDS)
  })
}
