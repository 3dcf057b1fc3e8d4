-- kahub's tables. The SQL is the truth; src/**/tables.ts repeats what the code reads through drizzle.
-- Hot tables (orders, card, ledger_*, outbox) carry no foreign keys to rows that every order shares: a foreign key
-- locks the parent row at each insert, and one SKU or reseller row would then pass all traffic. The invariants look for orphans instead.

-- accounts -------------------------------------------------------------------------------------------------------
CREATE TABLE reseller (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  tier text,
  currency char(3) NOT NULL DEFAULT 'CNY',
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE supplier (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('operator', 'reseller', 'supplier')),
  owner_id uuid,
  name text NOT NULL,
  key_hash bytea NOT NULL UNIQUE,
  hint text NOT NULL,
  test boolean NOT NULL DEFAULT false,
  scopes text[] NOT NULL,
  ip_allow text[] NOT NULL DEFAULT '{}',
  daily_spend_cap bigint CHECK (daily_spend_cap >= 0),
  spend_currency char(3),
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'operator') = (owner_id IS NULL)),
  CHECK ((daily_spend_cap IS NULL) = (spend_currency IS NULL))
);
CREATE INDEX api_key_owner ON api_key (owner_id, id);

CREATE TABLE api_key_spend (
  api_key_id uuid NOT NULL,
  day date NOT NULL,
  spent bigint NOT NULL CHECK (spent >= 0),
  PRIMARY KEY (api_key_id, day)
);

-- ledger ---------------------------------------------------------------------------------------------------------
CREATE TABLE ledger_account (
  id uuid PRIMARY KEY,
  owner_id uuid,
  kind text NOT NULL,
  shard smallint NOT NULL DEFAULT 0,
  currency char(3) NOT NULL,
  balance bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0,
  credit_limit bigint DEFAULT 0 CHECK (credit_limit >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ledger_account_covered CHECK (credit_limit IS NULL OR balance + credit_limit >= 0),
  UNIQUE NULLS NOT DISTINCT (owner_id, kind, currency, shard)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN ledger_account.credit_limit IS 'how far below zero the balance may go, in 1/10000 of the currency unit; null: no bound (platform accounts)';

CREATE TABLE ledger_transfer (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  step int NOT NULL DEFAULT 0,
  currency char(3) NOT NULL,
  note text,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (subject_id, kind, step)
);
COMMENT ON TABLE ledger_transfer IS 'one business event that moved money, at most once: (subject_id, kind, step) names it';

CREATE TABLE ledger_entry (
  transfer_id uuid NOT NULL,
  leg smallint NOT NULL,
  account_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0),
  account_version bigint NOT NULL,
  balance_after bigint NOT NULL,
  PRIMARY KEY (transfer_id, leg),
  UNIQUE (account_id, account_version)
);

-- Every transfer is checked once, at commit, when all of its entries are there: they sum to zero. No entry is zero, so a sum of zero
-- means two entries or more; no entries at all give null, which is not zero.
CREATE FUNCTION ledger_transfer_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(amount) FROM ledger_entry WHERE transfer_id = NEW.id) IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'ledger transfer % is not balanced', NEW.id USING ERRCODE = 'LG001';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transfer_balanced AFTER INSERT ON ledger_transfer
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_transfer_balanced();

-- Checked for all rows of a statement at once. An entry may only join a transfer that its own transaction created (not in a savepoint),
-- so that the check at commit sees every entry there will ever be; and its account must be of the transfer's currency.
-- By index only: planned on a small table, this would go on scanning the whole of it when it has grown.
CREATE FUNCTION ledger_entry_in_own_transfer() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  IF EXISTS (SELECT FROM added e LEFT JOIN ledger_transfer t ON t.id = e.transfer_id LEFT JOIN ledger_account a ON a.id = e.account_id
             WHERE t.xmin IS DISTINCT FROM pg_current_xact_id()::xid OR a.currency IS DISTINCT FROM t.currency) THEN
    RAISE EXCEPTION 'ledger entries must be written with their transfer, on accounts of its currency' USING ERRCODE = 'LG002';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_in_own_transfer AFTER INSERT ON ledger_entry
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_in_own_transfer();

-- Who moved money in or out of a wallet by hand, and why; the money itself is the transfer.
CREATE TABLE wallet_adjustment (
  transfer_id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL REFERENCES reseller,
  kind text NOT NULL CHECK (kind IN ('credit', 'debit')),
  reference text,
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- One payment is credited once, whichever way it arrives: by an operator's credit or by an announced top-up.
CREATE UNIQUE INDEX wallet_adjustment_reference ON wallet_adjustment (reseller_id, kind, reference) WHERE reference IS NOT NULL;

CREATE TABLE top_up (
  id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL REFERENCES reseller,
  amount bigint NOT NULL CHECK (amount > 0),
  currency char(3) NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'credited', 'declined')),
  reference text,
  reason text,
  transfer_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  decided_at timestamptz,
  decided_by text,
  CHECK ((state = 'pending') = (decided_at IS NULL)),
  CHECK ((state = 'credited') = (transfer_id IS NOT NULL))
);
-- A declined announcement may be made again.
CREATE UNIQUE INDEX top_up_reference ON top_up (reseller_id, reference) WHERE reference IS NOT NULL AND state <> 'declined';
CREATE INDEX top_up_reseller ON top_up (reseller_id, id);
CREATE INDEX top_up_pending ON top_up (id) WHERE state = 'pending';

-- catalog --------------------------------------------------------------------------------------------------------
CREATE TABLE product (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  category text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('card', 'topup', 'bundle')),
  description text,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sku (
  id uuid PRIMARY KEY,
  product_id uuid NOT NULL REFERENCES product,
  code text NOT NULL UNIQUE,
  name text NOT NULL,
  currency char(3) NOT NULL,
  price bigint NOT NULL CHECK (price >= 0),
  min_quantity int NOT NULL DEFAULT 1 CHECK (min_quantity >= 1),
  max_quantity int NOT NULL DEFAULT 1000,
  card_kind text NOT NULL DEFAULT 'text' CHECK (card_kind IN ('text', 'image', 'link')),
  input_schema jsonb,
  instructions text,
  low_stock_threshold int NOT NULL DEFAULT 0 CHECK (low_stock_threshold >= 0),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (max_quantity >= min_quantity)
);
CREATE INDEX sku_product ON sku (product_id, id);

-- Prices beside the base price: for a tier, for one reseller, or a quantity break of the base price (both null).
CREATE TABLE sku_price (
  sku_id uuid NOT NULL REFERENCES sku,
  tier text,
  reseller_id uuid REFERENCES reseller,
  min_quantity int NOT NULL DEFAULT 1 CHECK (min_quantity >= 1),
  unit_price bigint NOT NULL CHECK (unit_price >= 0),
  UNIQUE NULLS NOT DISTINCT (sku_id, tier, reseller_id, min_quantity),
  CHECK (num_nonnulls(tier, reseller_id) <= 1)
);

CREATE TABLE quote (
  id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL,
  sku_id uuid NOT NULL,
  quantity int NOT NULL CHECK (quantity >= 1),
  unit_price bigint NOT NULL CHECK (unit_price >= 0),
  currency char(3) NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quote_expiry ON quote (expires_at);

-- One row a SKU, locked by each allocation: the fence, the stock counter, and the revision of everything that a price depends on.
CREATE TABLE sku_fence (
  sku_id uuid PRIMARY KEY,
  fence bigint NOT NULL DEFAULT 0,
  available int NOT NULL DEFAULT 0 CHECK (available >= 0),
  revision bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- The stock last announced in catalog_change: a table of its own, so that the announcer never waits for a row that orders hold.
CREATE TABLE stock_published (
  sku_id uuid PRIMARY KEY,
  available int NOT NULL
);

-- Readers page by (xid, seq) below the oldest running transaction: a sequence alone is not commit order and would let a reader skip rows.
CREATE TABLE catalog_change (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  sku_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('price', 'stock', 'listing')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (xid, seq)
);
-- Finds out whether a change was superseded: old changes are dropped only when a newer one of the same SKU and kind exists.
CREATE INDEX catalog_change_newest ON catalog_change (sku_id, kind, xid, seq);

-- inventory ------------------------------------------------------------------------------------------------------
CREATE TABLE data_key (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('card', 'fingerprint')),
  master_kid text NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE card_batch (
  id uuid PRIMARY KEY,
  sku_id uuid NOT NULL REFERENCES sku,
  supplier_id uuid REFERENCES supplier,
  unit_cost bigint CHECK (unit_cost >= 0),
  currency char(3) NOT NULL,
  format text NOT NULL CHECK (format IN ('text', 'csv', 'ndjson')),
  state text NOT NULL DEFAULT 'importing' CHECK (state IN ('importing', 'done', 'failed')),
  accepted int NOT NULL DEFAULT 0,
  duplicates int NOT NULL DEFAULT 0,
  rejected int NOT NULL DEFAULT 0,
  first_seq bigint,
  last_seq bigint,
  idempotency_owner uuid,
  idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 300),
  request_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  touched_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CHECK ((state = 'importing') = (finished_at IS NULL)),
  CHECK (num_nulls(idempotency_owner, idempotency_key, request_hash) IN (0, 3))
);
COMMENT ON COLUMN card_batch.first_seq IS 'card.seq of its first card; with last_seq, where the batch lies in the partial indexes of card';
CREATE INDEX card_batch_sku ON card_batch (sku_id, id);
CREATE INDEX card_batch_importing ON card_batch (touched_at) WHERE state = 'importing';
-- A failed import frees its key: the same request is then made again, and its stored part is reported as duplicates.
CREATE UNIQUE INDEX card_batch_key ON card_batch (idempotency_owner, idempotency_key) WHERE state <> 'failed';

CREATE TABLE card_batch_line (
  batch_id uuid NOT NULL REFERENCES card_batch,
  line int NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (batch_id, line)
);
COMMENT ON TABLE card_batch_line IS 'lines of an import that became no card, by number and reason; never the key itself';

CREATE TABLE card (
  id uuid PRIMARY KEY,
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  sku_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  data_key_id int NOT NULL,
  ciphertext bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('quarantined', 'available', 'reserved', 'issued', 'revealed', 'returned', 'replaced', 'void')),
  order_id uuid,
  position int,
  expires_at timestamptz,
  issued_at timestamptz,
  CHECK ((state IN ('reserved', 'issued', 'revealed', 'returned', 'replaced')) = (order_id IS NOT NULL)),
  CHECK ((order_id IS NULL) = (position IS NULL))
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
-- The one index that picks a card; it alone gives the order, so the planner cannot walk sold rows.
CREATE INDEX card_pick ON card (sku_id, seq) WHERE state = 'available';
CREATE INDEX card_quarantined ON card (sku_id, seq) WHERE state = 'quarantined';
CREATE INDEX card_order ON card (order_id, position) WHERE order_id IS NOT NULL;
CREATE INDEX card_expiry ON card (expires_at) WHERE state = 'available' AND expires_at IS NOT NULL;

-- Unique for ever and across suppliers: a key that was stocked once can never be stocked again.
CREATE TABLE card_fingerprint (
  fingerprint bytea PRIMARY KEY,
  card_id uuid NOT NULL
);

CREATE TABLE card_reveal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  card_id uuid NOT NULL,
  order_id uuid NOT NULL,
  api_key_id uuid,
  request_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX card_reveal_order ON card_reveal (order_id);

-- orders ---------------------------------------------------------------------------------------------------------
CREATE TABLE orders (
  id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL,
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 300),
  request_hash bytea NOT NULL,
  reference text,
  state text NOT NULL CHECK (state IN ('received', 'reserved', 'held', 'backordered', 'submitting', 'submitted', 'uncertain', 'review',
    'partially_fulfilled', 'fulfilled', 'cancelling', 'cancelled', 'failed', 'refunded', 'rejected')),
  sku_id uuid NOT NULL,
  quantity int NOT NULL CHECK (quantity >= 1),
  currency char(3) NOT NULL,
  unit_price bigint NOT NULL CHECK (unit_price >= 0),
  total bigint NOT NULL CHECK (total >= 0),
  balance_after bigint NOT NULL,
  price_rule text NOT NULL,
  reveal boolean NOT NULL,
  api_key_id uuid,
  quote_id uuid,
  input jsonb,
  metadata jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  fulfilled_at timestamptz,
  closed_at timestamptz,
  UNIQUE (reseller_id, idempotency_key),
  CHECK (total = unit_price * quantity)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX orders_reference ON orders (reseller_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX orders_reseller ON orders (reseller_id, id);
CREATE INDEX orders_waiting ON orders (sku_id, id) WHERE state IN ('received', 'reserved', 'held', 'backordered', 'submitting', 'submitted',
  'uncertain', 'review', 'partially_fulfilled', 'cancelling');

CREATE TABLE order_batch (
  id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL,
  idempotency_key text NOT NULL,
  request_hash bytea NOT NULL,
  results jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (reseller_id, idempotency_key)
);

-- events and idempotency -----------------------------------------------------------------------------------------
CREATE TABLE outbox (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  id uuid NOT NULL,
  type text NOT NULL,
  reseller_id uuid,
  subject_id uuid NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (xid, seq)
);
CREATE INDEX outbox_reseller ON outbox (reseller_id, xid, seq);

CREATE TABLE idempotency_record (
  owner_id uuid NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  response jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner_id, key)
);

-- What the application may do. It is never the owner: the ledger, the reveal log and the fingerprints are append-only for it.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'kahub_app') THEN CREATE ROLE kahub_app NOLOGIN; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO kahub_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO kahub_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kahub_app;
-- Of an account only what a posting changes: its owner, kind and currency are fixed for ever.
REVOKE UPDATE ON ledger_account FROM kahub_app;
GRANT UPDATE (balance, version, credit_limit) ON ledger_account TO kahub_app;
GRANT DELETE ON sku_price, quote, idempotency_record, catalog_change, api_key_spend TO kahub_app;
REVOKE UPDATE ON ledger_transfer, ledger_entry, wallet_adjustment, card_reveal, card_fingerprint, outbox, catalog_change, card_batch_line, order_batch FROM kahub_app;
