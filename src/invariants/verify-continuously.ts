/**
 * The watch over money and stock, in production and all the time. Each run verifies every ledger entry since the last one, with the
 * orders whose money it moved; and then goes on with walks over everything that is old, as far as its share of time reaches: a small
 * database is verified whole in each run, a large one over hours. What it finds broken stops the intake of orders. Repairs nothing.
 */
import type { Db } from '../kit/db/index.ts'
import { evaluateIn, type RuleResult, SAMPLE_MAX } from './check-invariants.ts'
import { balances, cardsAfter, ordersAfter, skusAfter, type Walk, whole } from './parts-repository.ts'
import { claimWatch, finishWatch, readScans, saveScan } from './repository.ts'
import type { Rule } from './rule.ts'
import { RULES_OF_ALL, RULES_OF_BALANCES, RULES_OF_CARDS, RULES_OF_ORDERS, RULES_OF_SKUS, stopsIntake } from './rules.ts'
import { stopIntake } from './stop-intake.ts'
import { verifyNewEntries, verifyOldEntries } from './verify-ledger.ts'

export interface WatchDeps {
  readonly db: Db
  /** Of this process. */
  readonly watcherId: string
}

/** New money is verified within a minute: this, and the time that a run takes. */
const EVERY_MS = 20_000
/** A run that is silent for longer is dead. It ends by itself long before. */
const LEASE_MS = 300_000
/** New entries of an hour without a worker are caught up with over several runs. */
const NEW_ENTRIES_MAX_MS = 15_000
/** The walks' share of each run: they go on for ever, and orders need the database. */
const WALK_MS = 500
/** A walk that came to its end rests. */
const PASS_EVERY_MS = 60_000
/** What can only be told from everything rests this many times as long as it took. */
const REST_FACTOR = 50

/** Returns what is broken; null: it was not due, or another worker is at it. Throws: overloaded, dependency_unavailable. */
export async function verifyContinuously({ db, watcherId: holder }: WatchDeps): Promise<RuleResult[] | null> {
  const claimedAt = await claimWatch(db, holder, LEASE_MS)
  if (claimedAt === null) return null
  const startedAt = performance.now()
  const isPast = (ms: number) => () => performance.now() - startedAt > ms
  let isComplete = false
  try {
    const fresh = await verifyNewEntries(db, isPast(NEW_ENTRIES_MAX_MS))
    const standing = await db.snapshot(view => evaluateIn(view, RULES_OF_BALANCES, balances))
    const found = merge([...fresh.results, ...standing.results])
    await stopIntake(db, found)
    const walkStartedAt = performance.now()
    const old = await walk(db, () => performance.now() - walkStartedAt > WALK_MS)
    const all = merge([...found, ...old])
    await stopIntake(db, all)
    isComplete = fresh.isComplete
    return all
  } finally {
    await finishWatch(db, { holder, claimedAt, isComplete, everyMs: EVERY_MS })
  }
}

interface Step {
  readonly results: readonly RuleResult[]
  /** Null: this was the end. */
  readonly position: string | null
}

type Walker = (db: Db, position: string | null) => Promise<Step>

/** Rows of one step of a walk: some hundred milliseconds each. */
const over =
  (walk: Walk, rules: readonly Rule[], limit: number): Walker =>
  async (db, position) =>
    await db.snapshot(view => evaluateIn(view, rules, walk(position, limit)))

const WALKS: Readonly<Record<string, Walker>> = {
  entries: verifyOldEntries,
  orders: over(ordersAfter, RULES_OF_ORDERS, 5_000),
  cards: over(cardsAfter, RULES_OF_CARDS, 20_000),
  skus: over(skusAfter, RULES_OF_SKUS, 200)
}

/** One step of each in turn, until the time is up or all have come to their end. */
async function walk(db: Db, isTimeUp: () => boolean): Promise<RuleResult[]> {
  const scans = await readScans(db)
  const results: RuleResult[] = []
  const positions = new Map<string, string | null>()
  for (const name of Object.keys(WALKS)) if (scans.get(name)?.isDue !== false) positions.set(name, scans.get(name)?.position ?? null)
  while (positions.size > 0 && !isTimeUp()) {
    for (const [name, position] of [...positions]) {
      const step = await WALKS[name]!(db, position)
      results.push(...step.results)
      await saveScan(db, name, step.position, PASS_EVERY_MS)
      if (step.position === null) positions.delete(name)
      else positions.set(name, step.position)
    }
  }
  if (scans.get(WHOLE)?.isDue !== false) results.push(...(await verifyWhole(db)))
  return results
}

const WHOLE = 'whole'

/** Each rule by itself: the time that a statement may take is for one of them. One that took too long has its rest like any other. */
async function verifyWhole(db: Db): Promise<readonly RuleResult[]> {
  const startedAt = performance.now()
  try {
    const found: RuleResult[] = []
    for (const rule of RULES_OF_ALL) found.push(...(await db.snapshot(view => evaluateIn(view, [rule], whole))).results)
    return found
  } finally {
    await saveScan(db, WHOLE, null, Math.max(PASS_EVERY_MS, Math.round(REST_FACTOR * (performance.now() - startedAt))))
  }
}

/** Each broken rule once, with all that was found of it. */
function merge(results: readonly RuleResult[]): RuleResult[] {
  const broken = results.filter(result => result.broken > 0 && stopsIntake(result.name))
  return [...Map.groupBy(broken, ({ name }) => name).values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const all = [first, ...others]
    return [{ ...first, broken: all.reduce((sum, each) => sum + each.broken, 0), sample: all.flatMap(each => each.sample).slice(0, SAMPLE_MAX) }]
  })
}
