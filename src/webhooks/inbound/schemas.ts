/** What suppliers push. */
import { type TSchema, Type } from 'typebox'
import { Int, List, Money, Nullable, OneOf, PathId, Str, Timestamp } from '../../http/index.ts'
import { PUSH_TYPES } from './push.ts'

const CLOSED = { additionalProperties: false }
/** One push, one batch: more would hold a request for too long. */
const CARDS_MAX = 10_000
const CARD_TEXT_MAX = 8_192
const EXAMPLE_TIME = '2026-11-23T08:30:00.000Z'

// Without a pattern: a card that cannot be stored is reported by its index, and does not refuse the others.
const CardText = (description: string) => Type.String({ maxLength: CARD_TEXT_MAX, description })

const PushedCardSchema = Type.Object(
  {
    number: Type.Optional(Nullable(CardText('Of a card that has a number beside its secret.'))),
    secret: CardText('What the buyer gets.'),
    expiresAt: Type.Optional(Nullable(Str(40, { description: 'A date, or a moment. A date alone lasts until that day ends in Beijing.' })))
  },
  CLOSED
)

export const PushBody = Type.Object(
  {
    type: OneOf(PUSH_TYPES),
    timestamp: Type.Optional(Timestamp('When it happened.')),
    data: Type.Object(
      {
        productCode: Type.Optional(Str(200, { min: 1, description: 'Your code of the product, as the operator entered it.' })),
        unitCost: Type.Optional(Money),
        cards: Type.Optional(List(PushedCardSchema, CARDS_MAX, { minItems: 1 })),
        available: Type.Optional(Int(0, 1_000_000_000, { description: 'What is left in your stock.' })),
        reference: Type.Optional(Str(200, { min: 1, description: 'Our reference of the order.' })),
        orderId: Type.Optional(Str(200, { min: 1, description: 'Your number of the order.' })),
        reason: Type.Optional(Str(500))
      },
      CLOSED
    )
  },
  {
    ...CLOSED,
    examples: [
      {
        type: 'stock.added',
        timestamp: EXAMPLE_TIME,
        data: {
          productCode: 'STEAM-50',
          unitCost: { amount: '45.00', currency: 'CNY' },
          cards: [{ secret: 'AAAA-BBBB-CCCC' }, { number: '6120200345149064', secret: '5821', expiresAt: '2027-12-31' }]
        }
      },
      { type: 'stock.level', timestamp: EXAMPLE_TIME, data: { productCode: 'STEAM-50', available: 120 } },
      { type: 'price.changed', timestamp: EXAMPLE_TIME, data: { productCode: 'STEAM-50', unitCost: { amount: '44.50', currency: 'CNY' } } },
      { type: 'card.revoked', timestamp: EXAMPLE_TIME, data: { cards: [{ secret: 'AAAA-BBBB-CCCC' }], reason: 'chargeback' } },
      { type: 'order.fulfilled', timestamp: EXAMPLE_TIME, data: { reference: 'kh-0192', orderId: '4711' } }
    ]
  }
)

export const PushHeadersSchema = Type.Object({
  'webhook-id': Type.Optional(
    Type.String({ maxLength: 1_000, description: 'Yours, without a dot. Counts once, for ever.', examples: ['msg_2KWPBgLlAfxdpx2AI54pPJ85f4W'] })
  ),
  'webhook-timestamp': Type.Optional(
    Type.String({ maxLength: 100, description: 'Unix seconds, of this attempt; at most five minutes off.', examples: ['1795422600'] })
  ),
  'webhook-signature': Type.Optional(
    Type.String({
      maxLength: 4_000,
      description: '`v1,` and the signature in base64; several are separated by blanks.',
      examples: ['v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=']
    })
  )
})

export const PushParams = Type.Object({ supplierId: PathId('supplier') })

export const PushResultSchema = Type.Object(
  {
    accepted: Type.Optional(Int(0, CARDS_MAX, { description: '`stock.added`: cards that are new in stock.' })),
    duplicates: Type.Optional(Int(0, CARDS_MAX, { description: '`stock.added`: cards that were stocked before, or stand twice in this push.' })),
    rejected: Type.Optional(
      List(Type.Object({ index: Int(0, CARDS_MAX, { description: 'Of the card in `cards`, from 0.' }), reason: Str(40) }), CARDS_MAX, {
        description: '`stock.added`: cards that cannot be stored; the first 1,000 of them.'
      })
    ),
    rejectedCount: Type.Optional(Int(0, CARDS_MAX)),
    voided: Type.Optional(Int(0, CARDS_MAX, { description: '`card.revoked`: cards that are not for sale any more.' })),
    sold: Type.Optional(Int(0, CARDS_MAX, { description: '`card.revoked`: cards that somebody has.' })),
    unknown: Type.Optional(Int(0, CARDS_MAX, { description: '`card.revoked`: cards that did not come from you.' })),
    state: Type.Optional(OneOf(['accepted'], { description: 'The other types: it is stored, its effect follows.' }))
  },
  {
    $id: 'SupplierPushResult',
    examples: [{ accepted: 2, duplicates: 0, rejected: [], rejectedCount: 0 }, { voided: 1, sold: 0, unknown: 0 }, { state: 'accepted' }]
  }
)

export const inboundSchemas: TSchema[] = [PushResultSchema]
