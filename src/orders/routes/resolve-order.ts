import type { Static } from 'typebox'
import { idempotencyHeaders, idempotencyKeyOf, operation, principalOf, Ref } from '../../http/index.ts'
import { requestHash } from '../../kit/canonical-json.ts'
import { invalid } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiOrder } from '../convert.ts'
import { OrderSchema, orderParams, ResolveOrderSchema } from '../schemas.ts'
import { resolveOrder } from '../upstream/resolve-order.ts'
import type { OrderRoute } from './deps.ts'

/** Operators without a key of their own share one space of idempotency keys. */
const NO_OWNER = '00000000-0000-0000-0000-000000000000'

export const resolveOrderRoute: OrderRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/v1/admin/orders/:id/resolve',
    ...operation({
      id: 'resolveOrder',
      tag: 'Operator: orders',
      summary: 'Decide what became of an unclear purchase',
      description:
        'For an order in `review` or `uncertain`, after asking the supplier. `fulfilled`: give the cards that it sold, one for each unclear ' +
        'unit; the money is captured. `failed`: it did not sell; the money is released, and nobody else is asked.',
      access: { role: 'operator', scope: 'orders:write' },
      headers: idempotencyHeaders,
      params: orderParams,
      body: Ref(ResolveOrderSchema),
      response: { 200: Ref(OrderSchema) },
      errors: ['idempotency_key_missing', 'not_found', 'state_conflict', 'request_in_progress', 'idempotency_key_reused']
    }),
    handler: async (request, reply) => {
      const orderId = fromApiId('order', request.params.id)
      const { outcome, cards = [] } = request.body
      const { order, replayed } = await resolveOrder(deps, {
        orderId,
        outcome,
        cards: cards.map(toCard),
        idempotency: {
          ownerId: principalOf(request).apiKeyId ?? NO_OWNER,
          key: idempotencyKeyOf(request),
          hash: requestHash('resolveOrder', { orderId, ...request.body })
        }
      })
      if (replayed) reply.header('idempotent-replayed', 'true')
      return toApiOrder(order)
    }
  })
}

type CardBody = NonNullable<Static<typeof ResolveOrderSchema>['cards']>[number]

function toCard({ number, secret, expiresAt }: CardBody, index: number) {
  const time = expiresAt === undefined ? null : new Date(expiresAt)
  if (time !== null && Number.isNaN(time.getTime())) throw invalid(`/cards/${index}/expiresAt`, 'must be an RFC 3339 time')
  return { number: number ?? null, secret, expiresAt: time }
}
