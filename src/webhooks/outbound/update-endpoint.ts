import type { Db, Tx } from '../../kit/db/index.ts'
import type { Endpoint, EndpointState } from './endpoint.ts'
import { lockEndpoint, pauseEndpointRow, updateEndpointRow } from './endpoint-repository.ts'
import { checkEndpointUrl, type UrlPolicy } from './endpoint-url.ts'
import { endpointNotFound } from './errors.ts'
import { type EndpointRef, resume } from './resume-endpoint.ts'

export interface EndpointChange {
  readonly url?: string
  readonly description?: string | null
  readonly events?: readonly string[]
  readonly state?: EndpointState
}

/** Changes an endpoint; absent fields stay. What waits goes to the new URL. Throws: url_refused, not_found. */
export async function updateEndpoint(
  { db, urlPolicy }: { db: Db; urlPolicy: UrlPolicy },
  ref: EndpointRef,
  { state, ...change }: EndpointChange
): Promise<Endpoint> {
  if (change.url !== undefined) checkEndpointUrl(change.url, urlPolicy)
  return await db.tx(async tx => {
    // Resuming takes the cursor's lock, which comes before the endpoint's.
    const endpoint = state === 'active' ? await resume(tx, ref) : await lockEndpoint(tx, ref.endpointId, ref.resellerId)
    if (endpoint === null) throw endpointNotFound()
    const changed = (await updateEndpointRow(tx, { ...endpoint, ...change })) ?? endpoint
    return state === 'paused' ? await pause(tx, changed) : changed
  })
}

const pause = async (tx: Tx, endpoint: Endpoint): Promise<Endpoint> => (await pauseEndpointRow(tx, endpoint.id, 'caller')) ?? endpoint
