import { type Queryable, statement } from './database.ts'

/** What was written there stays as it is: the proof of everything else. */
const APPEND_ONLY = ['ledger_transfer', 'ledger_entry', 'wallet_adjustment', 'card_reveal', 'audit_log', 'audit_head']

/** Without these nothing works; a restore that lost the grants lost those of all tables. */
const NEEDED = ['orders', 'card', 'ledger_account', 'sku_fence', 'api_key', 'data_key', 'outbox']

const READ = statement(
  'grants_read',
  `
  SELECT c.relname AS name, has_table_privilege(c.oid, 'SELECT') AS readable,
    c.relname = ANY($1::text[]) AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AS changeable
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1::text[] || $2::text[])`
)
const ROLE = statement(
  'grants_role',
  'SELECT rolname AS name, rolsuper OR rolbypassrls OR rolcreaterole AS mighty FROM pg_roles WHERE rolname = current_user'
)

/**
 * The application may read its tables and change none of those that prove what happened. Throws an Error that says what to do:
 * a right too few fails some request later, a right too many is noticed by nobody.
 */
export async function assertGrants(db: Queryable): Promise<void> {
  const [role] = await db.query<{ name: string; mighty: boolean }>(ROLE)
  if (role?.mighty === true) {
    throw new Error(
      `The role ${role.name} is a superuser, or may pass by row-level security: no wall would stand. ` +
        `Take that away: ALTER ROLE ${role.name} NOSUPERUSER NOBYPASSRLS NOCREATEROLE`
    )
  }
  const tables = await db.query<{ name: string; readable: boolean; changeable: boolean }>(READ, [APPEND_ONLY, NEEDED])
  const changeable = tables.filter(table => table.changeable).map(({ name }) => name)
  if (changeable.length > 0) {
    throw new Error(
      `The application may change ${changeable.join(', ')}, which nobody should be able to change. ` +
        `Take that away: REVOKE UPDATE, DELETE, TRUNCATE ON ${changeable.join(', ')} FROM kahub_app, PUBLIC`
    )
  }
  const unreadable = tables.filter(table => !table.readable).map(({ name }) => name)
  if (unreadable.length > 0) {
    throw new Error(
      `The application may not read ${unreadable.join(', ')}. Grants were lost, as in a restore without them: ` +
        'grant what the files in migrations/ grant to kahub_app, or restore with the roles.'
    )
  }
}
