/** A shop's own server, where it is called back. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { eventually } from '../support/eventually.ts'

export interface Call {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly query: Readonly<Record<string, string>>
}

export interface ShopReceiver {
  readonly url: string
  readonly calls: readonly Call[]
  readonly call: (index: number) => Promise<Call>
  /** What it answers from now on. */
  answer: { status: number; body: string }
}

export async function startShopReceiver(t: Test, path: string): Promise<ShopReceiver> {
  const calls: Call[] = []
  const receiver = { answer: { status: 200, body: '{"ok":true,"message":"received"}' } }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://receiver')
      const headers = { ...request.headers, ':path': url.pathname } as unknown as Record<string, string>
      calls.push({ headers, body: Buffer.concat(chunks).toString(), query: Object.fromEntries(url.searchParams) })
      response.writeHead(receiver.answer.status).end(receiver.answer.body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const call = async (index: number): Promise<Call> => {
    await eventually(`call ${index}`, () => calls.length > index)
    return calls[index] ?? Promise.reject(new Error('it is gone'))
  }
  return Object.assign(receiver, { url, calls, call })
}
