/**
 * Orders against suppliers that fail in every way, on two real servers that are killed in turn. What the suppliers' books say must be
 * what ours say.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type RunningServer, startServer } from '../../support/server.ts'
import { compareBooks, type Report } from './books.ts'
import { openFront } from './front.ts'
import { type Market, ok, openMarket } from './market.ts'
import { createDice, type Options } from './options.ts'

const ADMIN_KEY = 'soak-operator-key-0123456789abcdef'
const CLIENTS = 48
const QUANTITY_MAX = 3
/** One of so many orders charges an account. */
const TOP_UP_ONE_OF = 20
/** What is unclear for a minute is for a person; a dead server's calls wait for their lease first. */
const SETTLE_MAX_MS = 150_000
/** After its deadline a minute more would be a broken promise. */
const LATE_MS = 45_000

export interface SoakReport extends Report {
  readonly seconds: number
  readonly kills: number
}

export interface Lab {
  readonly databaseUrl: string
  readonly redisUrl: string
  /** A database of a test run may be lost with the machine. */
  readonly isDurable: boolean
}

const envOf = ({ databaseUrl, redisUrl, isDurable }: Lab, publicUrl: string) => ({
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  KAHUB_ADMIN_KEY: ADMIN_KEY,
  KAHUB_MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
  KAHUB_ALLOW_PRIVATE_TARGETS: 'true',
  KAHUB_PUBLIC_URL: publicUrl,
  KAHUB_ALLOW_UNSAFE_DATABASE: String(!isDurable),
  HOST: '127.0.0.1'
})

export async function soak(lab: Lab, options: Options, log: (line: string) => void): Promise<SoakReport> {
  const servers: RunningServer[] = []
  let called = 0
  const front = await openFront(() => servers[called++ % servers.length]?.base ?? 'http://127.0.0.1:9')
  const start = (): Promise<RunningServer> => startServer(envOf(lab, front.url))
  const client = new pg.Client({ connectionString: lab.databaseUrl })
  await client.connect()
  servers.push(...(await Promise.all([start(), start()])))
  const market = await openMarket(adminOf(servers), options)
  const begun = performance.now()
  try {
    const { placed, kills } = await placeAll({ options, market, servers, start, log })
    log(`${placed.size} orders placed, ${kills} kills, ${seconds(begun)} s`)
    const late = await settleAll(client, log)
    const delivered = await readSecrets(servers, placed)
    const report = await compareBooks(client, market.shelves, delivered)
    const invariants = await ok(adminOf(servers)('GET', '/v1/admin/invariants'))
    const broken =
      invariants.ok === true ? [] : [`invariants broken: ${JSON.stringify(invariants.data.filter((each: { broken: number }) => each.broken))}`]
    const missing = placed.size === report.counts['orders'] ? [] : [`${placed.size} orders were answered, ${report.counts['orders']} are stored`]
    return {
      ...report,
      counts: { ...report.counts, ...front.answers },
      faults: [...report.faults, ...late, ...broken, ...missing],
      seconds: seconds(begun),
      kills
    }
  } finally {
    front.close()
    await Promise.all(servers.map(server => server.terminate()))
    await Promise.all(market.shelves.map(({ sim }) => sim.close()))
    await client.end()
  }
}

const seconds = (since: number): number => Math.round((performance.now() - since) / 1_000)
const adminOf = (servers: readonly RunningServer[]) => (servers[0] as RunningServer).as(ADMIN_KEY)

interface Placing {
  readonly options: Options
  readonly market: Market
  /** Replaced when it is killed. */
  readonly servers: RunningServer[]
  readonly start: () => Promise<RunningServer>
  readonly log: (line: string) => void
}

/** Every order is placed, whatever dies meanwhile: without an answer it is asked for again under its key. Returns each with its buyer. */
async function placeAll({ options, market, servers, start, log }: Placing): Promise<{ placed: Map<string, string>; kills: number }> {
  const dice = createDice(options.seed)
  const placed = new Map<string, string>()
  const every = Math.floor(options.orders / (options.kills + 1))
  let kills = 0
  let killing: Promise<void> = Promise.resolve()
  const kill = async (): Promise<void> => {
    const victim = kills++ % servers.length
    log(`${placed.size} orders placed: kill -9`)
    await servers[victim]?.kill()
    servers[victim] = await start()
  }
  const work = Array.from({ length: options.orders }, (_, index) => {
    const isTopUp = dice(TOP_UP_ONE_OF) === 0
    const skuId = isTopUp ? market.topUpId : market.skuIds[dice(market.skuIds.length)]
    const body = { skuId, quantity: isTopUp ? 1 : 1 + dice(QUANTITY_MAX), ...(isTopUp ? { input: { account: `1380000${index}` } } : {}) }
    return { key: `soak-${options.seed}-${index}`, body, buyer: market.buyers[dice(market.buyers.length)] ?? '', server: index }
  })
  let next = 0
  const client = async (): Promise<void> => {
    for (let each = work[next++]; each !== undefined; each = work[next++]) {
      placed.set(await placeUntilAnswered(servers, each), each.buyer)
      if (kills < options.kills && placed.size >= every * (kills + 1)) killing = Promise.all([killing, kill()]).then(() => undefined)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  await killing
  return { placed, kills }
}

const RETRY_MS = 100
const ANSWERS_THAT_PASS = [409, 429, 503]

async function placeUntilAnswered(
  servers: readonly RunningServer[],
  { key, body, buyer, server }: { readonly key: string; readonly body: object; readonly buyer: string; readonly server: number }
): Promise<string> {
  for (let attempt = server; ; attempt++) {
    const reply = await (servers[attempt % servers.length] as RunningServer)
      .as(buyer)('POST', '/v1/orders', { key, body })
      .catch(() => null)
    if (reply !== null && (reply.status === 202 || reply.status === 201)) return reply.body.id
    if (reply !== null && !ANSWERS_THAT_PASS.includes(reply.status)) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`)
    await sleep(RETRY_MS)
  }
}

const OPEN = `
  SELECT count(*)::int AS open, count(*) FILTER (WHERE deadline_at < now() - $1 * interval '1 millisecond')::int AS late
  FROM orders WHERE state NOT IN ('fulfilled', 'partially_fulfilled', 'failed', 'review')`

/** Waits for the end of all orders. Returns what took longer than was promised. */
async function settleAll(client: pg.Client, log: (line: string) => void): Promise<string[]> {
  const until = performance.now() + SETTLE_MAX_MS
  let most = 0
  for (let round = 0; performance.now() < until; round++) {
    const { rows } = await client.query<{ open: number; late: number }>(OPEN, [LATE_MS])
    const [row = { open: 0, late: 0 }] = rows
    most = Math.max(most, row.late)
    if (round % 10 === 0) log(`${row.open} orders open`)
    if (row.open === 0) break
    await sleep(1_000)
  }
  return most === 0 ? [] : [`${most} orders were past their deadline for more than ${LATE_MS} ms, neither ended nor in review`]
}

/** As their resellers see them. */
async function readSecrets(servers: readonly RunningServer[], placed: ReadonlyMap<string, string>): Promise<Map<string, string[]>> {
  const delivered = new Map<string, string[]>()
  const work = [...placed]
  const client = async (): Promise<void> => {
    for (let each = work.pop(); each !== undefined; each = work.pop()) {
      const [orderId, buyer] = each
      const { data } = await ok((servers[0] as RunningServer).as(buyer)('GET', `/v1/orders/${orderId}/cards?limit=100`))
      delivered.set(
        orderId.slice(4),
        data.map((card: { secret: string }) => card.secret)
      )
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return delivered
}
