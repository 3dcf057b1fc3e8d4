import t from 'tap'
import { reloadly } from '../../../src/suppliers/adapters/reloadly/index.ts'
import { toAmount } from '../../../src/suppliers/adapters/wire/amount.ts'
import { parseWire, textAt } from '../../../src/suppliers/adapters/wire/json.ts'
import { reloadlyProtocol } from '../../../src/suppliers/simulators/protocols/reloadly.ts'
import { conformance } from '../conformance-suite.ts'

t.test('numbers of a card keep all their digits', async t => {
  const body = parseWire('{"cardNumber":6120200345149064999,"pinCode":1e3,"amount":34536.21}')
  t.equal(textAt(body, 'cardNumber'), '6120200345149064999')
  t.equal(textAt(body, 'pinCode'), '1e3')
  t.equal(toAmount(textAt(body, 'amount')), 345_362_100n)
})

t.test('amounts are exact, round up what is too fine, and are nothing else', async t => {
  t.equal(toAmount('0.00001'), 1n)
  t.equal(toAmount('900719925474.0993'), 9_007_199_254_740_993n)
  for (const text of ['', '-1', '1e3', '1,5', ' 1', '1.', '.5', 'NaN', '12345678901234']) t.equal(toAmount(text), null)
})

t.test('reloadly conforms', async t => {
  await conformance(t, {
    adapter: reloadly,
    protocol: reloadlyProtocol,
    credential: 'clientSecret',
    refusals: { out_of_stock: 'unknown', no_funds: 'unknown' },
    failsLater: false,
    productCode: code => `${code}:5`
  })
})
