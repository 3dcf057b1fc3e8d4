import { idempotencyHeaders, idempotencyKeyOf, operation, Ref } from '../../http/index.ts'
import { requestHash } from '../../kit/canonical-json.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiOperatorTopUp } from '../convert.ts'
import { creditTopUp } from '../credit-top-up.ts'
import { declineTopUp } from '../decline-top-up.ts'
import { DeclineTopUpBody, OperatorTopUpSchema, topUpParams } from '../schemas.ts'
import { type App, OPERATOR_TAG, OPERATOR_TOP_UPS, OPERATOR_WRITE, operatorOf, type WalletDeps } from './deps.ts'

export function decideTopUpRoutes(app: App, deps: WalletDeps): void {
  const shared = { tag: OPERATOR_TAG, access: OPERATOR_WRITE, params: topUpParams, response: { 200: Ref(OperatorTopUpSchema) } }
  app.route({
    method: 'POST',
    url: `${OPERATOR_TOP_UPS}/:id/credit`,
    ...operation({
      ...shared,
      id: 'creditTopUp',
      summary: 'Credit an announced payment',
      description: 'Moves the money once. `reference_taken`: a credit with the reference of this payment was made by hand.',
      headers: idempotencyHeaders,
      errors: ['idempotency_key_missing', 'not_found', 'state_conflict', 'reference_taken', 'request_in_progress', 'idempotency_key_reused']
    }),
    handler: async (request, reply) => {
      const key = idempotencyKeyOf(request)
      const topUpId = fromApiId('topUp', request.params.id)
      const { topUp, replayed } = await creditTopUp(deps, { ...operatorOf(request), topUpId, key, hash: requestHash('creditTopUp', topUpId) })
      if (replayed) reply.header('idempotent-replayed', 'true')
      return toApiOperatorTopUp(topUp)
    }
  })
  app.route({
    method: 'POST',
    url: `${OPERATOR_TOP_UPS}/:id/decline`,
    ...operation({
      ...shared,
      id: 'declineTopUp',
      summary: 'Decline an announced payment',
      description: 'No money moves.',
      body: DeclineTopUpBody,
      errors: ['not_found', 'state_conflict']
    }),
    handler: async request => {
      const { actor } = operatorOf(request)
      const topUpId = fromApiId('topUp', request.params.id)
      return toApiOperatorTopUp(await declineTopUp(deps.db, { topUpId, reason: request.body.reason, actor }))
    }
  })
}
