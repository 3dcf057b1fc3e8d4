import t from 'tap'
import { freshKey } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, expectStatus, importKeys, orderEvents, toldTypes } from '../support/shop.ts'
import { orderIn, place, secretsOf, startUpstreamShop } from './upstream-rig.ts'

const MINUTE_MS = 60_000

t.test('a purchase whose outcome is unclear', async t => {
  const shop = await startUpstreamShop(t)

  t.test('a time-out after the effect: uncertain, never bought again, and delivered once the supplier is asked', async t => {
    const [first, second] = [await shop.supplier(), await shop.supplier()]
    const skuId = await shop.sku([{ supplierId: first.id }, { supplierId: second.id, priority: 2 }])
    const reseller = await shop.reseller('100.00')
    first.sim.plan.script({ fault: 'timeout_after' })
    const { id } = await place(reseller, skuId)
    const uncertain = await orderIn(reseller, id, 'uncertain')
    t.ok(Date.parse(uncertain.deadline) > Date.now())
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { held: cny('10.00') })
    await shop.hurry()
    await orderIn(reseller, id, 'fulfilled')
    t.equal(first.sim.shop.book.length, 1)
    t.equal(second.sim.shop.book.length, 0)
    t.strictSame(await secretsOf(reseller, id), [first.sim.shop.book[0]?.cards[0]?.secret])
    const told = await eventually('both are told', async () => {
      const events = await orderEvents(reseller.call)
      return events.length === 2 && events
    })
    t.match(told, [{ type: 'order.uncertain', data: { deadline: uncertain.deadline } }, { type: 'order.fulfilled' }])
  })

  t.test('"not found" counts only when it is said three times and after the quiet time; then the next source is asked', async t => {
    const [first, second] = [await shop.supplier(), await shop.supplier()]
    const skuId = await shop.sku([{ supplierId: first.id }, { supplierId: second.id, priority: 2 }])
    const reseller = await shop.reseller()
    first.sim.plan.script({ fault: 'timeout_before' })
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'uncertain')
    const asked = (times: number) =>
      eventually(`asked ${times} times`, async () => {
        await shop.hurry()
        const [attempt] = await shop.sql('SELECT not_found FROM supplier_attempt WHERE supplier_id = $1', [first.id.slice(4)])
        return attempt.not_found >= times
      })
    await asked(4)
    t.equal((await reseller.call('GET', `/v1/orders/${id}`)).body.state, 'uncertain')
    t.equal(second.sim.shop.book.length, 0)
    await shop.pass(id, 2 * MINUTE_MS)
    await orderIn(reseller, id, 'fulfilled')
    t.equal(first.sim.shop.book.length, 0)
    t.equal(second.sim.shop.book.length, 1)
  })

  t.test('what comes after it was given up goes to stock, and nobody is charged twice', async t => {
    const { id: supplierId, sim } = await shop.supplier({ quietTimeMs: 0 })
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    sim.plan.script({ fault: 'timeout_after' }, { fault: 'not_found', times: 3 })
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'uncertain')
    await eventually('given up', async () => {
      await shop.hurry()
      return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'failed'
    })
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('100.00'), held: cny('0.00') })
    await shop.hurry()
    await eventually('the late card is in stock', async () => {
      const sku = await expectStatus(200, shop.app.admin('GET', `/v1/admin/skus/${skuId}`))
      return sku.available === 1
    })
    const found = await eventually('the stock is seen', async () => {
      const sku = await expectStatus(200, reseller.call('GET', `/v1/skus/${skuId}`))
      return (
        JSON.stringify(sku).includes('"stock":1') && (await expectStatus(201, reseller.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })))
      )
    })
    t.equal(found.cards[0].secret, sim.shop.book[0]?.cards[0]?.secret)
    const [{ count }] = await shop.sql(`SELECT count(*)::int FROM outbox WHERE type = 'supplier.late_delivery' AND subject_id = $1`, [
      supplierId.slice(4)
    ])
    t.equal(count, 1)
  })

  t.test('what stays unclear goes to a person, who decides; the supplier is still asked meanwhile', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    const orders = [await unclear(), await unclear(), await unclear()]
    async function unclear(): Promise<string> {
      sim.plan.script({ fault: 'timeout_after' }, { fault: 'not_json', on: 'query' })
      const { id } = await place(reseller, skuId)
      await orderIn(reseller, id, 'uncertain')
      await shop.pass(id, 60 * MINUTE_MS)
      await orderIn(reseller, id, 'review')
      return id
    }
    const [failed = '', delivered = '', answered = ''] = orders
    const resolve = (id: string, body: object, key = freshKey()) => shop.app.admin('POST', `/v1/admin/orders/${id}/resolve`, { body, key })
    const key = freshKey()
    t.match(await expectStatus(200, resolve(failed, { outcome: 'failed' }, key)), { state: 'failed' })
    t.equal((await resolve(failed, { outcome: 'failed' }, key)).headers['idempotent-replayed'], 'true')
    t.match(await resolve(failed, { outcome: 'failed' }), { status: 409, body: { code: 'state_conflict' } })
    t.match(await resolve(delivered, { outcome: 'fulfilled' }), { status: 400 })
    const cards = [{ secret: `by-hand-${delivered}` }]
    t.match(await expectStatus(200, resolve(delivered, { outcome: 'fulfilled', cards })), { state: 'fulfilled', delivered: 1 })
    t.strictSame(await secretsOf(reseller, delivered), [cards[0]?.secret])
    t.match(await resolve(answered, { outcome: 'fulfilled', cards }), { status: 409, body: { code: 'state_conflict' } })
    await shop.hurry()
    await orderIn(reseller, answered, 'fulfilled')
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('80.00'), held: cny('0.00') })
  })

  t.test('a part is captured and the rest released', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    sim.plan.script({ fault: 'partial' })
    const { id } = await place(reseller, skuId, { quantity: 3 })
    await eventually('asked for', async () => {
      await shop.hurry()
      return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'partially_fulfilled'
    })
    t.match(await expectStatus(200, reseller.call('GET', `/v1/orders/${id}`)), { delivered: 2, quantity: 3 })
    t.equal((await secretsOf(reseller, id)).length, 2)
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('80.00'), held: cny('0.00') })
    t.strictSame(await toldTypes(reseller.call, 1), ['order.partially_fulfilled'])
  })

  t.test('more cards than were ordered are set aside', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    sim.plan.script({ fault: 'wrong_quantity' })
    const { id } = await place(reseller, skuId)
    await eventually('asked for', async () => {
      await shop.hurry()
      return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'fulfilled'
    })
    const rows = await shop.sql(`SELECT state, count(*)::int AS cards FROM card WHERE sku_id = $1 GROUP BY state ORDER BY state`, [skuId.slice(4)])
    t.match(rows, [
      { state: /issued|revealed/, cards: 1 },
      { state: 'quarantined', cards: 1 }
    ])
  })

  t.test('a card that was seen before is not delivered, not charged, and told to operators', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    await orderIn(reseller, (await place(reseller, skuId)).id, 'fulfilled')
    sim.plan.script({ fault: 'same_card' })
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'failed')
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('90.00'), held: cny('0.00') })
    const told = await shop.sql(`SELECT data FROM outbox WHERE type = 'supplier.duplicate_card' AND subject_id = $1`, [supplierId.slice(4)])
    t.equal(told.length, 1)
  })

  t.test('times are those that were set for the supplier', async t => {
    const { id: supplierId, sim } = await shop.supplier({}, { callTimeoutMs: 200, quietTimeMs: 0, reviewAfterMs: 5_000 })
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    sim.plan.script({ fault: 'timeout_after' }, { fault: 'not_json', on: 'query', times: 100 })
    const { id } = await place(reseller, skuId)
    const { deadline, createdAt } = await orderIn(reseller, id, 'uncertain')
    t.ok(Date.parse(deadline) - Date.parse(createdAt) < 20_000)
    await eventually('a person is asked', async () => {
      await shop.hurry()
      return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'review'
    })
    t.equal(sim.shop.book.length, 1)
  })

  t.test('a supplier that is busy is asked again with the same reference', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller()
    sim.plan.script({ fault: 'throttled' })
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'fulfilled')
    t.equal((await shop.sql('SELECT tries FROM supplier_attempt WHERE order_id = $1', [id.slice(4)]))[0].tries, 2)
  })
})

t.test('a process that died', async t => {
  const shop = await startUpstreamShop(t)

  t.test('between the intent and the call: the call is made by whoever finds it', async t => {
    const { id: supplierId, sim } = await shop.supplier()
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller()
    sim.shop.delivery = 'later'
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'submitted')
    const [reference] = sim.shop.book.map(sale => sale.reference)
    // As if the claim had never been committed: the supplier knows the reference already and sells nothing twice.
    await shop.sql(`UPDATE supplier_attempt SET state = 'intent', due_at = now() WHERE order_id = $1`, [id.slice(4)])
    sim.settle(reference ?? '')
    await orderIn(reseller, id, 'submitted', 'fulfilled')
    await shop.hurry()
    await orderIn(reseller, id, 'fulfilled')
    t.equal(sim.shop.book.length, 1)
  })

  t.test('after the claim: nobody sends it again, it is only asked for', async t => {
    const { id: supplierId, sim } = await shop.supplier({ quietTimeMs: 0 })
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    sim.plan.script({ fault: 'timeout_before' })
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'uncertain')
    const requests = sim.requests()
    await shop.sql(`UPDATE supplier_attempt SET state = 'sent', due_at = now() WHERE order_id = $1`, [id.slice(4)])
    await eventually('it is given up', async () => {
      await shop.hurry()
      return (await reseller.call('GET', `/v1/orders/${id}`)).body.state === 'failed'
    })
    t.ok(sim.requests() >= requests + 3)
    t.equal(sim.shop.book.length, 0)
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('100.00'), held: cny('0.00') })
  })

  t.test('an intent that nobody can send fails in the end, and releases its money', async t => {
    const { id: supplierId } = await shop.supplier({ rateLimit: { requests: 0, perMs: 1_000 } })
    const skuId = await shop.sku([{ supplierId }])
    const reseller = await shop.reseller('100.00')
    const { id } = await place(reseller, skuId)
    await orderIn(reseller, id, 'submitting')
    await shop.pass(id, 10 * MINUTE_MS)
    await orderIn(reseller, id, 'failed')
    t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('100.00'), held: cny('0.00') })
  })
})

t.test('500 orders, every tenth times out after its effect: the books match one to one, and own stock is sold meanwhile', async t => {
  const shop = await startUpstreamShop(t, 5_000)
  const { id: supplierId, sim } = await shop.supplier()
  const [bought, own] = [await shop.sku([{ supplierId }]), await shop.sku([])]
  await importKeys(
    shop.app,
    own,
    Array.from({ length: 50 }, (_, index) => `own-${index}`)
  )
  const reseller = await shop.reseller('10000.00')
  sim.plan.rates({ timeout_after: 0.1 })
  const ids = await Promise.all(Array.from({ length: 500 }, async () => (await place(reseller, bought)).id as string))
  for (let index = 0; index < 50; index++) await expectStatus(201, reseller.call('POST', '/v1/orders', { body: { skuId: own, quantity: 1 } }))
  await eventually(
    'all are fulfilled',
    async () => {
      await shop.hurry()
      const [{ open }] = await shop.sql(`SELECT count(*)::int AS open FROM orders WHERE state <> 'fulfilled'`)
      return open === 0
    },
    60_000
  )
  t.equal(sim.shop.book.length, 500)
  const attempts = await shop.sql(`SELECT reference, order_id FROM supplier_attempt WHERE state = 'succeeded'`)
  t.strictSame(attempts.map(({ reference }) => reference).toSorted(), sim.shop.book.map(sale => sale.reference).toSorted())
  t.strictSame(attempts.map(({ order_id }) => `ord_${order_id}`).toSorted(), ids.toSorted())
  const byReference = new Map(sim.shop.book.map(sale => [sale.reference, sale]))
  for (const { reference, order_id } of attempts.slice(0, 25)) {
    t.strictSame(
      await secretsOf(reseller, `ord_${order_id}`),
      byReference.get(reference)?.cards.map(card => card.secret)
    )
  }
  t.match(await expectStatus(200, reseller.call('GET', '/v1/wallet')), { balance: cny('4500.00'), held: cny('0.00') })
})
