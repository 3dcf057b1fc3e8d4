import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId, newId, toApiId } from '../../src/kit/ids.ts'
import { type Reply, startTestApp } from '../support/app.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'
import { pushStorm } from './push-storm.ts'

const app = await startTestApp(t)

interface PushSupplier {
  readonly id: string
  readonly secret: string
}

async function createSupplier(): Promise<PushSupplier> {
  const { id, webhookSecret } = await expectStatus(201, app.admin('POST', '/v1/admin/suppliers', { body: { name: 'Key works' } }))
  return { id, secret: webhookSecret }
}

/** A SKU that the supplier feeds under a code of its own. */
async function createSource({ id }: PushSupplier): Promise<{ skuId: string; productCode: string }> {
  const skuId = await createSku(app)
  const productCode = `P-${randomBytes(4).toString('hex')}`
  await expectStatus(
    200,
    app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, {
      body: [{ supplierId: id, productCode, unitCost: cny('4.00'), priority: 1, enabled: true }]
    })
  )
  return { skuId, productCode }
}

interface PushOptions {
  readonly id?: string
  readonly at?: Date
  readonly raw?: string | Buffer
  readonly headers?: Record<string, string>
}

/** Signed by the reference library. */
async function push({ id: supplierId, secret }: PushSupplier, body: unknown, options: PushOptions = {}): Promise<Reply> {
  const { id = newId(), at = new Date(), headers = {} } = options
  const text = JSON.stringify(body)
  const payload = options.raw ?? text
  const response = await app.app.inject({
    method: 'POST',
    url: `/v1/webhooks/suppliers/${supplierId}`,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, at, text),
      ...headers
    },
    payload
  })
  return { status: response.statusCode, headers: response.headers, body: response.json() }
}

const stock = (productCode: string, cards: object[], more: object = {}) => ({
  type: 'stock.added',
  timestamp: new Date().toISOString(),
  data: { productCode, cards, ...more }
})

let serial = 0
const keys = (count: number): { secret: string }[] =>
  Array.from({ length: count }, () => ({ secret: `PUSH-${randomBytes(8).toString('hex')}-${serial++}` }))

const stockOf = async (skuId: string): Promise<number> => {
  const [row] = await app.services.db.query<{ available: number }>(statement('test_stock', 'SELECT available FROM sku_fence WHERE sku_id = $1'), [
    fromApiId('sku', skuId)
  ])
  return row?.available ?? 0
}

t.test('pushed cards are stocked and sold; a push that comes again is answered as before and has no effect', async t => {
  const supplier = await createSupplier()
  const { skuId, productCode } = await createSource(supplier)
  const cards = [
    { number: '0123', secret: 'PIN-0001' },
    { secret: 'PIN-0002', expiresAt: '2999-12-31' },
    { secret: 'PIN-0002' },
    { secret: ' ' },
    { secret: 'PIN-\0' }
  ]
  const body = stock(productCode, cards, { unitCost: cny('3.50') })
  const id = newId()
  const first = await push(supplier, body, { id })
  t.equal(first.status, 200)
  t.same(first.body, {
    accepted: 2,
    duplicates: 1,
    rejected: [
      { index: 3, reason: 'empty_secret' },
      { index: 4, reason: 'invalid_characters' }
    ],
    rejectedCount: 2
  })
  const again = await Promise.all(Array.from({ length: 5 }, () => push(supplier, body, { id })))
  for (const reply of again) t.match(reply, { status: 200, headers: { 'idempotent-replayed': 'true' }, body: first.body })
  t.equal(await stockOf(skuId), 2)
  t.match((await push(supplier, body)).body, { accepted: 0, duplicates: 3 }, 'under another id, its cards are duplicates')
  const { call } = await createReseller(app, { credit: '100.00' })
  const order = await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 2 } }))
  t.same(
    order.cards.map((card: { secret: string }) => card.secret),
    ['PIN-0001', 'PIN-0002']
  )
  const rows = await app.services.db.query(statement('test_pushes', 'SELECT * FROM inbound_event'))
  t.notMatch(JSON.stringify(rows), /PIN-/, 'what is noted of a push holds no card')
})

t.test('the same push five times at once has one effect', async t => {
  const supplier = await createSupplier()
  const { skuId, productCode } = await createSource(supplier)
  const pushes = Array.from({ length: 20 }, () => ({ id: newId(), body: stock(productCode, keys(3)) }))
  const replies = await Promise.all([1, 2, 3, 4, 5].flatMap(() => pushes.toReversed().map(({ id, body }) => push(supplier, body, { id }))))
  t.ok(
    replies.every(({ status }) => status === 200 || status === 409 || status === 503),
    'a twin that is still running is told to wait'
  )
  for (const { id, body } of pushes) t.match(await push(supplier, body, { id }), { status: 200, body: { accepted: 3, duplicates: 0 } })
  t.equal(await stockOf(skuId), 60)
})

t.test('pushes delivered five times each, in any order, among forged ones, have their effect once', async t => {
  const post = async (url: string, headers: Readonly<Record<string, string>>, payload: string): Promise<Reply> => {
    const response = await app.app.inject({ method: 'POST', url, headers, payload })
    return { status: response.statusCode, headers: response.headers, body: response.json() }
  }
  const options = { seed: randomInt(1_000_000_000), pushes: 200, times: 5, forged: 0.05, lanes: 16 }
  const { faults, ...report } = await pushStorm({ admin: app.admin, post }, options)
  t.same(faults, [], `${JSON.stringify(options)} ${JSON.stringify(report)}`)
  t.ok(report.requests >= 1_000 && report.forged > 0)
})

t.test('10,000 cards in one push', async t => {
  const supplier = await createSupplier()
  const { skuId, productCode } = await createSource(supplier)
  t.match(await push(supplier, stock(productCode, keys(10_000))), { status: 200, body: { accepted: 10_000, duplicates: 0, rejectedCount: 0 } })
  t.equal(await stockOf(skuId), 10_000)
  t.equal((await push(supplier, stock(productCode, keys(10_001)))).body.code, 'validation_failed')
  t.equal((await push(supplier, stock(productCode, [{ secret: 'x'.repeat(17 * 1_048_576) }]))).body.code, 'payload_too_large')
})

t.test('whatever is wrong with the signature, the answer is the same 401 and nothing is stored', async t => {
  const [supplier, other] = [await createSupplier(), await createSupplier()]
  const { skuId, productCode } = await createSource(supplier)
  const body = stock(productCode, keys(1))
  const text = JSON.stringify(body)
  const now = Math.floor(Date.now() / 1_000)
  const sign = (id: string, timestamp: string, payload = text): string =>
    `v1,${createHmac('sha256', Buffer.from(supplier.secret.slice(6), 'base64'))
      .update(`${id}.${timestamp}.${payload}`)
      .digest('base64')}`
  const valid = sign('m1', String(now))
  const forged: Record<string, () => Promise<Reply>> = {
    'the secret of another supplier': () => push({ id: supplier.id, secret: other.secret }, body),
    'an unknown supplier': () => push({ id: toApiId('supplier', newId()), secret: supplier.secret }, body),
    'what is no supplier': () => push({ id: 'nobody', secret: supplier.secret }, body),
    'one byte changed': () => push(supplier, body, { raw: text.replace('PUSH', 'PUSK') }),
    'the same JSON with another blank': () => push(supplier, body, { raw: JSON.stringify(body, null, 1) }),
    'the body of another push': () => push(supplier, body, { raw: JSON.stringify(stock(productCode, keys(1))) }),
    'too old': () => push(supplier, body, { at: new Date(Date.now() - 302_000) }),
    'from the future': () => push(supplier, body, { at: new Date(Date.now() + 302_000) }),
    'another id': () => push(supplier, body, { headers: { 'webhook-id': 'm2' } }),
    'an id with a dot': () => push(supplier, body, { id: 'm.1' }),
    'an id with a blank': () => push(supplier, body, { id: 'm 1' }),
    'no id': () => push(supplier, body, { headers: { 'webhook-id': '' } }),
    'no signature': () => push(supplier, body, { headers: { 'webhook-signature': '' } }),
    'no timestamp': () => push(supplier, body, { headers: { 'webhook-timestamp': '' } }),
    'a signature of another version': () =>
      push(supplier, body, { id: 'm1', headers: { 'webhook-timestamp': String(now), 'webhook-signature': valid.replace('v1,', 'v2,') } }),
    'half a signature': () =>
      push(supplier, body, { id: 'm1', headers: { 'webhook-timestamp': String(now), 'webhook-signature': valid.slice(0, 20) } }),
    ...Object.fromEntries(
      [`${now}.0`, `${now}e0`, ` ${now}abc`, `+${now}`, `0x${now.toString(16)}`, '-1', 'NaN'].map(timestamp => [
        `the timestamp ${timestamp}`,
        () => push(supplier, body, { id: 'm1', headers: { 'webhook-timestamp': timestamp, 'webhook-signature': sign('m1', timestamp) } })
      ])
    )
  }
  const details = new Set<string>()
  for (const [name, send] of Object.entries(forged)) {
    const reply = await send()
    t.match(reply, { status: 401, body: { code: 'unauthenticated' } }, name)
    details.add(reply.body.detail)
  }
  t.equal(details.size, 1)
  t.equal(await stockOf(skuId), 0)
  const noise = Array.from({ length: 10 }, () => `v1,${randomBytes(32).toString('base64')}`)
  const several = await push(supplier, body, {
    id: 'm1',
    headers: { 'webhook-timestamp': String(now), 'webhook-signature': [...noise, 'v1a,xyz', valid].join(' ') }
  })
  t.equal(several.status, 200, 'one valid signature among others is enough')
})

t.test('the reference library and we agree on which moment is too far, and on an empty body', async t => {
  const supplier = await createSupplier()
  const { productCode } = await createSource(supplier)
  const library = new Webhook(supplier.secret)
  for (const offset of [-290, 290, 300]) {
    const at = new Date(Date.now() + offset * 1_000)
    t.equal((await push(supplier, stock(productCode, keys(1)), { at })).status, 200, `${offset} seconds`)
  }
  const [id, at] = ['m-empty', new Date()]
  const signed = { 'webhook-signature': library.sign(id, at, '') }
  t.match(await push(supplier, null, { id, at, raw: '', headers: signed }), { status: 400, body: { code: 'validation_failed' } })
})

t.test('a push that is refused has no effect, and says what is wrong', async t => {
  const supplier = await createSupplier()
  const { skuId, productCode } = await createSource(supplier)
  const [card] = keys(1)
  const wrong: [string, unknown, string][] = [
    ['no type', { data: {} }, ''],
    ['an unknown type', { type: 'stock.stolen', data: {} }, '/type'],
    ['an unknown field', { ...stock(productCode, [card!]), surprise: 1 }, '/surprise'],
    ['an unknown field of a card', stock(productCode, [{ ...card, pin: '1' }]), '/data/cards/0/pin'],
    ['no cards', stock(productCode, []), '/data/cards'],
    ['a field of another type', { type: 'card.revoked', data: { cards: [card], available: 1 } }, '/data/available'],
    ['a field missing', { type: 'stock.added', data: { cards: [card] } }, '/data/productCode'],
    ['an unknown product', stock('nothing', [card!]), '/data/productCode'],
    ['another currency', stock(productCode, [card!], { unitCost: { amount: '1.00', currency: 'USD' } }), '/data/unitCost/currency']
  ]
  for (const [name, body, pointer] of wrong) {
    const reply = await push(supplier, body)
    t.match(reply, { status: 400, body: { code: 'validation_failed' } }, name)
    if (pointer !== '') t.equal(reply.body.errors[0].pointer, pointer, name)
  }
  const garbage = '{"type":'
  const signed = new Webhook(supplier.secret).sign('m1', new Date(), garbage)
  t.match(await push(supplier, null, { id: 'm1', raw: garbage, headers: { 'webhook-signature': signed } }), { status: 400 })
  t.match(await push(supplier, stock(productCode, [card!]), { headers: { 'content-type': 'text/plain' } }), { status: 415 })
  t.equal(await stockOf(skuId), 0)
})

t.test('an id that brings another body is refused and set aside; after a refusal for other reasons the same push may succeed', async t => {
  const supplier = await createSupplier()
  const { skuId, productCode } = await createSource(supplier)
  const id = newId()
  t.equal((await push(supplier, stock(productCode, keys(1)), { id })).status, 200)
  t.match(await push(supplier, stock(productCode, keys(1)), { id }), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.equal(await stockOf(skuId), 1)
  const [aside] = await app.services.db.query<{ count: number }>(
    statement('test_aside', 'SELECT count(*)::int AS count FROM inbound_conflict WHERE webhook_id = $1'),
    [id]
  )
  t.equal(aside?.count, 1)
  const early = { id: newId(), body: stock('not-yet', keys(1)) }
  t.equal((await push(supplier, early.body, early)).status, 400)
  await expectStatus(
    200,
    app.admin('PUT', `/v1/admin/skus/${skuId}/sources`, {
      body: [{ supplierId: supplier.id, productCode: 'not-yet', unitCost: cny('4.00'), priority: 1, enabled: true }]
    })
  )
  t.match(await push(supplier, early.body, early), { status: 200, body: { accepted: 1 } })
})

t.test('while a secret is rotated both are good; a paused supplier is refused', async t => {
  const supplier = await createSupplier()
  const { productCode } = await createSource(supplier)
  const { webhookSecret } = await expectStatus(200, app.admin('POST', `/v1/admin/suppliers/${supplier.id}/rotate-webhook-secret`))
  for (const secret of [supplier.secret, webhookSecret]) t.equal((await push({ id: supplier.id, secret }, stock(productCode, keys(1)))).status, 200)
  await app.services.db.execute(
    statement('test_over', 'UPDATE signing_secret SET expires_at = now() WHERE owner_id = $1 AND expires_at IS NOT NULL'),
    [fromApiId('supplier', supplier.id)]
  )
  t.equal((await push(supplier, stock(productCode, keys(1)))).status, 401)
  await expectStatus(200, app.admin('POST', `/v1/admin/suppliers/${supplier.id}/pause`))
  t.equal((await push({ id: supplier.id, secret: webhookSecret }, stock(productCode, keys(1)))).body.code, 'account_suspended')
})

t.test('a supplier takes back its unsold cards, and nobody else’s', async t => {
  const [supplier, other] = [await createSupplier(), await createSupplier()]
  const { skuId, productCode } = await createSource(supplier)
  const { productCode: otherCode, skuId: otherSku } = await createSource(other)
  const [mine, theirs] = [keys(3), keys(1)]
  await push(supplier, stock(productCode, mine))
  await push(other, stock(otherCode, theirs))
  const { call } = await createReseller(app, { credit: '100.00' })
  await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  const revoke = { type: 'card.revoked', data: { cards: [{ secret: ` ${mine[0]?.secret} ` }, mine[1], ...theirs, ...keys(1)] } }
  t.match(await push(supplier, revoke), { status: 200, body: { voided: 1, sold: 1, unknown: 2 } })
  t.match(await push(supplier, revoke), { body: { voided: 1, sold: 1, unknown: 2 } })
  t.equal(await stockOf(skuId), 1)
  t.equal(await stockOf(otherSku), 1)
})

t.test('levels and prices are applied once, and the latest word stands in whatever order they come', async t => {
  const supplier = await createSupplier()
  const { skuId, productCode } = await createSource(supplier)
  const told = async () => (await expectStatus(200, app.admin('GET', `/v1/admin/skus/${skuId}/sources`)))[0]
  const level = (available: number, at: Date) => ({ type: 'stock.level', timestamp: at.toISOString(), data: { productCode, available } })
  const cost = (amount: string, at: Date) => ({ type: 'price.changed', timestamp: at.toISOString(), data: { productCode, unitCost: cny(amount) } })
  const [later, muchLater] = [new Date(Date.now() + 1_000), new Date(Date.now() + 86_400_000)]
  const id = newId()
  const first = level(7, new Date())
  t.match(await push(supplier, first, { id }), { status: 200, body: { state: 'accepted' } })
  t.match(await told(), { available: 7, unitCost: cny('4.00'), seenAt: /^20/ })
  await expectStatus(200, push(supplier, level(3, later)))
  t.match(await push(supplier, first, { id }), { status: 200, body: { state: 'accepted' }, headers: { 'idempotent-replayed': 'true' } })
  await expectStatus(200, push(supplier, level(9, new Date(Date.now() - 60_000))))
  t.match(await told(), { available: 3 }, 'neither a repetition nor what is older changes it')
  await expectStatus(200, push(supplier, cost('4.50', muchLater)))
  t.match(await told(), { unitCost: cny('4.50') })
  await expectStatus(200, push(supplier, cost('4.60', new Date(Date.now() + 1_000))))
  t.match(await told(), { unitCost: cny('4.60') }, 'a clock that is ahead shuts nothing out')
  t.match(await push(supplier, level(1, new Date()), { id }), { status: 422 })
  t.match(await push(supplier, { ...level(1, later), data: { productCode: 'other', available: 1 } }), {
    status: 400,
    body: { errors: [{ pointer: '/data/productCode' }] }
  })
  t.match(await push(supplier, { type: 'price.changed', data: { productCode, unitCost: { amount: '1.00', currency: 'USD' } } }), {
    status: 400,
    body: { errors: [{ pointer: '/data/unitCost/currency' }] }
  })
  t.equal(await stockOf(skuId), 0, 'what a supplier has is not our stock')
})

t.test('hints about orders are accepted once, and change nothing by themselves', async t => {
  const supplier = await createSupplier()
  const pushes = [
    { type: 'order.fulfilled', data: { reference: 'unknown', orderId: '4711' } },
    { type: 'order.failed', data: { reference: 'unknown', reason: 'sold out' } }
  ]
  for (const body of pushes) {
    const id = newId()
    t.match(await push(supplier, body, { id }), { status: 200, body: { state: 'accepted' } }, body.type)
    t.match(await push(supplier, body, { id }), { status: 200, body: { state: 'accepted' }, headers: { 'idempotent-replayed': 'true' } })
  }
})
