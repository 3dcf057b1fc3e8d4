/** Calls to suppliers that this process has under way, and how many more it may start. */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import type { Vault } from '../../inventory/index.ts'
import type { CallbackUrlOf, Connection, Connections } from '../../suppliers/index.ts'
import type { OrderInputs } from '../order-input.ts'
import type { Outcome } from './attempt.ts'
import { askSupplier, buyFromSupplier } from './call-supplier.ts'
import type { Claimed, Want } from './claim-repository.ts'
import type { NewAttempt, Purchase, PurchaseOrder } from './decide-purchase.ts'
import type { Settlement } from './settle-purchases.ts'
import { shareSlots } from './slots.ts'

export interface CallsDeps {
  readonly vault: Vault
  readonly inputs: Pick<OrderInputs, 'open'>
  readonly connections: Connections
  readonly callbackUrlOf: CallbackUrlOf
  readonly onError: (error: unknown, orderId?: string) => void
  /** After each call. */
  readonly onOutcome?: (call: FinishedCall) => void
  /** Resolves when the outcome is stored. */
  readonly settle: (settlement: Settlement) => Promise<void>
  /** A call has ended. */
  readonly onEnd: () => void
}

export interface FinishedCall {
  readonly supplierId: string
  readonly orderId: string
  readonly attemptId: string
  readonly kind: 'buy' | 'ask'
  readonly outcome: Outcome['kind']
  readonly durationMs: number
}

export interface Slots {
  readonly connections: ReadonlyMap<string, Connection>
  readonly wants: readonly Want[]
  /** On the clock of this process. */
  readonly at: number
}

export interface Calls {
  slotsOf(supplierIds: readonly string[]): Promise<Slots>
  /** What was claimed with these slots. */
  start(claimed: Claimed, slots: Slots): void
  /** What was committed as sent with these slots. */
  startSent(purchases: readonly Purchase[], slots: Slots): void
  /** Resolves when all have ended, or after `maxMs`. */
  finish(maxMs: number): Promise<void>
}

/** To all suppliers. Each holds some kilobytes and a socket. */
const CALLS_MAX = 4_000
/** Calls that begin in one turn of the event loop; others' requests come in between. */
const CALLS_PER_TURN = 16

export function createCalls(deps: CallsDeps): Calls {
  const underWay = new Set<Promise<void>>()

  function start(claimed: Claimed, { connections, at }: Slots): void {
    const connection = connections.get(claimed.supplierId)
    if (connection === undefined) return
    const { orderId, id: attemptId, resellerId, currency } = claimed
    const isNew = claimed.claimedFrom === 'intent'
    const call = { supplierId: claimed.supplierId, orderId, attemptId, kind: isNew ? 'buy' : 'ask' } as const
    const startedAt = performance.now()
    const report = (outcome: Outcome): Promise<void> => {
      deps.onOutcome?.({ ...call, outcome: outcome.kind, durationMs: performance.now() - startedAt })
      return deps.settle({ orderId, attemptId, outcome, owner: { resellerId, currency } })
    }
    const run = isNew ? buyFromSupplier : askSupplier
    const running = run({ vault: deps.vault, inputs: deps.inputs, connection, callbackUrlOf: deps.callbackUrlOf, report }, claimed, at)
      .catch((error: unknown) => deps.onError(error, orderId))
      .finally(() => {
        underWay.delete(running)
        deps.onEnd()
      })
    underWay.add(running)
  }

  function startInTurns(claimed: readonly Claimed[], slots: Slots): void {
    for (const each of claimed.slice(0, CALLS_PER_TURN)) start(each, slots)
    const rest = claimed.slice(CALLS_PER_TURN)
    if (rest.length === 0) return
    const later = nextTurn().then(() => {
      underWay.delete(later)
      startInTurns(rest, slots)
    })
    underWay.add(later)
  }

  return {
    slotsOf: async supplierIds => {
      const connections = await deps.connections.many(supplierIds)
      return { connections, wants: shareSlots([...connections.values()], CALLS_MAX - underWay.size), at: performance.now() }
    },
    start,
    startSent: (purchases, slots) => {
      const claimed = purchases.flatMap(({ order, decision }) =>
        (decision?.attempts ?? []).flatMap(attempt => (attempt.leaseMs === null ? [] : [toClaimed(order, attempt)]))
      )
      startInTurns(claimed, slots)
    },
    finish: async maxMs => {
      const timer = new AbortController()
      const all = async (): Promise<void> => {
        while (underWay.size > 0) await Promise.all(underWay)
      }
      await Promise.race([all(), wait(maxMs, undefined, { signal: timer.signal }).catch(() => undefined)])
      timer.abort()
    }
  }
}

const toClaimed = (order: PurchaseOrder, { id, offer, reference, positions, currency, maxUnitCost }: NewAttempt): Claimed => ({
  id,
  orderId: order.id,
  resellerId: order.resellerId,
  supplierId: offer.supplierId,
  skuId: order.skuId,
  productCode: offer.productCode,
  reference,
  quantity: positions.length,
  currency,
  maxUnitCost,
  upstreamId: null,
  claimedFrom: 'intent',
  input: order.input,
  isTopUp: order.isTopUp
})
