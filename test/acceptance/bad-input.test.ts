/**
 * Whatever a client sends, the answer is one that the OpenAPI document describes, and a request that the document refuses
 * changes nothing. The requests are made from the document: a new operation is covered as soon as it has an entry there.
 */
import pg from 'pg'
import t from 'tap'
import { ADMIN_KEY, startTestApp } from '../support/app.ts'
import { type BadRequest, badRequests } from './bad-requests.ts'
import { type Answer, type Operation, readContract } from './contract.ts'
import { furnish } from './furnished-shop.ts'

const REQUESTS_MIN = 5_000
/** Of each operation, beside the good one; all of them are some twenty thousand. */
const REFUSED_MAX = Number(process.env['BAD_INPUT_MAX'] ?? 70)
const OTHERS_MAX = Number(process.env['BAD_INPUT_MAX'] ?? 30)
const SEED = Number(process.env['BAD_INPUT_SEED'] ?? 1)
const AT_ONCE = 8
const SHOWN_FAULTS = 5

const hub = await startTestApp(t)
const contract = readContract((await hub.anonymous('GET', '/openapi.json')).body)
const database = new pg.Client({ connectionString: hub.databaseUrl })
await database.connect()
t.teardown(() => database.end())
let sent = 0

async function send({ method, url, headers, payload }: BadRequest): Promise<Answer> {
  const response = await hub.app.inject({ method: method as 'GET', url, headers, ...(payload === undefined ? {} : { payload }) })
  return { status: response.statusCode, headers: response.headers, text: response.body }
}

/** What was wrong with the answers. */
async function sendAll(operation: Operation, requests: readonly BadRequest[]): Promise<string[]> {
  const faults: string[] = []
  const queue = [...requests]
  const client = async (): Promise<void> => {
    for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
      const answer = await send(request)
      const found = contract.check(operation, answer)
      if (request.refused && answer.status < 400) found.push('taken, although the document refuses it')
      for (const fault of found) faults.push(`${fault}: ${request.what} → ${answer.status} ${answer.text.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  sent += requests.length
  return faults
}

/** An even choice, the same for the same seed. */
function choose(requests: readonly BadRequest[], max: number): BadRequest[] {
  const step = Math.max(1, requests.length / max)
  return Array.from({ length: Math.min(max, requests.length) }, (_, index) => requests[Math.floor(index * step + (SEED % step))]).filter(
    each => each !== undefined
  )
}

/** How many rows each table has, and a sum over what they hold. */
async function readState(): Promise<unknown> {
  const { rows } = await database.query<{ name: string }>("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
  const digest = (name: string): string => `SELECT '${name}' AS name, count(*), sum(hashtextextended(x::text, 0)::numeric) FROM "${name}" x`
  return (await database.query(rows.map(({ name }) => digest(name)).join(' UNION ALL '))).rows
}

const furnished = await furnish(hub.admin, hub.as)

for (const operation of contract.operations) {
  t.test(`${operation.id}: what the document refuses is refused as it says, and changes nothing`, async t => {
    const requests = [...badRequests(contract, operation, { operatorKey: ADMIN_KEY, shop: furnished })].filter(({ refused }) => refused)
    const chosen = choose(requests, REFUSED_MAX)
    const before = await readState()
    const faults = await sendAll(operation, chosen)
    t.same(await readState(), before)
    t.same(faults.slice(0, SHOWN_FAULTS), [], `${faults.length} faults in ${chosen.length} requests`)
  })
}

for (const operation of contract.operations) {
  t.test(`${operation.id}: what the document lets through is answered as it says`, async t => {
    const shop = await furnish(hub.admin, hub.as)
    const requests = [...badRequests(contract, operation, { operatorKey: ADMIN_KEY, shop })].filter(({ refused }) => !refused)
    const chosen = [...choose(requests.slice(0, -1), OTHERS_MAX), ...requests.slice(-1)]
    const faults = await sendAll(operation, chosen)
    t.same(faults.slice(0, SHOWN_FAULTS), [], `${faults.length} faults in ${chosen.length} requests`)
  })
}

t.test('the requests are many', async t => {
  t.ok(sent >= REQUESTS_MIN, `${sent} requests`)
})
