import pg from 'pg'
import t from 'tap'
import { startEmbeddedValkey } from '../../src/embedded/index.ts'
import { freshKey, startTestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

t.test('losing Redis loses no order, no card and no money', async t => {
  const redis = await startEmbeddedValkey({})
  t.teardown(() => redis.stop())
  const databaseUrl = await createTestDatabase(t)
  const shop = await startTestApp(t, { databaseUrl, redisUrl: redis.url })
  const skuId = await createSku(shop, { stock: 60 })
  const buyer = await createReseller(shop, { credit: '1000.00' })
  const buy = () => buyer.call('POST', '/v1/orders', { key: freshKey(), body: { skuId, quantity: 1 } })

  t.test('orders go on while it is away, and readiness says degraded', async t => {
    t.equal((await buy()).status, 201)
    await redis.stop()
    const replies = await Promise.all(Array.from({ length: 20 }, buy))
    t.ok(replies.every(reply => reply.status === 201))
    const ready = await expectStatus(200, shop.anonymous('GET', '/health/ready'))
    t.equal(ready.status, 'degraded')
  })

  t.test('a fence that somebody else minted ends the old leadership: nothing is lost, nothing is sold twice', async t => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    t.teardown(() => client.end())
    const secrets = new Set<string>()
    for (let round = 0; round < 5; round++) {
      await client.query('UPDATE sku_fence SET fence = fence + 1')
      const replies = await Promise.all(Array.from({ length: 4 }, buy))
      for (const reply of replies) secrets.add(reply.body.cards[0].secret)
    }
    t.equal(secrets.size, 20)
  })
})
