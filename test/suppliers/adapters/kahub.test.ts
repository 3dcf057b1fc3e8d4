import t from 'tap'
import { kahub } from '../../../src/suppliers/adapters/kahub/index.ts'
import { parseStandardWebhook } from '../../../src/suppliers/adapters/kahub/webhook.ts'
import { kahubProtocol } from '../../../src/suppliers/simulators/protocols/kahub.ts'
import { conformance } from '../conformance-suite.ts'

t.test('a webhook that is too old is refused, whatever its signature', async t => {
  t.match(parseStandardWebhook('whsec_AAAA', { 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' }, Buffer.from('{}')), {
    kind: 'refused'
  })
})

t.test('kahub conforms', async t => {
  await conformance(t, { adapter: kahub, protocol: kahubProtocol, credential: 'apiKey' })
})
