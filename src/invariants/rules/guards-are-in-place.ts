import type { Rule } from '../rule.ts'

/** What makes a wrong row impossible, whatever the code believes. By table and columns, because that is what they guard. */
const UNIQUE = [
  'orders(reseller_id, idempotency_key)',
  'orders(reseller_id, reference)',
  'card(order_id, "position")',
  'card_fingerprint(fingerprint)',
  'ledger_transfer(subject_id, kind, step)',
  'ledger_entry(transfer_id, leg)',
  'ledger_entry(account_id, account_version)',
  'ledger_account(owner_id, kind, currency, shard)',
  'wallet_adjustment(reseller_id, kind, reference)',
  'supplier_attempt(supplier_id, reference)',
  'supplier_attempt(order_id, ordinal)',
  'supplier_attempt_unit(order_id, "position")',
  'inbound_event(supplier_id, webhook_id)',
  'idempotency_record(owner_id, key)'
]
const TRIGGERS = ['ledger_transfer.ledger_transfer_balanced', 'ledger_entry.ledger_entry_in_own_transfer']
const CHECKS = [
  'ledger_account: credit_limit IS NULL OR balance + credit_limit >= 0',
  'ledger_entry: amount <> 0',
  'sku_fence: available >= 0',
  'orders: total = unit_price * quantity'
]

const list = (items: readonly string[]): string => `unnest(ARRAY[${items.map(item => `'${item}'`).join(', ')}])`
/** A definition as it is listed above: without the spelling that a release of PostgreSQL may change. */
const bare = (sql: string): string => `regexp_replace(${sql}, '[()]|::[a-z]+', '', 'g')`

export const guardsAreInPlace: Rule = {
  name: 'guards_are_in_place',
  kind: 'money',
  description: 'The unique indexes, triggers and checks that make a double sale or a wrong booking impossible are there and valid.',
  sql: `
    SELECT 'unique index' AS what, g AS missing FROM ${list(UNIQUE)} AS g WHERE NOT EXISTS (
      SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relname = split_part(g, '(', 1) AND i.indisunique AND i.indisvalid AND i.indislive
        AND substring(pg_get_indexdef(i.indexrelid) from 'USING btree (\\([^)]*\\))') = '(' || split_part(g, '(', 2))
    UNION ALL
    SELECT 'trigger', g FROM ${list(TRIGGERS)} AS g WHERE NOT EXISTS (
      SELECT FROM pg_trigger t WHERE t.tgrelid = ('public.' || split_part(g, '.', 1))::regclass AND t.tgname = split_part(g, '.', 2) AND t.tgenabled IN ('O', 'A'))
    UNION ALL
    SELECT 'check', g FROM ${list(CHECKS)} AS g WHERE NOT EXISTS (
      SELECT FROM pg_constraint k WHERE k.conrelid = ('public.' || split_part(g, ': ', 1))::regclass AND k.contype = 'c' AND k.convalidated
        AND ${bare('pg_get_expr(k.conbin, k.conrelid)')} = ${bare("split_part(g, ': ', 2)")})`
}
