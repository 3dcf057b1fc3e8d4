import pg from 'pg'
import t from 'tap'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId, newId } from '../../src/kit/ids.ts'
import { publish } from '../../src/kit/outbox.ts'
import { createLog } from '../../src/log.ts'
import { startWorker } from '../../src/worker.ts'
import { startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus, type TestReseller } from '../support/shop.ts'
import { HOSTILE_HOSTS, HOSTILE_URLS } from './hostile-urls.ts'
import { type Receiver, startReceiver } from './receiver.ts'

/** Two workers, as in a deployment of two instances. */
const app = await startTestApp(t, { worker: true })
const second = startWorker(app.services, createLog('silent'))
t.teardown(() => second.stop())

const ENDPOINTS = '/v1/webhook-endpoints'
const DUE_NOW = statement(
  'test_due_now',
  `UPDATE webhook_delivery SET next_attempt_at = now() WHERE endpoint_id = $1 AND state = 'pending' AND lease_id IS NULL`
)

const register = async (reseller: TestReseller, receiver: Pick<Receiver, 'url'>, body: object = {}) =>
  await expectStatus(201, reseller.call('POST', ENDPOINTS, { body: { url: receiver.url, ...body } }))

const deliveriesOf = async ({ call }: TestReseller, id: string, query = '') =>
  (await expectStatus(200, call('GET', `${ENDPOINTS}/${id}/deliveries?limit=100${query}`))).data

/** Events in one transaction, of one subject unless it is said. */
const emit = async ({ id }: TestReseller, events: readonly { type?: string; subjectId?: string; data: object }[]): Promise<void> => {
  const subject = newId()
  const resellerId = fromApiId('reseller', id)
  await app.services.db.tx(tx =>
    publish(
      tx,
      events.map(({ type = 'test.happened', subjectId = subject, data }) => ({ type, resellerId, subjectId, data: { ...data } }))
    )
  )
}

/** The next attempt need not be waited for. */
const hurry = async (endpointId: string): Promise<unknown> => await app.services.db.execute(DUE_NOW, [fromApiId('endpoint', endpointId)])

t.test('an order is told to the endpoint as in the feed, signed as the reference library expects, without a card', async t => {
  const reseller = await createReseller(app, { credit: '100.00' })
  const skuId = await createSku(app, { keys: ['CANARY-1-0123456789', 'CANARY-2-0123456789'] })
  // What everybody is told of its stock is past before anybody listens.
  await eventually('stocked', async () => (await expectStatus(200, reseller.call('GET', '/v1/events'))).data.length === 1)
  const receiver = await startReceiver(t)
  const endpoint = await register(reseller, receiver, { description: 'shop' })
  t.match(endpoint, { url: receiver.url, description: 'shop', events: [], state: 'active', secret: /^whsec_[A-Za-z0-9+/]{43}=$/ })
  await expectStatus(201, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  const hit = await receiver.hit(0)
  t.doesNotThrow(() => receiver.verify(endpoint.secret, hit))
  const { data } = await expectStatus(200, reseller.call('GET', '/v1/events'))
  const { id, ...event } = data.at(-1)
  t.equal(hit.id, id)
  t.same(hit.event, event)
  t.same(Object.keys(hit.event), ['type', 'timestamp', 'data'])
  t.notMatch(hit.raw, /CANARY/)
  t.match(hit.headers['content-type'], 'application/json')
  await eventually('noted', async () => (await deliveriesOf(reseller, endpoint.id, '&state=delivered')).length === 1)
  t.match(await deliveriesOf(reseller, endpoint.id), [
    { eventId: id, type: 'order.fulfilled', state: 'delivered', attempts: 1, lastStatus: 204, nextAttemptAt: null }
  ])
  const shown = JSON.stringify([
    await expectStatus(200, reseller.call('GET', ENDPOINTS)),
    await expectStatus(200, reseller.call('GET', `${ENDPOINTS}/${endpoint.id}`))
  ])
  t.notMatch(shown, /whsec_/, 'the secret is shown once')
  const stored = await app.services.db.query<{ sealed: Buffer }>(statement('test_sealed', 'SELECT sealed FROM signing_secret'))
  t.notOk(
    stored.some(({ sealed }) => sealed.includes(endpoint.secret.slice(6, 20))),
    'and lies sealed in the database'
  )
})

t.test('each endpoint gets what it asked for, and nothing of another reseller', async t => {
  const [mine, other] = [await createReseller(app), await createReseller(app)]
  const [all, orders, one] = [await startReceiver(t), await startReceiver(t), await startReceiver(t)]
  await register(mine, all)
  await register(mine, orders, { events: ['order.*'] })
  await register(mine, one, { events: ['order.failed', 'stock.low'] })
  await emit(other, [{ type: 'order.failed', data: { of: 'other' } }])
  await emit(mine, [
    { type: 'order.failed', data: { n: 1 } },
    { type: 'order.odd', data: { n: 2 } },
    { type: 'orders.odd', data: { n: 3 } }
  ])
  await eventually('delivered', () => all.hits.length === 3 && orders.hits.length === 2 && one.hits.length === 1)
  t.same(
    all.hits.map(({ event }) => event.data),
    [{ n: 1 }, { n: 2 }, { n: 3 }]
  )
  t.same(
    orders.hits.map(({ event }) => event.type),
    ['order.failed', 'order.odd']
  )
  t.same(
    one.hits.map(({ event }) => event.type),
    ['order.failed']
  )
})

t.test('what is not received is sent again under the same id with a new timestamp, and what follows it waits', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(t, (_hit, response, count) => void response.writeHead(count <= 2 ? 500 : 200).end())
  const { id, secret } = await register(reseller, receiver)
  const order = newId()
  await emit(reseller, [{ subjectId: order, data: { step: 1 } }])
  await emit(reseller, [{ subjectId: order, data: { step: 2 } }])
  const failed = await eventually('the first attempt is noted', async () =>
    (await deliveriesOf(reseller, id)).find((each: { attempts: number; lastError: string }) => each.lastError)
  )
  t.match(failed, { state: 'pending', attempts: 1, lastStatus: 500, lastError: 'answered 500' })
  const wait = Date.parse(failed.nextAttemptAt) - Date.now()
  t.ok(wait > 2_000 && wait < 6_100, `the next attempt follows after some five seconds (${wait} ms)`)
  await emit(reseller, [{ data: { step: 'of another order' } }])
  await eventually('another order passes by', () => receiver.hits.length === 2)
  await hurry(id)
  await eventually('all delivered', async () => {
    if (receiver.hits.length < 4) await hurry(id)
    return receiver.hits.length === 5 || (await deliveriesOf(reseller, id, '&state=delivered')).length === 3
  })
  const steps = receiver.hits.filter(({ event }) => event.data.step === 1 || event.data.step === 2).map(({ event }) => event.data.step)
  t.same(steps, [...steps].sort(), 'the order of the events of one order')
  t.equal(steps.at(-1), 2)
  const first = receiver.hits.filter(({ event }) => event.data.step === 1)
  t.equal(new Set(first.map(hit => hit.id)).size, 1)
  t.equal(new Set(first.map(hit => hit.raw)).size, 1)
  for (const hit of receiver.hits) t.doesNotThrow(() => receiver.verify(secret, hit))
})

t.test('Retry-After is honoured, and bounded', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(
    t,
    (_hit, response, count) => void response.writeHead(count === 1 ? 429 : 503, { 'retry-after': count === 1 ? '120' : '99999999' }).end()
  )
  const { id } = await register(reseller, receiver)
  const waits = async (attempts: number): Promise<number> => {
    const [found] = await eventually(`attempt ${attempts}`, async () => {
      const all = await deliveriesOf(reseller, id)
      return all[0]?.attempts === attempts && all[0].lastStatus === (attempts === 1 ? 429 : 503) ? all : null
    })
    return Date.parse(found.nextAttemptAt) - Date.now()
  }
  await emit(reseller, [{ data: {} }])
  const asked = await waits(1)
  t.ok(asked > 100_000 && asked <= 120_000, String(asked))
  await hurry(id)
  const bounded = await waits(2)
  t.ok(bounded > 86_000_000 && bounded <= 86_400_000, String(bounded))
})

t.test('2xx is received whatever body follows; a refusal may ask for a wait with any status; what cannot be reached says why', async t => {
  const reseller = await createReseller(app)
  const endless = await startReceiver(t, (_hit, response) => void response.writeHead(200, { 'content-length': '10000000' }).flushHeaders())
  const { id } = await register(reseller, endless)
  const busy = await startReceiver(t, (_hit, response) => void response.writeHead(500, { 'retry-after': '3600' }).end())
  const { id: busyId } = await register(reseller, busy)
  const { id: awayId } = await expectStatus(201, reseller.call('POST', ENDPOINTS, { body: { url: endless.url.replace('http:', 'https:') } }))
  await emit(reseller, [{ data: {} }])
  const last = (endpointId: string) => async () => {
    const [found] = await deliveriesOf(reseller, endpointId)
    return found !== undefined && (found.lastStatus !== null || found.lastError !== null) ? found : null
  }
  t.match(await eventually('received', last(id)), { state: 'delivered', lastStatus: 200, lastError: null })
  const refused = await eventually('refused', last(busyId))
  t.ok(Date.parse(refused.nextAttemptAt) - Date.now() > 3_000_000)
  t.match(await eventually('not reached', last(awayId)), { state: 'pending', lastStatus: null, lastError: /^not_connected: \w+/ })
})

t.test('a redirect is a failure and is not followed', async t => {
  const reseller = await createReseller(app)
  const canary = await startReceiver(t)
  const receiver = await startReceiver(t, (_hit, response) => void response.writeHead(307, { location: canary.url }).end())
  const { id } = await register(reseller, receiver)
  await emit(reseller, [{ data: {} }])
  await eventually('noted', async () => (await deliveriesOf(reseller, id))[0]?.lastStatus === 307)
  t.equal(canary.hits.length, 0)
})

t.test('a slow endpoint gets two requests at a time and delays no other', async t => {
  const reseller = await createReseller(app)
  const released = Promise.withResolvers<void>()
  const slow = await startReceiver(t, (_hit, response) => void released.promise.then(() => response.writeHead(200).end()))
  const fast = await startReceiver(t)
  await register(reseller, slow)
  await register(reseller, fast)
  await emit(
    reseller,
    Array.from({ length: 30 }, (_, n) => ({ subjectId: newId(), data: { n } }))
  )
  await eventually('the fast one has all', () => fast.hits.length === 30)
  t.equal(slow.hits.length, 2)
  released.resolve()
  await eventually('the slow one too', () => slow.hits.length === 30)
  t.ok(slow.busiest() <= 2 && fast.busiest() <= 2)
  t.equal(new Set(fast.hits.map(({ id }) => id)).size, 30, 'each once, by two workers')
})

t.test('410 pauses at once and is told; resuming sends what was missed', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(t, (_hit, response, count) => void response.writeHead(count === 1 ? 410 : 200).end())
  const { id } = await register(reseller, receiver)
  await emit(reseller, [{ data: { n: 1 } }])
  const path = `${ENDPOINTS}/${id}`
  await eventually('paused', async () => (await expectStatus(200, reseller.call('GET', path))).pauseReason === 'gone')
  await emit(reseller, [{ data: { n: 2 } }])
  const events = await eventually('on the feed', async () => {
    const { data } = await expectStatus(200, reseller.call('GET', '/v1/events'))
    return data.length === 3 ? data : null
  })
  t.match(events.find((event: { type: string }) => event.type === 'webhook.endpoint_paused').data, { endpointId: id, reason: 'gone' })
  t.equal((await reseller.call('POST', `${path}/test`)).body.code, 'state_conflict')
  t.match(await expectStatus(200, reseller.call('POST', `${path}/resume`)), { state: 'active', pauseReason: null, failingSince: null })
  await eventually('caught up', () => receiver.hits.length === 5)
  t.same(
    new Set(receiver.hits.slice(1).map(({ event }) => event.data.n ?? event.type)),
    new Set([1, 2, 'webhook.endpoint_paused', 'webhook.endpoint_resumed'])
  )
  await expectStatus(200, reseller.call('POST', `${path}/resume`))
})

t.test('an endpoint that only failed for five days is paused; one success begins anew', async t => {
  const reseller = await createReseller(app)
  let status = 500
  const receiver = await startReceiver(t, (_hit, response) => void response.writeHead(status).end())
  const { id } = await register(reseller, receiver)
  const path = `${ENDPOINTS}/${id}`
  const read = async () => await expectStatus(200, reseller.call('GET', path))
  const failingFor = (days: number) =>
    app.services.db.execute(
      statement('test_failing', 'UPDATE webhook_endpoint SET failing_since = now() - make_interval(days => $2) WHERE id = $1'),
      [fromApiId('endpoint', id), days]
    )
  await emit(reseller, [{ data: {} }])
  await eventually('failing', async () => (await read()).failingSince)
  await failingFor(4)
  await hurry(id)
  await eventually('a second attempt', async () => (await deliveriesOf(reseller, id))[0].attempts === 2 && receiver.hits.length === 2)
  t.equal((await read()).state, 'active')
  status = 200
  await eventually('delivered', async () => {
    await hurry(id)
    return (await read()).failingSince === null
  })
  status = 500
  await emit(reseller, [{ data: {} }])
  await eventually('failing', async () => (await read()).failingSince)
  await failingFor(5)
  await eventually('paused', async () => {
    await hurry(id)
    return (await read()).pauseReason === 'failures'
  })
})

t.test('after a rotation both secrets sign, and a secret that is over does not', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(t)
  const { id, secret: old } = await register(reseller, receiver)
  const { secret } = await expectStatus(201, reseller.call('POST', `${ENDPOINTS}/${id}/rotate-secret`))
  t.not(secret, old)
  const test = async () => await expectStatus(202, reseller.call('POST', `${ENDPOINTS}/${id}/test`))
  t.match(await test(), { type: 'webhook.test', state: 'pending', attempts: 0 })
  const both = await receiver.hit(0)
  for (const each of [old, secret]) t.doesNotThrow(() => receiver.verify(each, both))
  t.match(both.event, { type: 'webhook.test', data: { endpointId: id } })
  t.same((await expectStatus(200, reseller.call('GET', '/v1/events'))).data, [], 'a test is not on the feed')
  await app.services.db.execute(
    statement('test_over', 'UPDATE signing_secret SET expires_at = now() WHERE owner_id = $1 AND expires_at IS NOT NULL'),
    [fromApiId('endpoint', id)]
  )
  await test()
  const newOnly = await receiver.hit(1)
  t.doesNotThrow(() => receiver.verify(secret, newOnly))
  t.throws(() => receiver.verify(old, newOnly))
})

t.test('a delivery is sent again when it is asked for, under the same id', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(t)
  const { id } = await register(reseller, receiver)
  await emit(
    reseller,
    [1, 2, 3].map(n => ({ subjectId: newId(), data: { n } }))
  )
  const deliveries = await eventually('delivered', async () => {
    const found = await deliveriesOf(reseller, id, '&state=delivered')
    return found.length === 3 ? found : null
  })
  t.match(await expectStatus(202, reseller.call('POST', `${ENDPOINTS}/${id}/deliveries/${deliveries[1].id}/redeliver`)), {
    state: 'pending',
    attempts: 0
  })
  await eventually('sent again', () => receiver.hits.length === 4)
  t.equal(receiver.hits[3]?.id, deliveries[1].eventId)
  const {
    data: [newest],
    nextCursor
  } = await expectStatus(200, reseller.call('GET', `${ENDPOINTS}/${id}/deliveries?limit=1`))
  const { data: rest } = await expectStatus(200, reseller.call('GET', `${ENDPOINTS}/${id}/deliveries?limit=2&cursor=${nextCursor}`))
  t.same(
    [newest.id, ...rest.map((each: { id: string }) => each.id)],
    deliveries.map((each: { id: string }) => each.id)
  )
})

t.test('an event that commits late is delivered, also behind a transaction that is still running', async t => {
  const reseller = await createReseller(app)
  const receiver = await startReceiver(t)
  await register(reseller, receiver)
  const late = new pg.Client({ connectionString: app.databaseUrl })
  await late.connect()
  t.teardown(() => late.end())
  await late.query('BEGIN')
  await late.query(
    `INSERT INTO outbox (id, type, reseller_id, subject_id, data) VALUES (gen_random_uuid(), 'test.late', $1, gen_random_uuid(), '{}')`,
    [fromApiId('reseller', reseller.id)]
  )
  await emit(reseller, [{ type: 'test.early', data: {} }])
  await late.query('COMMIT')
  await eventually('both', () => receiver.hits.length === 2)
  t.same(receiver.hits.map(({ event }) => event.type).sort(), ['test.early', 'test.late'])
})

t.test('endpoints are changed, paused, counted and deleted by their owner only', async t => {
  const [mine, other] = [await createReseller(app), await createReseller(app)]
  const receiver = await startReceiver(t)
  const { id } = await register(mine, receiver)
  const path = `${ENDPOINTS}/${id}`
  for (const [method, each] of [
    ['GET', path],
    ['DELETE', path],
    ['POST', `${path}/resume`],
    ['POST', `${path}/test`],
    ['POST', `${path}/rotate-secret`],
    ['GET', `${path}/deliveries`]
  ] as const) {
    t.equal((await other.call(method, each)).status, 404, `${method} ${each}`)
  }
  t.equal((await other.call('PATCH', path, { body: { events: [] } })).status, 404)
  t.match(await expectStatus(200, mine.call('PATCH', path, { body: { state: 'paused', events: ['order.*'] } })), {
    state: 'paused',
    pauseReason: 'caller',
    events: ['order.*']
  })
  t.match(await expectStatus(200, mine.call('PATCH', path, { body: { state: 'active', description: 'shop' } })), {
    state: 'active',
    events: ['order.*'],
    description: 'shop'
  })
  for (const body of [{}, { events: ['Order.*'] }, { events: ['*'] }, { url: 1 }, { surprise: 1 }, { state: 'gone' }]) {
    t.equal((await mine.call('PATCH', path, { body })).body.code, 'validation_failed', JSON.stringify(body))
  }
  t.match(await mine.call('PATCH', path, { body: { url: 'no' } }), { status: 422, body: { code: 'url_refused' } })
  const created = await Promise.all(Array.from({ length: 20 }, () => mine.call('POST', ENDPOINTS, { body: { url: receiver.url } })))
  t.equal(created.filter(({ status }) => status === 201).length, 15, 'sixteen in all, also when they are created at once')
  t.equal(created.find(({ status }) => status !== 201)?.body.code, 'state_conflict')
  const { data, nextCursor } = await expectStatus(200, mine.call('GET', `${ENDPOINTS}?limit=10`))
  t.equal(data.length, 10)
  t.equal((await expectStatus(200, mine.call('GET', `${ENDPOINTS}?limit=10&cursor=${nextCursor}`))).data.length, 6)
  await expectStatus(204, mine.call('DELETE', path))
  t.equal((await mine.call('GET', path)).status, 404)
  const reader = await createReseller(app, { key: { scopes: ['webhooks:read'] } })
  t.equal((await reader.call('POST', ENDPOINTS, { body: { url: receiver.url } })).body.code, 'forbidden')
})

t.test('hostile URLs are refused when they are saved', async t => {
  const strict = await startTestApp(t, { allowPrivateTargets: false })
  const { call } = await createReseller(strict)
  const urls = [...HOSTILE_HOSTS.map(({ host }) => `https://${host}/hook`), ...HOSTILE_URLS, `https://shop.example.com/${'x'.repeat(2_000)}`]
  const replies = await Promise.all(urls.map(async url => ({ url, ...(await call('POST', ENDPOINTS, { body: { url } })) })))
  t.same(
    replies.filter(({ status, body }) => status !== 422 || body.code !== 'url_refused').map(({ url }) => url),
    []
  )
  const { id } = await expectStatus(201, call('POST', ENDPOINTS, { body: { url: 'https://shop.example.com:8443/hook' } }))
  t.equal((await call('PATCH', `${ENDPOINTS}/${id}`, { body: { url: 'https://127.0.0.1/hook' } })).status, 422)
})
