/** Reads prices, stock and balance of suppliers, each at its own interval. What is due stands in the database; any instance takes it. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Connections } from '../connections.ts'
import type { SupplierBalance } from '../contract.ts'
import type { ApplyReportsDeps } from './apply-reports.ts'
import { noteBalance } from './note-balance.ts'
import { readProducts, SYNC_LEASE_MS, UNSEEN_MAX } from './read-products.ts'
import { claimSyncs, releaseSync, type SyncTurn } from './sync-repository.ts'

export interface SyncerDeps extends ApplyReportsDeps {
  readonly connections: Pick<Connections, 'many'>
  readonly onError: (error: unknown) => void
  /** A balance has become low, or is not any more. */
  readonly onBalance: (crossing: 'low' | 'restored', supplier: { readonly supplierId: string; readonly name: string }) => void
}

export interface Syncer {
  /** Starts what is due; does not wait for suppliers. */
  turn(): Promise<void>
  /** Starts nothing more; readings under way stop after their next answer, and go on from there at the next start. */
  close(): Promise<void>
}

/** Suppliers that are read at a time, by this process. A slow one holds one place. */
const READINGS_MAX = 20
const CLOSE_WAIT_MS = 5_000

export function createSyncer(deps: SyncerDeps): Syncer {
  const underWay = new Set<Promise<void>>()
  let closed = false

  async function keepBalance(supplierId: string, balance: SupplierBalance): Promise<void> {
    const note = await noteBalance(deps.db, supplierId, balance)
    if (note?.crossing) deps.onBalance(note.crossing, { supplierId, name: note.name })
  }

  async function read(turn: SyncTurn): Promise<void> {
    const connection = (await deps.connections.many([turn.supplierId])).get(turn.supplierId)
    const end = await readProducts({ ...deps, noteBalance: keepBalance, isClosing: () => closed }, turn, connection)
    await releaseSync(deps.db, turn, end)
  }

  return {
    turn: async () => {
      const limit = READINGS_MAX - underWay.size
      if (closed || limit <= 0) return
      for (const turn of await claimSyncs(deps.db, { limit, leaseMs: SYNC_LEASE_MS, newMax: UNSEEN_MAX })) {
        const reading = read(turn)
          // Its lease ends, and then it goes on.
          .catch(deps.onError)
          .finally(() => void underWay.delete(reading))
        underWay.add(reading)
      }
    },
    close: async () => {
      closed = true
      const timer = new AbortController()
      await Promise.race([Promise.all(underWay), wait(CLOSE_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined)])
      timer.abort()
    }
  }
}
