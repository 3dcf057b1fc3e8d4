import { operation, ownerOf, pageLimit, Ref } from '../../../http/index.ts'
import { toApiEndpoint } from '../convert.ts'
import { findEndpoint, listEndpoints } from '../endpoint-repository.ts'
import { endpointNotFound } from '../errors.ts'
import { EndpointParams, PageQuery, WebhookEndpointPage, WebhookEndpointSchema } from '../schemas.ts'
import { type App, ENDPOINTS, endpointRef, type OutboundDeps, READ, TAG } from './deps.ts'

export function listEndpointsRoute(app: App, { db, cursors }: OutboundDeps): void {
  app.route({
    method: 'GET',
    url: ENDPOINTS,
    ...operation({
      id: 'listWebhookEndpoints',
      tag: TAG,
      summary: 'List your endpoints, newest first',
      access: READ,
      query: PageQuery,
      response: { 200: Ref(WebhookEndpointPage) }
    }),
    handler: async request => {
      const resellerId = ownerOf(request)
      const list = `webhook-endpoints:${resellerId}`
      const { cursor } = request.query
      const limit = pageLimit(request.query)
      const before = cursor === undefined ? null : String(cursors.decode(list, cursor)[0])
      const found = await listEndpoints(db.tenant(resellerId), resellerId, { before, limit: limit + 1 })
      const shown = found.slice(0, limit)
      const last = shown.at(-1)
      return { data: shown.map(toApiEndpoint), nextCursor: found.length > limit && last !== undefined ? cursors.encode(list, [last.id]) : null }
    }
  })
}

export function getEndpointRoute(app: App, { db }: OutboundDeps): void {
  app.route({
    method: 'GET',
    url: `${ENDPOINTS}/:id`,
    ...operation({
      id: 'getWebhookEndpoint',
      tag: TAG,
      summary: 'Read an endpoint',
      access: READ,
      params: EndpointParams,
      response: { 200: Ref(WebhookEndpointSchema) },
      errors: ['not_found']
    }),
    handler: async request => {
      const { endpointId, resellerId } = endpointRef(request, request.params)
      const endpoint = await findEndpoint(db.tenant(resellerId), endpointId, resellerId)
      if (endpoint === null) throw endpointNotFound()
      return toApiEndpoint(endpoint)
    }
  })
}
