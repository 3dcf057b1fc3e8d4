/** Years of orders in minutes: rows as orders leave them, written set by set past the API, so that every rule holds of them. */
import pg from 'pg'
import type { Bench } from './bench.ts'

/** One transaction: some seconds, after which vacuum may come by. */
const ORDERS_A_STEP = 50_000
/** 1.00, as the bench sells; in 1/10000. */
const PRICE = 10_000
/** Spread over the time before, one after the other. */
const DAYS = 365

// The triggers check what is written here by construction, and the invariants check it afterwards.
const BEGIN = `
  SET session_replication_role = replica;
  SET plan_cache_mode = force_custom_plan;
  CREATE TEMP TABLE party AS SELECT r.id AS reseller_id, w.id AS wallet_id, w.version, w.balance, row_number() OVER (ORDER BY r.id) - 1 AS n
    FROM reseller r JOIN ledger_account w ON w.owner_id = r.id AND w.kind = 'wallet' AND w.currency = 'CNY';
  CREATE TEMP TABLE till AS SELECT id AS till_id, version, balance, row_number() OVER (ORDER BY shard) - 1 AS n
    FROM ledger_account WHERE kind = 'revenue' AND currency = 'CNY';
  CREATE TEMP TABLE delivery AS SELECT gen_random_uuid() AS batch_id, (SELECT min(id) FROM data_key WHERE purpose = 'card') AS data_key_id,
    (SELECT sku_id FROM sku_fence ORDER BY sku_id LIMIT 1) AS sku_id, (SELECT count(*) FROM party) AS parties, (SELECT count(*) FROM till) AS tills,
    now() - interval '${DAYS} days' AS since;
  INSERT INTO card_batch (id, sku_id, currency, format, state, accepted, finished_at)
    SELECT batch_id, sku_id, 'CNY', 'text', 'done', 0, now() FROM delivery;
  ANALYZE party, till, delivery`

/** Ids like ours: the time, and what is random. */
const idAt = (salt: string): string =>
  `(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5('${salt}' || n), 1, 3) || '8' || substr(md5('${salt}' || n), 4, 15))::uuid`

const STEP = `
  CREATE TEMP TABLE part ON COMMIT DROP AS
  SELECT x.*, ${idAt('order')} AS order_id, ${idAt('transfer')} AS transfer_id, ${idAt('card')} AS card_id, ${idAt('event')} AS event_id FROM (
    SELECT g.n, d.since + g.n * interval '${DAYS} days' / $3::bigint AS at, d.sku_id, d.batch_id, d.data_key_id, p.reseller_id, p.wallet_id,
      p.version + g.n / d.parties + 1 AS wallet_version, p.balance - ${PRICE} * (g.n / d.parties + 1) AS wallet_balance,
      t.till_id, t.version + g.n / d.tills + 1 AS till_version, t.balance + ${PRICE} * (g.n / d.tills + 1) AS till_balance
    FROM generate_series($1::bigint, $2::bigint - 1) AS g (n) CROSS JOIN delivery d
    JOIN party p ON p.n = g.n % d.parties JOIN till t ON t.n = g.n % d.tills
  ) x;
  INSERT INTO orders (id, reseller_id, idempotency_key, request_hash, state, sku_id, quantity, currency, unit_price, total, balance_after, price_rule,
      reveal, created_at, fulfilled_at, closed_at)
    SELECT order_id, reseller_id, md5('key' || n)::uuid::text, sha256(order_id::text::bytea), 'fulfilled', sku_id, 1, 'CNY', ${PRICE}, ${PRICE},
      wallet_balance, 'base', true, at, at, at FROM part ORDER BY n;
  INSERT INTO ledger_transfer (id, kind, subject_id, step, currency, created_at) SELECT transfer_id, 'order.charge', order_id, 0, 'CNY', at FROM part ORDER BY n;
  INSERT INTO ledger_entry (transfer_id, leg, account_id, amount, account_version, balance_after)
    SELECT transfer_id, leg, account_id, amount, version, balance FROM part CROSS JOIN LATERAL (VALUES
      (0, wallet_id, -${PRICE}, wallet_version, wallet_balance), (1, till_id, ${PRICE}, till_version, till_balance)
    ) AS e (leg, account_id, amount, version, balance) ORDER BY n, leg;
  INSERT INTO card (id, sku_id, batch_id, data_key_id, ciphertext, state, order_id, position, issued_at)
    SELECT card_id, sku_id, batch_id, data_key_id, sha256(card_id::text::bytea) || sha256(order_id::text::bytea), 'revealed', order_id, 0, at
    FROM part ORDER BY n;
  INSERT INTO card_fingerprint (fingerprint, card_id) SELECT decode(md5('print' || n), 'hex'), card_id FROM part;
  INSERT INTO card_reveal (card_id, order_id, request_id, created_at) SELECT card_id, order_id, 'req_' || md5('request' || n), at FROM part ORDER BY n;
  INSERT INTO outbox (id, type, reseller_id, subject_id, data, created_at)
    SELECT event_id, 'order.fulfilled', reseller_id, order_id, jsonb_build_object('orderId', 'ord_' || order_id, 'reference', null, 'skuId', 'sku_' || sku_id,
      'quantity', 1, 'total', jsonb_build_object('amount', '1.00', 'currency', 'CNY')), at FROM part ORDER BY n;
  UPDATE ledger_account a SET version = m.version, balance = m.balance FROM (
      SELECT wallet_id AS id, max(wallet_version) AS version, min(wallet_balance) AS balance FROM part GROUP BY wallet_id
      UNION ALL SELECT till_id, max(till_version), max(till_balance) FROM part GROUP BY till_id) m WHERE a.id = m.id;
  UPDATE card_batch SET accepted = accepted + (SELECT count(*) FROM part) WHERE id = (SELECT batch_id FROM delivery)`

// The watch would be busy for minutes with what no watch ever met; its walks over what is old look at it all the same.
const VERIFIED = `
  INSERT INTO ledger_verified AS v (account_id, version, balance) SELECT id, version, balance FROM ledger_account
  ON CONFLICT (account_id) DO UPDATE SET version = EXCLUDED.version, balance = EXCLUDED.balance`

/** Adds fulfilled orders of the shop's resellers, evenly over the last year. The shop sells nothing meanwhile. */
export async function fillHistory(bench: Bench, databaseUrl: string, orders: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (const sql of BEGIN.split(';')) await client.query(sql)
    for (let from = 0; from < orders; from += ORDERS_A_STEP) {
      const values = [String(from), String(Math.min(from + ORDERS_A_STEP, orders)), String(orders)]
      const text = STEP.replaceAll(/\$([123])/g, (_, index: string) => values[Number(index) - 1] ?? '')
      await client.query(`BEGIN; ${text}; ${VERIFIED}; COMMIT`)
      if (from % (10 * ORDERS_A_STEP) === 0) bench.log(`    ${from.toLocaleString('en-US')} orders of the past`)
    }
    await client.query(`UPDATE card_batch b SET first_seq = c.first, last_seq = c.last
      FROM (SELECT min(seq) AS first, max(seq) AS last FROM card JOIN delivery USING (batch_id)) c WHERE b.id = (SELECT batch_id FROM delivery)`)
    await client.query('VACUUM (ANALYZE)')
  } finally {
    await client.end()
  }
  bench.placed.set(databaseUrl, (bench.placed.get(databaseUrl) ?? 0) + orders)
}
