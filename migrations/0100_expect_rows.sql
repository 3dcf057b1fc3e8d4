-- A statement that travels together with its COMMIT has nobody left to count its rows: it counts them itself.

CREATE FUNCTION expect_rows(actual bigint, expected int, what text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF actual <> expected THEN
    RAISE EXCEPTION '% %, not %', actual, what, expected USING ERRCODE = 'KH001';
  END IF;
  RETURN actual;
END $$;
COMMENT ON FUNCTION expect_rows IS 'fails the transaction unless a statement touched as many rows as it had to';
