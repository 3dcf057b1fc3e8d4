/** Requests and answers of the operators' stock. No schema here has a field for a key. */
import { type TSchema, Type } from 'typebox'
import { exampleId, Id, Int, List, Money, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { AMOUNT_PATTERN } from '../kit/money.ts'
import { BATCH_FORMATS, BATCH_STATES, DUPLICATE_REASONS, IMPORT_FORMATS, REJECT_REASONS, REJECTED_LISTED_MAX } from './batch.ts'
import { CARD_STATES } from './card.ts'
import { TRACED_REVEALS_MAX } from './read-card.ts'

const CLOSED = { additionalProperties: false } as const
const COUNT_MAX = 2_147_483_647
const POSITION_MAX = 1_000_000
const EXAMPLE_TIME = '2026-11-23T08:30:00.000Z'

const LineNumber = Int(1, COUNT_MAX, { description: 'From 1; blank lines and the header count.' })

const RejectedLineSchema = Type.Object(
  { line: LineNumber, reason: OneOf(REJECT_REASONS) },
  { $id: 'RejectedLine', examples: [{ line: 3, reason: 'empty_secret' }] }
)

const BatchLineSchema = Type.Object(
  { line: LineNumber, reason: OneOf([...DUPLICATE_REASONS, ...REJECT_REASONS]) },
  { $id: 'CardBatchLine', description: 'A line that became no card; never the key itself.', examples: [{ line: 7, reason: 'duplicate_of_stock' }] }
)

const batchFields = {
  id: Id('batch'),
  skuId: Id('sku'),
  supplierId: Nullable(Id('supplier')),
  unitCost: Nullable(Money),
  format: OneOf(BATCH_FORMATS, { description: '`upstream`: bought for an order.' }),
  state: OneOf(BATCH_STATES, { description: '`failed`: it ended early; what was stored stays, and the same file sent again adds the rest.' }),
  accepted: Int(0, COUNT_MAX, { description: 'Lines that became cards.' }),
  duplicates: Int(0, COUNT_MAX, { description: 'Lines whose key is or was in stock, of any SKU and supplier, or stood in the file before.' }),
  rejectedCount: Int(0, COUNT_MAX, { description: 'Lines that are no key.' }),
  createdAt: Timestamp(),
  finishedAt: Nullable(Timestamp())
}

const exampleBatch = {
  id: exampleId('batch'),
  skuId: exampleId('sku'),
  supplierId: null,
  unitCost: { amount: '41.50', currency: 'CNY' },
  format: 'text',
  state: 'done',
  accepted: 998,
  duplicates: 1,
  rejectedCount: 1,
  createdAt: EXAMPLE_TIME,
  finishedAt: EXAMPLE_TIME
}

export const CardBatchSchema = Type.Object(batchFields, { $id: 'CardBatch', examples: [exampleBatch] })

export const CardBatchReportSchema = Type.Object(
  {
    ...batchFields,
    rejected: List(Ref(RejectedLineSchema), REJECTED_LISTED_MAX, {
      description: `The first ${REJECTED_LISTED_MAX}; all of them, and the duplicates, are in the batch's lines.`
    })
  },
  { $id: 'CardBatchReport', examples: [{ ...exampleBatch, rejected: [{ line: 3, reason: 'empty_secret' }] }] }
)

export const MovedBatchSchema = Type.Object(
  { ...batchFields, moved: Int(0, COUNT_MAX, { description: 'Cards that this request moved.' }) },
  { $id: 'MovedCardBatch', examples: [{ ...exampleBatch, moved: 998 }] }
)

export const CardRevealSchema = Type.Object(
  {
    cardId: Id('card'),
    orderId: Id('order'),
    apiKeyId: Nullable(Id('key', 'Whose key it was shown to.')),
    requestId: Str(100, { description: 'The `x-request-id` of the answer that showed it.' }),
    at: Timestamp()
  },
  {
    $id: 'CardReveal',
    examples: [{ cardId: exampleId('card'), orderId: exampleId('order'), apiKeyId: exampleId('key'), requestId: 'req_4kX0000001', at: EXAMPLE_TIME }]
  }
)

export const StockedCardSchema = Type.Object(
  {
    id: Id('card'),
    skuId: Id('sku'),
    batchId: Id('batch'),
    supplierId: Nullable(Id('supplier')),
    state: OneOf(CARD_STATES),
    orderId: Nullable(Id('order')),
    position: Nullable(Int(0, POSITION_MAX, { description: 'Its place among the cards of the order, from 0.' })),
    expiresAt: Nullable(Timestamp()),
    importedAt: Timestamp(),
    issuedAt: Nullable(Timestamp()),
    reveals: List(Ref(CardRevealSchema), TRACED_REVEALS_MAX, { description: 'Newest first.' })
  },
  {
    $id: 'StockedCard',
    description: 'The way of one card: where it came from, where it went, who saw it. Never its secret.',
    examples: [
      {
        id: exampleId('card'),
        skuId: exampleId('sku'),
        batchId: exampleId('batch'),
        supplierId: null,
        state: 'available',
        orderId: null,
        position: null,
        expiresAt: null,
        importedAt: EXAMPLE_TIME,
        issuedAt: null,
        reveals: []
      }
    ]
  }
)

export const CardBatchPage = Type.Object(PageOf(Ref(CardBatchSchema)).properties, { $id: 'CardBatchPage' })
export const BatchLinePage = Type.Object(PageOf(Ref(BatchLineSchema)).properties, { $id: 'CardBatchLinePage' })
export const CardRevealPage = Type.Object(PageOf(Ref(CardRevealSchema)).properties, { $id: 'CardRevealPage' })

export const SkuParams = Type.Object({ id: PathId('sku') })
export const BatchParams = Type.Object({ id: PathId('batch') })
export const CardParams = Type.Object({ id: PathId('card') })

export const ImportQuery = Type.Object(
  {
    supplierId: Type.Optional(Id('supplier', 'Where the keys come from.')),
    unitCost: Type.Optional(
      Type.String({
        pattern: AMOUNT_PATTERN,
        minLength: 1,
        maxLength: 18,
        description: "What one key cost, in the SKU's currency.",
        examples: ['41.50']
      })
    ),
    format: Type.Optional(
      OneOf(IMPORT_FORMATS, { description: 'Without it, the content type decides: text/plain, text/csv or application/x-ndjson.' })
    ),
    expiresAt: Type.Optional(Timestamp('For keys without an expiry of their own.'))
  },
  CLOSED
)

export const BatchQuery = Type.Object({ ...pageQuery, skuId: Type.Optional(Id('sku')) }, CLOSED)
export const PageQuery = Type.Object(pageQuery, CLOSED)
export const RevealQuery = Type.Object({ ...pageQuery, orderId: Type.Optional(Id('order')), cardId: Type.Optional(Id('card')) }, CLOSED)

/** Unlike orders, an import may go without: the fingerprints keep a second one from storing anything again. */
export const importHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Str(260, {
      pattern: '^.*$',
      description: 'Optional. The key of a finished import gives its report again; the key of a failed one imports anew.',
      examples: ['import-2026-11-23']
    })
  )
})

/** Described, not checked: the body is a stream, and each of its lines is judged by itself. */
const fileOf = (description: string, example: string) => ({ schema: Type.Unsafe<unknown>({ description, examples: [example] }) })

export const ImportBody = {
  content: {
    'text/plain': fileOf(
      'One key a line, alone or as `number----secret`. UTF-8; blank lines are skipped.',
      'ABCD-EFGH-IJKL\n1000200030004000----8841-0277\n'
    ),
    'text/csv': fileOf(
      'With a header line that names the columns (number, secret, expires_at; 卡号, 卡密, 有效期), or without one: secret; number,secret; or number,secret,expires_at. A quoted cell ends on its line.',
      '卡号,卡密,有效期\n1000200030004000,8841-0277,2027-12-31\n'
    ),
    'application/x-ndjson': fileOf(
      'One object a line: `secret`, and `number` and `expiresAt` if there are any.',
      '{"number":"1000200030004000","secret":"8841-0277","expiresAt":"2027-12-31T00:00:00Z"}\n'
    )
  }
}

export const inventorySchemas: TSchema[] = [
  RejectedLineSchema,
  BatchLineSchema,
  CardBatchSchema,
  CardBatchReportSchema,
  MovedBatchSchema,
  CardRevealSchema,
  StockedCardSchema,
  CardBatchPage,
  BatchLinePage,
  CardRevealPage
]
