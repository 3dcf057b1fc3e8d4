import { randomBytes } from 'node:crypto'
import pg from 'pg'

interface Teardown {
  teardown(action: () => Promise<void>): unknown
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with "npm test [-- file]"`)
  return value
}

async function maintain(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: required('TEST_DATABASE_URL') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A migrated, empty database that only this test file uses; dropped when the test ends. Returns its URL. */
export async function createTestDatabase(t: Teardown): Promise<string> {
  const name = `kahub_test_${randomBytes(6).toString('hex')}`
  await maintain(`CREATE DATABASE ${name} TEMPLATE ${required('TEST_TEMPLATE')} STRATEGY file_copy`)
  t.teardown(() => maintain(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const url = new URL(required('TEST_DATABASE_URL'))
  url.pathname = `/${name}`
  // `npm run test:pooler`: the same tests, with a pooler between.
  const pooler = process.env['TEST_POOLER_HOST']
  if (pooler) url.host = pooler
  return url.href
}
