-- Facades: orders that come in by another system's protocol.

-- Who may call, as an API key does. The secret lies sealed in signing_secret, because signatures are computed with it.
CREATE TABLE facade_credential (
  id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL REFERENCES reseller,
  protocol text NOT NULL CHECK (protocol ~ '^[a-z][a-z0-9-]{0,39}$'),
  login text NOT NULL CHECK (length(login) BETWEEN 1 AND 100),
  name text NOT NULL,
  ip_allow text[] NOT NULL DEFAULT '{}',
  daily_spend_cap bigint CHECK (daily_spend_cap >= 0),
  spend_currency char(3),
  allow_waiting boolean NOT NULL DEFAULT false,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (protocol, login),
  CHECK ((daily_spend_cap IS NULL) = (spend_currency IS NULL))
);
COMMENT ON COLUMN facade_credential.login IS 'the public half: app_id, API key, UserId, as the protocol calls it';
COMMENT ON COLUMN facade_credential.allow_waiting IS 'orders that must be bought from a supplier first are taken, although the protocol cannot deliver them later by itself';
CREATE INDEX facade_credential_reseller ON facade_credential (reseller_id, id);

-- Products and SKUs, for protocols that know goods by a number.
CREATE TABLE facade_number (
  subject_id uuid PRIMARY KEY,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 1001) UNIQUE
);

-- How a SKU is one of several kinds of its product, for protocols whose goods have a race and options. Without a row: by its name.
CREATE TABLE facade_variant (
  sku_id uuid PRIMARY KEY REFERENCES sku,
  race text NOT NULL,
  options jsonb NOT NULL
);

-- Orders by the number that the protocol shows for them. No foreign keys, as everywhere on the way of an order.
CREATE TABLE facade_order (
  order_id uuid PRIMARY KEY,
  reseller_id uuid NOT NULL,
  credential_id uuid NOT NULL,
  request_no text NOT NULL,
  number bigint NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN facade_order.number IS 'random, so that nobody can count the orders of others';
CREATE INDEX facade_order_request ON facade_order (reseller_id, request_no);

GRANT SELECT, INSERT, UPDATE ON facade_credential, facade_variant TO kahub_app;
GRANT SELECT, INSERT ON facade_number, facade_order TO kahub_app;
GRANT DELETE ON facade_variant TO kahub_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kahub_app;
