/** What an operator is shown: metrics, alerts, the dashboard, the runbook, readiness, log lines. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { forgetSpends } from '../../src/accounts/index.ts'
import { forgetAnswers } from '../../src/kit/idempotency.ts'
import { query } from '../migrations/guarantees.ts'
import { freshKey, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8')

/** Not ours: Prometheus makes it. */
const MADE_BY_PROMETHEUS = new Set(['up'])
const METRIC = /\b(?:kahub_[a-z_0-9]+|nodejs_[a-z_0-9]+|process_[a-z_0-9]+|up)\b/g

const alerts = [...read('src/operations/alerts.yml').matchAll(/- alert: (\w+)\n\s+expr: (.+)/g)].map(([, name = '', expr = '']) => ({ name, expr }))
const runbook = read('src/operations/runbook.md')
const panels = (JSON.parse(read('src/operations/grafana-dashboard.json')) as { panels: { title: string; targets?: { expr: string }[] }[] }).panels
const dashboard = panels.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ name: title, expr })))

const shown = (text: string): Set<string> => new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))

t.test('observability', async t => {
  const logLines: string[] = []
  const app = await startTestApp(t, { worker: true, logLines })
  const metrics = async (): Promise<string> => String(await expectStatus(200, app.admin('GET', '/metrics')))
  const value = (text: string, series: string): number => {
    const line = text.split('\n').find(each => each.startsWith(`${series} `))
    return line === undefined ? Number.NaN : Number(line.slice(series.length + 1))
  }

  t.test('orders are counted by outcome, problems by code, open work by state', async t => {
    const skuId = await createSku(app, { stock: 2, price: '1.00' })
    const buyer = await createReseller(app, { credit: '3.00' })
    const key = freshKey()
    const order = (quantity: number, more = {}, options = {}) => buyer.call('POST', '/v1/orders', { body: { skuId, quantity, ...more }, ...options })
    await expectStatus(201, order(1, {}, { key }))
    await expectStatus(201, order(1, {}, { key }))
    await expectStatus(201, order(1))
    await expectStatus(409, order(1))
    await expectStatus(402, order(9, { backorder: true }))
    await expectStatus(202, order(1, { backorder: true }))
    const text = await eventually('the gauges have seen the backorder', async () => {
      const now = await metrics()
      return value(now, 'kahub_orders_open{state="backordered"}') === 1 ? now : ''
    })
    t.equal(value(text, 'kahub_orders_total{outcome="fulfilled"}'), 2)
    t.equal(value(text, 'kahub_orders_total{outcome="backordered"}'), 1)
    t.equal(value(text, 'kahub_orders_total{outcome="insufficient_funds"}'), 1)
    t.equal(value(text, 'kahub_problems_total{operation="placeOrder",code="out_of_stock"}'), 1)
    t.equal(value(text, 'kahub_database_up'), 1)
    t.equal(value(text, 'kahub_redis_up'), 1)
    t.ok(value(text, 'kahub_table_bytes{table="orders"}') > 0)
  })

  t.test('every alert and every panel shows metrics that exist', async t => {
    const names = shown(await metrics())
    t.ok(alerts.length >= 20 && dashboard.length >= 20, 'alerts and panels were found')
    for (const { name, expr } of [...alerts, ...dashboard]) {
      const used = expr.replaceAll(/"[^"]*"/g, '""').match(METRIC) ?? []
      t.ok(used.length > 0, `${name} uses a metric`)
      for (const metric of used.filter(each => !MADE_BY_PROMETHEUS.has(each))) {
        t.ok(names.has(metric) || names.has(metric.replace(/_(bucket|sum|count)$/, '')), `${name}: ${metric} is in /metrics`)
      }
    }
  })

  t.test('every alert has a section in the runbook, every section an alert, and every route it names exists', async t => {
    const sections = [...runbook.matchAll(/^## (Kahub\w+)$/gm)].map(([, name = '']) => name)
    t.same(sections.toSorted(), alerts.map(({ name }) => name).toSorted())
    const { paths } = JSON.parse(read('openapi/openapi.json')) as { paths: Record<string, Record<string, unknown>> }
    for (const [, method = '', path = ''] of runbook.matchAll(/`(GET|POST|DELETE|PUT|PATCH) (\/[^`?]+)/g)) {
      t.ok(paths[path]?.[method.toLowerCase()] !== undefined, `${method} ${path}`)
    }
  })

  t.test('a log line says which request it is, what about, by whom and with which problem; and holds no key and no card', async t => {
    const skuId = await createSku(app, { keys: ['SECRET-OF-A-CARD-1'] })
    const buyer = await createReseller(app, { credit: '50.00' })
    const placed = await buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })
    const refused = await buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })
    const seen = await buyer.call('GET', `/v1/orders/${placed.body.id}/cards`)
    const lineOf = (reply: { headers: Record<string, unknown> | object }) =>
      eventually('its log line', () => {
        const id = (reply.headers as Record<string, unknown>)['x-request-id']
        return logLines.map(line => JSON.parse(line)).find(line => line.requestId === id && line.msg === 'request')
      })
    t.match(await lineOf(placed), { subject: placed.body.id, status: 201, route: '/v1/orders' })
    t.match(await lineOf(refused), { code: 'out_of_stock', status: 409 })
    t.match(await lineOf(seen), { subject: placed.body.id, status: 200 })
    const text = logLines.join('')
    t.notMatch(text, /SECRET-OF-A-CARD/)
    t.notOk(text.includes(buyer.key))
  })

  t.test('readiness names what it looked at', async t => {
    t.match(await expectStatus(200, app.anonymous('GET', '/health/ready')), {
      status: 'ok',
      checks: [
        { name: 'database', ok: true },
        { name: 'redis', ok: true },
        { name: 'jobs', ok: true }
      ]
    })
  })
})

t.test("with a collector, requests become spans of their caller's trace, and their log lines name it; what is not sampled does not", async t => {
  const received: { name: string; traceId: string; parentSpanId?: string; attributes: { key: string; value: object }[] }[] = []
  const sentTo = new Set<string>()
  const collector = createServer((request, response) => {
    let text = ''
    request.on('data', chunk => {
      text += String(chunk)
    })
    request.on('end', () => {
      sentTo.add(`${request.url} ${request.headers['x-team']}`)
      for (const resource of JSON.parse(text).resourceSpans) for (const scope of resource.scopeSpans) received.push(...scope.spans)
      response.end('{}')
    })
  })
  await new Promise<void>(resolve => collector.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void collector.close())
  const logLines: string[] = []
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/otlp`
  const app = await startTestApp(t, {
    logLines,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=cards%2C%20keys' }
  })
  const skuId = await createSku(app, { stock: 1, price: '1.00' })
  const buyer = await createReseller(app, { credit: '3.00' })
  const [sampled, silent, span] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(16)]
  const order = (traceparent: string) => buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 1 }, headers: { traceparent } })
  const placed = await expectStatus(201, order(`00-${sampled}-${span}-01`))
  await expectStatus(409, order(`00-${silent}-${span}-00`))
  await expectStatus(409, order('00-nonsense'))
  const mine = await eventually('the span arrives', () => received.find(({ traceId }) => traceId === sampled))
  t.same([...sentTo], ['/otlp/v1/traces cards, keys'])
  t.match(mine, { name: 'placeOrder', kind: 2, parentSpanId: span })
  t.match(
    mine?.attributes.find(({ key }) => key === 'kahub.subject'),
    { value: { stringValue: placed.id } }
  )
  t.notOk(received.some(({ traceId }) => traceId === silent))
  const lines = logLines.map(line => JSON.parse(line)).filter(line => line.route === '/v1/orders')
  t.match(lines.slice(0, 2), [
    { traceId: sampled, subject: placed.id },
    { traceId: silent, code: 'out_of_stock' }
  ])
  t.notOk(JSON.stringify(received).includes(placed.cards[0].secret))
})

t.test('answers that were stored long ago are forgotten, in steps; orders keep their keys', async t => {
  const app = await startTestApp(t)
  const buyer = await createReseller(app, { credit: '3.00' })
  const credit = { body: { amount: { amount: '1.00', currency: 'CNY' }, reason: 'test' }, key: freshKey() }
  const give = () => app.admin('POST', `/v1/admin/resellers/${buyer.id}/wallet/credits`, credit)
  await expectStatus(201, give())
  t.match(await give(), { headers: { 'idempotent-replayed': 'true' } })
  t.equal(await forgetAnswers(app.services.db, 1), 0)
  await query(app.databaseUrl, client => client.query("UPDATE idempotency_record SET created_at = now() - interval '2 days'"))
  t.equal(await forgetAnswers(app.services.db, 1), 2)
  t.equal(await forgetSpends(app.services.db, 35), 0)
})
