import type { FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { operation, pageLimit, Ref } from '../../../http/index.ts'
import { parseId } from '../../../kit/ids.ts'
import { toApiDelivery } from '../convert.ts'
import type { Delivery, EventPosition } from '../delivery.ts'
import { listDeliveries } from '../delivery-repository.ts'
import { findEndpoint } from '../endpoint-repository.ts'
import { deliveryNotFound, endpointNotFound } from '../errors.ts'
import { redeliver } from '../redeliver.ts'
import { DeliveriesQuery, DeliveryParams, EndpointParams, WebhookDeliveryPage, WebhookDeliverySchema } from '../schemas.ts'
import { sendTestEvent } from '../send-test-event.ts'
import { type App, ENDPOINTS, endpointRef, type OutboundDeps, READ, TAG, WRITE } from './deps.ts'

export function sendTestEventRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'POST',
    url: `${ENDPOINTS}/:id/test`,
    ...operation({
      id: 'testWebhookEndpoint',
      tag: TAG,
      summary: 'Have a test event sent',
      description:
        'An event `webhook.test`, for this endpoint only, whatever it filters; it is not in `GET /v1/events`. Its outcome is in the deliveries.',
      access: WRITE,
      params: EndpointParams,
      response: { 202: Ref(WebhookDeliverySchema) },
      errors: ['not_found', 'state_conflict']
    }),
    handler: async (request, reply) => reply.code(202).send(toApiDelivery(await sendTestEvent(deps.db, endpointRef(request, request.params))))
  })
}

export function listDeliveriesRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'GET',
    url: `${ENDPOINTS}/:id/deliveries`,
    ...operation({
      id: 'listWebhookDeliveries',
      tag: TAG,
      summary: 'What was sent to an endpoint, newest event first',
      description: 'Reaches back 30 days.',
      access: READ,
      params: EndpointParams,
      query: DeliveriesQuery,
      response: { 200: Ref(WebhookDeliveryPage) },
      errors: ['not_found']
    }),
    handler: async request => await deliveriesPage(deps, request, { id: request.params.id, ...request.query })
  })
}

/** Throws: not_found, validation_failed. */
async function deliveriesPage(
  { db, cursors }: OutboundDeps,
  request: FastifyRequest,
  { id, cursor, state, ...query }: Static<typeof EndpointParams> & Static<typeof DeliveriesQuery>
) {
  const { endpointId, resellerId } = endpointRef(request, { id })
  const view = db.tenant(resellerId)
  if ((await findEndpoint(view, endpointId, resellerId)) === null) throw endpointNotFound()
  const list = `webhook-deliveries:${endpointId}`
  const limit = pageLimit(query)
  const before = cursor === undefined ? null : positionOf(cursors.decode(list, cursor))
  const found = await listDeliveries(view, endpointId, { state: state ?? null, before, limit: limit + 1 })
  const shown: readonly Delivery[] = found.slice(0, limit)
  const last = shown.at(-1)?.position
  return {
    data: shown.map(toApiDelivery),
    nextCursor: found.length > limit && last !== undefined ? cursors.encode(list, [last.xid, last.seq]) : null
  }
}

const positionOf = ([xid = '0', seq = '0']: readonly (string | number)[]): EventPosition => ({ xid: String(xid), seq: String(seq) })

export function redeliverRoute(app: App, deps: OutboundDeps): void {
  app.route({
    method: 'POST',
    url: `${ENDPOINTS}/:id/deliveries/:deliveryId/redeliver`,
    ...operation({
      id: 'redeliverWebhook',
      tag: TAG,
      summary: 'Have an event sent again',
      description: 'Delivered or not, at once, under the same `webhook-id`, and with all retries.',
      access: WRITE,
      params: DeliveryParams,
      response: { 202: Ref(WebhookDeliverySchema) },
      errors: ['not_found', 'state_conflict']
    }),
    handler: async (request, reply) => {
      const ref = endpointRef(request, request.params)
      const deliveryId = parseId('delivery', request.params.deliveryId)
      if (deliveryId === null) throw deliveryNotFound()
      return reply.code(202).send(toApiDelivery(await redeliver(deps.db, { ...ref, deliveryId })))
    }
  })
}
