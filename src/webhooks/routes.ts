/** What happened, for the reseller that it concerns: read by polling for now. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { operation, ownerOf, pageLimit, Ref } from '../http/index.ts'
import { DomainError, invalid } from '../kit/errors.ts'
import { type EventPosition, readEvents, readEventsEnd } from '../kit/outbox.ts'
import { toApiEvent } from './convert.ts'
import { type CallbackRouteDeps, callbackRoutes } from './inbound/callback-routes.ts'
import { type InboundDeps, inboundRoutes } from './inbound/routes.ts'
import { type OutboundDeps, outboundRoutes } from './outbound/routes.ts'
import { EventPageSchema, EventsQuery } from './schemas.ts'

export type WebhooksDeps = OutboundDeps & InboundDeps & CallbackRouteDeps

export const webhooksRoutes =
  (deps: WebhooksDeps): FastifyPluginAsyncTypebox =>
  async app => {
    await app.register(outboundRoutes(deps))
    await app.register(inboundRoutes(deps))
    await app.register(callbackRoutes(deps))
    app.route({
      method: 'GET',
      url: '/v1/events',
      ...operation({
        id: 'listEvents',
        tag: 'Events',
        summary: 'Follow your events, oldest first',
        description:
          'Events are in the order in which they were committed, and none is ever skipped: a reader that goes on from `nextCursor` sees each exactly once. ' +
          'An event can be read a moment after the answer to the request that caused it. Events are kept for 400 days, unless the operator says otherwise; ' +
          'a cursor from before what is kept is answered with 410, never with a gap.',
        access: { role: 'reseller', scope: 'events:read' },
        query: EventsQuery,
        response: { 200: Ref(EventPageSchema) },
        errors: ['cursor_expired']
      }),
      handler: async request => await eventsPage(deps, ownerOf(request), request.query)
    })
  }

/** Throws: validation_failed, cursor_expired. */
async function eventsPage({ db, cursors }: WebhooksDeps, resellerId: string, query: Static<typeof EventsQuery>) {
  const scope = `events:${resellerId}`
  const cursorOf = ({ xid, seq }: EventPosition): string => cursors.encode(scope, [xid, seq])
  if (query.from !== undefined) {
    if (query.cursor !== undefined) throw invalid('/query/from', 'cannot be combined with a cursor')
    return { data: [], nextCursor: cursorOf(await readEventsEnd(db)) }
  }
  const after = query.cursor === undefined ? null : positionOf(cursors.decode(scope, query.cursor))
  const { events, next, isPast } = await readEvents(db.tenant(resellerId), resellerId, after, pageLimit(query))
  if (isPast) throw new DomainError('cursor_expired', 'Events behind this cursor are no longer kept.')
  return { data: events.map(toApiEvent), nextCursor: cursorOf(next) }
}

const positionOf = ([xid = '0', seq = '0']: readonly (string | number)[]): EventPosition => ({ xid: String(xid), seq: String(seq) })
