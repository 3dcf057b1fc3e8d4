/** The catalog as a reseller sees it, and quotes. */
import { type TSchema, Type } from 'typebox'
import { CARD_KINDS, CHANGE_KINDS, InputSchemaSchema, PRODUCT_KINDS, PRODUCT_SKUS_MAX, QUANTITY_MAX, SALE_STATES } from '../catalog/index.ts'
import { exampleId, Id, Int, List, Money, OneOf, PAGE_LIMIT_MAX, PageOf, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { PRICE_RULES, PRICE_SETS } from './price.ts'

const STOCK_MAX = 2_147_483_647
const NAME_MAX = 200
const TEXT_MAX = 4_000
/** One for each row that a SKU may have, and one for its base price. */
const BREAKS_MAX = 1_001
const FEED_CURSOR_MAX = 400

const Quantity = (description: string) => Int(1, QUANTITY_MAX, { description })

const QuantityBreakSchema = Type.Object(
  { minQuantity: Quantity('From this quantity on.'), unitPrice: Money },
  { $id: 'QuantityBreak', examples: [{ minQuantity: 100, unitPrice: { amount: '45.00', currency: 'CNY' } }] }
)

const exampleSku = {
  id: exampleId('sku'),
  productId: exampleId('product'),
  code: 'STEAM-CN-50',
  name: '50 CNY',
  kind: 'card',
  price: { amount: '47.50', currency: 'CNY' },
  quantityBreaks: [
    { minQuantity: 1, unitPrice: { amount: '47.50', currency: 'CNY' } },
    { minQuantity: 100, unitPrice: { amount: '45.00', currency: 'CNY' } }
  ],
  stock: 420,
  minQuantity: 1,
  maxQuantity: 1000,
  cardKind: 'text',
  state: 'active'
}

/** Optional fields are absent when there is nothing to say: this is the hottest answer of the API. */
export const SkuSchema = Type.Object(
  {
    id: Id('sku'),
    productId: Id('product'),
    code: Str(100, { description: 'The article number; it never changes.' }),
    name: Str(NAME_MAX),
    kind: OneOf(PRODUCT_KINDS),
    price: Money,
    quantityBreaks: List(Ref(QuantityBreakSchema), BREAKS_MAX, { description: 'Your price of one unit by quantity, ascending.' }),
    stock: Int(0, STOCK_MAX, {
      description:
        'What can be had at your price: cards in stock, at most half a second ago, and what suppliers say they have, which is bought when you order (202).'
    }),
    onDemand: Type.Optional(
      Type.Boolean({ description: 'True: more than `stock` may be had. A supplier does not say how much it has; it is asked when you order.' })
    ),
    minQuantity: Quantity('The smallest order.'),
    maxQuantity: Quantity('The largest order.'),
    cardKind: OneOf(CARD_KINDS, { description: 'How to show what is delivered.' }),
    inputSchema: Type.Optional(Ref(InputSchemaSchema)),
    instructions: Type.Optional(Str(TEXT_MAX, { description: 'How the buyer redeems it, plain text.' })),
    state: OneOf(SALE_STATES, { description: 'Paused: it cannot be ordered now.' })
  },
  { $id: 'Sku', description: 'A SKU with your prices: `price` is that of one unit in the smallest order.', examples: [exampleSku] }
)

const exampleProduct = { id: exampleId('product'), name: 'Steam wallet, China', category: 'gift-cards', kind: 'card', skus: [exampleSku] }

export const ProductSchema = Type.Object(
  {
    id: Id('product'),
    name: Str(NAME_MAX),
    category: Str(100),
    kind: OneOf(PRODUCT_KINDS),
    description: Type.Optional(Str(TEXT_MAX)),
    skus: List(Ref(SkuSchema), PRODUCT_SKUS_MAX, { description: 'Those on sale, oldest first.' })
  },
  { $id: 'Product', examples: [exampleProduct] }
)

const CatalogChangeSchema = Type.Object(
  {
    skuId: Id('sku'),
    kind: OneOf(CHANGE_KINDS, { description: 'What changed. `listing`: anything but price and stock; also a new SKU.' }),
    timestamp: Timestamp(),
    sku: Ref(SkuSchema)
  },
  {
    $id: 'CatalogChange',
    description: 'The SKU is shown as it is now, not as it was then: applying the changes in order always ends at the present.',
    examples: [{ skuId: exampleSku.id, kind: 'stock', timestamp: '2026-11-23T08:30:00.000Z', sku: exampleSku }]
  }
)

export const CatalogChangePage = Type.Object(
  {
    data: List(Ref(CatalogChangeSchema), PAGE_LIMIT_MAX),
    nextCursor: Type.String({
      maxLength: FEED_CURSOR_MAX,
      description: 'Where to go on; never null. With less than `limit` changes you have seen all.'
    })
  },
  { $id: 'CatalogChangePage' }
)

export const ProductPage = Type.Object(PageOf(Ref(ProductSchema)).properties, { $id: 'ProductPage' })
export const SkuPage = Type.Object(PageOf(Ref(SkuSchema)).properties, { $id: 'SkuPage' })

export const CatalogChangesQuery = Type.Object(
  {
    ...pageQuery,
    from: Type.Optional(
      OneOf(['start', 'now'], { description: 'Where to begin without a cursor: at the oldest change (default) or behind the newest.' })
    )
  },
  { additionalProperties: false }
)

const PricePartSchema = Type.Object(
  {
    set: OneOf(PRICE_SETS, { description: 'The base price, the price of your tier, or your private price.' }),
    minQuantity: Quantity('The quantity break that counts within the set.'),
    unitPrice: Money,
    applied: Type.Boolean({ description: 'True for the one that set the price.' })
  },
  { $id: 'PricePart' }
)

export const QuoteSchema = Type.Object(
  {
    id: Id('quote', 'Give it as `quoteId` with the order.'),
    skuId: Id('sku'),
    quantity: Quantity('The price holds for exactly this quantity.'),
    unitPrice: Money,
    total: Money,
    rule: OneOf(PRICE_RULES, { description: 'The rule that set the price.' }),
    parts: List(Ref(PricePartSchema), PRICE_SETS.length, { description: 'The price that each set has for this quantity; the strongest is applied.' }),
    expiresAt: Timestamp('The price holds until then.')
  },
  {
    $id: 'Quote',
    examples: [
      {
        id: exampleId('quote'),
        skuId: exampleSku.id,
        quantity: 100,
        unitPrice: { amount: '45.00', currency: 'CNY' },
        total: { amount: '4500.00', currency: 'CNY' },
        rule: 'tier_break',
        parts: [
          { set: 'base', minQuantity: 1, unitPrice: { amount: '47.50', currency: 'CNY' }, applied: false },
          { set: 'tier', minQuantity: 100, unitPrice: { amount: '45.00', currency: 'CNY' }, applied: true }
        ],
        expiresAt: '2026-11-23T08:40:00.000Z'
      }
    ]
  }
)

export const CreateQuote = Type.Object(
  { skuId: Id('sku'), quantity: Quantity('How many you mean to order.') },
  { additionalProperties: false, examples: [{ skuId: exampleSku.id, quantity: 100 }] }
)

export const pricingSchemas: TSchema[] = [
  QuantityBreakSchema,
  SkuSchema,
  ProductSchema,
  CatalogChangeSchema,
  CatalogChangePage,
  ProductPage,
  SkuPage,
  PricePartSchema,
  QuoteSchema
]
