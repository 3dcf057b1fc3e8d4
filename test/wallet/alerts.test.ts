import t from 'tap'
import { newId, toApiId } from '../../src/kit/ids.ts'
import { checkAlerts } from '../../src/wallet/index.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus, type TestReseller } from '../support/shop.ts'

/** Without a worker: each test says when wallets are looked at. */
const app = await startTestApp(t)
const check = async () => await checkAlerts(app.services.db)

const setAlert = async ({ call }: TestReseller, amount: string) =>
  await expectStatus(200, call('PUT', '/v1/wallet/alerts', { body: { threshold: cny(amount) } }))

const buy = async ({ call }: TestReseller, skuId: string, quantity: number) =>
  await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity, reveal: false } }))

const credit = async ({ id }: TestReseller, amount: string) =>
  await expectStatus(201, app.admin('POST', `/v1/admin/resellers/${id}/wallet/credits`, { body: { amount: cny(amount), reason: 'test' } }))

const limit = async ({ id }: TestReseller, amount: string) =>
  await expectStatus(200, app.admin('PUT', `/v1/admin/resellers/${id}/wallet/credit-limit`, { body: { creditLimit: cny(amount) } }))

async function eventsOf({ call }: TestReseller): Promise<Json[]> {
  const found: Json[] = []
  for (let cursor = ''; ; ) {
    const { data, nextCursor } = await expectStatus(200, call('GET', `/v1/events?limit=100${cursor}`))
    if (data.length === 0) return found.filter(({ type }) => type === 'wallet.low')
    found.push(...data)
    cursor = `&cursor=${nextCursor}`
  }
}

/** What could be spent at each of its events `wallet.low`, once there are that many. */
async function lowsOf(reseller: TestReseller, count: number): Promise<string[]> {
  await eventually(`${count} events`, async () => (await eventsOf(reseller)).length >= count)
  return (await eventsOf(reseller)).map(({ data }) => data.available.amount)
}

t.test('a wallet that falls below its threshold is told of once, and again after it was above', async t => {
  const reseller = await createReseller(app, { credit: '100.00' })
  const skuId = await createSku(app, { stock: 20, price: '10.00' })
  t.same(await setAlert(reseller, '50.00'), { threshold: cny('50.00'), low: false })
  await buy(reseller, skuId, 5)
  await check()
  t.same(await expectStatus(200, reseller.call('GET', '/v1/wallet/alerts')), { data: [{ threshold: cny('50.00'), low: false }] })
  await buy(reseller, skuId, 1)
  await check()
  await buy(reseller, skuId, 1)
  await check()
  t.same(await lowsOf(reseller, 1), ['40.00'], 'at the threshold is not below it')
  await credit(reseller, '70.00')
  await check()
  await buy(reseller, skuId, 6)
  await Promise.all([check(), check(), check()])
  t.same(await lowsOf(reseller, 2), ['40.00', '40.00'])
  t.match((await eventsOf(reseller)).at(-1), { type: 'wallet.low', data: { currency: 'CNY', available: cny('40.00'), threshold: cny('50.00') } })
  t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet/alerts')), { data: [{ low: true }] })
})

t.test('no crossing is missed, however much happens between two looks, and none is told twice', async t => {
  const [reseller, other] = [await createReseller(app, { credit: '1000.00' }), await createReseller(app, { credit: '1000.00' })]
  const skuId = await createSku(app, { stock: 400, price: '10.00' })
  await setAlert(reseller, '500.00')
  await buy(reseller, skuId, 51)
  await credit(reseller, '510.00')
  await buy(reseller, skuId, 60)
  await credit(reseller, '600.00')
  await check()
  t.same(await lowsOf(reseller, 2), ['490.00', '400.00'], 'it was filled again before anybody looked')
  await Promise.all(Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? check() : buy(reseller, skuId, 1))))
  await Promise.all(Array.from({ length: 60 }, () => buy(reseller, skuId, 1).catch(() => undefined)))
  await check()
  t.equal((await lowsOf(reseller, 3)).length, 3, 'a hundred orders pass it once')
  t.same(await lowsOf(other, 0), [])
})

t.test('a credit line counts, also when it is cut; a new threshold judges only what comes', async t => {
  const reseller = await createReseller(app, { credit: '100.00' })
  const skuId = await createSku(app, { stock: 20, price: '10.00' })
  await limit(reseller, '100.00')
  await setAlert(reseller, '150.00')
  await limit(reseller, '20.00')
  await limit(reseller, '100.00')
  await check()
  t.same(await lowsOf(reseller, 1), ['120.00'], 'it was extended again before anybody looked')
  await limit(reseller, '30.00')
  await check()
  await check()
  t.same(await lowsOf(reseller, 2), ['120.00', '130.00'])
  await limit(reseller, '100.00')
  await check()
  await buy(reseller, skuId, 6)
  await limit(reseller, '200.00')
  await check()
  t.same(await lowsOf(reseller, 3), ['120.00', '130.00', '140.00'], 'what happened before the line was extended is judged by the old one')
  await limit(reseller, '0.00')
  t.same(await setAlert(reseller, '60.00'), { threshold: cny('60.00'), low: true })
  await buy(reseller, skuId, 1)
  await check()
  const lows = await lowsOf(reseller, 3)
  t.equal(lows.filter(each => each === '30.00').length, 0, 'low already when it was set')
  t.match(await reseller.call('DELETE', '/v1/wallet/alerts?currency=CNY'), { status: 204 })
  t.equal((await reseller.call('DELETE', '/v1/wallet/alerts?currency=CNY')).body.code, 'not_found')
  await credit(reseller, '100.00')
  await buy(reseller, skuId, 10)
  await check()
  t.equal((await lowsOf(reseller, 3)).length, lows.length)
})

t.test('operators set it for a reseller; a wallet that is not there yet is opened; nonsense is refused', async t => {
  const reseller = await createReseller(app, { key: { scopes: ['wallet:read', 'events:read'] } })
  const path = `/v1/admin/resellers/${reseller.id}/wallet/alerts`
  const usd = { amount: '5.00', currency: 'USD' }
  t.same(await expectStatus(200, app.admin('PUT', path, { body: { threshold: usd } })), { threshold: usd, low: true })
  await expectStatus(200, app.admin('PUT', path, { body: { threshold: cny('9.00') } }))
  const both = {
    data: [
      { threshold: cny('9.00'), low: true },
      { threshold: usd, low: true }
    ]
  }
  t.same(await expectStatus(200, app.admin('GET', path)), both)
  t.same(await expectStatus(200, reseller.call('GET', '/v1/wallet/alerts')), both)
  t.equal((await reseller.call('PUT', '/v1/wallet/alerts', { body: { threshold: usd } })).body.code, 'forbidden')
  for (const body of [{ threshold: cny('0.00') }, { threshold: cny('-1.00') }, { threshold: cny('9000000000000') }, {}, { threshold: '5.00' }]) {
    t.equal((await app.admin('PUT', path, { body })).body.code, 'validation_failed', JSON.stringify(body))
  }
  const nobody = `/v1/admin/resellers/${toApiId('reseller', newId())}/wallet/alerts`
  t.equal((await app.admin('PUT', nobody, { body: { threshold: usd } })).status, 404)
  t.equal((await app.admin('GET', nobody)).status, 404)
  t.equal((await app.admin('DELETE', `${path}?currency=usd`)).status, 400)
  await expectStatus(204, app.admin('DELETE', `${path}?currency=USD`))
  t.equal((await expectStatus(200, app.admin('GET', path))).data.length, 1)
})
