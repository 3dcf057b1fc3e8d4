-- Which goods a shop wants to be told of when their price, stock or state changes, and what it knows of them.
CREATE TABLE facade_subscription (
  credential_id uuid NOT NULL,
  sku_id uuid NOT NULL,
  token text NOT NULL CHECK (length(token) <= 200),
  url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
  told jsonb NOT NULL,
  told_at timestamptz NOT NULL DEFAULT '-infinity',
  due_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz NOT NULL DEFAULT '-infinity',
  attempts int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (credential_id, sku_id, token)
) WITH (fillfactor = 80);
COMMENT ON COLUMN facade_subscription.token IS 'whose subscription it is, in the words of the other side; empty: it has no name';
COMMENT ON COLUMN facade_subscription.told IS 'what the shop knows';
COMMENT ON COLUMN facade_subscription.told_at IS 'when it was last called, whatever it answered';
COMMENT ON COLUMN facade_subscription.due_at IS 'when it is compared with what it is by then';
COMMENT ON COLUMN facade_subscription.leased_until IS 'held by whoever compares and tells, so that a dead worker loses it again';
CREATE INDEX facade_subscription_due ON facade_subscription (due_at);
CREATE INDEX facade_subscription_sku ON facade_subscription (sku_id);

-- How far the change feed was read for them.
CREATE TABLE facade_news_cursor (
  id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  xid xid8 NOT NULL DEFAULT '0',
  seq bigint NOT NULL DEFAULT 0
);
INSERT INTO facade_news_cursor DEFAULT VALUES;

GRANT SELECT, INSERT, UPDATE, DELETE ON facade_subscription TO kahub_app;
GRANT SELECT, UPDATE ON facade_news_cursor TO kahub_app;
