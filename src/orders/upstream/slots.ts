/** How many calls each supplier may be asked to take now, within what this process may have under way. */
import type { Connection } from '../../suppliers/index.ts'
import type { Want } from './claim-repository.ts'

/** Its own slots, and no more than an even share of ours. */
export function shareSlots(connections: readonly Connection[], max: number): Want[] {
  const share = connections.length === 0 ? 0 : Math.max(1, Math.floor(max / connections.length))
  return connections
    .map(connection => ({
      supplierId: connection.supplier.id,
      slots: max <= 0 ? 0 : Math.min(connection.slots(), share),
      buys: connection.supplier.state === 'active'
    }))
    .filter(({ slots }) => slots > 0)
}

/** Hands out, one by one, the slots of those who are bought from. `onShort`: there was none left. */
export function slotTaker(wants: readonly Want[], onShort: () => void): (supplierId: string) => boolean {
  const left = new Map(wants.filter(({ buys }) => buys).map(({ supplierId, slots }) => [supplierId, slots]))
  return supplierId => {
    const slots = left.get(supplierId) ?? 0
    if (slots > 0) left.set(supplierId, slots - 1)
    else onShort()
    return slots > 0
  }
}
