import { idempotencyHeaders, idempotencyKeyOf, operation, ownerOf, Ref } from '../../http/index.ts'
import { requestHash } from '../../kit/canonical-json.ts'
import { fromMoneyText } from '../../kit/money.ts'
import { toApiAnnounced } from '../convert.ts'
import { requestTopUp } from '../request-top-up.ts'
import { RequestTopUpBody, TopUpSchema } from '../schemas.ts'
import { type App, RESELLER_WRITE, TOP_UPS, WALLET_TAG, type WalletDeps } from './deps.ts'

export function requestTopUpRoute(app: App, { db }: WalletDeps): void {
  app.route({
    method: 'POST',
    url: TOP_UPS,
    ...operation({
      id: 'requestTopUp',
      tag: WALLET_TAG,
      summary: 'Announce a payment',
      description: 'No money moves until an operator has found the payment and credited it.',
      access: RESELLER_WRITE,
      headers: idempotencyHeaders,
      body: RequestTopUpBody,
      response: { 201: Ref(TopUpSchema) },
      errors: ['idempotency_key_missing', 'reference_taken', 'request_in_progress', 'idempotency_key_reused']
    }),
    handler: async (request, reply) => {
      const { body } = request
      const { response, replayed } = await requestTopUp(db, {
        resellerId: ownerOf(request),
        amount: fromMoneyText(body.amount, '/amount'),
        reference: body.reference ?? null,
        key: idempotencyKeyOf(request),
        hash: requestHash('requestTopUp', body)
      })
      if (replayed) reply.header('idempotent-replayed', 'true')
      return reply.code(201).send(toApiAnnounced(response))
    }
  })
}
