import t from 'tap'
import type { SupplierClient, SupplierProduct } from '../../src/suppliers/contract.ts'
import { orderIn, place, startUpstreamShop, type UpstreamShop } from '../orders/upstream-rig.ts'
import type { Json } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, expectStatus, type TestReseller } from '../support/shop.ts'

/** Often enough that no test waits for it; what a test waits for, it asks for. */
const READ = { settings: { syncSeconds: 3_600 } }

const sources = ({ app }: UpstreamShop, skuId: string): Promise<Json[]> => expectStatus(200, app.admin('GET', `/v1/admin/skus/${skuId}/sources`))
const supplierOf = ({ app }: UpstreamShop, id: string): Promise<Json> => expectStatus(200, app.admin('GET', `/v1/admin/suppliers/${id}`))
const skuFor = ({ call }: TestReseller, skuId: string): Promise<Json> => expectStatus(200, call('GET', `/v1/skus/${skuId}`))

/** What is due in an hour is due now. */
const readAgain = ({ sql }: UpstreamShop, supplierId: string) =>
  sql(
    'UPDATE supplier_sync SET due_at = CASE WHEN lease_id IS NULL THEN now() ELSE due_at END, again = lease_id IS NOT NULL WHERE supplier_id = $1',
    [supplierId.slice(4)]
  )

const kindsOf = async ({ call }: TestReseller, skuId: string): Promise<string[]> => {
  const { data } = await expectStatus(200, call('GET', '/v1/catalog/changes?limit=100'))
  return data.filter((change: Json) => change.skuId === skuId).map(({ kind }: Json) => kind)
}

/** Feeds come a moment later: they wait for the oldest transaction that is still running. */
const toldOf = ({ call }: TestReseller, type: string, skuId: string): Promise<boolean> =>
  eventually(`${type} is told`, async () => {
    const { data } = await expectStatus(200, call('GET', '/v1/events?limit=100'))
    return data.some((event: Json) => event.type === type && event.data.skuId === skuId)
  })

t.test('reading what suppliers have', async t => {
  const shop = await startUpstreamShop(t)

  t.test('their stock is shown beside our own, their costs are kept, and both are announced when they change', async t => {
    const { id, sim } = await shop.supplier({}, {}, READ)
    const skuId = await shop.sku([{ supplierId: id, unitCost: '4.20' }], { stock: 2 })
    const reseller = await shop.reseller()
    await eventually('all that can be had is shown', async () => (await skuFor(reseller, skuId)).stock === 100_002)
    t.match(await sources(shop, skuId), [{ unitCost: cny('5.00'), available: 100_000, onSale: true, seenAt: /^20/ }])
    t.match(await supplierOf(shop, id), { syncedAt: /^20/, syncProblem: null, balance: { currency: 'CNY' } })
    const product = sim.shop.products.get('1001')
    if (product === undefined) throw new Error('the simulator sells nothing')
    const before = (await kindsOf(reseller, skuId)).filter(kind => kind === 'stock').length
    product.stock = 5
    product.price = 61_000n
    await readAgain(shop, id)
    await eventually('the change is shown', async () => (await skuFor(reseller, skuId)).stock === 7)
    t.match(await sources(shop, skuId), [{ unitCost: cny('6.10'), available: 5 }])
    await eventually('and told', async () => (await kindsOf(reseller, skuId)).filter(kind => kind === 'stock').length > before)
    t.match(await reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 8 } }), { status: 409, body: { code: 'out_of_stock' } })
    product.onSale = false
    await readAgain(shop, id)
    await eventually('what they do not sell is not shown', async () => (await skuFor(reseller, skuId)).stock === 2)
    await toldOf(reseller, 'stock.in', skuId)
  })

  t.test('pages are read one after the other; a reading that breaks off goes on where it stood', async t => {
    const all = Array.from({ length: 30 }, (_, n): SupplierProduct => {
      return { code: `P${n}`, name: `P${n}`, unitCost: 50_000n, currency: 'CNY', stock: n, onSale: true }
    })
    const asked: (string | null)[] = []
    let broken = true
    const paged = (client: SupplierClient): SupplierClient => ({
      ...client,
      listProducts: async cursor => {
        asked.push(cursor)
        const from = Number(cursor ?? 0)
        if (from === 20 && broken) return null
        return { products: all.slice(from, from + 10), nextCursor: from + 10 < all.length ? String(from + 10) : null }
      }
    })
    const { id } = await shop.supplier({}, {}, { ...READ, client: paged })
    const skuIds = await Promise.all(['P3', 'P13', 'P23'].map(productCode => shop.sku([{ supplierId: id, productCode }])))
    const known = async () => (await Promise.all(skuIds.map(skuId => sources(shop, skuId)))).map(([source]) => source.available)
    await eventually('two pages are known', async () => (await supplierOf(shop, id)).syncProblem !== null)
    t.strictSame(await known(), [3, 13, null])
    t.match(await supplierOf(shop, id), { syncProblem: 'its products cannot be read', syncedAt: null })
    const until = asked.length
    broken = false
    await readAgain(shop, id)
    await eventually('the rest is known', async () => (await known())[2] === 23)
    t.equal(asked[until], '20', 'no page is read twice')
    await eventually('the reading has ended', async () => (await supplierOf(shop, id)).syncedAt !== null)
    t.match(await supplierOf(shop, id), { syncProblem: null })
  })

  t.test('without a list, each product is asked for by itself', async t => {
    const { id, sim } = await shop.supplier({ listProducts: false }, {}, READ)
    sim.shop.add({ code: 'solo', name: 'Solo', price: 33_000n, stock: 4, onSale: true })
    const skuId = await shop.sku([
      { supplierId: id, productCode: 'solo' },
      { supplierId: id, productCode: 'nobody-knows' }
    ])
    const reseller = await shop.reseller()
    await eventually('it is known', async () => (await sources(shop, skuId)).some(({ available }) => available === 4))
    t.match(
      (await sources(shop, skuId)).toSorted((a, b) => a.productCode.localeCompare(b.productCode)),
      [
        { productCode: 'nobody-knows', available: null, unitCost: cny('5.00') },
        { productCode: 'solo', unitCost: cny('3.30') }
      ]
    )
    t.match(await skuFor(reseller, skuId), { stock: 4, onDemand: true }, 'a source that says nothing may have more')
  })

  t.test('a low balance is told once when it gets low, and once when it is not any more', async t => {
    const { id, sim } = await shop.supplier({}, {}, { settings: { syncSeconds: 3_600, lowBalance: cny('100.00') } })
    const told = async () =>
      (await shop.sql(`SELECT type, data FROM outbox WHERE subject_id = $1 ORDER BY xid, seq`, [id.slice(4)])).map(({ type }) => type)
    const at = async (balance: bigint, isLow: boolean) => {
      sim.shop.balance = balance
      await readAgain(shop, id)
      return await eventually('the balance is known', async () => {
        const supplier = await supplierOf(shop, id)
        return supplier.balance?.amount === `${balance / 10_000n}.00` && supplier.balanceLow === isLow && supplier
      })
    }
    await at(1_000_000n, false)
    t.strictSame(await told(), [], 'exactly at the threshold is not below it')
    await at(990_000n, true)
    await at(980_000n, true)
    t.strictSame(await told(), ['supplier.balance_low'])
    const gauges = String(await expectStatus(200, shop.app.admin('GET', '/metrics')))
    t.match(gauges, `kahub_supplier_balance{currency="CNY",supplier="${id.slice(4)}"} 98`)
    t.match(gauges, `kahub_supplier_balance_low{supplier="${id.slice(4)}"} 1`)
    await at(2_000_000n, false)
    await at(970_000n, true)
    t.strictSame(await told(), ['supplier.balance_low', 'supplier.balance_restored', 'supplier.balance_low'])
    const [reading] = await shop.sql('SELECT lease_id FROM supplier_sync WHERE supplier_id = $1', [id.slice(4)])
    t.ok(reading)
  })

  t.test('a supplier that is paused, or is not to be read, is not asked', async t => {
    const { id, sim } = await shop.supplier({}, {}, READ)
    await eventually('its balance is read', async () => (await supplierOf(shop, id)).balance !== null)
    await expectStatus(200, shop.app.admin('POST', `/v1/admin/suppliers/${id}/pause`))
    await eventually('nothing is under way', async () => {
      const [row] = await shop.sql('SELECT lease_id FROM supplier_sync WHERE supplier_id = $1', [id.slice(4)])
      return row?.lease_id === null
    })
    const before = sim.requests()
    await readAgain(shop, id)
    await shop.app.services.syncer.turn()
    t.equal(sim.requests(), before)
    t.match(await shop.app.admin('PATCH', `/v1/admin/suppliers/${id}`, { body: { syncSeconds: 5 } }), { status: 400 })
    t.match(await expectStatus(200, shop.app.admin('PATCH', `/v1/admin/suppliers/${id}`, { body: { syncSeconds: 0 } })), { syncSeconds: 0 })
  })
})

t.test('prices that follow costs, and the limits of what is bought', async t => {
  const shop = await startUpstreamShop(t)
  const put = (skuId: string, body: object) => shop.app.admin('PUT', `/v1/admin/skus/${skuId}/sourcing`, { body })

  t.test('a SKU follows the cheapest enabled source that has stock, by its own rule', async t => {
    const [cheap, dear] = [await shop.supplier({}, {}, READ), await shop.supplier({}, {}, READ)]
    cheap.sim.shop.add({ code: 'x', name: 'X', price: 40_000n, stock: 3, onSale: true })
    dear.sim.shop.add({ code: 'x', name: 'X', price: 52_000n, stock: 9, onSale: true })
    const skuId = await shop.sku([
      { supplierId: cheap.id, productCode: 'x', unitCost: '4.50' },
      { supplierId: dear.id, productCode: 'x', unitCost: '4.60' }
    ])
    const reseller = await shop.reseller('100.00')
    const priceIs = (amount: string) => eventually(`the price is ${amount}`, async () => (await skuFor(reseller, skuId)).price.amount === amount)
    await eventually('stock is known', async () => (await skuFor(reseller, skuId)).stock === 12)
    t.match(await skuFor(reseller, skuId), { price: cny('10.00') }, 'by default no price moves by itself')
    const rule = { pricing: 'own', markup: { percent: '12.5', fixed: cny('0.20'), roundTo: cny('0.10'), minimum: cny('3.00') }, maxCost: null }
    t.match(await expectStatus(200, put(skuId, rule)), { ...rule, marginFloor: cny('0.00') })
    await priceIs('4.70')
    t.match(await expectStatus(200, shop.app.admin('GET', `/v1/admin/skus/${skuId}/sourcing`)), rule)
    await eventually('it is in the feed', async () => (await kindsOf(reseller, skuId)).includes('price'))
    const product = cheap.sim.shop.products.get('x')
    if (product === undefined) throw new Error('x is not sold')
    product.stock = 0
    await readAgain(shop, cheap.id)
    await priceIs('6.10')
    t.equal((await place(reseller, skuId)).unitPrice.amount, '6.10')
    product.stock = 3
    product.price = 100n
    await readAgain(shop, cheap.id)
    await priceIs('3.00')
    await expectStatus(200, shop.app.admin('POST', `/v1/admin/suppliers/${cheap.id}/pause`))
    await priceIs('6.10')
    await expectStatus(200, put(skuId, { pricing: 'off' }))
    await expectStatus(200, shop.app.admin('POST', `/v1/admin/suppliers/${cheap.id}/resume`))
    await readAgain(shop, cheap.id)
    await eventually('all stock is known again', async () => (await skuFor(reseller, skuId)).stock > 9)
    t.match(await skuFor(reseller, skuId), { price: cny('6.10') }, 'switched off, it stays')
    await toldOf(reseller, 'price.changed', skuId)
  })

  t.test("without a rule of its own it follows its supplier's, unless that is switched off", async t => {
    const { id } = await shop.supplier({}, {}, READ)
    const [one, other] = [await shop.sku([{ supplierId: id }]), await shop.sku([{ supplierId: id }])]
    await expectStatus(200, put(other, { pricing: 'off' }))
    t.match(await expectStatus(200, shop.app.admin('PATCH', `/v1/admin/suppliers/${id}`, { body: { markup: { percent: '10' } } })), {
      markup: { percent: '10' }
    })
    const reseller = await shop.reseller()
    t.match(await skuFor(reseller, one), { price: cny('5.50') })
    t.match(await skuFor(reseller, other), { price: cny('10.00') })
  })

  t.test('a source that leaves less than the floor, or costs more than the limit, is neither shown nor bought from', async t => {
    const { id, sim } = await shop.supplier({}, {}, READ)
    const skuId = await shop.sku([{ supplierId: id }], { price: '6.00' })
    const reseller = await shop.reseller('100.00')
    const order = () => reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })
    const stockIs = (stock: number) => eventually(`stock is ${stock}`, async () => (await skuFor(reseller, skuId)).stock === stock)
    await stockIs(100_000)
    await expectStatus(200, put(skuId, { marginFloor: cny('1.01') }))
    await stockIs(0)
    t.match(await order(), { status: 409, body: { code: 'out_of_stock' } })
    await expectStatus(200, put(skuId, { marginFloor: cny('1.00') }))
    await stockIs(100_000)
    await expectStatus(200, put(skuId, { maxCost: cny('4.99') }))
    await stockIs(0)
    t.equal((await order()).status, 409)
    await expectStatus(200, put(skuId, { marginFloor: cny('1.00'), maxCost: cny('5.50') }))
    await stockIs(100_000)
    const { id: orderId } = await expectStatus(202, order())
    await orderIn(reseller, orderId, 'fulfilled')
    const [attempt] = await shop.sql('SELECT max_unit_cost FROM supplier_attempt WHERE order_id = $1', [orderId.slice(4)])
    t.equal(attempt?.max_unit_cost, '50000', 'the supplier is told the limit as well')
    t.equal(sim.shop.book.length, 1)
  })

  t.test('a rule that makes no sense is refused', async t => {
    const skuId = await shop.sku([])
    const refused = async (body: object, pointer: string) =>
      t.match(await put(skuId, body), { status: 400, body: { code: 'validation_failed', errors: [{ pointer }] } }, pointer)
    await refused({ pricing: 'own' }, '/markup')
    await refused({ pricing: 'supplier', markup: { percent: '1' } }, '/markup')
    await refused({ pricing: 'own', markup: { percent: '1', fixed: { amount: '1.00', currency: 'USD' } } }, '/markup')
    await refused(
      { pricing: 'own', markup: { percent: '1', fixed: cny('1.00'), minimum: { amount: '1.00', currency: 'USD' } } },
      '/markup/minimum/currency'
    )
    await refused({ pricing: 'own', markup: { percent: '1', roundTo: cny('0.00') } }, '/markup/roundTo/amount')
    await refused({ marginFloor: { amount: '1.00', currency: 'USD' } }, '/marginFloor/currency')
    await refused({ maxCost: { amount: '1.00', currency: 'USD' } }, '/maxCost/currency')
    t.equal((await put(skuId.replace(/.$/, 'x'), {})).status, 404)
  })
})
