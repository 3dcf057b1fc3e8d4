/** The second wall between resellers: it stands when the first one, the condition in the statement, is gone. */
import pg from 'pg'
import t from 'tap'
import { statement } from '../../src/kit/db/index.ts'
import { listOrders, readOrder } from '../../src/orders/repository.ts'
import { goodId } from '../acceptance/bad-requests.ts'
import { readContract } from '../acceptance/contract.ts'
import { furnish } from '../acceptance/furnished-shop.ts'
import { type Json, startTestApp } from '../support/app.ts'

const hub = await startTestApp(t)
const contract = readContract((await hub.anonymous('GET', '/openapi.json')).body)
const mine = await furnish(hub.admin, hub.as)
const theirs = await furnish(hub.admin, hub.as)
const owner = new pg.Client({ connectionString: hub.databaseUrl })
await owner.connect()
t.teardown(() => owner.end())

const idOf = (shop: typeof mine, kind: string): string => (shop.ids[kind] ?? '').slice(4)
const { db } = hub.services
const view = db.tenant(idOf(mine, 'rsl'))

const columns = `SELECT table_name AS name, column_name AS column FROM information_schema.columns WHERE table_schema = 'public'
  AND column_name IN ('reseller_id', 'owner_id', 'idempotency_owner', 'order_id', 'endpoint_id', 'card_id')`

/** Of one reseller each, and never read for one: what kahub_tenant has no grant on is shut by that. */
const NOT_GRANTED = new Set([
  'sku_price',
  'api_key',
  'signing_secret',
  'idempotency_record',
  'facade_credential',
  'facade_order',
  'card',
  'card_reveal'
])

t.test('a statement without any condition shows nothing of another reseller, in whichever table', async t => {
  for (const table of ['reseller', 'orders', 'order_batch', 'quote', 'top_up', 'wallet_adjustment', 'ledger_account', 'webhook_endpoint']) {
    const column = { reseller: 'id', ledger_account: 'owner_id' }[table] ?? 'reseller_id'
    const rows = await view.query(statement(`test_all_${table}`, `SELECT DISTINCT ${column}::text AS owner FROM ${table}`))
    t.same(rows, [{ owner: idOf(mine, 'rsl') }], table)
  }
  const counts = async (sql: string): Promise<unknown> => (await view.query(statement(`test_${sql.length}`, sql)))[0]
  t.same(await counts('SELECT count(*)::int AS n FROM ledger_entry e WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.id = e.account_id)'), {
    n: 0
  })
  const { rows } = await owner.query(
    'SELECT count(*)::int AS n FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE a.owner_id = $1',
    [idOf(mine, 'rsl')]
  )
  t.same(await counts('SELECT count(*)::int AS n FROM ledger_entry'), rows[0])
  t.same(
    await counts(
      `SELECT count(*)::int AS n FROM webhook_delivery WHERE endpoint_id <> '${idOf(mine, 'whe')}' AND endpoint_id = '${idOf(theirs, 'whe')}'`
    ),
    { n: 0 }
  )
  t.same(await counts(`SELECT count(*)::int AS n FROM outbox WHERE reseller_id = '${idOf(theirs, 'rsl')}'`), { n: 0 })
  for (const table of NOT_GRANTED) await t.rejects(view.query(statement(`test_no_${table}`, `SELECT FROM ${table}`)), { code: '42501' }, table)
})

t.test('the repositories, asked as an operator asks, without the tenant in the condition', async t => {
  t.equal(await readOrder(view, idOf(theirs, 'ord'), null), null)
  t.equal((await readOrder(view, idOf(mine, 'ord'), null))?.id, idOf(mine, 'ord'))
  const listed = await listOrders(view, { resellerId: null, limit: 100 })
  t.ok(listed.length > 0)
  t.ok(listed.every(order => order.resellerId === idOf(mine, 'rsl')))
  t.equal(await readOrder(view, idOf(theirs, 'ord'), idOf(theirs, 'rsl')), null, 'nor with another one')
})

t.test('who is not said to be anyone sees nothing, and nobody can write', async t => {
  await owner.query('BEGIN; SET LOCAL ROLE kahub_tenant')
  t.same((await owner.query('SELECT FROM orders')).rowCount, 0)
  await owner.query('ROLLBACK')
  await t.rejects(view.execute(statement('test_write', "UPDATE orders SET state = 'failed'")))
  t.throws(() => db.tenant("x'; RESET ROLE; --"), /no uuid/)
  t.ok(
    (await db.query<{ n: number }>(statement('test_app', 'SELECT count(DISTINCT reseller_id)::int AS n FROM orders')))[0]?.n,
    'the connection is as it was'
  )
  const [row] = await db.query<{ role: string }>(statement('test_role', 'SELECT current_user::text AS role'))
  t.equal(row?.role, 'kahub_app')
})

t.test('the application itself does not pay for it: no policy is in its plans', async t => {
  await owner.query('BEGIN; SET LOCAL ROLE kahub_app')
  const { rows } = await owner.query("EXPLAIN SELECT * FROM orders o WHERE o.reseller_id = gen_random_uuid() AND o.idempotency_key = 'x'")
  const { rows: insert } = await owner.query(
    "EXPLAIN (VERBOSE) INSERT INTO quote (id, reseller_id, sku_id, quantity, unit_price, currency, expires_at) SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 1, 'CNY', now()"
  )
  await owner.query('ROLLBACK')
  t.notMatch(JSON.stringify([rows, insert]), /kahub_tenant|kahub\.tenant|SubPlan/)
})

/** Tables that belong to someone, and that no reseller's read touches; each says why. */
const WITHOUT_WALL: Readonly<Record<string, string>> = {
  card_batch: 'imports, of operators',
  card_fingerprint: 'of no one: a hash and a card',
  facade_callback: 'where shops are called, read by the worker',
  facade_subscription: 'where shops are told of goods, read by the worker',
  supplier_attempt: 'purchases, of operators',
  supplier_attempt_unit: 'purchases, of operators'
}

t.test('a table with someone in it has a policy, or is none that a reseller may read', async t => {
  const { rows } = await owner.query(
    `SELECT DISTINCT c.name, r.relrowsecurity AS walled, has_table_privilege('kahub_tenant', r.oid, 'SELECT') AS readable
     FROM (${columns}) c JOIN pg_class r ON r.relname = c.name AND r.relnamespace = 'public'::regnamespace AND r.relkind IN ('r', 'p')`
  )
  for (const { name, walled, readable } of rows) t.ok(walled || (!readable && WITHOUT_WALL[name] !== undefined), `${name} has row-level security`)
  const writable = await owner.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND has_table_privilege('kahub_tenant', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
  )
  t.same(writable.rows, [])
})

/** What every reseller may see. */
const SHARED = /^\/v1\/(products|skus|catalog)\b/

t.test('every read of a reseller goes through the wall: when it lets nothing through, there is nothing', async t => {
  const { rows } = await owner.query("SELECT tablename, policyname FROM pg_policies WHERE policyname LIKE '%_tenant' AND qual <> 'false'")
  for (const { tablename, policyname } of rows) await owner.query(`ALTER POLICY ${policyname} ON ${tablename} USING (false)`)
  for (const operation of contract.operations.filter(({ role, method, path }) => role === 'reseller' && method === 'GET' && !SHARED.test(path))) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => goodId(operation, name, mine))
    const { status, body }: { status: number; body: Json } = await mine.reseller('GET', path)
    t.ok(status === 404 || (status === 200 && body.data?.length === 0), `${operation.id}: ${status} ${JSON.stringify(body).slice(0, 200)}`)
  }
})
