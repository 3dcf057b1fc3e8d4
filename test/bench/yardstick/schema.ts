/**
 * The yardstick's tables: what kahub writes durably for an order, as lean as a good engineer would make it by hand, and no more.
 * Integers for ids, no foreign keys, the platform's side of the money without a balance row, one index where kahub has two.
 */
import type { Client } from 'pg'

const PRICE = 10_000

export interface YardstickShape {
  readonly skus: number
  readonly wallets: number
  readonly cards: number
}

const TABLES = `
DROP SCHEMA IF EXISTS yardstick CASCADE;
CREATE SCHEMA yardstick;
CREATE TABLE yardstick.wallet (
  id bigint PRIMARY KEY,
  balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
CREATE TABLE yardstick.card (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seq bigint NOT NULL,
  sku_id bigint NOT NULL,
  ciphertext bytea NOT NULL,
  state text NOT NULL,
  order_id bigint,
  issued_at timestamptz
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE TABLE yardstick.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reseller_id bigint NOT NULL,
  idempotency_key text NOT NULL,
  sku_id bigint NOT NULL,
  quantity int NOT NULL,
  unit_price bigint NOT NULL,
  total bigint NOT NULL,
  state text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (reseller_id, idempotency_key)
);
CREATE TABLE yardstick.entry (
  account_id bigint NOT NULL,
  order_id bigint NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (account_id, order_id)
);
CREATE TABLE yardstick.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX card_pick ON yardstick.card (sku_id, seq) WHERE state = 'available';`

/** A sealed card of kahub has about this many bytes. */
const CIPHERTEXT_BYTES = 64
const STARTING_BALANCE = 10n ** 15n

/** Fills the tables anew: `cards` cards, spread evenly over the SKUs 1…skus, and the wallets 1…wallets. */
export async function fillYardstick(client: Client, shape: YardstickShape): Promise<void> {
  await client.query(TABLES)
  await client.query('INSERT INTO yardstick.wallet SELECT id, $2 FROM generate_series(1, $1::int) AS id', [
    shape.wallets,
    STARTING_BALANCE.toString()
  ])
  await client.query(
    `INSERT INTO yardstick.card (seq, sku_id, ciphertext, state)
     SELECT n, 1 + n % $2::int, substring(sha512(n::text::bytea) FOR ${CIPHERTEXT_BYTES}), 'available' FROM generate_series(1, $1::int) AS n`,
    [shape.cards, shape.skus]
  )
  await client.query('VACUUM (ANALYZE) yardstick.card')
  await client.query('ANALYZE yardstick.wallet')
  await client.query('CHECKPOINT')
}

/** The wallet's row comes last, so that it is locked for little more than the commit. */
export const STEPS = {
  order: `INSERT INTO yardstick.orders (reseller_id, idempotency_key, sku_id, quantity, unit_price, total, state)
    VALUES ($1, $2, $3, 1, ${PRICE}, ${PRICE}, 'fulfilled') RETURNING id`,
  card: `UPDATE yardstick.card SET state = 'issued', order_id = $1, issued_at = now()
    WHERE id = (SELECT id FROM yardstick.card WHERE sku_id = $2 AND state = 'available' ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, ciphertext`,
  entries: `INSERT INTO yardstick.entry (account_id, order_id, amount) VALUES ($1, $2, -${PRICE}), (0, $2, ${PRICE})`,
  outbox: `INSERT INTO yardstick.outbox (type, data)
    VALUES ('order.fulfilled', jsonb_build_object('orderId', $1::bigint, 'skuId', $2::bigint, 'total', ${PRICE}))`,
  wallet: `UPDATE yardstick.wallet SET balance = balance - ${PRICE} WHERE id = $1 AND balance >= ${PRICE} RETURNING balance`
} as const

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/**
 * A yardstick that misses the partial index is 5 to 30 times too slow and would flatter everyone. Both the plan that the first
 * executions get and the generic one of later executions are looked at. Throws an Error when either does not use it.
 */
export async function assertPlan(client: Client): Promise<string> {
  await client.query(`PREPARE yardstick_pick (bigint, bigint) AS ${STEPS.card}`)
  try {
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`SET plan_cache_mode = ${mode}`)
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>('EXPLAIN (FORMAT JSON) EXECUTE yardstick_pick(1, 1)')
      const nodes = rows.flatMap(row => row['QUERY PLAN'].flatMap(({ Plan }) => nodesOf(Plan)))
      const picks = nodes.some(node => node['Node Type'].startsWith('Index') && node['Index Name'] === 'card_pick')
      const walks = nodes.some(node => node['Node Type'] === 'Seq Scan' || node['Node Type'] === 'Sort')
      if (!picks || walks) throw new Error(`the yardstick does not pick its card through the partial index: ${JSON.stringify(rows)}`)
    }
    return 'Index Scan using card_pick'
  } finally {
    await client.query('RESET plan_cache_mode')
    await client.query('DEALLOCATE yardstick_pick')
  }
}

/** What the runs must have left: each card sold once, as many cards as orders, and the money of each order on both sides. */
export async function checkYardstick(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ orders: number; cards: number; doubles: number; sum: string; wallets: string }>(`
    SELECT (SELECT count(*)::int FROM yardstick.orders) AS orders,
      (SELECT count(*)::int FROM yardstick.card WHERE state = 'issued') AS cards,
      (SELECT count(*)::int - count(DISTINCT order_id)::int FROM yardstick.card WHERE state = 'issued') AS doubles,
      (SELECT coalesce(sum(amount), 0) FROM yardstick.entry)::text AS sum,
      (SELECT count(*) * ${STARTING_BALANCE} - sum(balance) FROM yardstick.wallet)::text AS wallets`)
  const [row] = rows
  if (row === undefined) return ['the yardstick could not be read']
  const faults: string[] = []
  if (row.orders !== row.cards || row.doubles !== 0) faults.push(`yardstick: ${row.orders} orders, ${row.cards} cards, ${row.doubles} shared`)
  if (row.sum !== '0' || BigInt(row.wallets) !== BigInt(row.orders) * BigInt(PRICE))
    faults.push(`yardstick: entries ${row.sum}, wallets ${row.wallets}`)
  return faults
}
