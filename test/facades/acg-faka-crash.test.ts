/** Shops buy while the server is killed: the answers that were lost are asked for again under the same numbers, as payment gateways do. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type RunningServer, startServer } from '../support/server.ts'
import { cny, expectStatus, importKeys } from '../support/shop.ts'
import { issue, openShop, requestNo, type SendForm } from './acg-shop.ts'

const ADMIN = 'facade-crash-operator-key-0123456789'
const TRADES = 120
const AT_ONCE = 12

const dataDir = await mkdtemp(join(tmpdir(), 'kahub-facade-'))
t.teardown(() => rm(dataDir, { recursive: true, force: true }))
const start = (): Promise<RunningServer> => startServer({ KAHUB_DATA_DIR: dataDir, KAHUB_ADMIN_KEY: ADMIN })

const sendTo =
  (server: RunningServer): SendForm =>
  async (path, body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'GuzzleHttp/7' }
    const response = await fetch(`${server.base}/facades/acg-faka/shared/${path}`, { method: 'POST', headers, body })
    return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() }
  }

t.test('kill -9 in mid-purchase: the same number gets the same card, and is charged once', async t => {
  let server = await start()
  t.teardown(() => server.terminate())
  const admin = (): ReturnType<RunningServer['as']> => server.as(ADMIN)
  const ask: Parameters<typeof issue>[0] = async (method, path, options) => {
    const { status, body } = await admin()(method, path, options)
    return { status, body, headers: {} }
  }
  const reseller = await expectStatus(201, ask('POST', '/v1/admin/resellers', { body: { name: 'R' } }))
  await expectStatus(201, ask('POST', `/v1/admin/resellers/${reseller.id}/wallet/credits`, { body: { amount: cny('500.00'), reason: 'x' } }))
  const product = await expectStatus(201, ask('POST', '/v1/admin/products', { body: { name: 'P', category: 'c', kind: 'card' } }))
  const sku = await expectStatus(201, ask('POST', '/v1/admin/skus', { body: { productId: product.id, code: 'S', name: 'S', price: cny('1.00') } }))
  await importKeys(
    { admin: ask },
    sku.id,
    Array.from({ length: 2 * TRADES }, (_, n) => `FACADE-KEY-${n}`)
  )
  const credential = await issue(ask, reseller.id)
  const numbers = Array.from({ length: TRADES }, requestNo)

  /** What each number was told; one without an answer is missing. */
  const tradeAll = async (onAnswer: (count: number) => void): Promise<Map<string, string>> => {
    const answers = new Map<string, string>()
    const queue = [...numbers]
    const shop = openShop(sendTo(server), credential)
    const client = async (): Promise<void> => {
      for (let number = queue.shift(); number !== undefined; number = queue.shift()) {
        const answer = await shop.trade({ shared_code: product.id, request_no: number }).catch(() => null)
        if (answer?.code === 200) answers.set(number, answer.data.secret)
        onAnswer(answers.size)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, client))
    return answers
  }

  let killed: Promise<void> | null = null
  const before = await tradeAll(count => {
    if (count >= TRADES / 3) killed ??= server.kill()
  })
  await killed
  t.ok(before.size < TRADES, 'the crash cut purchases off')
  server = await start()
  const after = await tradeAll(() => undefined)
  t.equal(after.size, TRADES)
  for (const [number, secret] of before) t.equal(after.get(number), secret)
  t.equal(new Set(after.values()).size, TRADES, 'each number has one card, and no card has two numbers')
  const connected = await openShop(sendTo(server), credential).get('authentication/connect')
  t.equal(connected.balance, 500 - TRADES)
  const report = await expectStatus(200, ask('GET', '/v1/admin/invariants'))
  t.equal(report.ok, true, JSON.stringify(report))
})
