import type { Db } from '../../kit/db/index.ts'
import { newId, toApiId } from '../../kit/ids.ts'
import type { Delivery } from './delivery.ts'
import { findDelivery, insertTestEvent } from './delivery-repository.ts'
import { lockEndpoint } from './endpoint-repository.ts'
import { deliveryNotFound, endpointNotFound, endpointPaused } from './errors.ts'
import { TEST_EVENT_TYPE } from './events.ts'
import type { EndpointRef } from './resume-endpoint.ts'

/** Queues an event that only this endpoint gets, whatever it filters. Throws: not_found, state_conflict. */
export async function sendTestEvent(db: Db, { endpointId, resellerId }: EndpointRef): Promise<Delivery> {
  return await db.tx(async tx => {
    const endpoint = await lockEndpoint(tx, endpointId, resellerId)
    if (endpoint === null) throw endpointNotFound()
    if (endpoint.state === 'paused') throw endpointPaused()
    const data = { endpointId: toApiId('endpoint', endpointId) }
    const delivery = await findDelivery(tx, await insertTestEvent(tx, { id: newId(), type: TEST_EVENT_TYPE, endpointId, data }), endpointId)
    if (delivery === null) throw deliveryNotFound()
    return delivery
  })
}
