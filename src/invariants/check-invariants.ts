import { type Db, type Queryable, statement } from '../kit/db/index.ts'
import type { Rule } from './rule.ts'
import { RULES } from './rules.ts'

export interface RuleResult {
  readonly name: string
  readonly description: string
  /** How many rows break the rule. */
  readonly broken: number
  /** The first of them. */
  readonly sample: readonly Readonly<Record<string, unknown>>[]
}

export interface InvariantReport {
  readonly ok: boolean
  readonly checkedAt: Date
  readonly data: readonly RuleResult[]
}

/** Enough to find the cause; the count says how many there are. */
export const SAMPLE_MAX = 10

/**
 * Evaluates every rule now, in one snapshot, so that running orders are seen whole or not at all. Reads whole tables: seconds on a
 * million orders. Repairs nothing.
 * Throws: overloaded, dependency_unavailable.
 */
export async function checkInvariants(db: Db): Promise<InvariantReport> {
  return await db.snapshot(async view => {
    const [[now], data] = await Promise.all([view.query<{ now: Date }>(NOW), Promise.all(RULES.map(rule => evaluate(view, rule)))])
    return { ok: data.every(result => result.broken === 0), checkedAt: now?.now ?? new Date(), data }
  })
}

const NOW = statement('invariants_now', 'SELECT now() AS now')

/** Without a name: a plan that was made when the tables were empty must not be kept for when they are full. */
const evaluate = async (view: Queryable, rule: Rule): Promise<RuleResult> =>
  await evaluateIn(view, [rule], { tables: '', position: 'NULL::text', values: [] }).then(({ results: [result] }) => {
    if (result === undefined) throw new Error(`the rule ${rule.name} answered nothing`)
    return result
  })

/** A part of the data: table expressions that stand in the place of the tables of the same names. */
export interface Part {
  /** `name AS (…), …`, or nothing: the tables themselves. */
  readonly tables: string
  /** Where the next part begins; null: this was the last one. */
  readonly position: string
  readonly values: readonly unknown[]
}

interface PartRow {
  position: string | null
  results: { broken: number; sample: Record<string, unknown>[] }[]
}

// What a rule joins is already a part that was read by index. The planner knows nothing of the size of such parts, and tables that have just
// been filled have no statistics: it once joined 18,000 orders with each other row by row, for a minute.
const PLAN_FOR_PARTS = statement('invariants_plan', `SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)`)

/** Evaluates rules on a part of the data, in one statement. */
export async function evaluateIn(
  view: Queryable,
  rules: readonly Rule[],
  { tables, position, values }: Part
): Promise<{ position: string | null; results: RuleResult[] }> {
  const violations = rules.map(({ sql }, index) => `violation_${index} AS MATERIALIZED (${sql})`)
  const results = rules.map(
    (_, index) => `jsonb_build_object('broken', (SELECT count(*) FROM violation_${index}),
      'sample', (SELECT coalesce(jsonb_agg(to_jsonb(s)), '[]') FROM (SELECT * FROM violation_${index} LIMIT ${SAMPLE_MAX}) s))`
  )
  const text = `WITH ${[...(tables === '' ? [] : [tables]), ...violations].join(',\n')}
    SELECT ${position} AS position, jsonb_build_array(${results.join(', ')}) AS results`
  const [, [row]] = await Promise.all([view.query(PLAN_FOR_PARTS, []), view.query<PartRow>(statement('', text), values)])
  if (row === undefined) throw new Error('the rules answered nothing')
  return {
    position: row.position,
    results: rules.map(({ name, description }, index) => ({ name, description, ...(row.results[index] ?? { broken: 0, sample: [] }) }))
  }
}
