import t from 'tap'
import type { Simulator } from '../../src/suppliers/simulators/simulator.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, expectStatus, importKeys, orderEvents, type TestReseller } from '../support/shop.ts'
import { orderIn, place, secretsOf, startUpstreamShop, type UpstreamShop } from './upstream-rig.ts'

/** Each test says itself when they are read. */
const READ = { settings: { syncSeconds: 3_600 } }

const shelve = ({ sim }: { sim: Simulator }, code: string, stock: number): void =>
  sim.shop.add({ code, name: code, price: 50_000n, stock, onSale: true })

const readAgain = ({ sql }: UpstreamShop, supplierId: string) =>
  sql(
    'UPDATE supplier_sync SET due_at = CASE WHEN lease_id IS NULL THEN now() ELSE due_at END, again = lease_id IS NOT NULL WHERE supplier_id = $1',
    [supplierId.slice(4)]
  )

const stockIs = ({ call }: TestReseller, skuId: string, stock: number): Promise<boolean> =>
  eventually(`stock is ${stock}`, async () => (await expectStatus(200, call('GET', `/v1/skus/${skuId}`))).stock === stock)

const wallet = ({ call }: TestReseller) => expectStatus(200, call('GET', '/v1/wallet'))

t.test('orders from own stock and several sources', async t => {
  const shop = await startUpstreamShop(t)

  t.test('own cards come first, then each source gives what it has; every unit is paid once', async t => {
    const [near, far] = [await shop.supplier({}, {}, READ), await shop.supplier({}, {}, READ)]
    shelve(near, 'mix', 2)
    shelve(far, 'mix', 50)
    const skuId = await shop.sku(
      [
        { supplierId: near.id, productCode: 'mix', priority: 1 },
        { supplierId: far.id, productCode: 'mix', priority: 2 }
      ],
      { keys: ['OWN-MIX-1', 'OWN-MIX-2', 'OWN-MIX-3'] }
    )
    const reseller = await shop.reseller('100.00')
    await stockIs(reseller, skuId, 55)
    const { id } = await place(reseller, skuId, { quantity: 7 })
    t.match(await orderIn(reseller, id, 'fulfilled'), { delivered: 7 })
    const secrets = await secretsOf(reseller, id)
    t.strictSame(secrets.slice(0, 3).toSorted(), ['OWN-MIX-1', 'OWN-MIX-2', 'OWN-MIX-3'])
    t.equal(new Set(secrets).size, 7)
    t.strictSame(
      [near, far].map(({ sim }) => sim.shop.book.map(({ quantity }) => quantity)),
      [[2], [2]]
    )
    t.match(await wallet(reseller), { balance: cny('30.00'), held: cny('0.00') })
    await stockIs(reseller, skuId, 48)
    t.match(await reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 49 } }), { status: 409, body: { code: 'out_of_stock' } })
  })

  t.test('what a source refuses the next one brings; what nobody has is given back, and the source is known to be empty', async t => {
    const only = await shop.supplier({}, {}, READ)
    shelve(only, 'few', 5)
    const skuId = await shop.sku([{ supplierId: only.id, productCode: 'few' }], { keys: ['OWN-FEW-1'] })
    const reseller = await shop.reseller('100.00')
    await stockIs(reseller, skuId, 6)
    shelve(only, 'few', 0)
    const { id } = await place(reseller, skuId, { quantity: 2 })
    t.match(await orderIn(reseller, id, 'partially_fulfilled'), { delivered: 1 })
    t.strictSame(await secretsOf(reseller, id), ['OWN-FEW-1'])
    t.match(await wallet(reseller), { balance: cny('90.00'), held: cny('0.00') })
    await stockIs(reseller, skuId, 0)
  })
})

t.test('orders that wait for stock', async t => {
  const shop = await startUpstreamShop(t)

  t.test('are bought, the oldest first, when a source says that it has some; one that does not fit is not overtaken', async t => {
    const source = await shop.supplier({}, {}, READ)
    shelve(source, 'wait', 1)
    const skuId = await shop.sku([{ supplierId: source.id, productCode: 'wait' }])
    const reseller = await shop.reseller('100.00')
    await stockIs(reseller, skuId, 1)
    const wait = (quantity: number) => place(reseller, skuId, { quantity, backorder: true })
    const [first, second] = [await wait(3), await wait(2)]
    t.match([first, second], [{ state: 'backordered' }, { state: 'backordered' }])
    shelve(source, 'wait', 4)
    await readAgain(shop, source.id)
    await orderIn(reseller, first.id, 'fulfilled')
    t.match(await expectStatus(200, reseller.call('GET', `/v1/orders/${second.id}`)), { state: 'backordered' })
    shelve(source, 'wait', 2)
    await readAgain(shop, source.id)
    await orderIn(reseller, second.id, 'fulfilled')
    t.strictSame(
      source.sim.shop.book.map(({ quantity }) => quantity),
      [3, 2]
    )
    t.match(await wallet(reseller), { balance: cny('50.00'), held: cny('0.00') })
  })

  t.test('own stock and a source fill one together', async t => {
    const source = await shop.supplier({}, {}, READ)
    shelve(source, 'both', 1)
    const skuId = await shop.sku([{ supplierId: source.id, productCode: 'both' }])
    const reseller = await createReseller(shop.app, { credit: '100.00' })
    await stockIs(reseller, skuId, 1)
    const { id } = await place(reseller, skuId, { quantity: 3, backorder: true })
    await importKeys(shop.app, skuId, ['BOTH-1', 'BOTH-2'])
    await orderIn(reseller, id, 'fulfilled')
    t.strictSame((await secretsOf(reseller, id)).slice(0, 2).toSorted(), ['BOTH-1', 'BOTH-2'])
    t.equal(source.sim.shop.book.length, 1)
  })

  t.test('wait on, with their money held, when the source does not sell after all; then they can be cancelled', async t => {
    const source = await shop.supplier({}, {}, READ)
    shelve(source, 'lies', 1)
    const skuId = await shop.sku([{ supplierId: source.id, productCode: 'lies' }])
    const reseller = await shop.reseller('100.00')
    await stockIs(reseller, skuId, 1)
    const { id } = await place(reseller, skuId, { quantity: 2, backorder: true })
    shelve(source, 'lies', 5)
    source.sim.shop.balance = 0n
    await readAgain(shop, source.id)
    await eventually(
      'it was tried',
      async () => (await shop.sql('SELECT FROM supplier_attempt WHERE order_id = $1 AND ended_at IS NOT NULL', [id.slice(4)])).length === 1
    )
    await orderIn(reseller, id, 'backordered')
    t.match(await wallet(reseller), { held: cny('20.00') })
    await expectStatus(200, reseller.call('POST', `/v1/orders/${id}/cancel`))
    t.match(await wallet(reseller), { balance: cny('100.00'), held: cny('0.00') })
    t.equal(source.sim.shop.book.length, 0)
  })

  t.test('a new order that may wait does so when its only source refuses it, told once, and is bought later', async t => {
    const source = await shop.supplier({}, {}, READ)
    shelve(source, 'gone', 1)
    const skuId = await shop.sku([{ supplierId: source.id, productCode: 'gone' }])
    const reseller = await shop.reseller('100.00')
    await stockIs(reseller, skuId, 1)
    shelve(source, 'gone', 0)
    const { id } = await place(reseller, skuId, { backorder: true })
    await orderIn(reseller, id, 'backordered')
    t.match(await wallet(reseller), { balance: cny('100.00'), held: cny('10.00') })
    shelve(source, 'gone', 5)
    await shop.pass(id, 3_600_000)
    await shop.sql("UPDATE supplier_attempt SET ended_at = ended_at - interval '1 hour' WHERE order_id = $1", [id.slice(4)])
    await readAgain(shop, source.id)
    await orderIn(reseller, id, 'fulfilled')
    t.match(await wallet(reseller), { balance: cny('90.00'), held: cny('0.00') })
    const told = await eventually('all is told', async () => {
      const types: string[] = (await orderEvents(reseller.call)).map((event: { type: string }) => event.type)
      return types.includes('order.fulfilled') && types
    })
    t.strictSame(told, ['order.backordered', 'order.fulfilled'])
  })
})
