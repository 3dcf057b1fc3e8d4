/** Operators' surface: credentials, and how SKUs are kinds of their product. */
import { type TSchema, Type } from 'typebox'
import { EXAMPLE_UUID, Id, Int, List, Money, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { toApiId } from '../kit/ids.ts'
import { PROTOCOLS } from './protocol.ts'

const CLOSED = { additionalProperties: false } as const
const NAME_MAX = 200
const IP_RANGES_MAX = 100
const OVERLAP_MAX_SECONDS = 30 * 86_400
const EXAMPLE_TIME = '2026-11-23T08:30:00.000Z'

const IpRange = Str(50, { min: 2, examples: ['203.0.113.0/24'] })

const credentialFields = {
  id: Id('key', 'Stands in the reveal log like the id of an API key.'),
  resellerId: Id('reseller'),
  protocol: OneOf(PROTOCOLS),
  login: Str(100, { description: 'The public half, under the name that the protocol has for it: `app_id`, API key, `UserId`, `mch_id`.' }),
  name: Str(NAME_MAX),
  ipAllow: List(Str(50), IP_RANGES_MAX, { description: 'Addresses and CIDR ranges that it may be used from; empty: any.' }),
  dailySpendCap: Nullable(Money),
  allowWaiting: Type.Boolean({
    description: 'Takes orders that must be bought from a supplier first, also in a protocol that cannot deliver later.'
  }),
  expiresAt: Nullable(Timestamp('Null: never.')),
  revokedAt: Nullable(Timestamp('Null: not revoked.')),
  createdAt: Timestamp()
}

const example = {
  id: toApiId('key', EXAMPLE_UUID),
  resellerId: toApiId('reseller', EXAMPLE_UUID),
  protocol: 'acg-faka',
  login: '482915730264',
  name: 'Card shop',
  ipAllow: ['203.0.113.0/24'],
  dailySpendCap: { amount: '5000.00', currency: 'CNY' },
  allowWaiting: false,
  expiresAt: null,
  revokedAt: null,
  createdAt: EXAMPLE_TIME
}

export const FacadeCredentialSchema = Type.Object(credentialFields, { $id: 'FacadeCredential', examples: [example] })

export const IssuedFacadeCredentialSchema = Type.Object(
  { ...credentialFields, secret: Str(200, { description: 'The secret half: `app_key`, API secret. It is shown in this answer only.' }) },
  { $id: 'IssuedFacadeCredential', examples: [{ ...example, secret: '9F2C…' }] }
)

export const FacadeCredentialPage = Type.Object(PageOf(Ref(FacadeCredentialSchema)).properties, { $id: 'FacadeCredentialPage' })

export const IssueFacadeCredential = Type.Object(
  {
    protocol: OneOf(PROTOCOLS, { description: 'What the software of the shop speaks.' }),
    name: Str(NAME_MAX, { min: 1, description: 'Which shop it is for.', examples: ['Card shop'] }),
    ipAllow: Type.Optional(List(IpRange, IP_RANGES_MAX, { description: 'Addresses and CIDR ranges that it may be used from. Default: any.' })),
    dailySpendCap: Type.Optional(Money),
    allowWaiting: Type.Optional(
      Type.Boolean({
        description:
          'Default false: goods that are not in stock are sold out for protocols that show cards only in the answer to the order (acg-faka). ' +
          'True: they are bought from a supplier, and the answer says that delivery is under way.'
      })
    ),
    partner: Type.Optional(
      Type.Object(
        {
          appId: Type.String({
            pattern: '^[1-9][0-9]{0,15}$',
            minLength: 1,
            maxLength: 16,
            description: 'AppKey of the application.',
            examples: ['1783283558647493']
          }),
          appSecret: Str(200, { min: 1, pattern: '^[\\x21-\\x7e]+$', description: 'AppSecret of the application. Kept sealed, never shown.' })
        },
        { ...CLOSED, description: 'For `goofish`, and required there: the application at 闲管家, which takes part in every signature.' }
      )
    ),
    expiresAt: Type.Optional(Timestamp('Default: never.'))
  },
  { ...CLOSED, examples: [{ protocol: 'acg-faka', name: 'Card shop' }] }
)

export const RotateFacadeCredential = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Int(0, OVERLAP_MAX_SECONDS, { description: 'How long the old secret goes on working. Default: one day; 0 ends it at once.', examples: [3600] })
    )
  },
  { ...CLOSED, examples: [{ overlapSeconds: 3600 }] }
)

const KIND_TEXT_MAX = 60
const OPTIONS_MAX = 5
/** A text that can be seen. */
const VISIBLE = '^[^\\u0000\\uD800-\\uDFFF]*[^\\s\\u0000\\uD800-\\uDFFF][^\\u0000\\uD800-\\uDFFF]*$'

export const SkuKindSchema = Type.Object(
  {
    race: Str(KIND_TEXT_MAX, { description: 'The kind (商品类型) that a shop chooses; empty: the product has options only.' }),
    options: Type.Record(Type.String({ pattern: '^[^\\u0000-\\u001f\\uD800-\\uDFFF]{1,40}$' }), Str(KIND_TEXT_MAX, { min: 1, pattern: VISIBLE }), {
      maxProperties: OPTIONS_MAX,
      additionalProperties: false,
      description: 'Name of the option → choice, such as `颜色` → `红`.',
      examples: [{ 颜色: '红' }]
    })
  },
  { $id: 'SkuKind', ...CLOSED, examples: [{ race: '月卡', options: { 颜色: '红' } }] }
)

export const credentialParams = Type.Object({ credentialId: PathId('key') })
export const resellerParams = Type.Object({ id: PathId('reseller') })
export const skuParams = Type.Object({ id: PathId('sku') })
export const PageQuery = Type.Object(pageQuery, CLOSED)

export const facadesSchemas: TSchema[] = [FacadeCredentialSchema, IssuedFacadeCredentialSchema, FacadeCredentialPage, SkuKindSchema]
