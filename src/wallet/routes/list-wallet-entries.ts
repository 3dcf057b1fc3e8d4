import type { Static } from 'typebox'
import { operation, ownerOf, pageLimit, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { toApiEntry } from '../convert.ts'
import { defaultCurrency, listWalletEntries } from '../list-wallet-entries.ts'
import { resellerParams, WalletEntriesQuery, WalletEntryPage } from '../schemas.ts'
import { type App, OPERATOR_READ, OPERATOR_TAG, pageOf, RESELLER_READ, RESELLER_WALLET, type ReadDeps, WALLET_TAG, type WalletDeps } from './deps.ts'

export function listWalletEntriesRoutes(app: App, deps: WalletDeps): void {
  const shared = { query: WalletEntriesQuery, response: { 200: Ref(WalletEntryPage) }, errors: ['not_found'] } as const
  app.route({
    method: 'GET',
    url: '/v1/wallet/entries',
    ...operation({
      ...shared,
      id: 'listWalletEntries',
      tag: WALLET_TAG,
      summary: 'List the movements of your wallet, newest first',
      access: RESELLER_READ
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      return await entriesPage({ ...deps, db: deps.db.tenant(resellerId) }, resellerId, request.query)
    }
  })
  app.route({
    method: 'GET',
    url: `${RESELLER_WALLET}/entries`,
    ...operation({
      ...shared,
      id: 'listResellerWalletEntries',
      tag: OPERATOR_TAG,
      summary: "List the movements of a reseller's wallet, newest first",
      access: OPERATOR_READ,
      params: resellerParams
    }),
    handler: async ({ params, query }) => await entriesPage(deps, fromApiId('reseller', params.id), query)
  })
}

/** Throws: validation_failed, not_found. */
async function entriesPage({ db, cursors }: ReadDeps, resellerId: string, query: Static<typeof WalletEntriesQuery>) {
  const account = query.account ?? 'available'
  const currency = await defaultCurrency(db, resellerId, query.currency)
  const scope = `wallet-entries:${resellerId}:${currency}:${account}`
  const before = query.cursor === undefined ? undefined : BigInt(cursors.decode(scope, query.cursor)[0] ?? 0)
  const limit = pageLimit(query)
  const rows = await listWalletEntries(db, { resellerId, account, currency, before, limit: limit + 1 })
  const { shown, nextCursor } = pageOf(rows, limit, last => cursors.encode(scope, [String(last.accountVersion)]))
  return { data: shown.map(entry => toApiEntry(entry, account)), nextCursor }
}
