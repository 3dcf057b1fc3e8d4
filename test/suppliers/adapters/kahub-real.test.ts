import t from 'tap'
import { kahub } from '../../../src/suppliers/adapters/kahub/index.ts'
import { startTestApp } from '../../support/app.ts'
import { createTestOutbound } from '../../support/outbound.ts'
import { createReseller, createSku } from '../../support/shop.ts'

t.test('one kahub buys from another over HTTP', async t => {
  const app = await startTestApp(t)
  const keys = Array.from({ length: 5 }, (_, n) => `REAL-KEY-00${n}`)
  const skuId = await createSku(app, { price: '5.00', keys })
  const reseller = await createReseller(app, { credit: '20.00' })
  const baseUrl = await app.app.listen({ port: 0, host: '127.0.0.1' })
  const http = createTestOutbound({ timeoutMs: 10_000, maxBytes: 1_000_000 })
  t.teardown(() => http.close())
  const config = { baseUrl, apiKey: reseller.key, webhookSecret: 'whsec_AAAA' }
  const client = kahub.connect(config, http)
  const order = { productCode: skuId, quantity: 2, maxUnitCost: 50_000n, currency: 'CNY', input: null, notifyUrl: null, reference: 'hub-1' }

  t.match(await client.ping(), { ok: true })
  t.same(await client.balance(), { amount: 200_000n, currency: 'CNY' })
  t.match(await client.listProducts(null, null), { products: [{ code: skuId, unitCost: 50_000n, onSale: true }], nextCursor: null })
  t.equal(await client.checkStock(skuId, 1), 5)
  t.match(await client.quote(skuId, 3), { unitCost: 50_000n, currency: 'CNY' })
  t.match(await client.query({ reference: 'hub-1', upstreamId: null }), { kind: 'not_found' })

  const placed = await client.place(order)
  if (placed.kind !== 'fulfilled') throw new Error(JSON.stringify(placed, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
  t.equal(placed.unitCost, 50_000n)
  t.same(await client.place(order), placed, 'the same reference is the same order')
  const secrets = placed.cards.map(card => card.secret).sort()
  t.ok(secrets.length === 2 && secrets.every(secret => keys.includes(secret)))
  for (const upstreamId of [null, placed.upstreamId]) {
    const found = await client.query({ reference: 'hub-1', upstreamId })
    t.same(found.kind === 'fulfilled' ? found.cards.map(card => card.secret).sort() : found.kind, secrets)
  }
  t.same(await client.balance(), { amount: 100_000n, currency: 'CNY' })

  t.match(await client.place({ ...order, reference: 'hub-2', maxUnitCost: 49_999n }), { kind: 'refused', refusal: 'price_exceeded' })
  t.match(await client.place({ ...order, reference: 'hub-3', quantity: 4 }), { kind: 'refused', refusal: 'out_of_stock' })
  t.match(await client.place({ ...order, reference: 'hub-4', quantity: 3 }), { kind: 'refused', refusal: 'no_funds' })
  t.match(await client.place({ ...order, reference: 'hub-5', productCode: skuId.replace(/.$/, last => (last === '0' ? '1' : '0')) }), {
    kind: 'refused',
    refusal: 'product_unavailable'
  })
  const stranger = kahub.connect({ ...config, apiKey: `${reseller.key.slice(0, -1)}x` }, http)
  t.match(await stranger.place({ ...order, reference: 'hub-6' }), { kind: 'refused', refusal: 'auth' })
  t.match(await client.cancel({ reference: 'hub-1', upstreamId: placed.upstreamId }), { kind: 'refused' })
  // Another order under a reference that is taken may not be called "not sold".
  t.match(await client.place({ ...order, quantity: 1 }), { kind: 'unknown' })
})
