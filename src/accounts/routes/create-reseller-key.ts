import { operation, Ref } from '../../http/index.ts'
import { fromApiId } from '../../kit/ids.ts'
import { fromApiKeyTerms, toApiIssuedKey } from '../convert.ts'
import { createApiKey } from '../create-api-key.ts'
import { accountParams, CreateResellerKey, IssuedKeySchema } from '../schemas.ts'
import { type AccountsDeps, type App, RESELLERS, TAG, WRITE } from './deps.ts'

export function createResellerKeyRoute(app: App, { db, authenticator }: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: `${RESELLERS}/:id/api-keys`,
    ...operation({
      id: 'createResellerApiKey',
      tag: TAG,
      summary: 'Make an API key for a reseller',
      description:
        'The answer is the only place where the key itself is shown. `dailySpendCap` bounds what orders placed with the key cost in one day (UTC).',
      access: WRITE,
      params: accountParams.reseller,
      body: CreateResellerKey,
      response: { 201: Ref(IssuedKeySchema) },
      errors: ['not_found']
    }),
    handler: async ({ params, body }, reply) => {
      const account = { kind: 'reseller', id: fromApiId('reseller', params.id) } as const
      const issued = await createApiKey(db, { account, scopes: body.scopes, ...fromApiKeyTerms(body, authenticator.sandbox) })
      return reply.code(201).header('cache-control', 'no-store').send(toApiIssuedKey(issued))
    }
  })
}
