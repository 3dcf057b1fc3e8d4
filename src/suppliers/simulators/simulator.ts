/** A supplier to try things with: a real HTTP server that speaks one system's protocol and keeps its own book of what it sold. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createControl } from './control.ts'
import { callbackFault, createFaultPlan, type Fault, type FaultPlan, saleFault } from './faults.ts'
import type { Callback, CallbackVariant, Desk, SimProtocol, SimRequest } from './protocol.ts'
import { push } from './push.ts'
import { ELSEWHERE, send } from './reply.ts'
import { createShop, type Sale, type Shop } from './shop.ts'

export interface SimulatorOptions {
  /** Default: any free one. */
  readonly port?: number
  readonly seed?: number
  /** Where callbacks go if the order does not say. */
  readonly notifyUrl?: string
}

export interface Simulator {
  readonly name: string
  readonly origin: string
  /** What an operator enters to buy here. */
  readonly config: Readonly<Record<string, string>>
  readonly shop: Shop
  readonly plan: FaultPlan
  readonly controlToken: string
  /** Requests of the protocol so far. */
  readonly requests: () => number
  /** How often somebody followed a redirect. */
  readonly strays: () => number
  /** What the supplier would push about this sale or product; null where the system pushes nothing. */
  orderCallback(sale: Sale, variant?: CallbackVariant): Callback | null
  productCallback(code: string, variant?: CallbackVariant): Callback | null
  /** The cards of a pending sale are there now, and the buyer is told. */
  settle(reference: string): Sale
  close(): Promise<void>
}

const BODY_MAX_BYTES = 1_048_576
const DEFAULT_STOCK = 100_000

async function readRequest(message: IncomingMessage, origin: string): Promise<SimRequest | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    size += chunk.length
    if (size > BODY_MAX_BYTES) return null
    chunks.push(chunk)
  }
  const url = new URL(message.url ?? '/', origin)
  const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)]))
  return { method: message.method ?? 'GET', path: url.pathname, query: url.searchParams, headers, body: Buffer.concat(chunks).toString('utf8') }
}

/** The codes are numbers because some systems know nothing else. 1002 is sold to an account where the protocol can. */
function fillShelves(shop: Shop): void {
  shop.add({ code: '1001', name: 'Game card 50', price: 50_000n, stock: DEFAULT_STOCK, onSale: true })
  shop.add({ code: '1002', name: 'Music month', price: 123_400n, stock: DEFAULT_STOCK, onSale: true })
  shop.add({ code: '1003', name: 'No longer sold', price: 10_000n, stock: DEFAULT_STOCK, onSale: false })
}

const BEFORE: readonly (Fault | null)[] = ['timeout_before', 'error_before', 'throttled']

export async function startSimulator(protocol: SimProtocol, options: SimulatorOptions = {}): Promise<Simulator> {
  const shop = createShop()
  const plan = createFaultPlan(options.seed ?? 1)
  fillShelves(shop)
  let requests = 0
  let strays = 0
  const server = createServer((message, response) => {
    void receive(message, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const config = protocol.mint(origin)
  const deskFor = (fault: Fault | null): Desk => ({ shop, config, fault: saleFault(fault), hidden: fault === 'not_found' })
  const tell = (sale: Sale, fault: Fault | null): void => {
    const url = sale.notifyUrl ?? options.notifyUrl ?? null
    if (url === null || sale.state === 'pending') return
    const pushes = { genuine: simulator.orderCallback(sale), forged: simulator.orderCallback(sale, 'forged') }
    push(url, pushes, callbackFault(fault))
  }

  const settle = (reference: string): Sale => {
    const sale = shop.settle(reference)
    tell(sale, null)
    return sale
  }
  const control = createControl({ shop, plan, settle })

  async function receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message, origin)
    if (request === null) response.destroy()
    else if (request.path === ELSEWHERE) {
      strays += 1
      response.writeHead(200).end()
    } else if (request.path.startsWith('/__sim/')) send(response, control.answer(request), null)
    else serve(request, response)
  }

  function serve(request: SimRequest, response: ServerResponse): void {
    requests += 1
    const operation = protocol.operation(request)
    const fault = plan.next(operation)
    const desk = deskFor(fault)
    if (BEFORE.includes(fault)) {
      send(response, protocol.throttled(desk), fault)
      return
    }
    const sold = shop.book.length
    const reply = protocol.answer(request, desk)
    const sale = shop.book.length > sold ? shop.book.at(-1) : undefined
    if (sale !== undefined) tell(sale, fault)
    send(response, fault === 'unknown_code' ? protocol.unknownCode(desk) : reply, fault)
  }

  const simulator: Simulator = {
    name: protocol.name,
    origin,
    config,
    shop,
    plan,
    controlToken: control.token,
    requests: () => requests,
    strays: () => strays,
    orderCallback: (sale, variant = 'genuine') => protocol.orderCallback(sale, deskFor(null), variant),
    productCallback: (code, variant = 'genuine') => {
      const product = shop.products.get(code)
      return product === undefined ? null : protocol.productCallback(product, deskFor(null), variant)
    },
    settle,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
  return simulator
}
