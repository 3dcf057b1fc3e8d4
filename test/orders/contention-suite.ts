/** What must hold when many want the same few cards. Run with the real leases and again with leases that are granted to everybody. */

import fc from 'fast-check'
import type { Test } from 'tap'
import type { Leases } from '../../src/kit/lock.ts'
import { freshKey, type Reply, startTestApp, type TestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { cny, createReseller, createSku, expectStatus, type TestReseller } from '../support/shop.ts'

/** Two processes' worth of kahub on one database and one Redis. */
async function startPair(t: Test, makeLeases: (() => Leases) | null) {
  const databaseUrl = await createTestDatabase(t)
  const overrides = () => (makeLeases === null ? { databaseUrl } : { databaseUrl, leases: makeLeases() })
  const first = await startTestApp(t, overrides())
  const second = await startTestApp(t, overrides())
  return { first, second }
}

const pick = (replies: readonly Reply[], status: number): Reply[] => replies.filter(reply => reply.status === status)

/** Repeats while the answer is "still running" or "come back", with the same key, as a client would. */
async function order(reseller: TestReseller, app: TestApp, key: string, body: object): Promise<Reply> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const reply = await app.as(reseller.key)('POST', '/v1/orders', { key, body })
    if (reply.body.retryable !== true) return reply
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error('still running after 200 attempts')
}

export function contentionSuite(t: Test, makeLeases: (() => Leases) | null): void {
  t.test('64 clients after the last 100 keys: 100 delivered, each once, the others told out_of_stock, no fen moved for them', async t => {
    const { first, second } = await startPair(t, makeLeases)
    const skuId = await createSku(first, { price: '1.00', stock: 100 })
    const buyers = await Promise.all(Array.from({ length: 64 }, () => createReseller(first, { credit: '100.00' })))
    const replies = (
      await Promise.all(
        buyers.map(async (buyer, index) => {
          const keys = Array.from({ length: 4 }, freshKey)
          const mine: Reply[] = []
          for (const key of keys) {
            const app = index % 2 === 0 ? first : second
            const copies = await Promise.all([
              order(buyer, app, key, { skuId, quantity: 1 }),
              order(buyer, index % 3 === 0 ? second : app, key, { skuId, quantity: 1 })
            ])
            t.equal(copies[0]?.body.id ?? copies[0]?.body.code, copies[1]?.body.id ?? copies[1]?.body.code, 'copies of one request agree')
            mine.push(copies[0]!)
          }
          return mine
        })
      )
    ).flat()
    const delivered = pick(replies, 201)
    t.equal(delivered.length, 100)
    t.equal(new Set(delivered.map(reply => reply.body.cards[0].secret)).size, 100, 'no card twice')
    t.equal(replies.filter(reply => reply.body.code === 'out_of_stock').length, 156)
    const wallets = await Promise.all(buyers.map(buyer => expectStatus(200, buyer.call('GET', '/v1/wallet'))))
    const spent = wallets.reduce((sum, wallet) => sum + (100 - Number(wallet.balance.amount)), 0)
    t.equal(spent, 100)
  })

  t.test('20 clients on a balance that pays for one: one buys', async t => {
    const { first, second } = await startPair(t, makeLeases)
    const skuId = await createSku(first, { price: '10.00', stock: 50 })
    const buyer = await createReseller(first, { credit: '10.00' })
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => order(buyer, index % 2 === 0 ? first : second, freshKey(), { skuId, quantity: 1 }))
    )
    t.equal(pick(replies, 201).length, 1)
    t.equal(replies.filter(reply => reply.body.code === 'insufficient_funds').length, 19)
    t.match(await expectStatus(200, buyer.call('GET', '/v1/wallet')), { balance: cny('0.00'), available: cny('0.00') })
  })

  t.test('one reference, many orders: one is placed', async t => {
    const { first, second } = await startPair(t, makeLeases)
    const skuId = await createSku(first, { stock: 20 })
    const buyer = await createReseller(first, { credit: '1000.00' })
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => order(buyer, index % 2 === 0 ? first : second, freshKey(), { skuId, quantity: 1, reference: 'one' }))
    )
    t.equal(pick(replies, 201).length, 1)
    t.equal(replies.filter(reply => reply.body.code === 'reference_taken').length, 11)
  })

  t.test('any mix of orders sells no more than there is and charges exactly what was delivered', async t => {
    const { first, second } = await startPair(t, makeLeases)
    const buyers = await Promise.all([createReseller(first, { credit: '30.00' }), createReseller(first, { credit: '1000.00' })])
    const wish = fc.record({ sku: fc.nat(2), buyer: fc.nat(1), quantity: fc.integer({ min: 1, max: 4 }), node: fc.nat(1), twice: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 40 }), async wishes => {
        const stock = 9
        const skus = await Promise.all([
          createSku(first, { stock, price: '1.00' }),
          createSku(first, { stock, price: '2.00' }),
          createSku(first, { stock, price: '0.50' })
        ])
        const before = await balances(buyers)
        const replies = (
          await Promise.all(
            wishes.map(({ sku, buyer, quantity, node, twice }) => {
              const send = (key: string) => order(buyers[buyer]!, node === 0 ? first : second, key, { skuId: skus[sku], quantity })
              const key = freshKey()
              return Promise.all(twice ? [send(key), send(key)] : [send(key)])
            })
          )
        ).map(copies => copies[0]!)
        const delivered = pick(replies, 201)
        for (const [index, skuId] of skus.entries()) {
          const sold = delivered.filter(reply => reply.body.skuId === skuId).reduce((sum, reply) => sum + reply.body.quantity, 0)
          t.ok(sold <= stock, `SKU ${index} sold ${sold} of ${stock}`)
        }
        const secrets = delivered.flatMap(reply => reply.body.cards.map((card: { secret: string }) => card.secret))
        t.equal(new Set(secrets).size, secrets.length, 'no card twice')
        const charged = delivered.reduce((sum, reply) => sum + Number(reply.body.total.amount), 0)
        t.equal(before - (await balances(buyers)), charged)
        t.ok(
          replies.every(reply => [201, 402, 409].includes(reply.status)),
          'only business answers'
        )
      }),
      { numRuns: 12 }
    )
  })
}

async function balances(buyers: readonly TestReseller[]): Promise<number> {
  const wallets = await Promise.all(buyers.map(buyer => expectStatus(200, buyer.call('GET', '/v1/wallet'))))
  return wallets.reduce((sum, wallet) => sum + Number(wallet.balance.amount), 0)
}
