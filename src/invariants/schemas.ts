/** The report of the invariants. */
import { type TSchema, Type } from 'typebox'
import { Int, List, Nullable, OneOf, Ref, Str, Timestamp } from '../http/index.ts'
import { SAMPLE_MAX } from './check-invariants.ts'

const RULES_MAX = 100
const NOTE_MAX = 500

const InvariantSchema = Type.Object(
  {
    name: Str(80),
    description: Str(500, { description: 'What holds.' }),
    broken: Int(0, 2_147_483_647, { description: 'How many rows break it; 0: it holds.' }),
    sample: List(
      Type.Unsafe<Record<string, unknown>>({
        type: 'object',
        additionalProperties: true,
        description: 'Bare uuids and amounts in 1/10000 of the unit.'
      }),
      SAMPLE_MAX,
      { description: 'The first rows that break it, as they are in the database.' }
    )
  },
  {
    $id: 'Invariant',
    examples: [
      {
        name: 'ledger_sums_to_zero',
        description: 'The balances of all accounts of a currency sum to zero: money only moves, it never appears.',
        broken: 0,
        sample: []
      }
    ]
  }
)

export const InvariantReportSchema = Type.Object(
  {
    ok: Type.Boolean({ description: 'True: every rule holds.' }),
    checkedAt: Timestamp('The moment of the snapshot.'),
    data: List(Ref(InvariantSchema), RULES_MAX)
  },
  { $id: 'InvariantReport' }
)

export const INTAKE_CHANGES_MAX = 20

const CHANGES = ['stopped', 'resumed'] as const

export const IntakeSchema = Type.Object(
  {
    state: OneOf(['open', 'stopped'], { description: '`stopped`: new orders are refused on every instance.' }),
    stoppedAt: Nullable(Timestamp()),
    reasons: List(Ref(InvariantSchema), RULES_MAX, { description: 'The rules that were found broken since it was stopped.' }),
    verifiedAt: Nullable(Timestamp('All money that moved before this moment has been verified. Null: never so far.')),
    changes: List(
      Type.Object({
        kind: OneOf(CHANGES),
        actor: Str(300, { description: 'Who did it; `kahub`: the watch over the rules.' }),
        note: Nullable(Str(NOTE_MAX)),
        rules: List(Str(80), RULES_MAX, { description: 'What it was stopped for.' }),
        createdAt: Timestamp()
      }),
      INTAKE_CHANGES_MAX,
      { description: 'The last of them, newest first.' }
    )
  },
  { $id: 'Intake', examples: [{ state: 'open', stoppedAt: null, reasons: [], verifiedAt: '2026-11-23T08:30:00.000Z', changes: [] }] }
)

export const ResumeIntakeBody = Type.Object(
  { note: Type.Optional(Str(NOTE_MAX, { description: 'What was wrong, for whoever reads the changes.' })) },
  { additionalProperties: false, examples: [{ note: 'A balance was edited by hand; restored.' }] }
)

export const invariantsSchemas: TSchema[] = [InvariantSchema, InvariantReportSchema, IntakeSchema]
