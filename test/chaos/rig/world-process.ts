/** Everyone outside: two suppliers with books of their own, and a reseller's endpoints, one of which is hostile. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exampleProtocol } from '../../../src/suppliers/simulators/protocols/example.ts'
import { startSimulator } from '../../../src/suppliers/simulators/simulator.ts'
import { createDice } from '../dice.ts'
import { onOrder, report } from './child.ts'
import type { WorldOrder, WorldReport } from './messages.ts'

const SUPPLIERS = 2
const ENDLESS_BYTES = 100_000
/** A path that nobody was told of but by a redirect. */
const STRAY = '/stray'

let simulators: Awaited<ReturnType<typeof startSimulator>>[] = []
let strays = 0
let badPercent = 0

async function open({ seed, dumpFile }: Extract<WorldOrder, { do: 'open' }>): Promise<void> {
  const dice = createDice(seed)
  const dump = createWriteStream(dumpFile)
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === STRAY) {
      strays++
      return void response.writeHead(204).end()
    }
    const body = Buffer.concat(await request.toArray()).toString()
    const fault =
      request.url === '/bad' && dice.int(1, 100) <= badPercent ? dice.pick(['error', 'redirect', 'reset', 'endless', 'busy'] as const) : null
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request.headers
    // A status is an answer, whatever its body does.
    const refused = fault === 'endless' ? null : fault
    dump.write(`${JSON.stringify({ path: request.url, id, timestamp, signature, fault: refused, body })}\n`)
    if (fault === null) response.writeHead(204).end()
    else if (fault === 'error') response.writeHead(500).end('no')
    else if (fault === 'redirect') response.writeHead(302, { location: `http://127.0.0.1:${port()}${STRAY}` }).end()
    else if (fault === 'busy') response.writeHead(429, { 'retry-after': '1' }).end()
    else if (fault === 'reset') response.destroy()
    else response.writeHead(200).end(Buffer.alloc(ENDLESS_BYTES, 'x'))
  }

  const port = (): number => (server.address() as AddressInfo).port
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  simulators = await Promise.all(Array.from({ length: SUPPLIERS }, (_, n) => startSimulator(exampleProtocol, { seed: seed + n })))
  const suppliers = simulators.map(({ origin, config, controlToken }) => ({ origin, config, controlToken }))
  report<WorldReport>({ is: 'open', suppliers, receiverPort: port() })
}

onOrder<WorldOrder>(order => {
  if (order.do === 'open') void open(order)
  else if (order.do === 'receiver-faults') badPercent = order.percent
  else report<WorldReport>({ is: 'strays', count: strays + simulators.reduce((sum, each) => sum + each.strays(), 0) })
})
