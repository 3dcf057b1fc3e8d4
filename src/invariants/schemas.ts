/** The report of the invariants. */
import { type TSchema, Type } from 'typebox'
import { Int, List, Ref, Str, Timestamp } from '../http/index.ts'
import { SAMPLE_MAX } from './check-invariants.ts'

const RULES_MAX = 100

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

export const invariantsSchemas: TSchema[] = [InvariantSchema, InvariantReportSchema]
