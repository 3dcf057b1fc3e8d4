/** The trail and the report of its verification. */
import { type TSchema, Type } from 'typebox'
import { Int, Nullable, OneOf, PageOf, pageQuery, Ref, Str, Timestamp } from '../http/index.ts'

const NAME_MAX = 300
const HASH = '^[0-9a-f]{64}$'

const Seq = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description, examples: [4711] })
const Hash = (description: string) => Str(64, { min: 64, pattern: HASH, description, examples: ['9f'.repeat(32)] })
const Values = (description: string) => Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description })

export const AuditEntrySchema = Type.Object(
  {
    seq: Seq('1, 2, 3 … without a gap.'),
    at: Timestamp(),
    actor: Str(NAME_MAX, { description: "An operator's key (`key_…`), `bootstrap`, `jwt:` and the token's subject, or `command`." }),
    action: Str(NAME_MAX, { description: 'The operation of this API, or the name of a command.' }),
    requestId: Nullable(Str(NAME_MAX, { description: 'As in `x-request-id` and in the log.' })),
    target: Values('The ids in the path.'),
    detail: Values('What was asked for, from which address. Secrets are not kept.'),
    hash: Hash('SHA-256 of this entry and of the hash before it.')
  },
  {
    $id: 'AuditEntry',
    examples: [
      {
        seq: 4711,
        at: '2026-11-23T08:30:00.000Z',
        actor: 'bootstrap',
        action: 'pauseSku',
        requestId: 'req_a1b2c3d4000001',
        target: { id: 'sku_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10' },
        detail: { ip: '203.0.113.7' },
        hash: '9f'.repeat(32)
      }
    ]
  }
)

export const AuditPage = Type.Object(PageOf(Ref(AuditEntrySchema)).properties, { $id: 'AuditPage' })

const LinkSchema = Type.Object({ seq: Seq('Number of the last entry; 0: there is none.'), hash: Hash('Its hash.') })

export const AuditReportSchema = Type.Object(
  {
    ok: Type.Boolean({ description: 'True: no entry was changed, removed or put in.' }),
    checkedAt: Timestamp(),
    entries: Int(0, 2_147_483_647, { description: 'How many were checked.' }),
    head: Type.Object(LinkSchema.properties, { description: 'Note it elsewhere, and ask with it later.' }),
    broken: Nullable(
      Type.Object({
        seq: Seq('The first entry that is wrong.'),
        reason: OneOf(['changed', 'missing_before', 'end_missing', 'not_as_noted'], { description: 'What is wrong with it.' })
      })
    )
  },
  {
    $id: 'AuditReport',
    examples: [{ ok: true, checkedAt: '2026-11-23T08:30:00.000Z', entries: 4711, head: { seq: 4711, hash: '9f'.repeat(32) }, broken: null }]
  }
)

export const AuditQuery = Type.Object(
  {
    ...pageQuery,
    actor: Type.Optional(Str(NAME_MAX, { min: 1, description: 'Only of this actor.' })),
    action: Type.Optional(Str(NAME_MAX, { min: 1, description: 'Only this action.', examples: ['creditWallet'] }))
  },
  { additionalProperties: false }
)

export const VerifyQuery = Type.Object(
  {
    seq: Type.Optional(
      Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description: 'An entry whose hash was noted; with `hash`.' })
    ),
    hash: Type.Optional(Hash('The hash that was noted.'))
  },
  { additionalProperties: false }
)

export const auditSchemas: TSchema[] = [AuditEntrySchema, AuditPage, AuditReportSchema]
