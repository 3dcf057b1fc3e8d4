import t from 'tap'
import { sign } from '../../../src/suppliers/adapters/dujiao-next/client.ts'
import { dujiaoNext } from '../../../src/suppliers/adapters/dujiao-next/index.ts'
import { dujiaoNextProtocol } from '../../../src/suppliers/simulators/protocols/dujiao-next.ts'
import { conformance } from '../conformance-suite.ts'

t.test('the signature is the documented one', async t => {
  const signed = { method: 'POST', path: '/api/v1/upstream/orders', time: '1767322800', body: '{"sku_id":1,"quantity":1}' }
  t.equal(sign(signed, 'demo_secret'), '350796ce6d8eac9c10d7b7c5608d53a5347c175c78b1d3f9a7b4712234c0e446')
})

t.test('dujiao-next conforms', async t => {
  await conformance(t, {
    adapter: dujiaoNext,
    protocol: dujiaoNextProtocol,
    credential: 'apiSecret',
    numbers: false,
    productCode: code => `${code}/${code}`
  })
})
