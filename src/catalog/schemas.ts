/** Requests and answers of the operators' catalog. */
import { type TSchema, Type } from 'typebox'
import { exampleId, Id, Int, List, Money, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { INPUT_PATTERN_MAX } from './input-pattern.ts'
import { INPUT_TEXT_MAX, type InputSchema } from './input-schema.ts'
import { PRICE_ROWS_MAX } from './price-rows.ts'
import { PRODUCT_KINDS } from './product.ts'
import { CARD_KINDS, MAX_QUANTITY_DEFAULT, QUANTITY_MAX } from './sku.ts'
import { SALE_STATES } from './state.ts'

const CLOSED = { additionalProperties: false } as const
/** A name must be readable: at least one character that is not a blank. */
const READABLE = '^[^\\u0000\\uD800-\\uDFFF]*[^\\s\\u0000\\uD800-\\uDFFF][^\\u0000\\uD800-\\uDFFF]*$'
/** Codes are typed, matched and put into file names. */
const CODE = '^[^\\s\\u0000-\\u001F\\u007F\\uD800-\\uDFFF]+$'
const NAME_MAX = 200
const CODE_MAX = 100
const CATEGORY_MAX = 100
const TEXT_MAX = 4_000
const TIER_MAX = 60
const STOCK_MAX = 2_147_483_647
const INPUT_FIELDS_MAX = 20
const INPUT_CHOICES_MAX = 100

const Name = (example: string) => Str(NAME_MAX, { min: 1, pattern: READABLE, examples: [example] })
const Category = Str(CATEGORY_MAX, { min: 1, pattern: READABLE, description: 'A word of your own to filter by.', examples: ['gift-cards'] })
const Code = Str(CODE_MAX, {
  min: 1,
  pattern: CODE,
  description: 'Your own article number, unique and without blanks; cannot be changed later.',
  examples: ['STEAM-CN-50']
})
const Description = Str(TEXT_MAX, { description: 'For resellers, plain text.' })
const Instructions = Str(TEXT_MAX, { description: 'How the buyer redeems it, plain text.', examples: ['Redeem at store.example.org.'] })
const ProductKind = OneOf(PRODUCT_KINDS, { description: 'Cannot be changed later.' })
const State = OneOf(SALE_STATES, { description: 'Paused: not listed and not sold.' })
const MinQuantity = Int(1, QUANTITY_MAX, { description: 'The smallest order. Default 1.' })
const MaxQuantity = Int(1, QUANTITY_MAX, { description: `The largest order. Default ${MAX_QUANTITY_DEFAULT}.` })
const CardKind = OneOf(CARD_KINDS, { description: 'How a shop should show what is delivered. Default text.' })
const LowStockThreshold = Int(0, STOCK_MAX, { description: 'Stock below this is low. Default 0: never.' })

const InputFieldSchema = Type.Object(
  {
    type: OneOf(['string']),
    title: Type.Optional(Str(100)),
    description: Type.Optional(Str(500)),
    minLength: Type.Optional(Int(0, INPUT_TEXT_MAX)),
    maxLength: Type.Optional(Int(1, INPUT_TEXT_MAX, { description: `Default ${INPUT_TEXT_MAX}.` })),
    pattern: Type.Optional(
      Str(INPUT_PATTERN_MAX, {
        description: 'A regular expression (flag u) that cannot take long: no repeated groups, look-around or back-references.'
      })
    ),
    enum: Type.Optional(List(Str(INPUT_TEXT_MAX), INPUT_CHOICES_MAX, { minItems: 1 }))
  },
  { ...CLOSED, $id: 'InputField' }
)

const exampleInput: InputSchema = {
  type: 'object',
  properties: { account: { type: 'string', title: 'QQ number', pattern: '^[1-9][0-9]{4,11}$' } },
  required: ['account']
}

export const InputSchemaSchema = Type.Object(
  {
    type: OneOf(['object']),
    properties: Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,39}$' }), Ref(InputFieldSchema), {
      maxProperties: INPUT_FIELDS_MAX,
      additionalProperties: false
    }),
    required: Type.Optional(List(Str(40), INPUT_FIELDS_MAX)),
    additionalProperties: Type.Optional(Type.Unsafe<false>({ type: 'boolean', enum: [false], description: 'Other fields are refused, said or not.' }))
  },
  {
    ...CLOSED,
    $id: 'InputSchema',
    examples: [exampleInput],
    description: 'What an order must say in `input`: a JSON Schema of an object of texts, without references.'
  }
)

const EXAMPLE_TIME = '2026-11-23T08:30:00.000Z'
const exampleProduct = { name: 'Steam wallet, China', category: 'gift-cards', kind: 'card', description: 'Codes for accounts in China.' }
const examplePrice = { amount: '47.50', currency: 'CNY' }
const exampleSku = { code: 'STEAM-CN-50', name: '50 CNY', price: examplePrice, minQuantity: 1, maxQuantity: 1000 }

export const AdminProductSchema = Type.Object(
  {
    id: Id('product'),
    name: Str(NAME_MAX),
    category: Str(CATEGORY_MAX),
    kind: ProductKind,
    description: Nullable(Description),
    state: State,
    createdAt: Timestamp(),
    updatedAt: Timestamp()
  },
  {
    $id: 'AdminProduct',
    examples: [{ id: exampleId('product'), ...exampleProduct, state: 'active', createdAt: EXAMPLE_TIME, updatedAt: EXAMPLE_TIME }]
  }
)

export const AdminSkuSchema = Type.Object(
  {
    id: Id('sku'),
    productId: Id('product'),
    code: Str(CODE_MAX),
    name: Str(NAME_MAX),
    price: Money,
    minQuantity: MinQuantity,
    maxQuantity: MaxQuantity,
    cardKind: CardKind,
    inputSchema: Nullable(Ref(InputSchemaSchema)),
    instructions: Nullable(Instructions),
    lowStockThreshold: LowStockThreshold,
    state: State,
    available: Int(0, STOCK_MAX, { description: 'Cards that can be sold now.' }),
    createdAt: Timestamp(),
    updatedAt: Timestamp()
  },
  {
    $id: 'AdminSku',
    examples: [
      {
        id: exampleId('sku'),
        productId: exampleId('product'),
        ...exampleSku,
        cardKind: 'text',
        inputSchema: null,
        instructions: null,
        lowStockThreshold: 20,
        state: 'active',
        available: 420,
        createdAt: EXAMPLE_TIME,
        updatedAt: EXAMPLE_TIME
      }
    ]
  }
)

export const SkuPriceSchema = Type.Object(
  {
    tier: Type.Optional(Str(TIER_MAX, { min: 1, pattern: READABLE, description: 'For resellers of this tier.', examples: ['gold'] })),
    resellerId: Type.Optional(Id('reseller', 'For this reseller alone.')),
    minQuantity: Type.Optional(Int(1, QUANTITY_MAX, { description: 'From this quantity on. Default 1; above 1 without tier and reseller.' })),
    unitPrice: Money
  },
  {
    ...CLOSED,
    $id: 'SkuPrice',
    examples: [{ tier: 'gold', minQuantity: 100, unitPrice: { amount: '45.00', currency: 'CNY' } }],
    description: 'A price beside the base price of a SKU: of a tier, of one reseller, or (with neither) a quantity break for all.'
  }
)

export const SkuPricesSchema = List(Ref(SkuPriceSchema), PRICE_ROWS_MAX)

export const PutSkuPrices = Type.Array(Ref(SkuPriceSchema), {
  maxItems: PRICE_ROWS_MAX,
  examples: [[{ tier: 'gold', minQuantity: 100, unitPrice: { amount: '45.00', currency: 'CNY' } }]]
})

export const AdminProductPage = Type.Object(PageOf(Ref(AdminProductSchema)).properties, { $id: 'AdminProductPage' })
export const AdminSkuPage = Type.Object(PageOf(Ref(AdminSkuSchema)).properties, { $id: 'AdminSkuPage' })

export const CreateProduct = Type.Object(
  {
    name: Name('Steam wallet, China'),
    category: Category,
    kind: ProductKind,
    description: Type.Optional(Nullable(Description))
  },
  { ...CLOSED, examples: [exampleProduct] }
)

export const UpdateProduct = Type.Object(
  {
    name: Type.Optional(Name('Steam wallet')),
    category: Type.Optional(Category),
    description: Type.Optional(Nullable(Description))
  },
  { ...CLOSED, minProperties: 1, examples: [{ name: 'Steam wallet' }] }
)

const skuOptions = {
  minQuantity: Type.Optional(MinQuantity),
  maxQuantity: Type.Optional(MaxQuantity),
  cardKind: Type.Optional(CardKind),
  instructions: Type.Optional(Nullable(Instructions)),
  inputSchema: Type.Optional(Nullable(Ref(InputSchemaSchema))),
  lowStockThreshold: Type.Optional(LowStockThreshold)
}

export const CreateSku = Type.Object(
  {
    productId: Id('product'),
    code: Code,
    name: Name('50 CNY'),
    price: Money,
    ...skuOptions
  },
  { ...CLOSED, examples: [{ productId: exampleId('product'), ...exampleSku }] }
)

export const UpdateSku = Type.Object(
  {
    name: Type.Optional(Name('50 CNY')),
    price: Type.Optional(Money),
    ...skuOptions
  },
  { ...CLOSED, minProperties: 1, examples: [{ price: examplePrice }] }
)

export const ProductParams = Type.Object({ id: PathId('product') })
export const SkuParams = Type.Object({ id: PathId('sku') })

export const ProductQuery = Type.Object(
  {
    ...pageQuery,
    category: Type.Optional(Str(CATEGORY_MAX, { min: 1 })),
    kind: Type.Optional(OneOf(PRODUCT_KINDS))
  },
  CLOSED
)

export const SkuQuery = Type.Object(
  {
    ...pageQuery,
    productId: Type.Optional(Id('product')),
    code: Type.Optional(Str(CODE_MAX, { min: 1 }))
  },
  CLOSED
)

export const catalogSchemas: TSchema[] = [
  InputFieldSchema,
  InputSchemaSchema,
  AdminProductSchema,
  AdminSkuSchema,
  SkuPriceSchema,
  AdminProductPage,
  AdminSkuPage
]
