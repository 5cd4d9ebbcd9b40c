-- Most completions are plain: somebody did something at some moment, and nobody said so before. The service asked four
-- times for a batch of them; here it asks once (docs/decisions/0003).

-- Which item a reference names is remembered by the service, as long as this count stands still.
COMMENT ON COLUMN tenant_counter.rules IS
    'Moves with all that lines of standing share and with what references to items name: versions of assignments and '
    'items, identifiers of items, what is retired, and settings.';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE ON item_identifier EXECUTE FUNCTION rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT ON assignment_item EXECUTE FUNCTION rules_changed();

-- Writes completions of known items that stand at the moment `at`, each as a new record, and the transaction with them:
-- bound to the tenant, its counter locked. Refused, and left to be decided, is what names nobody and what tells a
-- completion that is there (rule C1); all of it without an answer when what the caller knows of items is no longer so.
CREATE FUNCTION record_plain(
    of_tenant uuid, known_rules bigint, at timestamptz, told int, tellings json, OUT last_entry bigint, OUT refused uuid[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    before bigint;
    zone text;
BEGIN
    PERFORM set_config('testamur.tenant', of_tenant::text, true);
    UPDATE tenant_counter c SET entry = c.entry + told
    FROM tenant t WHERE t.id = of_tenant AND c.tenant = of_tenant AND c.rules = known_rules
    RETURNING c.entry, c.entry - told, t.zone INTO last_entry, before, zone;
    IF last_entry IS NULL THEN
        RETURN;
    END IF;
    WITH said AS (
        SELECT f.*, whom.person, known.fact IS NULL AND whom.person IS NOT NULL
                    AND row_number() OVER (PARTITION BY whom.person, f.item, f.completed_at ORDER BY f.place) = 1 AS is_new
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
        -- The same moment, or the bare day that it falls on, of the same source.
        LEFT JOIN LATERAL (
            SELECT k.id AS fact FROM fact k
            WHERE k.tenant = of_tenant AND k.item = f.item AND k.person = whom.person AND k.closed_at IS NULL
              AND k.completed_at = ANY (ARRAY[
                      f.completed_at, date_trunc('day', f.completed_at AT TIME ZONE zone) AT TIME ZONE 'UTC'])
              AND (k.completed_at = f.completed_at OR k.completed_by_day AND k.source = f.source)
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
    SELECT array_agg(n.record) INTO refused FROM numbered n WHERE NOT n.is_new;
    IF refused IS NOT NULL THEN
        last_entry := last_entry - cardinality(refused);
        UPDATE tenant_counter c SET entry = last_entry WHERE c.tenant = of_tenant;
    END IF;
END $$;
REVOKE ALL ON FUNCTION record_plain FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_plain TO testamur_app;
