import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { checkInvariants, createIntakeGate, type InvariantReport, verifyContinuously } from '../../src/invariants/index.ts'
import { createDatabase, type Db } from '../../src/kit/db/index.ts'
import { startTestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'
import { BREAKS } from './breaks.ts'

/** A shop in which every kind of thing has happened. */
async function openShop(t: Test, databaseUrl: string): Promise<void> {
  const app = await startTestApp(t, { databaseUrl })
  const [reseller, other] = [await createReseller(app, { credit: '500.00' }), await createReseller(app, { credit: '500.00' })]
  const [skuId, soldOut] = [await createSku(app, { price: '10.00', stock: 6 }), await createSku(app, { price: '7.00' })]
  const order = (body: object) => reseller.call('POST', '/v1/orders', { body: { quantity: 1, ...body } })
  await expectStatus(201, order({ skuId, quantity: 2 }))
  await expectStatus(201, order({ skuId, reveal: false }))
  await expectStatus(201, other.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  await expectStatus(202, order({ skuId: soldOut, backorder: true }))
  const waiting = await expectStatus(202, order({ skuId: soldOut, backorder: true }))
  await expectStatus(200, reseller.call('POST', `/v1/orders/${waiting.id}/cancel`))
  const topUp = await expectStatus(201, reseller.call('POST', '/v1/wallet/top-ups', { body: { amount: cny('5.00') } }))
  await expectStatus(200, app.admin('POST', `/v1/admin/top-ups/${topUp.id}/credit`))
  await expectStatus(201, app.admin('POST', `/v1/admin/resellers/${reseller.id}/wallet/debits`, { body: { amount: cny('5.00'), reason: 'test' } }))
}

async function asOwner(databaseUrl: string | undefined, ...texts: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (const text of texts) await client.query(text)
  } finally {
    await client.end()
  }
}

interface Found extends InvariantReport {
  /** What the watch found, in a run that had the time to see all. */
  readonly watched: readonly string[]
  readonly stopped: boolean
}

/** The report on a copy of the database after `text` was done to it. */
async function reportAfter(databaseUrl: string, text: string): Promise<Found> {
  const url = new URL(databaseUrl)
  const template = url.pathname.slice(1)
  const copy = `${template}_${randomBytes(4).toString('hex')}`
  await asOwner(process.env['TEST_DATABASE_URL'], `CREATE DATABASE ${copy} TEMPLATE ${template} STRATEGY file_copy`)
  url.pathname = `/${copy}`
  try {
    await asOwner(url.href, 'SET session_replication_role = replica', text)
    const db = createDatabase({ url: url.href, maxConnections: 1, onError: () => undefined })
    return await inspect(db).finally(() => db.close())
  } finally {
    await asOwner(process.env['TEST_DATABASE_URL'], `DROP DATABASE ${copy} WITH (FORCE)`)
  }
}

async function inspect(db: Db): Promise<Found> {
  const report = await checkInvariants(db)
  const watched = await verifyContinuously({ db, watcherId: randomUUID() })
  const intake = await createIntakeGate(db)
  const { stoppedAt, reasons } = intake.status()
  intake.close()
  if (watched === null) throw new Error('nothing was due')
  if (watched.length !== reasons.length) throw new Error('what was found is not what it was stopped for')
  return { ...report, watched: watched.map(({ name }) => name), stopped: stoppedAt !== null }
}

const shop = await createTestDatabase(t)

t.test('in a shop in which every kind of thing has happened, every rule holds', async t => {
  await openShop(t, shop)
})

/** Reported when asked for; they stop nothing. */
const RECORDS = new Set([
  'order_balance_was_told_right',
  'reveals_are_logged',
  'fulfilled_is_announced_once',
  'delivery_is_for_its_reseller',
  'nothing_is_orphaned'
])

t.test('every rule has a way to break it', async t => {
  const healthy = await reportAfter(shop, 'SELECT 1')
  t.equal(healthy.ok, true)
  t.same([healthy.watched, healthy.stopped], [[], false], 'and the watch lets orders pass')
  t.same(healthy.data.map(rule => rule.name).sort(), Object.keys(BREAKS).sort())
})

for (const [name, breaks] of Object.entries(BREAKS)) {
  t.test(`${name} is reported when it is broken`, async t => {
    for (const [what, text] of Object.entries(breaks)) {
      const report = await reportAfter(shop, text)
      const rule = report.data.find(each => each.name === name)
      t.equal(report.ok, false, what)
      t.ok((rule?.broken ?? 0) > 0, what)
      t.ok((rule?.sample.length ?? 0) > 0, `${what}: with a sample`)
      if (!RECORDS.has(name)) t.equal(report.stopped, true, `${what}: the watch finds it, under this name or another`)
      t.equal(report.stopped, report.watched.length > 0)
    }
  })
}

t.test('the report is for operators with the scope, and says what holds', async t => {
  const app = await startTestApp(t)
  const report = await expectStatus(200, app.admin('GET', '/v1/admin/invariants'))
  t.equal(report.ok, true)
  t.ok(Math.abs(Date.parse(report.checkedAt) - Date.now()) < 60_000)
  for (const rule of report.data) t.match(rule, { name: String, description: String, broken: 0, sample: [] })
  const { call } = await createReseller(app)
  t.equal((await call('GET', '/v1/admin/invariants')).body.code, 'forbidden')
  t.equal((await app.anonymous('GET', '/v1/admin/invariants')).body.code, 'unauthenticated')
})

t.test('many who ask at once share checks, and each begins after it was asked for', async t => {
  const app = await startTestApp(t)
  const asked = Date.now()
  const reports = await Promise.all(Array.from({ length: 10 }, () => expectStatus(200, app.admin('GET', '/v1/admin/invariants'))))
  t.ok(new Set(reports.map(report => report.checkedAt)).size <= 2)
  for (const report of reports) t.ok(Date.parse(report.checkedAt) >= asked - 1_000)
})
