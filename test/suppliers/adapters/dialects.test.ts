/**
 * Other servers of the same systems: written from the documents alone, they differ from our simulators where the documents leave room.
 * What they mean must be understood, and what they leave open must stay open.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { fulu } from '../../../src/suppliers/adapters/fulu/index.ts'
import { signText } from '../../../src/suppliers/adapters/fulu/sign.ts'
import { kakayun } from '../../../src/suppliers/adapters/kakayun/index.ts'
import { kasushou } from '../../../src/suppliers/adapters/kasushou/index.ts'
import { kayixin } from '../../../src/suppliers/adapters/kayixin/index.ts'
import { kinguin } from '../../../src/suppliers/adapters/kinguin/index.ts'
import { reloadly } from '../../../src/suppliers/adapters/reloadly/index.ts'
import type { PlaceRequest, SupplierAdapter, SupplierClient } from '../../../src/suppliers/contract.ts'
import { createTestOutbound } from '../../support/outbound.ts'

interface Said {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}
type Script = Readonly<Record<string, Said | ((request: IncomingMessage, body: string) => Said)>>

const http = createTestOutbound({ timeoutMs: 5_000, maxBytes: 1_000_000 })
t.teardown(() => http.close())

const SECRET = 'demo_secret_of_32_characters_123'
const CONFIG = {
  appId: 'a',
  appKey: 'k',
  appSecret: SECRET,
  userId: 'u',
  apiKey: SECRET,
  key: SECRET,
  eventSecret: SECRET,
  clientId: 'c',
  clientSecret: 's',
  senderName: 'n'
}

/** The adapter before a server that says what stands in the script, by the end of the path. */
async function before(t: Tap, adapter: SupplierAdapter, script: Script): Promise<{ client: SupplierClient; heard: string[] }> {
  const heard: string[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    const path = (request.url ?? '').split('?')[0] ?? ''
    const found = Object.entries(script).find(([end]) => path.endsWith(end) || body.includes(end))?.[1] ?? { status: 404, body: '<html>' }
    const { status = 200, headers = {}, body: said } = typeof found === 'function' ? found(request, body) : found
    heard.push(path)
    response.writeHead(status, headers).end(typeof said === 'string' || Buffer.isBuffer(said) ? said : JSON.stringify(said))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { properties } = adapter.configSchema as { properties: Record<string, unknown> }
  const config = Object.fromEntries(Object.entries({ ...CONFIG, baseUrl, authUrl: baseUrl }).filter(([name]) => Object.hasOwn(properties, name)))
  return { client: adapter.connect(config, http), heard }
}
type Tap = { teardown(action: () => unknown): unknown }

const ORDER: PlaceRequest = {
  reference: 'T-0001',
  productCode: '7',
  quantity: 1,
  maxUnitCost: 60_000n,
  currency: 'CNY',
  input: null,
  notifyUrl: null
}
const asked = { reference: 'T-0001', upstreamId: 'U1' }

t.test('an answer that begins with a byte order mark, or is compressed unasked, is read', async t => {
  const good = JSON.stringify({ code: 200, data: { balance: '12.50' } })
  const forms: Said[] = [
    { body: `\ufeff${good}` },
    { body: gzipSync(good), headers: { 'content-encoding': 'gzip' } },
    { body: gzipSync(`\ufeff${good}`), headers: { 'content-encoding': 'X-GZIP' } }
  ]
  for (const said of forms) {
    const { client } = await before(t, kasushou, { 'user/info': said })
    t.match(await client.balance(), { amount: 125_000n })
  }
  const bomb = { body: gzipSync(Buffer.alloc(50_000_000)), headers: { 'content-encoding': 'gzip' } }
  for (const said of [bomb, { body: good, headers: { 'content-encoding': 'gzip' } }, { body: good, headers: { 'content-encoding': 'zstd' } }]) {
    const { client } = await before(t, kasushou, { 'order/buy': said })
    t.match(await client.place(ORDER), { kind: 'unknown' })
  }
})

t.test('HTTP 429 is no sale and no reason to give up, also at the question for the price', async t => {
  const throttled: Said = { status: 429, body: '<html>slow down</html>' }
  const price: Script = { 'goods/getDetail': { body: { code: 1000, data: { goodsId: 7, salesPrice: 5, status: 1 } } } }
  for (const script of [{ 'goods/getDetail': throttled }, { ...price, 'order/create': throttled }]) {
    const { client } = await before(t, kayixin, script)
    t.match(await client.place(ORDER), { kind: 'refused', refusal: 'rate_limited' })
  }
  const { client } = await before(t, kayixin, { 'order/create': throttled })
  t.match(await client.place({ ...ORDER, again: true }), { kind: 'unknown' }, 'what was sent before may have been sold')
})

t.test('a connection that is closed in the middle of an order is unknown, and the order is sent once', async t => {
  const heard: string[] = []
  const endings: readonly ((socket: Socket) => unknown)[] = [
    socket => socket.resetAndDestroy(),
    socket => socket.end(),
    socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"code"'),
    socket => socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
    socket => socket.end('nonsense\r\n\r\n')
  ]
  let ending = endings[0]
  const server = createTcpServer(socket => {
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      const [line = ''] = chunk.toString().split('\r\n')
      if (!line.startsWith('POST ')) return
      heard.push(line)
      // A connection that is kept open, then a request on it that meets its end.
      const body = '{"code":200,"data":{"balance":1}}'
      if (line.includes('user/info')) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      else ending?.(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = kasushou.connect({ baseUrl, userId: 'u', apiKey: SECRET }, http)
  for (const each of endings) {
    ending = each
    heard.length = 0
    await client.balance()
    t.match(await client.place(ORDER), { kind: 'unknown' })
    t.equal(heard.filter(line => line.includes('order/buy')).length, 1)
  }
})

t.test('kasushou: an order may come alone, its key in either field, and a top-up without any', async t => {
  const order = { external_orderno: 'T-0001', ordersn: 'U1', status: '3' }
  const cases: readonly [unknown, object][] = [
    [
      { ...order, card_list: [{ card_no: 'KEY-AAAA-1', card_password: '' }] },
      { kind: 'fulfilled', cards: [{ number: null, secret: 'KEY-AAAA-1' }] }
    ],
    [[{ ...order, card_list: [{ card_no: '1', card_password: '' }] }], { kind: 'unknown' }],
    [[{ ...order, card_list: null }], { kind: 'fulfilled', cards: [] }],
    [[{ ...order, external_orderno: 'T-0002' }], { kind: 'unknown' }],
    [{}, { kind: 'unknown' }],
    [null, { kind: 'unknown' }],
    [[], { kind: 'not_found' }]
  ]
  for (const [data, expected] of cases) {
    const { client } = await before(t, kasushou, { 'order/info': { body: { code: '200', msg: '', data } } })
    t.match(await client.query(asked), expected, JSON.stringify(data))
  }
  const { client } = await before(t, kasushou, { 'order/info': { body: { code: 404, msg: '订单不存在', data: null } } })
  t.match(await client.query(asked), { kind: 'not_found' })
})

t.test('kasushou: the request is sorted to its depths; a callback may be signed sorted or not, escaped or not', async t => {
  let sent = ''
  const { client } = await before(t, kasushou, {
    'order/buy': (_request, body) => {
      sent = body
      return { body: { code: 200, data: { ordersn: 'U1' } } }
    }
  })
  await client.place({ ...ORDER, input: { zone: '1', account: 'a' } })
  t.match(sent, /^\{"attach":\{"account":"a","zone":"1"\},"external_orderno"/)
  const fields = '{"time":"1767322800","ordersn":"U1","external_orderno":"T-0001","recharge_hints":"充值/完成"'
  const sorted = '{"external_orderno":"T-0001","ordersn":"U1","recharge_hints":"充值/完成","time":"1767322800"'
  const escaped = (json: string): string => json.replace('充值/完成', '\\u5145\\u503c\\/\\u5b8c\\u6210')
  for (const json of [fields, sorted, escaped(fields), escaped(sorted)]) {
    const sign = createHash('sha1').update(`1767322800${json}}${SECRET}`).digest('hex')
    const result = client.parseWebhook({}, Buffer.from(`${json},"card_list":[],"sign":"${sign}"}`), {})
    t.match(result, { kind: 'events', events: [{ kind: 'order_changed', reference: 'T-0001' }] })
    t.match(client.parseWebhook({}, Buffer.from(`${json.replace('T-0001', 'T-0002')},"sign":"${sign}"}`), {}), { kind: 'refused' })
  }
})

t.test('kayixin: an order without our number is ours only under the number that it was accepted with', async t => {
  const order = { orderNumber: 'U1', status: 3, cards: [{ cardNo: null, cardPwd: 'KEY-AAAA-1' }] }
  const { client } = await before(t, kayixin, { 'order/getDetail': { body: { code: '1000', data: order } } })
  t.match(await client.query(asked), { kind: 'fulfilled', cards: [{ secret: 'KEY-AAAA-1' }] })
  t.match(await client.query({ ...asked, upstreamId: 'U2' }), { kind: 'unknown' })
  t.match(await client.query({ ...asked, upstreamId: null }), { kind: 'unknown' })
  const other = await before(t, kayixin, { 'order/getDetail': { body: { code: 1000, data: { ...order, outerNumber: 'T-0002' } } } })
  t.match(await other.client.query(asked), { kind: 'unknown' })
})

t.test('kakayun: 9999 says nothing whatever its words; a product push is signed over what was written, or over its numbers', async t => {
  const { client } = await before(t, kakayun, { 'order/get': { body: { code: 9999, msg: '订单不存在', data: {} } } })
  t.match(await client.query(asked), { kind: 'unknown' })
  const now = Math.floor(Date.now() / 1_000)
  const push = (price: string, signed: string): Buffer => {
    const text = `goodsid=7&goodsprice=${signed}&goodsstatus=1&goodsstock=3&hot=true&timestamp=${now}${SECRET}`
    const sign = createHash('md5').update(text).digest('hex')
    return Buffer.from(
      `{"goodsid":7,"goodsprice":${price},"goodsstatus":1,"goodsstock":3,"hot":true,"note":null,"timestamp":${now},"sign":"${sign}"}`
    )
  }
  for (const [price, signed] of [
    ['5.0', '5'],
    ['5.0', '5.0'],
    ['"5.00"', '5.00']
  ] as const)
    t.match(client.parseWebhook({}, push(price, signed), {}), { kind: 'events', events: [{ code: '7', unitCost: 50_000n, stock: 3 }] }, price)
  t.match(client.parseWebhook({}, push('5.0', '6'), {}), { kind: 'refused' })
})

t.test('fulu: a key may stand alone in either field; a callback may come escaped', async t => {
  const encrypt = (text: string): string => {
    const cipher = createCipheriv('aes-256-ecb', SECRET, null)
    return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64')
  }
  const pairs: readonly [object, object][] = [
    [
      { card_number: encrypt('KEY-AAAA-1'), card_pwd: '' },
      { kind: 'fulfilled', cards: [{ number: null, secret: 'KEY-AAAA-1' }] }
    ],
    [
      { card_number: encrypt('KEY-AAAA-1'), card_pwd: encrypt('') },
      { kind: 'fulfilled', cards: [{ secret: 'KEY-AAAA-1' }] }
    ],
    [
      { card_number: null, card_pwd: encrypt('KEY-AAAA-1') },
      { kind: 'fulfilled', cards: [{ secret: 'KEY-AAAA-1' }] }
    ],
    [{ card_number: '', card_pwd: '' }, { kind: 'unknown' }],
    [{ card_number: encrypt('KEY-AAAA-1'), card_pwd: 'clear' }, { kind: 'unknown' }]
  ]
  for (const [card, expected] of pairs) {
    const result = JSON.stringify({
      customer_order_no: 'T-0001',
      order_id: 'U1',
      order_state: 'success',
      order_type: '3',
      buy_num: '1',
      cards: [card]
    })
    const { client } = await before(t, fulu, { 'order.info.get': { body: { code: '0', result, sign: signText(result, SECRET) } } })
    t.match(await client.query(asked), expected, JSON.stringify(card))
  }
  const { client } = await before(t, fulu, {})
  const fields = '{"customer_order_no":"T-0001","recharge_description":"充值/完成"'
  const sign = signText(`${fields}}`, SECRET)
  const escaped = fields.replace('充值/完成', '\\u5145\\u503c\\/\\u5b8c\\u6210')
  for (const json of [fields, escaped])
    t.match(client.parseWebhook({}, Buffer.from(`${json},"sign":"${sign}"}`), {}), { kind: 'events', events: [{ reference: 'T-0001' }] })
})

t.test('kinguin: an event that is not documented is taken, and a wrong secret is not', async t => {
  const { client } = await before(t, kinguin, {})
  const headers = { 'x-event-name': 'order.complete', 'x-event-secret': SECRET }
  t.match(client.parseWebhook(headers, Buffer.from('{}'), {}), { kind: 'events', events: [], acknowledgement: { status: 204, body: '' } })
  t.match(client.parseWebhook({ ...headers, 'x-event-secret': 'x' }, Buffer.from('{}'), {}), { kind: 'refused' })
})

t.test('reloadly: a token that ends early is renewed once, and the price is found in each form of the map', async t => {
  let tokens = 0
  let orders = 0
  const product = { productId: 7, denominationType: 'FIXED', senderCurrencyCode: 'USD', recipientCurrencyCode: 'USD', countryCode: 'US' }
  const script = (over: object, wanted: number): Script => ({
    '/oauth/token': () => ({ body: { access_token: `token-${++tokens}`, expires_in: '3600' } }),
    '/products/7': { body: { ...product, ...over } },
    '/orders': request => {
      orders += 1
      if (request.headers['authorization'] !== `Bearer token-${wanted}`) return { status: 401, body: { errorCode: 'INVALID_TOKEN', message: 'over' } }
      return { body: { transactionId: '9007199254740993' } }
    }
  })
  const order = { ...ORDER, productCode: '7:5', currency: 'USD' as const }
  const maps = [{ fixedRecipientToSenderDenominationsMap: [{ '5.00': 5.5 }] }, { fixedRecipientToSenderDenominationsMap: null }, {}]
  for (const over of maps) {
    tokens = 0
    orders = 0
    const { client } = await before(t, reloadly, script(over, 2))
    t.match(await client.place(order), { kind: 'accepted' })
    t.equal(orders, 2)
  }
  tokens = 0
  orders = 0
  const { client } = await before(t, reloadly, script({}, 99))
  t.match(await client.place(order), { kind: 'refused', refusal: 'auth' })
  t.equal(orders, 2)
  const dear = await before(t, reloadly, script({ fixedRecipientToSenderDenominationsMap: { '5': 6.5 } }, 1))
  t.match(await dear.client.place(order), { kind: 'refused', refusal: 'price_exceeded' })
  const foreign = await before(t, reloadly, script({ recipientCurrencyCode: 'EUR' }, 1))
  t.match(await foreign.client.place(order), { kind: 'refused', refusal: 'rejected' })
})
