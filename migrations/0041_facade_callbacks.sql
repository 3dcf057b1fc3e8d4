-- Where a shop wants to be told that an order of its protocol has ended.
CREATE TABLE facade_callback (
  order_id uuid PRIMARY KEY,
  credential_id uuid NOT NULL,
  url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts int NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
COMMENT ON COLUMN facade_callback.next_attempt_at IS 'pushed ahead by whoever sends, so that a dead worker loses it again';
CREATE INDEX facade_callback_due ON facade_callback (next_attempt_at) WHERE state = 'pending';

GRANT SELECT, INSERT, UPDATE ON facade_callback TO kahub_app;
