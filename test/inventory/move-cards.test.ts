import t from 'tap'
import { expireCards, quarantineUnreadable, revealCards } from '../../src/inventory/index.ts'
import { CARD_ACTIONS, CARD_TRANSITIONS, moveOf } from '../../src/inventory/states.ts'
import { statement } from '../../src/kit/db/index.ts'
import { fromApiId, newId, toApiId } from '../../src/kit/ids.ts'
import { type Json, startTestApp } from '../support/app.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'
import { cardsOf, importFile, stockOf } from './stock.ts'

const shop = await startTestApp(t)
const { db } = shop.services

let serial = 0
async function stocked(count: number, query = ''): Promise<{ skuId: string; batchId: string; cards: string[] }> {
  const skuId = await createSku(shop)
  const tag = `MOVE${serial++}`
  const { body } = await importFile(shop, skuId, Array.from({ length: count }, (_, n) => `${tag}-${n}\n`).join(''), { query })
  return { skuId, batchId: body.id, cards: (await cardsOf(shop, body.id)).map(card => toApiId('card', card.id)) }
}

const act = (kind: 'cards' | 'card-batches', id: string, action: string) => shop.admin('POST', `/v1/admin/${kind}/${id}/${action}`)

async function buy(
  skuId: string,
  options: { quantity?: number; reveal?: boolean } = {}
): Promise<{ order: Json; call: Awaited<ReturnType<typeof createReseller>>['call'] }> {
  const { call } = await createReseller(shop, { credit: '100000.00' })
  return { call, order: await expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1, ...options } })) }
}

t.test('the actions of operators are moves of the table, and none leaves a sold or final state', async t => {
  for (const action of CARD_ACTIONS) {
    const { from, to } = moveOf(action)
    t.ok(from.length > 0)
    for (const state of from) t.ok(CARD_TRANSITIONS[state].includes(to), `${state} → ${to}`)
  }
  t.same(CARD_TRANSITIONS.void, [])
  t.same(CARD_TRANSITIONS.replaced, [])
})

t.test('a card is taken out of sale, put back and voided; the counter follows, and doing it again changes nothing', async t => {
  const { skuId, cards } = await stocked(3)
  const [card] = cards as [string]
  const steps: [string, number, string, number][] = [
    ['quarantine', 200, 'quarantined', 2],
    ['quarantine', 200, 'quarantined', 2],
    ['release', 200, 'available', 3],
    ['release', 200, 'available', 3],
    ['quarantine', 200, 'quarantined', 2],
    ['void', 200, 'void', 2],
    ['void', 200, 'void', 2],
    ['release', 409, 'void', 2],
    ['quarantine', 409, 'void', 2]
  ]
  for (const [action, status, state, stock] of steps) {
    const reply = await act('cards', card, action)
    t.equal(reply.status, status, action)
    t.match(reply.body, status === 200 ? { id: card, state } : { code: 'state_conflict' })
    t.equal(await stockOf(shop, skuId), stock)
  }
  t.match((await act('cards', cards[1]!, 'void')).body, { state: 'void' }, 'also straight from sale')
  t.equal(await stockOf(shop, skuId), 1)
  t.match(await act('cards', toApiId('card', newId()), 'void'), { status: 404, body: { code: 'not_found' } })
  t.match(await act('cards', 'crd_x', 'void'), { status: 404 })
})

t.test('movers that meet move a card once', async t => {
  const { skuId, cards } = await stocked(1)
  await Promise.all(Array.from({ length: 6 }, (_, n) => act('cards', cards[0]!, n % 2 === 0 ? 'quarantine' : 'release')))
  t.ok([0, 1].includes(await stockOf(shop, skuId)))
  await Promise.all(Array.from({ length: 6 }, () => act('cards', cards[0]!, 'void')))
  t.equal(await stockOf(shop, skuId), 0)
})

t.test('a sold card is not moved by operators', async t => {
  const { skuId, batchId, cards } = await stocked(2)
  await buy(skuId)
  t.match(await act('cards', cards[0]!, 'void'), { status: 409, body: { code: 'state_conflict' } })
  t.match((await act('card-batches', batchId, 'void')).body, { id: batchId, moved: 1 })
  t.match((await shop.admin('GET', `/v1/admin/cards/${cards[0]}`)).body, { state: 'revealed' })
  t.equal(await stockOf(shop, skuId), 0)
})

t.test('a batch moves whole, in steps, and leaves other batches of the SKU alone', async t => {
  const { skuId, batchId } = await stocked(2_300)
  const other = await importFile(shop, skuId, 'OTHER-1\nOTHER-2\n')
  await importFile(shop, await createSku(shop), 'ELSEWHERE-1\n')
  const moves: [string, number, number][] = [
    ['quarantine', 2_300, 2],
    ['quarantine', 0, 2],
    ['release', 2_300, 2_302],
    ['void', 2_300, 2],
    ['release', 0, 2]
  ]
  for (const [action, moved, stock] of moves) {
    t.match(await act('card-batches', batchId, action), { status: 200, body: { id: batchId, moved, accepted: 2_300 } }, action)
    t.equal(await stockOf(shop, skuId), stock)
  }
  t.match(await act('card-batches', other.body.id, 'void'), { body: { moved: 2 } })
  t.match(await act('card-batches', toApiId('batch', newId()), 'void'), { status: 404, body: { code: 'not_found' } })
})

t.test('orders go on while a batch is moved, and every card ends in one place', async t => {
  const { skuId, batchId } = await stocked(1_500)
  const { call } = await createReseller(shop, { credit: '100000.00' })
  const orders = Promise.all(Array.from({ length: 60 }, () => call('POST', '/v1/orders', { body: { skuId, quantity: 5 } })))
  const [placed, moved] = await Promise.all([orders, act('card-batches', batchId, 'quarantine')])
  const sold = placed.filter(({ status }) => status === 201).length * 5
  t.equal(moved.body.moved + sold + (await stockOf(shop, skuId)), 1_500)
  t.same(
    placed.filter(({ status }) => status !== 201).filter(({ body }) => body.code !== 'out_of_stock'),
    []
  )
})

const EXPIRE = statement('test_expire', `UPDATE card SET expires_at = now() - interval '1 second' WHERE batch_id = $1`)

t.test('cards past their expiry are voided, over several SKUs and runs, and not released again', async t => {
  const [one, two] = [await stocked(700), await stocked(500)]
  const kept = await stocked(2)
  await act('cards', two.cards[0]!, 'quarantine')
  for (const { batchId } of [one, two]) await db.execute(EXPIRE, [fromApiId('batch', batchId)])
  t.same([await expireCards(shop.services), await expireCards(shop.services), await expireCards(shop.services)], [1_000, 199, 0])
  t.same([await stockOf(shop, one.skuId), await stockOf(shop, two.skuId), await stockOf(shop, kept.skuId)], [0, 0, 2])
  t.match(await act('cards', two.cards[0]!, 'release'), { status: 409 })
  t.match(await act('card-batches', two.batchId, 'release'), { body: { moved: 0 } })
})

t.test('two workers that expire the same cards void each once', async t => {
  const { skuId, batchId } = await stocked(50)
  await db.execute(EXPIRE, [fromApiId('batch', batchId)])
  const voided = await Promise.all([expireCards(shop.services), expireCards(shop.services), expireCards(shop.services)])
  t.equal(
    voided.reduce((sum, n) => sum + n, 0),
    50
  )
  t.equal(await stockOf(shop, skuId), 0)
})

const TAMPER = statement(
  'test_tamper',
  `UPDATE card SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1) WHERE id = ANY($1::uuid[])`
)

t.test('a card that was tampered with is not sold: it is quarantined, and the order gets the next one', async t => {
  const { skuId, cards } = await stocked(4)
  await db.execute(TAMPER, [[cards[0]!, cards[1]!].map(card => fromApiId('card', card))])
  const { order } = await buy(skuId, { quantity: 2 })
  t.same(
    order.cards.map(({ id }: { id: string }) => id),
    cards.slice(2)
  )
  for (const card of cards.slice(0, 2)) t.match((await shop.admin('GET', `/v1/admin/cards/${card}`)).body, { state: 'quarantined', orderId: null })
  t.equal(await stockOf(shop, skuId), 0)
})

t.test('quarantining unreadable cards touches available ones only', async t => {
  const { skuId, cards } = await stocked(3)
  await buy(skuId)
  await act('cards', cards[1]!, 'void')
  t.equal(
    await quarantineUnreadable(
      db,
      cards.map(card => fromApiId('card', card))
    ),
    1
  )
  t.equal(await quarantineUnreadable(db, [newId()]), 0)
  t.equal(await stockOf(shop, skuId), 0)
})

t.test('the trace of a card says where it came from, where it went and who saw it', async t => {
  const { skuId, batchId, cards } = await stocked(2)
  const before = await shop.admin('GET', `/v1/admin/cards/${cards[0]}`)
  t.match(before, {
    status: 200,
    body: { id: cards[0], skuId, batchId, state: 'available', orderId: null, position: null, issuedAt: null, reveals: [] }
  })
  const { order, call } = await buy(skuId, { reveal: false })
  t.match((await shop.admin('GET', `/v1/admin/cards/${cards[0]}`)).body, { state: 'issued', orderId: order.id, position: 0, reveals: [] })
  const first = await call('GET', `/v1/orders/${order.id}/cards`)
  const second = await call('GET', `/v1/orders/${order.id}/cards`)
  const trace = await shop.admin('GET', `/v1/admin/cards/${cards[0]}`)
  t.match(trace.body, { state: 'revealed', orderId: order.id })
  t.same(
    trace.body.reveals.map(({ requestId }: { requestId: string }) => requestId),
    [second.headers['x-request-id'], first.headers['x-request-id']]
  )
  t.notMatch(JSON.stringify(trace.body), 'MOVE')
  t.match(await shop.admin('GET', `/v1/admin/cards/${toApiId('card', newId())}`), { status: 404, body: { code: 'not_found' } })
})

t.test('the reveal log is paged, by order and by card', async t => {
  const { skuId } = await stocked(3)
  const { order, call } = await buy(skuId, { quantity: 3 })
  await call('GET', `/v1/orders/${order.id}/cards`)
  const page = await expectStatus(200, shop.admin('GET', `/v1/admin/reveals?orderId=${order.id}&limit=4`))
  const rest = await expectStatus(200, shop.admin('GET', `/v1/admin/reveals?orderId=${order.id}&limit=4&cursor=${page.nextCursor}`))
  t.same([page.data.length, rest.data.length, rest.nextCursor], [4, 2, null])
  const ofCard = await expectStatus(200, shop.admin('GET', `/v1/admin/reveals?cardId=${order.cards[1].id}`))
  t.equal(ofCard.data.length, 2)
  t.match(ofCard.data[0], { cardId: order.cards[1].id, orderId: order.id, apiKeyId: /^key_/, requestId: /^req_/ })
  t.match(await expectStatus(200, shop.admin('GET', `/v1/admin/reveals?cardId=${toApiId('card', newId())}`)), { data: [], nextCursor: null })
})

t.test('cards of another order cannot be revealed under this one', async t => {
  const { skuId } = await stocked(2)
  const [mine, other] = [(await buy(skuId)).order, (await buy(skuId)).order]
  const reveal = { orderId: fromApiId('order', mine.id), cardIds: [fromApiId('card', other.cards[0].id)], apiKeyId: null, requestId: 'req_x' }
  await t.rejects(
    db.tx(tx => revealCards(tx, reveal)),
    /logged 0 reveals of 1/
  )
})
