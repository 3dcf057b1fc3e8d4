/** The yardstick's driver as a process of its own: one order in one transaction, statement by statement, named prepared statements. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { addUp, createHistogram, type Histogram, percentile, record } from '../histogram.ts'
import type { YardstickResult, YardstickRun } from './contract.ts'
import { STEPS } from './schema.ts'

const url = process.argv[2]
if (url === undefined || process.send === undefined) throw new Error('this file is started by node-driver.ts')
const send = process.send.bind(process)

type Step = keyof typeof STEPS

const clients: pg.Client[] = []
const tag = randomBytes(4).toString('hex')
let serial = 0

const pick = (upTo: number): number => 1 + Math.floor(Math.random() * upTo)
const step = (client: pg.Client, name: Step, values: unknown[]) => client.query({ name, text: STEPS[name], values })

async function order(client: pg.Client, { skus, wallets }: YardstickRun): Promise<void> {
  const wallet = pick(wallets)
  const sku = pick(skus)
  await client.query('BEGIN')
  const { rows } = await step(client, 'order', [wallet, `${tag}-${serial++}`, sku])
  const id: unknown = rows[0]?.id
  const card = await step(client, 'card', [id, sku])
  if (card.rowCount !== 1) throw new Error('the yardstick ran out of cards')
  await step(client, 'entries', [wallet, id])
  await step(client, 'outbox', [id, sku])
  const paid = await step(client, 'wallet', [wallet])
  if (paid.rowCount !== 1) throw new Error('the yardstick ran out of money')
  await client.query('COMMIT')
}

async function connect(count: number): Promise<void> {
  while (clients.length < count) {
    const client = new pg.Client({ connectionString: url, application_name: 'yardstick' })
    await client.connect()
    clients.push(client)
  }
}

async function loop(client: pg.Client, run: YardstickRun, until: number): Promise<{ orders: number; latencies: Histogram }> {
  const latencies = createHistogram()
  let orders = 0
  for (let begun = performance.now(); begun < until; ) {
    await order(client, run)
    const now = performance.now()
    record(latencies, now - begun)
    if (now <= until) orders++
    begun = now
  }
  return { orders, latencies }
}

async function execute(run: YardstickRun): Promise<YardstickResult> {
  await connect(run.clients)
  const until = performance.now() + run.seconds * 1_000
  const loops = await Promise.all(clients.slice(0, run.clients).map(client => loop(client, run, until)))
  const orders = loops.reduce((sum, each) => sum + each.orders, 0)
  const latencies = addUp(loops.map(each => each.latencies))
  return { perSecond: orders / run.seconds, orders, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }
}

process.on('message', (run: YardstickRun) => {
  execute(run).then(
    result => send(result),
    (error: Error) => send({ failure: error.message })
  )
})
process.on('disconnect', () => process.exit(0))
