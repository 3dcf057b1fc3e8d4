import { Type } from 'typebox'
import {
  EXAMPLE_UUID,
  Id,
  Int,
  List,
  Metadata,
  Money,
  Nullable,
  OneOf,
  PathId,
  ProblemSchema,
  pageQuery,
  Ref,
  SignedMoney,
  Str,
  Timestamp
} from '../http/index.ts'
import { ORDER_STATES } from './states.ts'

/** More cards in one order would not fit one answer. */
const QUANTITY_MAX = 10_000
/** Independent orders in one request. */
const BATCH_ORDERS_MAX = 100

const example = {
  order: {
    id: `ord_${EXAMPLE_UUID}`,
    reference: 'shop-4711',
    state: 'fulfilled',
    skuId: `sku_${EXAMPLE_UUID}`,
    quantity: 1,
    unitPrice: { amount: '9.50', currency: 'CNY' },
    total: { amount: '9.50', currency: 'CNY' },
    priceRule: 'tier',
    balanceAfter: { amount: '990.50', currency: 'CNY' },
    metadata: { buyer: '4711' },
    createdAt: '2026-11-23T08:30:00.000Z',
    fulfilledAt: '2026-11-23T08:30:00.000Z',
    delivered: 1,
    deadline: null
  },
  card: { id: `crd_${EXAMPLE_UUID}`, number: '6000123412341234', secret: 'AAAA-BBBB-CCCC', kind: 'text' }
}

export const CardSchema = Type.Object(
  {
    id: Id('card'),
    number: Type.Optional(Str(4000, { description: 'The card number, where the goods have one beside the secret.' })),
    secret: Str(8200, { description: 'The key itself.' }),
    kind: OneOf(['text', 'image', 'link'] as const, { description: 'How to show the secret to a customer.' }),
    expiresAt: Type.Optional(Timestamp('Absent: the card does not expire.'))
  },
  { $id: 'Card', additionalProperties: false, examples: [example.card] }
)

const orderFields = {
  id: Id('order'),
  reference: Nullable(Str(100, { description: 'Your own number.' })),
  state: OneOf(ORDER_STATES, {
    description:
      '`fulfilled`, `partially_fulfilled`, `cancelled`, `failed`, `refunded` and `rejected` are final. `uncertain`: a supplier did not ' +
      'answer clearly; the money stays held until it does, or until a person decides (`review`).'
  }),
  skuId: Id('sku'),
  quantity: Int(1, QUANTITY_MAX),
  unitPrice: Money,
  total: Money,
  priceRule: OneOf(['base', 'base_break', 'tier', 'tier_break', 'private', 'private_break', 'quote'] as const, {
    description: 'What set the unit price.'
  }),
  balanceAfter: SignedMoney,
  metadata: Metadata,
  createdAt: Timestamp(),
  fulfilledAt: Nullable(Timestamp()),
  delivered: Int(0, QUANTITY_MAX, { description: 'How many of the ordered units were delivered.' }),
  deadline: Nullable(Timestamp('While the order is being bought from a supplier: if it is still unclear then, a person looks at it.'))
}

export const OrderSchema = Type.Object(orderFields, { $id: 'Order', additionalProperties: false, examples: [example.order] })

export const PlacedOrderSchema = Type.Object(
  {
    ...orderFields,
    cards: List(Ref(CardSchema), QUANTITY_MAX, { description: 'Empty unless the order is fulfilled and `reveal` was true.' })
  },
  { $id: 'PlacedOrder', additionalProperties: false, examples: [{ ...example.order, cards: [example.card] }] }
)

const orderRequestFields = {
  skuId: Id('sku'),
  quantity: Int(1, QUANTITY_MAX, { examples: [1] }),
  reference: Type.Optional(Str(100, { min: 1, description: 'Your own number, unique among your orders.', examples: ['shop-4711'] })),
  maxUnitPrice: Type.Optional(Money),
  quoteId: Type.Optional(Id('quote', 'A quote of yours for this SKU and quantity; its price holds until it expires.')),
  input: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,40}$' }), Str(500), {
      maxProperties: 20,
      additionalProperties: false,
      description: "What the SKU's `inputSchema` asks for."
    })
  ),
  reveal: Type.Optional(
    Type.Boolean({ default: true, description: 'False: the answer shows no cards; read them with `GET /v1/orders/{id}/cards`.' })
  ),
  backorder: Type.Optional(Type.Boolean({ default: false, description: 'True: wait for stock with the money held, instead of `out_of_stock`.' })),
  metadata: Type.Optional(Metadata)
}

export const OrderRequestSchema = Type.Object(orderRequestFields, {
  $id: 'OrderRequest',
  additionalProperties: false,
  examples: [{ skuId: `sku_${EXAMPLE_UUID}`, quantity: 1, reference: 'shop-4711', maxUnitPrice: { amount: '10.00', currency: 'CNY' } }]
})

export const OrderBatchRequestSchema = Type.Object(
  {
    orders: List(Ref(OrderRequestSchema), BATCH_ORDERS_MAX, {
      minItems: 1,
      description: 'Independent of each other: one that is refused fails none of the others.'
    })
  },
  { $id: 'OrderBatchRequest', additionalProperties: false, examples: [{ orders: [{ skuId: `sku_${EXAMPLE_UUID}`, quantity: 1 }] }] }
)

export const OrderBatchSchema = Type.Object(
  {
    id: Type.String({ pattern: '^obt_[0-9a-f-]{36}$', maxLength: 40, minLength: 40 }),
    data: List(
      Type.Object(
        {
          status: Int(200, 599, { description: 'The HTTP status that this order would have had by itself.' }),
          order: Type.Optional(Ref(PlacedOrderSchema)),
          problem: Type.Optional(Ref(ProblemSchema))
        },
        { additionalProperties: false }
      ),
      BATCH_ORDERS_MAX,
      { description: 'One result for each order, in their order.' }
    )
  },
  {
    $id: 'OrderBatch',
    additionalProperties: false,
    examples: [{ id: `obt_${EXAMPLE_UUID}`, data: [{ status: 201, order: { ...example.order, cards: [example.card] } }] }]
  }
)

export const ResolveOrderSchema = Type.Object(
  {
    outcome: OneOf(['fulfilled', 'failed'] as const, { description: 'What the supplier did, as far as a person found out.' }),
    cards: Type.Optional(
      List(
        Type.Object(
          {
            number: Type.Optional(Str(1_000, { min: 1 })),
            secret: Str(8_000, { min: 1, examples: ['AAAA-BBBB-CCCC'] }),
            expiresAt: Type.Optional(Timestamp())
          },
          { additionalProperties: false }
        ),
        QUANTITY_MAX,
        { description: 'With `fulfilled`: the cards of the unclear units. Absent for a top-up.' }
      )
    )
  },
  {
    $id: 'ResolveOrder',
    additionalProperties: false,
    examples: [{ outcome: 'failed' }, { outcome: 'fulfilled', cards: [{ secret: 'AAAA-BBBB-CCCC' }] }]
  }
)

export const orderListQuery = Type.Object(
  {
    ...pageQuery,
    reference: Type.Optional(Str(100, { min: 1 })),
    state: Type.Optional(OneOf(ORDER_STATES)),
    skuId: Type.Optional(Id('sku')),
    from: Type.Optional(Timestamp('Created at or after.')),
    to: Type.Optional(Timestamp('Created before.'))
  },
  { additionalProperties: false }
)

export const adminOrderListQuery = Type.Object(
  {
    ...orderListQuery.properties,
    resellerId: Type.Optional(Id('reseller'))
  },
  { additionalProperties: false }
)

export const orderParams = Type.Object({ id: PathId('order') })

export const ordersSchemas = [
  CardSchema,
  OrderSchema,
  PlacedOrderSchema,
  OrderRequestSchema,
  OrderBatchRequestSchema,
  OrderBatchSchema,
  ResolveOrderSchema
]
