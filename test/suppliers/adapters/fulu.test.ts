import t from 'tap'
import { fulu } from '../../../src/suppliers/adapters/fulu/index.ts'
import { decryptCard, fromBeijingTime, signRequest, toBeijingTime } from '../../../src/suppliers/adapters/fulu/sign.ts'
import { fuluProtocol } from '../../../src/suppliers/simulators/protocols/fulu.ts'
import { conformance } from '../conformance-suite.ts'

const order = (productId: number) => ({
  app_key: 'demo_key',
  method: 'fulu.order.card.add',
  timestamp: '2026-01-02 03:04:05',
  version: '2.0',
  format: 'json',
  charset: 'utf-8',
  sign_type: 'md5',
  app_auth_token: '',
  biz_content: JSON.stringify({ product_id: productId, buy_num: 1, customer_order_no: 'T-0001' })
})

t.test('the signature is the documented one, also for a permutation', async t => {
  for (const productId of [10000587, 10000578]) t.equal(signRequest(order(productId), 'demo_secret'), '4c8e0dbb5548a6169ed8331dae2ec3ff')
})

t.test('times are those of Beijing', async t => {
  t.equal(toBeijingTime(Date.UTC(2026, 0, 1, 19, 4, 5)), '2026-01-02 03:04:05')
  t.same(fromBeijingTime('2026-01-02 03:04:05'), new Date(Date.UTC(2026, 0, 1, 19, 4, 5)))
  t.equal(fromBeijingTime('soon'), null)
})

t.test('a card of another secret does not open', async t => {
  t.equal(decryptCard('not base64 of ours', 'x'.repeat(32)), null)
})

t.test('fulu conforms', async t => {
  await conformance(t, { adapter: fulu, protocol: fuluProtocol, credential: 'appSecret', refusals: { no_funds: 'unknown' } })
})
