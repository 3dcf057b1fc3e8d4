import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import type { AccountKind } from '../account.ts'
import { toApiIssuedKey } from '../convert.ts'
import { rotateApiKey } from '../rotate-api-key.ts'
import { accountKeyParams, IssuedKeySchema, RotateKey } from '../schemas.ts'
import { type AccountsDeps, type App, RESELLERS, SUPPLIERS, TAG, WRITE } from './deps.ts'

const DEFAULT_OVERLAP_SECONDS = 86_400

export function rotateKeyRoutes(app: App, deps: AccountsDeps): void {
  accountKey(app, deps, 'reseller')
  accountKey(app, deps, 'supplier')
}

function accountKey(app: App, deps: AccountsDeps, kind: AccountKind): void {
  app.route({
    method: 'POST',
    url: `${kind === 'reseller' ? RESELLERS : SUPPLIERS}/:id/api-keys/:keyId/rotate`,
    ...operation({
      id: kind === 'reseller' ? 'rotateResellerApiKey' : 'rotateSupplierApiKey',
      tag: TAG,
      summary: `Replace a ${kind}'s API key by a new one on the same terms`,
      description: 'Both keys work during the overlap. The answer is the only place where the new key is shown.',
      access: WRITE,
      params: accountKeyParams[kind],
      body: RotateKey,
      response: { 201: Ref(IssuedKeySchema) },
      errors: ['not_found', 'state_conflict']
    }),
    // All of the body may be left out.
    preValidation: async request => {
      if (request.body === undefined) request.body = {}
    },
    handler: async ({ params, body: { overlapSeconds = DEFAULT_OVERLAP_SECONDS } }, reply) => {
      const owner = { kind, id: fromApiId(kind, params.id) }
      const issued = await rotateApiKey(deps, { owner, id: fromApiId('key', params.keyId), overlapSeconds })
      return reply.code(201).header('cache-control', 'no-store').send(toApiIssuedKey(issued))
    }
  })
}
