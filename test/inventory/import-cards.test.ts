import { Readable } from 'node:stream'
import t from 'tap'
import { importCards } from '../../src/inventory/index.ts'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId, newId, toApiId } from '../../src/kit/ids.ts'
import { freshKey, type Json, startTestApp } from '../support/app.ts'
import { cny, createSku, expectStatus } from '../support/shop.ts'
import { cardsOf, importFile, stockOf } from './stock.ts'

const logLines: string[] = []
const shop = await startTestApp(t, { logLines })

let serial = 0
const keys = (count: number): string[] => {
  const tag = `KEY${serial++}`
  return Array.from({ length: count }, (_, n) => `${tag}-${n}`)
}
const fileOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`

async function allLines(batchId: string): Promise<{ line: number; reason: string }[]> {
  const lines = []
  for (let cursor = ''; ; ) {
    const page: Json = await expectStatus(200, shop.admin('GET', `/v1/admin/card-batches/${batchId}/lines?limit=100${cursor}`))
    lines.push(...page.data)
    if (page.nextCursor === null) return lines
    cursor = `&cursor=${page.nextCursor}`
  }
}

const batchesOf = async ({ admin }: Pick<typeof shop, 'admin'>, skuId: string): Promise<Json[]> =>
  (await expectStatus(200, admin('GET', `/v1/admin/card-batches?skuId=${skuId}`))).data

async function createSupplier(): Promise<string> {
  const id = newId()
  await shop.services.db.execute(statement('test_supplier', `INSERT INTO supplier (id, name) VALUES ($1, 'Source')`), [id])
  return toApiId('supplier', id)
}

t.test('a key imported twice is stocked once, whatever the file, the SKU and the supplier', async t => {
  const [first, second] = [await createSku(shop), await createSku(shop)]
  const supplierId = await createSupplier()
  const [a, b, c] = keys(3) as [string, string, string]
  const once = await importFile(shop, first, fileOf([a, b, ` ${a} `, `${b}\r`]))
  t.match(once.body, { accepted: 2, duplicates: 2, rejectedCount: 0 })
  t.same(await allLines(once.body.id), [
    { line: 3, reason: 'duplicate_in_file' },
    { line: 4, reason: 'duplicate_in_file' }
  ])
  const again = await importFile(shop, second, fileOf([c, a, c]), { query: `?supplierId=${supplierId}&unitCost=3.5` })
  t.match(again.body, { accepted: 1, duplicates: 2, supplierId, unitCost: cny('3.50'), skuId: second })
  t.same(await allLines(again.body.id), [
    { line: 2, reason: 'duplicate_of_stock' },
    { line: 3, reason: 'duplicate_in_file' }
  ])
  t.equal(await stockOf(shop, first), 2)
  t.equal(await stockOf(shop, second), 1)
})

t.test('case, inner blanks and the number tell keys apart; composition of accents does not', async t => {
  const skuId = await createSku(shop)
  const [key] = keys(1) as [string]
  const file = fileOf([key, key.toLowerCase(), `${key} x`, `1----${key}`, `2----${key}`, `${key}-caf\u00e9`, `${key}-cafe\u0301`])
  t.match((await importFile(shop, skuId, file)).body, { accepted: 6, duplicates: 1 })
})

t.test('the same file imported by many at once is stocked once, and no import fails', async t => {
  const skuId = await createSku(shop)
  const file = fileOf(keys(400))
  const reversed = fileOf(file.trim().split('\n').reverse())
  const replies = await Promise.all(Array.from({ length: 8 }, (_, n) => importFile(shop, skuId, n % 2 === 0 ? file : reversed)))
  t.same(
    replies.map(({ status }) => status),
    Array(8).fill(201)
  )
  t.equal(
    replies.reduce((sum, { body }) => sum + body.accepted, 0),
    400
  )
  t.equal(
    replies.reduce((sum, { body }) => sum + body.duplicates, 0),
    7 * 400
  )
  t.equal(await stockOf(shop, skuId), 400)
})

t.test('a large file goes through the sealing thread and keeps its order, its lines and its counts', async t => {
  const skuId = await createSku(shop)
  const lines = keys(12_000)
  lines[5_500] = ''
  lines[7_000] = lines[0]!
  lines[11_999] = '9----'
  const { body } = await importFile(shop, skuId, fileOf(lines))
  t.match(body, { accepted: 11_997, duplicates: 1, rejected: [{ line: 12_000, reason: 'empty_secret' }] })
  t.same(await allLines(body.id), [
    { line: 7_001, reason: 'duplicate_in_file' },
    { line: 12_000, reason: 'empty_secret' }
  ])
  const stocked = await cardsOf(shop, body.id)
  t.same(
    stocked.map(card => card.secret),
    lines.filter((line, index) => line !== '' && index !== 7_000 && index !== 11_999)
  )
})

t.test('an answer lists the first thousand rejected lines, the report all of them', async t => {
  const { body } = await importFile(shop, await createSku(shop), '9----\n'.repeat(1_234))
  t.equal(body.rejected.length, 1_000)
  t.equal(body.rejectedCount, 1_234)
  const lines = await allLines(body.id)
  t.equal(lines.length, 1_234)
  t.same(lines.at(-1), { line: 1_234, reason: 'empty_secret' })
})

t.test('imports are listed newest first, by SKU, and read by id', async t => {
  const skuId = await createSku(shop)
  const ids = []
  for (const [key] of [keys(1), keys(1), keys(1)]) ids.unshift((await importFile(shop, skuId, key!)).body.id)
  const page = await expectStatus(200, shop.admin('GET', `/v1/admin/card-batches?skuId=${skuId}&limit=2`))
  const rest = await expectStatus(200, shop.admin('GET', `/v1/admin/card-batches?skuId=${skuId}&limit=2&cursor=${page.nextCursor}`))
  t.same(
    [...page.data, ...rest.data].map(({ id }) => id),
    ids
  )
  t.equal(rest.nextCursor, null)
  t.match(await shop.admin('GET', `/v1/admin/card-batches/${ids[0]}`), {
    status: 200,
    body: { id: ids[0], state: 'done', accepted: 1, rejected: [] }
  })
  for (const path of [`/v1/admin/card-batches/${toApiId('batch', newId())}`, '/v1/admin/card-batches/x', `/v1/admin/card-batches/${ids[0]}x/lines`]) {
    t.match(await shop.admin('GET', path), { status: 404, body: { code: 'not_found' } })
  }
  t.match(await shop.admin('GET', `/v1/admin/card-batches?cursor=${rest.nextCursor}`), { status: 400 })
})

t.test('refusals before anything is stored: no SKU, no supplier, a SKU that is not stocked, a body that is too large', async t => {
  const skuId = await createSku(shop)
  t.match(await importFile(shop, toApiId('sku', newId()), 'X'), { status: 404, body: { code: 'not_found' } })
  t.match(await importFile(shop, 'nonsense', 'X'), { status: 404 })
  t.match(await importFile(shop, skuId, 'X', { query: `?supplierId=${toApiId('supplier', newId())}` }), {
    status: 400,
    body: { code: 'validation_failed', errors: [{ pointer: '/query/supplierId' }] }
  })
  t.match(await importFile(shop, skuId, 'X', { query: '?unitCost=1.23456' }), { status: 400 })
  t.match(await importFile(shop, await createSku(shop, { kind: 'topup' }), 'X'), { status: 409, body: { code: 'state_conflict' } })
  const tooLarge = await shop.admin('POST', `/v1/admin/skus/${skuId}/card-batches`, {
    body: 'X',
    headers: { 'content-type': 'text/plain', 'content-length': String(257 * 1_048_576) }
  })
  t.match(tooLarge, { status: 413, body: { code: 'payload_too_large' } })
  t.equal(await stockOf(shop, skuId), 0)
  const reseller = await expectStatus(201, shop.admin('POST', '/v1/admin/resellers', { body: { name: 'Shop' } }))
  const { key } = await expectStatus(201, shop.admin('POST', `/v1/admin/resellers/${reseller.id}/api-keys`, { body: { name: 'bot' } }))
  t.match(await importFile({ admin: shop.as(key) }, skuId, 'X'), { status: 403 })
  t.match(await importFile({ admin: shop.anonymous }, skuId, 'X'), { status: 401 })
})

t.test('more lines than an import may have end it with 413; what was stored stays', async t => {
  const skuId = await createSku(shop)
  const reply = await importFile(shop, skuId, `${fileOf(keys(5_000))}${'\n'.repeat(2_000_000)}`)
  t.match(reply, { status: 413, body: { code: 'payload_too_large', detail: /5000 keys were stored as bat_/ } })
  t.equal(await stockOf(shop, skuId), 5_000)
  const { data } = await expectStatus(200, shop.admin('GET', `/v1/admin/card-batches?skuId=${skuId}`))
  t.match(data, [{ state: 'failed', accepted: 5_000 }])
})

t.test('with an Idempotency-Key, a finished import is told again and not made again', async t => {
  const skuId = await createSku(shop)
  const file = fileOf(keys(3))
  const key = freshKey()
  const first = await importFile(shop, skuId, file, { key })
  const again = await importFile(shop, skuId, file, { key })
  t.match(again, { status: 201, body: first.body, headers: { 'idempotent-replayed': 'true' } })
  t.match(await importFile(shop, skuId, file, { key, query: '?unitCost=1' }), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.equal((await batchesOf(shop, skuId)).length, 1)
})

const STALL = statement(
  'test_stall',
  `UPDATE card_batch SET state = 'importing', finished_at = NULL, touched_at = now() - $2 * interval '1 second' WHERE id = $1`
)

t.test('an Idempotency-Key of a running import answers 409, of a dead one it imports anew', async t => {
  const skuId = await createSku(shop)
  const file = fileOf(keys(3))
  const key = freshKey()
  const { body } = await importFile(shop, skuId, file, { key })
  const batchId = fromApiId('batch', body.id)
  await shop.services.db.execute(STALL, [batchId, 20])
  t.match(await importFile(shop, skuId, file, { key }), { status: 409, body: { code: 'request_in_progress' }, headers: { 'retry-after': /./ } })
  await shop.services.db.execute(STALL, [batchId, 90])
  t.match(await importFile(shop, skuId, file, { key }), { status: 201, body: { accepted: 0, duplicates: 3 } })
  t.match(await shop.admin('GET', `/v1/admin/card-batches/${body.id}`), { body: { state: 'failed' } })
})

t.test('no answer, error, log line or table says a key', async t => {
  const skuId = await createSku(shop)
  const canary = 'CANARY7319'
  const answers: unknown[] = []
  const say = async (file: string, options: Parameters<typeof importFile>[3] = {}) => {
    const reply = await importFile(shop, skuId, file, options)
    answers.push(reply.body)
    if (reply.status === 201) answers.push(await allLines(reply.body.id))
  }
  const lines = (tag: string) => [
    `${canary}-${tag}`,
    `${canary}-${tag}`,
    `${canary}----`,
    `${canary}\0`,
    `${canary}${'x'.repeat(9_000)}`,
    `{"secret":"${canary}`
  ]
  await say(fileOf(lines('text')))
  await say(fileOf(lines('csv')), { type: 'text/csv' })
  await say(fileOf(lines('json')), { type: 'application/x-ndjson' })
  await say(fileOf([...lines('big'), ...keys(2_000)]))
  await say(canary, { query: `?supplierId=${toApiId('supplier', newId())}` })
  await say(canary, { type: 'application/json' })
  t.notMatch(JSON.stringify(answers), canary)
  t.notMatch(logLines.join(''), canary)
  const { db } = shop.services
  const tables = await db.query<{ name: string }>(statement('test_tables', `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`))
  const hits = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await db.query<{ hits: number }>(
        statement(
          `test_scan_${name}`,
          `SELECT count(*)::int AS hits FROM ${name} x WHERE x::text LIKE '%' || $1 || '%' OR x::text LIKE '%' || $2 || '%'`
        ),
        [canary, Buffer.from(canary).toString('hex')]
      )
      return rows[0]?.hits
    })
  )
  t.same(new Set(hits), new Set([0]))
})

t.test('two hundred thousand keys take the memory of a few blocks', async t => {
  const skuId = fromApiId('sku', await createSku(shop))
  const count = 200_000
  function* file() {
    for (let n = 0; n < count; n += 1_000)
      yield Buffer.from(fileOf(Array.from({ length: 1_000 }, (_, i) => `${6_000_000_000 + n + i}----MEM-${n + i}-ABCDEFGHIJKL`)))
  }
  const before = process.memoryUsage().rss
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 20)
  t.teardown(() => clearInterval(watch))
  const { db, vault, listings } = shop.services
  const { report } = await importCards(
    { db, vault, listings, stopping: new AbortController().signal },
    { skuId, supplierId: null, unitCost: null, format: 'text', expiresAt: null, body: Readable.from(file()), bodyBytes: null, idempotency: null }
  )
  t.equal(report.batch.accepted, count)
  t.ok(peak - before < 150 * 1_048_576, `${Math.round((peak - before) / 1_048_576)} MB`)
})
