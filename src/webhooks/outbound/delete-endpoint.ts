import type { Db } from '../../kit/db/index.ts'
import type { SigningSecrets } from '../../kit/signing-secrets.ts'
import { deleteEndpointRow, lockEndpoint } from './endpoint-repository.ts'
import { endpointNotFound } from './errors.ts'
import type { EndpointRef } from './resume-endpoint.ts'

/** Forgets an endpoint and its secrets; nothing more is sent. Its deliveries are cleared away by a job. Throws: not_found. */
export async function deleteEndpoint(
  { db, signingSecrets }: { db: Db; signingSecrets: SigningSecrets },
  { endpointId, resellerId }: EndpointRef
): Promise<void> {
  await db.tx(async tx => {
    if ((await lockEndpoint(tx, endpointId, resellerId)) === null) throw endpointNotFound()
    await signingSecrets.drop(tx, endpointId)
    await deleteEndpointRow(tx, endpointId)
  })
}
