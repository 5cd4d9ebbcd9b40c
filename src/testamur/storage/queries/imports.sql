-- name: import_patience!
-- For this transaction: looking through a whole file takes as long as it takes, sorts in memory what it can, and meets
-- every row once instead of looking each up.
SET LOCAL statement_timeout = '1h'; SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off;

-- name: import_slicewise!
-- For this transaction: each row is looked up once, and what was found for it is of no use to the next; a slice is kept in
-- memory while it is written into one table after the other. Each is planned for itself: a plan that was kept from the
-- first ones, when the tables were empty, may look through all that was written since for each row.
SET LOCAL enable_memoize = off; SET LOCAL work_mem = '16MB'; SET LOCAL plan_cache_mode = force_custom_plan;

-- name: import_turn!
-- Locks the tenant's counter, behind every other slice: imports wait for each other at another door than all others do,
-- so that each can tell who waits for it. Nobody waits for an import as a client waits for her answer, so its turn may
-- be long in coming.
SET LOCAL lock_timeout = '2min'; SET LOCAL statement_timeout = '2min';
SELECT pg_advisory_xact_lock(hashtextextended('import ' || current_tenant()::text, 0)); SELECT FROM tenant_counter FOR UPDATE;
SET LOCAL lock_timeout TO DEFAULT; SET LOCAL statement_timeout TO DEFAULT;

-- name: import_is_awaited
-- Whether anybody but another import waits for this transaction.
SELECT EXISTS (SELECT FROM pg_locks
               WHERE NOT granted AND locktype = 'transactionid' AND transactionid = pg_current_xact_id()::xid);

-- name: import_unhurried!
-- For this transaction: nobody sees what is staged before the rehearsal ends, whose own commit waits for all of it.
SET LOCAL synchronous_commit = off;

-- name: import_start!
INSERT INTO import_batch (tenant, id, of, state, client, person, name, format, bytes, digest, options, upload,
                          created_at, touched_at)
VALUES (:tenant, :id, :of, 'reading', :client, :person, :name, :format, :bytes, :digest, :options, :upload,
        :now, :now);

-- name: import_claim
-- The reading of an upload begins, or begins anew.
UPDATE import_batch SET attempts = attempts + 1, rows = 0, outcomes = '{}', touched_at = :now
WHERE tenant = :tenant AND id = :id AND state = 'reading' AND upload IS NOT NULL
RETURNING *;

-- name: import_refuse!
UPDATE import_batch SET state = 'refused', fault = :fault, rows = 0, outcomes = '{}', touched_at = :now
WHERE tenant = :tenant AND id = :id AND state = 'reading';

-- name: import_progress!
-- For those who watch. Each stage has its own beginning, and so its own rate.
UPDATE import_batch SET stage = :stage, stage_done = :done, stage_total = :total, touched_at = :now,
       stage_began_at = CASE WHEN stage IS DISTINCT FROM :stage THEN :now ELSE stage_began_at END
WHERE tenant = :tenant AND id = :id AND state = 'reading';

-- name: import_stage!
-- PostgreSQL copies into no table with row-level security, and the application may make no table of its own; arrays are
-- sent in binary form as well. What nearly all rows have in common is not sent; their numbers follow one another.
INSERT INTO import_row (tenant, batch, number, raw, outcome, faults, people, person, item, completed_at,
                        completed_by_day, day, started_at, expires_at, passed, score_percent, score_text,
                        time_spent, certificate, item_version, source, source_id, extra, digest, id)
SELECT :tenant, :batch, :before + s.place, s.raw, coalesce(s.outcome, 'created'), s.faults::jsonb, s.people::jsonb,
       s.person, s.item, coalesce(s.completed_at, s.day::timestamp AT TIME ZONE 'UTC'),
       s.completed_at IS NULL AND s.day IS NOT NULL, s.day, s.started_at, s.expires_at, s.passed,
       s.score_percent::numeric, s.score_text, s.time_spent, s.certificate, s.item_version,
       coalesce(s.source, :usual_source), s.source_id, s.extra, s.digest, s.id
FROM unnest(:raw::text[], :outcome::text[], :faults::text[], :people::text[], :person::uuid[], :item::uuid[],
            :completed_at::timestamptz[], :day::date[], :started_at::timestamptz[], :expires_at::timestamptz[],
            :passed::boolean[], :score_percent::text[], :score_text::text[], :time_spent::text[], :certificate::text[],
            :item_version::int[], :source::text[], :source_id::text[], :extra::jsonb[], :digest::bytea[],
            :id::uuid[])
     WITH ORDINALITY
     AS s (raw, outcome, faults, people, person, item, completed_at, day, started_at, expires_at, passed, score_percent,
           score_text, time_spent, certificate, item_version, source, source_id, extra, digest, id, place);

-- name: import_touch!
UPDATE import_batch SET rows = :rows, outcomes = coalesce(:outcomes::jsonb, outcomes), touched_at = :now
WHERE tenant = :tenant AND id = :id;

-- name: import_stage_outside!
INSERT INTO import_outside (tenant, batch, item, kind, value, title, provider)
SELECT :tenant, :batch, o.item, o.kind, o.value, o.title, o.provider
FROM json_to_recordset(:outside::json) AS o (item uuid, kind text, value text, title text, provider text);

-- name: import_people
-- Whom these identifiers name.
SELECT said.kind, said.value, n.person
FROM unnest(:kinds::text[], :values::text[]) AS said (kind, value)
CROSS JOIN LATERAL (
    SELECT i.person FROM person_identifier i
    WHERE i.tenant = :tenant AND i.kind = said.kind AND i.value = said.value LIMIT 1
) n
UNION ALL
SELECT 'id', p.id::text, p.id FROM person p WHERE p.tenant = :tenant AND p.id = ANY (:ids::uuid[]);

-- name: import_items
-- What these keys mean: items, learning outside, or what that was mapped to.
SELECT said.kind, said.value, n.item
FROM unnest(:kinds::text[], :values::text[]) AS said (kind, value)
CROSS JOIN LATERAL (
    SELECT found.item FROM (
        (SELECT i.item, 1 AS place FROM item_identifier i
         WHERE i.tenant = :tenant AND i.kind = said.kind AND i.value = said.value LIMIT 1)
        UNION ALL
        (SELECT coalesce(o.mapped_to, o.item), 2 FROM outside_learning o
         WHERE o.tenant = :tenant AND o.kind = said.kind AND o.value = said.value LIMIT 1)
    ) found ORDER BY found.place LIMIT 1
) n
UNION ALL
SELECT 'id', i.id::text, i.id FROM item i WHERE i.tenant = :tenant AND i.id = ANY (:ids::uuid[]);

-- name: import_titles
-- Items of these titles, two of each at most. Learning outside is known by its provider too.
SELECT said.place, n.item
FROM unnest(:titles::text[], :providers::text[]) WITH ORDINALITY AS said (title, provider, place)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT o.mapped_to FROM outside_learning o WHERE o.tenant = :tenant AND o.item = t.id LIMIT 1),
                    t.id) AS item
    FROM item t
    WHERE t.tenant = :tenant AND t.title_key = md5(lower(said.title))
      AND (t.kind <> 'outside' AND (said.provider IS NULL OR lower(t.provider) = lower(said.provider))
           OR t.kind = 'outside' AND lower(t.provider) IS NOT DISTINCT FROM lower(said.provider)
              AND NOT EXISTS (SELECT FROM outside_learning o
                              WHERE o.tenant = :tenant AND o.item = t.id AND o.kind <> 'title'))
    ORDER BY t.kind = 'outside', t.id LIMIT 2
) n ORDER BY said.place;

-- name: import_twins
-- What a file says more than once, of some of its rows or all. Within one source and day the first row decides, because
-- each that follows is either the same or another time of that day. The rows are read again rather than kept: most files
-- say nothing twice, and a copy of all of them would go through the disk.
WITH said AS NOT MATERIALIZED (
    SELECT r.number, r.person, r.item, r.completed_at, r.completed_by_day AS by_day, r.day, r.source, r.source_id,
           r.digest
    FROM import_row r
    WHERE r.tenant = :tenant AND r.batch = :batch AND r.person IS NOT NULL AND r.outcome <> 'rejected'
      AND (:numbers::int[] IS NULL OR r.number = ANY (:numbers))
), crowded AS (
    SELECT person, item, day FROM said GROUP BY person, item, day HAVING count(*) > 1
), of_day AS (
    SELECT s.*, s.source_id IS NOT NULL AS has_key,
           first_value(s.number) OVER day AS neighbour, first_value(s.source) OVER day AS first_source,
           first_value(s.number) OVER origin AS first_of_origin,
           first_value(s.source_id IS NOT NULL) OVER origin AS origin_has_key,
           first_value(s.by_day) OVER origin AS origin_by_day
    FROM said s JOIN crowded c ON c.person = s.person AND c.item = s.item AND c.day = s.day
    WINDOW day AS (PARTITION BY s.person, s.item, s.day ORDER BY s.number),
           origin AS (PARTITION BY s.person, s.item, s.day, s.source ORDER BY s.number)
), of_origin AS (
    SELECT d.*, CASE WHEN d.first_of_origin < d.number AND NOT (d.has_key AND d.origin_has_key)
                          AND (d.by_day OR d.origin_by_day) THEN d.first_of_origin END AS of_source
    FROM of_day d
), of_moment AS (
    -- Only what is not one of those already can be the first of its moment.
    SELECT o.*, first_value(o.number) OVER moment AS first_of_moment,
           first_value(o.of_source IS NULL) OVER moment AS is_first,
           first_value(o.has_key) OVER moment AS moment_has_key
    FROM of_origin o
    WINDOW moment AS (PARTITION BY o.person, o.item, o.day, o.completed_at ORDER BY o.of_source NULLS FIRST, o.number)
), told AS (
    SELECT number, neighbour, source <> first_source AS is_probable,
           coalesce(of_source, CASE WHEN first_of_moment < number AND is_first AND NOT (has_key AND moment_has_key)
                                    THEN first_of_moment END) AS twin
    FROM of_moment WHERE neighbour < number
), again AS (
    SELECT s.source, s.source_id FROM said s WHERE s.source_id IS NOT NULL
    GROUP BY s.source, s.source_id HAVING count(*) > 1
), of_key AS (
    SELECT s.number, first_value(s.number) OVER named AS first,
           s.digest = first_value(s.digest) OVER named AND s.person = first_value(s.person) OVER named
           AND s.item = first_value(s.item) OVER named AS is_same
    FROM said s JOIN again a ON a.source = s.source AND a.source_id = s.source_id
    WINDOW named AS (PARTITION BY s.source, s.source_id ORDER BY s.number)
), found AS (
    SELECT coalesce(t.number, k.number) AS number, t.neighbour, coalesce(t.is_probable, false) AS is_probable,
           coalesce(CASE WHEN k.first < k.number THEN k.first END, t.twin) AS twin,
           k.first < k.number AND NOT k.is_same AS is_other, k.first
    FROM told t FULL JOIN of_key k ON k.number = t.number
    WHERE t.number IS NOT NULL OR k.first < k.number
), noted AS (
    UPDATE import_row r SET twin = f.twin, neighbour = f.neighbour, is_probable = f.is_probable,
           outcome = CASE WHEN f.is_other THEN 'rejected' ELSE r.outcome END,
           faults = CASE WHEN f.is_other THEN jsonb_build_array(jsonb_build_array('source_id', 'duplicate',
               'row ' || f.first || ' has the same id of this source and says something else')) ELSE r.faults END
    FROM found f WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = f.number
    RETURNING r.neighbour
)
SELECT count(neighbour) FROM noted;

-- name: import_items_met
-- Items of a batch that somebody has completed already. History mostly comes before anything else of its items.
SELECT i.item FROM (
    SELECT DISTINCT r.item FROM import_row r WHERE r.tenant = :tenant AND r.batch = :batch AND r.person IS NOT NULL
) i WHERE EXISTS (SELECT FROM fact f WHERE f.tenant = :tenant AND f.item = i.item AND f.closed_at IS NULL);

-- name: import_decide!
-- The rehearsal: outcomes as they would be, and nothing else. What is of another item than those met and has no key of
-- its own meets nothing but other rows of the file.
WITH decided AS MATERIALIZED (
    SELECT d.number, d.decided, d.told_record, d.occurrences IS NOT NULL AS is_met FROM import_decision d
    WHERE d.tenant = :tenant AND d.batch = :batch AND d.number > :after AND d.number <= :last
      AND (d.item IN (SELECT unnest(:met::uuid[])) OR d.source_id IS NOT NULL OR d.twin IS NOT NULL OR d.is_probable)
      AND (d.outcome <> d.decided OR d.record IS DISTINCT FROM d.told_record OR d.occurrences IS NOT NULL)
)
UPDATE import_row r SET outcome = d.decided, record = d.told_record, is_met = d.is_met FROM decided d
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number > :after AND r.number <= :last AND r.number = d.number;

-- name: import_counts
SELECT outcome, count(*) AS rows FROM import_row WHERE tenant = :tenant AND batch = :batch GROUP BY outcome;

-- name: import_finish_reading!
UPDATE import_batch SET state = 'rehearsed', bytes = :bytes, digest = :digest, format = :format, header = :header::text[], columns = :columns, rows = :rows,
       outcomes = :outcomes, repeated = :repeated, has_keys = :has_keys, effect = :effect,
       known_entry = CASE WHEN :is_known THEN (SELECT entry FROM tenant_counter WHERE tenant = :tenant) END,
       rehearsed_at = :now, touched_at = :now
WHERE tenant = :tenant AND id = :id;

-- name: import_get
SELECT * FROM import_batch WHERE tenant = :tenant AND id = :id;

-- name: import_take
-- Whoever works on a batch has it alone.
SELECT b.*, b.known_entry IS NOT DISTINCT FROM c.entry AS is_known
FROM import_batch b JOIN tenant_counter c ON c.tenant = :tenant
WHERE b.tenant = :tenant AND b.id = :id FOR UPDATE OF b;

-- name: import_list
SELECT * FROM import_batch
WHERE tenant = :tenant AND (:after::uuid IS NULL OR id < :after)
ORDER BY id DESC LIMIT :count;

-- name: import_abandoned
-- Of those that only their sender could go on with.
SELECT id FROM import_batch WHERE tenant = :tenant AND state = 'reading' AND upload IS NULL AND touched_at < :before;

-- name: import_drop_rows
-- By their place: joined with themselves they are met once for each other, as long as nothing is known of how many there are.
WITH gone AS (
    DELETE FROM import_row r
    WHERE r.tenant = :tenant AND r.batch = :batch AND r.number <= (
        SELECT max(few.number) FROM (
            SELECT number FROM import_row WHERE tenant = :tenant AND batch = :batch ORDER BY number LIMIT :count
        ) few)
    RETURNING 1
)
SELECT count(*) FROM gone;

-- name: import_drop_outside!
DELETE FROM import_outside WHERE tenant = :tenant AND batch = :batch;

-- name: import_drop!
DELETE FROM import_batch WHERE tenant = :tenant AND id = :id;

-- name: import_state!
UPDATE import_batch SET state = :state, done = :done, outcomes = :outcomes, has_news = :has_news, touched_at = :now,
       known_entry = CASE WHEN :is_known THEN (SELECT entry FROM tenant_counter WHERE tenant = :tenant) END,
       stage_began_at = CASE WHEN state <> :state THEN :now ELSE stage_began_at END,
       committed_at = CASE WHEN :state = 'committed' AND committed_at IS NULL THEN :now ELSE committed_at END,
       undone_at = CASE WHEN :state = 'undone' THEN :now ELSE undone_at END
WHERE tenant = :tenant AND id = :id;

-- name: import_outside_known
-- What a rehearsed file would bring as learning outside, and what that means by now.
SELECT o.item, o.kind, o.value, o.title, o.provider, coalesce(
    (SELECT i.item FROM item_identifier i WHERE i.tenant = :tenant AND i.kind = o.kind AND i.value = o.value),
    (SELECT coalesce(l.mapped_to, l.item) FROM outside_learning l
     WHERE l.tenant = :tenant AND l.kind = o.kind AND l.value = o.value)) AS known
FROM import_outside o WHERE o.tenant = :tenant AND o.batch = :batch;

-- name: outside_learning_add!
INSERT INTO outside_learning (tenant, kind, value, item)
SELECT :tenant, o.kind, o.value, o.item FROM unnest(:kinds::text[], :values::text[], :items::uuid[]) AS o (kind, value, item)
ON CONFLICT (tenant, kind, value) DO NOTHING;

-- name: import_items_change!
UPDATE import_row r SET item = n.new FROM unnest(:old::uuid[], :new::uuid[]) AS n (old, new)
WHERE r.tenant = :tenant AND r.batch = :batch AND r.item = n.old;

-- name: import_remapped
-- Learning outside that was mapped since a moment.
SELECT DISTINCT o.item, o.mapped_to FROM outside_learning o WHERE o.tenant = :tenant AND o.mapped_at > :since;

-- name: import_close
-- Facts whose source tells them otherwise now. Closed before the new ones are written, because both may name the same
-- moment. What is decided is worked out once: where the planner takes the ledger for nearly empty, because it was when
-- somebody last looked, each of its facts would be held against all decisions made anew.
WITH decided AS MATERIALIZED (
    SELECT d.number, d.told_record, d.standing_revision FROM import_decision d
    WHERE d.tenant = :tenant AND d.batch = :batch AND d.number > :after AND d.number <= :last AND d.decided = 'superseded'
      AND d.number IN (SELECT unnest(:numbers::int[]))
)
UPDATE fact f SET closed_at = :now, closed_as = 'superseded', closed_by = :person
FROM decided d
WHERE f.tenant = :tenant AND f.record = d.told_record AND f.revision = d.standing_revision AND f.closed_at IS NULL
RETURNING d.number, f.record, f.revision + 1 AS revision, f.id AS old, f.created_at, f.created_by;

-- name: import_slice_plain
-- Of a slice, in one trip, the rows that came out as the rehearsal said because the ledger has nothing near them: facts,
-- keys, reports and entries. Where nobody wrote since the rehearsal, it is known to have nothing near them. Which rows are
-- left is the answer: `import_slice` considers each. The tenant's counter is locked.
WITH part AS MATERIALIZED (
    SELECT p.*, c.entry + count(*) FILTER (WHERE p.is_plain) OVER (ORDER BY p.number ROWS UNBOUNDED PRECEDING) AS entry
    FROM (
        SELECT r.*, r.outcome = 'created' AND r.person IS NOT NULL AND r.twin IS NULL AND r.neighbour IS NULL
                    AND r.record IS NULL AND NOT r.is_released AND NOT r.is_met
                    AND near.is_there IS NULL AND keyed.is_there IS NULL
                    -- The rehearsal takes no two rows of one moment for twins that are not of one day, nor what was mapped
                    -- to one item only since. Worked out once and looked up, whatever is known of how many there are.
                    AND r.number NOT IN (
                        SELECT again.number FROM (
                            SELECT s.number, row_number() OVER (
                                PARTITION BY s.person, s.item, s.completed_at ORDER BY s.number) AS place
                            FROM import_row s
                            WHERE NOT :is_known AND s.tenant = :tenant AND s.batch = :batch AND s.number > :after
                              AND s.number <= :last
                        ) again WHERE again.place > 1) AS is_plain
        FROM import_row r
        LEFT JOIN LATERAL (
            SELECT true AS is_there FROM fact f
            WHERE NOT :is_known AND f.tenant = :tenant AND f.person = r.person AND f.item = r.item
              AND f.closed_at IS NULL
              AND f.completed_at >= (r.day - interval '14 hours') AT TIME ZONE 'UTC'
              AND f.completed_at < (r.day + interval '38 hours') AT TIME ZONE 'UTC' LIMIT 1
        ) near ON true
        LEFT JOIN LATERAL (
            SELECT true AS is_there FROM source_key k
            WHERE :has_keys AND k.tenant = :tenant AND k.source = 'import:' || r.source AND k.value = r.source_id LIMIT 1
        ) keyed ON true
        WHERE r.tenant = :tenant AND r.batch = :batch AND r.number > :after AND r.number <= :last
        OFFSET 0 -- what is plain is worked out once
    ) p CROSS JOIN (SELECT entry FROM tenant_counter WHERE tenant = :tenant) c
), written AS NOT MATERIALIZED (
    SELECT * FROM part WHERE is_plain
), counted AS (
    UPDATE tenant_counter SET entry = entry + (SELECT count(*) FROM written) WHERE tenant = :tenant
), told AS (
    INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, completed_by_day,
                      occurrence, started_at, expires_at, passed, score_percent, score_text, time_spent, certificate,
                      is_prior, source, source_id, created_by, updated_by, extra, created_at, recorded_at)
    SELECT :tenant, w.id, 1, w.id, w.entry, w.person, w.item, w.item_version, w.completed_at, w.completed_by_day, 0,
           w.started_at, w.expires_at, w.passed, w.score_percent, w.score_text, w.time_spent, w.certificate, true,
           w.source, w.source_id, :person::uuid, :person,
           coalesce(w.extra, '{}') || jsonb_build_object('how', 'import', 'batch', :batch::uuid, 'row', w.number),
           :now::timestamptz, :now
    FROM written w
), keyed AS (
    INSERT INTO source_key (tenant, source, value, record, fingerprint, created_at)
    SELECT :tenant, 'import:' || w.source, w.source_id, w.id, w.digest, :now FROM written w WHERE w.source_id IS NOT NULL
), reported AS (
    INSERT INTO report (tenant, record, digest, fact, dialect, client, method, path, body, repeats, reported_at,
                        last_reported_at)
    SELECT :tenant, w.id, decode(md5(:client::uuid || w.raw), 'hex'), w.id, 'import', :client, 'FILE', 'imports', w.raw,
           1, :now, :now
    FROM written w
), entered AS (
    INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
    SELECT :tenant, w.entry, 'record.created', w.id, :client, (SELECT jsonb_build_object('batch', :batch)), :now
    FROM written w
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT max(entry) FROM written) AS last_entry,
       (SELECT array_agg(p.number ORDER BY p.number) FROM part p WHERE NOT p.is_plain AND p.outcome <> 'rejected') AS rest;

-- name: import_slice
-- A slice of a file into the ledger, in one trip: facts, keys, reports, entries, and what is different from what the
-- rehearsal found. The tenant's counter is locked.
WITH decided AS MATERIALIZED (
    SELECT d.*, CASE WHEN s.number IS NULL THEN d.decided ELSE 'superseded' END AS final,
           CASE WHEN s.number IS NULL AND d.decided IN ('created', 'probable_duplicate') THEN d.id
                ELSE coalesce(s.record, d.told_record) END AS of_record,
           coalesce(s.revision, 1) AS revision, s.old, s.created_at AS first_at, s.created_by AS first_by
    FROM import_decision d
    LEFT JOIN json_to_recordset(:superseding::json) AS s (
        number int, record uuid, revision int, old uuid, created_at timestamptz, created_by uuid) ON s.number = d.number
    WHERE d.tenant = :tenant AND d.batch = :batch AND d.number > :after AND d.number <= :last
      AND d.number IN (SELECT unnest(:numbers::int[]))
), written AS MATERIALIZED (
    SELECT d.*, c.entry + row_number() OVER (ORDER BY d.number) AS entry,
           coalesce(d.occurrences, 0) - 1
           + row_number() OVER (PARTITION BY d.person, d.item, d.completed_at ORDER BY d.number) AS occurrence
    FROM decided d CROSS JOIN (SELECT entry FROM tenant_counter WHERE tenant = :tenant) c
    WHERE d.final IN ('created', 'probable_duplicate', 'superseded')
), counted AS (
    UPDATE tenant_counter SET entry = entry + (SELECT count(*) FROM written) WHERE tenant = :tenant
), told AS (
    INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, completed_by_day,
                      occurrence, started_at, expires_at, passed, score_percent, score_text, time_spent, certificate,
                      is_prior, source, source_id, created_by, updated_by, extra, created_at, recorded_at)
    SELECT :tenant, w.of_record, w.revision, w.id, w.entry, w.person, w.item, w.item_version, w.completed_at,
           w.completed_by_day, w.occurrence, w.started_at, w.expires_at, w.passed, w.score_percent, w.score_text,
           w.time_spent, w.certificate, true, w.source, w.source_id,
           CASE WHEN w.revision = 1 THEN :person::uuid ELSE w.first_by END, :person,
           coalesce(w.extra, '{}') || jsonb_build_object('how', 'import', 'batch', :batch::uuid, 'row', w.number),
           coalesce(w.first_at, :now), :now
    FROM written w ORDER BY w.number
), keyed AS (
    -- A file may have several names for one fact, and only one of them twice.
    INSERT INTO source_key (tenant, source, value, record, fingerprint, created_at)
    SELECT DISTINCT ON (d.source, d.source_id) :tenant, 'import:' || d.source, d.source_id, d.of_record, d.digest, :now
    FROM decided d
    WHERE d.source_id IS NOT NULL AND d.of_record IS NOT NULL AND d.final NOT IN ('held', 'rejected')
    ORDER BY d.source, d.source_id, d.number
    ON CONFLICT (tenant, source, value) DO UPDATE
    SET record = excluded.record, fingerprint = excluded.fingerprint, created_at = excluded.created_at
    WHERE (source_key.record, source_key.fingerprint) IS DISTINCT FROM (excluded.record, excluded.fingerprint)
), reported AS (
    INSERT INTO report (tenant, record, digest, fact, dialect, client, method, path, body, repeats, reported_at,
                        last_reported_at)
    SELECT :tenant, s.of_record, s.said, (array_agg(s.fact))[1], 'import', :client, 'FILE', 'imports',
           min(s.raw), count(*), :now, :now
    FROM (
        SELECT d.of_record, decode(md5(:client::uuid || d.raw), 'hex') AS said, d.raw,
               CASE WHEN d.final = 'already_present' THEN coalesce(d.told_fact, d.of_record) ELSE d.id END AS fact
        FROM decided d WHERE d.of_record IS NOT NULL AND d.final NOT IN ('held', 'rejected')
    ) s GROUP BY s.of_record, s.said
    ON CONFLICT (tenant, record, digest) DO UPDATE
    SET repeats = report.repeats + excluded.repeats, last_reported_at = excluded.last_reported_at
), entered AS (
    INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
    SELECT :tenant, w.entry, CASE WHEN w.revision = 1 THEN 'record.created' ELSE 'record.superseded' END, w.of_record,
           :client, CASE WHEN w.revision = 1 THEN jsonb_build_object('batch', :batch)
                    ELSE jsonb_build_object('batch', :batch, 'fact', w.id, 'supersedes', w.old) END, :now
    FROM written w
), waiting AS (
    INSERT INTO import_held (tenant, kind, value, batch, number)
    SELECT DISTINCT :tenant, kind.name, key.value ->> 1, :batch, d.number
    FROM decided d CROSS JOIN LATERAL jsonb_array_elements(d.people) AS key (value)
    CROSS JOIN LATERAL jsonb_array_elements_text(key.value -> 0) AS kind (name)
    WHERE d.final = 'held' AND kind.name <> 'id'
    ON CONFLICT DO NOTHING
), changed AS (
    UPDATE import_row r SET outcome = d.final, record = CASE WHEN d.of_record <> d.id THEN d.of_record END
    FROM decided d
    WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = d.number AND r.number > :after AND r.number <= :last
      AND (r.outcome <> d.final
           OR r.record IS DISTINCT FROM CASE WHEN d.of_record <> d.id THEN d.of_record END)
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT max(entry) FROM written) AS last_entry,
       (SELECT json_object_agg(o.final, o.rows)
        FROM (SELECT d.final, count(*) AS rows FROM decided d GROUP BY d.final) o) AS outcomes;

-- name: import_undo_slice
-- What the slice's rows wrote and nobody wrote over since. A fact that took another's place gives it back.
WITH gone AS MATERIALIZED (
    SELECT r.number, r.source, r.source_id, f.record, f.revision, f.id, c.entry + row_number() OVER (ORDER BY r.number) AS entry
    FROM import_row r
    CROSS JOIN (SELECT entry FROM tenant_counter WHERE tenant = :tenant) c
    -- OFFSET 0 has these worked out first: row-level security lets no coalesce() near an index.
    CROSS JOIN LATERAL (SELECT coalesce(r.record, r.id) AS record, coalesce(r.fact, r.id) AS fact OFFSET 0) wrote
    JOIN LATERAL (
        SELECT f.record, f.revision, f.id FROM fact f
        WHERE f.tenant = :tenant AND f.record = wrote.record AND f.closed_at IS NULL AND f.id = wrote.fact LIMIT 1
    ) f ON true
    WHERE r.tenant = :tenant AND r.batch = :batch AND r.number > :after AND r.number <= :last
      AND r.outcome IN ('created', 'probable_duplicate')
), counted AS (
    UPDATE tenant_counter SET entry = entry + (SELECT count(*) FROM gone) WHERE tenant = :tenant
), voided AS (
    UPDATE fact f SET closed_at = :now, closed_as = 'voided', closed_by = :person
    FROM gone g WHERE f.tenant = :tenant AND f.record = g.record AND f.revision = g.revision
), freed AS (
    UPDATE source_key k SET fingerprint = NULL FROM gone g
    WHERE k.tenant = :tenant AND k.source = 'import:' || g.source AND k.value = g.source_id AND k.record = g.record
), entered AS (
    INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
    SELECT :tenant, g.entry, 'record.voided', g.record, :client, jsonb_build_object('batch', :batch::uuid, 'fact', g.id), :now
    FROM gone g
)
SELECT (SELECT count(*) FROM gone) AS written, (SELECT max(entry) FROM gone) AS last_entry;

-- name: import_undo_waiting!
DELETE FROM import_held WHERE tenant = :tenant AND batch = :batch AND number > :after AND number <= :last;

-- name: import_restorable
-- Rows of a slice that took another fact's place, where theirs still stands.
SELECT r.number, f.record, f.revision, f.id, 'import:' || r.source AS key_source, r.source_id, was.revision - 1 AS before
FROM import_row r
JOIN LATERAL (
    SELECT f.record, f.revision, f.id FROM fact f
    WHERE f.tenant = :tenant AND f.record = r.record AND f.closed_at IS NULL LIMIT 1
) f ON f.id = coalesce(r.fact, r.id)
JOIN fact was ON was.tenant = :tenant AND was.record = r.record AND was.id = r.id
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number > :after AND r.number <= :last AND r.outcome = 'superseded';

-- name: import_key_forget!
-- The fact that stands again was told with other words: whoever tells it once more is heard.
UPDATE source_key SET fingerprint = NULL WHERE tenant = :tenant AND source = :source AND value = :value;

-- name: fact_continue!
-- One more fact of a record, like another of its facts but for the item, where one is given.
INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, completed_by_day,
                  occurrence, started_at, expires_at, passed, score_percent, score_text, time_spent, certificate,
                  is_prior, source, source_id, application, created_by, updated_by, extra, created_at, recorded_at)
SELECT f.tenant, f.record, :revision, :id, :entry, f.person, becomes.item,
       CASE WHEN :item::uuid IS NULL THEN f.item_version END, f.completed_at, f.completed_by_day,
       coalesce((SELECT max(o.occurrence) + 1 FROM fact o
                 WHERE o.tenant = :tenant AND o.person = f.person AND o.item = becomes.item
                   AND o.completed_at = f.completed_at AND o.closed_at IS NULL), 0),
       f.started_at, f.expires_at, f.passed, f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior,
       f.source, f.source_id, f.application, f.created_by, :person, f.extra, f.created_at, :now
FROM fact f
CROSS JOIN LATERAL (SELECT coalesce(:item::uuid, f.item) AS item OFFSET 0) becomes
WHERE f.tenant = :tenant AND f.record = :record AND f.revision = :like;

-- name: import_lines
-- Whom and what the facts of a batch matter to: by assignment how many people, and the first of them.
SELECT i.assignment, count(DISTINCT r.person)::int AS total, (array_agg(DISTINCT r.person))[1: 1001] AS people
FROM assignment_item i
JOIN import_row r ON r.tenant = :tenant AND r.batch = :batch AND r.item = i.item AND r.person IS NOT NULL
 AND r.outcome IN ('created', 'probable_duplicate', 'superseded')
WHERE i.tenant = :tenant AND (:numbers::int[] IS NULL OR r.number = ANY (:numbers))
  AND EXISTS (SELECT FROM assignment_version v
              JOIN membership m ON m.tenant = :tenant AND m.audience = v.audience AND m.person = r.person
              WHERE v.tenant = :tenant AND v.assignment = i.assignment)
GROUP BY i.assignment;

-- name: import_effect
-- What a batch would add to some people's lines under one assignment.
SELECT r.person, json_agg(json_build_array(r.id, r.item, r.completed_at, r.completed_by_day, r.expires_at, r.passed,
                                           r.item_version)) AS facts
FROM import_row r
WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome IN ('created', 'probable_duplicate', 'superseded')
  AND r.item = ANY (:items::uuid[]) AND r.person = ANY (:people::uuid[])
GROUP BY r.person;

-- name: import_rows
SELECT r.number, r.raw, r.outcome, r.faults, r.person, r.item, r.audience, r.neighbour,
       CASE WHEN r.told IS NULL THEN coalesce(r.record, r.id) END AS record
FROM import_row r
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number > :after
  AND (:outcomes::text[] IS NULL OR r.outcome = ANY (:outcomes))
ORDER BY r.number LIMIT :count;

-- name: import_rows_bad
-- What has to be looked at. The list is that of the index.
SELECT r.number, r.raw, r.outcome, r.faults FROM import_row r
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number > :after AND r.outcome IN ('held', 'rejected')
ORDER BY r.number LIMIT :count;

-- name: import_held_page
SELECT h.batch, h.number, r.raw, r.faults, b.name, b.header
FROM (SELECT DISTINCT batch, number FROM import_held
      WHERE tenant = :tenant AND (:after_batch::uuid IS NULL OR (batch, number) > (:after_batch, :after::int))
      ORDER BY batch, number LIMIT :count) h
JOIN import_row r ON r.tenant = :tenant AND r.batch = h.batch AND r.number = h.number
JOIN import_batch b ON b.tenant = :tenant AND b.id = h.batch
ORDER BY h.batch, h.number;

-- name: import_held_of
-- Rows that wait for one of these identifiers.
SELECT DISTINCT h.batch, h.number FROM import_held h
JOIN unnest(:kinds::text[], :values::text[]) AS n (kind, value) ON h.kind = n.kind AND h.value = n.value
WHERE h.tenant = :tenant ORDER BY h.batch, h.number LIMIT :count;

-- name: import_held_found
-- Rows of a batch that wait for somebody who is there by now.
SELECT DISTINCT h.batch, h.number FROM import_held h
WHERE h.tenant = :tenant AND h.batch = :batch
  AND EXISTS (SELECT FROM person_identifier i WHERE i.tenant = :tenant AND i.kind = h.kind AND i.value = h.value)
ORDER BY h.number LIMIT :count;

-- name: import_held_keys
SELECT r.number, r.people, r.faults FROM import_row r
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = ANY (:numbers::int[]) AND r.outcome = 'held'
ORDER BY r.number;

-- name: import_release!
UPDATE import_row r SET person = n.person, is_released = true, outcome = n.outcome, faults = n.faults
FROM json_to_recordset(:rows::json) AS n (number int, person uuid, outcome text, faults jsonb)
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = n.number;

-- name: import_held_forget!
DELETE FROM import_held WHERE tenant = :tenant AND batch = :batch AND number = ANY (:numbers::int[]);

-- name: import_news!
UPDATE import_batch SET has_news = true, touched_at = :now WHERE tenant = :tenant AND id = ANY (:ids::uuid[]);

-- name: outside_map
UPDATE outside_learning SET mapped_to = :mapped_to, mapped_at = :now, mapped_by = :client
WHERE tenant = :tenant AND item = :item AND mapped_to IS DISTINCT FROM :mapped_to RETURNING kind;

-- name: outside_facts
-- Facts that stand on learning outside.
SELECT f.record, f.revision, f.id, f.person, f.extra ->> 'batch' AS batch, (f.extra ->> 'row')::int AS number
FROM fact f WHERE f.tenant = :tenant AND f.item = :item AND f.closed_at IS NULL LIMIT :count;

-- name: import_fact_moved!
UPDATE import_row SET fact = :fact, item = :item WHERE tenant = :tenant AND batch = :batch AND number = :number;

-- name: outside_find
-- Learning outside by one of its keys, its title or its id.
SELECT i.id, i.kind, i.title, i.provider,
       EXISTS (SELECT FROM outside_learning o WHERE o.tenant = :tenant AND o.item = i.id) AS is_named
FROM (
    SELECT o.item, 1 AS place FROM outside_learning o
    JOIN unnest(:kinds::text[], :values::text[]) AS n (kind, value) ON o.kind = n.kind AND o.value = n.value
    WHERE o.tenant = :tenant
    UNION ALL
    SELECT :id::uuid, 2
    UNION ALL
    SELECT t.id, 3 FROM item t
    WHERE t.tenant = :tenant AND t.title_key = md5(lower(:title::text)) AND t.kind = 'outside'
) found JOIN item i ON i.tenant = :tenant AND i.id = found.item
ORDER BY found.place LIMIT 1;

-- name: item_kind
SELECT kind FROM item WHERE tenant = :tenant AND id = :id;
