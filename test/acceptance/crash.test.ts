/** Black box: a server with its embedded databases, killed in mid-order, restarted on the same data. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freshKey } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { type RunningServer, type ServerReply, startServer } from '../support/server.ts'

const ADMIN = 'crash-test-operator-key-0123456789'
const CANARY = 'CANARYk7q2'
const STOCK = 400
const KEYS = 240

const dataDir = await mkdtemp(join(tmpdir(), 'kahub-crash-'))
t.teardown(() => rm(dataDir, { recursive: true, force: true }))
const start = (): Promise<RunningServer> => startServer({ KAHUB_DATA_DIR: dataDir, KAHUB_ADMIN_KEY: ADMIN })

const ok = async (pending: Promise<ServerReply>) => {
  const reply = await pending
  if (reply.status >= 300) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`)
  return reply.body
}

async function setUp(server: RunningServer): Promise<{ skuId: string; buyer: string }> {
  const admin = server.as(ADMIN)
  const product = await ok(admin('POST', '/v1/admin/products', { body: { name: 'P', category: 'c', kind: 'card' } }))
  const sku = await ok(
    admin('POST', '/v1/admin/skus', { body: { productId: product.id, code: 'S', name: 'S', price: { amount: '1.00', currency: 'CNY' } } })
  )
  const keys = Array.from({ length: STOCK }, (_, n) => `${CANARY}-${n}`).join('\n')
  await ok(admin('POST', `/v1/admin/skus/${sku.id}/card-batches`, { body: keys, headers: { 'content-type': 'text/plain' } }))
  const reseller = await ok(admin('POST', '/v1/admin/resellers', { body: { name: 'R' } }))
  const { key } = await ok(admin('POST', `/v1/admin/resellers/${reseller.id}/api-keys`, { body: { name: 'k' } }))
  await ok(
    admin('POST', `/v1/admin/resellers/${reseller.id}/wallet/credits`, { body: { amount: { amount: '1000.00', currency: 'CNY' }, reason: 'x' } })
  )
  return { skuId: sku.id, buyer: key }
}

/** Sends all orders at once, 16 at a time; an order without an answer stays out of the map. */
async function sendAll(server: RunningServer, buyer: string, skuId: string, keys: readonly string[], onAnswer: (count: number) => void) {
  const answers = new Map<string, ServerReply>()
  const queue = [...keys]
  const client = async (): Promise<void> => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
      const reply = await server
        .as(buyer)('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } })
        .catch(() => null)
      if (reply !== null) answers.set(key, reply)
      onAnswer(answers.size)
    }
  }
  await Promise.all(Array.from({ length: 16 }, client))
  return answers
}

t.test('kill -9 in mid-order: what was acknowledged stands, and the same keys find out the rest', async t => {
  let server = await start()
  t.teardown(() => server.terminate())
  const { skuId, buyer } = await setUp(server)
  const keys = Array.from({ length: KEYS }, freshKey)
  let killed: Promise<void> | null = null
  const before = await sendAll(server, buyer, skuId, keys, count => {
    if (count >= KEYS / 3) killed ??= server.kill()
  })
  await killed
  t.ok(before.size < KEYS, 'the crash cut orders off')
  server = await start()
  const after = await sendAll(server, buyer, skuId, keys, () => undefined)
  t.equal(after.size, KEYS)
  for (const [key, reply] of before) {
    t.equal(reply.status, 201)
    t.strictSame(after.get(key)?.body, reply.body, 'an acknowledged order is the same order after the crash')
  }
  const secrets = [...after.values()].map(reply => reply.body.cards[0].secret)
  t.equal(new Set(secrets).size, KEYS, 'each key got one card, and no card twice')
  const wallet = await ok(server.as(buyer)('GET', '/v1/wallet'))
  t.equal(wallet.balance.amount, `${1000 - KEYS}.00`)
  const report = await ok(server.as(ADMIN)('GET', '/v1/admin/invariants'))
  t.equal(report.ok, true, JSON.stringify(report))

  await t.test('SIGTERM answers what is in flight and ends with 0', async t => {
    const more = Array.from({ length: 64 }, freshKey)
    const replies = more.map(key => server.as(buyer)('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } }))
    await Promise.race(replies)
    t.equal(await server.terminate(), 0, server.output().slice(-1000))
    const settled = await Promise.allSettled(replies)
    for (const each of settled) if (each.status === 'fulfilled') t.ok([201, 503].includes(each.value.status), `${each.value.status}`)
  })

  await t.test('no imported key is to be found in the data directory or in the log', async t => {
    await eventually('the database has stopped', () => !server.output().includes('never'))
    const hits = execFileSync('sh', ['-c', `grep -rlac ${CANARY} ${dataDir} || true`]).toString()
    t.equal(hits, '')
    t.notOk(server.output().includes(CANARY))
  })
})
