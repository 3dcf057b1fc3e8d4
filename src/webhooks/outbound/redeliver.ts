import type { Db } from '../../kit/db/index.ts'
import type { Delivery } from './delivery.ts'
import { findDelivery, makeDue } from './delivery-repository.ts'
import { lockEndpoint } from './endpoint-repository.ts'
import { deliveryNotFound, endpointNotFound, endpointPaused } from './errors.ts'
import type { EndpointRef } from './resume-endpoint.ts'

/** Sends an event again, delivered or not, under the same id. Throws: not_found, state_conflict. */
export async function redeliver(db: Db, { endpointId, resellerId, deliveryId }: EndpointRef & { readonly deliveryId: string }): Promise<Delivery> {
  return await db.tx(async tx => {
    const endpoint = await lockEndpoint(tx, endpointId, resellerId)
    if (endpoint === null) throw endpointNotFound()
    if (endpoint.state === 'paused') throw endpointPaused()
    await makeDue(tx, deliveryId, endpointId)
    const delivery = await findDelivery(tx, deliveryId, endpointId)
    if (delivery === null) throw deliveryNotFound()
    return delivery
  })
}
