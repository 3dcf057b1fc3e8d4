-- What suppliers say of their stock and prices, what follows from it for our prices, and what they owe us.

ALTER TABLE sku_source ADD COLUMN available int CHECK (available >= 0);
ALTER TABLE sku_source ADD COLUMN on_sale boolean NOT NULL DEFAULT true;
ALTER TABLE sku_source ADD COLUMN cost_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE sku_source ADD COLUMN stock_at timestamptz;
ALTER TABLE sku_source ADD COLUMN seen_at timestamptz;
ALTER TABLE sku_source ADD COLUMN asked_at timestamptz;
COMMENT ON COLUMN sku_source.available IS 'as the supplier last said; null: unknown';
COMMENT ON COLUMN sku_source.on_sale IS 'false: the supplier says that it does not sell it now';
COMMENT ON COLUMN sku_source.cost_at IS 'the moment that unit_cost is of: what is older does not count any more';
COMMENT ON COLUMN sku_source.stock_at IS 'the moment that available and on_sale are of';
COMMENT ON COLUMN sku_source.seen_at IS 'when the supplier last said anything of it';
COMMENT ON COLUMN sku_source.asked_at IS 'when it was last asked for by itself';

-- How the price of a SKU follows its cost, and which costs are too high. A SKU without a row: the default of its cheapest supplier, no floor.
CREATE TABLE sku_sourcing (
  sku_id uuid PRIMARY KEY REFERENCES sku,
  pricing text NOT NULL DEFAULT 'supplier' CHECK (pricing IN ('off', 'own', 'supplier')),
  markup jsonb,
  margin_floor bigint NOT NULL DEFAULT 0 CHECK (margin_floor >= 0),
  max_cost bigint CHECK (max_cost >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((pricing = 'own') = (markup IS NOT NULL))
);
COMMENT ON COLUMN sku_sourcing.margin_floor IS 'a source that leaves less of the price is not bought from';
COMMENT ON COLUMN sku_sourcing.max_cost IS 'nothing is bought above it, whatever the price; null: no limit';

ALTER TABLE supplier ADD COLUMN sync_seconds int CHECK (sync_seconds = 0 OR sync_seconds BETWEEN 10 AND 86400);
ALTER TABLE supplier ADD COLUMN markup jsonb;
ALTER TABLE supplier ADD COLUMN low_balance bigint CHECK (low_balance >= 0);
ALTER TABLE supplier ADD COLUMN low_balance_currency char(3);
ALTER TABLE supplier ADD CONSTRAINT supplier_low_balance_has_currency CHECK ((low_balance IS NULL) = (low_balance_currency IS NULL));
COMMENT ON COLUMN supplier.sync_seconds IS 'how often its prices and stock are read; null: the default; 0: never';
COMMENT ON COLUMN supplier.markup IS 'for SKUs that have no rule of their own; null: none';

-- Reading a supplier's products: how far it got, and when it goes on. Whoever knows lease_id is at work, until due_at.
CREATE TABLE supplier_sync (
  supplier_id uuid PRIMARY KEY REFERENCES supplier,
  due_at timestamptz NOT NULL DEFAULT now(),
  lease_id uuid,
  cursor text,
  pages int NOT NULL DEFAULT 0,
  started_at timestamptz,
  since timestamptz,
  finished_at timestamptz,
  again boolean NOT NULL DEFAULT false,
  failures int NOT NULL DEFAULT 0,
  detail text,
  balance bigint,
  balance_currency char(3),
  balance_at timestamptz,
  balance_low boolean NOT NULL DEFAULT false,
  CHECK (num_nulls(balance, balance_currency, balance_at) IN (0, 3))
) WITH (fillfactor = 70);
COMMENT ON COLUMN supplier_sync.started_at IS 'when the pass under way began; null: none is';
COMMENT ON COLUMN supplier_sync.since IS 'the beginning of the last pass that came to its end: what changed later is asked for';
COMMENT ON COLUMN supplier_sync.again IS 'something was added while it was at work: it begins anew at once';
COMMENT ON COLUMN supplier_sync.balance_low IS 'it has been said that the balance is low';
CREATE INDEX supplier_sync_due ON supplier_sync (due_at);
INSERT INTO supplier_sync (supplier_id) SELECT id FROM supplier WHERE adapter <> 'push';

-- How well suppliers did lately.
CREATE INDEX supplier_attempt_ended ON supplier_attempt (supplier_id, ended_at) WHERE ended_at IS NOT NULL;

ALTER TABLE orders ADD COLUMN from_stock int CHECK (from_stock BETWEEN 0 AND quantity);
ALTER TABLE orders ADD COLUMN buys_from int CHECK (buys_from >= 0);
COMMENT ON COLUMN orders.buys_from IS 'of an order that waited for stock: attempts from this ordinal on are of its present try; null: it never waited';
COMMENT ON COLUMN orders.from_stock IS 'units of an order that is bought upstream which own stock filled: its first positions; null: none';

GRANT SELECT, INSERT, UPDATE ON sku_sourcing, supplier_sync TO kahub_app;
