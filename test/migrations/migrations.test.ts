import t from 'tap'
import { migrate } from '../../src/kit/db/migrate.ts'
import { migratesOnce, migratesTogether, query, withEmptyDatabase } from './guarantees.ts'
import { compareSchemas, readSchema } from './schema.ts'
import { tablesMatch } from './table-definitions.ts'

const SERVER_URL = process.env['TEST_DATABASE_URL'] ?? ''

const inEmptyDatabase = (work: (databaseUrl: string) => Promise<void>): Promise<void> => withEmptyDatabase(SERVER_URL, work)

t.test('instances that start together on an empty database all succeed, and each file is applied once', t =>
  inEmptyDatabase(async databaseUrl => {
    t.strictSame(await migratesTogether(databaseUrl), [])
  })
)

t.test('migrating again applies nothing and leaves the schema as it is', t =>
  inEmptyDatabase(async databaseUrl => {
    t.strictSame(await migratesOnce(databaseUrl), [])
  })
)

t.test('an applied file that has changed is refused, and nothing is applied', t =>
  inEmptyDatabase(async databaseUrl => {
    await migrate({ databaseUrl })
    const before = await query(databaseUrl, readSchema)
    await query(databaseUrl, client => client.query(`UPDATE schema_migration SET checksum = 'of another text' WHERE name LIKE '0001%'`))
    await t.rejects(migrate({ databaseUrl }), { message: /^migrations\/0001_.+ was changed after it had been applied/ })
    t.strictSame(compareSchemas(before, await query(databaseUrl, readSchema)), [])
  })
)

t.test('a migration that fails leaves nothing of itself, is named, and is tried again at the next start', t =>
  inEmptyDatabase(async databaseUrl => {
    // In the way of the first file: it cannot create a table that is there.
    await query(databaseUrl, client => client.query('CREATE TABLE orders (mine int)'))
    const before = await query(databaseUrl, readSchema)
    await t.rejects(migrate({ databaseUrl }), { message: /^migrations\/0001_.+ failed: relation "orders" already exists$/ })
    const left = compareSchemas(before, await query(databaseUrl, readSchema))
    t.strictSame(
      left.filter(line => !line.includes('schema_migration')),
      []
    )
    await query(databaseUrl, client => client.query('DROP TABLE orders'))
    t.ok((await migrate({ databaseUrl })).applied.length > 0)
  })
)

t.test('a change to any part of the schema is seen', t =>
  inEmptyDatabase(async databaseUrl => {
    await migrate({ databaseUrl })
    const changes = [
      'ALTER TABLE card ADD COLUMN extra int',
      'ALTER TABLE card ALTER COLUMN extra SET DEFAULT 1',
      'ALTER TABLE card ADD CONSTRAINT extra_positive CHECK (extra > 0)',
      'CREATE INDEX card_extra ON card (extra)',
      'GRANT UPDATE ON ledger_entry TO kahub_app',
      "CREATE FUNCTION extra() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
      'CREATE TRIGGER extra BEFORE INSERT ON card FOR EACH ROW EXECUTE FUNCTION extra()',
      'ALTER TABLE card DISABLE TRIGGER extra',
      "CREATE TYPE extra_kind AS ENUM ('a')",
      "ALTER TYPE extra_kind ADD VALUE 'b'",
      'CREATE VIEW extra_view AS SELECT 1 AS one',
      'CREATE SEQUENCE extra_seq'
    ]
    await query(databaseUrl, async client => {
      let before = await readSchema(client)
      for (const change of changes) {
        await client.query(change)
        const after = await readSchema(client)
        t.not(compareSchemas(before, after).length, 0, change)
        before = after
      }
    })
  })
)

t.test('every table that the code reads through drizzle is in the database as it says', t =>
  inEmptyDatabase(async databaseUrl => {
    await migrate({ databaseUrl })
    t.strictSame(await tablesMatch(databaseUrl), [])
    await query(databaseUrl, client =>
      client.query('ALTER TABLE reseller DROP COLUMN tier CASCADE, ALTER COLUMN name DROP NOT NULL, ALTER COLUMN state TYPE varchar(9)')
    )
    t.match((await tablesMatch(databaseUrl)).sort(), [
      /reseller\.name is nullable in the database$/,
      /reseller\.state is character varying\(9\), not text$/,
      /reseller\.tier is not in the database$/
    ])
  })
)
