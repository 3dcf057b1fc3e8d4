/**
 * The fuzzer: `npm run fuzz -- [--seconds 60] [--seed 1] [--path 3] [--steps 300]`. It plays sessions against a hub on real databases until
 * the time is up, and prints each kind of fault once, with what to type to see it again. `--path` is of one seed.
 */
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createTempDataDir, startEmbeddedPostgres, startEmbeddedValkey } from '../../src/embedded/index.ts'
import { startTestApp } from '../support/app.ts'
import { createFuzzer } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    path: { type: 'string' },
    steps: { type: 'string', default: '300' },
    /** How often each operation got each status. */
    statuses: { type: 'boolean', default: false }
  }
})
const SESSIONS_PER_SEED = 4

const ends: (() => unknown)[] = []
const teardown = (action: () => unknown): void => void ends.push(action)

async function fuzz(): Promise<number> {
  const dataDir = createTempDataDir('kahub-fuzz-')
  teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false })
  teardown(postgres.stop)
  const valkey = await startEmbeddedValkey()
  teardown(valkey.stop)
  const logLines: string[] = []
  const hub = await startTestApp({ teardown }, { databaseUrl: postgres.url, redisUrl: valkey.url, worker: true, logLines })
  const fuzzer = await createFuzzer(hub, logLines)
  teardown(fuzzer.close)
  const kinds = new Set<string>()
  const startedAt = performance.now()
  const first = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed)
  for (let seed = first; performance.now() - startedAt < Number(values.seconds) * 1_000; seed++) {
    const path = values.path === undefined ? {} : { path: values.path }
    const red = await fuzzer.play({ seed, sessions: SESSIONS_PER_SEED, steps: Number(values.steps), ...path })
    for (const { fault, request, answer } of red?.faults ?? []) {
      const kind = `${fault} ${request.split('\n', 1)[0]}`
      if (!kinds.has(kind))
        process.stdout.write(`\nRED ${fault}\n${request}\n→ ${answer}\nAgain: npm run fuzz -- --seed ${seed} --path ${red?.path}\n`)
      kinds.add(kind)
    }
    if (values.path !== undefined) break
  }
  const { requests, seen } = fuzzer.tally
  if (values.statuses) for (const [what, count] of [...seen].sort()) process.stdout.write(`${String(count).padStart(7)} ${what}\n`)
  const verification = await hub.admin('GET', '/v1/admin/audit/verification')
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
  process.stdout.write(
    `from seed ${first}: ${requests} requests in ${seconds} s, ${kinds.size} kinds of faults; audit log ${JSON.stringify(verification.body)}\n`
  )
  return kinds.size
}

try {
  if ((await fuzz()) > 0) process.exitCode = 1
} finally {
  // The hub checks its invariants as it ends.
  for (const action of ends.reverse()) await action()
}
