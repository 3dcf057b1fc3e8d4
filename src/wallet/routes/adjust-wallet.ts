import { idempotencyHeaders, idempotencyKeyOf, operation, Ref } from '../../http/index.ts'
import { requestHash } from '../../kit/canonical-json.ts'
import type { ErrorCode } from '../../kit/errors.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromMoneyText } from '../../kit/money.ts'
import { toApiAdjustment } from '../convert.ts'
import { creditWallet } from '../credit-wallet.ts'
import { debitWallet } from '../debit-wallet.ts'
import { AdjustWalletBody, resellerParams, WalletAdjustmentSchema } from '../schemas.ts'
import { type App, OPERATOR_TAG, OPERATOR_WRITE, operatorOf, RESELLER_WALLET, type WalletDeps } from './deps.ts'

const ADJUSTMENTS = [
  {
    path: 'credits',
    command: creditWallet,
    id: 'creditWallet',
    summary: "Put money into a reseller's wallet",
    description: 'Opens a wallet in this currency if there is none.',
    errors: ['state_conflict'] satisfies ErrorCode[]
  },
  {
    path: 'debits',
    command: debitWallet,
    id: 'debitWallet',
    summary: "Take money out of a reseller's wallet",
    description: 'Never what is held for orders, and never beyond the credit line.',
    errors: ['insufficient_funds'] satisfies ErrorCode[]
  }
]

export function adjustWalletRoutes(app: App, deps: WalletDeps): void {
  for (const { path, command, id, summary, description, errors } of ADJUSTMENTS) {
    app.route({
      method: 'POST',
      url: `${RESELLER_WALLET}/${path}`,
      ...operation({
        id,
        tag: OPERATOR_TAG,
        summary,
        description,
        access: OPERATOR_WRITE,
        headers: idempotencyHeaders,
        params: resellerParams,
        body: AdjustWalletBody,
        response: { 201: Ref(WalletAdjustmentSchema) },
        errors: ['idempotency_key_missing', 'not_found', 'reference_taken', 'request_in_progress', 'idempotency_key_reused', ...errors]
      }),
      handler: async (request, reply) => {
        const { params, body } = request
        const key = idempotencyKeyOf(request)
        const resellerId = fromApiId('reseller', params.id)
        const { response, replayed } = await command(deps, {
          ...operatorOf(request),
          resellerId,
          amount: fromMoneyText(body.amount, '/amount'),
          reason: body.reason,
          reference: body.reference ?? null,
          key,
          hash: requestHash(id, { resellerId, body })
        })
        if (replayed) reply.header('idempotent-replayed', 'true')
        return reply.code(201).send(toApiAdjustment(response))
      }
    })
  }
}
