/** What every adapter must do, run against the simulator of its system. */
import type { Test } from 'tap'
import type { PlaceResult } from '../../src/suppliers/contract.ts'
import type { Fault } from '../../src/suppliers/simulators/faults.ts'
import { callbackCases } from './conformance-callbacks.ts'
import { cardsOf, type Rig, type Subject, secretsOf, soldSecrets, startRig } from './conformance-rig.ts'

/** As long as the keys of all systems. */
const WRONG = 'wrong'.padEnd(32, 'x')

export async function conformance(t: Test, subject: Subject): Promise<void> {
  const rig = await startRig(subject)
  t.teardown(async () => {
    await rig.sim.close()
    await rig.http.close()
  })
  await readingCases(t, rig)
  await buyingCases(t, rig)
  await wireCases(t, rig)
  await queryCases(t, rig)
  await refusalCases(t, rig)
  await deliveryCases(t, rig)
  await callbackCases(t, rig)
  await configCases(t, rig)
  await stormCase(t, rig)
  await t.test('no credential is in any detail, and no redirect was followed', async t => {
    const secrets = credentialsOf(rig)
    t.ok(rig.details.length > 40)
    for (const secret of secrets) t.notOk(rig.details.some(each => each.includes(secret)))
    t.equal(rig.sim.strays(), 0)
  })
}

const credentialsOf = ({ sim, subject }: Rig): string[] => {
  const { properties } = subject.adapter.configSchema as { properties: Record<string, { writeOnly?: boolean }> }
  return Object.entries(sim.config).flatMap(([name, value]) => (properties[name]?.writeOnly === true ? [value] : []))
}

async function readingCases(t: Test, { client, sim, subject, connect, code }: Rig): Promise<void> {
  const { capabilities } = subject.adapter
  await t.test('ping succeeds, and fails with a wrong credential', async t => {
    t.match(await client.ping(), { ok: true })
    t.match(await connect({ [subject.credential]: WRONG }).ping(), { ok: false })
  })
  await t.test('the balance is read exactly, and is null when it cannot be read', async t => {
    sim.shop.balance = 9_007_199_254_740_993n
    t.equal((await client.balance())?.amount, 9_007_199_254_740_993n)
    sim.shop.balance = 10_000_000_000n
    sim.plan.script({ fault: 'not_json', on: 'other' })
    t.equal(await client.balance(), null)
  })
  await t.test('products are listed with price and stock', async t => {
    const page = await client.listProducts(null, null)
    if (!capabilities.listProducts) t.equal(page, null)
    else {
      const product = page?.products.find(each => each.code === code('1001'))
      t.match(product, { unitCost: 50_000n, onSale: true })
      t.ok(product?.stock === null || product?.stock === 100_000)
    }
  })
  await t.test('stock and price of one product are read, and null for what there is not', async t => {
    t.equal((await client.quote(code('1002'), 1))?.unitCost, 123_400n)
    t.equal(await client.quote(code('999999'), 1), null)
    const stock = await client.checkStock(code('1001'), 1)
    t.ok(stock === null || stock >= 1)
    t.equal(await client.checkStock(code('999999'), 1), null)
  })
}

async function buyingCases(t: Test, rig: Rig): Promise<void> {
  const { subject, sim } = rig
  for (const quantity of [1, 3]) {
    await t.test(`an order of ${quantity} brings the very cards of the book`, async t => {
      const request = rig.order({ quantity })
      const result = await rig.resolve(request, await rig.place(request))
      const [sale] = rig.sales(request)
      t.equal(result.kind, 'fulfilled')
      t.equal(rig.sales(request).length, 1)
      t.same(secretsOf(result), soldSecrets(rig.sales(request)))
      if (subject.numbers !== false)
        t.same(
          cardsOf(result)
            .map(card => card.number)
            .sort(),
          sale?.cards.map(card => card.number).sort()
        )
      if (result.kind === 'fulfilled') t.ok(result.unitCost === null || result.unitCost === 50_000n)
    })
  }
  if (subject.deliversLater !== false) {
    await t.test('an order that takes time is accepted, pending, and then fulfilled', async t => {
      sim.shop.delivery = 'later'
      const request = rig.order()
      const placed = await rig.place(request)
      sim.shop.delivery = 'at_once'
      t.equal(placed.kind, 'accepted')
      const upstreamId = placed.kind === 'accepted' ? placed.upstreamId : null
      t.match(await rig.query(request, upstreamId), { kind: 'pending' })
      sim.settle(request.reference)
      t.same(secretsOf(await rig.query(request, upstreamId)), soldSecrets(rig.sales(request)))
    })
  }
  await t.test('the same reference placed twice is one sale, and never a refusal', async t => {
    const request = rig.order()
    await rig.place(request)
    const again = await rig.place(request)
    t.not(again.kind, 'refused')
    t.equal(rig.sales(request).length, 1)
    if (canResolve(rig, again)) t.same(secretsOf(await rig.resolve(request, again)), soldSecrets(rig.sales(request)))
  })
  await cancelCase(t, rig)
}

async function cancelCase(t: Test, rig: Rig): Promise<void> {
  await t.test('a cancellation is confirmed or refused, and both mean it', async t => {
    const { sim, subject, client } = rig
    sim.shop.delivery = 'later'
    const request = rig.order()
    const placed = await rig.place(request)
    sim.shop.delivery = 'at_once'
    const upstreamId = placed.kind === 'accepted' ? placed.upstreamId : null
    const result = await client.cancel({ reference: request.reference, upstreamId })
    const cancels = subject.adapter.capabilities.cancel
    t.equal(result.kind, cancels ? 'cancelled' : 'refused')
    if (cancels) t.equal(sim.shop.find(request.reference)?.state, 'cancelled')
    if (cancels) t.equal((await rig.query(request, upstreamId)).kind, 'failed')
  })
}

/** Without the supplier's own number some orders cannot be found again: those are for people. */
const canResolve = ({ subject: { adapter } }: Rig, placed: PlaceResult): boolean =>
  placed.kind !== 'unknown' || adapter.capabilities.queryByReference || adapter.capabilities.idempotentPlace

const AFTER: readonly Fault[] = [
  'timeout_after',
  'error_after',
  'cut_after',
  'not_json',
  'truncated',
  'empty',
  'huge',
  'slow',
  'redirect',
  'unknown_code'
]

async function wireCases(t: Test, rig: Rig): Promise<void> {
  const { sim, subject } = rig
  for (const fault of AFTER) {
    await t.test(`${fault}: sold and not heard of is unknown, then found without buying again`, async t => {
      sim.plan.script({ fault })
      const request = rig.order({ quantity: 2 })
      const placed = await rig.place(request)
      t.equal(placed.kind, 'unknown')
      if (canResolve(rig, placed)) t.same(secretsOf(await rig.resolve(request, placed)), soldSecrets(rig.sales(request)))
      else t.match(await rig.query(request), { kind: 'unknown' })
      t.equal(rig.sales(request).length, 1)
    })
  }
  for (const fault of ['timeout_before', 'error_before'] as const) {
    await t.test(`${fault}: not sold and not heard of is unknown too, and then not found`, async t => {
      sim.plan.script({ fault })
      const request = rig.order()
      t.equal((await rig.place(request)).kind, 'unknown')
      t.equal((await rig.query(request)).kind, subject.adapter.capabilities.queryByReference ? 'not_found' : 'unknown')
      t.equal(rig.sales(request).length, 0)
    })
  }
  await t.test('throttled: refused as such or unknown, and nothing was sold', async t => {
    sim.plan.script({ fault: 'throttled' })
    const request = rig.order()
    const placed = await rig.place(request)
    t.ok(placed.kind === 'unknown' || (placed.kind === 'refused' && placed.refusal === 'rate_limited'))
    t.equal(rig.sales(request).length, 0)
  })
  await t.test('a supplier that cannot be reached sold nothing, unless the reference was sent before', async t => {
    const away = rig.connect({ ...awayOf(rig) })
    t.match(await away.place(rig.order()), { kind: 'refused', refusal: 'rejected' })
    t.match(await away.place(rig.order({ again: true })), { kind: 'unknown' })
    t.match(await away.query({ reference: 'r', upstreamId: '1' }), { kind: 'unknown' })
    t.match(await away.ping(), { ok: false })
  })
}

/** Port 9 on this machine has no listener. */
const awayOf = ({ sim }: Rig): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(sim.config).flatMap(([name, value]) =>
      value.startsWith(sim.origin) ? [[name, value.replace(sim.origin, 'http://127.0.0.1:9')]] : []
    )
  )

async function queryCases(t: Test, rig: Rig): Promise<void> {
  const { sim, subject } = rig
  const byReference = subject.adapter.capabilities.queryByReference
  for (const fault of ['timeout_after', 'error_after', 'cut_after', 'not_json', 'truncated', 'unknown_code', 'throttled', 'redirect'] as const) {
    await t.test(`${fault} at the query says nothing about the order`, async t => {
      const request = rig.order()
      const placed = await rig.place(request)
      const upstreamId = placed.kind === 'accepted' || placed.kind === 'fulfilled' ? placed.upstreamId : null
      sim.plan.script({ fault, on: 'query' })
      t.equal((await rig.query(request, upstreamId)).kind, 'unknown')
      t.same(secretsOf(await rig.query(request, upstreamId)), soldSecrets(rig.sales(request)))
    })
  }
  if (!byReference) return
  await t.test('an order that is not found at first is found later', async t => {
    const request = rig.order()
    const placed = await rig.place(request)
    const upstreamId = placed.kind === 'accepted' || placed.kind === 'fulfilled' ? placed.upstreamId : null
    sim.plan.script({ fault: 'not_found', times: 2 })
    t.equal((await rig.query(request)).kind, 'not_found')
    t.equal((await rig.query(request)).kind, 'not_found')
    t.same(secretsOf(await rig.query(request, upstreamId)), soldSecrets(rig.sales(request)))
  })
}

async function refusalCases(t: Test, rig: Rig): Promise<void> {
  const { sim, subject, connect } = rig
  const product = sim.shop.products.get('1002')
  const expected = (refusal: 'out_of_stock' | 'no_funds' | 'price_exceeded' | 'product_unavailable' | 'auth') => {
    const known = subject.refusals?.[refusal] ?? refusal
    return known === 'unknown' ? { kind: 'unknown' } : { kind: 'refused', refusal: known }
  }
  const dear = { productCode: rig.code('1002'), maxUnitCost: 200_000n }
  await t.test('refusals are told apart, and none of them is a sale', async t => {
    if (product === undefined) throw new Error('the simulator sells 1002')
    const sold = sim.shop.book.length
    product.stock = 0
    t.match(await rig.place(rig.order(dear)), expected('out_of_stock'))
    product.stock = 1_000
    t.match(await rig.place(rig.order({ ...dear, maxUnitCost: 123_399n })), expected('price_exceeded'))
    sim.shop.balance = 0n
    t.match(await rig.place(rig.order(dear)), expected('no_funds'))
    sim.shop.balance = 10_000_000_000n
    const gone = await rig.place(rig.order({ productCode: rig.code('999999') }))
    t.ok(gone.kind === 'refused' ? ['product_unavailable', 'rejected'].includes(gone.refusal) : expected('product_unavailable').kind === 'unknown')
    const bad = await connect({ [subject.credential]: WRONG }).place(rig.order())
    t.match(bad, expected('auth'))
    t.equal(sim.shop.book.length, sold)
  })
  await t.test('after any refusal the reference is still free', async t => {
    const request = rig.order({ ...dear, maxUnitCost: 1n })
    await rig.place(request)
    const placed = await rig.place({ ...request, maxUnitCost: 200_000n })
    t.same(secretsOf(await rig.resolve(request, placed)), soldSecrets(rig.sales(request)))
  })
}

async function deliveryCases(t: Test, rig: Rig): Promise<void> {
  const { sim, subject } = rig
  const buy = async (fault: Fault, quantity: number) => {
    sim.plan.script({ fault })
    const request = rig.order({ quantity })
    return { request, result: await rig.resolve(request, await rig.place(request)) }
  }
  for (const fault of ['partial', 'same_card'] as const) {
    await t.test(`${fault}: what came is handed on once, and is not called complete`, async t => {
      const { request, result } = await buy(fault, 3)
      t.same(secretsOf(result), soldSecrets(rig.sales(request)))
      t.equal(result.kind, subject.saysQuantity === false ? 'fulfilled' : 'partial')
    })
  }
  await t.test('more cards than ordered are handed on, not lost', async t => {
    const { request, result } = await buy('wrong_quantity', 2)
    t.same(secretsOf(result), soldSecrets(rig.sales(request)))
    t.equal(cardsOf(result).length, 3)
  })
  await t.test('an apology in Chinese is no card', async t => {
    const { result } = await buy('apology', 1)
    t.same(cardsOf(result), [])
    t.ok(['unknown', 'pending', 'partial'].includes(result.kind))
  })
  if (subject.failsLater === false) return
  await t.test('an order that fails after it was taken is failed at the query', async t => {
    const { result } = await buy('fails', 1)
    t.equal(result.kind, 'failed')
  })
}

async function configCases(t: Test, { subject, http, sim }: Rig): Promise<void> {
  await t.test('a config without one of its fields, or with a strange address, is refused', async t => {
    const { required } = subject.adapter.configSchema as { required: string[] }
    for (const name of required) {
      const { [name]: _, ...rest } = sim.config
      t.throws(() => subject.adapter.connect(rest, http), { code: 'validation_failed' })
    }
    for (const baseUrl of ['ftp://shop.example.com', 'https://user:pass@shop.example.com', 'shop', 'https://shop.example.com/?a=1'])
      t.throws(() => subject.adapter.connect({ ...sim.config, ...subject.config, baseUrl }, http), { code: 'validation_failed' })
    t.ok(credentialsOf({ subject, sim } as Rig).length >= 1, 'credentials are marked writeOnly')
  })
}

/** Half of the purchases meet a fault; each reference must end as exactly one sale of the book, or none. */
async function stormCase(t: Test, rig: Rig): Promise<void> {
  await t.test('under seeded faults, the book and ours match one to one', async t => {
    const { sim } = rig
    sim.plan.rates({ timeout_before: 0.05, timeout_after: 0.05, error_after: 0.1, cut_after: 0.1, not_json: 0.1, truncated: 0.1, not_found: 0.2 })
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const request = rig.order({ quantity: 2 })
        const placed = await rig.place(request)
        if (placed.kind === 'refused') return { request, secrets: [], unresolved: false }
        if (!canResolve(rig, placed)) return { request, secrets: [], unresolved: true }
        const result = await rig.resolve(request, placed)
        return {
          request,
          secrets: secretsOf(result),
          unresolved: result.kind === 'unknown' || result.kind === 'pending' || result.kind === 'not_found'
        }
      })
    )
    sim.plan.rates({})
    for (const { request, secrets, unresolved } of outcomes) {
      t.ok(rig.sales(request).length <= 1)
      if (!unresolved) t.same(secrets, soldSecrets(rig.sales(request)))
      else if (rig.subject.adapter.capabilities.queryByReference) t.same(secretsOf(await rig.query(request)), soldSecrets(rig.sales(request)))
    }
  })
}
