/** The judges are judged: each rule passes a clean round and objects to one made-up fault. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import type { CardFact, EntryFact, Facts, OrderFact } from './check/facts.ts'
import type { Finding } from './check/finding.ts'
import { checkBank, checkCredits, checkRealTimeOrder, checkWalletReads } from './check/money.ts'
import { checkAcknowledged, checkCaps, checkCards, checkForm, checkKeys, checkReveals, checkStocked, type Evidence } from './check/orders.ts'
import { checkTrail } from './check/trail.ts'
import { checkBooks, checkDeliveries } from './check/world.ts'
import { createDice } from './dice.ts'
import type { Call } from './load/history.ts'
import type { Shop } from './load/shop.ts'

const shop: Shop = {
  adminKey: 'admin',
  skus: [{ id: 'sku_s', role: 'hot', tag: 'C-hot0', stock: 3 }],
  resellers: [{ id: 'rsl_r', key: 'k', cap: '200' }],
  push: { supplierId: 'sup_p', secret: 'whsec_', productCode: 'p' },
  endpoints: []
}

/** Two orders one after the other, a read between them and one after, a credit, an import. */
function clean(): { -readonly [K in keyof Evidence]: Evidence[K] } {
  const call = (from: number, to: number, rest: Partial<Call>): Call => ({
    op: 'order',
    intent: from,
    owner: 0,
    key: `key${from}`,
    server: 0,
    invokedAt: from,
    returnedAt: to,
    status: 201,
    code: null,
    replayed: false,
    ...rest
  })
  const order = (n: number) => ({ id: `ord_o${n}`, state: 'fulfilled', quantity: 1, total: '100', cards: [{ id: `crd_c${n}`, hash: `h${n}` }] })
  const stored = (n: number): OrderFact => ({
    id: `o${n}`,
    resellerId: 'r',
    key: `key${n}0`,
    skuId: 's',
    quantity: 1,
    total: 100n,
    state: 'fulfilled',
    day: '2026-01-01'
  })
  const card = (n: number, orderId: string | null): CardFact => ({ id: `c${n}`, skuId: 's', orderId, state: 'issued', hash: `h${n}`, tag: 'C-hot0' })
  const entry = (version: bigint, amount: bigint, balanceAfter: bigint): EntryFact[] => [
    { accountId: 'w', transferId: `t${version}`, amount, version, balanceAfter },
    { accountId: 'f', transferId: `t${version}`, amount: -amount, version, balanceAfter: -balanceAfter }
  ]
  const facts: Facts = {
    orders: [stored(1), stored(3)],
    cards: [card(1, 'o1'), card(3, 'o3'), card(9, null)],
    transfers: [
      { id: 't1', kind: 'wallet.credit', subjectId: 'x' },
      { id: 't2', kind: 'order.charge', subjectId: 'o1' },
      { id: 't3', kind: 'order.charge', subjectId: 'o3' }
    ],
    entries: [...entry(1n, 1000n, 1000n), ...entry(2n, -100n, 900n), ...entry(3n, -100n, 800n)].toSorted((a, b) =>
      a.accountId.localeCompare(b.accountId)
    ),
    accounts: [
      { id: 'w', ownerId: 'r', kind: 'wallet', balance: 800n, version: 3n, isCovered: true },
      { id: 'f', ownerId: null, kind: 'funding', balance: -800n, version: 3n, isCovered: false }
    ],
    attempts: [{ id: 'a', orderId: 'o1', reference: 'ref', state: 'succeeded' }],
    credits: new Map([['key1', 't1']]),
    reveals: new Map([
      ['c1', 1],
      ['c3', 1]
    ]),
    trail: { credits: 1, broken: null }
  }
  const read = (from: number, available: string): Call =>
    call(from, from + 5, { op: 'wallet', key: null, status: 200, wallet: { balance: available, held: '0', available } })
  const history = [
    call(1, 5, { op: 'credit', owner: -1, amount: '1000' }),
    call(10, 15, { orders: [order(1)] }),
    read(20, '900'),
    call(30, 35, { orders: [order(3)] }),
    read(40, '800'),
    call(50, 55, { op: 'import', owner: -1, keys: ['h9'], taken: [1, 0] })
  ]
  return { history, facts, shop, known: new Set(['h1', 'h3', 'h9']) }
}

const ALL = [
  checkAcknowledged,
  checkKeys,
  checkCards,
  checkStocked,
  checkReveals,
  checkForm,
  checkBank,
  checkCredits,
  checkRealTimeOrder,
  checkWalletReads,
  checkCaps,
  checkTrail
]
const judge = (evidence: Evidence): string[] => [...new Set(ALL.flatMap(check => check(evidence)).map((finding: Finding) => finding.rule))]

type Spoil = (evidence: ReturnType<typeof clean>) => Partial<{ history: readonly Call[]; facts: Partial<Facts>; known: ReadonlySet<string> }>

const patch = (history: readonly Call[], index: number, change: Partial<Call>): Call[] =>
  history.map((call, n) => (n === index ? { ...call, ...change } : call))

const SPOILT: readonly (readonly [rule: string, spoil: Spoil])[] = [
  ['acknowledged orders exist', ({ facts }) => ({ facts: { orders: facts.orders.slice(1) } })],
  ['acknowledged orders stand', ({ facts }) => ({ facts: { orders: facts.orders.map(order => ({ ...order, state: 'failed' })) } })],
  ['shown cards stay with their order', ({ facts }) => ({ facts: { cards: facts.cards.map(card => ({ ...card, orderId: 'o3' })) } })],
  [
    'shown cards stay what they were',
    ({ facts }) => ({ facts: { cards: facts.cards.map(card => (card.id === 'c1' ? { ...card, hash: 'h9' } : card)) } })
  ],
  ['one key is one order', ({ history }) => ({ history: patch(history, 3, { key: 'key10' }) })],
  ['other content under a key is refused', ({ history }) => ({ history: [...history, { ...history[1]!, otherContent: true }] })],
  ['a refused order leaves no trace', ({ history }) => ({ history: patch(history, 1, { status: 409, code: 'out_of_stock', orders: [] }) })],
  [
    'a card is sold once',
    ({ history }) => ({ history: patch(history, 3, { orders: [{ ...history[3]!.orders![0]!, cards: [{ id: 'crd_c3', hash: 'h1' }] }] }) })
  ],
  ['every card opens', ({ facts }) => ({ facts: { cards: facts.cards.map(card => ({ ...card, hash: null })) } })],
  ['a key is stocked once', ({ facts }) => ({ facts: { cards: [...facts.cards, { ...facts.cards[2]!, id: 'c10' }] } })],
  ['every card was handed in', () => ({ known: new Set(['h1', 'h3']) })],
  ['a key stays with its SKU', ({ facts }) => ({ facts: { cards: facts.cards.map(card => ({ ...card, skuId: 'other' })) } })],
  ['acknowledged keys are stocked', ({ history }) => ({ history: patch(history, 5, { keys: ['gone'] }) })],
  ['every key of an import is accounted for', ({ history }) => ({ history: patch(history, 5, { taken: [0, 0] }) })],
  ['every reveal is logged', () => ({ facts: { reveals: new Map([['c1', 1]]) } })],
  ['no answer is an internal error', ({ history }) => ({ history: patch(history, 0, { status: 500, code: 'internal_error' }) })],
  [
    'what is delivered is not taken back',
    ({ history }) => ({ history: [...history, { ...history[1]!, op: 'cancel', status: 402, code: 'insufficient_funds', orders: [] }] })
  ],
  ['refusals are problems', ({ history }) => ({ history: patch(history, 0, { malformed: 'html' }) })],
  ['account versions have no gap', ({ facts }) => ({ facts: { entries: facts.entries.filter(entry => entry.version !== 2n) } })],
  ['balances follow from entries', ({ facts }) => ({ facts: { entries: facts.entries.map(entry => ({ ...entry, balanceAfter: 5n })) } })],
  [
    'no wallet was ever below zero',
    ({ facts }) => ({ facts: { entries: facts.entries.map(entry => ({ ...entry, balanceAfter: entry.balanceAfter - 2_000n })) } })
  ],
  ['transfers sum to zero', ({ facts }) => ({ facts: { entries: facts.entries.filter(entry => entry.accountId === 'w') } })],
  ['stored balances are the last ones', ({ facts }) => ({ facts: { accounts: facts.accounts.map(account => ({ ...account, balance: 1n })) } })],
  ['acknowledged credits exist', () => ({ facts: { credits: new Map() } })],
  ['a credit happens once', ({ facts }) => ({ facts: { transfers: [...facts.transfers, { id: 't9', kind: 'wallet.credit', subjectId: 'y' }] } })],
  [
    'the ledger keeps the real order',
    ({ facts }) => ({
      facts: { transfers: facts.transfers.map(each => ({ ...each, subjectId: each.id === 't2' ? 'o3' : each.id === 't3' ? 'o1' : 'x' })) }
    })
  ],
  ['a cap is kept', ({ facts }) => ({ facts: { orders: facts.orders.map(order => ({ ...order, total: 101n })) } })],
  ['each credit is in the audit log, once', () => ({ facts: { trail: { credits: 2, broken: null } } })],
  ['the audit log is one chain', () => ({ facts: { trail: { credits: 1, broken: 'at 7' } } })],
  ['reads of a wallet are true', ({ history }) => ({ history: patch(history, 4, { wallet: { balance: '900', held: '0', available: '900' } }) })]
]

t.test('a clean round is clean', async t => {
  t.same(judge(clean()), [])
})

t.test('each rule objects to what it is there for', async t => {
  for (const [rule, spoil] of SPOILT) {
    const evidence = clean()
    const { facts, ...rest } = spoil(evidence)
    t.ok(judge({ ...evidence, ...rest, facts: { ...evidence.facts, ...facts } }).includes(rule), rule)
  }
})

t.test('an unknown outcome may be either', async t => {
  const evidence = clean()
  const lost = patch(evidence.history, 1, { returnedAt: null, status: null, orders: [] })
  t.same(judge({ ...evidence, history: lost }), [])
})

t.test('a supplier’s book and our purchases say the same', async t => {
  const { facts } = clean()
  const sale = { reference: 'ref', state: 'done', quantity: 1, cards: [] } as const
  const rules = (found: readonly Finding[]): string[] => found.map(({ rule }) => rule)
  t.same(checkBooks(facts, [sale]), [])
  t.same(rules(checkBooks(facts, [{ ...sale, cards: [{ number: null, secret: 'never stored' }] }])), ['no paid card is lost'])
  t.ok(rules(checkBooks(facts, [{ ...sale, reference: 'unknown' }])).includes('each purchase is one attempt'))
  const twice = { ...facts, attempts: [...facts.attempts, { id: 'b', orderId: 'o1', reference: 'ref2', state: 'succeeded' }] }
  t.same(rules(checkBooks(twice, [sale, { ...sale, reference: 'ref2' }])), ['nothing is bought twice'])
})

t.test('an endpoint gets every event, each with one body, and nothing else', async t => {
  const at = (second: number): string => `2026-11-23T08:00:0${second}.000Z`
  const events = [
    { id: 'e0', type: 'order.fulfilled', timestamp: at(0), data: {} },
    { id: 'e1', type: 'order.fulfilled', timestamp: at(2), data: { a: 1 } }
  ]
  const secret = `whsec_${Buffer.from('of the endpoint').toString('base64')}`
  const deliver = (id: string, body: string, fault: string | null = null) => {
    const signed = createHmac('sha256', 'of the endpoint').update(`${id}.7.${body}`).digest('base64')
    return { path: '/good', id, timestamp: '7', signature: `v1,${signed}`, fault, body }
  }
  const hit = deliver('e1', '{"data":{"a":1}}')
  const rules = (dump: Parameters<typeof checkDeliveries>[2]): string[] =>
    checkDeliveries({ path: '/good', createdAt: at(1), secret }, events, dump).map(({ rule }) => rule)
  t.same(rules([{ ...hit, fault: 'error' }, hit]), [])
  t.same(rules([{ ...hit, fault: 'error' }]), ['every event is delivered'])
  t.same(rules([deliver('e1', '{"data":{"a":2}}')]), ['events are told as they are'])
  t.same(rules([hit, deliver('e2', '{}')]), ['nothing is told that did not happen'])
  t.same(rules([hit, deliver('e1', '{"data":{"a":1},"more":1}')]), ['a repeated event has the same bytes'])
  t.same(rules([{ ...hit, timestamp: '8' }]), ['every delivery is signed'])
})

t.test('the same seed makes the same choices', async t => {
  const choices = (seed: number) => {
    const dice = createDice(seed)
    return [dice.int(0, 1_000), dice.shuffle([1, 2, 3, 4, 5, 6, 7]), dice.pick(['a', 'b', 'c'])]
  }
  t.same(choices(7), choices(7))
  t.notSame(choices(7), choices(8))
})
