import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId, newId, toApiId } from '../../src/kit/ids.ts'
import { findAdapter } from '../../src/suppliers/index.ts'
import type { Callback } from '../../src/suppliers/simulators/protocol.ts'
import { PROTOCOLS } from '../../src/suppliers/simulators/registry.ts'
import type { Sale } from '../../src/suppliers/simulators/shop.ts'
import { type Simulator, startSimulator } from '../../src/suppliers/simulators/simulator.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus, type TestReseller } from '../support/shop.ts'

interface Subject {
  readonly name: string
  /** What its documentation wants to be answered. */
  readonly acknowledgement: { readonly status: number; readonly text: string }
  /** The order says where to call. */
  readonly takesUrl?: boolean
  readonly code?: (code: string) => string
}

const ORDER_CALLBACKS: readonly Subject[] = [
  { name: 'example', acknowledgement: { status: 200, text: 'ok' }, takesUrl: true },
  {
    name: 'dujiao-next',
    acknowledgement: { status: 200, text: '{"ok":true,"message":"received"}' },
    takesUrl: true,
    code: code => `${code}/${code}`
  },
  { name: 'kasushou', acknowledgement: { status: 200, text: 'ok' }, takesUrl: true },
  { name: 'fulu', acknowledgement: { status: 200, text: 'success' } },
  { name: 'kinguin', acknowledgement: { status: 204, text: '' } },
  { name: 'kahub', acknowledgement: { status: 204, text: '' } }
]

/** The balancer: what suppliers reach is not what the server listens on. */
let behind: TestApp | null = null
const front = createServer(async (request, response) => {
  const payload = Buffer.concat(await request.toArray())
  const { 'transfer-encoding': _, ...headers } = request.headers
  const url = (request.url ?? '').replace(/^\/hub/, '')
  const reply = await behind?.app.inject({ method: request.method as 'POST', url, headers, payload })
  response.writeHead(reply?.statusCode ?? 503, { 'content-type': String(reply?.headers['content-type'] ?? '') }).end(reply?.rawPayload)
})
front.listen(0, '127.0.0.1')
await once(front, 'listening')
const publicUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}/hub/`
const app = await startTestApp(t, {
  worker: true,
  env: { KAHUB_PUBLIC_URL: publicUrl },
  findAdapter: name => {
    const adapter = findAdapter(name)
    // Tests do not wait for a supplier's patience.
    return adapter === null ? null : { ...adapter, capabilities: { ...adapter.capabilities, rateLimit: null } }
  }
})
behind = app
t.teardown(() => {
  front.closeAllConnections()
  front.close()
})

const urlOf = (supplierId: string): string => `${publicUrl}v1/callbacks/suppliers/${supplierId}`

interface Answer {
  readonly status: number
  readonly text: string
}

async function send(supplierId: string, { headers, query, body }: Callback, method = 'POST'): Promise<Answer> {
  const url = `${urlOf(supplierId)}?${new URLSearchParams(query)}`
  const reply = await fetch(url, { method, headers: { 'content-type': 'application/json', ...headers }, ...(method === 'GET' ? {} : { body }) })
  return { status: reply.status, text: await reply.text() }
}

const countCallbacks = async (supplierId: string): Promise<number> => {
  const [row] = await app.services.db.query<{ count: number }>(
    statement('test_callbacks', `SELECT count(*)::int AS count FROM inbound_event WHERE supplier_id = $1 AND type = 'callback' AND state = 'done'`),
    [fromApiId('supplier', supplierId)]
  )
  return row?.count ?? 0
}

/** Nobody asks this supplier by the clock any more. */
const stopAsking = async (supplierId: string): Promise<unknown> =>
  await app.services.db.execute(
    statement('test_stop_asking', `UPDATE supplier_attempt SET due_at = now() + interval '1 day' WHERE supplier_id = $1 AND state = 'submitted'`),
    [fromApiId('supplier', supplierId)]
  )

async function openSupplier(t: Pick<Test, 'teardown'>, { name, code = each => each }: Pick<Subject, 'name' | 'code'>) {
  const protocol = PROTOCOLS.find(each => each.name === name)
  if (protocol === undefined) throw new Error(`no simulator for ${name}`)
  const sim = await startSimulator(protocol)
  t.teardown(() => sim.close())
  sim.shop.delivery = 'later'
  const { id } = await expectStatus(201, app.admin('POST', '/v1/admin/suppliers', { body: { name, adapter: name, config: sim.config } }))
  const skuId = await createSku(app, { price: '10.00' })
  const source = { supplierId: id, productCode: code('1001'), unitCost: cny('5.00'), priority: 1, enabled: true }
  await expectStatus(200, app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, { body: [source] }))
  return { sim, id, skuId }
}

async function buy(reseller: TestReseller, skuId: string, sim: Simulator): Promise<{ readonly orderId: string; readonly sale: Sale }> {
  const sold = sim.shop.book.length
  const { id } = await expectStatus(202, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  await eventually('taken by the supplier', async () => (await expectStatus(200, reseller.call('GET', `/v1/orders/${id}`))).state === 'submitted')
  const sale = sim.shop.book[sold]
  if (sale === undefined) throw new Error('nothing was sold')
  return { orderId: id, sale }
}

const genuineOf = (sim: Simulator, sale: Sale): Callback => {
  const callback = sim.orderCallback(sale)
  if (callback === null) throw new Error('this system calls nobody back')
  return callback
}

for (const subject of ORDER_CALLBACKS) {
  t.test(`${subject.name}: a callback has the supplier asked, and nothing else`, async t => {
    const { sim, id, skuId } = await openSupplier(t, subject)
    const reseller = await createReseller(app, { credit: '100.00' })
    const [first, second] = [await buy(reseller, skuId, sim), await buy(reseller, skuId, sim)]
    t.equal(first.sale.notifyUrl, subject.takesUrl === true ? urlOf(id) : null)
    await stopAsking(id)

    const forged = sim.orderCallback(first.sale, 'forged')
    if (forged !== null) t.match(await send(id, forged), { status: 401, text: /unauthenticated/ })
    t.equal(await countCallbacks(id), 0, 'what is forged is not even noted')

    t.same(await send(id, genuineOf(sim, first.sale)), subject.acknowledgement, 'too early, and acknowledged as its protocol wants')
    t.equal((await expectStatus(200, reseller.call('GET', `/v1/orders/${first.orderId}`))).state, 'submitted')
    await stopAsking(id)

    sim.settle(first.sale.reference)
    const tampered = sim.orderCallback(first.sale, 'tampered')
    if (tampered !== null) await send(id, tampered)
    const genuine = genuineOf(sim, first.sale)
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(id, genuine)))
    for (const answer of answers) t.same(answer, subject.acknowledgement, 'as often as it comes')
    await eventually('delivered', async () => (await expectStatus(200, reseller.call('GET', `/v1/orders/${first.orderId}`))).state === 'fulfilled')

    sim.settle(second.sale.reference)
    // Those that take a URL have been called by the simulator itself.
    if (subject.takesUrl !== true) await send(id, genuineOf(sim, second.sale))
    await eventually('delivered', async () => (await expectStatus(200, reseller.call('GET', `/v1/orders/${second.orderId}`))).state === 'fulfilled')

    for (const { sale } of [second, first]) t.same(await send(id, genuineOf(sim, sale)), subject.acknowledgement, 'too late, and in another order')
    for (const { orderId, sale } of [first, second]) {
      const { data } = await expectStatus(200, reseller.call('GET', `/v1/orders/${orderId}/cards`))
      t.same(
        data.map(({ secret }: { secret: string }) => secret),
        sale.cards.map(({ secret }) => secret),
        'what the supplier answered, not what was called'
      )
    }
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('80.00'), held: cny('0.00') })
    t.equal(sim.shop.book.length, 2)
    t.ok((await countCallbacks(id)) >= 2)
    const noted = JSON.stringify(await app.services.db.query(statement('test_noted', 'SELECT * FROM inbound_event')))
    for (const { secret } of [...first.sale.cards, ...second.sale.cards]) t.notOk(noted.includes(secret), 'no card is noted')
    t.notMatch(noted, /STOLEN/)
  })
}

t.test('callbacks about products are verified and acknowledged too, and have the supplier read again', async t => {
  for (const name of ['kakayun', 'kasushou', 'kinguin', 'kahub', 'example']) {
    const { sim, id } = await openSupplier(t, { name })
    const [genuine, forged] = [sim.productCallback('1001'), sim.productCallback('1001', 'forged')]
    if (genuine === null || forged === null) throw new Error(`${name} tells of no products`)
    const [late, soon] = [
      "UPDATE supplier_sync SET due_at = now() + interval '1 hour'",
      "SELECT FROM supplier_sync WHERE due_at < now() + interval '30 minutes'"
    ]
    await app.services.db.query(statement('test_late', late))
    t.equal((await send(id, forged)).status, 401, name)
    t.equal((await app.services.db.query(statement('test_soon', soon))).length, 0, `${name}: not for a forged one`)
    t.match(await send(id, genuine), { status: /^20[04]$/ }, name)
    t.equal(await countCallbacks(id), 1, name)
    t.equal((await app.services.db.query(statement('test_soon', soon))).length, 1, name)
  }
})

t.test('what nobody signed is refused in one way, whatever it looks like', async t => {
  const { id } = await openSupplier(t, { name: 'fulu' })
  const { id: silent } = await openSupplier(t, { name: 'acg-faka' })
  const { id: pushes } = await expectStatus(201, app.admin('POST', '/v1/admin/suppliers', { body: { name: 'Key works' } }))
  const types = ['application/json', 'application/x-www-form-urlencoded', 'text/xml', 'application/xml', 'multipart/form-data; boundary=x', 'a/b', '']
  const bodies = [
    '',
    '{',
    '{"sign":"x"}',
    'sign=1&sign=2',
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    '\0'.repeat(100)
  ]
  const answers = new Set<string>()
  for (const supplierId of [id, silent, pushes, toApiId('supplier', newId()), 'nobody']) {
    for (const [n, body] of bodies.entries()) {
      const { status, text } = await send(supplierId, { headers: { 'content-type': types[n % types.length] ?? '' }, query: { a: '1' }, body })
      t.equal(status, 401, `${supplierId} ${body.slice(0, 20)}`)
      answers.add(JSON.parse(text).detail)
    }
    t.equal((await send(supplierId, { headers: {}, query: { sign: 'x', order: '1' }, body: '' }, 'GET')).status, 401)
  }
  t.equal(answers.size, 1)
  t.match(await send(id, { headers: {}, query: {}, body: 'x'.repeat(1_048_577) }), { status: 413, text: /payload_too_large/ })
  t.equal(await countCallbacks(id), 0)
})
