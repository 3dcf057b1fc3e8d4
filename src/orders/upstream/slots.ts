/** How many calls each supplier may be asked to take now, within what this process may have under way. */
import type { Connection } from '../../suppliers/index.ts'
import { leaseFor } from './attempt.ts'
import type { Want } from './claim-repository.ts'
import type { TakeSlot } from './decide-purchase.ts'

/** Its own slots, and no more than an even share of ours. */
export function shareSlots(connections: readonly Connection[], max: number): Want[] {
  const share = connections.length === 0 ? 0 : Math.max(1, Math.floor(max / connections.length))
  return connections
    .map(connection => ({
      supplierId: connection.supplier.id,
      slots: max <= 0 ? 0 : Math.min(connection.slots(), share),
      leaseMs: leaseFor(connection.callTimeoutMs),
      buys: connection.supplier.state === 'active'
    }))
    .filter(({ slots }) => slots > 0)
}

/** Hands out, one by one, the slots of those who are bought from. `onShort`: there was none left. */
export function slotTaker(wants: readonly Want[], onShort: () => void): TakeSlot {
  const left = new Map(wants.filter(({ buys }) => buys).map(want => [want.supplierId, { ...want }]))
  return supplierId => {
    const want = left.get(supplierId)
    if (want !== undefined && want.slots > 0) {
      want.slots--
      return want.leaseMs
    }
    onShort()
    return null
  }
}
