import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromMoneyText } from '../../kit/money.ts'
import { toApiWallet } from '../convert.ts'
import { CreditLimitBody, resellerParams, WalletSchema } from '../schemas.ts'
import { setWalletCreditLimit } from '../set-wallet-credit-limit.ts'
import { type App, OPERATOR_TAG, OPERATOR_WRITE, RESELLER_WALLET, type WalletDeps } from './deps.ts'

export function setCreditLimitRoute(app: App, { db }: WalletDeps): void {
  app.route({
    method: 'PUT',
    url: `${RESELLER_WALLET}/credit-limit`,
    ...operation({
      id: 'setCreditLimit',
      tag: OPERATOR_TAG,
      summary: "Set how far below zero a reseller's wallet may go",
      description: 'Opens a wallet in this currency if there is none. A limit below what is owed already is refused.',
      access: OPERATOR_WRITE,
      params: resellerParams,
      body: CreditLimitBody,
      response: { 200: Ref(WalletSchema) },
      errors: ['not_found', 'state_conflict']
    }),
    handler: async ({ params, body }) => {
      const creditLimit = fromMoneyText(body.creditLimit, '/creditLimit')
      return toApiWallet(await setWalletCreditLimit(db, { resellerId: fromApiId('reseller', params.id), creditLimit }))
    }
  })
}
