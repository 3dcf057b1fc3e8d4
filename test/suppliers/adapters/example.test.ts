import t from 'tap'
import { example } from '../../../src/suppliers/adapters/example/index.ts'
import { exampleProtocol } from '../../../src/suppliers/simulators/protocols/example.ts'
import { conformance } from '../conformance-suite.ts'

t.test('example conforms', async t => {
  await conformance(t, { adapter: example, protocol: exampleProtocol, credential: 'apiKey' })
})
