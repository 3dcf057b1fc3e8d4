import t from 'tap'
import { readWebhookSecrets } from '../../src/suppliers/index.ts'
import { findAdapter } from '../../src/suppliers/registry.ts'
import { exampleProtocol } from '../../src/suppliers/simulators/protocols/example.ts'
import { chooseOffer, type Measure, type Offer } from '../../src/suppliers/source.ts'
import { startTestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { cny, createReseller, createSku, expectStatus } from '../support/shop.ts'

const SUPPLIERS = '/v1/admin/suppliers'
const config = exampleProtocol.mint('http://127.0.0.1:9')

t.test('suppliers', async t => {
  const lines: string[] = []
  const shop = await startTestApp(t, { logLines: lines })
  const create = (body: object) => shop.admin('POST', SUPPLIERS, { body })

  t.test('without an adapter a supplier pushes; the secret for that is shown once', async t => {
    const created = await expectStatus(201, create({ name: 'Key works' }))
    t.match(created, { name: 'Key works', adapter: 'push', state: 'active', config: {}, webhookSecret: /^whsec_[A-Za-z0-9+/]{43}=$/ })
    const read = await expectStatus(200, shop.admin('GET', `${SUPPLIERS}/${created.id}`))
    t.notOk('webhookSecret' in read)
    t.strictSame(await readWebhookSecrets(shop.services, created.id.slice(4)), [created.webhookSecret])
    t.match((await expectStatus(200, shop.admin('GET', SUPPLIERS))).data, [{ id: created.id }])
    t.equal(read.callbackUrl, null)
  })

  t.test('credentials are stored sealed, bound to their supplier, and never shown', async t => {
    const one = await expectStatus(201, create({ name: 'One', adapter: 'example', config }))
    const two = await expectStatus(201, create({ name: 'Two', adapter: 'example', config }))
    t.strictSame(one.config, { baseUrl: config['baseUrl'] })
    t.equal(one.callbackUrl, `/v1/callbacks/suppliers/${one.id}`, 'where nobody can reach us from outside, the path')
    const rows = await shop.services.db.query<{ id: string; config_sealed: Buffer }>({
      name: 'test_config',
      text: 'SELECT id, config_sealed FROM supplier WHERE config_sealed IS NOT NULL ORDER BY id'
    })
    t.equal(rows.length, 2)
    const [first, second] = rows
    t.strictSame(shop.services.configs.open(first?.id ?? '', first?.config_sealed ?? null), config)
    t.throws(() => shop.services.configs.open(second?.id ?? '', first?.config_sealed ?? null), { name: 'Unsealable' })
    const shown = JSON.stringify([one, two, await shop.admin('GET', SUPPLIERS), await shop.admin('GET', `${SUPPLIERS}/${one.id}`), lines])
    for (const secret of [config['apiKey'], config['callbackSecret']]) {
      t.notOk(shown.includes(secret ?? '?'))
      t.notOk(rows.some(row => row.config_sealed.includes(secret ?? '?')))
    }
  })

  t.test('a config that does not fit its adapter is refused, and its values are not repeated', async t => {
    const refused = async (body: object, pointer: string) => {
      const { status, body: problem } = await create({ name: 'Bad', ...body })
      t.match({ status, problem }, { status: 400, problem: { code: 'validation_failed', errors: [{ pointer }] } }, pointer)
      t.notOk(JSON.stringify(problem).includes('s3cret'))
    }
    await refused({ adapter: 'no-such' }, '/adapter')
    await refused({ config: { apiKey: 's3cret' } }, '/config')
    await refused({ adapter: 'example', config: { ...config, baseUrl: 's3cret' } }, '/config/baseUrl')
    await refused({ adapter: 'example', config: { ...config, apiKey: 4711 } }, '/config/apiKey')
    await refused({ adapter: 'example', config: { ...config, more: 's3cret' } }, '/config/more')
    await refused({ adapter: 'example', config: { baseUrl: config['baseUrl'] ?? '' } }, '/config/apiKey')
  })

  t.test('a change of the config keeps what it does not name', async t => {
    const { id } = await expectStatus(201, create({ name: 'Old', adapter: 'example', config }))
    const changed = await expectStatus(
      200,
      shop.admin('PATCH', `${SUPPLIERS}/${id}`, { body: { name: 'New', config: { baseUrl: 'http://127.0.0.1:8' } } })
    )
    t.match(changed, { name: 'New', config: { baseUrl: 'http://127.0.0.1:8' } })
    t.equal((await shop.admin('PATCH', `${SUPPLIERS}/${id}`, { body: { config: { apiKey: null } } })).status, 400)
    const connection = (await shop.services.connections.many([id.slice(4)])).get(id.slice(4))
    t.equal(connection?.adapter.name, 'example')
    t.match(await expectStatus(200, shop.admin('POST', `${SUPPLIERS}/${id}/pause`)), { state: 'paused' })
    t.match(await expectStatus(200, shop.admin('POST', `${SUPPLIERS}/${id}/resume`)), { state: 'active' })
  })

  t.test('limits are set for one supplier, over those of its adapter, and taken back with null', async t => {
    const limits = { callsInFlight: 7, requestsPerMinute: 600, quietTimeMs: 1_000 }
    const created = await expectStatus(201, create({ name: 'Limited', adapter: 'example', config, limits }))
    t.strictSame(created.limits, limits)
    const connect = async () => (await shop.services.connections.many([created.id.slice(4)])).get(created.id.slice(4))
    t.equal((await connect())?.slots(), 7)
    t.match((await connect())?.adapter.capabilities, { quietTimeMs: 1_000, rateLimit: { requests: 10, perMs: 1_000 } })
    const change = (limits: object) => shop.admin('PATCH', `${SUPPLIERS}/${created.id}`, { body: { limits } })
    const changed = await expectStatus(200, change({ callsInFlight: null, requestsPerMinute: 30, callTimeoutMs: 500 }))
    t.strictSame(changed.limits, { requestsPerMinute: 30, callTimeoutMs: 500, quietTimeMs: 1_000 })
    t.match((await connect())?.adapter.capabilities, { rateLimit: { requests: 1, perMs: 2_000 } })
    t.equal((await connect())?.slots(), 1)
    for (const wrong of [{ callsInFlight: 0 }, { callTimeoutMs: 60_000 }, { quietTimeMs: -1 }, { more: 1 }])
      t.equal((await change(wrong)).status, 400)
  })

  t.test('after a rotation both secrets are good', async t => {
    const { id, webhookSecret } = await expectStatus(201, create({ name: 'Rotating' }))
    const rotated = await expectStatus(200, shop.admin('POST', `${SUPPLIERS}/${id}/rotate-webhook-secret`))
    t.not(rotated.webhookSecret, webhookSecret)
    t.strictSame(await readWebhookSecrets(shop.services, id.slice(4)), [rotated.webhookSecret, webhookSecret])
  })

  t.test('pausing shuts out its keys at once', async t => {
    const { id } = await expectStatus(201, create({ name: 'Login' }))
    const { key } = await expectStatus(201, shop.admin('POST', `${SUPPLIERS}/${id}/api-keys`, { body: { name: 'k' } }))
    const call = shop.as(key)
    t.equal((await call('GET', '/v1/wallet')).body.code, 'forbidden')
    await expectStatus(200, shop.admin('POST', `${SUPPLIERS}/${id}/pause`))
    t.equal((await call('GET', '/v1/wallet')).body.code, 'account_suspended')
  })
})

t.test('sources of a SKU', async t => {
  const shop = await startTestApp(t)
  const supplier = await expectStatus(201, shop.admin('POST', SUPPLIERS, { body: { name: 'S', adapter: 'example', config } }))
  const skuId = await createSku(shop)
  const url = `/v1/admin/skus/${skuId}/sources`
  const source = { supplierId: supplier.id, productCode: '1001', unitCost: cny('5.00'), priority: 1, enabled: true }

  t.test('are replaced as a whole, listed in the order in which they are asked, and announced', async t => {
    t.strictSame(await expectStatus(200, shop.admin('GET', url)), [])
    const later = { ...source, productCode: '1002', priority: 5 }
    const unheard = { available: null, onSale: true, seenAt: null }
    t.strictSame(await expectStatus(200, shop.admin('PUT', url, { body: [later, source] })), [
      { ...source, ...unheard },
      { ...later, ...unheard }
    ])
    const { priority: _, enabled: __, ...short } = source
    t.strictSame(await expectStatus(200, shop.admin('PUT', url, { body: [short] })), [{ ...source, priority: 100, ...unheard }])
    t.strictSame(await expectStatus(200, shop.admin('GET', url)), [{ ...source, priority: 100, ...unheard }])
    const { call } = await createReseller(shop)
    await eventually('the change is in the feed', async () => {
      const { data } = await expectStatus(200, call('GET', '/v1/catalog/changes?limit=100'))
      return data.some((change: { skuId: string; kind: string }) => change.skuId === skuId && change.kind === 'listing')
    })
  })

  t.test('what cannot be bought is refused', async t => {
    const refused = async (body: object, pointer: string) =>
      t.match(await shop.admin('PUT', url, { body }), { status: 400, body: { code: 'validation_failed', errors: [{ pointer }] } }, pointer)
    await refused([{ ...source, unitCost: { amount: '1.00', currency: 'USD' } }], '/0/unitCost/currency')
    await refused([source, source], '/1')
    await refused([{ ...source, supplierId: supplier.id.replace(/.$/, (digit: string) => (digit === '0' ? '1' : '0')) }], '/0/supplierId')
    t.equal((await shop.admin('PUT', url.replace(/.(?=\/sources)/, 'x'), { body: [] })).status, 404)
  })
})

t.test('of several sources the lowest priority comes first, then the cheapest, a sick one last, and none above the price', async t => {
  const adapter = findAdapter('example')
  if (adapter === null) throw new Error('there is no example')
  const offer = (supplierId: string, priority: number, unitCost: bigint): Offer => ({
    skuId: 's',
    supplierId,
    productCode: '1',
    unitCost,
    priority,
    enabled: true,
    available: null,
    marginFloor: 0n,
    maxCost: null,
    adapter
  })
  const offers = [offer('c', 2, 10n), offer('b', 1, 30n), offer('a', 1, 20n), offer('d', 0, 101n)]
  const measureOf = () => ({ success: 1, latencyMs: 0 })
  const order = (sick: string[]) => {
    const tried = new Set<string>()
    const found: string[] = []
    for (;;) {
      const next = chooseOffer(offers, { unitPrice: 100n, topUp: false, tried, isHealthy: id => !sick.includes(id), measureOf })
      if (next === null) return found
      tried.add(`${next.supplierId}:1`)
      found.push(next.supplierId)
    }
  }
  t.strictSame(order([]), ['a', 'b', 'c'])
  t.strictSame(order(['a']), ['b', 'c', 'a'])
})

t.test('of sources that cost the same, the one that did better lately comes first, then the faster one; one that has nothing never', async t => {
  const adapter = findAdapter('example')
  if (adapter === null) throw new Error('there is no example')
  const limits = { marginFloor: 10n, maxCost: 95n }
  const offer = (supplierId: string, available: number | null, unitCost = 50n): Offer => {
    return { skuId: 's', supplierId, productCode: '1', unitCost, priority: 1, enabled: true, available, ...limits, adapter }
  }
  const measures: Record<string, Measure> = {
    slow: { success: 0.97, latencyMs: 2_000 },
    fast: { success: 0.95, latencyMs: 250 },
    poor: { success: 0.6, latencyMs: 0 }
  }
  const choose = (...offers: Offer[]) =>
    chooseOffer(offers, {
      unitPrice: 100n,
      topUp: false,
      tried: new Set(),
      isHealthy: () => true,
      measureOf: id => measures[id] ?? { success: 1, latencyMs: 0 }
    })?.supplierId
  t.equal(choose(offer('poor', null), offer('slow', null), offer('fast', null)), 'fast')
  t.equal(choose(offer('poor', null), offer('slow', 3)), 'slow')
  t.equal(choose(offer('fast', 0), offer('poor', 1)), 'poor')
  t.equal(choose(offer('fast', null, 91n), offer('poor', null, 90n)), 'poor', 'what leaves less than the floor is not bought')
})
