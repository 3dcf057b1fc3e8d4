/** Where suppliers call back: one address, whatever becomes of the servers behind it. */
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Front {
  readonly url: string
  /** By status; those that met a dead server are under 502. */
  readonly answers: Readonly<Record<string, number>>
  close(): void
}

export async function openFront(baseOf: () => string): Promise<Front> {
  const answers: Record<string, number> = {}
  const note = (status: number): void => {
    answers[`callbacks ${status}`] = (answers[`callbacks ${status}`] ?? 0) + 1
  }
  const server = createServer((request, response) => {
    const { method, headers, url = '/' } = request
    const call = send(new URL(url, baseOf()), { ...(method === undefined ? {} : { method }), headers }, answer => {
      note(answer.statusCode ?? 0)
      response.writeHead(answer.statusCode ?? 502)
      answer.pipe(response)
    })
    call.on('error', () => {
      note(502)
      if (!response.headersSent) response.writeHead(502)
      response.end()
    })
    request.pipe(call)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
