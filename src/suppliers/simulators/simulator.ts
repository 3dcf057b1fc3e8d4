/** A supplier to try things with: a real HTTP server that speaks one system's protocol and keeps its own book of what it sold. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createControl } from './control.ts'
import { type Counter, createCounter } from './counter.ts'
import { createFaultPlan, type FaultPlan } from './faults.ts'
import type { SimProtocol, SimRequest } from './protocol.ts'
import { ELSEWHERE, send } from './reply.ts'
import { createShop, type Shop } from './shop.ts'

export interface SimulatorOptions {
  /** Default: any free one. */
  readonly port?: number
  readonly seed?: number
  /** Where callbacks go if the order does not say. */
  readonly notifyUrl?: string
  /** How long it takes to answer; default: no time. */
  readonly delayMs?: number
}

export interface Simulator extends Omit<Counter, 'serve'> {
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

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

export async function startSimulator(protocol: SimProtocol, options: SimulatorOptions = {}): Promise<Simulator> {
  const shop = createShop()
  const plan = createFaultPlan(options.seed ?? 1)
  fillShelves(shop)
  let requests = 0
  let strays = 0
  const server = createServer((message, response) => {
    receive(message, response).catch(() => response.destroy())
  })
  const origin = await listen(server, options.port ?? 0)
  const config = protocol.mint(origin)
  const { serve, ...counter } = createCounter({ protocol, shop, plan, config, notifyUrl: options.notifyUrl ?? null, delayMs: options.delayMs ?? 0 })
  const control = createControl({ shop, plan, settle: counter.settle })

  async function receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message, origin)
    if (request === null) response.destroy()
    else if (request.path === ELSEWHERE) {
      strays += 1
      response.writeHead(200).end()
    } else if (request.path.startsWith('/__sim/')) send(response, control.answer(request), null)
    else {
      requests += 1
      serve(request, response)
    }
  }

  return {
    ...counter,
    name: protocol.name,
    origin,
    config,
    shop,
    plan,
    controlToken: control.token,
    requests: () => requests,
    strays: () => strays,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
