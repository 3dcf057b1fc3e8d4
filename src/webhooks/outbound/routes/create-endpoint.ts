import { operation, ownerOf, Ref } from '../../../http/index.ts'
import { toApiEndpoint } from '../convert.ts'
import { createEndpoint } from '../create-endpoint.ts'
import { CreatedWebhookEndpointSchema, CreateEndpoint } from '../schemas.ts'
import { type App, ENDPOINTS, type OutboundDeps, TAG, WRITE } from './deps.ts'

export function createEndpointRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'POST',
    url: ENDPOINTS,
    ...operation({
      id: 'createWebhookEndpoint',
      tag: TAG,
      summary: 'Have events sent to you',
      description:
        'Events that happen from now on are sent with the headers of Standard Webhooks: `{"type","timestamp","data"}`, never a card secret. ' +
        'Any 2xx answer within 15 seconds counts as received; otherwise the event is sent again ten times over three days. Events of one order come in their order. ' +
        'An event can come twice: its `webhook-id` is the same.',
      access: WRITE,
      body: CreateEndpoint,
      response: { 201: Ref(CreatedWebhookEndpointSchema) },
      errors: ['state_conflict', 'url_refused']
    }),
    handler: async (request, reply) => {
      const { url, events = [], description = null } = request.body
      const { endpoint, secret } = await createEndpoint(deps, { resellerId: ownerOf(request), url, events, description })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...toApiEndpoint(endpoint), secret })
    }
  })
}
