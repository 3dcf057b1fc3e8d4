import type { Rule } from '../rule.ts'

/** What the role of the application must not be able to do. What only grows old may be deleted, but never changed. */
const FORBIDDEN = {
  ledger_transfer: ['UPDATE', 'DELETE', 'TRUNCATE'],
  ledger_entry: ['UPDATE', 'DELETE', 'TRUNCATE'],
  wallet_adjustment: ['UPDATE', 'DELETE', 'TRUNCATE'],
  card_fingerprint: ['UPDATE', 'DELETE', 'TRUNCATE'],
  intake_change: ['UPDATE', 'DELETE', 'TRUNCATE'],
  card_reveal: ['UPDATE', 'TRUNCATE'],
  outbox: ['UPDATE', 'TRUNCATE'],
  ledger_account: ['DELETE', 'TRUNCATE'],
  orders: ['DELETE', 'TRUNCATE'],
  card: ['DELETE', 'TRUNCATE'],
  sku_fence: ['DELETE', 'TRUNCATE'],
  supplier_attempt: ['DELETE', 'TRUNCATE'],
  supplier_attempt_unit: ['DELETE', 'TRUNCATE']
}

const rows = Object.entries(FORBIDDEN).flatMap(([table, privileges]) => privileges.map(privilege => `('${table}', '${privilege}')`))

export const historyCannotBeChanged: Rule = {
  name: 'history_cannot_be_changed',
  kind: 'money',
  description: 'The role that kahub works with can add to the ledger, to the log of reveals and to the events, and change nothing in them.',
  sql: `
    SELECT f.name AS table_name, f.privilege FROM (VALUES ${rows.join(', ')}) AS f (name, privilege)
    WHERE has_table_privilege('kahub_app', 'public.' || f.name, f.privilege)`
}
