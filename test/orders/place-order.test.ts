import pg from 'pg'
import t from 'tap'
import { freshKey, startTestApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { cny, createReseller, createSku, expectStatus, importKeys, orderEvents } from '../support/shop.ts'

t.test('placing an order', async t => {
  const shop = await startTestApp(t)

  t.test('201: delivers a card, charges the wallet once, and says what the balance is', async t => {
    const skuId = await createSku(shop, { price: '9.50', keys: ['number-1----secret-1'] })
    const { call } = await createReseller(shop, { credit: '100.00' })
    const { status, body, headers } = await call('POST', '/v1/orders', { body: { skuId, quantity: 1, reference: 'r-1', metadata: { buyer: 'x' } } })
    t.equal(status, 201)
    t.match(body, {
      state: 'fulfilled',
      reference: 'r-1',
      quantity: 1,
      unitPrice: cny('9.50'),
      total: cny('9.50'),
      balanceAfter: cny('90.50'),
      metadata: { buyer: 'x' },
      cards: [{ number: 'number-1', secret: 'secret-1', kind: 'text' }]
    })
    t.equal(headers['cache-control'], 'no-store')
    const wallet = await expectStatus(200, call('GET', '/v1/wallet'))
    t.match(wallet, { balance: cny('90.50'), held: cny('0.00'), available: cny('90.50') })
    const entries = await expectStatus(200, call('GET', '/v1/wallet/entries'))
    t.match(entries.data[0], { amount: cny('-9.50'), balanceAfter: cny('90.50'), orderId: body.id })
  })

  t.test('201: several cards of one order are distinct and stay readable', async t => {
    const skuId = await createSku(shop, { stock: 7 })
    const { call } = await createReseller(shop, { credit: '100.00' })
    const order = await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 7 } }))
    t.equal(new Set(order.cards.map((card: { secret: string }) => card.secret)).size, 7)
    const first = await expectStatus(200, call('GET', `/v1/orders/${order.id}/cards?limit=5`))
    const second = await expectStatus(200, call('GET', `/v1/orders/${order.id}/cards?limit=5&cursor=${first.nextCursor}`))
    t.equal(second.nextCursor, null)
    t.strictSame([...first.data, ...second.data], order.cards)
  })

  t.test('201 with reveal=false: no card leaves before it is asked for', async t => {
    const skuId = await createSku(shop, { stock: 1 })
    const { call } = await createReseller(shop, { credit: '100.00' })
    const order = await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1, reveal: false } }))
    t.strictSame(order.cards, [])
    const reveals = await expectStatus(200, shop.admin('GET', `/v1/admin/reveals?orderId=${order.id}`))
    t.equal(reveals.data.length, 0)
    t.equal((await expectStatus(200, call('GET', `/v1/orders/${order.id}/cards`))).data.length, 1)
    t.equal((await expectStatus(200, shop.admin('GET', `/v1/admin/reveals?orderId=${order.id}`))).data.length, 1)
  })

  t.test('refusals name their reason and move no money', async t => {
    const skuId = await createSku(shop, { price: '10.00', stock: 2, minQuantity: 1, maxQuantity: 5 })
    const empty = await createSku(shop)
    const paused = await createSku(shop, { stock: 1 })
    await expectStatus(200, shop.admin('POST', `/v1/admin/skus/${paused}/pause`))
    const topUp = await createSku(shop, { kind: 'topup' })
    const { call } = await createReseller(shop, { credit: '15.00' })
    await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1, reference: 'taken' } }))
    const cases: [number, string, object][] = [
      [409, 'out_of_stock', { skuId: empty, quantity: 1 }],
      [409, 'out_of_stock', { skuId, quantity: 3 }],
      [402, 'insufficient_funds', { skuId, quantity: 1 }],
      [409, 'sku_unavailable', { skuId: paused, quantity: 1 }],
      [409, 'sku_unavailable', { skuId: topUp, quantity: 1 }],
      [409, 'price_changed', { skuId, quantity: 1, maxUnitPrice: cny('9.9999') }],
      [409, 'reference_taken', { skuId, quantity: 1, reference: 'taken' }],
      [404, 'not_found', { skuId: 'sku_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10', quantity: 1 }],
      [404, 'not_found', { skuId, quantity: 1, quoteId: 'quo_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10' }],
      [400, 'validation_failed', { skuId, quantity: 6 }],
      [400, 'validation_failed', { skuId, quantity: 0 }],
      [400, 'validation_failed', { skuId, quantity: 1.5 }],
      [400, 'validation_failed', { skuId, quantity: '1' }],
      [400, 'validation_failed', { skuId, quantity: 1, price: cny('0.01') }],
      [400, 'validation_failed', { skuId, quantity: 1, input: { account: '1' } }],
      [400, 'validation_failed', { skuId, quantity: 1, reference: 'a\u0000b' }],
      [400, 'validation_failed', { skuId: null, quantity: 1 }]
    ]
    for (const [status, code, body] of cases) {
      const reply = await call('POST', '/v1/orders', { body })
      t.match({ status: reply.status, code: reply.body.code }, { status, code }, JSON.stringify(body))
      t.match(reply.headers['content-type'], /application\/problem\+json/)
    }
    t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('5.00'), held: cny('0.00') })
  })

  t.test('a price change is effective for the very next order', async t => {
    const skuId = await createSku(shop, { price: '10.00', stock: 3 })
    const { call } = await createReseller(shop, { credit: '100.00' })
    t.match(await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })), { unitPrice: cny('10.00') })
    await expectStatus(200, shop.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('12.00') } }))
    t.match(await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })), { unitPrice: cny('12.00') })
    t.match(await call('POST', '/v1/orders', { body: { skuId, quantity: 1, maxUnitPrice: cny('10.00') } }), {
      status: 409,
      body: { code: 'price_changed' }
    })
  })

  t.test('a quote holds its price after the base price rose', async t => {
    const skuId = await createSku(shop, { price: '10.00', stock: 3 })
    const { call } = await createReseller(shop, { credit: '100.00' })
    const quote = await expectStatus(201, call('POST', '/v1/quotes', { body: { skuId, quantity: 2 } }))
    await expectStatus(200, shop.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('20.00') } }))
    t.match(await call('POST', '/v1/orders', { body: { skuId, quantity: 1, quoteId: quote.id } }), { status: 400 })
    t.match(await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 2, quoteId: quote.id } })), {
      total: cny('20.00'),
      priceRule: 'quote'
    })
  })

  t.test('an API key stops at its daily cap', async t => {
    const skuId = await createSku(shop, { price: '10.00', stock: 5 })
    const { call } = await createReseller(shop, { credit: '100.00', key: { dailySpendCap: cny('20.00') } })
    await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
    t.match(await call('POST', '/v1/orders', { body: { skuId, quantity: 2 } }), { status: 403, body: { code: 'spend_cap_reached' } })
    await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
    t.match(await call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }), { status: 403, body: { code: 'spend_cap_reached' } })
  })

  t.test('what belongs to another reseller looks like what does not exist', async t => {
    const skuId = await createSku(shop, { stock: 1 })
    const [owner, other] = await Promise.all([createReseller(shop, { credit: '100.00' }), createReseller(shop)])
    const order = await expectStatus(201, owner.call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
    const random = 'ord_01926f0e-7c1a-7b60-9c55-2f6d1f4c8a10'
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/cards'],
      ['POST', '/cancel']
    ] as const) {
      const foreign = await other.call(method, `/v1/orders/${order.id}${path}`)
      const missing = await other.call(method, `/v1/orders/${random}${path}`)
      t.equal(foreign.status, 404)
      t.strictSame({ ...foreign.body, requestId: '', instance: '' }, { ...missing.body, requestId: '', instance: '' })
    }
    t.equal((await expectStatus(200, other.call('GET', '/v1/orders'))).data.length, 0)
  })
})

t.test('idempotency of orders', async t => {
  const shop = await startTestApp(t)

  t.test('the same key and content give the same order and cards, and charge once', async t => {
    const skuId = await createSku(shop, { stock: 3 })
    const { call } = await createReseller(shop, { credit: '100.00' })
    const key = freshKey()
    const first = await call('POST', '/v1/orders', { key, body: { skuId, quantity: 2, reference: 'a' } })
    const again = await call('POST', '/v1/orders', { key: `"${key}"`, body: { reference: 'a', quantity: 2, skuId } })
    t.equal(again.status, 201)
    t.equal(first.headers['idempotent-replayed'], undefined)
    t.equal(again.headers['idempotent-replayed'], 'true')
    t.strictSame(again.body, first.body)
    t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('80.00') })
  })

  t.test('the key of an order replays when the SKU is sold out, paused or dearer', async t => {
    const skuId = await createSku(shop, { stock: 1, price: '10.00' })
    const { call } = await createReseller(shop, { credit: '10.00' })
    const key = freshKey()
    const first = await expectStatus(201, call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } }))
    await expectStatus(200, shop.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('99.00') } }))
    await expectStatus(200, shop.admin('POST', `/v1/admin/skus/${skuId}/pause`))
    const again = await expectStatus(201, call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } }))
    t.strictSame(again, first)
  })

  t.test('422 for other content, 400 without a key or with a malformed one', async t => {
    const skuId = await createSku(shop, { stock: 3 })
    const { call, key: credential } = await createReseller(shop, { credit: '100.00' })
    const key = freshKey()
    await expectStatus(201, call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } }))
    t.match(await call('POST', '/v1/orders', { key, body: { skuId, quantity: 2 } }), { status: 422, body: { code: 'idempotency_key_reused' } })
    for (const bad of ['', 'a b', 'a,b', 'x'.repeat(256), '""']) {
      t.match(
        await call('POST', '/v1/orders', { key: bad, body: { skuId, quantity: 1 } }),
        { status: 400, body: { code: 'idempotency_key_missing' } },
        bad
      )
    }
    const without = await shop.app.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: { authorization: `Bearer ${credential}` },
      payload: { skuId, quantity: 1 }
    })
    t.match(without.json(), { status: 400, code: 'idempotency_key_missing' })
  })

  t.test('fifty copies of one request in flight make one order', async t => {
    const skuId = await createSku(shop, { stock: 60 })
    const { call } = await createReseller(shop, { credit: '1000.00' })
    const key = freshKey()
    const replies = await Promise.all(Array.from({ length: 50 }, () => call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } })))
    const placed = replies.filter(reply => reply.status === 201)
    t.ok(placed.length >= 1)
    t.equal(new Set(placed.map(reply => reply.body.id)).size, 1)
    for (const reply of replies) t.ok(reply.status === 201 || (reply.status === 409 && reply.body.code === 'request_in_progress'), `${reply.status}`)
    t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('990.00') })
  })

  t.test('a refusal leaves no trace: its key buys once there is stock', async t => {
    const skuId = await createSku(shop)
    const { call } = await createReseller(shop, { credit: '100.00' })
    const key = freshKey()
    t.match(await call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } }), { status: 409, body: { code: 'out_of_stock' } })
    t.equal((await expectStatus(200, call('GET', '/v1/orders'))).data.length, 0)
    await importKeys(shop, skuId, [`fresh-${key}`])
    t.match(await expectStatus(201, call('POST', '/v1/orders', { key, body: { skuId, quantity: 1 } })), { cards: [{ secret: `fresh-${key}` }] })
  })
})

t.test('a price that one instance has changed is what the very next order on another pays', async t => {
  const databaseUrl = await createTestDatabase(t)
  const [here, there] = [await startTestApp(t, { databaseUrl }), await startTestApp(t, { databaseUrl })]
  const skuId = await createSku(here, { price: '10.00', stock: 2 })
  const { key } = await createReseller(here, { credit: '100.00' })
  const buy = () => expectStatus(201, there.as(key)('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  t.match(await buy(), { unitPrice: cny('10.00') })
  await expectStatus(200, here.admin('PATCH', `/v1/admin/skus/${skuId}`, { body: { price: cny('12.00') } }))
  t.match(await buy(), { unitPrice: cny('12.00') })
})

t.test('a card past its expiry is not sold, though nobody has taken it out of stock yet', async t => {
  const databaseUrl = await createTestDatabase(t)
  const shop = await startTestApp(t, { databaseUrl })
  const skuId = await createSku(shop, { keys: ['past', 'good'] })
  const { call } = await createReseller(shop, { credit: '100.00' })
  const owner = new pg.Client({ connectionString: databaseUrl })
  await owner.connect()
  await owner.query(`UPDATE card SET expires_at = now() - interval '1 second' WHERE id = (SELECT id FROM card ORDER BY seq LIMIT 1)`)
  await owner.end()
  const buy = () => call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })
  t.match(await expectStatus(201, buy()), { cards: [{ secret: 'good' }] })
  t.match(await buy(), { status: 409, body: { code: 'out_of_stock' } })
})

t.test('order batches', async t => {
  const shop = await startTestApp(t)

  t.test('each order of a batch succeeds or is refused by itself, and the batch replays', async t => {
    const [skuId, empty] = await Promise.all([createSku(shop, { stock: 5, price: '10.00' }), createSku(shop)])
    const { call } = await createReseller(shop, { credit: '25.00' })
    const key = freshKey()
    const body = {
      orders: [
        { skuId, quantity: 1 },
        { skuId: empty, quantity: 1 },
        { skuId, quantity: 1 },
        { skuId, quantity: 1 }
      ]
    }
    const first = await call('POST', '/v1/order-batches', { key, body })
    t.equal(first.status, 200)
    t.strictSame(first.body.data.map((item: { status: number }) => item.status).toSorted(), [201, 201, 402, 409])
    const again = await call('POST', '/v1/order-batches', { key, body })
    t.equal(again.headers['idempotent-replayed'], 'true')
    const ids = (reply: typeof first) =>
      reply.body.data.map((item: { status: number; order?: { id: string; cards: object[] } }) => [item.status, item.order?.id, item.order?.cards])
    t.strictSame(ids(again), ids(first))
    t.match(await call('POST', '/v1/order-batches', { key, body: { orders: [{ skuId, quantity: 1 }] } }), { status: 422 })
  })
})

t.test('waiting for stock', async t => {
  const shop = await startTestApp(t, { worker: true })
  const { eventually } = await import('../support/eventually.ts')

  t.test('202 holds the money; stock fills the order, captures the hold and tells of it', async t => {
    const skuId = await createSku(shop, { price: '10.00' })
    const { call } = await createReseller(shop, { credit: '50.00' })
    const { status, body } = await call('POST', '/v1/orders', { body: { skuId, quantity: 2, backorder: true } })
    t.match({ status, body }, { status: 202, body: { state: 'backordered', cards: [] } })
    t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('50.00'), held: cny('20.00'), available: cny('30.00') })
    await importKeys(shop, skuId, ['late-1', 'late-2', 'late-3'])
    await eventually('the order is filled', async () => (await call('GET', `/v1/orders/${body.id}`)).body.state === 'fulfilled')
    t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('30.00'), held: cny('0.00') })
    const cards = await expectStatus(200, call('GET', `/v1/orders/${body.id}/cards`))
    t.strictSame(
      cards.data.map((card: { secret: string }) => card.secret),
      ['late-1', 'late-2']
    )
    // The feed ends below the oldest transaction of the whole cluster, which other tests share.
    await eventually('both events are readable', async () => (await orderEvents(call)).length === 2)
    t.strictSame(
      (await orderEvents(call)).map((event: { type: string }) => event.type),
      ['order.backordered', 'order.fulfilled']
    )
  })

  t.test('cancelling releases the hold, once', async t => {
    const skuId = await createSku(shop, { price: '10.00' })
    const { call } = await createReseller(shop, { credit: '50.00' })
    const { body } = await call('POST', '/v1/orders', { body: { skuId, quantity: 1, backorder: true } })
    const key = freshKey()
    t.match(await expectStatus(200, call('POST', `/v1/orders/${body.id}/cancel`, { key })), { state: 'cancelled' })
    t.equal((await call('POST', `/v1/orders/${body.id}/cancel`, { key })).headers['idempotent-replayed'], 'true')
    t.match(await call('POST', `/v1/orders/${body.id}/cancel`), { status: 409, body: { code: 'state_conflict' } })
    t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('50.00'), held: cny('0.00'), available: cny('50.00') })
  })
})
