/**
 * What every connection of the application is set to, whatever the server's own defaults are.
 *
 * A lock held longer than `lock_timeout` belongs to a stopped process. `transaction_timeout` (PostgreSQL 17+) is the only setting that
 * frees the rows of a process which was stopped in the middle of a transaction. Plans are generic: every statement is by index whatever
 * its values, and planning a lone order anew took longer than running it. A plan is kept, so it must not be one that was best while the
 * table was empty: no table is read from end to end where an index would do. The role owns nothing: it may do what the migrations grant.
 */
const SETTINGS = {
  lock_timeout: '2s',
  statement_timeout: '8s',
  idle_in_transaction_session_timeout: '5s',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off'
}
const TRANSACTION_TIMEOUT = '10s'
const ROLE = 'kahub_app'
/** Sees the rows of one reseller. */
const TENANT_ROLE = 'kahub_tenant'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function settingsSql(scope: 'SESSION' | 'LOCAL'): string {
  const local = scope === 'LOCAL'
  return [
    ...Object.entries(SETTINGS).map(([name, value]) => `SET ${scope} ${name} = '${value}'`),
    `SELECT set_config('transaction_timeout', '${TRANSACTION_TIMEOUT}', ${local}) WHERE current_setting('server_version_num')::int >= 170000`,
    `SET ${scope} ROLE ${ROLE}`
  ].join('; ')
}

/** For a connection that is ours as long as it is open. */
export const CONNECTION_SETTINGS_SQL = settingsSql('SESSION')

/** For one transaction. */
export const TRANSACTION_SETTINGS_SQL = settingsSql('LOCAL')

/** On top of them, for one transaction that reads for a reseller. */
export function tenantSettingsSql(resellerId: string): string {
  if (!UUID.test(resellerId)) throw new Error('the tenant is no uuid')
  return `SET LOCAL ROLE ${TENANT_ROLE}; SET LOCAL kahub.tenant = '${resellerId}'`
}
