/** Requests and answers of accounts and keys. */
import { type TSchema, Type } from 'typebox'
import { EXAMPLE_UUID, Id, Int, List, Money, Nullable, OneOf, PageOf, PathId, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'
import { type IdKind, toApiId } from '../kit/ids.ts'
import { ACCOUNT_STATES } from './account.ts'
import { type KeyKind, SCOPES } from './scopes.ts'

const CLOSED = { additionalProperties: false } as const
/** A name must be readable: at least one character that is not a blank. */
const READABLE = '^[^\\u0000\\uD800-\\uDFFF]*[^\\s\\u0000\\uD800-\\uDFFF][^\\u0000\\uD800-\\uDFFF]*$'
const NAME_MAX = 200
const TIER_MAX = 60
const IP_RANGES_MAX = 100
/** An old key that should stay for longer needs no rotation but a second key. */
const OVERLAP_MAX_SECONDS = 30 * 86_400

const Name = (description: string, example: string) => Str(NAME_MAX, { min: 1, pattern: READABLE, description, examples: [example] })
const Tier = Str(TIER_MAX, { min: 1, pattern: READABLE, description: 'Name of the price tier.', examples: ['gold'] })
const Currency = Type.String({
  pattern: '^[A-Z]{3}$',
  minLength: 3,
  maxLength: 3,
  examples: ['CNY'],
  description: 'Currency of the wallet; cannot be changed later.'
})
const State = OneOf(ACCOUNT_STATES, { description: 'Paused: every key of the account is answered `account_suspended`.' })

/** The same at each start: the OpenAPI document is compared with the committed one. */
const exampleId = (kind: IdKind): string => toApiId(kind, EXAMPLE_UUID)
const EXAMPLE_TIME = '2026-11-23T08:30:00.000Z'
const exampleAccount = { name: 'Corner shop', state: 'active', createdAt: EXAMPLE_TIME, updatedAt: EXAMPLE_TIME }

export const ResellerSchema = Type.Object(
  {
    id: Id('reseller'),
    name: Str(NAME_MAX),
    tier: Nullable(Str(TIER_MAX, { description: 'Name of the price tier; null: base prices.' })),
    currency: Currency,
    state: State,
    createdAt: Timestamp(),
    updatedAt: Timestamp()
  },
  { $id: 'Reseller', examples: [{ id: exampleId('reseller'), ...exampleAccount, tier: 'gold', currency: 'CNY' }] }
)

const keyFields = {
  id: Id('key'),
  name: Str(NAME_MAX),
  hint: Str(10, { description: 'The last characters of the key, to tell keys apart.' }),
  test: Type.Boolean({ description: 'True for a `kh_test_` key.' }),
  scopes: List(Str(40), 40, { description: 'What the key may do.' }),
  ipAllow: List(Str(50), IP_RANGES_MAX, { description: 'Addresses and CIDR ranges that it may be used from; empty: any.' }),
  dailySpendCap: Nullable(Money),
  expiresAt: Nullable(Timestamp('Null: never.')),
  revokedAt: Nullable(Timestamp('Null: not revoked.')),
  createdAt: Timestamp()
}

const exampleKey = {
  id: exampleId('key'),
  name: 'shop backend',
  hint: 'x7Qa',
  test: false,
  scopes: ['catalog:read', 'orders:write'],
  ipAllow: ['203.0.113.0/24'],
  dailySpendCap: { amount: '5000.00', currency: 'CNY' },
  expiresAt: null,
  revokedAt: null,
  createdAt: EXAMPLE_TIME
}

export const ApiKeySchema = Type.Object(keyFields, { $id: 'ApiKey', examples: [exampleKey] })

export const IssuedKeySchema = Type.Object(
  {
    ...keyFields,
    key: Str(100, { description: 'The key itself. It is shown in this answer only; kahub stores a hash of it.' })
  },
  { $id: 'IssuedApiKey', examples: [{ ...exampleKey, key: 'kh_live_…' }] }
)

export const ResellerPage = Type.Object(PageOf(Ref(ResellerSchema)).properties, { $id: 'ResellerPage' })
export const ApiKeyPage = Type.Object(PageOf(Ref(ApiKeySchema)).properties, { $id: 'ApiKeyPage' })

export const CreateReseller = Type.Object(
  {
    name: Name('For operators; the reseller does not see it.', 'Corner shop'),
    tier: Type.Optional(Nullable(Tier)),
    currency: Type.Optional(Currency)
  },
  { ...CLOSED, examples: [{ name: 'Corner shop', tier: 'gold' }] }
)

export const UpdateReseller = Type.Object(
  {
    name: Type.Optional(Name('New name.', 'Corner shop')),
    tier: Type.Optional(Nullable(Tier))
  },
  { ...CLOSED, minProperties: 1, examples: [{ tier: 'silver' }] }
)

const keyRequest = <K extends KeyKind>(kind: K) => ({
  name: Name('What the key is for.', 'shop backend'),
  scopes: Type.Optional(
    List(OneOf(SCOPES[kind]), SCOPES[kind].length, {
      minItems: 1,
      description: 'Default: all scopes of the role, as far as the caller may give them.'
    })
  ),
  ipAllow: Type.Optional(
    List(Str(50, { min: 2, examples: ['203.0.113.0/24'] }), IP_RANGES_MAX, {
      description: 'Addresses and CIDR ranges that the key may be used from. Default: any.'
    })
  ),
  expiresAt: Type.Optional(Timestamp('Default: never.')),
  test: Type.Optional(Type.Boolean({ description: 'Only what the installation is: true in a sandbox (`kh_test_` keys), else false (`kh_live_`).' }))
})

export const CreateResellerKey = Type.Object(
  {
    ...keyRequest('reseller'),
    dailySpendCap: Type.Optional(Money)
  },
  { ...CLOSED, examples: [{ name: 'shop backend', dailySpendCap: { amount: '5000.00', currency: 'CNY' } }] }
)

export const CreateSupplierKey = Type.Object(keyRequest('supplier'), { ...CLOSED, examples: [{ name: 'stock sync' }] })

export const CreateOperatorKey = Type.Object(keyRequest('operator'), {
  ...CLOSED,
  examples: [{ name: 'finance', scopes: ['wallet:read', 'wallet:write'] }]
})

export const RotateKey = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Int(0, OVERLAP_MAX_SECONDS, {
        description: 'How long the old key goes on working beside the new one. Default: one day; 0 ends it at once.',
        examples: [3600]
      })
    )
  },
  { ...CLOSED, examples: [{ overlapSeconds: 3600 }] }
)

export const accountParams = {
  reseller: Type.Object({ id: PathId('reseller') }),
  supplier: Type.Object({ id: PathId('supplier') })
}

export const accountKeyParams = {
  reseller: Type.Object({ id: PathId('reseller'), keyId: PathId('key') }),
  supplier: Type.Object({ id: PathId('supplier'), keyId: PathId('key') })
}

export const operatorKeyParams = Type.Object({ keyId: PathId('key') })

export const PageQuery = Type.Object(pageQuery, CLOSED)

export const accountsSchemas: TSchema[] = [ResellerSchema, ApiKeySchema, IssuedKeySchema, ResellerPage, ApiKeyPage]
