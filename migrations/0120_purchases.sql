-- A purchase writes fewer things that other purchases wait for.

-- A purchase is a batch of its own: two foreign keys would lock the one row of its supplier and of its SKU for each order.
-- Neither is ever deleted; imports look for themselves, and an invariant looks for orphans.
ALTER TABLE card_batch DROP CONSTRAINT card_batch_sku_id_fkey;
ALTER TABLE card_batch DROP CONSTRAINT card_batch_supplier_id_fkey;

-- Only imports have keys.
DROP INDEX card_batch_key;
CREATE UNIQUE INDEX card_batch_key ON card_batch (idempotency_owner, idempotency_key) WHERE state <> 'failed' AND idempotency_key IS NOT NULL;

COMMENT ON COLUMN orders.buys_from IS 'of an order that may wait for stock: attempts from this ordinal on are of its present try; null: it may not wait';
