import { Type } from 'typebox'
import { operation, Ref } from '../../../http/index.ts'
import { toApiEndpoint } from '../convert.ts'
import { deleteEndpoint } from '../delete-endpoint.ts'
import { resumeEndpoint } from '../resume-endpoint.ts'
import { rotateSecret } from '../rotate-secret.ts'
import { EndpointParams, SecretSchema, UpdateEndpoint, WebhookEndpointSchema } from '../schemas.ts'
import { updateEndpoint } from '../update-endpoint.ts'
import { type App, ENDPOINTS, endpointRef, type OutboundDeps, TAG, WRITE } from './deps.ts'

export function updateEndpointRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'PATCH',
    url: `${ENDPOINTS}/:id`,
    ...operation({
      id: 'updateWebhookEndpoint',
      tag: TAG,
      summary: 'Change, pause or resume an endpoint',
      description: 'What waits to be sent goes to the new URL. A changed filter counts for events from now on.',
      access: WRITE,
      params: EndpointParams,
      body: UpdateEndpoint,
      response: { 200: Ref(WebhookEndpointSchema) },
      errors: ['not_found', 'url_refused']
    }),
    handler: async request => toApiEndpoint(await updateEndpoint(deps, endpointRef(request, request.params), request.body))
  })
}

export function resumeEndpointRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'POST',
    url: `${ENDPOINTS}/:id/resume`,
    ...operation({
      id: 'resumeWebhookEndpoint',
      tag: TAG,
      summary: 'Send to a paused endpoint again',
      description: 'What it missed is sent too, up to 10,000 events; older ones are in `GET /v1/events`. Doing it again changes nothing.',
      access: WRITE,
      params: EndpointParams,
      response: { 200: Ref(WebhookEndpointSchema) },
      errors: ['not_found']
    }),
    handler: async request => toApiEndpoint(await resumeEndpoint(deps.db, endpointRef(request, request.params)))
  })
}

export function rotateSecretRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'POST',
    url: `${ENDPOINTS}/:id/rotate-secret`,
    ...operation({
      id: 'rotateWebhookSecret',
      tag: TAG,
      summary: 'Get a new signing secret',
      description: 'For 24 hours each event carries a signature of the old secret too, so nothing is missed while you deploy the new one.',
      access: WRITE,
      params: EndpointParams,
      response: { 201: Ref(SecretSchema) },
      errors: ['not_found']
    }),
    handler: async (request, reply) => {
      const secret = await rotateSecret(deps, endpointRef(request, request.params))
      return reply.code(201).header('cache-control', 'no-store').send({ secret })
    }
  })
}

export function deleteEndpointRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'DELETE',
    url: `${ENDPOINTS}/:id`,
    ...operation({
      id: 'deleteWebhookEndpoint',
      tag: TAG,
      summary: 'Delete an endpoint',
      description: 'Nothing more is sent to it, and what waits is dropped.',
      access: WRITE,
      params: EndpointParams,
      response: { 204: Type.Null({ description: 'It is deleted.' }) },
      errors: ['not_found']
    }),
    handler: async (request, reply) => {
      await deleteEndpoint(deps, endpointRef(request, request.params))
      return reply.code(204).send(null)
    }
  })
}
