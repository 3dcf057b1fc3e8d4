/** A TCP link that can be slow, cut, silent, lossy or dripping, between a client that knows only its port and a target that may move. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type LinkFault =
  | { readonly kind: 'none' }
  /** Every piece is this much later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Open connections are reset, and new ones as they come. */
  | { readonly kind: 'refuse' }
  /** Open connections are reset, once; new ones are fine. */
  | { readonly kind: 'cut' }
  /** Nothing arrives on either side, for ever, and nobody is told; when it ends, what was lost is made known by a reset. */
  | { readonly kind: 'half_open' }
  /** Nothing arrives while it lasts; then all of it does, late. */
  | { readonly kind: 'stall' }
  /** The target gets everything; its answers are lost, and then the connection. */
  | { readonly kind: 'swallow' }
  /** Byte by byte. */
  | { readonly kind: 'drip' }

export interface Target {
  readonly host: string
  readonly port: number
}

export interface Link {
  readonly port: number
  setFault(fault: LinkFault): void
  /** Null: nobody is there. */
  setTarget(target: Target | null): void
  /** Connections that are open now. */
  open(): number
  close(): void
}

/** What a swallowed answer is followed by. */
const SWALLOWED_RESET_MS = 40
const DRIP_EVERY_MS = 2

interface State {
  fault: LinkFault
  target: Target | null
  readonly pairs: Set<Pair>
}

export async function openLink(initial: Target | null): Promise<Link> {
  const state: State = { fault: { kind: 'none' }, target: initial, pairs: new Set() }
  const server = createServer({ noDelay: true }, client => accept(state, client))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    setFault: fault => {
      const before = state.fault
      state.fault = fault.kind === 'cut' ? { kind: 'none' } : fault
      for (const pair of [...state.pairs]) pair.faultChanged(before, fault)
    },
    setTarget: target => {
      state.target = target
    },
    open: () => state.pairs.size,
    close: () => {
      server.close()
      for (const pair of [...state.pairs]) pair.reset()
    }
  }
}

function accept(state: State, client: Socket): void {
  client.on('error', () => undefined)
  if (state.fault.kind === 'refuse' || state.target === null) return void client.resetAndDestroy()
  state.pairs.add(new Pair(state, client, connect({ ...state.target, noDelay: true })))
}

/** Both ends of one connection. */
class Pair {
  readonly #state: State
  readonly #there: Pipe
  readonly #back: Pipe
  /** Bytes were lost: the connection can never be right again. */
  #torn = false
  #swallowing: NodeJS.Timeout | null = null

  constructor(state: State, client: Socket, target: Socket) {
    this.#state = state
    this.#there = new Pipe(client, target)
    this.#back = new Pipe(target, client)
    this.#listen(client, this.#there, false)
    this.#listen(target, this.#back, true)
  }

  faultChanged(before: LinkFault, now: LinkFault): void {
    if (now.kind === 'refuse' || now.kind === 'cut' || this.#torn || before.kind === 'half_open') this.reset()
    else if (before.kind === 'stall' || before.kind === 'drip' || before.kind === 'latency') {
      this.#there.flush()
      this.#back.flush()
    }
  }

  reset(): void {
    if (this.#swallowing !== null) clearTimeout(this.#swallowing)
    this.#state.pairs.delete(this)
    this.#there.stop()
    this.#back.stop()
    this.#there.from.resetAndDestroy()
    this.#there.to.resetAndDestroy()
  }

  #listen(from: Socket, pipe: Pipe, isBack: boolean): void {
    from.on('data', (chunk: Buffer) => this.#carry(chunk, pipe, isBack))
    from.on('end', () => {
      if (this.#state.fault.kind !== 'half_open') pipe.end()
    })
    from.on('error', () => {
      if (this.#state.fault.kind !== 'half_open') this.reset()
    })
    from.on('close', () => {
      if (this.#there.from.destroyed && this.#there.to.destroyed) this.#state.pairs.delete(this)
    })
  }

  #carry(chunk: Buffer, pipe: Pipe, isBack: boolean): void {
    const { fault } = this.#state
    switch (fault.kind) {
      case 'half_open':
        return
      case 'swallow':
        if (!isBack) {
          pipe.carry(chunk, 0)
          return
        }
        this.#torn = true
        this.#swallowing ??= setTimeout(() => this.reset(), SWALLOWED_RESET_MS)
        return
      case 'stall':
        pipe.hold(chunk)
        return
      case 'drip':
        pipe.drip(chunk)
        return
      case 'latency':
        pipe.carry(chunk, fault.ms)
        return
      default:
        // Once an answer was lost, the ones after it are lost too.
        if (!this.#torn) pipe.carry(chunk, 0)
    }
  }
}

/** One direction. What is late stays in order. */
class Pipe {
  readonly from: Socket
  readonly to: Socket
  #waiting: { readonly dueAt: number; readonly chunk: Buffer }[] = []
  #lastDueAt = 0
  #timer: NodeJS.Timeout | null = null
  #ending = false

  constructor(from: Socket, to: Socket) {
    this.from = from
    this.to = to
    to.on('error', () => undefined)
    to.on('drain', () => from.resume())
  }

  carry(chunk: Buffer, delayMs: number): void {
    if (delayMs === 0 && this.#waiting.length === 0) {
      this.#write(chunk)
      return
    }
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + delayMs)
    this.#waiting.push({ dueAt: this.#lastDueAt, chunk })
    this.#arm()
  }

  drip(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at++) {
      this.#lastDueAt = Math.max(this.#lastDueAt, performance.now()) + DRIP_EVERY_MS
      this.#waiting.push({ dueAt: this.#lastDueAt, chunk: chunk.subarray(at, at + 1) })
    }
    this.#arm()
  }

  hold(chunk: Buffer): void {
    this.#lastDueAt = Number.POSITIVE_INFINITY
    this.#waiting.push({ dueAt: this.#lastDueAt, chunk })
  }

  flush(): void {
    for (const { chunk } of this.#waiting.splice(0)) this.#write(chunk)
    this.#lastDueAt = 0
    if (this.#ending) this.to.end()
  }

  end(): void {
    this.#ending = true
    if (this.#waiting.length === 0) this.to.end()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#waiting = []
  }

  #arm(): void {
    const [first] = this.#waiting
    if (this.#timer !== null || first === undefined || first.dueAt === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        const now = performance.now()
        while ((this.#waiting[0]?.dueAt ?? Number.POSITIVE_INFINITY) <= now) this.#write(this.#waiting.shift()!.chunk)
        if (this.#ending && this.#waiting.length === 0) this.to.end()
        this.#arm()
      },
      Math.max(0, first.dueAt - performance.now())
    )
  }

  #write(chunk: Buffer): void {
    if (!this.to.destroyed && !this.to.write(chunk)) this.from.pause()
  }
}
