import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { example } from '../../../src/suppliers/adapters/example/index.ts'
import { exampleProtocol } from '../../../src/suppliers/simulators/protocols/example.ts'
import { type Simulator, startSimulator } from '../../../src/suppliers/simulators/simulator.ts'
import { eventually } from '../../support/eventually.ts'
import { createTestOutbound } from '../../support/outbound.ts'

const order = { productCode: '1001', quantity: 1, maxUnitCost: 50_000n, currency: 'CNY', input: null, notifyUrl: null }
const http = createTestOutbound({ timeoutMs: 5_000, maxBytes: 100_000 })
t.teardown(() => http.close())

const control = (sim: Pick<Simulator, 'origin'>, token: string) => async (method: string, path: string, body?: object) => {
  const answer = await fetch(`${sim.origin}/__sim/${path}`, {
    method,
    headers: { 'x-sim-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: answer.status, body: await answer.json() }
}

t.test('the book and the faults of a running simulator are there for who has the token', async t => {
  const sim = await startSimulator(exampleProtocol)
  t.teardown(() => sim.close())
  const call = control(sim, sim.controlToken)
  t.equal((await control(sim, 'guess')('GET', 'book')).status, 403)
  t.equal((await call('POST', 'faults', { script: [{ fault: 'no such fault' }] })).status, 400)
  t.equal((await call('POST', 'faults', { script: [{ fault: 'not_json' }], rates: {} })).status, 200)
  t.equal((await call('POST', 'shop', { product: '1001', stock: 2, price: '4.50', balance: '9.00', delivery: 'later' })).status, 200)
  const client = example.connect(sim.config, http)
  t.match(await client.place({ ...order, reference: 'a' }), { kind: 'unknown' })
  t.match(await client.place({ ...order, reference: 'b' }), { kind: 'accepted' })
  t.match(await client.place({ ...order, reference: 'c' }), { kind: 'refused', refusal: 'out_of_stock' })
  t.match((await call('POST', 'settle', { reference: 'b' })).body, { state: 'done' })
  t.equal((await call('POST', 'settle', { reference: 'z' })).status, 404)
  t.match((await call('GET', 'book')).body, {
    balance: '0',
    sales: [
      { reference: 'a', unitPrice: '45000' },
      { reference: 'b', state: 'done' }
    ]
  })
})

t.test('the same seed gives the same faults', async t => {
  const run = async (): Promise<string[]> => {
    const sim = await startSimulator(exampleProtocol, { seed: 7 })
    sim.plan.rates({ error_before: 0.3, not_json: 0.3 })
    const client = example.connect(sim.config, http)
    const kinds: string[] = []
    for (let n = 0; n < 30; n++) kinds.push((await client.place({ ...order, reference: `r${n}` })).kind)
    await sim.close()
    return kinds
  }
  const first = await run()
  t.same(await run(), first)
  t.ok(first.includes('unknown') && first.includes('fulfilled'))
})

t.test('callbacks are pushed: once, twice, forged or lost, as the plan says', async t => {
  const bodies: string[] = []
  const kinds: string[] = []
  const sim = await startSimulator(exampleProtocol)
  const client = example.connect(sim.config, http)
  const receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    bodies.push(body.toString())
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    kinds.push(client.parseWebhook(headers, body, {}).kind)
    response.end('ok')
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.teardown(async () => {
    await sim.close()
    receiver.close()
  })
  const address = receiver.address()
  const notifyUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/callback`
  sim.plan.script({ fault: 'callback_lost' }, { fault: 'callback_forged' }, { fault: 'callback_twice' })
  await client.place({ ...order, notifyUrl, reference: 'lost' })
  await client.place({ ...order, notifyUrl, reference: 'forged' })
  await eventually('the forged one', () => bodies.length === 1)
  await client.place({ ...order, notifyUrl, reference: 'twice' })
  await eventually('both', () => bodies.length === 3)
  t.same(kinds, ['refused', 'events', 'events'])
  t.equal(bodies[1], bodies[2])
  t.notOk(bodies.some(body => body.includes('"lost"')))
})

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, ['src/suppliers/simulators/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

t.test('npm run simulate prints how to buy there, and ends when it is told to', async t => {
  const child = start('fulu', '--seed', '3')
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await eventually('its address', () => /listens on http/.test(text) && /x-sim-token/.test(text))
  const [, origin = '', token = ''] = [
    /listens on (\S+)/.exec(text)?.[0] ?? '',
    /listens on (\S+)/.exec(text)?.[1],
    /x-sim-token: (\w+)/.exec(text)?.[1]
  ]
  t.match((await control({ origin }, token)('GET', 'book')).body, { sales: [] })
  child.kill('SIGTERM')
  t.same((await once(child, 'exit'))[0], 0)
  const wrong = start('no-such-system')
  t.equal((await once(wrong, 'exit'))[0], 2)
})
