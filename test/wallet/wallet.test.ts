import t from 'tap'
import { newId, toApiId } from '../../src/kit/ids.ts'
import { freshKey, startTestApp } from '../support/app.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'

/** One for the file; each test makes its own resellers. */
const app = await startTestApp(t)

const walletPath = (resellerId: string, rest = ''): string => `/v1/admin/resellers/${resellerId}/wallet${rest}`

const credit = (resellerId: string, body: object, key = freshKey()) => app.admin('POST', walletPath(resellerId, '/credits'), { body, key })

const debit = (resellerId: string, body: object, key = freshKey()) => app.admin('POST', walletPath(resellerId, '/debits'), { body, key })

t.test('a wallet that was never credited is empty, in the currency of the account', async t => {
  const { call, id } = await createReseller(app)
  const zero = cny('0.00')
  const empty = { currency: 'CNY', balance: zero, held: zero, available: zero, creditLimit: zero }
  t.same(await expectStatus(200, call('GET', '/v1/wallet')), empty)
  t.same(await expectStatus(200, app.admin('GET', walletPath(id))), empty)
  t.same(await expectStatus(200, call('GET', '/v1/wallet/entries')), { data: [], nextCursor: null })
})

t.test('a credit opens the wallet and moves the money once, however often it is repeated', async t => {
  const { call, id } = await createReseller(app)
  const body = { amount: cny('100.5'), reason: 'Bank transfer', reference: 'B-1' }
  const key = freshKey()
  const twins = await Promise.all(Array.from({ length: 5 }, () => credit(id, body, key)))
  const first = twins.find(reply => reply.headers['idempotent-replayed'] === undefined)
  t.equal(first?.status, 201)
  t.match(first?.body, { amount: cny('100.50'), balance: cny('100.50'), available: cny('100.50'), reason: 'Bank transfer', reference: 'B-1' })
  for (const twin of twins) t.same(twin.body, first?.body)
  t.equal((await credit(id, { ...body, amount: cny('100.51') }, key)).body.code, 'idempotency_key_reused')
  t.equal((await credit(id, body)).body.code, 'reference_taken', 'the same payment under a new key')
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('100.50') })
  const { data } = await expectStatus(200, call('GET', '/v1/wallet/entries'))
  t.equal(data.length, 1)
  t.match(data[0], {
    id: first?.body.id,
    type: 'wallet.credit',
    account: 'available',
    amount: cny('100.50'),
    balanceAfter: cny('100.50'),
    note: 'Bank transfer'
  })
})

t.test('a key that another reseller’s credit has used is not this one’s replay', async t => {
  const [one, two] = [await createReseller(app), await createReseller(app)]
  const body = { amount: cny('1.00'), reason: 'test' }
  const key = freshKey()
  t.equal((await credit(one.id, body, key)).status, 201)
  t.equal((await credit(two.id, body, key)).body.code, 'idempotency_key_reused')
  t.match(await expectStatus(200, two.call('GET', '/v1/wallet')), { balance: cny('0.00') })
})

t.test('a debit takes what is available and no more', async t => {
  const { call, id } = await createReseller(app, { credit: '10.00' })
  t.equal((await debit(id, { amount: cny('10.01'), reason: 'chargeback' })).body.code, 'insufficient_funds')
  const done = await debit(id, { amount: cny('4.00'), reason: 'chargeback', reference: 'C-1' })
  t.equal(done.status, 201)
  t.match(done.body, { amount: cny('4.00'), balance: cny('6.00'), available: cny('6.00') })
  t.equal((await debit(id, { amount: cny('1.00'), reason: 'chargeback', reference: 'C-1' })).body.code, 'reference_taken')
  t.match((await expectStatus(200, call('GET', '/v1/wallet/entries'))).data[0], {
    type: 'wallet.adjust',
    amount: cny('-4.00'),
    balanceAfter: cny('6.00')
  })
  const stranger = await createReseller(app)
  t.equal((await debit(stranger.id, { amount: cny('1.00'), reason: 'none' })).body.code, 'insufficient_funds', 'a wallet that was never opened')
})

t.test('debits at once never take more than there is', async t => {
  const { call, id } = await createReseller(app, { credit: '10.00' })
  const replies = await Promise.all(Array.from({ length: 12 }, () => debit(id, { amount: cny('3.00'), reason: 'race' })))
  t.same(replies.map(reply => reply.status).sort(), [201, 201, 201, 402, 402, 402, 402, 402, 402, 402, 402, 402])
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('1.00') })
})

t.test('a credit limit can be spent, is shown as available, and is not set below what is owed', async t => {
  const { call, id } = await createReseller(app)
  const limit = (amount: string) => app.admin('PUT', walletPath(id, '/credit-limit'), { body: { creditLimit: cny(amount) } })
  t.match(await expectStatus(200, limit('20.00')), { balance: cny('0.00'), available: cny('20.00'), creditLimit: cny('20.00') })
  const skuId = await createSku(app, { price: '15.00', stock: 2 })
  await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('-15.00'), available: cny('5.00') })
  t.equal((await call('POST', '/v1/orders', { body: { skuId, quantity: 1 } })).body.code, 'insufficient_funds')
  t.equal((await limit('14.99')).body.code, 'state_conflict')
  await expectStatus(200, limit('15.00'))
})

t.test('held money is in the balance, is not available, and comes back when the order is cancelled', async t => {
  const { call, id } = await createReseller(app, { credit: '50.00' })
  const skuId = await createSku(app, { price: '10.00' })
  const order = await expectStatus(202, call('POST', '/v1/orders', { body: { skuId, quantity: 3, backorder: true } }))
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('50.00'), held: cny('30.00'), available: cny('20.00') })
  t.equal((await debit(id, { amount: cny('20.01'), reason: 'held is not ours to take' })).body.code, 'insufficient_funds')
  const { data } = await expectStatus(200, call('GET', '/v1/wallet/entries?account=held'))
  t.match(data, [{ type: 'order.hold', account: 'held', amount: cny('30.00'), balanceAfter: cny('30.00'), orderId: order.id }])
  await expectStatus(200, call('POST', `/v1/orders/${order.id}/cancel`))
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('50.00'), held: cny('0.00'), available: cny('50.00') })
})

t.test('wallets of two currencies are apart, and the currency must be named once there are two', async t => {
  const { call, id } = await createReseller(app)
  await expectStatus(201, credit(id, { amount: { amount: '5', currency: 'USD' }, reason: 'test' }))
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { currency: 'USD', balance: { amount: '5.00' } }, 'the only one there is')
  await expectStatus(201, credit(id, { amount: cny('7.00'), reason: 'test' }))
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { currency: 'CNY' }, 'the one of the account')
  t.match(await expectStatus(200, call('GET', '/v1/wallet?currency=USD')), { balance: { amount: '5.00', currency: 'USD' } })
  t.match((await expectStatus(200, call('GET', '/v1/wallet/entries?currency=USD'))).data, [{ amount: { amount: '5.00', currency: 'USD' } }])
})

t.test('entries are paged newest first, and stay in place when new ones arrive', async t => {
  const { call, id } = await createReseller(app)
  for (const n of [1, 2, 3, 4, 5]) await expectStatus(201, credit(id, { amount: cny(`${n}.00`), reason: `credit ${n}` }))
  const first = await expectStatus(200, call('GET', '/v1/wallet/entries?limit=2'))
  await expectStatus(201, credit(id, { amount: cny('6.00'), reason: 'credit 6' }))
  const second = await expectStatus(200, call('GET', `/v1/wallet/entries?limit=2&cursor=${first.nextCursor}`))
  const third = await expectStatus(200, call('GET', `/v1/wallet/entries?limit=2&cursor=${second.nextCursor}`))
  const notes = [first, second, third].flatMap(page => page.data.map((entry: { note: string }) => entry.note))
  t.same(notes, ['credit 5', 'credit 4', 'credit 3', 'credit 2', 'credit 1'])
  t.equal(third.nextCursor, null)
  t.equal(
    (await call('GET', `/v1/wallet/entries?account=held&cursor=${first.nextCursor}`)).body.code,
    'validation_failed',
    'a cursor of the other side'
  )
  const stranger = await createReseller(app)
  t.equal(
    (await stranger.call('GET', `/v1/wallet/entries?cursor=${first.nextCursor}`)).body.code,
    'validation_failed',
    'a cursor of another reseller'
  )
})

t.test('an announced payment moves no money until it is credited, and is credited once', async t => {
  const { call, id } = await createReseller(app)
  const announce = (reference: string, key = freshKey()) => call('POST', '/v1/wallet/top-ups', { body: { amount: cny('30.00'), reference }, key })
  const key = freshKey()
  const topUp = await expectStatus(201, announce('BANK-1', key))
  t.match(topUp, { amount: cny('30.00'), state: 'pending', reference: 'BANK-1', decidedAt: null })
  t.same((await announce('BANK-1', key)).body, topUp)
  t.equal((await announce('BANK-1')).body.code, 'reference_taken')
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('0.00') })

  const pending = await expectStatus(200, app.admin('GET', '/v1/admin/top-ups?state=pending'))
  t.match(pending.data[0], { id: topUp.id, resellerId: id, decidedBy: null })
  const path = `/v1/admin/top-ups/${topUp.id}/credit`
  const replies = await Promise.all(Array.from({ length: 5 }, () => app.admin('POST', path)))
  t.same(replies.map(reply => reply.body.code ?? reply.body.state).sort(), [
    'credited',
    'state_conflict',
    'state_conflict',
    'state_conflict',
    'state_conflict'
  ])
  const again = freshKey()
  t.equal((await app.admin('POST', path, { key: again })).body.code, 'state_conflict')
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('30.00') })
  const [mine] = (await expectStatus(200, call('GET', '/v1/wallet/top-ups'))).data
  t.match(mine, { state: 'credited', reference: 'BANK-1' })
  t.equal('decidedBy' in mine, false, 'who decided is for operators')
  t.match((await expectStatus(200, call('GET', '/v1/wallet/entries'))).data, [{ id: mine.transferId, note: 'BANK-1' }])
})

t.test('a payment that was credited by hand is not credited again as a top-up', async t => {
  const { call, id } = await createReseller(app)
  const topUp = await expectStatus(201, call('POST', '/v1/wallet/top-ups', { body: { amount: cny('30.00'), reference: 'BANK-1' } }))
  await expectStatus(201, credit(id, { amount: cny('30.00'), reason: 'by phone', reference: 'BANK-1' }))
  t.equal((await app.admin('POST', `/v1/admin/top-ups/${topUp.id}/credit`)).body.code, 'reference_taken')
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('30.00') })
})

t.test('a declined payment moves no money and may be announced again', async t => {
  const { call } = await createReseller(app)
  const announce = () => call('POST', '/v1/wallet/top-ups', { body: { amount: cny('30.00'), reference: 'BANK-1' } })
  const topUp = await expectStatus(201, announce())
  const declined = await expectStatus(200, app.admin('POST', `/v1/admin/top-ups/${topUp.id}/decline`, { body: { reason: 'nothing arrived' } }))
  t.match(declined, { state: 'declined', reason: 'nothing arrived', transferId: null })
  t.equal((await app.admin('POST', `/v1/admin/top-ups/${topUp.id}/credit`)).body.code, 'state_conflict')
  t.equal((await app.admin('POST', `/v1/admin/top-ups/${topUp.id}/decline`, { body: { reason: 'again' } })).body.code, 'state_conflict')
  await expectStatus(201, announce())
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('0.00') })
})

t.test('bad amounts, unknown resellers and missing keys are refused, and nothing moves', async t => {
  const { call, id } = await createReseller(app)
  const bad = [
    cny('0'),
    cny('0.0000'),
    cny('-1'),
    cny('1e3'),
    cny('1.00001'),
    cny('01'),
    cny(''),
    cny('1000000000000.0001'),
    { amount: 1, currency: 'CNY' },
    { amount: '1', currency: 'cny' },
    '1.00',
    null
  ]
  for (const amount of bad) {
    t.equal((await credit(id, { amount, reason: 'test' })).body.code, 'validation_failed', JSON.stringify(amount))
    t.equal((await debit(id, { amount, reason: 'test' })).body.code, 'validation_failed', JSON.stringify(amount))
    t.equal((await call('POST', '/v1/wallet/top-ups', { body: { amount } })).body.code, 'validation_failed', JSON.stringify(amount))
  }
  const fine = { amount: cny('1.00'), reason: 'test' }
  t.equal((await credit(id, { ...fine, surprise: 1 })).body.code, 'validation_failed')
  t.equal((await credit(id, { ...fine, reason: ' ' })).body.code, 'validation_failed')
  for (const nobody of [toApiId('reseller', newId()), 'rsl_1', id.replace('rsl', 'sup')]) {
    t.equal((await credit(nobody, fine)).body.code, 'not_found')
    t.equal((await debit(nobody, fine)).body.code, 'not_found')
    t.equal((await app.admin('GET', walletPath(nobody))).body.code, 'not_found')
    t.equal((await app.admin('GET', walletPath(nobody, '/entries'))).body.code, 'not_found')
    t.equal((await app.admin('PUT', walletPath(nobody, '/credit-limit'), { body: { creditLimit: cny('1') } })).body.code, 'not_found')
  }
  t.equal((await app.admin('POST', `/v1/admin/top-ups/${toApiId('topUp', newId())}/credit`)).body.code, 'not_found')
  const keyless = { body: fine, headers: { 'idempotency-key': '' } }
  t.equal((await app.admin('POST', walletPath(id, '/credits'), keyless)).body.code, 'idempotency_key_missing')
  t.equal((await app.admin('POST', walletPath(id, '/debits'), keyless)).body.code, 'idempotency_key_missing')
  t.equal((await call('POST', walletPath(id, '/credits'), { body: fine })).body.code, 'forbidden', 'a reseller cannot credit herself')
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('0.00') })
})

t.test('a wallet holds no more than a wallet may, so that no sum leaves the range of the database', async t => {
  const { call, id } = await createReseller(app)
  const largest = { amount: cny('1000000000000.00'), reason: 'test' }
  for (let n = 0; n < 10; n++) await expectStatus(201, credit(id, largest))
  t.equal((await credit(id, largest)).body.code, 'state_conflict')
  t.equal((await credit(id, { amount: cny('0.0001'), reason: 'test' })).body.code, 'state_conflict')
  t.match(await expectStatus(200, call('GET', '/v1/wallet')), { balance: cny('10000000000000.00') })
})
