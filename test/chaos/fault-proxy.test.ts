import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { type Link, openLink } from './rig/fault-proxy.ts'

interface Ends {
  readonly link: Link
  /** What arrived at the target. */
  readonly received: () => string
  readonly client: () => Promise<{ readonly socket: Socket; readonly got: () => string; readonly lost: () => boolean }>
}

/** A server that answers every piece with the same piece. */
async function open(t: Test): Promise<Ends> {
  let received = ''
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      received += chunk.toString()
      socket.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = await openLink({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  t.teardown(() => {
    link.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const client: Ends['client'] = async () => {
    const socket = connect(link.port, '127.0.0.1')
    let got = ''
    let lost = false
    socket.on('error', () => {
      lost = true
    })
    socket.on('close', () => {
      lost = true
    })
    socket.on('data', chunk => {
      got += chunk.toString()
    })
    t.teardown(() => socket.destroy())
    return { socket, got: () => got, lost: () => lost }
  }
  return { link, received: () => received, client }
}

t.test('a link without a fault carries everything both ways', async t => {
  const { client, received } = await open(t)
  const { socket, got } = await client()
  const text = 'abc'.repeat(100_000)
  socket.write(text)
  await eventually('all came back', () => got().length === text.length)
  t.equal(got(), text)
  t.equal(received(), text)
})

t.test('late and dripping links keep the order, and what they hold comes at once when they are healed', async t => {
  const { link, client } = await open(t)
  const { socket, got } = await client()
  link.setFault({ kind: 'drip' })
  socket.write('one ')
  await eventually('the drops came', () => got() === 'one ')
  link.setFault({ kind: 'latency', ms: 30 })
  socket.write('two ')
  await eventually('it came late', () => got() === 'one two ')
  link.setFault({ kind: 'latency', ms: 3_600_000 })
  socket.write('three')
  link.setFault({ kind: 'none' })
  await eventually('nothing waits any more', () => got() === 'one two three')
  t.pass()
})

t.test('a stalled link delivers late what the client had given up on', async t => {
  const { link, client, received } = await open(t)
  const { socket } = await client()
  await once(socket, 'connect')
  await eventually('the link knows it', () => link.open() === 1)
  link.setFault({ kind: 'stall' })
  socket.end('order')
  const other = await client()
  other.socket.write('second')
  await eventually('both are held', () => link.open() === 2)
  t.equal(received(), '')
  link.setFault({ kind: 'none' })
  await eventually('both arrive', () => received().includes('order') && received().includes('second'))
})

t.test('a half-open link tells nobody, and resets what it lost when it is healed', async t => {
  const { link, client, received } = await open(t)
  const { socket, got, lost } = await client()
  socket.write('before')
  await eventually('it works', () => got() === 'before')
  link.setFault({ kind: 'half_open' })
  socket.write('lost')
  const fresh = await client()
  await once(fresh.socket, 'connect')
  fresh.socket.write('lost too')
  await eventually('a new connection is taken, too', () => link.open() === 2)
  t.equal(lost(), false)
  link.setFault({ kind: 'none' })
  await eventually('now it is known', lost)
  t.equal(received(), 'before')
})

t.test('a swallowed answer was an effect', async t => {
  const { link, client, received } = await open(t)
  const { socket, got, lost } = await client()
  link.setFault({ kind: 'swallow' })
  socket.write('commit')
  await eventually('the connection is lost', lost)
  t.equal(received(), 'commit')
  t.equal(got(), '')
})

t.test('cut connections may come again, refused ones may not, and a target may move', async t => {
  const { link, client } = await open(t)
  const first = await client()
  await once(first.socket, 'connect')
  await eventually('the link knows it', () => link.open() === 1)
  link.setFault({ kind: 'cut' })
  await eventually('it is reset', first.lost)
  const second = await client()
  second.socket.write('again')
  await eventually('a new one works', () => second.got() === 'again')
  link.setFault({ kind: 'refuse' })
  await eventually('the open one is reset', second.lost)
  const third = await client()
  await eventually('a new one is refused', third.lost)
  link.setFault({ kind: 'none' })
  link.setTarget(null)
  const fourth = await client()
  await eventually('there is nobody', fourth.lost)
})
