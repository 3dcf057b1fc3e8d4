-- Stored answers to requests other than orders are kept for a while, not for ever; orders keep their keys on their own rows.
CREATE INDEX idempotency_record_age ON idempotency_record (created_at);
