-- Who owns the tables also acts as the application's role, unless it connects as another. A superuser may do so anyway; an ordinary owner
-- that created the role may only hand it out (PostgreSQL 16 and newer), so it hands it to itself. Where somebody else created the role,
-- somebody else grants it: README.md says how.
DO $$ BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    BEGIN
      GRANT kahub_app TO CURRENT_USER;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END IF;
END $$;
