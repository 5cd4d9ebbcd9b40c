-- The steps of a plain line are seen before it is judged. What becomes of them is now written where they were seen, instead
-- of looking for each of them again.

DROP FUNCTION write_standing, record_plain;

-- What is different of some lines. What goes goes first, and then in the order of days: so no end is ever taken.
CREATE FUNCTION write_standing(
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
        SELECT of_tenant, o.assignment, o.person, o.place, o.line, o.cycle, o.opens_on, o.due_on,
               o.outcome, o.ended_on, o.satisfied_by, o.satisfied_how, o.satisfied_on, o.is_on_time, o.days_late
        FROM json_to_recordset(obligations) AS o (
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
                          late_days, is_impossible, because, zone, missed_cycles, fixed_days, is_plain,
                          recorded_at)
    SELECT of_tenant, s.assignment, s.person, s.from_on, s.until_on, s.status, s.line, s.cycle,
           s.opens_on, s.due_on, s.credit, s.credit_ends_on, s.last_completed_on, s.started_on, s.satisfied_by,
           s.satisfied_how, s.is_on_time, s.late_days, s.is_impossible, s.because, s.zone,
           s.missed_cycles, s.fixed_days, s.is_plain, at
    FROM (SELECT count(*) FROM removed) AS before_all CROSS JOIN json_to_recordset(steps) AS s (
        assignment uuid, person uuid, from_on date, until_on date, status text, line int, cycle int, opens_on date,
        due_on date, credit text, credit_ends_on date, last_completed_on date, started_on date, satisfied_by uuid,
        satisfied_how text, is_on_time boolean, late_days int, is_impossible boolean, because jsonb, zone text,
        missed_cycles int, fixed_days int[], is_plain boolean)
    ORDER BY s.from_on
    ON CONFLICT (tenant, person, assignment, from_on) DO UPDATE
    SET (until_on, status, line, cycle, opens_on, due_on, credit, credit_ends_on, last_completed_on, started_on,
         satisfied_by, satisfied_how, is_on_time, late_days, is_impossible, because, zone, missed_cycles, fixed_days,
         is_plain, recorded_at)
      = (excluded.until_on, excluded.status, excluded.line, excluded.cycle, excluded.opens_on, excluded.due_on,
         excluded.credit, excluded.credit_ends_on, excluded.last_completed_on, excluded.started_on,
         excluded.satisfied_by, excluded.satisfied_how, excluded.is_on_time, excluded.late_days, excluded.is_impossible,
         excluded.because, excluded.zone, excluded.missed_cycles, excluded.fixed_days, excluded.is_plain,
         excluded.recorded_at);
END $$;

-- A plain line that a telling touches: the steps that are stored of it, in order, and the places of those that go.
CREATE TYPE plain_line AS (place int, assignment uuid, person uuid, rows tid[], gone int[]);
-- What becomes of it, `of` its place: `kept` is the place of a step that is stored. Rows in their own spelling take half the
-- time of JSON to read.
CREATE TYPE plain_step AS (
    of int, kept int, from_on date, until_on date, status text, line int, cycle int, opens_on date, due_on date, credit text,
    credit_ends_on date, last_completed_on date, started_on date, satisfied_by uuid, satisfied_how text,
    is_on_time boolean, late_days int, is_impossible boolean, because jsonb, zone text, missed_cycles int,
    fixed_days int[], is_plain boolean);
CREATE TYPE plain_obligation AS (
    of int, place int, line int, cycle int, opens_on date, due_on date, outcome text, ended_on date, satisfied_by uuid,
    satisfied_how text, satisfied_on date, is_on_time boolean, days_late int);

-- Writes completions of known items that stand at the moment `at`, each as a new record, and the transaction with them:
-- bound to the tenant, its counter locked. Refused, and left to be decided, is what names nobody and what tells a
-- completion that is there (rule C1); all of it without an answer when what the caller knows of items is no longer so.
-- A telling of what assignments ask for comes with the lines that it may touch, and is refused when it touches one that is
-- not plain, or of which other steps are stored. Of each line it says what then becomes of its steps, by their places in
-- `starts`: those that are `gone`, and rows, `of` the place of their line, of those that are `kept` or new.
CREATE FUNCTION record_plain(
    of_tenant uuid, known_rules bigint, at timestamptz, told int, tellings json, lines json,
    steps plain_step[], obligations plain_obligation[], OUT last_entry bigint, OUT refused uuid[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    before bigint;
    zone text;
    touched plain_line[];
    waiting uuid[] := '{}';
BEGIN
    PERFORM set_config('testamur.tenant', of_tenant::text, true);
    UPDATE tenant_counter c SET entry = c.entry + told
    FROM tenant t WHERE t.id = of_tenant AND c.tenant = of_tenant AND c.rules = known_rules
    RETURNING c.entry, c.entry - told, t.zone INTO last_entry, before, zone;
    IF last_entry IS NULL THEN
        RETURN;
    END IF;
    IF lines::text <> '[]' THEN
        SELECT coalesce(array_agg(t.assignment), '{}') INTO waiting FROM standing_task t
        WHERE t.tenant = of_tenant AND t.finished_at IS NULL;
    END IF;
    WITH heard AS MATERIALIZED (
        SELECT f.*, whom.person
        FROM ROWS FROM (json_to_recordset(tellings) AS (
                 record uuid, person_kinds text[], person_values text[], person_id uuid, item uuid, item_version int,
                 completed_at timestamptz, started_at timestamptz, expires_at timestamptz, passed boolean,
                 score_percent numeric, score_text text, time_spent text, certificate text, is_prior boolean, source text,
                 application text, created_by uuid, extra jsonb, digest text, dialect text, client uuid, method text,
                 path text, body text))
             WITH ORDINALITY AS f (record, person_kinds, person_values, person_id, item, item_version, completed_at,
                                   started_at, expires_at, passed, score_percent, score_text, time_spent, certificate,
                                   is_prior, source, application, created_by, extra, digest, dialect, client, method,
                                   path, body, place)
        LEFT JOIN LATERAL (
            SELECT found.person FROM (
                SELECT i.person, spelled.place
                FROM unnest(f.person_kinds, f.person_values) WITH ORDINALITY AS spelled (kind, value, place)
                CROSS JOIN LATERAL (
                    SELECT n.person FROM person_identifier n
                    WHERE n.tenant = of_tenant AND n.kind = spelled.kind AND n.value = spelled.value LIMIT 1
                ) i
                UNION ALL
                SELECT p.id, 1000 FROM person p
                WHERE p.tenant = of_tenant AND p.id = f.person_id AND p.deleted_at IS NULL
            ) found ORDER BY place LIMIT 1
        ) whom ON true
    ), line AS MATERIALIZED (
        SELECT l.telling, l.place, l.assignment, h.person, stored.rows, l.gone,
               stored.is_plain AND stored.starts = l.starts AND l.assignment <> ALL (waiting)
               AND count(*) OVER (PARTITION BY h.person, l.assignment) = 1 AS is_plain
        FROM ROWS FROM (json_to_recordset(lines) AS (
                 telling int, assignment uuid, audience uuid, starts date[], gone int[]))
             WITH ORDINALITY AS l (telling, assignment, audience, starts, gone, place)
        JOIN heard h ON h.place = l.telling
        CROSS JOIN LATERAL (
            SELECT bool_or(s.is_plain) AS is_plain, array_agg(s.from_on ORDER BY s.from_on) AS starts,
                   array_agg(s.ctid ORDER BY s.from_on) AS rows
            FROM standing s
            WHERE s.tenant = of_tenant AND s.person = h.person AND s.assignment = l.assignment
        ) stored
        WHERE stored.starts IS NOT NULL
           OR (SELECT 1 FROM membership m
               WHERE m.tenant = of_tenant AND m.person = h.person AND m.audience = l.audience LIMIT 1) IS NOT NULL
    ), judged AS (
        SELECT l.telling, bool_and(l.is_plain IS TRUE) AS is_plain FROM line l GROUP BY l.telling
    ), said AS (
        SELECT h.*, known.fact IS NULL AND h.person IS NOT NULL AND j.is_plain IS NOT FALSE
                    AND row_number() OVER (PARTITION BY h.person, h.item, h.completed_at ORDER BY h.place) = 1 AS is_new
        FROM heard h
        LEFT JOIN judged j ON j.telling = h.place
        -- The same moment, or the bare day that it falls on, of the same source. Of what a plain line asks for there is
        -- no fact at all.
        LEFT JOIN LATERAL (
            SELECT k.id AS fact FROM fact k
            WHERE j.telling IS NULL AND k.tenant = of_tenant AND k.item = h.item AND k.person = h.person
              AND k.closed_at IS NULL
              AND k.completed_at = ANY (ARRAY[
                      h.completed_at, date_trunc('day', h.completed_at AT TIME ZONE zone) AT TIME ZONE 'UTC'])
              AND (k.completed_at = h.completed_at OR k.completed_by_day AND k.source = h.source)
            LIMIT 1
        ) known ON true
    ), numbered AS MATERIALIZED (
        SELECT s.*, before + count(*) FILTER (WHERE s.is_new) OVER (ORDER BY s.place) AS entry FROM said s
    ), recorded AS (
        INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, started_at,
                          expires_at, passed, score_percent, score_text, time_spent, certificate, is_prior, source,
                          application, created_by, updated_by, extra, created_at, recorded_at)
        SELECT of_tenant, n.record, 1, n.record, n.entry, n.person, n.item, n.item_version, n.completed_at, n.started_at,
               n.expires_at, n.passed, n.score_percent, n.score_text, n.time_spent, n.certificate,
               coalesce(n.is_prior, false), n.source, n.application, n.created_by, n.created_by, n.extra, at, at
        FROM numbered n WHERE n.is_new
    ), reported AS (
        INSERT INTO report (tenant, record, digest, fact, dialect, client, method, path, body, reported_at,
                            last_reported_at)
        SELECT of_tenant, n.record, decode(n.digest, 'base64'), n.record, n.dialect, n.client, n.method, n.path, n.body,
               at, at
        FROM numbered n WHERE n.is_new
    ), entered AS (
        INSERT INTO ledger_entry (tenant, number, kind, subject, client, recorded_at)
        SELECT of_tenant, n.entry, 'record.created', n.record, n.client, at FROM numbered n WHERE n.is_new
    )
    SELECT (SELECT array_agg(n.record) FROM numbered n WHERE NOT n.is_new),
           (SELECT array_agg(ROW (l.place, l.assignment, l.person, l.rows, l.gone)::plain_line)
            FROM line l JOIN numbered n ON n.place = l.telling WHERE n.is_new)
    INTO refused, touched;
    IF refused IS NOT NULL THEN
        last_entry := last_entry - cardinality(refused);
        UPDATE tenant_counter c SET entry = last_entry WHERE c.tenant = of_tenant;
    END IF;
    IF touched IS NOT NULL THEN
        -- Nobody else writes steps while the counter is locked, so that each is still where it was seen. What goes goes
        -- first, and what comes comes last: so no end is ever taken.
        WITH coming AS MATERIALIZED (
            SELECT l.assignment, l.person, l.rows[s.kept] AS kept_at, s.*
            FROM unnest(touched) AS l JOIN unnest(steps) AS s ON s.of = l.place
        ), removed AS (
            DELETE FROM standing s
            USING (SELECT l.rows[step] AS gone_from FROM unnest(touched) AS l CROSS JOIN unnest(l.gone) AS step) AS gone
            WHERE s.ctid = gone.gone_from
            RETURNING s.from_on
        ), changed AS (
            UPDATE standing s
            SET (until_on, status, line, cycle, opens_on, due_on, credit, credit_ends_on, last_completed_on, started_on,
                 satisfied_by, satisfied_how, is_on_time, late_days, is_impossible, because, zone, missed_cycles,
                 fixed_days, is_plain, recorded_at)
              = ROW (c.until_on, c.status, c.line, c.cycle, c.opens_on, c.due_on, c.credit, c.credit_ends_on,
                     c.last_completed_on, c.started_on, c.satisfied_by, c.satisfied_how, c.is_on_time, c.late_days,
                     c.is_impossible, c.because, c.zone, c.missed_cycles, c.fixed_days, c.is_plain, at)
            FROM (SELECT count(*) FROM removed) AS before CROSS JOIN coming c
            WHERE s.ctid = c.kept_at
            RETURNING s.from_on
        ), added AS (
            INSERT INTO standing (tenant, assignment, person, from_on, until_on, status, line, cycle, opens_on, due_on,
                                  credit, credit_ends_on, last_completed_on, started_on, satisfied_by, satisfied_how,
                                  is_on_time, late_days, is_impossible, because, zone, missed_cycles, fixed_days,
                                  is_plain, recorded_at)
            SELECT of_tenant, c.assignment, c.person, c.from_on, c.until_on, c.status, c.line, c.cycle, c.opens_on,
                   c.due_on, c.credit, c.credit_ends_on, c.last_completed_on, c.started_on, c.satisfied_by,
                   c.satisfied_how, c.is_on_time, c.late_days, c.is_impossible, c.because, c.zone, c.missed_cycles,
                   c.fixed_days, c.is_plain, at
            FROM (SELECT count(*) FROM changed) AS before CROSS JOIN coming c
            WHERE c.kept IS NULL
        )
        INSERT INTO obligation (tenant, assignment, person, place, line, cycle, opens_on, due_on, outcome, ended_on,
                                satisfied_by, satisfied_how, satisfied_on, is_on_time, days_late)
        SELECT of_tenant, l.assignment, l.person, o.place, o.line, o.cycle, o.opens_on, o.due_on, o.outcome, o.ended_on,
               o.satisfied_by, o.satisfied_how, o.satisfied_on, o.is_on_time, o.days_late
        FROM unnest(touched) AS l JOIN unnest(obligations) AS o ON o.of = l.place
        ON CONFLICT (tenant, person, assignment, place) DO UPDATE
        SET (line, cycle, opens_on, due_on, outcome, ended_on, satisfied_by, satisfied_how, satisfied_on, is_on_time,
             days_late)
          = (excluded.line, excluded.cycle, excluded.opens_on, excluded.due_on, excluded.outcome, excluded.ended_on,
             excluded.satisfied_by, excluded.satisfied_how, excluded.satisfied_on, excluded.is_on_time,
             excluded.days_late);
    END IF;
END $$;

REVOKE ALL ON FUNCTION write_standing, record_plain FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write_standing, record_plain TO testamur_app;
