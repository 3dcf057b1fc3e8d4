/** The real server refuses to start on what would lose orders, cards or walls, and says what to do. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { ADMIN_KEY, MASTER_KEY } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { startServer } from '../support/server.ts'

const databaseUrl = await createTestDatabase(t)
const owner = new pg.Client({ connectionString: databaseUrl })
await owner.connect()
t.teardown(() => owner.end())

const GOOD = {
  DATABASE_URL: databaseUrl,
  REDIS_URL: process.env['TEST_REDIS_URL'] ?? '',
  KAHUB_ADMIN_KEY: ADMIN_KEY,
  KAHUB_MASTER_KEY: MASTER_KEY,
  KAHUB_ALLOW_UNSAFE_DATABASE: 'true'
}

/** What it says when it does not start; one that starts is killed, and fails the test. */
async function refusal(change: Readonly<Record<string, string>>): Promise<string> {
  const env = { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'info', ...GOOD, ...change }
  const child = spawn(process.execPath, ['src/server.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  let log = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  child.stdout.on('data', chunk => {
    log += chunk
    if (log.includes('kahub is ready')) child.kill('SIGKILL')
  })
  const [code] = await once(child, 'close')
  return code === 1 ? errors : `it did not refuse: ${code} ${log}`
}

t.test('it starts on what is right', async t => {
  const server = await startServer(GOOD)
  t.equal(await server.terminate(), 0)
})

const other = randomBytes(32).toString('base64')

const BAD: readonly (readonly [what: string, change: Readonly<Record<string, string>>, says: RegExp])[] = [
  [
    'settings that may lose a commit',
    { KAHUB_ALLOW_UNSAFE_DATABASE: 'false' },
    /fsync and full_page_writes.* off and would lose acknowledged orders.*Turn it on/
  ],
  ['another master key', { KAHUB_MASTER_KEY: other }, /The master key "main" is not the one.*Put the right key into KAHUB_MASTER_KEY/],
  [
    'no master key that the data needs',
    { KAHUB_MASTER_KEY: `k2:${other}` },
    /wrapped by the master key "main", which was not given.*k2:<key>,main:<key>/
  ],
  ['no master key', { KAHUB_MASTER_KEY: '' }, /set KAHUB_MASTER_KEY to 32 bytes of base64 and keep it safe/]
]

for (const [what, change, says] of BAD) {
  t.test(`${what}: refused, with a sentence that says what to do`, async t => {
    const said = await refusal(change)
    t.match(said, says)
    t.match(said, /^kahub cannot start: /)
    for (const secret of [other, MASTER_KEY, ADMIN_KEY]) t.notOk(said.includes(secret), 'and no secret')
    t.notMatch(said, /\n\s+at /, 'and no stack')
  })
}

/** As the owner of the database, or whoever restored it; each is undone. */
const GRANTS: readonly (readonly [what: string, make: string, undo: string, says: RegExp])[] = [
  [
    'a ledger that the application may change',
    'GRANT UPDATE, DELETE ON ledger_entry TO kahub_app',
    'REVOKE UPDATE, DELETE ON ledger_entry FROM kahub_app',
    /may change ledger_entry.*REVOKE/
  ],
  ['an audit log that everybody may change', 'GRANT UPDATE ON audit_log TO PUBLIC', 'REVOKE UPDATE ON audit_log FROM PUBLIC', /may change audit_log/],
  [
    'a table that the application may not read',
    'REVOKE ALL ON orders FROM kahub_app',
    'GRANT SELECT, INSERT, UPDATE ON orders TO kahub_app',
    /may not read orders/
  ],
  [
    'a migration that is not the one that was applied',
    "UPDATE schema_migration SET checksum = 'x' || checksum WHERE name LIKE '0001%'",
    "UPDATE schema_migration SET checksum = substr(checksum, 2) WHERE name LIKE '0001%'",
    /0001_.*was changed after it had been applied/
  ]
]

for (const [what, make, undo, says] of GRANTS) {
  t.test(`${what}: refused, with a sentence that says what to do`, async t => {
    await owner.query(make)
    t.match(await refusal({}), says)
    await owner.query(undo)
  })
}

/** Before anything is connected: as the process reads its environment. */
const ENVIRONMENTS: readonly (readonly [what: string, change: Readonly<Record<string, string>>, says: RegExp])[] = [
  ['a master key that is too short', { KAHUB_MASTER_KEY: 'c2hvcnQ=' }, /KAHUB_MASTER_KEY must be 32 bytes of base64/],
  ['no operator key', { KAHUB_ADMIN_KEY: '' }, /set KAHUB_ADMIN_KEY to a secret of 32 or more characters/],
  ['a short operator key', { KAHUB_ADMIN_KEY: 'admin' }, /KAHUB_ADMIN_KEY/],
  ['half of a token issuer', { KAHUB_JWT_ISSUER: 'https://id.example.com' }, /need all three/],
  ['a flag that is neither true nor false', { KAHUB_TRUST_PROXY: 'yes' }, /KAHUB_TRUST_PROXY/]
]

t.test('an environment that cannot be meant is refused, with a sentence that says what to do', async t => {
  t.ok(readConfig(GOOD))
  for (const [what, change, says] of ENVIRONMENTS) t.throws(() => readConfig({ ...GOOD, ...change }), { message: says }, what)
})
