import { createHash } from 'node:crypto'
import t from 'tap'
import { kakayun } from '../../../src/suppliers/adapters/kakayun/index.ts'
import { signFields } from '../../../src/suppliers/adapters/kakayun/sign.ts'
import { kakayunProtocol } from '../../../src/suppliers/simulators/protocols/kakayun.ts'
import { conformance } from '../conformance-suite.ts'

t.test('the signature is over the sorted fields that are not empty', async t => {
  const expected = createHash('md5').update('buynum=1&goodsid=7&timestamp=1767322800&userid=10052&usorderno=T-0001demo_secret').digest('hex')
  const fields = { usorderno: 'T-0001', userid: '10052', timestamp: 1767322800, attach: '', goodsid: '7', buynum: 1, sign: 'x' }
  t.equal(signFields(fields, 'demo_secret'), expected)
})

t.test('kakayun conforms', async t => {
  await conformance(t, { adapter: kakayun, protocol: kakayunProtocol, credential: 'key', saysQuantity: false })
})
