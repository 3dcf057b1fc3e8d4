/** Imports that do not end as they began: clients that leave, servers that stop, and more of them than fit. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId } from '../../src/kit/ids.ts'
import { createLog } from '../../src/log.ts'
import { ADMIN_KEY, freshKey, type Json, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createSku, expectStatus } from '../support/shop.ts'
import { importFile, stockOf } from './stock.ts'

const shop = await startTestApp(t)

let serial = 0
const keys = (count: number): string[] => {
  const tag = `CUT${serial++}`
  return Array.from({ length: count }, (_, n) => `${tag}-${n}`)
}
const fileOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`

/** A real client over a socket, whose body ends when the test says so. */
async function startUpload(t: Tap, app: typeof shop.app, skuId: string) {
  if (app.server.address() === null) await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const upload = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: `/v1/admin/skus/${skuId}/card-batches`,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'text/plain', 'idempotency-key': freshKey() }
  })
  upload.on('error', () => undefined)
  t.teardown(() => upload.destroy())
  return upload
}

type Tap = { teardown(action: () => unknown): unknown }

const batchesOf = async ({ admin }: Pick<typeof shop, 'admin'>, skuId: string): Promise<Json[]> =>
  (await expectStatus(200, admin('GET', `/v1/admin/card-batches?skuId=${skuId}`))).data

t.test('a client that goes away half-way leaves its blocks in stock, a failed batch, and the way open for the whole file', async t => {
  const skuId = await createSku(shop)
  const file = fileOf(keys(20_000))
  const upload = await startUpload(t, shop.app, skuId)
  upload.write(file.slice(0, file.length - 100))
  await eventually('a block is stored', async () => (await batchesOf(shop, skuId))[0]?.accepted > 0)
  upload.destroy()
  const failed = await eventually('the batch has failed', async () => {
    const batches = await batchesOf(shop, skuId)
    return batches[0]?.state === 'failed' ? batches[0] : null
  })
  t.equal(await stockOf(shop, skuId), failed.accepted)
  const { body } = await importFile(shop, skuId, file)
  t.match(body, { state: 'done', accepted: 20_000 - failed.accepted, duplicates: failed.accepted })
  t.equal(await stockOf(shop, skuId), 20_000)
})

t.test('a server that stops finishes the block in hand, and tells the client to come back', async t => {
  const app = await buildApp(shop.services, createLog('silent'))
  const skuId = await createSku(shop)
  const upload = await startUpload(t, app, skuId)
  upload.write(fileOf(keys(20_000)))
  await eventually('a block is stored', async () => (await batchesOf(shop, skuId))[0]?.accepted > 0)
  const [[response]] = await Promise.all([once(upload, 'response'), app.close()])
  t.equal(response.statusCode, 503)
  t.match(JSON.parse((await response.toArray()).join('')), { code: 'overloaded', retryable: true, detail: /keys were stored as bat_/ })
  const [batch] = await batchesOf(shop, skuId)
  t.equal(batch.state, 'failed')
  t.equal(await stockOf(shop, skuId), batch.accepted)
})

t.test('an import that was given up while it slept stores nothing more', async t => {
  const skuId = await createSku(shop)
  const upload = await startUpload(t, shop.app, skuId)
  upload.write(fileOf(keys(20_000)))
  const batch = await eventually('a block is stored', async () => {
    const batches = await batchesOf(shop, skuId)
    return batches[0]?.accepted > 0 ? batches[0] : null
  })
  await shop.services.db.execute(statement('test_give_up', `UPDATE card_batch SET state = 'failed', finished_at = now() WHERE id = $1`), [
    fromApiId('batch', batch.id)
  ])
  upload.end(fileOf(keys(20_000)))
  const [response] = await once(upload, 'response')
  response.resume()
  t.equal(response.statusCode, 409)
  const [after] = await batchesOf(shop, skuId)
  t.equal(await stockOf(shop, skuId), after.accepted)
})

t.test('more large imports than threads: the next one is told to come back', async t => {
  const skuId = await createSku(shop)
  const uploads = await Promise.all(Array.from({ length: 4 }, () => startUpload(t, shop.app, skuId)))
  for (const upload of uploads) upload.write(fileOf(keys(100)))
  await eventually('four imports run', async () => (await batchesOf(shop, skuId)).length === 4)
  t.match(await importFile(shop, skuId, fileOf(keys(3_000))), { status: 503, body: { code: 'overloaded' }, headers: { 'retry-after': /./ } })
  t.match(await importFile(shop, skuId, fileOf(keys(10))), { status: 201 }, 'a small one needs no thread')
  for (const upload of uploads) upload.end()
  const answers = await Promise.all(uploads.map(upload => once(upload, 'response')))
  for (const [response] of answers) response.resume()
  t.same(
    answers.map(([response]) => response.statusCode),
    [201, 201, 201, 201]
  )
  t.equal(await stockOf(shop, skuId), 410)
})
