-- What is verified all the time, and whether orders are taken.

-- A place of an order has one card: until now only a rule said so.
CREATE UNIQUE INDEX card_unit ON card (order_id, position) WHERE order_id IS NOT NULL;
DROP INDEX card_order;

-- One row. Orders are taken while stopped_at is null.
CREATE TABLE intake (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  stopped_at timestamptz,
  reasons jsonb NOT NULL DEFAULT '[]',
  CHECK ((stopped_at IS NULL) = (reasons = '[]'))
);
COMMENT ON COLUMN intake.reasons IS 'the broken rules, each with its name, its description, how many rows break it and the first of them';
INSERT INTO intake DEFAULT VALUES;

CREATE TABLE intake_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('stopped', 'resumed')),
  actor text NOT NULL,
  note text,
  reasons jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Who verifies, until when, and when the next run is due. One row: several workers do no harm, but one is enough.
CREATE TABLE invariant_watch (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  holder uuid,
  leased_until timestamptz NOT NULL DEFAULT '-infinity',
  due_at timestamptz NOT NULL DEFAULT '-infinity',
  verified_at timestamptz
);
COMMENT ON COLUMN invariant_watch.verified_at IS 'all that was committed before it has been verified';
INSERT INTO invariant_watch DEFAULT VALUES;

-- How far the entries of each account have been verified. An account that has moved on is due.
CREATE TABLE ledger_verified (
  account_id uuid PRIMARY KEY,
  version bigint NOT NULL,
  balance bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Where the passes over everything that is old have got to.
CREATE TABLE invariant_scan (
  name text PRIMARY KEY,
  position text,
  due_at timestamptz NOT NULL DEFAULT '-infinity',
  passed_at timestamptz
);
COMMENT ON COLUMN invariant_scan.passed_at IS 'when the last pass came to its end';

GRANT SELECT, UPDATE ON intake, invariant_watch TO kahub_app;
GRANT SELECT, INSERT ON intake_change TO kahub_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kahub_app;
GRANT SELECT, INSERT, UPDATE ON ledger_verified, invariant_scan TO kahub_app;
