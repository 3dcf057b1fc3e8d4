-- Stock and price events of the catalog: one row for all resellers who may see it, not one for each.

ALTER TABLE outbox ADD COLUMN audience text;
COMMENT ON COLUMN outbox.audience IS 'of an event without reseller_id: all, or tier: and the name of a tier; null: nobody but operators';
CREATE INDEX outbox_audience ON outbox (xid, seq) WHERE audience IS NOT NULL;

-- What resellers were last told of each SKU; the difference to what it is now makes the events.
CREATE TABLE catalog_announced (
  sku_id uuid PRIMARY KEY,
  level text NOT NULL CHECK (level IN ('out', 'low', 'in')),
  prices jsonb,
  announced_at timestamptz NOT NULL DEFAULT '-infinity',
  due_at timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN catalog_announced.prices IS 'the price list of each audience, in short; null: not known, so the next change counts for all';
COMMENT ON COLUMN catalog_announced.announced_at IS 'of the last event of its stock: the next one comes a moment later at the earliest';
COMMENT ON COLUMN catalog_announced.due_at IS 'when it is to be looked at again, because it moved too soon after the last event';
CREATE INDEX catalog_announced_due ON catalog_announced (due_at) WHERE due_at IS NOT NULL;

INSERT INTO catalog_announced (sku_id, level)
SELECT s.id, CASE WHEN f.available = 0 THEN 'out' WHEN f.available <= s.low_stock_threshold THEN 'low' ELSE 'in' END
FROM sku s JOIN sku_fence f ON f.sku_id = s.id;

-- How far the change feed has been looked through for events. Whoever holds the row's lock looks.
CREATE TABLE catalog_event_cursor (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  xid xid8 NOT NULL,
  seq bigint NOT NULL
);
INSERT INTO catalog_event_cursor (xid, seq) VALUES (pg_snapshot_xmin(pg_current_snapshot()), 0);

GRANT SELECT, INSERT, UPDATE ON catalog_announced, catalog_event_cursor TO kahub_app;
