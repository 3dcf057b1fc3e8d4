/** One turn at reading a supplier: its balance, its products page by page, and by themselves those that no page named. No transaction is open meanwhile. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Db } from '../../kit/db/index.ts'
import type { Connection } from '../connections.ts'
import type { SupplierBalance } from '../contract.ts'
import { type ApplyReportsDeps, applyReports } from './apply-reports.ts'
import { type SourceReport, toReport } from './report.ts'
import { advanceSync, type SyncEnd, type SyncTurn, takeUnseen } from './sync-repository.ts'

export interface ReadProductsDeps extends ApplyReportsDeps {
  readonly db: Db
  readonly noteBalance: (supplierId: string, balance: SupplierBalance) => Promise<void>
  readonly isClosing: () => boolean
}

/** Longer than a turn and its last call. */
export const SYNC_LEASE_MS = 180_000
/** Then others have their turn, and the pass goes on with the next. */
const TURN_MAX_MS = 45_000
/** A list that does not end is cut here. */
const PAGES_MAX = 10_000
/** Products that are asked for by themselves in one pass. */
export const UNSEEN_MAX = 50
const QUESTIONS_AT_ONCE = 4
/** What changed shortly before the last pass began may have been missing in its pages. */
const OVERLAP_MS = 300_000
const RETRY_BASE_MS = 5_000
const RETRY_MAX_MS = 3_600_000
/** Then the cursor is given up: it may not be good any more. */
const CURSOR_FAILURES_MAX = 5
/** Many suppliers are not all read in the same moment. */
const JITTER = 0.1

interface Turn {
  readonly turn: SyncTurn
  readonly connection: Connection
  /** Between two questions: orders have at least half of what the supplier takes. */
  readonly paceMs: number
  readonly isOver: () => boolean
}

export async function readProducts(deps: ReadProductsDeps, turn: SyncTurn, connection: Connection | undefined): Promise<SyncEnd> {
  const nextInMs = turn.everySeconds * 1_000 * (1 + JITTER * (2 * Math.random() - 1))
  if (connection === undefined) return { nextInMs, detail: 'it cannot be called', pass: 'anew' }
  const { rateLimit, listProducts } = connection.adapter.capabilities
  const until = performance.now() + TURN_MAX_MS
  const context: Turn = {
    turn,
    connection,
    paceMs: rateLimit === null ? 0 : (2 * rateLimit.perMs) / rateLimit.requests,
    isOver: () => deps.isClosing() || performance.now() > until
  }
  if (turn.cursor === null) await readBalance(deps, context)
  if (!turn.hasSources) return { nextInMs, detail: null, pass: 'anew' }
  const end = listProducts ? await readPages(deps, context) : null
  if (end !== null) return end
  await askForUnseen(deps, context)
  return { nextInMs, detail: null, pass: 'done' }
}

async function readBalance(deps: ReadProductsDeps, { turn, connection, paceMs }: Turn): Promise<void> {
  const asked = await connection.ask(client => client.balance())
  if (asked.kind === 'answer' && asked.value !== null) await deps.noteBalance(turn.supplierId, asked.value)
  await wait(paceMs)
}

/** Each page is applied, and the place after it kept, before the next is asked for. Null: the last page was reached. */
async function readPages(deps: ReadProductsDeps, { turn, connection, paceMs, isOver }: Turn): Promise<SyncEnd | null> {
  const since = turn.since === null ? null : new Date(turn.since.getTime() - OVERLAP_MS)
  let { cursor } = turn
  for (let pages = turn.pages; ; pages++) {
    if (isOver()) return { nextInMs: 0, detail: null, pass: 'later' }
    const at = momentOf(turn)
    const asked = await connection.ask(client => client.listProducts(cursor, since))
    if (asked.kind === 'not_sent') return failed(turn, 'it is left alone for a while')
    if (asked.kind === 'unknown' || asked.value === null) return failed(turn, 'its products cannot be read')
    const { products, nextCursor } = asked.value
    await applyReports(
      deps,
      products.map(product => toReport(turn.supplierId, product, at))
    )
    if (nextCursor === null) return null
    if (nextCursor === cursor || pages >= PAGES_MAX) return { ...failed(turn, 'its list does not end'), pass: 'anew' }
    if (!(await advanceSync(deps.db, turn, nextCursor, SYNC_LEASE_MS))) return { nextInMs: 0, detail: null, pass: 'later' }
    cursor = nextCursor
    await wait(paceMs)
  }
}

function failed({ failures }: SyncTurn, detail: string): SyncEnd {
  const nextInMs = Math.min(RETRY_BASE_MS * 2 ** Math.min(failures, 20), RETRY_MAX_MS)
  return { nextInMs, detail, pass: (failures + 1) % CURSOR_FAILURES_MAX === 0 ? 'anew' : 'later' }
}

async function askForUnseen(deps: ReadProductsDeps, { turn, connection, paceMs, isOver }: Turn): Promise<void> {
  const codes = await takeUnseen(deps.db, turn, UNSEEN_MAX)
  const atOnce = paceMs > 0 ? 1 : QUESTIONS_AT_ONCE
  for (let start = 0; start < codes.length && !isOver(); start += atOnce) {
    const reports = await Promise.all(codes.slice(start, start + atOnce).map(code => askFor(turn, connection, code, paceMs)))
    await applyReports(deps, reports.flat())
    await wait(paceMs)
  }
}

/** Nothing, where the supplier says nothing: what was known of it stands. */
async function askFor(turn: SyncTurn, connection: Connection, productCode: string, paceMs: number): Promise<SourceReport[]> {
  const at = momentOf(turn)
  const quoted = await connection.ask(client => client.quote(productCode, 1))
  await wait(paceMs)
  const counted = await connection.ask(client => client.checkStock(productCode, 1))
  const quote = quoted.kind === 'answer' ? quoted.value : null
  const available = counted.kind === 'answer' ? counted.value : null
  if (quote === null && available === null) return []
  const unitCost = quote === null ? null : { amount: quote.unitCost, currency: quote.currency }
  return [{ supplierId: turn.supplierId, productCode, at, unitCost, stock: available === null ? null : { available }, onSale: null }]
}

/** Never before the pass, whatever the clocks of two machines say. */
const momentOf = ({ startedAt }: SyncTurn): Date => new Date(Math.max(Date.now(), startedAt.getTime()))
