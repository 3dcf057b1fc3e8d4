import { idempotencyHeaders, operation, Ref } from '../../http/index.ts'
import { toApiCard, toApiOrder } from '../convert.ts'
import { toOrderRequest } from '../from-api.ts'
import { type PlaceOrderResult, placeOrder } from '../place-order.ts'
import { OrderRequestSchema, PlacedOrderSchema } from '../schemas.ts'
import { isDelivered } from '../states.ts'
import type { OrderRoute } from './deps.ts'

export const toApiPlacedOrder = ({ order, cards, cardKind }: PlaceOrderResult) => ({
  ...toApiOrder(order),
  cards: cards.map(card => toApiCard(card, cardKind))
})

/** 201 when the cards are there, 202 while the order waits. */
export const statusOf = ({ order }: PlaceOrderResult): 201 | 202 => (isDelivered(order.state) ? 201 : 202)

export const placeOrderRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/v1/orders',
    ...operation({
      id: 'placeOrder',
      tag: 'Orders',
      summary: 'Place an order',
      description:
        'Buys cards of one SKU. 201: the cards are in the answer. 202: the order waits in the state that it names, with its money held. ' +
        'Repeat a request whose answer you did not get with the same `Idempotency-Key`: it is placed once, whatever happens.',
      access: { role: 'reseller', scope: 'orders:write' },
      headers: idempotencyHeaders,
      body: Ref(OrderRequestSchema),
      response: { 201: Ref(PlacedOrderSchema), 202: Ref(PlacedOrderSchema) },
      errors: [
        'validation_failed',
        'idempotency_key_missing',
        'not_found',
        'insufficient_funds',
        'spend_cap_reached',
        'out_of_stock',
        'price_changed',
        'sku_unavailable',
        'reference_taken',
        'request_in_progress',
        'idempotency_key_reused'
      ]
    }),
    handler: async (request, reply) => {
      const result = await placeOrder(deps, toOrderRequest(request, request.body))
      const answer = toApiPlacedOrder(result)
      request.subject = answer.id
      if (result.replayed) reply.header('idempotent-replayed', 'true')
      reply.header('cache-control', 'no-store')
      return reply.code(statusOf(result)).send(answer)
    }
  })
}
