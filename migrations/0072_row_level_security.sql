-- A second wall between resellers. What is read for a reseller is read as kahub_tenant, which sees the rows of `kahub.tenant` only, so that a
-- query without its WHERE shows nothing of anyone else. kahub_app, which decides about many resellers in one transaction, sees all rows:
-- its policy is the constant true, which the planner drops, so orders do not pay for the wall.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'kahub_tenant') THEN CREATE ROLE kahub_tenant NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
-- Whoever may act as the application may also act for one reseller. Where somebody else created the roles, somebody else grants it. The
-- application does not inherit: the policies of the tenant are not even looked at for its own statements.
DO $$ BEGIN
  IF NOT pg_has_role('kahub_app', 'kahub_tenant', 'MEMBER') THEN
    EXECUTE 'GRANT kahub_tenant TO kahub_app' || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE' ELSE '' END;
  END IF;
EXCEPTION WHEN insufficient_privilege OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO kahub_tenant;

-- Null, and so no rows at all, where it was not said.
CREATE FUNCTION kahub_tenant() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('kahub.tenant', true), '')::uuid $$;

DO $$
DECLARE
  visible text[][] := ARRAY[
    ['reseller', 'id = kahub_tenant()'],
    ['orders', 'reseller_id = kahub_tenant()'],
    ['order_batch', 'reseller_id = kahub_tenant()'],
    ['quote', 'reseller_id = kahub_tenant()'],
    ['top_up', 'reseller_id = kahub_tenant()'],
    ['wallet_adjustment', 'reseller_id = kahub_tenant()'],
    ['wallet_alert', 'reseller_id = kahub_tenant()'],
    ['ledger_account', 'owner_id = kahub_tenant()'],
    ['ledger_entry', 'EXISTS (SELECT FROM ledger_account a WHERE a.id = account_id)'],
    ['ledger_transfer', 'EXISTS (SELECT FROM ledger_entry e WHERE e.transfer_id = ledger_transfer.id)'],
    ['webhook_endpoint', 'reseller_id = kahub_tenant()'],
    ['webhook_delivery', 'EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = endpoint_id)'],
    ['outbox', $p$reseller_id = kahub_tenant() OR audience = 'all' OR audience = (SELECT 'tier:' || r.tier FROM reseller r)
      OR (reseller_id IS NULL AND EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = subject_id))$p$],
    -- Nothing is read of these for a reseller: for kahub_tenant they are empty, and it has no grant either.
    ['card', 'false'],
    ['card_reveal', 'false'],
    ['sku_price', 'false'],
    ['api_key', 'false'],
    ['signing_secret', 'false'],
    ['facade_credential', 'false'],
    ['facade_order', 'false'],
    ['idempotency_record', 'false']];
  each text[];
BEGIN
  FOREACH each SLICE 1 IN ARRAY visible LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each[1]);
    EXECUTE format('CREATE POLICY %I ON %I TO kahub_app USING (true) WITH CHECK (true)', each[1] || '_app', each[1]);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO kahub_tenant USING (%s)', each[1] || '_tenant', each[1], each[2]);
    IF each[2] <> 'false' THEN EXECUTE format('GRANT SELECT ON %I TO kahub_tenant', each[1]); END IF;
  END LOOP;
END $$;
