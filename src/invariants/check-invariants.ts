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

async function evaluate(view: Queryable, { name, description, sql }: Rule): Promise<RuleResult> {
  const text = `
    WITH violation AS MATERIALIZED (${sql})
    SELECT (SELECT count(*) FROM violation)::int AS broken,
      (SELECT coalesce(jsonb_agg(to_jsonb(s)), '[]') FROM (SELECT * FROM violation LIMIT ${SAMPLE_MAX}) s) AS sample`
  // Without a name: a plan that was made when the tables were empty must not be kept for when they are full.
  const [row] = await view.query<{ broken: number; sample: Record<string, unknown>[] }>(statement('', text))
  if (row === undefined) throw new Error(`the rule ${name} answered nothing`)
  return { name, description, broken: row.broken, sample: row.sample }
}
