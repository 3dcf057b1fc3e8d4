import { operation, ownerOf, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiWallet } from '../convert.ts'
import { readWallet } from '../read-wallet.ts'
import { resellerParams, WalletQuery, WalletSchema } from '../schemas.ts'
import { type App, OPERATOR_READ, OPERATOR_TAG, RESELLER_READ, RESELLER_WALLET, WALLET_TAG, type WalletDeps } from './deps.ts'

export function getWalletRoutes(app: App, { db }: WalletDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/wallet',
    ...operation({
      id: 'getWallet',
      tag: WALLET_TAG,
      summary: 'Read your wallet',
      access: RESELLER_READ,
      query: WalletQuery,
      response: { 200: Ref(WalletSchema) },
      errors: ['not_found']
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      return toApiWallet(await readWallet(db.tenant(resellerId), resellerId, request.query.currency))
    }
  })
  app.route({
    method: 'GET',
    url: RESELLER_WALLET,
    ...operation({
      id: 'getResellerWallet',
      tag: OPERATOR_TAG,
      summary: "Read a reseller's wallet",
      access: OPERATOR_READ,
      params: resellerParams,
      query: WalletQuery,
      response: { 200: Ref(WalletSchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, query }) => toApiWallet(await readWallet(db, fromApiId('reseller', params.id), query.currency))
  })
}
