import t from 'tap'
import { acgFaka } from '../../../src/suppliers/adapters/acg-faka/index.ts'
import { signFields } from '../../../src/suppliers/adapters/acg-faka/sign.ts'
import { acgFakaProtocol } from '../../../src/suppliers/simulators/protocols/acg-faka.ts'
import { startSimulator } from '../../../src/suppliers/simulators/simulator.ts'
import { createTestOutbound } from '../../support/outbound.ts'
import { conformance } from '../conformance-suite.ts'

const KEY = 'A1B2C3D4E5F60718'

t.test('the signature is the documented one', async t => {
  t.equal(signFields({ app_id: '1000', app_key: KEY }, KEY), 'b0e09e272ed5dfd624b8cd7fe200d454')
  t.equal(signFields({ app_id: '1000' }, KEY), '1c4f89eb7d690dfa1987e5b88c42a544')
  const trade = {
    app_id: '1000',
    app_key: KEY,
    card_id: '0',
    contact: 'a b+c%20&=中文',
    device: '0',
    num: '5',
    password: '',
    race: '月卡',
    request_no: '333261123090528793',
    shared_code: 'RACE000000000002'
  }
  t.equal(signFields(trade, KEY), '40bb875896474f9222ac73ef809f4e36')
  const sku = { app_id: '1000', app_key: KEY, card_id: '0', code: 'SKU0000000000003', num: '1', race: '', 'sku[颜色]': '蓝', 'sku[尺寸]': 'L' }
  t.equal(signFields(sku, KEY), '7dd9b2b70f74e22e30a1d1b20c64d5e7')
})

t.test('trades of one account go one at a time', async t => {
  const sim = await startSimulator(acgFakaProtocol)
  const http = createTestOutbound({ timeoutMs: 5_000, maxBytes: 100_000 })
  t.teardown(async () => {
    await sim.close()
    await http.close()
  })
  let open = 0
  let most = 0
  const counting: typeof http = {
    ...http,
    send: async request => {
      const isTrade = request.url.endsWith('/trade')
      if (isTrade) most = Math.max(most, ++open)
      const answer = await http.send(request)
      if (isTrade) open -= 1
      return answer
    }
  }
  const client = acgFaka.connect(sim.config, counting)
  const orders = Array.from({ length: 8 }, (_, n) => ({ reference: `a8f3e1${n}`, productCode: '1001', quantity: 1, maxUnitCost: 50_000n }))
  const placed = await Promise.all(orders.map(order => client.place({ ...order, currency: 'CNY', input: null, notifyUrl: null })))
  t.ok(placed.every(each => each.kind === 'fulfilled'))
  t.equal(most, 1)
})

t.test('a reference that the shop would choke on is not sent', async t => {
  const http = createTestOutbound({ timeoutMs: 100, maxBytes: 1_000 })
  t.teardown(() => http.close())
  const client = acgFaka.connect({ baseUrl: 'http://127.0.0.1:9', appId: '1', appKey: 'k' }, http)
  const order = { productCode: '1', quantity: 1, maxUnitCost: 1n, currency: 'CNY', input: null, notifyUrl: null }
  for (const reference of ['x'.repeat(20), 'a-b', ''])
    t.match(await client.place({ ...order, reference }), { kind: 'refused', refusal: 'invalid_request' })
})

t.test('acg-faka conforms', async t => {
  await conformance(t, {
    adapter: acgFaka,
    protocol: acgFakaProtocol,
    credential: 'appKey',
    saysQuantity: false,
    numbers: false,
    failsLater: false
  })
})
