/** Between the shop and the hub: it writes down what the shop sends, and can lose an answer after the hub has acted. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Recorded {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly answer: string | null
}

export interface RecordingProxy {
  readonly base: string
  readonly calls: readonly Recorded[]
  /** Where requests go from now on; a hub that was restarted has another port. */
  target: string
  /** How many of the next answers to requests of this path are lost. */
  lose: { path: RegExp; left: number }
  readonly close: () => void
}

export async function openRecordingProxy(target: string): Promise<RecordingProxy> {
  const calls: Recorded[] = []
  const server = createServer((request, response) => void forward(request, response).catch(() => response.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: RecordingProxy = {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    target,
    lose: { path: /^$/, left: 0 },
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const path = request.url ?? '/'
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const { host: _host, connection: _connection, 'content-length': _length, ...passed } = headers
    const note = (answer: string | null): void => void calls.push({ path, headers, body: body.toString(), answer })
    try {
      const answer = await fetch(`${proxy.target}${path}`, {
        method: request.method ?? 'GET',
        headers: passed,
        ...(body.length === 0 ? {} : { body })
      })
      const text = await answer.text()
      note(text)
      if (proxy.lose.left > 0 && proxy.lose.path.test(path)) {
        proxy.lose.left--
        response.destroy()
        return
      }
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text)
    } catch {
      note(null)
      response.destroy()
    }
  }
  return proxy
}
