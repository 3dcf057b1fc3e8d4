/**
 * Buys what own stock could not fill. A turn begins reserved orders, takes what is due and starts its calls; calls run on by themselves,
 * no transaction is open meanwhile, and their outcomes are settled in batches. All that is to be done stands in the tables: a turn that
 * is lost is made up for by the next one, of any instance.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Vault } from '../../inventory/index.ts'
import type { Connection, Connections } from '../../suppliers/index.ts'
import type { Outcome } from './attempt.ts'
import { askSupplier, buyFromSupplier } from './call-supplier.ts'
import { type AttemptKey, type Claimed, claimDue, findUnsent, findUnserved, readDueSuppliers } from './claim-repository.ts'
import { loadAccounts } from './move-purchase-money.ts'
import { lockPurchases, lockReserved, readPurchaseOwners, readReservedOwners } from './repository.ts'
import { type SettleDeps, type Settlement, settlePurchases } from './settle-purchases.ts'
import { createSettler } from './settler.ts'

export interface BuyerDeps extends SettleDeps {
  readonly vault: Vault
  readonly connections: Connections
  readonly onError: (error: unknown) => void
}

export interface Buyer {
  /** Starts what is due; does not wait for suppliers. */
  turn(): Promise<void>
  /** Settles outcomes that came from elsewhere, such as a callback. */
  settle(settlement: Settlement): Promise<void>
  /** Starts nothing more; calls that answer within `CLOSE_WAIT_MS` are settled, the others are asked for after the next start. */
  close(): Promise<void>
}

/** Calls under way in this process, to all suppliers. Each holds some kilobytes and a socket. */
const CALLS_MAX = 2_000
/** One transaction begins as many orders. */
const ORDERS_PER_PLAN = 200
const SWEEP_MAX = 200
const SWEEP_EVERY_MS = 1_000
/** Longer than any call: whoever is silent for as long is dead, and the attempt is asked for. */
const LEASE_MS = 60_000
/** Someone who waits for goods is better told that there are none. */
const INTENT_WAIT_MS = 120_000
const UNSERVED_AFTER_MS = 60_000
const CLOSE_WAIT_MS = 5_000
/** Turns in a row while there is more to do; then other jobs have their turn. */
const ROUNDS_MAX = 20

export function createBuyer(deps: BuyerDeps): Buyer {
  const settler = createSettler<Settlement>(items => commit(deps, items), deps.onError)
  const underWay = new Set<Promise<void>>()
  let closed = false
  let sweptAt = Number.NEGATIVE_INFINITY

  function start(claimed: Claimed, connection: Connection, claimedAt: number): void {
    const report = (outcome: Outcome): Promise<void> => settler.add({ orderId: claimed.orderId, attemptId: claimed.id, outcome })
    const call = claimed.claimedFrom === 'intent' ? buyFromSupplier : askSupplier
    const running = call({ vault: deps.vault, connection, report }, claimed, claimedAt)
      .catch(deps.onError)
      .finally(() => void underWay.delete(running))
    underWay.add(running)
  }

  /** Returns how many calls were started. */
  async function startDue(): Promise<number> {
    const connections = await deps.connections.many(await readDueSuppliers(deps.db))
    const wanted = shareSlots([...connections.values()], CALLS_MAX - underWay.size)
    const claimedAt = performance.now()
    const claimed = await claimDue(deps.db, wanted, LEASE_MS)
    for (const each of claimed) {
      const connection = connections.get(each.supplierId)
      if (connection !== undefined) start(each, connection, claimedAt)
    }
    return claimed.length
  }

  return {
    turn: async () => {
      for (let round = 0; round < ROUNDS_MAX && !closed; round++) {
        const planned = await planReserved(deps)
        const started = await startDue()
        if (planned + started === 0) break
      }
      // After what can be asked was taken.
      if (closed || performance.now() - sweptAt < SWEEP_EVERY_MS) return
      sweptAt = performance.now()
      await sweep(deps, settler.add)
    },
    settle: settler.add,
    close: async () => {
      closed = true
      const timer = new AbortController()
      await Promise.race([Promise.all(underWay), wait(CLOSE_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined)])
      timer.abort()
      await settler.drain()
    }
  }
}

/** What each supplier may be asked now, within what this process may have under way. */
function shareSlots(connections: readonly Connection[], max: number) {
  const share = connections.length === 0 ? 0 : Math.max(1, Math.floor(max / connections.length))
  return connections
    .map(connection => ({
      supplierId: connection.supplier.id,
      slots: max <= 0 ? 0 : Math.min(connection.slots(), share),
      buys: connection.supplier.state === 'active'
    }))
    .filter(({ slots }) => slots > 0)
}

async function commit(deps: BuyerDeps, settlements: readonly Settlement[]): Promise<void> {
  const orderIds = [...new Set(settlements.map(({ orderId }) => orderId))]
  await loadAccounts(deps.wallets, await readPurchaseOwners(deps.db, orderIds))
  const { counters } = await deps.db.tx(async tx => await settlePurchases(deps, tx, await lockPurchases(tx, orderIds), settlements))
  for (const [skuId, available] of counters) deps.noteStock(skuId, available)
}

/** Reserved orders get their first attempts, or fail because nobody sells. Returns how many. */
async function planReserved(deps: BuyerDeps): Promise<number> {
  const waiting = await readReservedOwners(deps.db, ORDERS_PER_PLAN)
  if (waiting.length === 0) return 0
  await loadAccounts(deps.wallets, waiting)
  return await deps.db.tx(async tx => {
    // An order whose accounts are not loaded has just come; the next turn has it.
    const orders = (await lockReserved(tx, ORDERS_PER_PLAN)).filter(
      order => order.total === 0n || deps.wallets.find(order.resellerId, order.currency) !== undefined
    )
    const { purchases } = await settlePurchases(deps, tx, orders, [])
    return purchases.length
  })
}

async function sweep(deps: BuyerDeps, add: (settlement: Settlement) => Promise<void>): Promise<void> {
  const [unsent, unserved] = await Promise.all([findUnsent(deps.db, INTENT_WAIT_MS, SWEEP_MAX), findUnserved(deps.db, UNSERVED_AFTER_MS, SWEEP_MAX)])
  const settlement = ({ id, orderId }: AttemptKey, outcome: Outcome): Settlement => ({ attemptId: id, orderId, outcome })
  await Promise.all([
    ...unsent.map(key => add(settlement(key, { kind: 'withdrawn', detail: 'it could not be sent in time' }))),
    ...unserved.map(key => add(settlement(key, { kind: 'unserved', detail: 'its supplier cannot be asked' })))
  ])
}
