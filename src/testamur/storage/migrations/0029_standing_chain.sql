-- That the steps of a line are a chain was seen to by a foreign key and a deferred constraint, a trigger for each row. It
-- is now seen to once for a statement, whatever it writes: a span ends where another one of its line begins.

-- No two end on the same day, and only one has no end. Who moves ends does so in the order of days.
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

-- What goes goes first, and then in the order of days: so no end is ever taken.
CREATE OR REPLACE FUNCTION write_standing(
    of_tenant uuid, assignments uuid[], whose uuid[], from_ons date[], owed_under uuid[], owing uuid[], places int[],
    steps json, obligations json, at timestamptz) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    WITH ended AS (
        DELETE FROM obligation o USING unnest(owed_under, owing, places) AS gone (assignment, person, place)
        WHERE o.tenant = of_tenant AND o.person = gone.person AND o.assignment = gone.assignment AND o.place = gone.place
    ), owed AS (
        INSERT INTO obligation (tenant, assignment, person, place, line, cycle, opens_on, due_on, outcome, ended_on,
                                satisfied_by, satisfied_how, satisfied_on, is_on_time, days_late)
        SELECT of_tenant, o.* FROM json_to_recordset(obligations) AS o (
            assignment uuid, person uuid, place int, line int, cycle int, opens_on date, due_on date, outcome text,
            ended_on date, satisfied_by uuid, satisfied_how text, satisfied_on date, is_on_time boolean, days_late int)
        ON CONFLICT (tenant, person, assignment, place) DO UPDATE
        SET (line, cycle, opens_on, due_on, outcome, ended_on, satisfied_by, satisfied_how, satisfied_on, is_on_time,
             days_late)
          = (excluded.line, excluded.cycle, excluded.opens_on, excluded.due_on, excluded.outcome, excluded.ended_on,
             excluded.satisfied_by, excluded.satisfied_how, excluded.satisfied_on, excluded.is_on_time,
             excluded.days_late)
    ), removed AS (
        DELETE FROM standing s USING unnest(assignments, whose, from_ons) AS gone (assignment, person, from_on)
        WHERE s.tenant = of_tenant AND s.person = gone.person AND s.assignment = gone.assignment
          AND s.from_on = gone.from_on
        RETURNING s.from_on
    )
    INSERT INTO standing (tenant, assignment, person, from_on, until_on, status, line, cycle, opens_on, due_on, credit,
                          credit_ends_on, last_completed_on, started_on, satisfied_by, satisfied_how, is_on_time,
                          late_days, is_impossible, because, zone, missed_cycles, fixed_days,
                          recorded_at)
    SELECT of_tenant, s.*, at
    FROM (SELECT count(*) FROM removed) AS before_all CROSS JOIN json_to_recordset(steps) AS s (
        assignment uuid, person uuid, from_on date, until_on date, status text, line int, cycle int, opens_on date,
        due_on date, credit text, credit_ends_on date, last_completed_on date, started_on date, satisfied_by uuid,
        satisfied_how text, is_on_time boolean, late_days int, is_impossible boolean, because jsonb, zone text,
        missed_cycles int, fixed_days int[])
    ORDER BY s.from_on
    ON CONFLICT (tenant, person, assignment, from_on) DO UPDATE
    SET (until_on, status, line, cycle, opens_on, due_on, credit, credit_ends_on, last_completed_on, started_on,
         satisfied_by, satisfied_how, is_on_time, late_days, is_impossible, because, zone, missed_cycles, fixed_days,
         recorded_at)
      = (excluded.until_on, excluded.status, excluded.line, excluded.cycle, excluded.opens_on, excluded.due_on,
         excluded.credit, excluded.credit_ends_on, excluded.last_completed_on, excluded.started_on,
         excluded.satisfied_by, excluded.satisfied_how, excluded.is_on_time, excluded.late_days, excluded.is_impossible,
         excluded.because, excluded.zone, excluded.missed_cycles, excluded.fixed_days, excluded.recorded_at);
END $$;
