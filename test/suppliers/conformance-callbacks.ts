/** Callbacks: verified before they are read, believed only as far as they are signed. */
import type { Test } from 'tap'
import type { CallbackResult, SupplierEvent } from '../../src/suppliers/contract.ts'
import type { Callback } from '../../src/suppliers/simulators/protocol.ts'
import type { Sale } from '../../src/suppliers/simulators/shop.ts'
import type { Rig } from './conformance-rig.ts'

const parse = ({ client }: Rig, { headers, query, body }: Callback): CallbackResult => client.parseWebhook(headers, Buffer.from(body), query)
const eventsOf = (result: CallbackResult): readonly SupplierEvent[] => (result.kind === 'events' ? result.events : [])

async function soldOne(rig: Rig): Promise<Sale> {
  const request = rig.order()
  await rig.place(request)
  const [sale] = rig.sales(request)
  if (sale === undefined) throw new Error('nothing was sold')
  return sale
}

export async function callbackCases(t: Test, rig: Rig): Promise<void> {
  const { sim, client } = rig
  await t.test('what is no callback is refused and throws nothing', async t => {
    const bodies = [
      '',
      '{}',
      '[]',
      'null',
      '"text"',
      'not json',
      '['.repeat(50_000),
      '{"__proto__":{"a":1}}',
      '\u0000\uffff',
      '{"sign":"x","time":"1"}'
    ]
    for (const body of bodies) t.equal(client.parseWebhook({}, Buffer.from(body), {}).kind, 'refused')
    t.equal(client.parseWebhook({}, Buffer.from([0xff, 0xfe, 0xfd]), {}).kind, 'refused')
  })
  const sale = await soldOne(rig)
  const genuine = sim.orderCallback(sale)
  if (genuine !== null) {
    await t.test('a genuine order callback asks to look at that order, as often as it comes', async t => {
      for (const result of [parse(rig, genuine), parse(rig, genuine)]) {
        t.equal(result.kind, 'events')
        const [event] = eventsOf(result)
        t.ok(event?.kind === 'order_changed' && (event.reference === sale.reference || event.upstreamId === sale.upstreamId))
        t.equal(eventsOf(result).length, 1)
      }
    })
    await t.test('a forged order callback is refused, also with another body under a good signature', async t => {
      const forged = sim.orderCallback(sale, 'forged')
      t.equal(forged === null ? 'refused' : parse(rig, forged).kind, 'refused')
      t.equal(parse(rig, { ...genuine, headers: {} }).kind === 'events' && Object.keys(genuine.headers).length > 0, false)
    })
    await t.test('a body that the signature does not cover changes nothing but what is asked', async t => {
      const tampered = sim.orderCallback(sale, 'tampered')
      const found = tampered === null ? [] : eventsOf(parse(rig, tampered))
      t.ok(found.every(event => event.kind === 'order_changed'))
      t.notMatch(JSON.stringify(found), /STOLEN/)
    })
  }
  const product = sim.productCallback('1001')
  if (product !== null) {
    await t.test('a genuine product callback names the product, a forged one is refused', async t => {
      const [event] = eventsOf(parse(rig, product))
      t.match(event, { kind: 'product_changed', code: rig.code('1001') })
      if (event?.kind === 'product_changed') t.ok(event.unitCost === null || event.unitCost === 50_000n)
      const forged = sim.productCallback('1001', 'forged')
      t.equal(forged === null ? 'refused' : parse(rig, forged).kind, 'refused')
    })
  }
  await t.test('an adapter that declares callbacks understands at least one', async t => {
    t.equal(rig.subject.adapter.capabilities.callback, genuine !== null || product !== null)
  })
}
