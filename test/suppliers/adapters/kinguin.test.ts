import t from 'tap'
import { kinguin } from '../../../src/suppliers/adapters/kinguin/index.ts'
import { kinguinProtocol } from '../../../src/suppliers/simulators/protocols/kinguin.ts'
import { conformance } from '../conformance-suite.ts'

t.test('kinguin conforms', async t => {
  await conformance(t, { adapter: kinguin, protocol: kinguinProtocol, credential: 'apiKey', numbers: false })
})
