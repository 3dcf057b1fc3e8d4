-- Webhooks: endpoints of resellers and what was sent to them; what suppliers pushed to us.

-- Which purposes there are is the code's business; a wrapped key opens for its own purpose only.
ALTER TABLE data_key DROP CONSTRAINT IF EXISTS data_key_purpose_check;
ALTER TABLE data_key ADD CONSTRAINT data_key_purpose_check CHECK (purpose ~ '^[a-z][a-z-]{0,39}$');

-- Shared secrets that sign webhooks: of an endpoint (we sign) or of a supplier (we verify). Several are valid while one is being rotated.
CREATE TABLE signing_secret (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz
);
CREATE INDEX signing_secret_owner ON signing_secret (owner_id, created_at);

CREATE TABLE webhook_endpoint (
  id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL REFERENCES reseller,
  url text NOT NULL,
  description text,
  events text[] NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  pause_reason text CHECK (pause_reason IN ('caller', 'failures', 'gone')),
  paused_at timestamptz,
  paused_xid xid8,
  paused_seq bigint,
  failing_since timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((state = 'paused') = (pause_reason IS NOT NULL)),
  CHECK (num_nulls(pause_reason, paused_at, paused_xid, paused_seq) IN (0, 4))
);
COMMENT ON COLUMN webhook_endpoint.events IS 'types, or groups such as order.*; empty: all';
COMMENT ON COLUMN webhook_endpoint.failing_since IS 'the first failure after the last success';
COMMENT ON COLUMN webhook_endpoint.paused_xid IS 'with paused_seq: all events up to here were given to it before it was paused';
CREATE INDEX webhook_endpoint_reseller ON webhook_endpoint (reseller_id, id);

-- One event for one endpoint. No foreign key to the endpoint: deliveries of a deleted one are cleared away in steps.
CREATE TABLE webhook_delivery (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  endpoint_id uuid NOT NULL,
  event_xid xid8 NOT NULL,
  event_seq bigint NOT NULL,
  subject_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts int NOT NULL DEFAULT 0,
  next_attempt_at timestamptz DEFAULT now(),
  lease_id uuid,
  last_status int,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  UNIQUE (endpoint_id, event_xid, event_seq),
  CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
  CHECK ((state = 'pending') = (finished_at IS NULL)),
  CHECK (lease_id IS NULL OR state = 'pending')
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN webhook_delivery.event_xid IS 'with event_seq, the row of outbox, and the order of events';
COMMENT ON COLUMN webhook_delivery.lease_id IS 'being sent by whoever knows this id, until next_attempt_at';
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_subject ON webhook_delivery (endpoint_id, subject_id, event_xid, event_seq) WHERE state = 'pending';
CREATE INDEX webhook_delivery_leased ON webhook_delivery (endpoint_id) WHERE lease_id IS NOT NULL;
CREATE INDEX webhook_delivery_finished ON webhook_delivery (finished_at) WHERE finished_at IS NOT NULL;

-- How far the outbox has been handed to the endpoints. Whoever holds the row's lock is the relayer.
CREATE TABLE webhook_cursor (
  name text PRIMARY KEY,
  xid xid8 NOT NULL,
  seq bigint NOT NULL
);
INSERT INTO webhook_cursor (name, xid, seq) VALUES ('outbox', pg_snapshot_xmin(pg_current_snapshot()), 0);

-- What suppliers pushed: an id counts once for ever. Never the body: it may hold cards.
CREATE TABLE inbound_event (
  supplier_id uuid NOT NULL,
  webhook_id text NOT NULL CHECK (length(webhook_id) BETWEEN 1 AND 200),
  body_hash bytea NOT NULL,
  type text NOT NULL,
  state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'pending', 'done')),
  data jsonb,
  result jsonb,
  received_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (supplier_id, webhook_id),
  CHECK ((state = 'done') = (done_at IS NOT NULL)),
  CHECK (state = 'received' OR result IS NOT NULL)
);
COMMENT ON COLUMN inbound_event.state IS 'received: stored, and without effect so far; pending: accepted, its effect follows from data; done: it had its effect';
CREATE INDEX inbound_event_pending ON inbound_event (type, received_at) WHERE state = 'pending';

-- Pushes that came under an id which had brought another body: set aside, without effect.
CREATE TABLE inbound_conflict (
  supplier_id uuid NOT NULL,
  webhook_id text NOT NULL,
  body_hash bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (supplier_id, webhook_id, body_hash)
);

GRANT SELECT, INSERT, UPDATE ON signing_secret, webhook_endpoint, webhook_delivery, webhook_cursor, inbound_event TO kahub_app;
GRANT SELECT, INSERT ON inbound_conflict TO kahub_app;
GRANT DELETE ON signing_secret, webhook_endpoint, webhook_delivery TO kahub_app;
