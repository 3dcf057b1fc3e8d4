-- Suppliers that are bought from: how to reach them, what they offer for each SKU, and every attempt to buy.

ALTER TABLE supplier ADD COLUMN adapter text NOT NULL DEFAULT 'push';
ALTER TABLE supplier ADD COLUMN config_sealed bytea;
COMMENT ON COLUMN supplier.adapter IS 'push: it sends keys to us and is never called';
COMMENT ON COLUMN supplier.config_sealed IS 'credentials and settings of the adapter, bound to the id of the row; null: none';

-- Where a SKU can be bought. The cost is in the currency of the SKU.
CREATE TABLE sku_source (
  sku_id uuid NOT NULL REFERENCES sku,
  supplier_id uuid NOT NULL REFERENCES supplier,
  product_code text NOT NULL CHECK (length(product_code) BETWEEN 1 AND 200),
  unit_cost bigint NOT NULL CHECK (unit_cost >= 0),
  priority int NOT NULL DEFAULT 100,
  enabled boolean NOT NULL DEFAULT true,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sku_id, supplier_id, product_code)
);
CREATE INDEX sku_source_product ON sku_source (supplier_id, product_code);

ALTER TABLE orders ADD COLUMN deadline_at timestamptz;
ALTER TABLE orders ADD COLUMN delivered int CHECK (delivered BETWEEN 0 AND quantity);
COMMENT ON COLUMN orders.deadline_at IS 'of an order that is being bought: when a person looks at it, if it is still unclear';
COMMENT ON COLUMN orders.delivered IS 'units that a supplier delivered; null: never bought upstream';
CREATE INDEX orders_reserved ON orders (id) WHERE state = 'reserved';

-- No foreign keys: every purchase at a supplier would lock its row.
-- One purchase of some units of an order at one supplier. intent: committed, not sent. sent: a call may be under way, until due_at.
-- unknown: it may have been sold. submitted: the supplier took it. orphan: it came after it had been given up.
CREATE TABLE supplier_attempt (
  id uuid PRIMARY KEY,
  order_id uuid NOT NULL,
  ordinal int NOT NULL CHECK (ordinal >= 0),
  supplier_id uuid NOT NULL,
  product_code text NOT NULL,
  reference text NOT NULL,
  quantity int NOT NULL CHECK (quantity >= 1),
  currency char(3) NOT NULL,
  unit_cost bigint NOT NULL CHECK (unit_cost >= 0),
  max_unit_cost bigint NOT NULL CHECK (max_unit_cost >= 0),
  state text NOT NULL DEFAULT 'intent'
    CHECK (state IN ('intent', 'sent', 'unknown', 'submitted', 'review', 'succeeded', 'partial', 'failed', 'orphan')),
  upstream_id text,
  tries int NOT NULL DEFAULT 0,
  checks int NOT NULL DEFAULT 0,
  not_found int NOT NULL DEFAULT 0,
  duplicates int NOT NULL DEFAULT 0,
  detail text,
  quiet_time_ms bigint NOT NULL,
  due_at timestamptz,
  review_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  ended_at timestamptz,
  UNIQUE (supplier_id, reference),
  UNIQUE (order_id, ordinal),
  CHECK ((state IN ('intent', 'sent', 'unknown', 'submitted', 'review')) = (ended_at IS NULL)),
  CHECK (ended_at IS NOT NULL OR due_at IS NOT NULL),
  CHECK (state = 'intent' OR state = 'failed' OR sent_at IS NOT NULL)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN supplier_attempt.due_at IS 'when the next step is due; pushed ahead by whoever works on it, so that a dead worker loses it again';
CREATE INDEX supplier_attempt_due ON supplier_attempt (supplier_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX supplier_attempt_unsent ON supplier_attempt (created_at) WHERE state = 'intent';

-- The units that an attempt is to bring. live, then delivered; failed: another source may bring it; abandoned: nobody will.
CREATE TABLE supplier_attempt_unit (
  attempt_id uuid NOT NULL,
  order_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 0),
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'delivered', 'failed', 'abandoned')),
  PRIMARY KEY (attempt_id, position)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
-- What keeps a unit from being bought twice, whatever the code above believes.
CREATE UNIQUE INDEX supplier_attempt_unit_live ON supplier_attempt_unit (order_id, position) WHERE state IN ('live', 'delivered');

-- Cards that were bought for an order have the id of the attempt as their batch.
ALTER TABLE card_batch DROP CONSTRAINT card_batch_format_check;
ALTER TABLE card_batch ADD CONSTRAINT card_batch_format_check CHECK (format IN ('text', 'csv', 'ndjson', 'upstream'));

GRANT SELECT, INSERT, UPDATE ON sku_source, supplier_attempt, supplier_attempt_unit TO kahub_app;
GRANT DELETE ON sku_source TO kahub_app;
