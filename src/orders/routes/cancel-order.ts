import { idempotencyHeaders, idempotencyKeyOf, operation, ownerOf, Ref } from '../../http/index.ts'
import { requestHash } from '../../kit/canonical-json.ts'
import { fromApiId } from '../../kit/ids.ts'
import { cancelOrder } from '../cancel-order.ts'
import { toApiOrder } from '../convert.ts'
import { OrderSchema, orderParams } from '../schemas.ts'
import type { OrderRoute } from './deps.ts'

export const cancelOrderRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/v1/orders/:id/cancel',
    ...operation({
      id: 'cancelOrder',
      tag: 'Orders',
      summary: 'Cancel an order that waits for stock, or that no supplier was asked for yet',
      description: 'The held money is released in the same transaction.',
      access: { role: 'reseller', scope: 'orders:write' },
      headers: idempotencyHeaders,
      params: orderParams,
      response: { 200: Ref(OrderSchema) },
      errors: ['idempotency_key_missing', 'not_found', 'state_conflict', 'request_in_progress', 'idempotency_key_reused']
    }),
    handler: async (request, reply) => {
      const key = idempotencyKeyOf(request)
      const orderId = fromApiId('order', request.params.id)
      const { order, replayed } = await cancelOrder(deps, { orderId, resellerId: ownerOf(request), key, hash: requestHash('cancelOrder', orderId) })
      if (replayed) reply.header('idempotent-replayed', 'true')
      return toApiOrder(order)
    }
  })
}
