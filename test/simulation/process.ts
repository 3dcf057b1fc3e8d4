/** One simulated kahub process: the real code on the model's database and Redis. */
import { createSecretKey } from 'node:crypto'
import { createListings, type Listings } from '../../src/catalog/index.ts'
import { createAllocator, type Vault } from '../../src/inventory/index.ts'
import type { Db } from '../../src/kit/db/index.ts'
import { DomainError } from '../../src/kit/errors.ts'
import { createBatchCommit } from '../../src/orders/commit-batch.ts'
import { createFindReplay } from '../../src/orders/find-replay.ts'
import type { OrderCandidate, PlaceOutcome } from '../../src/orders/order.ts'
import type { PlaceOrderDeps } from '../../src/orders/place-order.ts'
import { type Buyer, createBuyer } from '../../src/orders/upstream/buyer.ts'
import { createMeasures } from '../../src/orders/upstream/measures.ts'
import { createWalletDirectory } from '../../src/wallet/index.ts'
import type { Machine, Owner } from './machine.ts'
import type { ModelDatabase } from './model/database.ts'
import type { ModelRedis } from './model/leases.ts'
import { connectAll, type ModelSupplier } from './model/suppliers.ts'

/** What a client waits for is answered, or breaks with the process. */
interface Request {
  readonly reject: (error: unknown) => void
}

/** Without a stack, which nobody reads and which costs more than the rest of a lost request. */
export class ConnectionLost {}

/** Cards are their own secrets here: encryption has tests of its own. */
export const SEAL_KEYS = { dataKeyId: 1, dataKey: createSecretKey(Buffer.alloc(32, 1)), fingerprintKey: createSecretKey(Buffer.alloc(32, 2)) }
const VAULT = {
  prepare: () => undefined,
  open: ({ id }: { id: string }) => ({ number: null, secret: id }),
  sealKeys: async () => SEAL_KEYS
} as unknown as Vault
const INPUTS = { seal: <T>(_orderId: string, input: T): T => input, open: <T>(_orderId: string, input: T): T => input }
/** As the worker waits for what comes together with the reason to look. */
const WAKE_GAP_MS = 10

export type Deps = PlaceOrderDeps & { readonly noteStock: (skuId: string, available: number) => void; readonly buyer: Buyer }

/** What all processes speak to. */
export interface Outside {
  readonly machine: Machine
  readonly database: ModelDatabase
  readonly redis: ModelRedis
  readonly suppliers: readonly ModelSupplier[]
}

export class Process {
  readonly #machine: Machine
  readonly #database: ModelDatabase
  readonly #redis: ModelRedis
  readonly #suppliers: readonly ModelSupplier[]
  readonly #requests = new Set<Request>()
  /** From one start to the next crash. */
  life: Owner
  #deps: Deps

  constructor({ machine, database, redis, suppliers }: Outside) {
    this.#machine = machine
    this.#database = database
    this.#redis = redis
    this.#suppliers = suppliers
    this.life = { alive: true, skewMs: 0 }
    this.#deps = this.#start()
  }

  restart(skewMs: number): void {
    this.crash()
    this.life = { alive: true, skewMs }
    this.#deps = this.#start()
  }

  /** kill -9: nothing that it had in mind happens any more, and whoever waits for it hears so. */
  crash(): void {
    if (!this.life.alive) return
    this.life.alive = false
    this.#database.kill(this.life)
    for (const { reject } of this.#requests) this.#machine.after(this.#machine.chance(), null, () => reject(new ConnectionLost()))
    this.#requests.clear()
  }

  #start(): Deps {
    const before = this.#machine.current
    this.#machine.current = this.life
    const db: Db = this.#database.connect(this.life)
    const listings: Listings = createListings({ db })
    const wallets = createWalletDirectory(db)
    const noteStock = (skuId: string, available: number): void => listings.noteStock(skuId, available)
    const allocator = createAllocator<OrderCandidate, PlaceOutcome>({
      leases: this.#redis.connect(this.life),
      commit: createBatchCommit({
        db,
        vault: VAULT,
        wallets,
        noteStock,
        beginPurchases: candidates => buyer.begin(candidates),
        noteReserved: () => buyer.noteWork()
      })
    })
    const buyer = this.#startBuyer({ db, wallets, listings, noteStock })
    this.#machine.current = before
    const intake = { refusal: () => null }
    const orders = { findReplay: createFindReplay(db), inFlight: new Map(), intake, inputs: INPUTS }
    return { db, listings, wallets, allocator, vault: VAULT, noteStock, buyer, ...orders }
  }

  /** It takes a turn when it hears of work; the others when the world says so. */
  #startBuyer(deps: Pick<Deps, 'db' | 'wallets' | 'listings' | 'noteStock'>): Buyer {
    const [machine, { life }] = [this.#machine, this]
    const onError = (error: unknown): void => {
      // What was not stored is asked for again.
      if (!(error instanceof DomainError)) machine.fail(`an outcome could not be stored: ${(error as Error).stack}`)
    }
    const buyer = createBuyer({
      ...deps,
      vault: VAULT,
      inputs: INPUTS,
      connections: connectAll(this.#suppliers, life),
      findAdapter: name => this.#suppliers.find(({ adapter }) => adapter.name === name)?.adapter ?? null,
      callbackUrlOf: () => null,
      measures: createMeasures(deps),
      onError
    })
    let isWoken = false
    buyer.onWork(() => {
      if (isWoken) return
      isWoken = true
      machine.after(WAKE_GAP_MS, life, () => {
        isWoken = false
        buyer.turn().catch(onError)
      })
    })
    return buyer
  }

  /** A request from outside: it travels, and so does its answer. */
  call<T>(work: (deps: Deps) => Promise<T>): Promise<T> {
    const machine = this.#machine
    return new Promise<T>((resolve, reject) => {
      const request: Request = { reject }
      if (!this.life.alive) return void machine.after(machine.chance(), null, () => reject(new ConnectionLost()))
      this.#requests.add(request)
      const answer = (tell: () => void): void => {
        if (this.#requests.delete(request)) machine.after(machine.chance(), null, tell)
      }
      machine.after(machine.chance(), this.life, () => {
        work(this.#deps).then(
          result => answer(() => resolve(result)),
          (error: unknown) => answer(() => reject(error))
        )
      })
    })
  }
}
