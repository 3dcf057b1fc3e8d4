/** A reseller's endpoint: a real HTTP server that checks what it gets with the reference library of Standard Webhooks. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Json } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'

export interface Hit {
  readonly id: string
  readonly timestamp: number
  readonly headers: IncomingHttpHeaders
  readonly raw: string
  readonly event: Json
}

export interface Receiver {
  readonly url: string
  readonly hits: Hit[]
  /** The request with this number, from 0; waits for it. */
  readonly hit: (index: number) => Promise<Hit>
  /** The most requests that were open at once. */
  readonly busiest: () => number
  /** The reference library's verdict. Throws. */
  readonly verify: (secret: string, hit: Hit) => unknown
}

/** Answers 204, unless `answer` writes something else. */
export async function startReceiver(
  t: { teardown(action: () => unknown): unknown },
  answer: (hit: Hit, response: ServerResponse, count: number) => void = (_hit, response) => void response.writeHead(204).end()
): Promise<Receiver> {
  const hits: Hit[] = []
  let open = 0
  let busiest = 0
  const server = createServer(async (request, response) => {
    busiest = Math.max(busiest, ++open)
    response.on('close', () => open--)
    const raw = Buffer.concat(await request.toArray()).toString()
    const { headers } = request
    const hit = { id: String(headers['webhook-id']), timestamp: Number(headers['webhook-timestamp']), headers, raw, event: JSON.parse(raw) }
    hits.push(hit)
    answer(hit, response, hits.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    hits,
    hit: async index => {
      await eventually(`request ${index}`, () => hits.length > index)
      return hits[index]!
    },
    busiest: () => busiest,
    verify: (secret, hit) => new Webhook(secret).verify(hit.raw, hit.headers as Record<string, string>)
  }
}
