-- That the steps of a line are a chain was seen to by a foreign key and a deferred constraint, a trigger for each row. It
-- is now seen to once for a statement, whatever it writes: a span ends where another one of its line begins.

-- No two end on the same day, and only one has no end. Who moves ends does so in the order of days: `write_standing`,
-- as the next migration has it.
ALTER TABLE standing DROP CONSTRAINT standing_has_no_gap, DROP CONSTRAINT standing_ends_once;
ALTER TABLE standing ADD CONSTRAINT standing_ends_once UNIQUE NULLS NOT DISTINCT (tenant, assignment, until_on, person)
    INCLUDE (from_on, status, credit);

CREATE FUNCTION standing_has_no_gap() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    is_chain boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
    -- Who else writes steps of these tenants waits, or else each might take away what the other one relies on.
    PERFORM FROM tenant_counter c WHERE c.tenant IN (SELECT n.tenant FROM changed n) FOR NO KEY UPDATE;
    -- LIMIT keeps each of these a probe of the primary key, of which the pages are at hand, for one row.
    IF TG_OP = 'DELETE' THEN
        is_chain := NOT EXISTS (
            SELECT FROM changed n
            WHERE (SELECT 1 FROM standing s
                   WHERE s.tenant = n.tenant AND s.person = n.person AND s.assignment = n.assignment
                     AND s.from_on < n.from_on AND s.until_on + 0 = n.from_on LIMIT 1) IS NOT NULL
              AND (SELECT 1 FROM standing s
                   WHERE s.tenant = n.tenant AND s.person = n.person AND s.assignment = n.assignment
                     AND s.from_on = n.from_on LIMIT 1) IS NULL);
    ELSE
        is_chain := NOT EXISTS (
            SELECT FROM changed n
            WHERE n.until_on IS NOT NULL
              AND (SELECT 1 FROM standing s
                   WHERE s.tenant = n.tenant AND s.person = n.person AND s.assignment = n.assignment
                     AND s.from_on = n.until_on LIMIT 1) IS NULL);
    END IF;
    IF NOT is_chain THEN
        RAISE EXCEPTION 'a step of standing does not end where another one begins'
            USING ERRCODE = 'check_violation', TABLE = 'standing', CONSTRAINT = 'standing_has_no_gap';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION standing_has_no_gap IS 'A step ends where another one of its line begins, and the last has no end.';
CREATE TRIGGER standing_has_no_gap_inserted AFTER INSERT ON standing
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION standing_has_no_gap();
CREATE TRIGGER standing_has_no_gap_updated AFTER UPDATE ON standing
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION standing_has_no_gap();
CREATE TRIGGER standing_has_no_gap_deleted AFTER DELETE ON standing
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION standing_has_no_gap();

CREATE FUNCTION standing_stays_in_line() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'a step of standing is of the line and the first day that it was written for'
        USING ERRCODE = 'check_violation', TABLE = 'standing', CONSTRAINT = 'standing_stays_in_line';
END $$;
CREATE TRIGGER standing_stays_in_line BEFORE UPDATE OF tenant, person, assignment, from_on ON standing
    FOR EACH STATEMENT EXECUTE FUNCTION standing_stays_in_line();
