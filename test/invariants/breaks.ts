/** Ways to break every rule, as the owner of the database and past its triggers. */

const ONE_TRANSFER = `(SELECT id FROM ledger_transfer WHERE kind = 'order.charge' ORDER BY id LIMIT 1)`
const ONE_FULFILLED = `(SELECT id FROM orders WHERE state = 'fulfilled' AND quantity = 2)`
const ONE_CANCELLED = `(SELECT id FROM orders WHERE state = 'cancelled')`
const ONE_AVAILABLE = `(SELECT id FROM card WHERE state = 'available' ORDER BY seq LIMIT 1)`
const dropChecks = (table: string): string =>
  `DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = '${table}'::regclass AND contype IN ('c', 'u') LOOP
   EXECUTE format('ALTER TABLE ${table} DROP CONSTRAINT %I', c.conname); END LOOP; END $$`

/** A live purchase of the first unit of an order. */
const purchase = (name: string, order: string, ordinal = 0): string => `
  INSERT INTO supplier_attempt (id, order_id, ordinal, supplier_id, product_code, reference, quantity, currency, unit_cost, max_unit_cost, quiet_time_ms,
    due_at, review_at) SELECT md5('${name}')::uuid, o.id, ${ordinal}, gen_random_uuid(), '1', '${name}', 1, 'CNY', 1, 1, 1, now(), now() FROM orders o
    WHERE o.id = ${order};
  INSERT INTO supplier_attempt_unit (attempt_id, order_id, position) SELECT id, order_id, 0 FROM supplier_attempt WHERE reference = '${name}'`

/** By rule: ways to break it, as the owner of the database and past its triggers. */
export const BREAKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ledger_transfers_balance: {
    'an amount that was changed': `UPDATE ledger_entry SET amount = amount - 1 WHERE leg = 0 AND transfer_id = ${ONE_TRANSFER}`,
    'an entry that was deleted': `DELETE FROM ledger_entry WHERE leg = 0 AND transfer_id = ${ONE_TRANSFER}`,
    'a transfer without entries': `DELETE FROM ledger_entry WHERE transfer_id = ${ONE_TRANSFER}`,
    'entries without a transfer': `DELETE FROM ledger_transfer WHERE id = ${ONE_TRANSFER}`,
    'a transfer of another currency': `UPDATE ledger_transfer SET currency = 'USD' WHERE id = ${ONE_TRANSFER}`
  },
  ledger_sums_to_zero: { 'money from nowhere': `UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'wallet'` },
  account_balance_is_sum: {
    'a balance that was changed': `UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'wallet'`,
    'a version that was changed': `UPDATE ledger_account SET version = version + 1 WHERE kind = 'wallet'`
  },
  account_history_is_complete: {
    'a balance in the history that was changed': `UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE transfer_id = ${ONE_TRANSFER} AND leg = 0`,
    'a gap': `DELETE FROM ledger_entry WHERE account_version = 1`
  },
  accounts_are_covered: {
    'a wallet below zero': `${dropChecks('ledger_account')}; UPDATE ledger_account SET balance = -1 WHERE kind = 'wallet'`,
    'held money that was below zero once': `UPDATE ledger_entry SET balance_after = -1
      WHERE account_version = 1 AND account_id IN (SELECT id FROM ledger_account WHERE kind = 'wallet_held')`
  },
  movement_happens_once: {
    'a movement that happened twice': `${dropChecks('ledger_transfer')};
      INSERT INTO ledger_transfer (id, kind, subject_id, step, currency) SELECT gen_random_uuid(), kind, subject_id, step, currency FROM ledger_transfer`
  },
  adjustments_have_an_author: {
    'a movement by nobody': 'DELETE FROM wallet_adjustment',
    'an author of nothing': `UPDATE wallet_adjustment SET transfer_id = gen_random_uuid() WHERE kind = 'debit'`,
    'a debit that is told as a credit': `UPDATE wallet_adjustment SET kind = 'credit' WHERE kind = 'debit'`,
    'a top-up that moved another amount': `UPDATE top_up SET amount = amount + 1 WHERE state = 'credited'`
  },
  order_money_matches_state: {
    'an order that is delivered and not paid': `DELETE FROM ledger_entry WHERE transfer_id = ${ONE_TRANSFER}`,
    'an order that is paid twice': `INSERT INTO ledger_transfer (id, kind, subject_id, step, currency)
        SELECT 'ffffffff-0000-4000-8000-000000000001', kind, subject_id, 1, currency FROM ledger_transfer WHERE id = ${ONE_TRANSFER};
      INSERT INTO ledger_entry SELECT 'ffffffff-0000-4000-8000-000000000001', leg, account_id, amount, account_version + 1000, balance_after
        FROM ledger_entry WHERE transfer_id = ${ONE_TRANSFER}`,
    'a cancelled order whose money is held': `DELETE FROM ledger_entry WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'order.release')`,
    'an open order whose money is not held': `DELETE FROM ledger_entry WHERE transfer_id IN (SELECT t.id FROM ledger_transfer t
      JOIN orders o ON o.id = t.subject_id WHERE o.state = 'backordered')`,
    'an order that is paid from the wallet of somebody else': `UPDATE ledger_entry SET account_id =
        (SELECT id FROM ledger_account WHERE kind = 'wallet' AND id NOT IN (SELECT account_id FROM ledger_entry WHERE transfer_id = ${ONE_TRANSFER})),
        account_version = account_version + 1000 WHERE amount < 0 AND transfer_id = ${ONE_TRANSFER}`,
    'money for an order that does not exist': `DELETE FROM orders WHERE id = ${ONE_FULFILLED}`
  },
  order_total_is_price_times_quantity: {
    'a total that was changed': `${dropChecks('orders')}; UPDATE orders SET total = total + 1 WHERE id = ${ONE_FULFILLED}`
  },
  order_balance_was_told_right: { 'another balance than the entry has': 'UPDATE orders SET balance_after = balance_after + 1' },
  order_has_its_cards: {
    'a card that is missing': `UPDATE card SET order_id = NULL, position = NULL, state = 'void' WHERE position = 1`,
    'a card too many': `UPDATE card SET order_id = ${ONE_FULFILLED}, position = 2, state = 'issued' WHERE id = ${ONE_AVAILABLE}`,
    'two cards at one place': 'DROP INDEX card_unit; UPDATE card SET position = 0 WHERE position = 1',
    'a card of a cancelled order': `UPDATE card SET order_id = ${ONE_CANCELLED}, position = 0, state = 'reserved' WHERE id = ${ONE_AVAILABLE}`,
    'a card of an order that does not exist': `UPDATE card SET order_id = gen_random_uuid(), position = 0, state = 'issued' WHERE id = ${ONE_AVAILABLE}`
  },
  card_is_of_the_ordered_sku: {
    'a card of another SKU': `UPDATE orders SET sku_id = (SELECT id FROM sku WHERE id <> orders.sku_id) WHERE id = ${ONE_FULFILLED}`
  },
  card_state_agrees: {
    'a sold card that is for sale': `${dropChecks('card')}; UPDATE card SET state = 'available' WHERE state = 'revealed'`,
    'a card that is reserved for an order that is over': `UPDATE card SET state = 'reserved' WHERE state = 'revealed'`,
    'a card that was issued at no time': 'UPDATE card SET issued_at = NULL',
    'a card of an order that is gone': `DELETE FROM orders WHERE id = ${ONE_FULFILLED}`
  },
  stock_counter_is_right: {
    'a counter that is too high': 'UPDATE sku_fence SET available = available + 1',
    'a SKU without a counter': 'DELETE FROM sku_fence',
    'a counter without a SKU': 'INSERT INTO sku_fence (sku_id) VALUES (gen_random_uuid())'
  },
  batch_count_is_right: { 'a card that was lost': `DELETE FROM card WHERE id = ${ONE_AVAILABLE}` },
  card_has_one_fingerprint: {
    'a card without a fingerprint': `DELETE FROM card_fingerprint WHERE card_id = ${ONE_AVAILABLE}`,
    'a card with two': `INSERT INTO card_fingerprint VALUES ('\\x00', ${ONE_AVAILABLE})`,
    'a fingerprint of no card': `INSERT INTO card_fingerprint VALUES ('\\x00', gen_random_uuid())`
  },
  reveals_are_logged: {
    'a card that was shown without a line': 'DELETE FROM card_reveal',
    'a card that was shown and is for sale': `INSERT INTO card_reveal (card_id, order_id, request_id) VALUES (${ONE_AVAILABLE}, ${ONE_FULFILLED}, 'r')`,
    'a line of another order': 'UPDATE card_reveal SET order_id = gen_random_uuid()',
    'a line of no card': `INSERT INTO card_reveal (card_id, order_id, request_id) VALUES (gen_random_uuid(), gen_random_uuid(), 'r')`
  },
  fulfilled_is_announced_once: {
    'no event': `DELETE FROM outbox WHERE type = 'order.fulfilled'`,
    'two events':
      'INSERT INTO outbox (id, type, reseller_id, subject_id, data) SELECT gen_random_uuid(), type, reseller_id, subject_id, data FROM outbox',
    'an event of an order that waits': `UPDATE outbox SET type = 'order.fulfilled' WHERE type = 'order.backordered'`,
    'an event for another reseller': 'UPDATE outbox SET reseller_id = gen_random_uuid()'
  },
  purchase_is_made_once: {
    'a unit that is bought twice': `DROP INDEX supplier_attempt_unit_live; ${purchase('a', ONE_CANCELLED)}; ${purchase('b', ONE_CANCELLED, 1)}`,
    'an attempt without units': `${purchase('a', ONE_CANCELLED)}; DELETE FROM supplier_attempt_unit`,
    'an attempt that succeeded and delivered nothing': `${purchase('a', ONE_CANCELLED)};
      UPDATE supplier_attempt SET state = 'succeeded', ended_at = now(), sent_at = now(); UPDATE supplier_attempt_unit SET state = 'failed'`
  },
  purchase_brought_its_cards: {
    'a unit that was paid for and has no card': `${purchase('a', ONE_FULFILLED)}; UPDATE supplier_attempt_unit SET state = 'delivered';
      UPDATE supplier_attempt SET state = 'succeeded', sent_at = now(), ended_at = now(), due_at = NULL`
  },
  unclear_purchase_keeps_its_money: {
    'a purchase for an order that is closed': purchase('a', ONE_CANCELLED),
    'money that was released too early': `${purchase('a', ONE_CANCELLED)}; UPDATE orders SET state = 'uncertain' WHERE id = ${ONE_CANCELLED}`,
    'an order that nobody buys': `UPDATE orders SET state = 'submitted' WHERE state = 'backordered'`,
    'units that were not delivered': `UPDATE orders SET delivered = 1 WHERE id = ${ONE_FULFILLED}`
  },
  nothing_is_orphaned: {
    'an order without its SKU': 'UPDATE orders SET sku_id = gen_random_uuid()',
    'an order, a wallet and a key without their reseller': 'DELETE FROM reseller',
    'a card without its SKU': 'UPDATE card SET sku_id = gen_random_uuid()',
    'a card without its batch': 'UPDATE card SET batch_id = gen_random_uuid()',
    'a batch of cards without its SKU': 'UPDATE card_batch SET sku_id = gen_random_uuid()',
    'a batch of cards without its supplier': 'UPDATE card_batch SET supplier_id = gen_random_uuid()',
    'a card without its data key': 'UPDATE card SET data_key_id = 4711',
    'an entry without its account': `DELETE FROM ledger_account WHERE kind = 'wallet_held'`
  },
  delivery_is_for_its_reseller: {
    'an event that goes to somebody else': `INSERT INTO webhook_endpoint (id, reseller_id, url)
        SELECT gen_random_uuid(), id, 'https://example.com' FROM reseller;
      INSERT INTO webhook_delivery (endpoint_id, event_xid, event_seq, subject_id)
        SELECT w.id, e.xid, e.seq, e.subject_id FROM outbox e JOIN webhook_endpoint w ON w.reseller_id <> e.reseller_id`
  },
  guards_are_in_place: {
    'no unique index': 'DROP INDEX orders_reference',
    'an index that is not unique': 'DROP INDEX card_unit; CREATE INDEX card_unit ON card (order_id, position) WHERE order_id IS NOT NULL',
    'a trigger that is off': 'ALTER TABLE ledger_transfer DISABLE TRIGGER ledger_transfer_balanced',
    'no check': 'ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_covered',
    'another check': `ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_covered;
      ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_covered CHECK (credit_limit IS NULL OR balance + credit_limit >= -1000000)`
  },
  history_cannot_be_changed: {
    'a ledger that can be changed': 'GRANT UPDATE ON ledger_entry TO kahub_app',
    'orders that can be deleted': 'GRANT DELETE ON orders TO kahub_app'
  }
}
