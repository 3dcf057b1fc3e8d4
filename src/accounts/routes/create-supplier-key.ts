import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiKeyTerms, toApiIssuedKey } from '../convert.ts'
import { createApiKey } from '../create-api-key.ts'
import { accountParams, CreateSupplierKey, IssuedKeySchema } from '../schemas.ts'
import { type AccountsDeps, type App, SUPPLIERS, TAG, WRITE } from './deps.ts'

export function createSupplierKeyRoute(app: App, { db, authenticator }: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: `${SUPPLIERS}/:id/api-keys`,
    ...operation({
      id: 'createSupplierApiKey',
      tag: TAG,
      summary: 'Make an API key for a supplier',
      description: 'The answer is the only place where the key itself is shown.',
      access: WRITE,
      params: accountParams.supplier,
      body: CreateSupplierKey,
      response: { 201: Ref(IssuedKeySchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }, reply) => {
      const account = { kind: 'supplier', id: fromApiId('supplier', params.id) } as const
      const issued = await createApiKey(db, { account, scopes: body.scopes, ...fromApiKeyTerms(body, authenticator.sandbox) })
      return reply.code(201).header('cache-control', 'no-store').send(toApiIssuedKey(issued))
    }
  })
}
