import t from 'tap'
import { createProduct } from '../../src/catalog/create-product.ts'
import { createSku } from '../../src/catalog/create-sku.ts'
import {
  adjustStock,
  appendChanges,
  bumpRevision,
  compactChanges,
  createChangeFeed,
  createListings,
  FEED_START,
  type FeedPage,
  LISTING_MAX_AGE_MS,
  type Listing,
  lockSkuRows,
  publishStockChanges
} from '../../src/catalog/index.ts'
import { setProductState } from '../../src/catalog/set-product-state.ts'
import { updateSku } from '../../src/catalog/update-sku.ts'
import { createDatabase, type Queryable, statement } from '../../src/kit/db/index.ts'
import { newId } from '../../src/kit/ids.ts'
import { createTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

const db = createDatabase({ url: await createTestDatabase(t), maxConnections: 8, onError: () => undefined })
t.teardown(() => db.close())
const listings = createListings({ db })

const product = await createProduct(db, { name: 'Game', category: 'games', kind: 'card', description: null })

async function newSku(): Promise<string> {
  const sku = await createSku(db, {
    productId: product.id,
    code: newId(),
    name: 'Key',
    currency: 'CNY',
    price: 100_000n,
    minQuantity: 1,
    maxQuantity: 10,
    cardKind: 'text',
    inputSchema: null,
    instructions: null,
    lowStockThreshold: 0
  })
  return sku.id
}

const rowOf = async (skuId: string) => {
  const row = (await db.tx(tx => lockSkuRows(tx, [skuId]))).get(skuId)
  if (row === undefined) throw new Error('no row')
  return row
}
const adjust = (...deltas: [string, number][]) =>
  db.tx(tx =>
    adjustStock(
      tx,
      deltas.map(([skuId, delta]) => ({ skuId, delta }))
    )
  )
const found = (listing: Listing | null): Listing => {
  if (listing === null) throw new Error('no listing')
  return listing
}

/** For `eventually`, which tries again after a throw. */
function when<T>(ready: boolean, value: T): T {
  if (!ready) throw new Error('not yet')
  return value
}

/** The database, counting its statements; `gate` holds the answer of the next one back. */
function observed() {
  let statements = 0
  let gate: Promise<void> | null = null
  const source: Queryable = {
    orm: db.orm,
    execute: db.execute,
    query: async (text, values) => {
      statements++
      const held = gate
      gate = null
      const rows = await db.query(text, values)
      await held
      return rows as never
    }
  }
  return {
    source,
    count: () => statements,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    }
  }
}

t.test('a new SKU has a counter at zero and its stock is not announced as changed', async t => {
  const skuId = await newSku()
  t.match(await rowOf(skuId), { skuId, available: 0, fence: 0n, revision: 1n })
  await publishStockChanges(db)
  t.equal(await publishStockChanges(db), 0)
})

t.test('adjustStock adds up, refuses to go below zero, and then changes nothing', async t => {
  const [a, b] = [await newSku(), await newSku()]
  t.same(
    await adjust([a, 5], [b, 7], [a, 1]),
    new Map([
      [a, 6],
      [b, 7]
    ])
  )
  await t.rejects(adjust([b, -1], [a, -7]), { code: '23514' })
  t.equal((await rowOf(a)).available, 6)
  t.equal((await rowOf(b)).available, 7)
  await t.rejects(adjust([newId(), 1]), /has no stock row/)
  t.same(await adjust(), new Map())
})

t.test('adjustments of the same SKUs in any order never deadlock and none is lost', async t => {
  const skus = [await newSku(), await newSku(), await newSku()]
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [2, 0, 1]
  ]
  await Promise.all(Array.from({ length: 40 }, (_, n) => adjust(...(orders[n % 4] ?? []).map((i): [string, number] => [skus[i] ?? '', 1]))))
  for (const sku of skus) t.equal((await rowOf(sku)).available, 40)
})

t.test('bumpRevision moves every named SKU by one and leaves fence and stock', async t => {
  const [a, b] = [await newSku(), await newSku()]
  await adjust([a, 3])
  await db.tx(tx => bumpRevision(tx, [b, a]))
  t.match(await rowOf(a), { revision: 2n, available: 3, fence: 0n })
  t.match(await rowOf(b), { revision: 2n })
})

t.test('publishStockChanges announces each moved counter once, also when two instances run it', async t => {
  const skus = await Promise.all(Array.from({ length: 20 }, newSku))
  await publishStockChanges(db)
  await adjust(...skus.map((skuId): [string, number] => [skuId, 4]))
  const announced = await Promise.all([publishStockChanges(db), publishStockChanges(db), publishStockChanges(db)])
  t.equal(
    announced.reduce((sum, each) => sum + each, 0),
    20
  )
  t.equal(await publishStockChanges(db), 0)
})

t.test('publishStockChanges does not wait for a row that an order holds', async t => {
  const skuId = await newSku()
  await adjust([skuId, 2])
  await db.tx(async tx => {
    await lockSkuRows(tx, [skuId])
    t.ok((await publishStockChanges(db)) >= 1)
  })
})

t.test('listings missed in one tick are read in one statement, and then not again', async t => {
  const skus = [await newSku(), await newSku(), await newSku()]
  const { source, count } = observed()
  const cache = createListings({ db: source })
  const [first, , , many] = await Promise.all([...skus.map(skuId => cache.get(skuId)), cache.many(skus)])
  t.equal(count(), 1)
  t.match(first, { skuId: skus[0], price: 100_000n, onSale: true, revision: 1n, available: 0 })
  t.equal((many as ReadonlyMap<string, Listing>).size, 3)
  t.notOk(cache.get(skus[0] ?? '') instanceof Promise, 'answers at once')
  t.notOk(cache.many(skus) instanceof Promise)
  t.equal(count(), 1)
  t.equal(await cache.get(newId()), null)
})

t.test('a listing is never older than half a second', async t => {
  const skuId = await newSku()
  const before = found(await listings.get(skuId))
  await db.tx(tx => adjustStock(tx, [{ skuId, delta: 9 }]))
  const after = await eventually(
    'the counter is read again',
    async () => {
      const listing = found(await listings.get(skuId))
      return when(listing.available === 9, listing)
    },
    LISTING_MAX_AGE_MS * 10
  )
  t.ok(after.readAt - before.readAt >= LISTING_MAX_AGE_MS)
})

t.test('fresh is read after the call, even while an older read is under way', async t => {
  const skuId = await newSku()
  const { source, hold } = observed()
  const cache = createListings({ db: source })
  const release = hold()
  const old = cache.get(skuId)
  await new Promise(resolve => setImmediate(resolve))
  await updateSku({ db, listings }, { skuId, patch: { price: { amount: 5n, currency: 'CNY' } } })
  const fresh = await cache.fresh(skuId)
  release()
  t.equal(fresh?.price, 5n)
  t.equal(fresh?.revision, 2n)
  await old
  t.equal(found(await cache.get(skuId)).price, 5n, 'the older answer does not overwrite the newer one')
})

t.test('an invalidated listing is not brought back by a read that began before', async t => {
  const skuId = await newSku()
  const { source, hold } = observed()
  const cache = createListings({ db: source })
  const release = hold()
  const old = cache.get(skuId)
  await new Promise(resolve => setImmediate(resolve))
  await updateSku({ db, listings: cache }, { skuId, patch: { name: 'New name' } })
  release()
  await old
  t.equal(found(await cache.get(skuId)).name, 'New name')
  t.equal(found(await cache.get(skuId)).available, 0)
  await setProductState({ db, listings: cache }, { productId: product.id, state: 'paused' })
  t.equal(found(await cache.get(skuId)).onSale, false)
  await setProductState({ db, listings: cache }, { productId: product.id, state: 'active' })
  t.equal(found(await cache.get(skuId)).onSale, true)
})

t.test('noteStock is shown at once, but not to whoever tells of a change', async t => {
  const skuId = await newSku()
  const asked = performance.now()
  await listings.get(skuId)
  listings.noteStock(skuId, 77)
  t.equal(found(await listings.get(skuId)).available, 77)
  t.equal((await listings.many([skuId])).get(skuId)?.available, 77)
  t.equal((await listings.many([skuId], asked)).get(skuId)?.available, 0)
  await adjust([skuId, 3])
  t.equal((await listings.many([skuId], performance.now())).get(skuId)?.available, 3, 'read after the given moment')
  listings.noteStock(newId(), 1)
})

const feedOf = () => createChangeFeed({ db })
const skusOf = (page: FeedPage, among: readonly string[]) => page.changes.map(change => change.skuId).filter(skuId => among.includes(skuId))
/** Other test files may have transactions open in the same server, which hold the feed up for a moment. */
const settled = (skuIds: readonly string[]) =>
  eventually('the feed shows the changes', async () => {
    const page = await feedOf().read(FEED_START, 10_000)
    return when(
      skuIds.every(skuId => skusOf(page, skuIds).includes(skuId)),
      page
    )
  })

t.test('the feed never passes a change that commits late', async t => {
  const [early, late] = [await newSku(), await newSku()]
  const { next } = await settled([early, late])
  const { promise: committed, resolve: commit } = Promise.withResolvers<void>()
  const { promise: written, resolve: wrote } = Promise.withResolvers<void>()
  const slow = db.tx(async tx => {
    await appendChanges(tx, [{ skuId: late, kind: 'listing' }])
    wrote()
    await committed
  })
  await written
  await db.tx(tx => appendChanges(tx, [{ skuId: early, kind: 'price' }]))
  const during = await feedOf().read(next, 100)
  t.same(skusOf(during, [early, late]), [], 'what committed after it waits behind it')
  t.same(during.next, next)
  commit()
  await slow
  const after = await eventually('both are shown', async () => {
    const page = await feedOf().read(next, 100)
    return when(skusOf(page, [early, late]).length === 2, page)
  })
  t.same(skusOf(after, [early, late]), [late, early])
})

t.test('the feed is in the order of transaction numbers, however many digits they have', async t => {
  const insert = statement('test_numbered_change', "INSERT INTO catalog_change (xid, sku_id, kind) VALUES ($1::text::xid8, $2, 'price')")
  const numbered = new Map(['10', '9', '101', '99'].map(xid => [newId(), xid]))
  for (const [skuId, xid] of numbered) await db.execute(insert, [xid, skuId])
  const { changes } = await settled([...numbered.keys()])
  const shown = changes.filter(({ skuId }) => numbered.has(skuId)).map(({ position }) => position.xid)
  t.same(shown, ['9', '10', '99', '101'])
})

t.test('the end of the feed has everything readable before it and everything else behind it', async t => {
  const before = await newSku()
  await settled([before])
  const end = await feedOf().end()
  t.same(skusOf(await feedOf().read(end, 100), [before]), [])
  const behind = await newSku()
  await settled([behind])
  t.same(skusOf(await feedOf().read(end, 100), [before, behind]), [behind])
})

t.test('followers at one position share one read', async t => {
  const { source, count } = observed()
  const feed = createChangeFeed({ db: source })
  await Promise.all(Array.from({ length: 50 }, () => feed.read(FEED_START, 20)))
  t.equal(count(), 1)
  await feed.read(FEED_START, 21)
  t.equal(count(), 2)
})

t.test('compactChanges drops what a newer change of the same SKU and kind supersedes, and never the last', async t => {
  const [a, b] = [newId(), newId()]
  const insert = statement('test_old_change', `INSERT INTO catalog_change (sku_id, kind, created_at) VALUES ($1, $2, now() - interval '1 hour')`)
  for (const [skuId, kind] of [
    [a, 'stock'],
    [a, 'stock'],
    [a, 'price'],
    [b, 'stock'],
    [a, 'stock']
  ])
    await db.execute(insert, [skuId, kind])
  await compactChanges(db)
  const kinds = await settled([a, b])
  t.same(
    kinds.changes.filter(({ skuId }) => skuId === a || skuId === b).map(({ skuId, kind }) => [skuId, kind]),
    [
      [a, 'price'],
      [b, 'stock'],
      [a, 'stock']
    ]
  )
})
