-- Events are kept for as long as an operator says, not for ever. Whoever reads the feed from before what is left is told so.

-- Everything up to this position is gone; everything that was committed behind it is there.
CREATE TABLE outbox_horizon (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  xid xid8 NOT NULL,
  seq bigint NOT NULL,
  until timestamptz NOT NULL
);
COMMENT ON COLUMN outbox_horizon.until IS 'the time of the newest event that is gone';
INSERT INTO outbox_horizon (xid, seq, until) VALUES ('0', 0, '-infinity');

GRANT SELECT, UPDATE ON outbox_horizon TO kahub_app;
GRANT SELECT ON outbox_horizon TO kahub_tenant;
GRANT DELETE ON outbox TO kahub_app;

-- A shop that was called, or given up, is not called again.
CREATE INDEX facade_callback_ended ON facade_callback (created_at) WHERE state <> 'pending';
GRANT DELETE ON facade_callback TO kahub_app;

-- The answers of order batches are kept as long as those of other requests; their orders keep keys of their own.
GRANT DELETE ON order_batch TO kahub_app;

-- Tables that only grow are vacuumed and analysed each so many rows, not each time that they have grown by a fifth: at a hundred million
-- rows that would be one vacuum of hours, and statistics that know nothing of the last weeks. Such a vacuum reads what is new, and no index.
ALTER TABLE orders SET (autovacuum_analyze_scale_factor = 0.01, autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000);
ALTER TABLE ledger_transfer SET (autovacuum_analyze_scale_factor = 0.01,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000);
ALTER TABLE ledger_entry SET (autovacuum_analyze_scale_factor = 0.01,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
ALTER TABLE card_reveal SET (autovacuum_analyze_scale_factor = 0.01,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000);
ALTER TABLE card_fingerprint SET (autovacuum_analyze_scale_factor = 0.01,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
ALTER TABLE card SET (autovacuum_analyze_scale_factor = 0.01);
ALTER TABLE outbox SET (autovacuum_analyze_scale_factor = 0.01, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000);
