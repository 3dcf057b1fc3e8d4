/**
 * A thief who has the database, its log of changes, Redis, and our log: after a shop did all that it can do, nothing of what
 * it keeps secret is found in them, in whatever form: cards, credentials of suppliers and shops, keys, and what buyers entered.
 */
import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import pg from 'pg'
import t from 'tap'
import { sign as signDujiao } from '../../src/facades/dujiao-next/sign.ts'
import { findAdapter } from '../../src/suppliers/index.ts'
import { PROTOCOLS } from '../../src/suppliers/simulators/registry.ts'
import { startSimulator } from '../../src/suppliers/simulators/simulator.ts'
import { toForm } from '../facades/acg-shop.ts'
import { ADMIN_KEY, type Json, MASTER_KEY, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'

const logLines: string[] = []
const hub = await startTestApp(t, {
  worker: true,
  logLines,
  env: { KAHUB_PUBLIC_URL: 'http://127.0.0.1:9/' },
  findAdapter: name => {
    const adapter = findAdapter(name)
    // Tests do not wait for a supplier's patience.
    return adapter === null ? null : { ...adapter, capabilities: { ...adapter.capabilities, rateLimit: null } }
  }
})
const owner = new pg.Client({ connectionString: hub.databaseUrl })
await owner.connect()
t.teardown(() => owner.end())
const begun: string = (await owner.query('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name')).rows[0].name
const reseller = await createReseller(hub, { credit: '100000.00' })

/** What it is, by its text. */
const secrets = new Map<string, string>([
  [ADMIN_KEY, 'the key of the operator'],
  [MASTER_KEY, 'the master key'],
  [reseller.key.slice(8), 'the key of a reseller']
])
const keep = (what: string, ...texts: readonly string[]): void => {
  for (const text of texts) secrets.set(text, what)
}
const mark = (what: string): string => {
  const text = `MARK-${randomBytes(8).toString('hex')}`
  keep(what, text)
  return text
}
const post = (path: string, body?: unknown): Promise<Json> => expectStatus(201, hub.admin('POST', path, { body }))
const inState = (id: string, ...states: readonly string[]): Promise<unknown> =>
  eventually(`${id} becomes ${states}`, async () => states.includes((await expectStatus(200, reseller.call('GET', `/v1/orders/${id}`))).state))

/** A supplier whose refusals, and queries, tell in plain words what they sold. */
async function startTalker(card: string): Promise<string> {
  const server = createServer((_request, response) => {
    const body = { error: 'weird', message: `Sold already: ${card}, PIN 4837-2291`, id: 'up-1' }
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function sourceOf(supplierId: string, productCode: string, sku: Json = {}): Promise<string> {
  const skuId = await createSku(hub, { price: '50.00', ...sku })
  const source = { supplierId, productCode, unitCost: cny('20.00'), priority: 1, enabled: true }
  await expectStatus(200, hub.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body: [source] }))
  return skuId
}

const CREDENTIAL = /key|secret/i

/** A credential of the same form. */
function another(what: string, credential: string): string {
  const text = credential.replaceAll(/[0-9]/g, () => String(randomInt(10)))
  keep(what, text.replace(/^whsec_/, ''))
  return text
}

for (const protocol of PROTOCOLS) {
  t.test(`bought at ${protocol.name}, whose credentials are changed, and whose answers are what they should not be`, async t => {
    const sim = await startSimulator(protocol)
    t.teardown(() => sim.close())
    for (const [name, value] of Object.entries(sim.config))
      if (CREDENTIAL.test(name)) keep(`${name} of ${protocol.name}`, value.replace(/^whsec_/, ''))
    const old = Object.fromEntries(Object.entries(sim.config).map(([name, value]) => [name, CREDENTIAL.test(name) ? another(name, value) : value]))
    const { id, webhookSecret } = await post('/v1/admin/suppliers', { name: protocol.name, adapter: protocol.name, config: old, syncSeconds: 60 })
    keep('a webhook secret', webhookSecret.slice(6))
    const wrong = { ...sim.config, baseUrl: mark('a credential in the wrong place') }
    t.equal((await hub.admin('PATCH', `/v1/admin/suppliers/${id}`, { body: { config: wrong } })).status, 400)
    await expectStatus(200, hub.admin('PATCH', `/v1/admin/suppliers/${id}`, { body: { config: sim.config } }))
    const skuId = await sourceOf(id, protocol.name === 'dujiao-next' ? '1001/1001' : '1001')
    sim.plan.script({ fault: 'unknown_code' }, { fault: 'not_json' })
    const orders = await Promise.all([1, 2, 3].map(() => expectStatus(202, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))))
    await Promise.all(orders.map(order => inState(order.id, 'fulfilled', 'uncertain', 'failed', 'review', 'submitted')))
    for (const { cards } of sim.shop.book)
      for (const { number, secret } of cards) keep(`a card of ${protocol.name}`, secret, ...(number === null ? [] : [number]))
  })
}

t.test('a supplier that tells its cards in error messages, and is asked again', async () => {
  const config = {
    baseUrl: await startTalker(mark('a card in a message')),
    apiKey: mark('api key'),
    callbackSecret: mark('callback secret').repeat(2)
  }
  keep('a PIN in a message', '4837-2291')
  const { id } = await post('/v1/admin/suppliers', { name: 'Talker', adapter: 'example', config })
  const order = await expectStatus(202, reseller.call('POST', '/v1/orders', { body: { skuId: await sourceOf(id, '1001'), quantity: 1 } }))
  await inState(order.id, 'uncertain', 'review')
  const resolution = { outcome: 'fulfilled', cards: [{ secret: mark('a card by hand'), number: mark('number by hand') }] }
  await hub.admin('POST', `/v1/admin/orders/${order.id}/resolve`, { body: resolution })
  await hub.admin('POST', `/v1/admin/orders/${order.id}/resolve`, { body: { ...resolution, cards: [{ secret: mark('a card'), x: 1 }] } })
})

t.test('what a buyer enters reaches the supplier, and nobody else', async t => {
  const protocol = PROTOCOLS.find(({ name }) => name === 'example')
  if (protocol === undefined) throw new Error('no example')
  const sim = await startSimulator(protocol)
  t.teardown(() => sim.close())
  const { id } = await post('/v1/admin/suppliers', { name: 'Top-ups', adapter: 'example', config: sim.config })
  const skuId = await sourceOf(id, '1002', { kind: 'topup' })
  const inputSchema = { type: 'object', properties: { account: { type: 'string' } }, required: ['account'] }
  await expectStatus(200, hub.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { inputSchema } }))
  const account = mark('the account of a buyer')
  const order = await expectStatus(202, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1, input: { account } } }))
  await inState(order.id, 'fulfilled')
  t.same(sim.shop.book[0]?.input, { account })
  t.equal(
    (await reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1, input: { account: mark('a wrong one'), x: mark('another') } } })).status,
    400
  )
})

t.test('own stock: imported in all formats, right and wrong, sold in all ways', async t => {
  const lines = Array.from({ length: 20 }, () => `${mark('a number')}----${mark('a secret')}`)
  const skuId = await createSku(hub, { price: '1.00', keys: lines })
  const bad = [`{"secret":"${mark('ndjson')}","oops":1}`, `{"secret":5,"number":"${mark('ndjson')}"}`, `{"secret":"${mark('ndjson')}"`].join('\n')
  for (const type of ['application/x-ndjson', 'text/csv', 'application/json'])
    await hub.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, { body: bad, headers: { 'content-type': type } })
  await hub.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, { body: lines.join('\n'), headers: { 'content-type': 'text/plain' } })
  await expectStatus(201, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 2 }, key: 'again' }))
  await expectStatus(201, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 2 }, key: 'again' }))
  const batch = await expectStatus(200, reseller.call('POST', '/v1/order-batches', { body: { orders: [{ skuId, quantity: 1 }] }, key: 'batch' }))
  t.match(JSON.stringify(batch), /MARK-/, 'the buyer is shown them')
})

t.test('suppliers that push, rightly and wrongly', async () => {
  const { id, webhookSecret } = await post('/v1/admin/suppliers', { name: 'Key works' })
  keep('a webhook secret', webhookSecret.slice(6))
  await sourceOf(id, 'P-1')
  const cards = [{ secret: mark('pushed'), number: mark('pushed number') }, { secret: `${mark('pushed')}\0` }]
  const bodies = [
    { type: 'stock.added', data: { productCode: 'P-1', cards } },
    { type: 'stock.added', data: { productCode: 'nothing', cards: [{ secret: mark('refused') }] } },
    { type: 'card.revoked', data: { cards: [...cards, { secret: mark('revoked') }], reason: 'chargeback' } },
    { type: 'stock.added', data: { cards: [{ secret: mark('unknown field'), x: 1 }] } }
  ]
  for (const [index, body] of bodies.entries()) {
    for (const secret of [webhookSecret, 'whsec_AAAA']) {
      const [text, at] = [JSON.stringify(body), String(Math.floor(Date.now() / 1_000))]
      const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`msg_${index}.${at}.${text}`)
        .digest('base64')
      const headers = { 'content-type': 'application/json', 'webhook-id': `msg_${index}`, 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}` }
      await hub.anonymous('POST', `/v1/webhooks/suppliers/${id}`, { body: text, headers })
      await hub.anonymous('POST', `/v1/callbacks/suppliers/${id}?card=${cards[0]?.secret}`, { body: text, headers })
    }
  }
})

t.test('shops of other systems, endpoints, and logins that fail', async t => {
  const issue = (body: object): Promise<Json> => post(`/v1/admin/resellers/${reseller.id}/facade-credentials`, { name: 'shop', ...body })
  const partner = { appId: '1783283558647493', appSecret: mark('partner secret') }
  const [acg, dujiao, ...others] = [
    await issue({ protocol: 'acg-faka' }),
    await issue({ protocol: 'dujiao-next' }),
    await issue({ protocol: 'goofish', partner }),
    await issue({ protocol: 'kasushou' })
  ]
  for (const { secret } of [acg, dujiao, ...others]) keep('the secret of a shop', secret)
  await createSku(hub, { price: '1.00', keys: Array.from({ length: 5 }, () => mark('sold to a shop')) })
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const trade = async (path: string, fields: Record<string, string>): Promise<Json> =>
    (await hub.anonymous('POST', `/facades/acg-faka/shared/${path}`, { body: toForm(acg, fields), headers: type })).body
  const listed = await trade('commodity/items', {})
  const codes: string[] = [...JSON.stringify(listed).matchAll(/"code":"([^"]+)"/g)].map(([, code = '']) => code)
  const bought = await Promise.all(
    codes.map((code, n) =>
      trade('commodity/trade', { shared_code: code, num: '1', request_no: `no-${n}`, contact: mark('a contact'), password: mark('a password') })
    )
  )
  t.match(JSON.stringify(bought), /MARK-/, 'a shop is shown its card')
  const time = String(Math.floor(Date.now() / 1_000))
  const body = JSON.stringify({ sku_id: 1, quantity: 1, manual_form_data: { account: mark('entered at a shop') }, downstream_order_no: 'n1' })
  const signature = signDujiao({ method: 'POST', path: '/api/v1/upstream/orders', time, body }, dujiao.secret)
  const headers = {
    'content-type': 'application/json',
    'dujiao-next-api-key': dujiao.login,
    'dujiao-next-timestamp': time,
    'dujiao-next-signature': signature
  }
  await hub.anonymous('POST', '/facades/dujiao-next/api/v1/upstream/orders', { body, headers })
  const endpoint = await expectStatus(201, reseller.call('POST', '/v1/webhook-endpoints', { body: { url: 'https://shop.example.com/hook' } }))
  const rotated = await expectStatus(201, reseller.call('POST', `/v1/webhook-endpoints/${endpoint.id}/rotate-secret`))
  keep('the secret of an endpoint', endpoint.secret.slice(6), rotated.secret.slice(6))
  for (const path of ['/v1/admin/operator-keys', `/v1/admin/resellers/${reseller.id}/api-keys`])
    keep('an API key', (await post(path, { name: 'k' })).key.slice(8))
  const jwt = ['eyJhbGciOiJSUzI1NiJ9', mark('claims'), mark('signature')].join('.')
  for (const key of [jwt, `kh_live_${mark('not a key')}`, `${reseller.key}x`])
    await hub.as(key)('GET', `/v1/orders?reference=${mark('in an address')}`)
  await hub.anonymous('GET', `/v1/orders?key=${reseller.key}`)
  await hub.anonymous('GET', `/v1/nothing/${reseller.key}`)
})

/** As a text may stand in a row, a file, or a line. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const shifted = [0, 1, 2].map(shift =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4)
      .replaceAll('=', '')
      .slice(0, -1)
  )
  const reversed = [...secret].reverse().join('')
  return [
    ...new Set([
      secret,
      bytes.toString('hex'),
      Buffer.from(secret, 'utf16le').toString('hex'),
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      reversed,
      ...shifted
    ])
  ]
}

function findIn(text: string): string[] {
  const lower = text.toLowerCase()
  return [...secrets]
    .filter(([secret]) => formsOf(secret).some(form => text.includes(form) || lower.includes(form.toLowerCase())))
    .map(([, what]) => what)
}

t.test('the thief finds nothing in any row', async t => {
  t.ok(secrets.size > 120, `${secrets.size} secrets`)
  const { rows: tables } = await owner.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
  for (const { name } of tables) {
    const { rows } = await owner.query(`SELECT x::text AS row FROM "${name}" x`)
    t.same(findIn(rows.map(({ row }) => row).join('\n')), [], name)
  }
  const { rowCount } = await owner.query("SELECT FROM reseller x WHERE position('Shop' IN x::text) > 0")
  t.ok(rowCount, 'what is no secret is found in this way')
})

t.test('nor in a line of the log', async t => {
  t.ok(logLines.length > 50)
  t.same(findIn(logLines.join('\n')), [])
})

t.test('nor in the log of changes, which has all that was ever written, since we began', async t => {
  const { rows } = await owner.query(
    `SELECT name, pg_read_binary_file('pg_wal/' || name, true) AS bytes FROM pg_ls_waldir() WHERE name >= $1 AND name ~ '^[0-9A-F]{24}$'`,
    [begun]
  )
  t.ok(rows.length > 0)
  for (const { name, bytes } of rows)
    t.same(
      [...secrets].filter(([secret]) => bytes?.includes(secret) === true).map(([, what]) => what),
      [],
      name
    )
})

t.test('nor in Redis', async t => {
  const redis = new Redis(process.env['TEST_REDIS_URL'] ?? '')
  t.teardown(() => redis.disconnect())
  for (const key of await redis.keys('*')) t.same(findIn(`${key} ${(await redis.dumpBuffer(key))?.toString('latin1')}`), [], key)
})
