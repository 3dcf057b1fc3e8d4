/** A shop of some processes, clients and faults, made of a seed and a plan; and what becomes of it. */

import { DomainError } from '../../src/kit/errors.ts'
import { lockAccounts } from '../../src/ledger/index.ts'
import { cancelOrder } from '../../src/orders/cancel-order.ts'
import { fillBackorders } from '../../src/orders/fill-backorders.ts'
import type { OrderRequest } from '../../src/orders/order.ts'
import { placeOrder } from '../../src/orders/place-order.ts'
import { creditDraft } from '../../src/wallet/index.ts'
import { Machine } from './machine.ts'
import { ModelDatabase } from './model/database.ts'
import { ModelRedis } from './model/leases.ts'
import { commit, type Holder, lock, write } from './model/store.ts'
import { ModelSupplier } from './model/suppliers.ts'
import { Store } from './model/tables.ts'
import { checkAll, type History, type Refused, type Told } from './oracle.ts'
import { ConnectionLost, Process } from './process.ts'

const RESELLERS = 4
const SKUS = 3
const PROCESSES = 3
const SHARDS = 16
/** Enough for some orders, and not for all. */
const BALANCE = 40_000n
const CNY = 'CNY'
/** What a unit of the last SKU costs at each supplier; the first is asked first. */
const COSTS = ['400', '450', '480']
const SOURCED = SKUS - 1
/** Of all plans: those with suppliers take twice as long. */
const MARKETS = 0.35
const TROUBLE = 0.15
/** More than a supplier needs to be asked until a person has it. */
const TURNS_MAX = 40
const TURN_GAP_MAX_MS = 60_000

export interface Plan {
  readonly seed: number
  /** One number for each operation; 0 is a pause. */
  readonly operations: readonly number[]
}

export interface Outcome {
  readonly trace: string
  readonly events: number
  /** Requests to processes and to suppliers, those that clients repeated included, changes by operators, and faults. */
  readonly operations: number
  readonly orders: number
  readonly commits: number
}

interface Wish {
  readonly resellerId: string
  readonly key: string
  readonly body: string
  readonly request: OrderRequest
}

/** Throws what must never happen. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const machine = new Machine(plan.seed)
  machine.install()
  try {
    const world = new World(machine)
    world.play(plan.operations).catch((error: unknown) => machine.fail(error instanceof Error ? (error.stack ?? error.message) : String(error)))
    await machine.run()
    const { told } = world.history
    return {
      trace: machine.trace,
      events: machine.events,
      operations: world.operations + world.suppliers.reduce((sum, { requests }) => sum + requests, 0),
      orders: new Set(told.map(each => each.orderId)).size,
      commits: world.database.committed
    }
  } finally {
    machine.uninstall()
  }
}

const uuid = (kind: number, number: number): string => `0000000${kind}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
const RETRYABLE = new Set(['overloaded', 'dependency_unavailable', 'request_in_progress'])

class World {
  readonly machine: Machine
  readonly store = new Store()
  readonly database: ModelDatabase
  readonly redis: ModelRedis
  readonly suppliers: readonly ModelSupplier[]
  readonly processes: Process[]
  readonly history: History & { told: Told[]; refused: Refused[]; brought: Map<string, number> } = { told: [], refused: [], brought: new Map() }
  readonly #wishes: Wish[] = []
  readonly #waiting: { orderId: string; resellerId: string }[] = []
  operations = 0
  #keys = 0
  #cards = 0
  #healed = false

  constructor(machine: Machine) {
    this.machine = machine
    this.database = new ModelDatabase(this.store, machine)
    this.redis = new ModelRedis(machine)
    this.suppliers = COSTS.map((_cost, kind) => new ModelSupplier(machine, uuid(9, kind), kind))
    this.#furnish()
    this.processes = Array.from({ length: PROCESSES }, () => new Process(this))
  }

  #furnish(): void {
    const { accounts, skus, fences } = this.store
    const account = (id: string, owner: string | null, kind: string, shard: number): void =>
      accounts.seed({ id, owner_id: owner, kind, currency: CNY, shard, balance: 0n, version: 0n, credit_limit: owner === null ? null : 0n })
    for (let shard = 0; shard < SHARDS; shard++) {
      account(uuid(3, shard), null, 'revenue', shard)
      account(uuid(4, shard), null, 'funding', shard)
    }
    for (let n = 0; n < RESELLERS; n++) {
      account(uuid(5, n), uuid(1, n), 'wallet', 0)
      account(uuid(6, n), uuid(1, n), 'wallet_held', 0)
    }
    for (let n = 0; n < SKUS; n++) {
      skus.seed({ id: uuid(2, n), price: 1000n * BigInt(n + 1), break_price: n === 1 ? 1500n : null, on_sale: true, is_top_up: false })
      fences.seed({ sku_id: uuid(2, n), fence: 0n, available: 0, revision: 1n })
    }
    if (this.machine.chance() >= MARKETS) return
    for (const [kind, unit_cost] of COSTS.entries()) {
      const { id, adapter } = this.suppliers[kind]!
      this.store.sources.push({ sku_id: uuid(2, SOURCED), supplier_id: id, product_code: 'P', unit_cost, priority: kind, adapter: adapter.name })
    }
  }

  /** All operations, each at its time; then everything heals, and what is open settles. */
  async play(operations: readonly number[]): Promise<void> {
    const { machine } = this
    const running: Promise<void>[] = []
    for (let n = 0; n < RESELLERS; n++) running.push(this.#credit(n, BALANCE))
    for (let n = 0; n < SKUS; n++) running.push(this.#bring(n, 4 + machine.below(12)))
    await Promise.all(running.splice(0))
    // Some plans come as a flood, some as a trickle.
    const gapMs = [0, 0.3, 2, 8][machine.below(4)] ?? 1
    let at = 0
    for (const operation of operations) {
      at += machine.chance() * gapMs
      if (operation === 0) continue
      running.push(
        new Promise((resolve, reject) => {
          machine.after(at, null, () => void this.#do(operation).then(resolve, reject))
        })
      )
    }
    // They are waited for after the faults.
    for (const each of running) each.catch(() => undefined)
    const faults = new Promise<void>(resolve => void machine.after(at + 50 + machine.below(4_000), null, resolve))
    await faults
    this.#heal()
    await Promise.all(running)
    await this.#settle()
    checkAll(this.store, this.history, this.suppliers)
    machine.note('end', this.history.told.length)
    machine.stop()
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => void this.machine.after(ms, null, resolve))
  }

  #process(pick: number): Process {
    const alive = this.processes.filter(each => each.life.alive)
    return alive[pick % Math.max(alive.length, 1)] ?? this.processes[0]!
  }

  /** What one number of the plan means. */
  async #do(operation: number): Promise<void> {
    const pick = (shift: number, limit: number): number => (operation >>> shift) % limit
    const kind = operation & 63
    this.machine.note('do', kind)
    if (kind < 36) return await this.#order(this.#newWish(operation), pick(20, PROCESSES))
    if (kind < 42) return await this.#again(pick(8, 1000), pick(20, PROCESSES))
    if (kind < 44) return await this.#reuse(pick(8, 1000), pick(20, PROCESSES))
    if (kind < 48) return await this.#bring(pick(8, SKUS), 1 + pick(12, 6))
    if (kind < 50) return await this.#changePrice(pick(8, SKUS), pick(12, 5))
    if (kind < 52) return await this.#cancel(pick(8, 1000), pick(20, PROCESSES))
    if (kind < 53) return await this.#fill(pick(20, PROCESSES))
    if (kind < 54) return await this.#buy(pick(20, PROCESSES))
    if (kind < 55) return await this.#credit(pick(8, RESELLERS), BigInt(1 + pick(12, 20)) * 1000n)
    if (!this.#healed) await this.#breakSomething(kind, operation)
  }

  #newWish(operation: number): Wish {
    const pick = (shift: number, limit: number): number => (operation >>> shift) % limit
    const resellerId = uuid(1, pick(8, RESELLERS))
    const flags = pick(14, 32)
    const body = {
      skuId: uuid(2, pick(10, SKUS)),
      quantity: 1 + pick(12, 3),
      backorder: flags % 4 === 0,
      reveal: flags % 5 !== 1,
      reference: flags % 8 === 3 ? `ref-${pick(22, 12)}` : null
    }
    const wish = this.#wish(resellerId, `key-${this.#keys++}`, body)
    this.#wishes.push(wish)
    return wish
  }

  #wish(resellerId: string, key: string, body: Pick<OrderRequest, 'skuId' | 'quantity' | 'backorder' | 'reveal' | 'reference'>): Wish {
    const text = JSON.stringify(body)
    const request: OrderRequest = {
      ...body,
      resellerId,
      idempotencyKey: key,
      requestHash: Buffer.from(text),
      requestId: key,
      tier: null,
      apiKeyId: null,
      dailySpendCap: null,
      spendCurrency: null,
      maxUnitPrice: null,
      quoteId: null,
      input: null,
      metadata: null
    }
    return { resellerId, key, body: text, request }
  }

  /** As a client that gives up on nothing: the same key until it is told what became of it. */
  async #order(wish: Wish, first: number): Promise<void> {
    const { resellerId, key, body, request } = wish
    for (let attempt = 0; ; attempt++) {
      try {
        this.operations++
        const { order, cards } = await this.#process(first + attempt).call(deps => placeOrder(deps, request))
        this.machine.note('told', cards.length)
        this.history.told.push({
          resellerId,
          key,
          body,
          orderId: order.id,
          state: order.state,
          unitPrice: order.unitPrice,
          quantity: order.quantity,
          cards: request.reveal ? cards.map(card => card.secret) : null
        })
        if (order.state === 'backordered' || order.state === 'reserved') this.#waiting.push({ orderId: order.id, resellerId })
        return
      } catch (error) {
        if (!isPassing(error)) {
          if (!(error instanceof DomainError)) throw error
          this.machine.note(error.code, attempt)
          this.history.refused.push({ resellerId, key, body, code: error.code })
          return
        }
        await this.#pause(1 + this.machine.chance() * 40)
      }
    }
  }

  async #again(which: number, process: number): Promise<void> {
    const wish = this.#wishes[which % Math.max(this.#wishes.length, 1)]
    if (wish !== undefined) await this.#order(wish, process)
  }

  /** The same key for something else. */
  async #reuse(which: number, process: number): Promise<void> {
    const wish = this.#wishes[which % Math.max(this.#wishes.length, 1)]
    if (wish === undefined) return
    await this.#order(this.#wish(wish.resellerId, wish.key, { ...wish.request, quantity: wish.request.quantity + 1, reference: null }), process)
  }

  async #cancel(which: number, process: number): Promise<void> {
    const order = this.#waiting[which % Math.max(this.#waiting.length, 1)]
    if (order === undefined) return
    const key = `cancel-${order.orderId}`
    await this.#insist(process, deps => cancelOrder(deps, { ...order, key, hash: Buffer.from(key) }), ['state_conflict'])
  }

  /** As the worker does it: what goes wrong is made up for by the next turn. */
  async #fill(process: number): Promise<void> {
    this.operations++
    await this.#process(process)
      .call(deps => fillBackorders(deps))
      .catch(error => {
        if (!isPassing(error)) throw error
      })
  }

  /** As the worker does it. */
  async #buy(process: number): Promise<void> {
    this.operations++
    await this.#process(process)
      .call(({ buyer }) => buyer.turn())
      .catch(error => {
        if (!isPassing(error)) throw error
      })
  }

  async #insist(process: number, work: Parameters<Process['call']>[0], refusals: readonly string[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        this.operations++
        await this.#process(process + attempt).call(work)
        return
      } catch (error) {
        if (error instanceof DomainError && refusals.includes(error.code)) return
        if (!isPassing(error)) throw error
        await this.#pause(1 + this.machine.chance() * 40)
      }
    }
  }

  /** By the operator; at the database itself, so it is not lost on the way. */
  #change(edit: (holder: Holder) => void): Promise<void> {
    const attempt = async (): Promise<void> => {
      this.operations++
      const holder: Holder = { touched: [] }
      try {
        edit(holder)
        commit(holder)
      } catch {
        for (const cell of holder.touched) cell.holder = null
        await this.#pause(1)
        await attempt()
      }
    }
    return attempt()
  }

  async #bring(sku: number, count: number): Promise<void> {
    const skuId = uuid(2, sku)
    await this.#change(holder => {
      const cell = this.store.fences.cells.get(skuId)
      const row = lock(cell, holder)
      if (cell === undefined || row === undefined) return
      const cards = Array.from({ length: count }, () => uuid(7, this.#cards++))
      this.store.cards.insertAll(
        cards.map(id => ({ id, sku_id: skuId, batch_id: skuId, state: 'available', order_id: null, position: null })),
        holder
      )
      write(cell, { ...row, available: row.available + count }, holder)
    })
    this.history.brought.set(skuId, (this.history.brought.get(skuId) ?? 0) + count)
  }

  async #changePrice(sku: number, step: number): Promise<void> {
    const skuId = uuid(2, sku)
    await this.#change(holder => {
      const [fenceCell, skuCell] = [this.store.fences.cells.get(skuId), this.store.skus.cells.get(skuId)]
      const [fence, row] = [lock(fenceCell, holder), lock(skuCell, holder)]
      if (fenceCell === undefined || skuCell === undefined || fence === undefined || row === undefined) return
      write(fenceCell, { ...fence, revision: fence.revision + 1n }, holder)
      write(skuCell, { ...row, price: 500n + 500n * BigInt(step) }, holder)
    })
  }

  async #credit(reseller: number, amount: bigint): Promise<void> {
    const subjectId = uuid(8, this.#keys++)
    const wallet = { wallet: uuid(5, reseller), held: uuid(6, reseller) }
    const funding = uuid(4, reseller)
    // A second transfer of the same name is refused: so this happens once, however often it is tried.
    await this.#insist(
      reseller,
      ({ db }) =>
        db
          .tx(async tx => {
            const book = await lockAccounts(tx, [wallet.wallet, funding])
            book.post(creditDraft({ subjectId, currency: CNY, amount }, wallet, funding))
            await book.write(tx)
          })
          .catch(error => {
            if ((error as { code?: string }).code !== '23505') throw error
          }),
      []
    )
  }

  async #breakSomething(kind: number, operation: number): Promise<void> {
    const { machine, database, redis } = this
    this.operations++
    const pick = (shift: number, limit: number): number => (operation >>> shift) % limit
    const process = this.processes[pick(8, PROCESSES)]!
    const skuId = uuid(2, pick(10, SKUS))
    if (kind === 55) for (const supplier of this.suppliers) supplier.trouble = pick(12, 4) / 5
    else if (kind === 56) {
      process.crash()
      await this.#pause(machine.chance() * 500)
      if (!process.life.alive) process.restart([0, 0, 3_600_000, -3_600_000][pick(14, 4)] ?? 0)
    } else if (kind === 57) redis.flush()
    else if (kind === 58) {
      redis.awayUntil = machine.now + machine.chance() * 2_000
      redis.loss = pick(12, 3) / 4
    } else if (kind === 59) redis.lie = pick(12, 4) / 3
    else if (kind === 60) pick(12, 2) === 0 ? redis.expire(skuId) : redis.persist(skuId)
    else if (kind === 61) database.faults.loseAnswer = pick(12, 4) / 10
    else if (kind === 62) {
      database.faults.breakBefore = pick(12, 4) / 40
      database.faults.slowMs = [2, 2, 20, 200][pick(14, 4)] ?? 2
    } else {
      database.restart()
      database.faults.awayUntil = machine.now + machine.chance() * 1_000
    }
  }

  #heal(): void {
    this.#healed = true
    Object.assign(this.database.faults, { breakBefore: 0, loseAnswer: 0, slowMs: 2, awayUntil: 0 })
    Object.assign(this.redis, { awayUntil: 0, loss: 0, lie: 0 })
    for (const supplier of this.suppliers) supplier.trouble = TROUBLE / 5
    this.redis.flush()
    for (const process of this.processes) if (!process.life.alive) process.restart(0)
  }

  /** Stock that is there goes to whoever waits for it; and nobody holds anything. */
  async #settle(): Promise<void> {
    for (const _ of [1, 2, 3]) await this.#fill(0)
    await this.#pause(15_000)
    await this.#settlePurchases()
    if (this.database.open.size > 0) throw new Error(`${this.database.open.size} transactions are open for ever`)
    for (const process of this.processes) {
      const { waiting, runningBatches } = await process.call(async deps => deps.allocator.stats())
      if (waiting + runningBatches > 0) throw new Error('an order waits for ever')
    }
  }

  /** Until nothing is open that can be found out. Suppliers are asked at growing distances, and a late one for days: nobody waits for that. */
  async #settlePurchases(): Promise<void> {
    const { attempts, reserved } = this.store
    const isOpen = (): boolean =>
      reserved.some(({ value }) => value?.state === 'reserved') ||
      [...attempts.committed()].some(({ ended_at, state }) => ended_at === null && state !== 'review')
    for (let turn = 0; isOpen(); turn++) {
      if (turn === TURNS_MAX) throw new Error('a purchase is open for ever')
      await this.#buy(turn % PROCESSES)
      await this.#pause(Math.min(1_000 * 2 ** turn, TURN_GAP_MAX_MS))
    }
  }
}

const isPassing = (error: unknown): boolean => error instanceof ConnectionLost || (error instanceof DomainError && RETRYABLE.has(error.code))
