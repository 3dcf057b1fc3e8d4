import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import type { AccountKind } from '../account.ts'
import { OPERATORS } from '../api-key.ts'
import { toApiKey } from '../convert.ts'
import { listAccountKeys } from '../list-account-keys.ts'
import { listKeys } from '../repository.ts'
import { ApiKeyPage, accountParams, PageQuery } from '../schemas.ts'
import { type AccountsDeps, type App, OPERATOR_KEYS, READ, RESELLERS, SUPPLIERS, TAG } from './deps.ts'
import { pageOf } from './page.ts'

const SUMMARY = 'newest first, the revoked and expired ones included'

export function listKeysRoutes(app: App, deps: AccountsDeps): void {
  accountKeys(app, deps, 'reseller')
  accountKeys(app, deps, 'supplier')
  app.route({
    method: 'GET',
    url: OPERATOR_KEYS,
    ...operation({
      id: 'listOperatorKeys',
      tag: TAG,
      summary: `List operators' API keys, ${SUMMARY}`,
      access: READ,
      query: PageQuery,
      response: { 200: Ref(ApiKeyPage) }
    }),
    handler: ({ query }) => pageOf(deps.cursors, { list: 'operator-keys', query }, page => listKeys(deps.db, OPERATORS, page), toApiKey)
  })
}

function accountKeys(app: App, { db, cursors }: AccountsDeps, kind: AccountKind): void {
  app.route({
    method: 'GET',
    url: kind === 'reseller' ? `${RESELLERS}/:id/api-keys` : `${SUPPLIERS}/:id/api-keys`,
    ...operation({
      id: kind === 'reseller' ? 'listResellerApiKeys' : 'listSupplierApiKeys',
      tag: TAG,
      summary: `List a ${kind}'s API keys, ${SUMMARY}`,
      access: READ,
      params: accountParams[kind],
      query: PageQuery,
      response: { 200: Ref(ApiKeyPage) },
      errors: ['not_found']
    }),
    handler: ({ params, query }) => {
      const owner = { kind, id: fromApiId(kind, params.id) }
      return pageOf(cursors, { list: `api-keys:${owner.id}`, query }, page => listAccountKeys(db, owner, page), toApiKey)
    }
  })
}
