import { operation, principalOf, Ref } from '../../http/index.ts'
import { fromApiKeyTerms, toApiIssuedKey } from '../convert.ts'
import { createOperatorKey } from '../create-operator-key.ts'
import { CreateOperatorKey, IssuedKeySchema } from '../schemas.ts'
import { type AccountsDeps, type App, OPERATOR_KEYS, TAG, WRITE } from './deps.ts'

export function createOperatorKeyRoute(app: App, { db, authenticator }: AccountsDeps): void {
  app.route({
    method: 'POST',
    url: OPERATOR_KEYS,
    ...operation({
      id: 'createOperatorKey',
      tag: TAG,
      summary: 'Make an API key for an operator',
      description: 'At most as mighty as the credential that makes it. The answer is the only place where the key itself is shown.',
      access: WRITE,
      body: CreateOperatorKey,
      response: { 201: Ref(IssuedKeySchema) }
    }),
    handler: async (request, reply) => {
      const { body } = request
      const makerScopes = principalOf(request).scopes
      const issued = await createOperatorKey(db, { makerScopes, scopes: body.scopes, ...fromApiKeyTerms(body, authenticator.sandbox) })
      return reply.code(201).header('cache-control', 'no-store').send(toApiIssuedKey(issued))
    }
  })
}
