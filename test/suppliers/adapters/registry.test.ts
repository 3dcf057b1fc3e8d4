import t from 'tap'
import { example } from '../../../src/suppliers/adapters/example/index.ts'
import { ADAPTERS, findAdapter } from '../../../src/suppliers/registry.ts'
import { PROTOCOLS } from '../../../src/suppliers/simulators/registry.ts'

t.test('each adapter has a name of its own and a simulator', async t => {
  const names = ADAPTERS.map(adapter => adapter.name)
  t.same([...names].sort(), PROTOCOLS.map(({ name }) => name).sort())
  t.equal(new Set(names).size, names.length)
  t.equal(findAdapter('example'), example)
  t.equal(findAdapter('no-such-system'), null)
})

t.test('each config can be stored: flat, described, and with its credentials marked', async t => {
  for (const adapter of ADAPTERS) {
    const { properties } = adapter.configSchema as { properties: Record<string, { type: string; description?: string; writeOnly?: boolean }> }
    t.ok(Object.values(properties).every(each => each.type === 'string' && each.description))
    t.ok(Object.values(properties).some(each => each.writeOnly === true))
  }
})

t.test('review never comes before a first answer can', async t => {
  for (const { capabilities } of ADAPTERS) t.ok(capabilities.reviewAfterMs >= 60_000 && capabilities.quietTimeMs > 0)
})
