import pg from 'pg'
import t from 'tap'
import { type Call, freshKey, startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { createReseller, createSku, expectStatus } from '../support/shop.ts'

/** One for the file; each test makes its own resellers. */
const app = await startTestApp(t)

const order = (call: Call, skuId: string, reference: string) =>
  expectStatus(201, call('POST', '/v1/orders', { body: { skuId, quantity: 1, reference }, key: freshKey() }))

async function follow(call: Call, cursor?: string, limit = 2): Promise<{ references: string[]; ids: string[]; cursor: string }> {
  const references: string[] = []
  const ids: string[] = []
  let next = cursor
  for (;;) {
    const query: string = next === undefined ? '' : `&cursor=${next}`
    const page = await expectStatus(200, call('GET', `/v1/events?limit=${limit}${query}`))
    references.push(...page.data.map((event: { data: { reference: string } }) => event.data.reference))
    ids.push(...page.data.map((event: { id: string }) => event.id))
    next = String(page.nextCursor)
    if (page.data.length === 0) return { references, ids, cursor: next }
  }
}

/** Follows until this event has come: what is committed shows when every older transaction in the cluster has ended, other files' included. */
async function followTo(call: Call, last: string, from?: string): Promise<{ references: string[]; ids: string[]; cursor: string }> {
  let seen = await follow(call, from)
  await eventually(`the event of ${last}`, async () => {
    if (seen.references.at(-1) === last) return true
    const more = await follow(call, seen.cursor)
    seen = { references: [...seen.references, ...more.references], ids: [...seen.ids, ...more.ids], cursor: more.cursor }
    return seen.references.at(-1) === last
  })
  return seen
}

t.test('a reader that goes on from nextCursor sees each of its events once, in order, and nobody else’s', async t => {
  const skuId = await createSku(app, { stock: 20, keys: Array.from({ length: 20 }, (_, n) => `CANARY-${n}-${freshKey()}`) })
  const [mine, other] = [await createReseller(app, { credit: '1000.00' }), await createReseller(app, { credit: '1000.00' })]
  const empty = await follow(mine.call)
  t.same(empty.references, [])
  for (const n of [1, 2, 3, 4, 5]) {
    await order(mine.call, skuId, `mine-${n}`)
    await order(other.call, skuId, `other-${n}`)
  }
  const all = await followTo(mine.call, 'mine-5')
  t.same(all.references, ['mine-1', 'mine-2', 'mine-3', 'mine-4', 'mine-5'])
  t.equal(new Set(all.ids).size, 5)
  t.same((await followTo(mine.call, 'mine-5', empty.cursor)).references, all.references, 'a position from before the first event is a position')
  await order(mine.call, skuId, 'mine-6')
  t.same((await followTo(mine.call, 'mine-6', all.cursor)).references, ['mine-6'], 'the end is a position to go on from')

  const page = await expectStatus(200, mine.call('GET', '/v1/events?limit=1'))
  t.match(page.data[0], { type: 'order.fulfilled', data: { skuId, quantity: 1, total: { amount: '10.00', currency: 'CNY' } } })
  t.match(page.data[0].id, /^evt_/)
  t.notMatch(JSON.stringify((await expectStatus(200, mine.call('GET', '/v1/events?limit=100'))).data), /CANARY/, 'never a card secret')
})

t.test('from=now starts behind all that has happened', async t => {
  const skuId = await createSku(app, { stock: 5 })
  const { call } = await createReseller(app, { credit: '100.00' })
  await order(call, skuId, 'before')
  await followTo(call, 'before')
  const start = await expectStatus(200, call('GET', '/v1/events?from=now'))
  t.same(start.data, [])
  await order(call, skuId, 'after')
  t.same((await followTo(call, 'after', start.nextCursor)).references, ['after'])
})

t.test('an event of a transaction that commits late is not skipped by a reader that was faster', async t => {
  const skuId = await createSku(app, { stock: 5 })
  const { call, id } = await createReseller(app, { credit: '100.00' })
  const late = new pg.Client({ connectionString: app.databaseUrl })
  await late.connect()
  t.teardown(() => late.end())
  await late.query('BEGIN')
  await late.query(
    `INSERT INTO outbox (id, type, reseller_id, subject_id, data) VALUES (gen_random_uuid(), 'test.late', $1, gen_random_uuid(), '{"reference":"late"}')`,
    [id.slice(4)]
  )
  await order(call, skuId, 'early')
  const seen = await follow(call)
  const end = await expectStatus(200, call('GET', '/v1/events?from=now'))
  await late.query('COMMIT')
  t.same([...seen.references, ...(await followTo(call, 'early', seen.cursor)).references], ['late', 'early'])
  t.same((await followTo(call, 'early', end.nextCursor)).references, ['late', 'early'], 'also from an end that was asked for meanwhile')
})

t.test('a cursor of someone else, a forged one, and contradictions are refused', async t => {
  const [mine, other] = [await createReseller(app), await createReseller(app)]
  const { nextCursor } = await expectStatus(200, other.call('GET', '/v1/events'))
  for (const query of [`cursor=${nextCursor}`, 'cursor=AAAA.BBBB', 'cursor=', 'limit=0', 'limit=101', 'from=yesterday', 'surprise=1']) {
    t.equal((await mine.call('GET', `/v1/events?${query}`)).body.code, 'validation_failed', query)
  }
  const own = await expectStatus(200, mine.call('GET', '/v1/events'))
  t.equal((await mine.call('GET', `/v1/events?from=now&cursor=${own.nextCursor}`)).body.code, 'validation_failed')
  t.equal((await app.admin('GET', '/v1/events')).body.code, 'forbidden')
})
