-- Whether a step that went leaves a gap takes two looks, of which the second is of use only where the first found something:
-- after a last step went, nothing ends on its day any more. Nothing told the planner to begin with the first.
CREATE OR REPLACE FUNCTION standing_has_no_gap() RETURNS trigger
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
            WHERE CASE WHEN (SELECT 1 FROM standing s
                             WHERE s.tenant = n.tenant AND s.person = n.person AND s.assignment = n.assignment
                               AND s.from_on < n.from_on AND s.until_on + 0 = n.from_on LIMIT 1) IS NOT NULL
                       THEN (SELECT 1 FROM standing s
                             WHERE s.tenant = n.tenant AND s.person = n.person AND s.assignment = n.assignment
                               AND s.from_on = n.from_on LIMIT 1) IS NULL
                  END);
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
