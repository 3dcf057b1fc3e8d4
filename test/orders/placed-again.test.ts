import t from 'tap'
import { dujiaoNext } from '../../src/suppliers/adapters/dujiao-next/index.ts'
import { dujiaoNextProtocol } from '../../src/suppliers/simulators/protocols/dujiao-next.ts'
import { eventually } from '../support/eventually.ts'
import { cny, expectStatus } from '../support/shop.ts'
import { orderIn, place, secretsOf, startUpstreamShop } from './upstream-rig.ts'

const DUJIAO = { adapter: dujiaoNext, protocol: dujiaoNextProtocol }

t.test('a supplier that finds no order by our number, but knows a number that it has seen', async t => {
  const shop = await startUpstreamShop(t)
  const wallet = (call: typeof shop.app.admin) => expectStatus(200, call('GET', '/v1/wallet'))

  t.test('an unclear order is placed again under its own number, and bought once, whether it had arrived or not', async t => {
    for (const fault of ['timeout_after', 'timeout_before', 'not_json', 'cut_after'] as const) {
      const { id: supplierId, sim } = await shop.supplier({}, {}, DUJIAO)
      const skuId = await shop.sku([{ supplierId, productCode: '1001/1001' }])
      const reseller = await shop.reseller('100.00')
      sim.plan.script({ fault })
      const { id } = await place(reseller, skuId, { quantity: 2 })
      await orderIn(reseller, id, 'uncertain')
      t.match(await wallet(reseller.call), { held: cny('20.00') }, fault)
      await eventually('it is bought', async () => {
        await shop.hurry()
        return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'fulfilled'
      })
      t.equal(sim.shop.book.length, 1, fault)
      t.equal((await secretsOf(reseller, id)).length, 2)
      const attempts = await shop.sql('SELECT tries FROM supplier_attempt WHERE order_id = $1', [id.slice(4)])
      t.strictSame(attempts, [{ tries: 1 }], 'it is one purchase')
      t.match(await wallet(reseller.call), { balance: cny('80.00'), held: cny('0.00') })
    }
  })

  t.test('a refusal of the second request says nothing of the first: only said often enough, after the quiet time, it ends the purchase', async t => {
    const { id: supplierId, sim } = await shop.supplier({}, {}, DUJIAO)
    const skuId = await shop.sku([{ supplierId, productCode: '1001/1001' }])
    const reseller = await shop.reseller('100.00')
    sim.plan.script({ fault: 'timeout_before' })
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'uncertain')
    sim.shop.add({ code: '1001', name: 'Game card 50', price: 50_000n, stock: 0, onSale: true })
    await eventually('it was refused often', async () => {
      await shop.hurry()
      const [attempt] = await shop.sql('SELECT not_found FROM supplier_attempt WHERE order_id = $1', [id.slice(4)])
      return attempt?.not_found >= 4
    })
    t.match(await expectStatus(200, reseller.call('GET', `/v1/orders/${id}`)), { state: 'uncertain' }, 'before the quiet time nothing is given back')
    t.match(await wallet(reseller.call), { held: cny('10.00') })
    await shop.pass(id, 61_000)
    await eventually('it is given up', async () => {
      await shop.hurry()
      return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'failed'
    })
    t.match(await wallet(reseller.call), { balance: cny('100.00'), held: cny('0.00') })
    t.equal(sim.shop.book.length, 0)
  })

  t.test('too few cards are captured and the rest released; too many are set aside', async t => {
    const cases = [
      { fault: 'partial', state: 'partially_fulfilled', cards: 2, balance: '80.00', spare: 0 },
      { fault: 'wrong_quantity', state: 'fulfilled', cards: 3, balance: '70.00', spare: 1 }
    ] as const
    for (const { fault, state, cards, balance, spare } of cases) {
      const { id: supplierId, sim } = await shop.supplier({}, {}, DUJIAO)
      const skuId = await shop.sku([{ supplierId, productCode: '1001/1001' }])
      const reseller = await shop.reseller('100.00')
      sim.plan.script({ fault })
      const { id } = await place(reseller, skuId, { quantity: 3 })
      await eventually(`it is ${state}`, async () => {
        await shop.hurry()
        return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === state
      })
      t.equal((await secretsOf(reseller, id)).length, cards, fault)
      t.match(await wallet(reseller.call), { balance: cny(balance), held: cny('0.00') })
      const [kept] = await shop.sql(`SELECT count(*)::int AS cards FROM card WHERE sku_id = $1 AND state = 'quarantined'`, [skuId.slice(4)])
      t.equal(kept?.cards, spare)
      t.equal(sim.shop.book.length, 1)
    }
  })
})
