-- What an operator sets for one supplier over what its adapter says: calls at once, requests a minute, times.
ALTER TABLE supplier ADD COLUMN limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object');
COMMENT ON COLUMN supplier.limits IS 'callsInFlight, requestsPerMinute, callTimeoutMs, quietTimeMs, reviewAfterMs; what is absent is the adapter''s';
