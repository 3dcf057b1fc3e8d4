/** Redis as the leases see it: it may be away, forget everything, grant a lease twice, or never tell of one. */
import type { LeaseAnswer, Leases } from '../../../src/kit/lock.ts'
import type { Machine, Owner } from '../machine.ts'

const TTL_MS = 10_000

interface Listener {
  readonly owner: Owner
  readonly wanted: ((name: string) => void)[]
  readonly freed: ((name: string) => void)[]
}

export class ModelRedis {
  readonly #machine: Machine
  readonly #held = new Map<string, { owner: Owner; until: number }>()
  readonly #listeners = new Set<Listener>()
  awayUntil = 0
  /** How likely a message gets lost, or a lease is granted although it is taken. */
  loss = 0
  lie = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  flush(): void {
    this.#held.clear()
  }

  /** Its clock jumped, or it lost its memory of one lease. */
  expire(name: string): void {
    this.#held.delete(name)
  }

  /** Nobody gives it back. */
  persist(name: string): void {
    const lease = this.#held.get(name)
    if (lease !== undefined) lease.until = Number.POSITIVE_INFINITY
  }

  connect(owner: Owner): Leases {
    const machine = this.#machine
    const listener: Listener = { owner, wanted: [], freed: [] }
    this.#listeners.add(listener)
    return {
      take: name =>
        new Promise<LeaseAnswer>(resolve => {
          machine.after(machine.chance(), null, () => {
            const answer = this.#take(name, owner)
            machine.note(answer, 0)
            machine.after(machine.chance(), owner, () => resolve(answer))
          })
        }),
      giveBack: name =>
        new Promise<void>(resolve => {
          machine.after(machine.chance(), null, () => {
            if (this.#held.get(name)?.owner === owner && machine.now >= this.awayUntil) {
              this.#held.delete(name)
              this.#tell('freed', name, owner)
            }
            machine.after(machine.chance(), owner, resolve)
          })
        }),
      want: name => this.#tell('wanted', name, owner),
      onWanted: listen => listener.wanted.push(listen),
      onFreed: listen => listener.freed.push(listen),
      close: async () => undefined
    }
  }

  #take(name: string, owner: Owner): LeaseAnswer {
    const machine = this.#machine
    if (machine.now < this.awayUntil) return 'unknown'
    const lease = this.#held.get(name)
    const isFree = lease === undefined || lease.until <= machine.now || lease.owner === owner || machine.chance() < this.lie
    if (!isFree) return 'taken'
    this.#held.set(name, { owner, until: machine.now + TTL_MS })
    return 'granted'
  }

  #tell(what: 'wanted' | 'freed', name: string, sender: Owner): void {
    const machine = this.#machine
    if (machine.now < this.awayUntil) return
    for (const { owner, [what]: listeners } of this.#listeners) {
      if (!owner.alive) continue
      if (owner === sender || machine.chance() < this.loss) continue
      machine.after(machine.chance(), owner, () => {
        for (const listen of listeners) listen(name)
      })
    }
  }
}
