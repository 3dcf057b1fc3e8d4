import t from 'tap'
import { kayixin } from '../../../src/suppliers/adapters/kayixin/index.ts'
import { signBody } from '../../../src/suppliers/adapters/kayixin/sign.ts'
import { kayixinProtocol } from '../../../src/suppliers/simulators/protocols/kayixin.ts'
import { conformance } from '../conformance-suite.ts'

t.test('the signature is the documented one', async t => {
  const body = '{"goodsId":7,"count":1,"outerNumber":"T-0001"}'
  t.equal(signBody({ appId: 'demo_app', appSecret: 'demo_secret' }, '1767322800', body), '141b59497e2860e7434e426dd8b894a8')
})

t.test('kayixin conforms', async t => {
  await conformance(t, { adapter: kayixin, protocol: kayixinProtocol, credential: 'appSecret', saysQuantity: false })
})
