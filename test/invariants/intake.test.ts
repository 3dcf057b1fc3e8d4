import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { verifyContinuously } from '../../src/invariants/index.ts'
import { createDatabase } from '../../src/kit/db/index.ts'
import { freshKey, startTestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

async function connect(t: Test, databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** The next run is due at once, and its walks begin anew. */
const DUE = `UPDATE invariant_watch SET due_at = '-infinity'; UPDATE invariant_scan SET due_at = '-infinity'`

t.test('a broken rule stops orders on every instance, and only orders; an operator resumes when it is mended', async t => {
  const databaseUrl = await createTestDatabase(t)
  const first = await startTestApp(t, { databaseUrl, worker: true })
  const second = await startTestApp(t, { databaseUrl })
  const owner = await connect(t, databaseUrl)
  const skuId = await createSku(first, { price: '10.00', stock: 20 })
  const soldOut = await createSku(first, { price: '1.00' })
  const buyer = await createReseller(first, { credit: '500.00' })
  const order = (app: typeof first, body: object = {}, key = freshKey()) =>
    app.as(buyer.key)('POST', '/v1/orders', { key, body: { skuId, quantity: 1, ...body } })
  const known = freshKey()
  const placed = await expectStatus(201, order(first, {}, known))
  const waiting = await expectStatus(202, order(first, { skuId: soldOut, backorder: true }))

  await owner.query(`UPDATE sku_fence SET available = available + 1 WHERE available > 0; ${DUE}`)
  for (const app of [first, second]) {
    await eventually('it has heard of it', async () => (await app.anonymous('GET', '/health/ready')).body.status === 'intake_stopped')
    const refused = await order(app)
    t.match(refused, { status: 503, body: { code: 'dependency_unavailable', retryable: true }, headers: { 'retry-after': '30' } })
    t.equal((await app.as(buyer.key)('POST', '/v1/order-batches', { body: { orders: [{ skuId, quantity: 1 }] } })).status, 503)
    const { checks } = await expectStatus(200, app.anonymous('GET', '/health/ready'))
    t.match(
      checks.find((check: { name: string }) => check.name === 'intake'),
      { ok: false }
    )
    t.match((await app.admin('GET', '/metrics')).body, /kahub_intake_stopped 1/)
  }

  t.test('what was ordered before goes on', async t => {
    const replay = await order(second, {}, known)
    t.match(replay, { status: 201, body: { id: placed.id, cards: placed.cards } })
    t.equal((await second.as(buyer.key)('GET', `/v1/orders/${placed.id}/cards`)).status, 200)
    t.equal((await second.as(buyer.key)('POST', `/v1/orders/${waiting.id}/cancel`)).status, 200)
    t.equal((await second.as(buyer.key)('GET', '/v1/wallet')).status, 200)
  })

  t.test('an instance that starts meanwhile takes no orders either', async t => {
    const third = await startTestApp(t, { databaseUrl })
    t.equal((await order(third)).status, 503)
    await owner.query('UPDATE sku_fence SET available = available - 1 WHERE available > 0')
  })

  t.test('it says why, and stays stopped as long as it is broken', async t => {
    await owner.query('UPDATE sku_fence SET available = available + 1 WHERE available > 0')
    t.match(await expectStatus(200, second.admin('GET', '/v1/admin/intake')), {
      state: 'stopped',
      reasons: [{ name: 'stock_counter_is_right', broken: 1 }],
      changes: [{ kind: 'stopped', actor: 'kahub', rules: ['stock_counter_is_right'] }]
    })
    const resumed = await second.admin('POST', '/v1/admin/intake/resume', { body: { note: 'too early' } })
    t.match(resumed, { status: 409, body: { code: 'state_conflict', detail: /stock_counter_is_right/ } })
    t.equal((await buyer.call('POST', '/v1/admin/intake/resume', { body: {} })).status, 403)
  })

  t.test('mended and resumed, orders flow again everywhere, and it is written down who did it', async t => {
    await owner.query('UPDATE sku_fence SET available = available - 1 WHERE available > 0')
    const resumed = await expectStatus(200, second.admin('POST', '/v1/admin/intake/resume', { body: { note: 'a counter was edited' } }))
    t.match(resumed, {
      state: 'open',
      stoppedAt: null,
      reasons: [],
      changes: [{ kind: 'resumed', note: 'a counter was edited' }, { kind: 'stopped' }]
    })
    t.equal((await order(second)).status, 201)
    await eventually('the other instance has heard of it', async () => (await first.anonymous('GET', '/health/ready')).body.status === 'ok')
    t.equal((await order(first)).status, 201)
    await expectStatus(200, first.admin('POST', '/v1/admin/intake/resume', { body: {} }))
    const [{ count }] = (await owner.query('SELECT count(*)::int FROM intake_change')).rows
    t.equal(count, 2, 'resuming what goes on changes nothing')
  })
})

/** One account with this many entries, and another with the other halves; every tenth of a transfer is of an earlier one's size. */
const manyEntries = (count: number): string => `
  INSERT INTO ledger_account (id, kind, currency, balance, version, credit_limit)
    SELECT md5(k)::uuid, k, 'CNY', CASE k WHEN 'a' THEN 1 ELSE -1 END * ${count}::bigint * (${count} + 1) / 2, ${count}, NULL FROM unnest(ARRAY['a', 'b']) AS k;
  INSERT INTO ledger_transfer (id, kind, subject_id, currency) SELECT md5('t' || n)::uuid, 'test', md5('s' || n)::uuid, 'CNY' FROM generate_series(1, ${count}) AS n;
  INSERT INTO ledger_entry SELECT md5('t' || n)::uuid, leg, md5(k)::uuid, sign * n, n, sign * n * (n + 1) / 2
    FROM generate_series(1, ${count}::bigint) AS n, (VALUES ('a', 0, 1), ('b', 1, -1)) AS e (k, leg, sign);
  ANALYZE ledger_account, ledger_transfer, ledger_entry`

t.test('a long history is verified once, page by page, and then walked over again and again', async t => {
  const ENTRIES = 50_000
  const databaseUrl = await createTestDatabase(t)
  const owner = await connect(t, databaseUrl)
  const db = createDatabase({ url: databaseUrl, maxConnections: 2, onError: () => undefined })
  t.teardown(() => db.close())
  const watch = async (): Promise<string[]> => {
    await owner.query(DUE)
    return ((await verifyContinuously({ db, watcherId: randomUUID() })) ?? []).map(({ name }) => name)
  }
  const one = async (text: string) => (await owner.query(text)).rows[0]
  await owner.query(`SET session_replication_role = replica; ${manyEntries(ENTRIES)}`)

  await eventually('all new entries are verified', async () => {
    t.same(await watch(), [])
    return (await one('SELECT verified_at FROM invariant_watch')).verified_at !== null
  })
  t.match(await one(`SELECT count(*)::int AS accounts, min(version)::int AS version FROM ledger_verified`), { accounts: 2, version: ENTRIES })

  t.test('only one worker is at it, and not before it is due', async t => {
    await owner.query(DUE)
    const runs = await Promise.all([randomUUID(), randomUUID(), randomUUID()].map(watcherId => verifyContinuously({ db, watcherId })))
    t.equal(runs.filter(run => run !== null).length, 1)
    t.equal(await verifyContinuously({ db, watcherId: randomUUID() }), null)
  })

  t.test('an old entry that was changed is found when a walk comes by', async t => {
    await owner.query(`UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE account_version = 30000 AND leg = 0`)
    const found = await eventually('the walk comes by', async () => {
      const names = await watch()
      return names.length > 0 ? names : null
    })
    t.same(found, ['account_history_is_complete'])
    await owner.query(`UPDATE ledger_entry SET balance_after = balance_after - 1 WHERE account_version = 30000 AND leg = 0`)
  })

  t.test('a new entry that is wrong is found in the first run', async t => {
    await owner.query(`UPDATE ledger_account SET balance = balance + 5, version = version + 1 WHERE kind = 'a';
      INSERT INTO ledger_entry SELECT md5('x')::uuid, 0, id, 5, version, balance FROM ledger_account WHERE kind = 'a'`)
    t.same((await watch()).sort(), ['ledger_sums_to_zero'])
    await owner.query(`UPDATE ledger_account SET balance = balance - 5, version = version + 1 WHERE kind = 'b';
      INSERT INTO ledger_entry SELECT md5('x')::uuid, 1, id, -4, version, balance FROM ledger_account WHERE kind = 'b'`)
    t.ok((await watch()).includes('ledger_transfers_balance'))
  })
})
