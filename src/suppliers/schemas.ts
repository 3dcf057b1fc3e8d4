/** Requests and answers of suppliers and of the sources of a SKU. */
import { type TSchema, Type } from 'typebox'
import { EXAMPLE_UUID, exampleId, Id, Int, List, Money, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { CALL_TIMEOUT_MAX_MS } from './limits.ts'
import { MarkupSchema, sourcingSchemas } from './sourcing-schemas.ts'
import { PUSH_ADAPTER, SUPPLIER_STATES, SYNC_SECONDS_DEFAULT } from './supplier.ts'

const CLOSED = { additionalProperties: false } as const
const NAME_MAX = 200
/** A name must be readable: at least one character that is not a blank. */
const READABLE = '^[^\\u0000\\uD800-\\uDFFF]*[^\\s\\u0000\\uD800-\\uDFFF][^\\u0000\\uD800-\\uDFFF]*$'
const SETTING_MAX = 4_000
const SETTINGS_MAX = 40
const PRIORITY_MAX = 1_000_000
/** More places to buy one SKU would only be asked one after the other. */
const SOURCES_MAX = 50

const Name = (description: string) => Str(NAME_MAX, { min: 1, pattern: READABLE, description, examples: ['Key works'] })
const SettingName = Type.String({ pattern: '^[A-Za-z0-9_]{1,60}$' })
const Setting = Type.Union([Str(SETTING_MAX), Type.Boolean(), Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647 })])

const exampleConfig = { baseUrl: 'https://shop.example.com' }
const example = {
  id: exampleId('supplier'),
  name: 'Key works',
  adapter: 'example',
  config: exampleConfig,
  callbackUrl: `https://hub.example.com/v1/callbacks/suppliers/${exampleId('supplier')}`,
  limits: { callsInFlight: 200 },
  state: 'active',
  syncSeconds: SYNC_SECONDS_DEFAULT,
  markup: null,
  lowBalance: { amount: '500.00', currency: 'CNY' },
  balance: { amount: '812.40', currency: 'CNY' },
  balanceAt: '2026-11-23T08:30:00.000Z',
  balanceLow: false,
  syncedAt: '2026-11-23T08:30:00.000Z',
  syncProblem: null,
  createdAt: '2026-11-23T08:30:00.000Z',
  updatedAt: '2026-11-23T08:30:00.000Z'
}

const DAY_MS = 86_400_000

const LIMITS = {
  callsInFlight: Int(1, 5_000, { description: 'Calls under way at once, in each process. Default: 2,000.', examples: [200] }),
  requestsPerMinute: Int(1, 600_000, { description: "Default: the adapter's.", examples: [600] }),
  callTimeoutMs: Int(100, CALL_TIMEOUT_MAX_MS, {
    description: 'A call that takes longer is unclear, and asked for. Default: 20,000.',
    examples: [5_000]
  }),
  quietTimeMs: Int(0, DAY_MS, {
    description:
      'That the supplier does not know a purchase counts only when it is older. Shorter than the supplier may take to know it, it buys twice.',
    examples: [60_000]
  }),
  reviewAfterMs: Int(1_000, 7 * DAY_MS, { description: 'A purchase that is unclear for longer goes to a person.', examples: [1_800_000] })
}
const Limits = Type.Object(
  {
    callsInFlight: Type.Optional(LIMITS.callsInFlight),
    requestsPerMinute: Type.Optional(LIMITS.requestsPerMinute),
    callTimeoutMs: Type.Optional(LIMITS.callTimeoutMs),
    quietTimeMs: Type.Optional(LIMITS.quietTimeMs),
    reviewAfterMs: Type.Optional(LIMITS.reviewAfterMs)
  },
  { ...CLOSED, description: "What is absent is the adapter's." }
)
const SyncSeconds = Type.Union([Int(0, 0), Int(10, 86_400)], {
  description: `How often its prices, stock and balance are read, in seconds. Default ${SYNC_SECONDS_DEFAULT}; 0: never.`,
  examples: [SYNC_SECONDS_DEFAULT]
})

const fields = {
  id: Id('supplier'),
  name: Str(NAME_MAX),
  adapter: Str(60, { description: 'How it is reached. `push`: it sends keys to us and is never called.' }),
  config: Type.Record(SettingName, Setting, { maxProperties: SETTINGS_MAX, description: 'Settings of the adapter, without credentials.' }),
  callbackUrl: Nullable(
    Str(2_300, {
      description:
        'Where it calls back, to be entered at the supplier if its orders do not carry it. Without `KAHUB_PUBLIC_URL` the path alone. Null: it calls nobody.'
    })
  ),
  limits: Limits,
  state: OneOf(SUPPLIER_STATES, { description: 'Paused: its keys are refused and nothing new is bought from it.' }),
  syncSeconds: SyncSeconds,
  markup: Nullable(Ref(MarkupSchema)),
  lowBalance: Nullable(Money),
  balance: Nullable(Money),
  balanceAt: Nullable(Timestamp('When it said so.')),
  balanceLow: Type.Boolean({
    description: 'Its balance is below `lowBalance`. Operators are told once when it gets so, and once when it is not any more.'
  }),
  syncedAt: Nullable(Timestamp('When all its products were last read.')),
  syncProblem: Nullable(Str(300, { description: 'Why they could not be read the last time; null: they could.' })),
  createdAt: Timestamp(),
  updatedAt: Timestamp()
}

export const SupplierSchema = Type.Object(fields, { $id: 'Supplier', examples: [example] })

const webhookSecret = Str(100, {
  description: 'Signs what the supplier pushes to `/v1/webhooks/suppliers/{id}`. Shown in this answer only.',
  examples: ['whsec_…']
})

export const CreatedSupplierSchema = Type.Object(
  { ...fields, webhookSecret },
  { $id: 'CreatedSupplier', examples: [{ ...example, webhookSecret: 'whsec_…' }] }
)

export const WebhookSecretSchema = Type.Object({ webhookSecret }, { $id: 'SupplierWebhookSecret', examples: [{ webhookSecret: 'whsec_…' }] })

export const SupplierPage = Type.Object(PageOf(Ref(SupplierSchema)).properties, { $id: 'SupplierPage' })

const settings = {
  syncSeconds: Type.Optional(SyncSeconds),
  markup: Type.Optional(Nullable(Ref(MarkupSchema))),
  lowBalance: Type.Optional(Nullable(Money))
}

export const CreateSupplier = Type.Object(
  {
    ...settings,
    name: Name('For operators.'),
    adapter: Type.Optional(
      Str(60, {
        min: 1,
        description: `How it is reached. Default: \`${PUSH_ADAPTER}\`, it sends keys to us and is never called.`,
        examples: ['example']
      })
    ),
    config: Type.Optional(
      Type.Record(SettingName, Setting, {
        maxProperties: SETTINGS_MAX,
        ...CLOSED,
        description: 'What the adapter asks for. Stored encrypted; credentials are never shown again.'
      })
    ),
    limits: Type.Optional(Limits)
  },
  {
    ...CLOSED,
    examples: [
      { name: 'Key works', adapter: 'example', config: { ...exampleConfig, apiKey: 'the key', callbackSecret: 'the secret' } },
      { name: 'Key works' }
    ]
  }
)

export const UpdateSupplier = Type.Object(
  {
    ...settings,
    name: Type.Optional(Name('New name.')),
    config: Type.Optional(
      Type.Record(SettingName, Nullable(Setting), {
        maxProperties: SETTINGS_MAX,
        ...CLOSED,
        description: 'Settings that are named replace the old ones; null removes one.'
      })
    ),
    limits: Type.Optional(
      Type.Object(
        {
          callsInFlight: Type.Optional(Nullable(LIMITS.callsInFlight)),
          requestsPerMinute: Type.Optional(Nullable(LIMITS.requestsPerMinute)),
          callTimeoutMs: Type.Optional(Nullable(LIMITS.callTimeoutMs)),
          quietTimeMs: Type.Optional(Nullable(LIMITS.quietTimeMs)),
          reviewAfterMs: Type.Optional(Nullable(LIMITS.reviewAfterMs))
        },
        { ...CLOSED, description: "What is named replaces the old one; null: the adapter's again." }
      )
    )
  },
  { ...CLOSED, minProperties: 1, examples: [{ name: 'Key works' }, { config: { apiKey: '…' } }, { syncSeconds: 60, markup: { percent: '8.5' } }] }
)

const source = {
  supplierId: Id('supplier'),
  productCode: Str(200, { min: 1, description: "The supplier's own name of the product.", examples: ['1001'] }),
  unitCost: Money
}

const exampleSource = {
  supplierId: `sup_${EXAMPLE_UUID}`,
  productCode: '1001',
  unitCost: { amount: '8.20', currency: 'CNY' },
  priority: 1,
  enabled: true
}

const Priority = Int(0, PRIORITY_MAX, {
  description: 'The lowest is asked first; among equals the cheapest, then the one that did best lately.',
  examples: [1]
})

export const SkuSourceSchema = Type.Object(
  {
    ...source,
    priority: Priority,
    enabled: Type.Boolean(),
    available: Nullable(Int(0, 2_147_483_647, { description: 'What the supplier says it has; null: it does not say.' })),
    onSale: Type.Boolean({ description: 'False: the supplier says that it does not sell it now.' }),
    seenAt: Nullable(Timestamp('When the supplier last said anything of it.'))
  },
  {
    $id: 'SkuSource',
    description: '`unitCost` is what an operator entered or, if that is later, what the supplier said.',
    examples: [{ ...exampleSource, available: 120, onSale: true, seenAt: '2026-11-23T08:30:00.000Z' }]
  }
)

export const SkuSources = List(Ref(SkuSourceSchema), SOURCES_MAX)

export const ReplaceSources = Type.Array(
  Type.Object({ ...source, priority: Type.Optional(Priority), enabled: Type.Optional(Type.Boolean({ default: true })) }, CLOSED),
  { maxItems: SOURCES_MAX, examples: [[exampleSource]] }
)

export const supplierParams = Type.Object({ id: PathId('supplier') })
export const sourceParams = Type.Object({ id: PathId('sku') })
export const PageQuery = Type.Object(pageQuery, CLOSED)

export const suppliersSchemas: TSchema[] = [
  ...sourcingSchemas,
  SupplierSchema,
  CreatedSupplierSchema,
  WebhookSecretSchema,
  SupplierPage,
  SkuSourceSchema
]
