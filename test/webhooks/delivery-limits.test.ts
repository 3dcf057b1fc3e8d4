import type { ServerResponse } from 'node:http'
import t from 'tap'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId, newId } from '../../src/kit/ids.ts'
import { broadcast, publish } from '../../src/kit/outbox.ts'
import { createLog } from '../../src/log.ts'
import { retryAfterMs, retryWaitMs } from '../../src/webhooks/outbound/retry-schedule.ts'
import { startWorker } from '../../src/worker.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, expectStatus, type TestReseller } from '../support/shop.ts'
import { HOSTILE_HOSTS, HOSTILE_URLS, LEADING_NAMES } from './hostile-urls.ts'
import { startReceiver } from './receiver.ts'

/** Two workers, as in a deployment of two instances. */
const app = await startTestApp(t, { worker: true })
const second = startWorker(app.services, createLog('silent'))
t.teardown(() => second.stop())

const ENDPOINTS = '/v1/webhook-endpoints'

const emit = async ({ id }: TestReseller, count: number): Promise<void> => {
  const resellerId = fromApiId('reseller', id)
  const events = Array.from({ length: count }, (_, n) => ({ type: 'test.happened', resellerId, subjectId: newId(), data: { n } }))
  await app.services.db.tx(tx => publish(tx, events))
}

/** A server that lets nobody go until it is told to. */
async function startHolding(t: Parameters<typeof startReceiver>[0]) {
  const held: ServerResponse[] = []
  let open = true
  const receiver = await startReceiver(t, (_hit, response) => {
    if (open) held.push(response)
    else response.writeHead(200).end()
  })
  const release = (status: number): void => {
    open = false
    for (const response of held.splice(0)) response.writeHead(status).end()
  }
  return { receiver, release, held }
}

t.test('eight requests at a time to all endpoints of a reseller, in turns; other resellers do not wait', async t => {
  const [busy, other] = [await createReseller(app), await createReseller(app)]
  const { receiver, release, held } = await startHolding(t)
  const endpoints = Array.from({ length: 10 }, (_, n) => `${receiver.url}/${n}`)
  for (const url of endpoints) await expectStatus(201, busy.call('POST', ENDPOINTS, { body: { url } }))
  const prompt = await startReceiver(t)
  await expectStatus(201, other.call('POST', ENDPOINTS, { body: { url: prompt.url } }))
  await emit(busy, 6)
  await eventually('eight are under way', () => held.length === 8)
  await emit(other, 20)
  await eventually('the other has all', () => prompt.hits.length === 20)
  t.equal(receiver.hits.length, 8, 'by two workers, in all the time that this took')
  release(200)
  await eventually('all delivered', () => receiver.hits.length === 60)
  t.ok(receiver.busiest() <= 8, `${receiver.busiest()} at once`)
  t.equal(new Set(receiver.hits.map(({ id, headers }) => `${id}${headers['host']}`)).size, 6)
})

t.test('endpoints of a reseller that hang take half of its room, once they have failed', async t => {
  const reseller = await createReseller(app)
  const { receiver, release, held } = await startHolding(t)
  const ids: string[] = []
  for (let n = 0; n < 8; n++) ids.push((await expectStatus(201, reseller.call('POST', ENDPOINTS, { body: { url: `${receiver.url}/${n}` } }))).id)
  await app.services.db.execute(statement('test_failing_now', 'UPDATE webhook_endpoint SET failing_since = now() WHERE id = ANY($1::uuid[])'), [
    ids.map(id => fromApiId('endpoint', id))
  ])
  await emit(reseller, 4)
  await eventually('four are under way', () => held.length === 4)
  const prompt = await startReceiver(t)
  await expectStatus(201, reseller.call('POST', ENDPOINTS, { body: { url: prompt.url } }))
  await emit(reseller, 20)
  await eventually('the one that answers has all', () => prompt.hits.length === 20)
  t.equal(held.length, 4)
  release(200)
})

t.test('a pause and its end are told to the reseller’s other endpoints and on the feed', async t => {
  const reseller = await createReseller(app)
  const [gone, watching] = [
    await startReceiver(t, (_hit, response, count) => void response.writeHead(count === 1 ? 410 : 200).end()),
    await startReceiver(t)
  ]
  const { id } = await expectStatus(201, reseller.call('POST', ENDPOINTS, { body: { url: gone.url, events: ['test.*'] } }))
  await expectStatus(201, reseller.call('POST', ENDPOINTS, { body: { url: watching.url, events: ['webhook.*'] } }))
  await emit(reseller, 1)
  await eventually('told of the pause', () => watching.hits.length === 1)
  await expectStatus(200, reseller.call('POST', `${ENDPOINTS}/${id}/resume`))
  await expectStatus(200, reseller.call('POST', `${ENDPOINTS}/${id}/resume`))
  await eventually('told of its end', () => watching.hits.length === 2)
  await eventually('and delivered after all', () => gone.hits.length === 2)
  t.match(
    watching.hits.map(({ event }) => event),
    [
      { type: 'webhook.endpoint_paused', data: { endpointId: id, reason: 'gone' } },
      { type: 'webhook.endpoint_resumed', data: { endpointId: id, url: gone.url } }
    ]
  )
  await eventually('on the feed', async () => {
    const { data } = await expectStatus(200, reseller.call('GET', '/v1/events'))
    return data.filter(({ type }: Json) => type === 'webhook.endpoint_resumed').length === 1
  })
})

t.test('seven hundred hostile URLs that got into the database all the same are not called', async t => {
  const strict = await startTestApp(t, { worker: true, allowPrivateTargets: false })
  const { id, call } = await createReseller(strict)
  const canary = await startReceiver(t)
  const { port } = new URL(canary.url)
  const urls = [
    ...HOSTILE_HOSTS.map(({ host }, n) => `${n % 2 === 0 ? 'https' : 'http'}://${host}:${port}/hook`),
    ...HOSTILE_URLS,
    canary.url,
    canary.url.replace('127.0.0.1', 'localhost')
  ]
  t.ok(urls.length >= 700, `${urls.length} URLs`)
  const insert = statement(
    'test_hostile',
    'INSERT INTO webhook_endpoint (id, reseller_id, url) SELECT gen_random_uuid(), $1, url FROM unnest($2::text[]) AS u (url)'
  )
  await strict.services.db.execute(insert, [fromApiId('reseller', id), urls])
  await strict.services.db.tx(tx => broadcast(tx, [{ type: 'stock.in', audience: 'all', subjectId: newId(), data: {} }]))
  const outcomes = statement(
    'test_hostile_outcomes',
    'SELECT last_error, count(*)::int AS count FROM webhook_delivery WHERE attempts > 0 AND lease_id IS NULL GROUP BY 1'
  )
  await eventually(
    'all tried',
    async () => {
      const rows = await strict.services.db.query<{ last_error: string; count: number }>(outcomes)
      return rows.length === 1 && rows[0]?.last_error === 'refused_address' && rows[0].count === urls.length
    },
    60_000
  )
  t.equal(canary.hits.length, 0)
  t.equal(LEADING_NAMES.length > 0, true)
  const { data } = await expectStatus(200, call('GET', `${ENDPOINTS}?limit=1`))
  t.equal(data[0].state, 'active', 'it may be corrected')
})

t.test('a supplier at an address that must not be called is refused when it is saved', async t => {
  const strict = await startTestApp(t, { allowPrivateTargets: false })
  const body = (baseUrl: string) => ({ name: 'Inside', adapter: 'kasushou', config: { baseUrl, userId: 'u', apiKey: 'k' } })
  for (const [n, { host }] of HOSTILE_HOSTS.entries()) {
    if (n % 20 !== 0) continue
    const refused = await expectStatus(400, strict.admin('POST', '/v1/admin/suppliers', { body: body(`http://${host}`) }))
    t.equal(refused.errors[0].pointer, '/config/baseUrl', host)
  }
  const { id } = await expectStatus(201, strict.admin('POST', '/v1/admin/suppliers', { body: body('http://shop.example.com:8080') }))
  await expectStatus(400, strict.admin('PATCH', `/v1/admin/suppliers/${id}`, { body: { config: body('http://[::1]').config } }))
})

t.test('retries are spread over three days, with jitter, never before Retry-After', t => {
  const waits = (random: number): number[] => Array.from({ length: 9 }, (_, n) => retryWaitMs(n + 1, null, random) ?? Number.NaN)
  const [earliest, latest] = [waits(0), waits(0.999_999)]
  const sum = (each: number[]): number => each.reduce((total, wait) => total + wait, 0) / 3_600_000
  t.ok(sum(earliest) > 60 && sum(latest) < 91 && sum(waits(0.5)) > 72, `${sum(waits(0.5))} hours`)
  for (const [n, wait] of earliest.entries()) t.ok(wait >= 4_000 && wait < (latest[n] ?? 0), `wait ${n + 1}`)
  t.equal(retryWaitMs(10, null, 0.5), null, 'ten attempts')
  t.equal(retryWaitMs(1, 120_000, 0), 120_000)
  t.equal(retryWaitMs(5, 1_000, 0), waits(0)[4], 'no earlier either')
  t.equal(retryWaitMs(1, 10 ** 12, 0), 86_400_000)
  const now = new Date('2026-11-23T08:00:00Z')
  t.same(
    [undefined, '', 'soon', '5', ' 7 ', '9'.repeat(20), 'Mon, 23 Nov 2026 08:01:00 GMT', 'Mon, 23 Nov 2026 07:00:00 GMT'].map(header =>
      retryAfterMs(header, now)
    ),
    [null, null, null, 5_000, 7_000, 86_400_000, 60_000, 0]
  )
  t.end()
})
