import type { Static } from 'typebox'
import { operation, ownerOf, pageLimit, Ref } from '../../http/index.ts'
import { toApiOperatorTopUp, toApiTopUp } from '../convert.ts'
import { listTopUps } from '../repository.ts'
import { OperatorTopUpPage, TopUpPage, TopUpsQuery } from '../schemas.ts'
import {
  type App,
  OPERATOR_READ,
  OPERATOR_TAG,
  OPERATOR_TOP_UPS,
  pageOf,
  RESELLER_READ,
  type ReadDeps,
  TOP_UPS,
  WALLET_TAG,
  type WalletDeps
} from './deps.ts'

export function listTopUpsRoutes(app: App, deps: WalletDeps): void {
  app.route({
    method: 'GET',
    url: TOP_UPS,
    ...operation({
      id: 'listTopUps',
      tag: WALLET_TAG,
      summary: 'List your announced payments, newest first',
      access: RESELLER_READ,
      query: TopUpsQuery,
      response: { 200: Ref(TopUpPage) }
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      const { shown, nextCursor } = await topUpPage({ ...deps, db: deps.db.tenant(resellerId) }, request.query, resellerId)
      return { data: shown.map(toApiTopUp), nextCursor }
    }
  })
  app.route({
    method: 'GET',
    url: OPERATOR_TOP_UPS,
    ...operation({
      id: 'listAllTopUps',
      tag: OPERATOR_TAG,
      summary: 'List announced payments of all resellers, newest first',
      access: OPERATOR_READ,
      query: TopUpsQuery,
      response: { 200: Ref(OperatorTopUpPage) }
    }),
    handler: async ({ query }) => {
      const { shown, nextCursor } = await topUpPage(deps, query)
      return { data: shown.map(toApiOperatorTopUp), nextCursor }
    }
  })
}

/** Of all resellers when none is named. Throws: validation_failed. */
async function topUpPage({ db, cursors }: ReadDeps, query: Static<typeof TopUpsQuery>, resellerId?: string) {
  const scope = `top-ups:${resellerId ?? ''}:${query.state ?? ''}`
  const before = query.cursor === undefined ? null : String(cursors.decode(scope, query.cursor)[0])
  const limit = pageLimit(query)
  const rows = await listTopUps(db, { resellerId, state: query.state, before, limit: limit + 1 })
  return pageOf(rows, limit, last => cursors.encode(scope, [last.id]))
}
