/** The feed of events. */
import { type TSchema, Type } from 'typebox'
import { EXAMPLE_UUID, Id, List, OneOf, PAGE_LIMIT_MAX, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { toApiId } from '../kit/ids.ts'
import { inboundSchemas } from './inbound/schemas.ts'
import { outboundSchemas } from './outbound/schemas.ts'

export const EventSchema = Type.Object(
  {
    id: Id('event', 'The same whenever the event is read: use it to drop what you have seen.'),
    type: Str(60, {
      description:
        'Such as `order.fulfilled`, `order.backordered`, `stock.in`, `stock.low`, `stock.out`, `price.changed`. ' +
        'More are added over time: pass over what you do not know.',
      examples: ['order.fulfilled']
    }),
    timestamp: Timestamp('When it happened.'),
    data: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'What it is about. Fields are only ever added. Never a card secret: read those from the order.',
      examples: [{ orderId: toApiId('order', EXAMPLE_UUID), quantity: 1 }]
    })
  },
  {
    $id: 'Event',
    examples: [
      {
        id: toApiId('event', EXAMPLE_UUID),
        type: 'order.fulfilled',
        timestamp: '2026-11-23T08:30:00.000Z',
        data: {
          orderId: toApiId('order', EXAMPLE_UUID),
          reference: 'shop-4711',
          skuId: toApiId('sku', EXAMPLE_UUID),
          quantity: 1,
          total: { amount: '12.50', currency: 'CNY' }
        }
      }
    ]
  }
)

export const EventPageSchema = Type.Object(
  {
    data: List(Ref(EventSchema), PAGE_LIMIT_MAX, { description: 'Oldest first.' }),
    nextCursor: Str(400, { description: 'Where to go on. Always there, also on an empty page: keep it, and ask again later for what is new.' })
  },
  { $id: 'EventPage' }
)

export const EventsQuery = Type.Object(
  {
    limit: pageQuery.limit,
    cursor: Type.Optional(Str(400, { min: 1, description: 'The `nextCursor` of the page before. Without it, the feed starts at your first event.' })),
    from: Type.Optional(
      OneOf(['now'], {
        description: '`now`: skip all that has happened; the page is empty, its `nextCursor` is the end of the feed. Not with `cursor`.'
      })
    )
  },
  { additionalProperties: false }
)

export const webhooksSchemas: TSchema[] = [EventSchema, EventPageSchema, ...outboundSchemas, ...inboundSchemas]
