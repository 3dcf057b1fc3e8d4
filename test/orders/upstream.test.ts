import t from 'tap'
import { example } from '../../src/suppliers/adapters/example/index.ts'
import { fulu } from '../../src/suppliers/adapters/fulu/index.ts'
import { kahub } from '../../src/suppliers/adapters/kahub/index.ts'
import { exampleProtocol } from '../../src/suppliers/simulators/protocols/example.ts'
import { fuluProtocol } from '../../src/suppliers/simulators/protocols/fulu.ts'
import { kahubProtocol } from '../../src/suppliers/simulators/protocols/kahub.ts'
import { freshKey } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, expectStatus, toldTypes } from '../support/shop.ts'
import { orderIn, place, secretsOf, startUpstreamShop } from './upstream-rig.ts'

t.test('buying what own stock cannot fill', async t => {
  const shop = await startUpstreamShop(t)

  t.test('202 with the money held; the card is bought once, issued, captured and announced', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    const placed = await place(reseller, skuId, { quantity: 2 })
    t.match(placed, { state: 'reserved', cards: [], balanceAfter: cny('80.00') })
    const order = await orderIn(reseller, placed.id, 'fulfilled')
    t.match(order, { delivered: 2, deadline: null })
    t.strictSame((await secretsOf(reseller, placed.id)).toSorted(), sim.shop.book.flatMap(sale => sale.cards.map(card => card.secret)).toSorted())
    t.equal(sim.shop.book.length, 1)
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('80.00'), held: cny('0.00') })
    t.strictSame(await toldTypes(reseller.call, 1), ['order.fulfilled'])
  })

  t.test('own stock comes first and is sold at once', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }], { stock: 1 })
    const reseller = await shop.reseller()
    t.equal((await reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })).status, 201)
    const bought = await place(reseller, skuId)
    await orderIn(reseller, bought.id, 'fulfilled')
    t.equal(sim.shop.book.length, 1)
  })

  t.test('a repeated request is the same order, and shows the cards once they are there', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller()
    const key = freshKey()
    const request = { key, body: { skuId, quantity: 1 } }
    const { id } = await expectStatus(202, reseller.call('POST', '/v1/orders', request))
    await orderIn(reseller, id, 'fulfilled')
    const again = await expectStatus(201, reseller.call('POST', '/v1/orders', request))
    t.match(again, { id, cards: [{ secret: sim.shop.book[0]?.cards[0]?.secret }] })
    t.equal(sim.shop.book.length, 1)
  })

  t.test('a refusal is followed by the next source; the last refusal releases the money', async t => {
    const [first, second] = [await shop.supplier(), await shop.supplier()]
    for (const { sim } of [first, second]) sim.shop.add({ code: '1001', name: 'Game card', price: 50_000n, stock: 1, onSale: true })
    const skuId = await shop.sku([
      { supplierId: second.id, priority: 2, unitCost: '5.00' },
      { supplierId: first.id, priority: 1, unitCost: '6.00' }
    ])
    const reseller = await shop.reseller('100.00')
    const orders = [await place(reseller, skuId)]
    await orderIn(reseller, orders[0].id, 'fulfilled')
    t.equal(first.sim.shop.book.length, 1)
    orders.push(await place(reseller, skuId))
    await orderIn(reseller, orders[1].id, 'fulfilled')
    t.equal(second.sim.shop.book.length, 1)
    orders.push(await place(reseller, skuId))
    t.match(await orderIn(reseller, orders[2].id, 'failed'), { delivered: 0 })
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('80.00'), held: cny('0.00') })
    t.strictSame(await toldTypes(reseller.call, 3), ['order.fulfilled', 'order.fulfilled', 'order.failed'])
  })

  t.test('nothing is bought above the price, from a disabled source, or from a paused supplier', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const reseller = await shop.reseller()
    const dear = await shop.sku([{ supplierId, unitCost: '10.01' }])
    t.match(await reseller.call('POST', '/v1/orders', { body: { skuId: dear, quantity: 1 } }), { status: 409, body: { code: 'out_of_stock' } })
    const disabled = await shop.sku([{ supplierId, enabled: false }])
    t.match(await reseller.call('POST', '/v1/orders', { body: { skuId: disabled, quantity: 1 } }), { status: 409, body: { code: 'out_of_stock' } })
    const skuId = await shop.sku([{ supplierId }])
    await expectStatus(200, shop.app.admin('POST', `/v1/admin/suppliers/${supplierId}/pause`))
    await eventually('a paused supplier is no source', async () => {
      const { status } = await reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })
      return status === 409
    })
    t.equal(sim.shop.book.length, 0)
  })

  t.test('the intent is committed before the call, and no transaction is open during it', async t => {
    const { id: supplierId, sim } = await shop.supplier({}, { callTimeoutMs: 10_000 })
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller()
    sim.plan.script({ fault: 'timeout_after' })
    const { id } = await place(reseller, skuId)
    await eventually('the supplier has sold', () => sim.shop.book.length === 1)
    const [attempt] = await shop.sql('SELECT state, reference, due_at > now() AS leased FROM supplier_attempt WHERE order_id = $1', [id.slice(4)])
    t.match(attempt, { state: 'sent', reference: sim.shop.book[0]?.reference, leased: true })
    const open = `SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`
    await eventually('no transaction waits', async () => (await shop.sql(open))[0].open === 0)
    t.equal((await shop.sql('SELECT state FROM supplier_attempt WHERE order_id = $1', [id.slice(4)]))[0].state, 'sent')
  })

  t.test('an order that no supplier was asked for can be cancelled, one that is being bought cannot', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    sim.shop.delivery = 'later'
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller()
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'submitted')
    t.match(await reseller.call('POST', `/v1/orders/${id}/cancel`), { status: 409, body: { code: 'state_conflict' } })
    sim.settle(sim.shop.book[0]?.reference ?? '')
    await shop.hurry()
    await orderIn(reseller, id, 'fulfilled')
  })

  t.test('a large order is bought in the sizes that the supplier takes', async t => {
    const { id: supplierId, sim } = await shop.supplier({ maxQuantity: 3 })
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller()
    const { id } = await place(reseller, skuId, { quantity: 8 })
    await orderIn(reseller, id, 'fulfilled')
    t.strictSame(sim.shop.book.map(sale => sale.quantity).toSorted(), [2, 3, 3])
    t.equal((await secretsOf(reseller, id)).length, 8)
  })

  const systems = {
    example: { adapter: example, protocol: exampleProtocol },
    fulu: { adapter: fulu, protocol: fuluProtocol },
    kahub: { adapter: kahub, protocol: kahubProtocol }
  }
  for (const [name, system] of Object.entries(systems)) {
    t.test(`a top-up is bought with its input, captured, and has no cards: ${name}`, async t => {
      const { id: supplierId, sim } = await shop.supplier({}, {}, system)
      const product = await expectStatus(201, shop.app.admin('POST', '/v1/admin/products', { body: { name: 'Phone', category: 'x', kind: 'topup' } }))
      const body = {
        productId: product.id,
        code: `TOP-${freshKey()}`,
        name: 'Ten',
        price: cny('20.00'),
        inputSchema: { type: 'object', properties: { phone: { type: 'string', pattern: '^[0-9]{5,15}$' } }, required: ['phone'] }
      }
      const sku = await expectStatus(201, shop.app.admin('POST', '/v1/admin/skus', { body }))
      const reseller = await shop.reseller('100.00')
      const order = (input: object) => reseller.call('POST', '/v1/orders', { body: { skuId: sku.id, quantity: 1, input } })
      t.match(await order({ phone: '13800000000' }), { status: 409, body: { code: 'sku_unavailable' } })
      const source = { supplierId, productCode: '1002', unitCost: cny('12.34') }
      await expectStatus(200, shop.app.admin('PUT', `/v1/admin/skus/${sku.id}/sources`, { body: [source] }))
      for (const wrong of [{ phone: 'x' }, {}, { phone: '13800000000', more: '1' }]) {
        t.match(await order(wrong), { status: 400, body: { code: 'validation_failed' } })
      }
      const ended = async (id: string): Promise<void> => {
        await eventually('it is charged', async () => {
          await shop.hurry()
          return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'fulfilled'
        })
      }
      const plain = await expectStatus(202, order({ phone: '13800000000' }))
      await ended(plain.id)
      sim.plan.script({ fault: 'timeout_after' })
      const unclear = await expectStatus(202, order({ phone: '13900000000' }))
      await orderIn(reseller, unclear.id, 'uncertain')
      await ended(unclear.id)
      t.match(sim.shop.book, [{ input: { phone: '13800000000' } }, { input: { phone: '13900000000' } }])
      t.equal(sim.shop.book.length, 2)
      t.strictSame(await secretsOf(reseller, plain.id), [])
      t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('60.00'), held: cny('0.00') })
    })
  }
})

t.test('an order that is cancelled before anybody begins to buy it is never bought', async t => {
  const shop = await startUpstreamShop(t)
  const { id: supplierId, sim } = await shop.supplier()
  const skuId = await shop.sku([{ supplierId }])
  const reseller = await shop.reseller('200.00')
  const orders = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { id } = await place(reseller, skuId)
      const { status } = await reseller.call('POST', `/v1/orders/${id}/cancel`)
      return { id, cancelled: status === 200 }
    })
  )
  for (const { id, cancelled } of orders) await orderIn(reseller, id, cancelled ? 'cancelled' : 'fulfilled')
  t.equal(sim.shop.book.length, orders.filter(({ cancelled }) => !cancelled).length)
  const left = 200 - 10 * sim.shop.book.length
  t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny(`${left}.00`), held: cny('0.00') })
})
