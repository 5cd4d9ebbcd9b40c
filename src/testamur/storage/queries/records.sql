-- name: record_resolve
-- One row for each telling, in order: whom and what it names, and what the ledger holds of it already.
-- Identifiers win over own ids; each kind compares its own form of the value. Free text names an item by title, and by
-- provider where one is given. One document instead of an array for each column, because encoding those costs the
-- service more than all its other work on a telling.
SELECT whom.person,
       what.item, what.is_authored, what.requires_quiz, what.is_offered, version.number AS version,
       ARRAY(SELECT a.assignment FROM assignment_item a
             WHERE a.tenant = :tenant AND a.item = what.item
               AND EXISTS (SELECT FROM assignment_version v
                           JOIN membership m ON m.tenant = :tenant AND m.audience = v.audience AND m.person = whom.person
                           WHERE v.tenant = :tenant AND v.assignment = a.assignment)) AS asked_by,
       ARRAY(SELECT a.assignment FROM assignment_item a WHERE a.tenant = :tenant AND a.item = what.item) AS asking,
       keyed.record AS keyed_record, keyed.fingerprint,
       standing.id AS standing_fact, standing.revision AS standing_revision, standing.source AS standing_source,
       standing.created_at AS standing_created_at, standing.created_by AS standing_created_by,
       standing.completed_at AS standing_completed_at, standing.started_at AS standing_started_at,
       standing.item_version AS standing_version,
       zone.name AS zone, zone.last_entry, zone.rules,
       same.records AS same_records, same.facts AS same_facts, same.occurrences
FROM ROWS FROM (json_to_recordset(:tellings::json) AS (
         person_kinds text[], person_values text[], person_id uuid, item_kinds text[], item_values text[], item_id uuid,
         title text, provider text, completed_at timestamptz, by_day boolean, origin text, source text, key text))
     WITH ORDINALITY AS said (person_kinds, person_values, person_id, item_kinds, item_values, item_id, title, provider,
                              completed_at, by_day, origin, source, key, place)
CROSS JOIN (SELECT t.zone AS name, c.entry AS last_entry, c.rules
            FROM tenant t JOIN tenant_counter c ON c.tenant = t.id WHERE t.id = :tenant) zone
LEFT JOIN LATERAL (
    SELECT found.person FROM (
        SELECT i.person, spelled.place
        FROM unnest(said.person_kinds, said.person_values) WITH ORDINALITY AS spelled (kind, value, place)
        CROSS JOIN LATERAL (
            SELECT n.person FROM person_identifier n
            WHERE n.tenant = :tenant AND n.kind = spelled.kind AND n.value = spelled.value LIMIT 1
        ) i
        UNION ALL
        SELECT p.id, 1000 FROM person p WHERE p.tenant = :tenant AND p.id = said.person_id AND p.deleted_at IS NULL
    ) found ORDER BY place LIMIT 1
) whom ON true
LEFT JOIN LATERAL (
    SELECT found.item FROM (
        SELECT i.item, spelled.place
        FROM unnest(said.item_kinds, said.item_values) WITH ORDINALITY AS spelled (kind, value, place)
        CROSS JOIN LATERAL (
            SELECT n.item FROM item_identifier n
            WHERE n.tenant = :tenant AND n.kind = spelled.kind AND n.value = spelled.value LIMIT 1
        ) i
        UNION ALL
        SELECT said.item_id, 1000 WHERE said.item_id IS NOT NULL
        UNION ALL
        SELECT t.id, CASE WHEN t.kind = 'outside' THEN 3000 ELSE 2000 END FROM item t
        WHERE said.title IS NOT NULL AND t.tenant = :tenant
          AND t.title_key = md5(lower(said.title))
          AND (said.provider IS NULL AND t.kind <> 'outside'
               OR lower(t.provider) IS NOT DISTINCT FROM lower(said.provider))
    ) found ORDER BY place, item LIMIT 1
) named ON true
-- LIMIT keeps each of these a probe of one key for one telling; as a plain join the planner may read a whole tenant.
LEFT JOIN LATERAL (
    SELECT t.id AS item, t.is_authored, t.requires_quiz, t.kind <> 'collection' AND t.retired_at IS NULL AS is_offered
    FROM item t WHERE t.tenant = :tenant AND t.id = named.item LIMIT 1
) what ON true
LEFT JOIN LATERAL (
    SELECT v.number FROM item_version v
    WHERE v.tenant = :tenant AND v.item = what.item AND v.published_at IS NOT NULL
    ORDER BY v.number DESC LIMIT 1
) version ON true
-- OFFSET 0 has the value worked out first. Row-level security lets no coalesce() near an index, and without one each telling
-- would read every key of its source.
CROSS JOIN LATERAL (SELECT coalesce(said.key, what.item || ':' || whom.person) AS value OFFSET 0) own
LEFT JOIN LATERAL (
    SELECT k.record, k.fingerprint FROM source_key k
    WHERE k.tenant = :tenant AND k.source = said.source AND k.value = own.value LIMIT 1
) keyed ON true
LEFT JOIN LATERAL (
    SELECT f.* FROM fact f WHERE f.tenant = :tenant AND f.record = keyed.record AND f.closed_at IS NULL
    ORDER BY f.revision DESC LIMIT 1
) standing ON true
LEFT JOIN LATERAL (
    -- Rule C1: the same moment; or the same day, when either is a bare day and both come from one source. Each arm is
    -- one probe of the index, also for somebody with a million completions.
    SELECT (array_agg(f.record ORDER BY f.place, f.occurrence))[1: 16] AS records,
           (array_agg(f.id ORDER BY f.place, f.occurrence))[1: 16] AS facts,
           max(f.occurrence) FILTER (WHERE f.place = 1) + 1 AS occurrences
    FROM (
        SELECT 1 AS place, f.record, f.id, f.occurrence FROM fact f
        WHERE f.tenant = :tenant AND f.item = what.item AND f.person = whom.person AND f.closed_at IS NULL
          AND f.completed_at = said.completed_at
        UNION ALL
        SELECT 2, f.record, f.id, f.occurrence FROM fact f
        WHERE f.tenant = :tenant AND f.item = what.item AND f.person = whom.person AND f.closed_at IS NULL
          AND said.by_day IS NOT TRUE AND f.completed_by_day AND f.source = said.origin
          AND f.completed_at = date_trunc('day', said.completed_at AT TIME ZONE zone.name) AT TIME ZONE 'UTC'
        UNION ALL
        (SELECT 2, f.record, f.id, f.occurrence FROM fact f
         WHERE f.tenant = :tenant AND f.item = what.item AND f.person = whom.person AND f.closed_at IS NULL
           AND said.by_day AND NOT f.completed_by_day AND f.source = said.origin
           AND f.completed_at >= (said.completed_at AT TIME ZONE 'UTC') AT TIME ZONE zone.name
           AND f.completed_at < (said.completed_at AT TIME ZONE 'UTC' + interval '1 day') AT TIME ZONE zone.name
         LIMIT 1)
    ) f
) same ON true
ORDER BY said.place;

-- name: record_plain
SELECT last_entry, refused FROM record_plain(
    :tenant, :rules, :now, :told, :tellings::json, :lines::json, :steps::text[]::plain_step[],
    :obligations::text[]::plain_obligation[]);

-- name: fact_standing
SELECT id, revision, source FROM fact
WHERE tenant = :tenant AND record = :record AND closed_at IS NULL ORDER BY revision DESC LIMIT 1;

-- name: fact_void!
UPDATE fact SET closed_at = :now, closed_as = 'voided', closed_by = :closed_by
WHERE tenant = :tenant AND record = :record AND revision = :revision;

-- name: fact_restore!
-- The same again as a new fact. It has a place of its own among equal ones: one may have been told meanwhile.
INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, completed_by_day,
                  occurrence, started_at, expires_at, passed, score_percent, score_text, time_spent, certificate, is_prior,
                  source, source_id, application, created_by, updated_by, extra, created_at, recorded_at)
SELECT :tenant, f.record, f.revision + 1, :fact, :entry, f.person, f.item, f.item_version, f.completed_at,
       f.completed_by_day,
       coalesce((SELECT max(same.occurrence) + 1 FROM fact same
                 WHERE same.tenant = :tenant AND same.person = f.person AND same.item = f.item
                   AND same.completed_at = f.completed_at AND same.closed_at IS NULL), 0),
       f.started_at, f.expires_at, f.passed, f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior,
       f.source, f.source_id, f.application, f.created_by, :by, f.extra, f.created_at, :now
FROM fact f WHERE f.tenant = :tenant AND f.record = :record AND f.revision = :revision;

-- name: facts_close!
UPDATE fact SET closed_at = :now, closed_as = 'superseded', closed_by = old.closed_by
FROM unnest(:records::uuid[], :revisions::int[], :closed_by::uuid[]) AS old (record, revision, closed_by)
WHERE fact.tenant = :tenant AND fact.record = old.record AND fact.revision = old.revision;

-- name: batch_write!
-- All that a batch of tellings adds, in one trip. Both entries and reports grow with every telling.
WITH counted AS (
    UPDATE tenant_counter SET entry = :last WHERE tenant = :tenant AND entry < :last
), told AS (
    INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, completed_by_day,
                      occurrence, started_at, expires_at, passed, score_percent, score_text, time_spent, certificate,
                      is_prior, source, source_id, application, created_by, updated_by, extra, created_at, closed_at,
                      closed_as, closed_by, recorded_at)
    SELECT :tenant, f.record, f.revision, f.id, f.entry, f.person, f.item, f.item_version, f.completed_at,
           coalesce(f.completed_by_day, false), coalesce(f.occurrence, 0), f.started_at, f.expires_at, f.passed,
           f.score_percent, f.score_text, f.time_spent, f.certificate, coalesce(f.is_prior, false), f.source,
           f.source_id, f.application, f.created_by, f.updated_by, f.extra, f.created_at, f.closed_at, f.closed_as,
           f.closed_by, :now
    FROM json_to_recordset(:facts::json) AS f (
        record uuid, revision int, id uuid, entry bigint, person uuid, item uuid, item_version int,
        completed_at timestamptz, completed_by_day boolean, occurrence int, started_at timestamptz,
        expires_at timestamptz, passed boolean, score_percent numeric, score_text text, time_spent text,
        certificate text, is_prior boolean, source text, source_id text, application text, created_by uuid,
        updated_by uuid, extra jsonb, created_at timestamptz, closed_at timestamptz, closed_as text, closed_by uuid)
), keyed AS (
    INSERT INTO source_key (tenant, source, value, record, fingerprint, created_at)
    SELECT :tenant, k.source, k.value, k.record, decode(k.fingerprint, 'base64'), :now
    FROM json_to_recordset(:keys::json) AS k (source text, value text, record uuid, fingerprint text)
    ON CONFLICT (tenant, source, value)
    DO UPDATE SET record = excluded.record, fingerprint = excluded.fingerprint, created_at = excluded.created_at
), reported AS (
    INSERT INTO report (tenant, record, digest, fact, dialect, client, method, path, body, repeats, reported_at,
                        last_reported_at)
    SELECT :tenant, r.record, decode(r.digest, 'base64'), r.fact, r.dialect, r.client, r.method, r.path, r.body,
           r.repeats, :now, :now
    FROM json_to_recordset(:reports::json) AS r (
        record uuid, digest text, fact uuid, dialect text, client uuid, method text, path text, body text, repeats int)
    ON CONFLICT (tenant, record, digest) DO UPDATE
    SET repeats = report.repeats + excluded.repeats, last_reported_at = excluded.last_reported_at
)
INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
SELECT :tenant, e.number, e.kind, e.subject, e.client, e.data, :now
FROM json_to_recordset(:entries::json) AS e (number bigint, kind text, subject uuid, client uuid, data jsonb);

-- name: enrolments_open
-- Returns the pairs that were not enrolled yet. Whoever is enrolled through an audience gets no place of her own beside.
INSERT INTO enrolment (tenant, item, person, enrolled_at, source)
SELECT :tenant, e.item, e.person, :now, e.source
FROM unnest(:items::uuid[], :people::uuid[], :sources::text[]) AS e (item, person, source)
WHERE NOT EXISTS (
    SELECT FROM audience_enrolment g
    JOIN membership m ON m.tenant = g.tenant AND m.audience = g.audience AND m.person = e.person
    JOIN tenant t ON t.id = g.tenant
    WHERE g.tenant = :tenant AND g.item = e.item AND g.ended_at IS NULL
      AND m.joined_on <= (:now::timestamptz AT TIME ZONE t.zone)::date
      AND (m.left_on IS NULL OR m.left_on > (:now::timestamptz AT TIME ZONE t.zone)::date))
ON CONFLICT (tenant, item, person)
DO UPDATE SET enrolled_at = excluded.enrolled_at, ended_at = NULL, due_at = NULL, assignment = NULL
WHERE enrolment.ended_at IS NOT NULL
RETURNING item, person;

-- name: outside_items_add!
INSERT INTO item (tenant, id, kind, title, provider, created_at, updated_at)
SELECT :tenant, o.id, 'outside', o.title, o.provider, :now, :now
FROM unnest(:ids::uuid[], :titles::text[], :providers::text[]) AS o (id, title, provider);

-- name: records_get
SELECT r.* FROM unnest(:ids::uuid[]) AS wanted (id) JOIN record r ON r.tenant = :tenant AND r.id = wanted.id;

-- name: records_page
-- In the order of commits, so a reader who remembers its place misses nothing and sees nothing twice.
SELECT r.* FROM record r
WHERE r.tenant = :tenant AND r.voided_at IS NULL AND r.entry > :after
  AND (NOT :completions_only OR r.completed_at IS NOT NULL)
  AND (:updated_after::timestamptz IS NULL OR r.updated_at > :updated_after)
ORDER BY r.entry LIMIT :count;

-- name: records_page_of_person
SELECT r.* FROM record r
WHERE r.tenant = :tenant AND r.person = :person AND r.voided_at IS NULL AND r.entry > :after
  AND (NOT :completions_only OR r.completed_at IS NOT NULL)
  AND (:updated_after::timestamptz IS NULL OR r.updated_at > :updated_after)
ORDER BY r.entry LIMIT :count;

-- name: records_numbered_page
-- Page numbers, as some clients count. Completions only.
SELECT r.* FROM record r
WHERE r.tenant = :tenant AND r.voided_at IS NULL AND r.completed_at IS NOT NULL AND r.item IS NOT NULL
  AND r.person IS NOT NULL
  AND (:person::uuid IS NULL OR r.person = :person)
  AND (:item::uuid IS NULL OR r.item = :item)
  AND (:is_prior::boolean IS NULL OR r.is_prior = :is_prior)
  AND (:completed_from::timestamptz IS NULL OR r.completed_at >= :completed_from)
  AND (:completed_before::timestamptz IS NULL OR r.completed_at < :completed_before)
ORDER BY r.entry LIMIT :count OFFSET :skip;

-- name: statement_of
-- A statement is a fact. A superseded one is found too, and says that it no longer stands.
SELECT f.record, f.id AS fact, f.revision, f.closed_at
FROM fact f
WHERE f.tenant = :tenant AND (f.record = :id AND f.revision = 1 OR f.id = :id AND f.revision > 1);

-- name: reports_of
SELECT record, fact, dialect, client, method, path, body, repeats, reported_at, last_reported_at
FROM report WHERE tenant = :tenant AND record = ANY (:records::uuid[])
ORDER BY record, reported_at, digest;

-- name: facts_records
-- The records of some facts. A first fact has the id of its record.
SELECT id, record, revision FROM fact WHERE tenant = :tenant AND record = ANY (:facts::uuid[]) AND revision = 1
UNION ALL
SELECT id, record, revision FROM fact WHERE tenant = :tenant AND id = ANY (:facts::uuid[]) AND revision > 1;

-- name: record_as_of_fact
SELECT r.* FROM fact_read r WHERE r.tenant = :tenant AND r.id = :record AND r.revision = :revision;

-- name: completions_counted
-- Rule C4: facts that several sources tell of one local day count once. Within a source every fact counts, so a
-- day counts as often as the source that tells it most often.
SELECT coalesce(sum(counted), 0)::bigint FROM (
    SELECT max(told) AS counted FROM (
        SELECT f.person, f.item, f.source, count(*) AS told,
               (f.completed_at AT TIME ZONE CASE WHEN f.completed_by_day THEN 'UTC' ELSE t.zone END)::date AS day
        FROM fact f JOIN tenant t ON t.id = :tenant
        WHERE f.tenant = :tenant AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
          AND (:person::uuid IS NULL OR f.person = :person) AND (:item::uuid IS NULL OR f.item = :item)
        GROUP BY f.person, f.item, f.source, day
    ) by_source GROUP BY person, item, day
) days;

-- name: probable_duplicates
SELECT other.record FROM fact f
JOIN tenant t ON t.id = :tenant
JOIN fact other ON other.tenant = :tenant AND other.person = f.person AND other.item = f.item
 AND other.closed_at IS NULL AND other.record <> f.record AND other.source <> f.source
 AND (other.completed_at AT TIME ZONE CASE WHEN other.completed_by_day THEN 'UTC' ELSE t.zone END)::date
   = (f.completed_at AT TIME ZONE CASE WHEN f.completed_by_day THEN 'UTC' ELSE t.zone END)::date
WHERE f.tenant = :tenant AND f.record = :record AND f.closed_at IS NULL
ORDER BY other.record;

-- name: records_page_of_item
-- As records_page, of one item and of one person too where wanted.
SELECT r.* FROM record r
WHERE r.tenant = :tenant AND r.item = :item AND r.voided_at IS NULL AND r.entry > :after
  AND (:person::uuid IS NULL OR r.person = :person)
  AND (NOT :completions_only OR r.completed_at IS NOT NULL)
  AND (:updated_after::timestamptz IS NULL OR r.updated_at > :updated_after)
ORDER BY r.entry LIMIT :count;

-- name: record_revisions
SELECT r.* FROM fact_read r WHERE r.tenant = :tenant AND r.id = :record ORDER BY r.revision;
