import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import t from 'tap'
import { isInternalHost, isPublicAddress } from '../../src/kit/address-guard.ts'
import { createOutboundHttp, type OutboundHttpOptions } from '../../src/kit/outbound-http.ts'
import { HOSTILE_HOSTS, LEADING_NAMES } from '../webhooks/hostile-urls.ts'

type Tap = { teardown(action: () => unknown): unknown }

async function listen(t: Tap, server: Server | TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Counts whoever gets through: connections, not only requests. */
async function startServer(t: Tap, answer: RequestListener = (_request, response) => response.end('ok')) {
  const seen = { connections: 0, requests: 0 }
  const server = createServer((request, response) => {
    seen.requests++
    answer(request, response)
  })
  server.on('connection', () => seen.connections++)
  const port = await listen(t, server)
  return { port, seen, url: `http://127.0.0.1:${port}/` }
}

function open(t: Tap, options: Partial<OutboundHttpOptions> = {}) {
  const http = createOutboundHttp({ userAgent: 'test', ...options })
  t.teardown(() => http.close())
  return http
}

t.test('no spelling of an internal address gets a connection', async t => {
  const { port, seen } = await startServer(t)
  const hosts = [...HOSTILE_HOSTS, ...LEADING_NAMES]
  t.ok(hosts.length >= 400, `${hosts.length} hosts`)
  const targets = new Map(hosts.map(({ host, resolvesTo }) => [host.replace(/\.$/, '').toLowerCase(), resolvesTo]))
  const lookup = async (name: string) => [{ address: targets.get(name.replace(/\.$/, '').toLowerCase()) ?? '127.0.0.1', family: 4 }]
  const http = open(t, { lookup })
  for (const { host } of hosts) {
    const answer = await http.send({ method: 'POST', url: `http://${host}:${port}/hook`, body: '{}', timeoutMs: 2_000 })
    if (answer.kind !== 'failed' || answer.failure !== 'refused_address') t.fail(`${host}: ${JSON.stringify(answer)}`)
  }
  t.equal(seen.connections, 0)
})

t.test('a name that leads to a public and an internal address, or first to one and then to the other, is refused', async t => {
  const { port, seen } = await startServer(t)
  const both = open(t, {
    lookup: async () => [
      { address: '8.8.8.8', family: 4 },
      { address: '127.0.0.1', family: 4 }
    ]
  })
  t.match(await both.send({ method: 'GET', url: `http://both.example.com:${port}/` }), { failure: 'refused_address' })
  let asked = 0
  const rebinding = open(t, { lookup: async () => [{ address: asked++ === 0 ? '8.8.8.8' : '127.0.0.1', family: 4 }] })
  const url = `http://rebind.example.com:${port}/`
  t.match(await rebinding.send({ method: 'GET', url, timeoutMs: 300 }), { failure: 'not_connected' })
  t.match(await rebinding.send({ method: 'GET', url }), { failure: 'refused_address' })
  const mapped = open(t, { lookup: async () => [{ address: '::ffff:127.0.0.1', family: 6 }] })
  t.match(await mapped.send({ method: 'GET', url }), { failure: 'refused_address' })
  t.equal(seen.connections, 0)
})

t.test('public addresses and names are not refused', async t => {
  for (const address of ['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])
    t.ok(isPublicAddress(address), address)
  for (const text of ['', 'localhost', '1.1.1', '2606:4700::1111%eth0', '999.1.1.1']) t.notOk(isPublicAddress(text), text)
  for (const host of ['shop.example.com', '1.1.1.1', '[2606:4700::1111]', 'v1.2.3.4.example.com', 'xn--fiq228c.com', 'local.example.com'])
    t.notOk(isInternalHost(host), host)
})

t.test('what is not an http URL, or brings credentials, is refused', async t => {
  const http = open(t, { allowPrivate: true })
  for (const url of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://a:b@127.0.0.1/', 'http://a@127.0.0.1/', 'nothing']) {
    t.match(await http.send({ method: 'GET', url }), { kind: 'failed', failure: 'refused_address' }, url)
  }
})

t.test('an answer comes with its status, headers and body; a redirect is an answer and is not followed', async t => {
  const canary = await startServer(t)
  const { url } = await startServer(t, (request, response) => {
    if (request.url === '/away') return void response.writeHead(302, { location: canary.url, 'set-cookie': ['a=1', 'b=2'] }).end()
    request.pipe(response.writeHead(201, { 'x-agent': request.headers['user-agent'] }))
  })
  const http = open(t, { allowPrivate: true })
  t.match(await http.send({ method: 'POST', url, body: '{"a":"好"}' }), {
    kind: 'answer',
    status: 201,
    body: '{"a":"好"}',
    headers: { 'x-agent': 'test' }
  })
  t.match(await http.send({ method: 'GET', url: `${url}away` }), { kind: 'answer', status: 302, headers: { 'set-cookie': 'a=1, b=2' } })
  t.equal(canary.seen.connections, 0)
})

t.test('after not_connected nothing was received', async t => {
  const { url, seen, port } = await startServer(t)
  const closed = createTcpServer()
  const closedPort = await listen(t, closed)
  closed.close()
  await once(closed, 'close')
  const http = open(t, { allowPrivate: true })
  t.match(await http.send({ method: 'POST', url: `http://127.0.0.1:${closedPort}/` }), { failure: 'not_connected', detail: 'ECONNREFUSED' })
  t.match(await http.send({ method: 'POST', url: `https://127.0.0.1:${port}/` }), { failure: 'not_connected' }, 'TLS fails')
  const late = Promise.withResolvers<{ address: string; family: number }[]>()
  const slow = open(t, { allowPrivate: true, lookup: () => late.promise })
  t.match(await slow.send({ method: 'POST', url: url.replace('127.0.0.1', 'slow.example.com'), timeoutMs: 50 }), { failure: 'not_connected' })
  late.resolve([{ address: '127.0.0.1', family: 4 }])
  t.match(
    await slow.send({ method: 'POST', url: url.replace('127.0.0.1', 'slow.example.com') }),
    { status: 200 },
    'the connection that came late serves the next request'
  )
  t.equal(seen.requests, 1, 'the request that was given up was never sent')
  const unknown = open(t, { allowPrivate: true, lookup: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })) })
  t.match(await unknown.send({ method: 'POST', url: 'http://nowhere.example.com/' }), { failure: 'not_connected', detail: 'ENOTFOUND' })
})

t.test('silence and dripping are a timeout, a broken connection is broken, and neither says that nothing was received', async t => {
  const { url } = await startServer(t, (request, response) => {
    if (request.url === '/reset') request.socket.destroy()
    if (request.url === '/half') response.writeHead(200, { 'content-length': '10' }).write('half', () => request.socket.destroy())
    if (request.url === '/drip') {
      const drip = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(drip))
    }
  })
  const http = open(t, { allowPrivate: true })
  const get = (path: string) => http.send({ method: 'GET', url: `${url}${path}`, timeoutMs: 300 })
  t.match(await get('silence'), { failure: 'timeout' })
  t.match(await get('drip'), { failure: 'timeout' })
  t.match(await get('reset'), { failure: 'broken' })
  t.match(await get('half'), { failure: 'broken' })
})

t.test('an answer that is too large is not read', async t => {
  const { url } = await startServer(t, (request, response) => {
    if (request.url === '/said') return void response.writeHead(200, { 'content-length': '100000000' }).write('x')
    const more = (): void => {
      while (response.write('x'.repeat(65_536))) if (response.destroyed) return
    }
    response.on('drain', more)
    more()
  })
  const http = open(t, { allowPrivate: true })
  for (const path of ['said', 'endless'])
    t.match(await http.send({ method: 'GET', url: `${url}${path}`, maxBytes: 1_000_000 }), { failure: 'too_large' }, path)
})

t.test('where only the status counts, it is the answer, whatever body follows or does not end', async t => {
  const { url } = await startServer(t, (request, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' })
    response.writeHead(202, request.url === '/said' ? { 'content-length': '100000000' } : {}).flushHeaders()
    if (request.url === '/huge') response.end(Buffer.alloc(5_000_000))
    if (request.url === '/cut') response.write('half', () => request.socket.destroy())
  })
  const http = open(t, { allowPrivate: true })
  for (const path of ['silence', 'said', 'huge', 'cut'])
    t.match(await http.send({ method: 'POST', url: `${url}${path}`, body: '{}', statusOnly: true }), { kind: 'answer', status: 202, body: '' }, path)
})

t.test('a URL that is certainly never called is known before it is called', async t => {
  const http = open(t)
  for (const { host, resolvesTo } of HOSTILE_HOSTS) if (resolvesTo === null) t.ok(http.refuses(`https://${host}/`), host)
  for (const url of ['ftp://shop.example.com/', 'https://user@shop.example.com/', 'nothing', '']) t.ok(http.refuses(url), url)
  t.notOk(http.refuses('http://shop.example.com:8080/api'))
  t.notOk(open(t, { allowPrivate: true }).refuses('http://127.0.0.1:9/'))
})
