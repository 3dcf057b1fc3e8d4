/** One adapter, connected to the simulator of its system, and what the suite asks of both. */
import { randomBytes } from 'node:crypto'
import type { OutboundHttp } from '../../src/kit/outbound-http.ts'
import type {
  PlaceRequest,
  PlaceResult,
  QueryResult,
  RefusalKind,
  SuppliedCard,
  SupplierAdapter,
  SupplierClient
} from '../../src/suppliers/contract.ts'
import type { SimProtocol } from '../../src/suppliers/simulators/protocol.ts'
import type { Sale } from '../../src/suppliers/simulators/shop.ts'
import { type Simulator, startSimulator } from '../../src/suppliers/simulators/simulator.ts'
import { createTestOutbound } from '../support/outbound.ts'

export interface Subject {
  readonly adapter: SupplierAdapter
  readonly protocol: SimProtocol
  /** The credential that an attacker or a typo gets wrong. */
  readonly credential: string
  /** Refusals that the system has no documented code for: they stay unknown, or are known under another name. */
  readonly refusals?: Readonly<Partial<Record<RefusalKind, RefusalKind | 'unknown'>>>
  /** False: its order does not say how many were ordered, so too few cards look complete, and the caller counts. */
  readonly saysQuantity?: boolean
  /** False: an order that was taken cannot fail later. */
  readonly failsLater?: boolean
  /** False: cards come with the answer or not at all. */
  readonly deliversLater?: boolean
  /** False: cards have no number beside the secret. */
  readonly numbers?: boolean
  readonly config?: Readonly<Record<string, unknown>>
  /** How the adapter writes the simulator's product; default: the same. */
  readonly productCode?: (code: string) => string
}

const TIMEOUT_MS = 250
const ANSWER_MAX_BYTES = 300_000

export interface Rig {
  readonly subject: Subject
  readonly sim: Simulator
  readonly http: OutboundHttp
  readonly client: SupplierClient
  /** All that was said in `detail`, to look for credentials in it. */
  readonly details: string[]
  code(product: string): string
  order(changes?: Partial<PlaceRequest>): PlaceRequest
  place(request: PlaceRequest): Promise<PlaceResult>
  query(request: PlaceRequest, upstreamId?: string | null): Promise<QueryResult>
  /** Asks as a caller would until there is an end, without ever buying anew. */
  resolve(request: PlaceRequest, placed: PlaceResult): Promise<QueryResult>
  connect(changes: Readonly<Record<string, unknown>>): SupplierClient
  /** What the book says was sold for this reference. */
  sales(request: PlaceRequest): readonly Sale[]
}

const QUERIES_MAX = 6

export async function startRig(subject: Subject): Promise<Rig> {
  const sim = await startSimulator(subject.protocol)
  const http = createTestOutbound({ timeoutMs: TIMEOUT_MS, maxBytes: ANSWER_MAX_BYTES })
  const { adapter } = subject
  const { queryByReference, idempotentPlace, referenceMaxLength } = adapter.capabilities
  const details: string[] = []
  const connect = (changes: Readonly<Record<string, unknown>>): SupplierClient =>
    adapter.connect({ ...sim.config, ...subject.config, ...changes }, http)
  const client = connect({})
  const noted = <T extends object>(result: T): T => {
    if ('detail' in result) details.push(String(result.detail))
    return result
  }
  const code = (product: string): string => subject.productCode?.(product) ?? product
  const rig: Rig = {
    subject,
    sim,
    http,
    client,
    details,
    connect,
    code,
    order: changes => ({
      reference: randomBytes(16).toString('hex').slice(0, Math.min(referenceMaxLength, 24)),
      productCode: code('1001'),
      quantity: 1,
      maxUnitCost: 60_000n,
      currency: 'CNY',
      input: null,
      notifyUrl: null,
      ...changes
    }),
    place: async request => noted(await client.place(request)),
    query: async ({ reference }, upstreamId = null) => noted(await client.query({ reference, upstreamId })),
    resolve: async (request, placed) => {
      if (placed.kind === 'refused') throw new Error(`refused: ${placed.detail}`)
      if (placed.kind === 'fulfilled') return placed
      let upstreamId = placed.kind === 'accepted' ? placed.upstreamId : null
      let last: QueryResult = { kind: 'unknown', detail: 'not asked yet' }
      for (let asked = 0; asked < QUERIES_MAX; asked++) {
        if (upstreamId === null && !queryByReference && idempotentPlace) {
          const again = await rig.place({ ...request, again: true })
          if (again.kind === 'fulfilled') return again
          upstreamId = again.kind === 'accepted' ? again.upstreamId : null
        }
        last = await rig.query(request, upstreamId)
        if (last.kind === 'fulfilled' || last.kind === 'partial' || last.kind === 'failed') return last
      }
      return last
    },
    sales: ({ reference }) => sim.shop.book.filter(sale => sale.reference === reference)
  }
  return rig
}

export const cardsOf = (result: QueryResult | PlaceResult): readonly SuppliedCard[] => ('cards' in result ? result.cards : [])
export const secretsOf = (result: QueryResult | PlaceResult): string[] =>
  cardsOf(result)
    .map(card => card.secret)
    .sort()
export const soldSecrets = (sales: readonly Sale[]): string[] => [...new Set(sales.flatMap(sale => sale.cards.map(card => card.secret)))].sort()
