/** Part of `npm run check`: holds the migrations to their guarantees, on the embedded PostgreSQL or on TEST_DATABASE_URL. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/embedded/index.ts'
import { migratesOnce, migratesTogether, withEmptyDatabase } from './guarantees.ts'
import { tablesMatch } from './table-definitions.ts'

const SHARED_BUFFERS_MB = 32

async function withServer<T>(work: (url: string) => Promise<T>): Promise<T> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return work(given)
  const dataDir = await mkdtemp(join(tmpdir(), `kahub-test-${process.pid}-`))
  try {
    const server = await startEmbeddedPostgres({ dataDir, durable: false, sharedBuffersMb: SHARED_BUFFERS_MB })
    return await work(server.url).finally(server.stop)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

const wrong = await withServer(async serverUrl => {
  // Together first: only on a server that has never seen kahub is the role missing as well.
  const together = await withEmptyDatabase(serverUrl, migratesTogether)
  const once = await withEmptyDatabase(serverUrl, async url => [...(await migratesOnce(url)), ...(await tablesMatch(url))])
  return [...together, ...once]
})
for (const each of wrong) process.stdout.write(`${each}\n`)
process.exitCode = wrong.length === 0 ? 0 : 1
