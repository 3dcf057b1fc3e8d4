/** Two servers on one pooled database sell one stock to many buyers. */
import assert from 'node:assert/strict'
import pg from 'pg'
import { ADMIN_KEY, type Call } from '../support/app.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { createReseller, createSku } from '../support/shop.ts'

export interface Login {
  readonly user: string
  readonly password: string
}

export interface Shop {
  readonly databaseUrl: string
  readonly redisUrl: string
}

const STOCK = 1_500
const BUYERS = 40
const ORDERS_EACH = 40
const PROBES = 20

function environment({ databaseUrl, redisUrl }: Shop): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    KAHUB_ADMIN_KEY: ADMIN_KEY,
    KAHUB_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    KAHUB_ALLOW_UNSAFE_DATABASE: 'true',
    KAHUB_ALLOW_PRIVATE_TARGETS: 'true'
  }
}

/** Throws an AssertionError that says what did not hold. */
export async function sellThroughPooler(shop: Shop): Promise<void> {
  // Together, so that both migrate, through the pooler.
  const servers = await Promise.all([startServer(environment(shop)), startServer(environment(shop))])
  try {
    for (const server of servers) assert.match(server.output(), /a pooler stands before the database/, 'a pooler is noticed')
    await sell(servers)
    await nothingIsLeftBehind(shop.databaseUrl)
  } finally {
    const codes = await Promise.all(servers.map(server => server.terminate()))
    assert.deepEqual(codes, [0, 0], servers.map(server => server.output()).join('\n'))
  }
}

const asOf =
  (server: RunningServer) =>
  (key: string): Call =>
  async (method, path, options) => {
    const { status, headers, body } = await server.as(key)(method, path, options)
    return { status, headers: Object.fromEntries(headers), body }
  }

async function sell(servers: readonly RunningServer[]): Promise<void> {
  const [first, second] = servers as [RunningServer, RunningServer]
  const shop = { admin: asOf(first)(ADMIN_KEY), as: asOf(first) }
  const skuId = await createSku(shop, { stock: STOCK, price: '1.00' })
  const buyers = await Promise.all(Array.from({ length: BUYERS }, () => createReseller(shop, { credit: '1000.00' })))
  const started = performance.now()
  const replies = (
    await Promise.all(
      buyers.map(async ({ key }, index) => {
        const call = (index % 2 === 0 ? first : second).as(key)
        const mine = []
        for (let n = 0; n < ORDERS_EACH; n++) mine.push(await call('POST', '/v1/orders', { body: { skuId, quantity: 1 } }))
        return mine
      })
    )
  ).flat()
  const seconds = (performance.now() - started) / 1_000
  const delivered = replies.filter(({ status }) => status === 201).map(({ body }) => body.cards[0].secret as string)
  assert.deepEqual([...new Set(replies.map(({ status }) => status))].sort(), [201, 409], 'business answers only')
  assert.equal(delivered.length, STOCK, 'all of the stock is sold')
  assert.equal(new Set(delivered).size, STOCK, 'no card twice')
  const { body } = await second.as(ADMIN_KEY)('GET', '/v1/admin/invariants')
  assert.equal(body.ok, true, JSON.stringify(body))
  process.stdout.write(`${replies.length} orders through the pooler in ${seconds.toFixed(1)} s: ${STOCK} sold once, the rest refused\n`)
}

/** Nothing that a transaction set stays on a connection of the server, where another client would find it. */
async function nothingIsLeftBehind(databaseUrl: string): Promise<void> {
  const owner = decodeURIComponent(new URL(databaseUrl).username)
  const probe = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      const { rows } = await client.query(
        `SELECT current_user AS role, current_setting('lock_timeout') AS lock, (SELECT count(*) FROM pg_prepared_statements)::int AS prepared,
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')::int AS locks`
      )
      assert.deepEqual(rows, [{ role: owner, lock: '0', prepared: 0, locks: 0 }])
    } finally {
      await client.end()
    }
  }
  await Promise.all(Array.from({ length: PROBES }, probe))
}
