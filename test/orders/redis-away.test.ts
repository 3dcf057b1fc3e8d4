import pg from 'pg'
import t from 'tap'
import { startEmbeddedValkey } from '../../src/embedded/index.ts'
import { issue, openShop } from '../facades/acg-shop.ts'
import { freshKey, startTestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

/** Within this an ended credential opens nothing, on no instance. */
const REVOKED_WITHIN_MS = 5_000

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

  t.test('a credential that ended on one instance ends on the others within 5 seconds, and both say that Redis is away', async t => {
    const other = await startTestApp(t, { databaseUrl, redisUrl: redis.url })
    const [revoked, rotated, paused, shopper] = [
      await createReseller(shop),
      await createReseller(shop),
      await createReseller(shop),
      await createReseller(shop)
    ]
    const keyOf = async (id: string): Promise<string> => (await expectStatus(200, shop.admin('GET', `/v1/admin/resellers/${id}/api-keys`))).data[0].id
    const login = await issue(shop.admin, shopper.id)
    const asShop = openShop(async (path, payload) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const { statusCode, headers: got, body } = await other.app.inject({ method: 'POST', url: `/facades/acg-faka/shared/${path}`, headers, payload })
      return { status: statusCode, type: String(got['content-type']), text: body }
    }, login)
    const codes = async (): Promise<string[]> => [
      ...(await Promise.all([revoked, rotated, paused].map(async ({ key }) => (await other.as(key)('GET', '/v1/wallet')).body.code ?? 'opens'))),
      (await asShop.ask('authentication/connect')).code === 200 ? 'opens' : 'refused'
    ]
    t.same(await codes(), ['opens', 'opens', 'opens', 'opens'], 'all are known there')
    await expectStatus(204, shop.admin('DELETE', `/v1/admin/resellers/${revoked.id}/api-keys/${await keyOf(revoked.id)}`))
    const rotation = { body: { overlapSeconds: 0 } }
    await expectStatus(201, shop.admin('POST', `/v1/admin/resellers/${rotated.id}/api-keys/${await keyOf(rotated.id)}/rotate`, rotation))
    await expectStatus(200, shop.admin('POST', `/v1/admin/resellers/${paused.id}/pause`))
    await expectStatus(204, shop.admin('DELETE', `/v1/admin/facade-credentials/${login.id}`))
    const ended = 'unauthenticated unauthenticated account_suspended refused'
    await eventually('the other instance follows', async () => (await codes()).join(' ') === ended, REVOKED_WITHIN_MS)
    for (const { anonymous, admin } of [shop, other]) {
      t.equal((await expectStatus(200, anonymous('GET', '/health/ready'))).status, 'degraded')
      // What KahubRedisDown watches.
      t.match(await expectStatus(200, admin('GET', '/metrics')), /^kahub_redis_up 0$/m)
    }
  })
})
