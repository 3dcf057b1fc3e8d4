import type { Db, Tx } from '../../kit/db/index.ts'
import { publish } from '../../kit/outbox.ts'
import { makeAllDue } from './delivery-repository.ts'
import type { Endpoint } from './endpoint.ts'
import { lockEndpoint, resumeEndpointRow } from './endpoint-repository.ts'
import { endpointNotFound } from './errors.ts'
import { endpointResumedEvent } from './events.ts'
import { catchUp, lockCursor } from './relay-repository.ts'

/** Events that an endpoint missed while it was paused, and still gets; what is older is in the feed. */
const CATCH_UP_MAX = 10_000

export interface EndpointRef {
  readonly endpointId: string
  readonly resellerId: string
}

/** Sends to the endpoint again, also what it missed meanwhile. Doing it again changes nothing. Throws: not_found. */
export const resumeEndpoint = async (db: Db, ref: EndpointRef): Promise<Endpoint> => await db.tx(tx => resume(tx, ref))

/** The cursor is locked before the endpoint: until the end of the transaction no event passes by. */
export async function resume(tx: Tx, { endpointId, resellerId }: EndpointRef): Promise<Endpoint> {
  const cursor = await lockCursor(tx)
  const endpoint = await lockEndpoint(tx, endpointId, resellerId)
  if (endpoint === null) throw endpointNotFound()
  if (endpoint.state === 'active') return endpoint
  await catchUp(tx, endpointId, cursor, CATCH_UP_MAX)
  await makeAllDue(tx, endpointId)
  const resumed = (await resumeEndpointRow(tx, endpointId)) ?? endpoint
  await publish(tx, [endpointResumedEvent(resumed)])
  return resumed
}
