import { idempotencyHeaders, operation, preferredLanguage, Ref, toProblem } from '../../http/index.ts'
import { toApiId } from '../../kit/ids.ts'
import { toOrderBatch } from '../from-api.ts'
import { placeOrderBatch } from '../place-order-batch.ts'
import { OrderBatchRequestSchema, OrderBatchSchema } from '../schemas.ts'
import type { OrderRoute } from './deps.ts'
import { statusOf, toApiPlacedOrder } from './place-order.ts'

export const placeOrderBatchRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/v1/order-batches',
    ...operation({
      id: 'placeOrderBatch',
      tag: 'Orders',
      summary: 'Place up to 100 independent orders',
      description:
        'Each order succeeds or is refused by itself; the answer has one result for each, in their order. One `Idempotency-Key` covers them all.',
      access: { role: 'reseller', scope: 'orders:write' },
      headers: idempotencyHeaders,
      body: Ref(OrderBatchRequestSchema),
      response: { 200: Ref(OrderBatchSchema) },
      errors: ['idempotency_key_missing', 'request_in_progress', 'idempotency_key_reused']
    }),
    handler: async (request, reply) => {
      const result = await placeOrderBatch(deps, toOrderBatch(request, request.body))
      if (result.replayed) reply.header('idempotent-replayed', 'true')
      reply.header('cache-control', 'no-store')
      const context = { path: '/v1/order-batches', requestId: request.id, language: preferredLanguage(request.headers['accept-language']) }
      const data = result.items.map(item => {
        if (item.kind === 'order') return { status: statusOf(item.result), order: toApiPlacedOrder(item.result) }
        const problem = toProblem(item.error, context)
        return { status: problem.status, problem }
      })
      return { id: toApiId('orderBatch', result.id), data }
    }
  })
}
