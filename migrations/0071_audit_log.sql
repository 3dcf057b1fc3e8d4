-- What operators did, in one chain: the hash of each row covers the row and the hash before it, so that a row that was changed, removed or
-- put in between breaks the chain at its place. The application adds rows and can do nothing else; number, time and hash are not its to choose.
CREATE TABLE audit_log (
  seq bigint PRIMARY KEY CHECK (seq > 0),
  at timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  request_id text,
  target jsonb NOT NULL,
  detail jsonb NOT NULL,
  hash bytea NOT NULL
);
COMMENT ON COLUMN audit_log.action IS 'the operationId of the API, or the name of a command';
COMMENT ON COLUMN audit_log.target IS 'the ids of the path';
CREATE INDEX audit_log_action ON audit_log (action, seq);
CREATE INDEX audit_log_actor ON audit_log (actor, seq);

-- The end of the chain. Locked by each action from its last statement to its commit: a commit's time, and no longer.
CREATE TABLE audit_head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq bigint NOT NULL,
  hash bytea NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, sha256('kahub1|audit'));

-- What a hash covers. jsonb has one text for equal values, and microseconds are all that a timestamp has.
CREATE FUNCTION audit_hash(previous bytea, r audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(previous || convert_to(jsonb_build_array(
    r.seq, (extract(epoch FROM r.at) * 1000000)::bigint, r.actor, r.action, r.request_id, r.target, r.detail)::text, 'UTF8'))
$$;

CREATE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE head audit_head;
BEGIN
  SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
  NEW.seq := head.seq + 1;
  NEW.at := clock_timestamp();
  NEW.hash := audit_hash(head.hash, NEW);
  UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_chain();

GRANT SELECT ON audit_log, audit_head TO kahub_app;
GRANT INSERT (actor, action, request_id, target, detail) ON audit_log TO kahub_app;
