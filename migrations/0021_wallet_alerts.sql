-- Whoever wants to hear of it when a wallet runs low says from which amount on.
CREATE TABLE wallet_alert (
  reseller_id uuid NOT NULL REFERENCES reseller,
  currency char(3) NOT NULL,
  account_id uuid NOT NULL UNIQUE,
  threshold bigint NOT NULL CHECK (threshold > 0),
  is_low boolean NOT NULL,
  checked_version bigint NOT NULL,
  checked_limit bigint NOT NULL,
  PRIMARY KEY (reseller_id, currency)
);
COMMENT ON COLUMN wallet_alert.threshold IS 'of what orders may cost now, the credit line included';
COMMENT ON COLUMN wallet_alert.is_low IS 'after the entry checked_version: only who is not low can become low';
COMMENT ON COLUMN wallet_alert.checked_version IS 'the last entry of the account that was looked at; none is passed over';
COMMENT ON COLUMN wallet_alert.checked_limit IS 'the credit limit at that time';

GRANT SELECT, INSERT, UPDATE, DELETE ON wallet_alert TO kahub_app;
