import t from 'tap'
import { bamboo } from '../../../src/suppliers/adapters/bamboo/index.ts'
import { toReference, toRequestId } from '../../../src/suppliers/adapters/bamboo/request-id.ts'
import { bambooProtocol } from '../../../src/suppliers/simulators/protocols/bamboo.ts'
import { conformance } from '../conformance-suite.ts'

t.test('a reference and its GUID name each other', async t => {
  for (const reference of ['000000000000000000000000', 'zzzzzzzzzzzzzzzzzzzzzzzz', '0f1fxfw2hm3k9q7r5t8u1v0a']) {
    t.match(toRequestId(reference), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    t.equal(toReference(toRequestId(reference)), reference)
  }
  t.equal(toReference(toRequestId('zzzzzzzzzzzzzzzzzzzzzzzz').toUpperCase()), 'zzzzzzzzzzzzzzzzzzzzzzzz')
  for (const text of ['', 'x', `${'0'.repeat(32)}`]) t.equal(toReference(text), null)
})

t.test('bamboo conforms', async t => {
  await conformance(t, {
    adapter: bamboo,
    protocol: bambooProtocol,
    credential: 'clientSecret',
    refusals: { out_of_stock: 'unknown', no_funds: 'unknown' },
    productCode: code => `${code}:5`
  })
})
