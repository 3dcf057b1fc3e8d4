/** Who may connect: PostgreSQL as others run it, where kahub is no superuser. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createDatabase, migrate, statement } from '../../src/kit/db/index.ts'
import { query } from '../migrations/guarantees.ts'
import { startTestApp } from '../support/app.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

const serverUrl = process.env['TEST_DATABASE_URL'] ?? ''
const tag = randomBytes(4).toString('hex')
const password = 'a-password-of-a-test'
const owner = `owner_${tag}`
const login = `login_${tag}`
const stranger = `stranger_${tag}`
const database = `kahub_logins_${tag}`

const asServer = (sql: string): Promise<unknown> => query(serverUrl, client => client.query(sql))

function urlOf(user: string): string {
  const url = new URL(serverUrl)
  Object.assign(url, { username: user, password, pathname: `/${database}` })
  return url.href
}

t.before(async () => {
  for (const role of [owner, login, stranger]) await asServer(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
  await asServer(`GRANT kahub_app TO ${owner}, ${login}`)
  await asServer(`CREATE DATABASE ${database} OWNER ${owner}`)
})

t.after(async () => {
  await asServer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  await asServer(`DROP ROLE ${owner}, ${login}, ${stranger}`)
})

t.test('an owner who is no superuser migrates; he, and a login that owns nothing, sell', async t => {
  await migrate({ databaseUrl: urlOf(owner) })
  for (const user of [owner, login]) {
    const app = await startTestApp(t, { databaseUrl: urlOf(user) })
    const skuId = await createSku(app, { stock: 1 })
    const buyer = await createReseller(app, { credit: '10.00' })
    await expectStatus(201, buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  }
})

t.test('a login without the rights of the application is told what to grant', async t => {
  await asServer(`GRANT pg_read_all_data TO ${stranger}`)
  await t.rejects(startTestApp(t, { databaseUrl: urlOf(stranger) }), { message: /GRANT kahub_app TO/ })
})

t.test('with a pooler before it, statements and transactions run with the same rights and limits, and leave none behind', async t => {
  const db = createDatabase({ url: urlOf(login), maxConnections: 1, pooled: true, onError: () => undefined })
  t.teardown(() => db.close())
  const read = statement(
    'limits',
    "SELECT current_user AS role, current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement, (SELECT count(*) FROM pg_prepared_statements)::int AS prepared"
  )
  const limits = { role: 'kahub_app', lock: '2s', statement: '8s', prepared: 0 }
  t.same(await db.query(read), [limits])
  t.same(await db.tx(tx => tx.query(read)), [limits])
  t.same(await db.snapshot(view => view.query(read)), [{ ...limits, statement: '2min' }])
  t.match(await db.orm.execute("SELECT current_user AS role, current_setting('lock_timeout') AS lock"), { rows: [{ role: 'kahub_app', lock: '2s' }] })
  await t.rejects(db.execute(statement('forbidden', 'UPDATE ledger_entry SET amount = 1')), { code: '42501' })
  await t.rejects(
    db.tx(tx => tx.execute(statement('broken', 'SELECT 1/0'))),
    { code: '22012' }
  )
  t.same(await db.query(read), [limits], 'the connection is whole after a failure')
})
