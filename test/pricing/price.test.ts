import fc from 'fast-check'
import t from 'tap'
import { type Buyer, type PriceRule, price, quantityBreaks, quote } from '../../src/pricing/index.ts'

const ME = 'me'
const GOLD = 'gold'
const BUYER: Buyer = { resellerId: ME, tier: GOLD }
const MAX_QUANTITY = 40

const amount = fc.bigInt({ min: 0n, max: 10n ** 13n })
const audience = fc.constantFrom(
  { tier: null, resellerId: null },
  { tier: GOLD, resellerId: null },
  { tier: 'silver', resellerId: null },
  { tier: null, resellerId: ME },
  { tier: null, resellerId: 'someone else' }
)
const row = fc
  .record({ audience, minQuantity: fc.integer({ min: 1, max: 50 }), unitPrice: amount })
  .map(({ audience, ...rest }) => ({ ...audience, ...rest }))
/** As the database has it: one row for each audience and minimum; base rows begin above one unit. */
const rows = fc
  .uniqueArray(row, { maxLength: 30, selector: r => JSON.stringify([r.tier, r.resellerId, r.minQuantity]) })
  .map(list => list.filter(r => r.tier !== null || r.resellerId !== null || r.minQuantity > 1))
const listing = fc.record({ price: amount, prices: rows, currency: fc.constant('CNY') })
const buyer = fc.constantFrom<Buyer>(BUYER, { resellerId: ME, tier: null }, { resellerId: 'new', tier: 'silver' }, { resellerId: 'new', tier: null })
const quantity = fc.integer({ min: 1, max: 60 })

const cny = (unitPrice: bigint, prices: Parameters<typeof price>[0]['listing']['prices'] = []) => ({ price: unitPrice, prices, currency: 'CNY' })

t.test('a private price beats a tier price beats the base price, whatever they cost', async t => {
  fc.assert(
    fc.property(listing, buyer, quantity, (listing, buyer, quantity) => {
      const reached = listing.prices.filter(r => r.minQuantity <= quantity).sort((a, b) => b.minQuantity - a.minQuantity)
      const mine = reached.find(r => r.resellerId === buyer.resellerId)
      const ofTier = reached.find(r => r.tier !== null && r.tier === buyer.tier)
      const base = reached.find(r => r.tier === null && r.resellerId === null) ?? { unitPrice: listing.price, minQuantity: 1 }
      const expected = mine ?? ofTier ?? base
      const set = mine !== undefined ? 'private' : ofTier !== undefined ? 'tier' : 'base'
      const found = price({ listing, ...buyer, quantity })
      t.equal(found.unitPrice, expected.unitPrice)
      t.equal(found.rule, `${set}${expected.minQuantity > 1 ? '_break' : ''}` as PriceRule)
    })
  )
})

t.test('the total is the unit price times the quantity, exactly', async t => {
  fc.assert(
    fc.property(listing, buyer, fc.integer({ min: 1, max: 10_000 }), (listing, buyer, quantity) => {
      const { total, unitPrice, currency } = price({ listing, ...buyer, quantity })
      t.equal(typeof total, 'bigint')
      t.equal(total, unitPrice * BigInt(quantity))
      t.equal(currency, 'CNY')
    })
  )
  t.equal(price({ listing: cny(90_071_992_547_409_931n), ...BUYER, quantity: 3 }).total, 270_215_977_642_229_793n)
})

t.test('the parts are what each set would say, the strongest last and applied alone', async t => {
  const order = ['base', 'tier', 'private']
  fc.assert(
    fc.property(listing, buyer, quantity, (listing, buyer, quantity) => {
      const { parts, unitPrice } = price({ listing, ...buyer, quantity })
      t.same(
        parts.map(part => part.applied),
        parts.map((_, index) => index === parts.length - 1)
      )
      t.equal(parts.at(-1)?.unitPrice, unitPrice)
      t.same(
        parts.map(part => part.set),
        order.filter(set => parts.some(part => part.set === set))
      )
      t.equal(parts[0]?.set, 'base')
      t.ok(parts.every(part => part.minQuantity <= quantity))
    })
  )
})

t.test('prices of other buyers, and the order of the rows, change nothing', async t => {
  fc.assert(
    fc.property(listing, buyer, quantity, (listing, buyer, quantity) => {
      const own = listing.prices.filter(
        r => (r.resellerId === null || r.resellerId === buyer.resellerId) && (r.tier === null || r.tier === buyer.tier)
      )
      const expected = price({ listing, ...buyer, quantity })
      t.same(price({ listing: { ...listing, prices: own }, ...buyer, quantity }), expected)
      t.same(price({ listing: { ...listing, prices: listing.prices.toReversed() }, ...buyer, quantity }), expected)
    })
  )
})

t.test('the quantity breaks say for each quantity what the price says, and nothing twice', async t => {
  fc.assert(
    fc.property(listing, buyer, fc.integer({ min: 1, max: MAX_QUANTITY }), (listing, buyer, minQuantity) => {
      const breaks = quantityBreaks({ ...listing, minQuantity, maxQuantity: MAX_QUANTITY }, buyer)
      t.equal(breaks[0].minQuantity, minQuantity)
      for (let quantity = minQuantity; quantity <= MAX_QUANTITY; quantity++) {
        const { unitPrice } = price({ listing, ...buyer, quantity })
        if (breaks.findLast(each => each.minQuantity <= quantity)?.unitPrice !== unitPrice) t.fail(`at ${quantity}`)
      }
      for (const [index, each] of breaks.entries()) {
        const before = breaks[index - 1]
        if (before !== undefined && (each.minQuantity <= before.minQuantity || each.unitPrice === before.unitPrice))
          t.fail('a break without a change')
        if (each.minQuantity > MAX_QUANTITY) t.fail('a break beyond the largest order')
      }
    })
  )
})

t.test('a price is the same however often it is asked for, under both names', async t => {
  const asked = { listing: cny(100n, [{ tier: GOLD, resellerId: null, minQuantity: 1, unitPrice: 90n }]), ...BUYER, quantity: 7 }
  const before = structuredClone(asked)
  t.same(quote(asked), price(asked))
  t.same(asked, before)
})

t.test('a set without a price for the quantity is passed over', async t => {
  const prices = [
    { tier: null, resellerId: null, minQuantity: 10, unitPrice: 90n },
    { tier: GOLD, resellerId: null, minQuantity: 20, unitPrice: 80n },
    { tier: GOLD, resellerId: null, minQuantity: 30, unitPrice: 75n },
    { tier: null, resellerId: ME, minQuantity: 40, unitPrice: 85n }
  ]
  const ruleAt = (quantity: number) => {
    const { unitPrice, rule } = price({ listing: cny(100n, prices), ...BUYER, quantity })
    return [unitPrice, rule]
  }
  t.same([1, 9, 10, 20, 30, 40].map(ruleAt), [
    [100n, 'base'],
    [100n, 'base'],
    [90n, 'base_break'],
    [80n, 'tier_break'],
    [75n, 'tier_break'],
    [85n, 'private_break']
  ])
  t.same(price({ listing: cny(100n, [{ tier: GOLD, resellerId: null, minQuantity: 1, unitPrice: 110n }]), ...BUYER, quantity: 1 }).rule, 'tier')
})
