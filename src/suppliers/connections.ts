/** Suppliers as this process reaches them: the adapter with its credentials, behind its gate. */
import type { Queryable } from '../kit/db/index.ts'
import type { OutboundHttp } from '../kit/outbound-http.ts'
import type { ConfigVault } from './config-vault.ts'
import type { OrderLookup, PlaceRequest, PlaceResult, QueryResult, SupplierAdapter, SupplierClient } from './contract.ts'
import { createGate, type Gate, type NotSent } from './gate.ts'
import { CALL_TIMEOUT_MAX_MS, CALLS_IN_FLIGHT_DEFAULT, withCallTimeout, withLimits } from './limits.ts'
import { readSuppliers } from './repository.ts'
import type { FindAdapter, StoredSupplier } from './supplier.ts'

export interface Connection {
  readonly supplier: StoredSupplier
  readonly adapter: SupplierAdapter
  /** One request of the adapter takes no longer. */
  readonly callTimeoutMs: number
  /** How many calls may start now. */
  slots(): number
  /** What goes wrong on the wire is a result; `unknown` also for an adapter that threw. */
  place(request: PlaceRequest): Promise<PlaceResult | NotSent>
  query(order: OrderLookup): Promise<QueryResult | NotSent>
  /** Anything that moves neither money nor goods, through the same gate. */
  ask<T>(question: (client: SupplierClient) => Promise<T>): Promise<Asked<T> | NotSent>
  readonly parseWebhook: SupplierClient['parseWebhook']
}

/** `unknown`: the adapter failed. */
export type Asked<T> = { readonly kind: 'answer'; readonly value: T } | { readonly kind: 'unknown'; readonly detail: string }

export interface Connections {
  /** Suppliers that are never called, or whose config does not open, are missing in the answer. */
  many(supplierIds: readonly string[]): Promise<ReadonlyMap<string, Connection>>
  /** False while its circuit is open, as far as this process knows. */
  isHealthy(supplierId: string): boolean
  /** Its config has changed here. */
  forget(supplierId: string): void
}

export interface ConnectionsDeps {
  readonly db: Queryable
  readonly configs: ConfigVault
  readonly findAdapter: FindAdapter
  readonly outboundHttp: OutboundHttp
  readonly onError: (error: unknown, supplierId: string) => void
}

/** Other instances notice a new config, or a pause, within this time. */
const CONNECTION_MAX_AGE_MS = 2_000

interface Entry {
  readonly readAt: number
  readonly updatedAt: number
  /** Null: it cannot be called. */
  readonly connection: Connection | null
}

export function createConnections(deps: ConnectionsDeps): Connections {
  const entries = new Map<string, Entry>()
  // A changed config keeps its gate: what was counted does not begin anew.
  const gates = new Map<string, Gate>()

  function connect(supplier: StoredSupplier): Connection | null {
    const found = deps.findAdapter(supplier.adapter)
    if (found === null) return null
    try {
      const adapter = withLimits(found, supplier.limits)
      const client = adapter.connect(deps.configs.open(supplier.id, supplier.configSealed), withCallTimeout(deps.outboundHttp, supplier.limits))
      const gate = gateOf(supplier, adapter)
      return toConnection(supplier, adapter, client, gate)
    } catch (error) {
      deps.onError(error, supplier.id)
      return null
    }
  }

  function gateOf({ id, limits }: StoredSupplier, adapter: SupplierAdapter): Gate {
    const gateLimits = { callsInFlight: limits.callsInFlight ?? CALLS_IN_FLIGHT_DEFAULT, rateLimit: adapter.capabilities.rateLimit }
    const gate = gates.get(id) ?? createGate(gateLimits)
    gate.limit(gateLimits)
    gates.set(id, gate)
    return gate
  }

  async function refresh(supplierIds: readonly string[]): Promise<void> {
    const readAt = performance.now()
    const rows = await readSuppliers(deps.db, supplierIds)
    for (const row of rows) {
      const known = entries.get(row.id)
      const updatedAt = row.updatedAt.getTime()
      const connection = known?.updatedAt === updatedAt ? known.connection : connect(row)
      entries.set(row.id, { readAt, updatedAt, connection })
    }
  }

  return {
    many: async supplierIds => {
      const oldest = performance.now() - CONNECTION_MAX_AGE_MS
      const stale = supplierIds.filter(id => (entries.get(id)?.readAt ?? Number.NEGATIVE_INFINITY) < oldest)
      if (stale.length > 0) await refresh(stale)
      const found = new Map<string, Connection>()
      for (const id of supplierIds) {
        const connection = entries.get(id)?.connection
        if (connection) found.set(id, connection)
      }
      return found
    },
    isHealthy: supplierId => gates.get(supplierId)?.isOpen() !== true,
    forget: supplierId => void entries.delete(supplierId)
  }
}

function toConnection(supplier: StoredSupplier, adapter: SupplierAdapter, client: SupplierClient, gate: Gate): Connection {
  const guarded = <T extends { readonly kind: string }>(call: () => Promise<T>) =>
    gate.run(call).catch((error: unknown) => ({ kind: 'unknown', detail: `the adapter failed: ${nameOf(error)}` }) as const)
  return {
    supplier,
    adapter,
    callTimeoutMs: supplier.limits.callTimeoutMs ?? CALL_TIMEOUT_MAX_MS,
    slots: gate.slots,
    place: request => guarded(() => client.place(request)),
    query: order => guarded(() => client.query(order)),
    ask: question => guarded(async () => ({ kind: 'answer', value: await question(client) }) as const),
    parseWebhook: client.parseWebhook
  }
}

/** Not its message: that may quote what was sent. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'an error')
