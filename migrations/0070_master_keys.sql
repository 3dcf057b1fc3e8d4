-- One sealed constant for each master key that was ever given: a process that was given another key under the same name finds out at its
-- start, before it wraps anything.
CREATE TABLE master_key_check (
  kid text PRIMARY KEY,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- How many keys are wrapped by which master key; a rotation pages through the rest.
CREATE INDEX data_key_master ON data_key (master_kid, id);
GRANT SELECT, INSERT ON master_key_check TO kahub_app;
