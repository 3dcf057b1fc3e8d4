/** Customers and guests buy at once while kahub is killed and started again; then the books of both sides are compared. */
import type { Test } from 'tap'
import type { Json } from '../../support/app.ts'
import { eventually } from '../../support/eventually.ts'
import { expectStatus } from '../../support/shop.ts'
import { keysOf, newProduct, newReseller } from './hub.ts'
import { addStore, commodityOf, importItems, orderBy, type World } from './sell.ts'

const CUSTOMERS = 6
const ORDERS_EACH = 8
const GUESTS = 30
const KILLS = 3
const PRICE = 2
const GATEWAY_MAX_MS = 120_000

export async function sellWhileKilled(t: Test, world: World): Promise<void> {
  const { hub, shop, proxy } = world
  const codes: string[] = []
  for (const name of ['K1', 'K2', 'K3', 'K4']) codes.push((await newProduct(hub, name, [{ name, price: '1.00', keys: keysOf(name, 100) }])).code)
  const reseller = await newReseller(hub, '400.00')
  const storeId = await addStore(world, reseller.credential, 'localhost')
  t.match(await importItems(world, storeId, codes, '1.00'), { success: codes.length })
  const items = await Promise.all(codes.map(async code => (await commodityOf(world, code)).id))
  const itemOf = (n: number): number => items[n % items.length] ?? 0
  const customers = await Promise.all(Array.from({ length: CUSTOMERS }, () => shop.newCustomer('100.00')))
  const guests = await Promise.all(
    Array.from({ length: GUESTS }, async (_, n): Promise<string> => {
      const asked = await orderBy(world, shop.guest(), itemOf(n), {}, shop.payBy.gateway)
      if (asked.code !== 200) throw new Error(JSON.stringify(asked))
      return asked.data.tradeNo
    })
  )

  let answered = 0
  const killer = (async () => {
    for (let kill = 1; kill <= KILLS; kill++) {
      const enough = (kill * (CUSTOMERS * ORDERS_EACH + GUESTS)) / (KILLS + 2)
      await eventually(`${enough} answers`, () => answered >= enough, GATEWAY_MAX_MS)
      await hub.kill()
      await hub.restart()
      proxy.target = hub.base()
    }
  })()
  const buyMany = async (customer: (typeof customers)[number], who: number): Promise<void> => {
    for (let n = 0; n < ORDERS_EACH; n++) {
      await eventually(`card ${n}`, async () => (await orderBy(world, customer, itemOf(who + n))).code === 200, GATEWAY_MAX_MS)
      answered++
    }
  }
  const payUntilTaken = async (tradeNo: string): Promise<void> => {
    await eventually(`${tradeNo} is delivered`, async () => (await shop.notifyPaid(tradeNo)) === 'taken', GATEWAY_MAX_MS)
    answered++
  }
  const queue = [...guests]
  const gateway = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await payUntilTaken(next)
  }
  await Promise.all([...customers.map(buyMany), ...Array.from({ length: 3 }, gateway), killer])

  const paid = await shop.sql(`SELECT trade_no, secret, owner FROM acg_order WHERE status = 1 AND commodity_id IN (${items.join(', ')})`)
  for (const customer of customers) {
    const own = paid.filter(([, , owner]) => owner === String(customer.id))
    // More, where the shop sold, and then could not say so: after its commit it asks for the stock again.
    t.ok(own.length >= ORDERS_EACH, 'each answer with a card is an order of the shop')
    t.equal(Number(await customer.balance()), 100 - PRICE * own.length, 'a customer has paid for exactly the cards there are')
  }
  t.ok(
    paid.every(([, secret]) => /^K\d-\d{4}$/.test(secret ?? '')),
    'nobody has paid without a card'
  )
  t.equal(new Set(paid.map(([, secret]) => secret)).size, paid.length, 'no card was sold to two customers')
  t.equal(guests.filter(tradeNo => paid.some(([no]) => no === tradeNo)).length, GUESTS, 'every guest who paid has a card')

  const orders = await reseller.orders()
  const numbers = orders.map(({ reference }: Json) => reference)
  t.equal(new Set(numbers).size, numbers.length, 'no number of the shop bought twice')
  t.ok(
    paid.every(([tradeNo]) => numbers.includes(tradeNo)),
    'each sale of the shop is an order here'
  )
  t.equal(Number(await reseller.balance()), 400 - orders.length, 'each order was charged once')
  const invariants = await expectStatus(200, hub.admin('GET', '/v1/admin/invariants'))
  t.equal(invariants.ok, true, JSON.stringify(invariants))
  t.comment(`${paid.length} sold, ${orders.length - paid.length} bought whose answer was lost and whose customer was not charged`)
}

/** Before anything is written, before COMMIT, and after it: only there it was sold, and nobody has heard of it. */
const CRASHES = [
  ['order.locked', false],
  ['order.written', false],
  ['order.committed', true]
] as const

export async function sellAcrossCrashes(t: Test, world: World): Promise<void> {
  const { hub, shop, proxy } = world
  const [row = []] = await shop.sql("SELECT id, shared_code FROM acg_commodity WHERE name = 'K1'")
  const itemId = Number(row[0])
  const ordersOf = async (): Promise<Json[]> => (await expectStatus(200, hub.admin('GET', '/v1/admin/orders?limit=100'))).data
  const restart = async (failpoint?: string): Promise<void> => {
    await hub.kill()
    await hub.restart(failpoint)
    proxy.target = hub.base()
  }
  const customer = await shop.newCustomer('10.00')
  for (const [failpoint, isSold] of CRASHES) {
    const asked = await orderBy(world, shop.guest(), itemId, {}, shop.payBy.gateway)
    await restart(failpoint)
    t.not(await shop.notifyPaid(asked.data.tradeNo), 'taken', failpoint)
    await restart()
    const sold = (await ordersOf()).some(({ reference }: Json) => reference === asked.data.tradeNo)
    t.equal(sold, isSold, `${failpoint}: ${isSold ? 'it was sold' : 'nothing was sold'}`)
    t.equal(await shop.notifyPaid(asked.data.tradeNo), 'taken')
    const [order = []] = await shop.sql(`SELECT status, secret FROM acg_order WHERE trade_no = '${asked.data.tradeNo}'`)
    t.match(order, ['1', /^K1-\d{4}$/])
    t.equal((await ordersOf()).filter(({ reference }: Json) => reference === asked.data.tradeNo).length, 1, 'bought once')

    await restart(failpoint)
    t.match(await orderBy(world, customer, itemId), { code: 0, msg: /连接失败/ })
    t.equal(await customer.balance(), '10.00')
    await restart()
  }
  t.equal((await orderBy(world, customer, itemId)).code, 200)
  t.equal(await customer.balance(), '8.00')
  const secrets = (await shop.sql('SELECT secret FROM acg_order WHERE status = 1')).map(([secret]) => secret)
  t.equal(new Set(secrets).size, secrets.length, 'no card was sold twice')
  t.equal((await expectStatus(200, hub.admin('GET', '/v1/admin/invariants'))).ok, true)
}
