import t from 'tap'
import { kasushou } from '../../../src/suppliers/adapters/kasushou/index.ts'
import { signBody, toBody } from '../../../src/suppliers/adapters/kasushou/sign.ts'
import { chineseRefusal } from '../../../src/suppliers/adapters/wire/chinese.ts'
import { kasushouProtocol } from '../../../src/suppliers/simulators/protocols/kasushou.ts'
import { conformance } from '../conformance-suite.ts'

t.test('the signature is the documented one', async t => {
  const body = toBody({ quantity: 1, id: 7, external_orderno: 'T-0001' })
  t.equal(body, '{"external_orderno":"T-0001","id":7,"quantity":1}')
  t.equal(signBody('1767322800000', body, 'demo_secret'), '0588d676d863b138b921843013e9aaa1e764c725')
})

t.test('a number that was used before, and words that nobody knows, are no refusal', async t => {
  for (const message of ['三方订单号已存在', '订单重复，余额不足', '系统繁忙', '', '订单不存在']) t.equal(chineseRefusal(message), null)
  t.equal(chineseRefusal('余额不足，请充值'), 'no_funds')
})

t.test('kasushou conforms', async t => {
  await conformance(t, { adapter: kasushou, protocol: kasushouProtocol, credential: 'apiKey', saysQuantity: false })
})
