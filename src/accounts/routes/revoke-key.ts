import { Type } from 'typebox'
import { operation } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import type { AccountKind } from '../account.ts'
import { OPERATORS } from '../api-key.ts'
import { revokeApiKey } from '../revoke-api-key.ts'
import { accountKeyParams, operatorKeyParams } from '../schemas.ts'
import { type AccountsDeps, type App, OPERATOR_KEYS, RESELLERS, SUPPLIERS, TAG, WRITE } from './deps.ts'

const RESPONSE = { 204: Type.Null({ description: 'Revoked now or before.' }) }

export function revokeKeyRoutes(app: App, deps: AccountsDeps): void {
  accountKey(app, deps, 'reseller')
  accountKey(app, deps, 'supplier')
  app.route({
    method: 'DELETE',
    url: `${OPERATOR_KEYS}/:keyId`,
    ...operation({
      id: 'revokeOperatorKey',
      tag: TAG,
      summary: "Revoke an operator's API key",
      access: WRITE,
      params: operatorKeyParams,
      response: RESPONSE,
      errors: ['not_found']
    }),
    handler: async ({ params }, reply) => {
      await revokeApiKey(deps, OPERATORS, fromApiId('key', params.keyId))
      return reply.code(204).send(null)
    }
  })
}

function accountKey(app: App, deps: AccountsDeps, kind: AccountKind): void {
  app.route({
    method: 'DELETE',
    url: `${kind === 'reseller' ? RESELLERS : SUPPLIERS}/:id/api-keys/:keyId`,
    ...operation({
      id: kind === 'reseller' ? 'revokeResellerApiKey' : 'revokeSupplierApiKey',
      tag: TAG,
      summary: `Revoke a ${kind}'s API key`,
      description: 'For ever: by this instance at once, by the others within seconds.',
      access: WRITE,
      params: accountKeyParams[kind],
      response: RESPONSE,
      errors: ['not_found']
    }),
    handler: async ({ params }, reply) => {
      await revokeApiKey(deps, { kind, id: fromApiId(kind, params.id) }, fromApiId('key', params.keyId))
      return reply.code(204).send(null)
    }
  })
}
