/** What operators do is written down with it, by construction: the operations come from the OpenAPI document. And nobody changes it unseen. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import t from 'tap'
import { goodBody, goodId } from '../acceptance/bad-requests.ts'
import { type Operation, readContract } from '../acceptance/contract.ts'
import { type Furnished, furnish } from '../acceptance/furnished-shop.ts'
import { ADMIN_KEY, freshKey, type Json, MASTER_KEY, type Reply, startTestApp } from '../support/app.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'

const hub = await startTestApp(t)
const contract = readContract((await hub.anonymous('GET', '/openapi.json')).body)
/** As the owner of the database, whom nothing stops. */
const owner = new pg.Client({ connectionString: hub.databaseUrl })
await owner.connect()
t.teardown(() => owner.end())

const entriesOf = async (requestId: unknown): Promise<Json[]> =>
  (await owner.query('SELECT * FROM audit_log WHERE request_id = $1 ORDER BY seq', [requestId])).rows

async function send(operation: Operation, shop: Furnished): Promise<Reply> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => goodId(operation, name, shop))
  const [type] = Object.keys(operation.bodies)
  const body =
    type === undefined ? undefined : type === 'application/json' ? goodBody(contract, operation, shop) : `KEY-${randomBytes(8).toString('hex')}\n`
  const query = operation.parameters.filter(each => each.in === 'query' && each.required).map(({ name, example }) => `${name}=${example}`)
  const url = query.length === 0 ? path : `${path}?${query.join('&')}`
  return await hub.admin(operation.method, url, body === undefined ? {} : { body, headers: { 'content-type': type ?? '' } })
}

/** Of these the furnished shop has nothing in the right state: their own tests call them. */
const NOT_AS_FURNISHED = new Set(['resolveOrder', 'quarantineCard', 'releaseCard', 'voidCard'])
/** What they made is the row of `wallet_adjustment` that names the actor. */
const NAMED_ELSEWHERE = new Set(['creditWallet', 'debitWallet'])

let shop = await furnish(hub.admin, hub.as)

/** In a new shop, where the one before has become unfit for it. */
async function act(operation: Operation): Promise<Reply> {
  const reply = await send(operation, shop)
  if (reply.status < 400) return reply
  shop = await furnish(hub.admin, hub.as)
  return await send(operation, shop)
}

for (const operation of contract.operations.filter(({ role, method }) => role === 'operator' && method !== 'GET')) {
  t.test(`${operation.id}: is in the trail with whoever did it, and to what`, async t => {
    const reply = await act(operation)
    const entries = await entriesOf(reply.headers['x-request-id'])
    if (reply.status >= 400) {
      t.ok(NOT_AS_FURNISHED.has(operation.id), `${reply.status} ${JSON.stringify(reply.body)}`)
      return t.same(entries, [], 'what was refused is no action')
    }
    t.equal(entries.length, 1)
    t.match(entries[0], { actor: 'bootstrap', action: operation.id, detail: { ip: '127.0.0.1' } })
    for (const { in: place, name } of operation.parameters) if (place === 'path') t.ok(entries[0].target[name], `names ${name}`)
    const created = reply.status === 201 && typeof reply.body.id === 'string' ? reply.body.id.slice(4) : undefined
    if (created !== undefined && !NAMED_ELSEWHERE.has(operation.id)) t.ok(JSON.stringify(entries[0]).includes(created), 'names what was created')
  })
}

t.test('a repeated request is one action, a refused one is none, reading is none', async t => {
  const reseller = await createReseller(hub)
  const path = `/v1/admin/resellers/${reseller.id}/wallet/credits`
  const key = freshKey()
  const body = { amount: cny('5.00'), reason: 'gift' }
  const first = await hub.admin('POST', path, { key, body })
  const second = await hub.admin('POST', path, { key, body })
  const refused = await hub.admin('POST', path, { body: { amount: cny('0.00'), reason: 'nothing' } })
  const gone = await hub.admin('POST', '/v1/admin/skus/sku_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10/pause')
  const read = await hub.admin('GET', `/v1/admin/resellers/${reseller.id}`)
  t.same([first.status, second.status, refused.status, gone.status, read.status], [201, 201, 400, 404, 200])
  const counts = await Promise.all([first, second, refused, gone, read].map(async ({ headers }) => (await entriesOf(headers['x-request-id'])).length))
  t.same(counts, [1, 0, 0, 0, 0])
  t.match((await entriesOf(first.headers['x-request-id']))[0].detail.body, body)
})

t.test('what a process makes ready for itself is no part of the action that needed it first', async t => {
  const { id } = await createReseller(hub)
  const path = `/v1/admin/resellers/${id}/wallet/credits`
  const credit = (currency: string) => hub.admin('POST', path, { body: { amount: { amount: '5.00', currency }, reason: 'gift', reference: 'one' } })
  const [first, refused] = [await credit('CNY'), await credit('HKD')]
  t.same([first.status, refused.status, refused.body.code], [201, 409, 'reference_taken'])
  t.equal(
    (await owner.query(`SELECT FROM ledger_account WHERE currency = 'HKD' AND owner_id IS NULL`)).rows.length,
    32,
    'the platform opened its own accounts'
  )
  t.same(await entriesOf(refused.headers['x-request-id']), [])
})

t.test('what cannot be written into the trail does not happen', async t => {
  const name = `unseen-${freshKey()}`
  const create = () => hub.admin('POST', '/v1/admin/resellers', { body: { name } })
  const named = async (): Promise<number> => (await owner.query('SELECT FROM reseller WHERE name = $1', [name])).rows.length
  await owner.query(`ALTER TABLE audit_log ADD CONSTRAINT unseen CHECK (action <> 'createReseller') NOT VALID`)
  const refused = await create()
  await owner.query('ALTER TABLE audit_log DROP CONSTRAINT unseen')
  t.ok(refused.status >= 500, String(refused.status))
  t.equal(await named(), 0)
  t.equal((await create()).status, 201)
  t.equal(await named(), 1)
})

t.test('each move of a card is an action', async t => {
  await createSku(hub, { stock: 1 })
  const { rows } = await owner.query("SELECT id FROM card WHERE state = 'available' ORDER BY seq DESC LIMIT 1")
  for (const move of ['quarantine', 'release', 'void']) {
    const { status, headers } = await hub.admin('POST', `/v1/admin/cards/crd_${rows[0].id}/${move}`)
    t.equal(status, 200)
    t.match(await entriesOf(headers['x-request-id']), [{ action: `${move}Card`, target: { id: `crd_${rows[0].id}` } }])
  }
})

t.test('orders are no actions: a reseller never waits for the end of the chain', async t => {
  const skuId = await createSku(hub, { price: '1.00', stock: 5 })
  const buyer = await createReseller(hub, { credit: '10.00' })
  await owner.query('BEGIN')
  await owner.query('SELECT FROM audit_head FOR UPDATE')
  const order = await buyer.call('POST', '/v1/orders', { body: { skuId, quantity: 2 } })
  await owner.query('ROLLBACK')
  t.equal(order.status, 201)
  t.same(await entriesOf(order.headers['x-request-id']), [])
})

t.test('no secret is kept', async t => {
  const canary = `CANARY${randomBytes(8).toString('hex')}`
  const config = { baseUrl: 'https://supplier.example.com', apiKey: canary, callbackSecret: `${canary}${canary}` }
  const supplier = await expectStatus(201, hub.admin('POST', '/v1/admin/suppliers', { body: { name: 'S', adapter: 'example', config } }))
  await expectStatus(200, hub.admin('PATCH', `/v1/admin/suppliers/${supplier.id}`, { body: { config: { apiKey: `${canary}2` } } }))
  await createSku(hub, { keys: [canary] })
  const order = `/v1/admin/orders/ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10/resolve`
  t.equal((await hub.admin('POST', order, { body: { outcome: 'fulfilled', cards: [{ secret: canary }] } })).status, 404)
  const { key } = await createReseller(hub)
  for (const secret of [canary, key, supplier.webhookSecret]) {
    const { rows } = await owner.query('SELECT FROM audit_log l WHERE position($1 IN l::text) > 0', [secret])
    t.equal(rows.length, 0)
  }
})

t.test('the list: newest first, by actor, by action, page by page', async t => {
  const operator = await expectStatus(201, hub.admin('POST', '/v1/admin/operator-keys', { body: { name: 'auditor' } }))
  const auditor = hub.as(operator.key)
  for (const name of ['a', 'b', 'c']) await expectStatus(201, auditor('POST', '/v1/admin/resellers', { body: { name } }))
  const mine = await expectStatus(200, auditor('GET', `/v1/admin/audit?actor=${operator.id}&limit=2`))
  t.same(
    mine.data.map((entry: Json) => entry.detail.body.name),
    ['c', 'b']
  )
  const rest = await expectStatus(200, auditor('GET', `/v1/admin/audit?actor=${operator.id}&limit=2&cursor=${mine.nextCursor}`))
  t.same(
    rest.data.map((entry: Json) => entry.detail.body.name),
    ['a']
  )
  t.equal(rest.nextCursor, null)
  const both = await expectStatus(200, auditor('GET', `/v1/admin/audit?actor=${operator.id}&action=createReseller`))
  t.equal(both.data.length, 3)
  const made = await expectStatus(200, auditor('GET', '/v1/admin/audit?action=createOperatorKey&limit=1'))
  t.equal(`key_${made.data[0].detail.resultId}`, operator.id)
  const weak = await expectStatus(201, hub.admin('POST', '/v1/admin/operator-keys', { body: { name: 'w', scopes: ['catalog:read'] } }))
  t.equal((await hub.as(weak.key)('GET', '/v1/admin/audit')).status, 403)
})

t.test('actions of many operators at once make one chain without a gap', async t => {
  const replies = await Promise.all(Array.from({ length: 60 }, (_, n) => hub.admin('POST', '/v1/admin/resellers', { body: { name: `R${n}` } })))
  t.ok(replies.every(({ status }) => status === 201))
  const { rows } = await owner.query('SELECT count(*)::int AS n, max(seq)::int AS last FROM audit_log')
  t.equal(rows[0].n, rows[0].last)
  t.match(await verify(), { ok: true, entries: rows[0].n, broken: null })
})

t.test('the application can add rows, and neither choose their place nor change them', async t => {
  const asApplication = async (sql: string): Promise<string> => {
    await owner.query('BEGIN; SET LOCAL ROLE kahub_app')
    const code = await owner.query(sql).then(
      () => 'done',
      (error: { code: string }) => error.code
    )
    await owner.query('ROLLBACK')
    return code
  }
  for (const sql of [
    "UPDATE audit_log SET actor = 'x'",
    'DELETE FROM audit_log',
    'TRUNCATE audit_log',
    'UPDATE audit_head SET seq = 0',
    'DELETE FROM audit_head',
    'ALTER TABLE audit_log DISABLE TRIGGER audit_log_chain',
    "INSERT INTO audit_log (seq, at, actor, action, target, detail, hash) VALUES (1, now(), 'x', 'x', '{}', '{}', '')"
  ]) {
    t.equal(await asApplication(sql), '42501', sql)
  }
  t.equal(await asApplication("INSERT INTO audit_log (actor, action, target, detail) VALUES ('x', 'x', '{}', '{}')"), 'done')
})

const verify = async (query = ''): Promise<Json> => await expectStatus(200, hub.admin('GET', `/v1/admin/audit/verification${query}`))

/** What an owner of the database might do, each undone after it was looked at. */
const TAMPERED: readonly (readonly [what: string, sql: string, reason: string, seq: (last: number) => number])[] = [
  ['another actor', "UPDATE audit_log SET actor = 'nobody' WHERE seq = 5", 'changed', () => 5],
  ['another time', "UPDATE audit_log SET at = at + interval '1 microsecond' WHERE seq = 5", 'changed', () => 5],
  ['another amount', `UPDATE audit_log SET detail = detail || '{"body":{}}' WHERE seq = 7`, 'changed', () => 7],
  ['another target', `UPDATE audit_log SET target = '{"id":"x"}' WHERE seq = 8`, 'changed', () => 8],
  ['a row gone', 'DELETE FROM audit_log WHERE seq = 6', 'missing_before', () => 7],
  ['the first row gone', 'DELETE FROM audit_log WHERE seq = 1', 'missing_before', () => 2],
  ['the last rows gone', 'DELETE FROM audit_log WHERE seq > 20', 'end_missing', () => 20],
  [
    'two rows that changed places',
    'UPDATE audit_log SET seq = -seq + 2000000 WHERE seq IN (10, 11); UPDATE audit_log SET seq = seq - 1999979 WHERE seq > 1000000',
    'changed',
    () => 10
  ],
  ['a row with a hash of its own', "UPDATE audit_log l SET hash = sha256('x') WHERE seq = 12", 'changed', () => 12],
  [
    'a row put at the end by hand',
    `ALTER TABLE audit_log DISABLE TRIGGER USER;
     INSERT INTO audit_log SELECT seq + 1, at, actor, action, request_id, target, detail, hash FROM audit_log ORDER BY seq DESC LIMIT 1;
     ALTER TABLE audit_log ENABLE TRIGGER USER`,
    'changed',
    last => last + 1
  ]
]

t.test('whatever the owner of the database changes, the first broken entry is named', async t => {
  const { head } = await verify()
  for (const [what, sql, reason, seq] of TAMPERED) {
    await owner.query(`CREATE TEMP TABLE kept AS TABLE audit_log; ${sql}`)
    t.match(await verify(), { ok: false, broken: { seq: seq(head.seq), reason } }, what)
    await owner.query(`ALTER TABLE audit_log DISABLE TRIGGER USER; DELETE FROM audit_log; INSERT INTO audit_log TABLE kept;
      ALTER TABLE audit_log ENABLE TRIGGER USER; DROP TABLE kept`)
    t.match(await verify(), { ok: true }, 'as it was')
  }
})

const command = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: hub.databaseUrl,
    REDIS_URL: process.env['TEST_REDIS_URL'],
    KAHUB_ADMIN_KEY: ADMIN_KEY,
    KAHUB_MASTER_KEY: MASTER_KEY,
    KAHUB_ALLOW_UNSAFE_DATABASE: 'true'
  }
  const child = spawn(process.execPath, ['src/verify-audit.ts', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const read = (chunk: Buffer): void => {
    output += chunk
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const [code] = await once(child, 'close')
  return { code, output }
}

t.test('a chain that was written anew as a whole is not the one that was noted, and the command says so too', async t => {
  const noted = await verify()
  const { seq, hash } = noted.head
  t.match(await verify(`?seq=${seq}&hash=${hash}`), { ok: true })
  t.equal((await hub.admin('GET', `/v1/admin/audit/verification?seq=${seq}`)).status, 400)
  const whole = await command(String(seq), hash)
  t.match(whole, { code: 0, output: /the audit log is whole/ })
  await owner.query(`ALTER TABLE audit_log DISABLE TRIGGER USER; CREATE TEMP TABLE kept AS TABLE audit_log; DELETE FROM audit_log;
    ALTER TABLE audit_log ENABLE TRIGGER USER; UPDATE audit_head SET seq = 0, hash = sha256('kahub1|audit');
    INSERT INTO audit_log (actor, action, request_id, target, detail) SELECT 'nobody', action, request_id, target, detail FROM kept ORDER BY seq`)
  t.match(await verify(), { ok: true }, 'it fits together')
  t.match(await verify(`?seq=${seq}&hash=${hash}`), { ok: false, broken: { seq, reason: 'not_as_noted' } })
  const changed = await command(String(seq), hash)
  t.match(changed, { code: 1, output: /THE AUDIT LOG WAS CHANGED: entry \d+ \(not as noted\)/ })
})
