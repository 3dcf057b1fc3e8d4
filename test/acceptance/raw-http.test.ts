/** Requests that no HTTP library sends: each is answered with a problem, and none takes the answer of its neighbour. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { ADMIN_KEY, type Json, startTestApp } from '../support/app.ts'

const hub = await startTestApp(t)
await hub.app.listen({ port: 0, host: '127.0.0.1' })
const { port } = hub.app.server.address() as AddressInfo

/** Some refusals end the connection while a part of the request is still on its way, and the system then drops what it had received. */
const TRIES = 20

/**
 * What comes back, up to and with the first problem. A client that is cut off while it sends learns nothing and tries again, so whether
 * the connection ends before or after all is sent makes no difference.
 */
async function exchange(...parts: readonly (string | Buffer)[]): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const received = await exchangeOnce(parts)
    if (received !== '' || attempt === TRIES) return received
  }
}

function exchangeOnce(parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', chunk => {
      received += chunk
      if (/"code":.*}$/.test(received)) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
    for (const part of parts) socket.write(part)
  })
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const HOST = 'Host: x\r\n'
const CLOSE = 'Connection: close\r\n\r\n'
const post = (headers: string): string =>
  `POST /v1/admin/resellers HTTP/1.1\r\n${HOST}Authorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/json\r\n${headers}`
const sized = (body: Buffer, headers = ''): Buffer => Buffer.concat([Buffer.from(post(`${headers}Content-Length: ${body.length}\r\n${CLOSE}`)), body])

const CASES: readonly (readonly [what: string, status: number, ...parts: (string | Buffer)[]])[] = [
  ['bytes of TLS', 400, Buffer.from('160301020001000100fc0303', 'hex')],
  ['a line of text', 400, 'hello\r\n\r\n'],
  ['a method that nobody knows', 400, `FOO /v1/orders HTTP/1.1\r\n${HOST}${CLOSE}`],
  ['TRACE', 405, `TRACE /v1/orders HTTP/1.1\r\n${HOST}${CLOSE}`],
  ['QUERY', 405, `QUERY /v1/orders HTTP/1.1\r\n${HOST}${CLOSE}`],
  ['CONNECT', 405, `CONNECT shop.example.com:443 HTTP/1.1\r\n${HOST}${CLOSE}`],
  [
    'a body that cannot be read, where no body is read',
    405,
    `PUT /v1/orders HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 1\r\n${CLOSE}{`
  ],
  ['a path that nobody knows', 404, `GET /v2 HTTP/1.1\r\n${HOST}${CLOSE}`],
  ['a path that cannot be decoded', 404, `GET /v1/orders/%C0%AF HTTP/1.1\r\n${HOST}${CLOSE}`],
  ['a path out of the reader', 404, `GET /docs/static/..%2f..%2fpackage.json HTTP/1.1\r\n${HOST}${CLOSE}`],
  ['raw bytes in the path', 400, Buffer.from(`GET /v1/orders/\xe9 HTTP/1.1\r\n${HOST}${CLOSE}`, 'latin1')],
  ['headers of 17 kB', 431, `GET /health/live HTTP/1.1\r\n${HOST}X: ${'a'.repeat(17_000)}\r\n${CLOSE}`],
  ['no Host', 400, `GET /health/live HTTP/1.1\r\n${CLOSE}`],
  ['NUL in a header', 400, `GET /health/live HTTP/1.1\r\n${HOST}X: a\0b\r\n${CLOSE}`],
  ['a bare CR in a header', 400, `GET /health/live HTTP/1.1\r\n${HOST}X: a\rb\r\n${CLOSE}`],
  ['two Authorization headers', 401, `GET /v1/admin/skus HTTP/1.1\r\n${HOST}${`Authorization: Bearer ${ADMIN_KEY}\r\n`.repeat(2)}${CLOSE}`],
  ['Content-Length and Transfer-Encoding', 400, post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')],
  ['two lengths', 400, post('Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}')],
  ['a chunk of no size', 400, post('Transfer-Encoding: chunked\r\n\r\nzz\r\n')],
  ['a length over the limit', 413, post('Content-Length: 99999999\r\n\r\n{}')],
  ['a body over the limit, in chunks', 413, post('Transfer-Encoding: chunked\r\n\r\n180000\r\n'), Buffer.alloc(0x180000, 32), '\r\n0\r\n\r\n'],
  ['a compressed body', 415, sized(Buffer.from('{"name":"a"}'), 'Content-Encoding: gzip\r\n')],
  ['UTF-16', 400, sized(Buffer.from('\uFEFF{"name":"a"}', 'utf16le'))],
  ['bytes that are no UTF-8', 400, sized(Buffer.from('{"name":"\xff\xfe"}', 'latin1'))],
  ['a name that stands twice', 400, sized(Buffer.from('{"name":"a","\\u006eame":"b"}'))],
  ['an expectation that nobody knows', 400, sized(Buffer.from('{}'), 'Expect: cake\r\n')]
]

for (const [what, status, ...parts] of CASES) {
  t.test(`${what}: ${status}, as a problem with a request id`, async t => {
    const [head = '', body = ''] = (await exchange(...parts)).split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1.1 ${status} `))
    t.match(head, /content-type: application\/problem\+json/i)
    const problem = parse(body)
    t.equal(problem?.status, status)
    t.match(head, new RegExp(`x-request-id: ${problem?.requestId}`))
    if (status === 405) t.match(head, /allow: [A-Z]/i)
  })
}

t.test('garbage behind a good request does not take its answer', async t => {
  const answers = await exchange(`GET /health/ready HTTP/1.1\r\n${HOST}\r\n`, 'GARBAGE\r\n\r\n')
  t.match(answers, /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 400 /)
})

const TOO_MUCH = 20_000_000
const LARGE: readonly (readonly [path: string, type: string])[] = [
  ['/v1/admin/resellers', 'application/json'],
  ['/v1/webhooks/suppliers/sup_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10', 'application/json'],
  ['/v1/admin/skus/sku_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10/pause', 'application/json']
]

for (const [path, type] of LARGE) {
  for (const chunked of [false, true]) {
    t.test(`a client that sends far too much to ${path}${chunked ? ' in chunks' : ''} reads the answer, and is not cut off`, async t => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type, 'webhook-id': 'x', 'idempotency-key': 'x' }
      const bytes = Buffer.alloc(TOO_MUCH, 32)
      const body = chunked ? new Blob([bytes]).stream() : bytes
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body, ...(chunked ? { duplex: 'half' } : {}) })
      t.equal(response.status, 413)
      t.match(await response.json(), { code: 'payload_too_large' })
    })
  }
}

t.test('sockets that say nothing do not keep anybody out, and are closed', async t => {
  const idle = Array.from({ length: 300 }, () => connect(port, '127.0.0.1'))
  await Promise.all(idle.map(socket => once(socket, 'connect')))
  const dripping = connect(port, '127.0.0.1')
  dripping.write(`GET /health/live HTTP/1.1\r\n${HOST}X-Slow: `)
  const closed = once(dripping, 'close')
  const answer = await fetch(`http://127.0.0.1:${port}/health/live`)
  t.equal(answer.status, 200)
  dripping.on('error', () => undefined)
  dripping.resume()
  await closed
  for (const socket of idle) socket.destroy()
})

t.test('an answer to a request that nobody can read has no word of the inside', async t => {
  const answer = await exchange(`GET / HTTP/9.9\r\n${HOST}\r\n`)
  t.notMatch(answer, /node|fastify|HPE_|stack|\bat /i)
})
