-- A first completion of what an assignment asks for is as plain as any other, where nothing but it and a membership from
-- before the assignment decides about the line. What then follows for the line is known before it is written, so the
-- service says it beforehand, and the database sees whether that is all there is (docs/decisions/0003).

-- What is different of some lines: the constraints look at it when all is done.
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
    )
    INSERT INTO standing (tenant, assignment, person, from_on, until_on, status, line, cycle, opens_on, due_on, credit,
                          credit_ends_on, last_completed_on, started_on, satisfied_by, satisfied_how, is_on_time,
                          late_days, is_impossible, because, zone, missed_cycles, fixed_days,
                          recorded_at)
    SELECT of_tenant, s.*, at FROM json_to_recordset(steps) AS s (
        assignment uuid, person uuid, from_on date, until_on date, status text, line int, cycle int, opens_on date,
        due_on date, credit text, credit_ends_on date, last_completed_on date, started_on date, satisfied_by uuid,
        satisfied_how text, is_on_time boolean, late_days int, is_impossible boolean, because jsonb, zone text,
        missed_cycles int, fixed_days int[])
    ON CONFLICT (tenant, person, assignment, from_on) DO UPDATE
    SET (until_on, status, line, cycle, opens_on, due_on, credit, credit_ends_on, last_completed_on, started_on,
         satisfied_by, satisfied_how, is_on_time, late_days, is_impossible, because, zone, missed_cycles, fixed_days,
         recorded_at)
      = (excluded.until_on, excluded.status, excluded.line, excluded.cycle, excluded.opens_on, excluded.due_on,
         excluded.credit, excluded.credit_ends_on, excluded.last_completed_on, excluded.started_on,
         excluded.satisfied_by, excluded.satisfied_how, excluded.is_on_time, excluded.late_days, excluded.is_impossible,
         excluded.because, excluded.zone, excluded.missed_cycles, excluded.fixed_days, excluded.recorded_at);
END $$;

DROP FUNCTION record_plain;

-- Writes completions of known items that stand at the moment `at`, each as a new record, and the transaction with them:
-- bound to the tenant, its counter locked. Refused, and left to be decided, is what names nobody and what tells a
-- completion that is there (rule C1); all of it without an answer when what the caller knows of items is no longer so.
-- A telling of what assignments ask for names, by their places in `kinds`, the kinds of lines that it may touch, and is
-- refused when it touches one that is of another kind. Of each kind it says what becomes of it: the days on which steps
-- begin that go, and rows of steps and obligations, in which `fact_mark` and `person_mark` stand for the two.
CREATE FUNCTION record_plain(
    of_tenant uuid, known_rules bigint, at timestamptz, told int, tellings json, kinds json, gone text[], steps text[],
    obligations text[], fact_mark text, person_mark text, OUT last_entry bigint, OUT refused uuid[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    before bigint;
    zone text;
    records uuid[];
    people uuid[];
    assignments uuid[];
    places bigint[];
BEGIN
    PERFORM set_config('testamur.tenant', of_tenant::text, true);
    UPDATE tenant_counter c SET entry = c.entry + told
    FROM tenant t WHERE t.id = of_tenant AND c.tenant = of_tenant AND c.rules = known_rules
    RETURNING c.entry, c.entry - told, t.zone INTO last_entry, before, zone;
    IF last_entry IS NULL THEN
        RETURN;
    END IF;
    WITH heard AS MATERIALIZED (
        SELECT f.*, whom.person
        FROM ROWS FROM (json_to_recordset(tellings) AS (
                 record uuid, person_kinds text[], person_values text[], person_id uuid, item uuid, item_version int,
                 completed_at timestamptz, started_at timestamptz, expires_at timestamptz, passed boolean,
                 score_percent numeric, score_text text, time_spent text, certificate text, is_prior boolean, source text,
                 application text, created_by uuid, extra jsonb, digest text, dialect text, client uuid, method text,
                 path text, body text, kinds int[]))
             WITH ORDINALITY AS f (record, person_kinds, person_values, person_id, item, item_version, completed_at,
                                   started_at, expires_at, passed, score_percent, score_text, time_spent, certificate,
                                   is_prior, source, application, created_by, extra, digest, dialect, client, method,
                                   path, body, kinds, place)
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
        SELECT h.place AS telling, h.record, h.person, k.assignment, k.items, k.starts, k.place, joined.is_plain
        FROM ROWS FROM (json_to_recordset(kinds) AS (
                 assignment uuid, audience uuid, joined_by date, known_before timestamptz, items uuid[], starts date[]))
             WITH ORDINALITY AS k (assignment, audience, joined_by, known_before, items, starts, place)
        JOIN heard h ON k.place = ANY (h.kinds)
        CROSS JOIN LATERAL (
            SELECT bool_and(m.left_on IS NULL AND m.joined_on <= k.joined_by
                            AND m.joined_recorded_at < k.known_before) AS is_plain
            FROM membership m WHERE m.tenant = of_tenant AND m.person = h.person AND m.audience = k.audience
            HAVING count(*) > 0
        ) joined
    ), judged AS MATERIALIZED (
        SELECT l.telling, l.record, l.person, l.assignment, l.place,
               l.is_plain
               AND count(*) OVER (PARTITION BY l.person, l.assignment) = 1
               -- LIMIT keeps each of these a probe of an index for one line.
               AND (SELECT p.deleted_at IS NULL FROM person p WHERE p.tenant = of_tenant AND p.id = l.person LIMIT 1)
               AND (SELECT 1 FROM suspension s WHERE s.tenant = of_tenant AND s.person = l.person LIMIT 1) IS NULL
               AND (SELECT 1 FROM fact f
                    WHERE f.tenant = of_tenant AND f.person = l.person AND f.item = ANY (l.items)
                      AND f.completed_at IS NOT NULL AND f.closed_at IS NULL LIMIT 1) IS NULL
               AND (SELECT 1 FROM fact f
                    WHERE f.tenant = of_tenant AND f.person = l.person AND f.item = ANY (l.items)
                      AND (f.person IS NULL OR f.completed_at IS NULL OR f.closed_at IS NOT NULL) LIMIT 1) IS NULL
               AND (SELECT 1 FROM session s
                    WHERE s.tenant = of_tenant AND s.item = ANY (l.items) AND s.person = l.person LIMIT 1) IS NULL
               AND (SELECT 1 FROM exemption e WHERE e.tenant = of_tenant AND e.person = l.person LIMIT 1) IS NULL
               AND (SELECT 1 FROM extension e
                    WHERE e.tenant = of_tenant AND e.person = l.person AND e.assignment = l.assignment LIMIT 1) IS NULL
               AND ARRAY(SELECT s.from_on FROM standing s
                         WHERE s.tenant = of_tenant AND s.person = l.person AND s.assignment = l.assignment
                         ORDER BY s.from_on) = l.starts AS is_plain
        FROM line l
    ), said AS (
        SELECT h.*, known.fact IS NULL AND h.person IS NOT NULL
                    AND NOT EXISTS (SELECT FROM judged j WHERE j.telling = h.place AND j.is_plain IS NOT TRUE)
                    AND row_number() OVER (PARTITION BY h.person, h.item, h.completed_at ORDER BY h.place) = 1 AS is_new
        FROM heard h
        -- The same moment, or the bare day that it falls on, of the same source.
        LEFT JOIN LATERAL (
            SELECT k.id AS fact FROM fact k
            WHERE k.tenant = of_tenant AND k.item = h.item AND k.person = h.person AND k.closed_at IS NULL
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
    ), touched AS (
        SELECT array_agg(j.record) AS records, array_agg(j.person) AS people, array_agg(j.assignment) AS assignments,
               array_agg(j.place) AS places
        FROM judged j JOIN numbered n ON n.place = j.telling WHERE n.is_new
    )
    SELECT (SELECT array_agg(n.record) FROM numbered n WHERE NOT n.is_new), t.records, t.people, t.assignments, t.places
    INTO refused, records, people, assignments, places FROM touched t;
    IF refused IS NOT NULL THEN
        last_entry := last_entry - cardinality(refused);
        UPDATE tenant_counter c SET entry = last_entry WHERE c.tenant = of_tenant;
    END IF;
    IF records IS NOT NULL THEN
        PERFORM write_standing(
            of_tenant, over.assignments, over.people, over.from_ons, '{}', '{}', '{}', made.steps, made.obligations, at)
        FROM (
            SELECT ('[' || coalesce(string_agg(replace(replace(steps[t.place], fact_mark, t.record::text),
                                                       person_mark, t.person::text), ','), '') || ']')::json AS steps,
                   ('[' || coalesce(string_agg(replace(replace(obligations[t.place], fact_mark, t.record::text),
                                                       person_mark, t.person::text), ','), '') || ']')::json AS obligations
            FROM unnest(records, people, places) AS t (record, person, place)
        ) made
        CROSS JOIN (
            SELECT array_agg(t.assignment) AS assignments, array_agg(t.person) AS people, array_agg(g.from_on) AS from_ons
            FROM unnest(people, assignments, places) AS t (person, assignment, place)
            CROSS JOIN LATERAL unnest(gone[t.place]::date[]) AS g (from_on)
        ) over;
    END IF;
END $$;

REVOKE ALL ON FUNCTION write_standing, record_plain FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write_standing, record_plain TO testamur_app;
