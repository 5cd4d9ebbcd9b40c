-- name: erasure_patience!
-- For this transaction: looking through all that was ever told takes as long as it takes.
SET LOCAL statement_timeout = '1h';

-- name: erasure_person
-- Whom it is about: all by which she is known, and since when she is gone, if she is.
SELECT p.given_name, p.family_name, p.phone, t.zone,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(i.kind, i.value)), '[]') FROM person_identifier i
        WHERE i.tenant = :tenant AND i.person = p.id) AS identifiers,
       least(p.deleted_at, CASE WHEN p.ends_at <= :now THEN p.ends_at END,
             (SELECT s.began_at FROM suspension s
              WHERE s.tenant = :tenant AND s.person = p.id AND s.ended_at IS NULL)) AS left_at
FROM person p JOIN tenant t ON t.id = :tenant WHERE p.tenant = :tenant AND p.id = :person;

-- name: erasure_named_before
-- What the ledger said of who she is.
SELECT e.data FROM ledger_entry e
WHERE e.tenant = :tenant AND e.subject = :person AND e.kind IN ('person.added', 'person.changed') AND e.data IS NOT NULL
ORDER BY e.number;

-- name: erasure_owned
-- What she did: records, also those that were told under an identifier of hers before anybody knew her, sessions, and
-- entries of professional development. Arms of their own where indexes are partial.
SELECT 'record' AS noun, g.record AS id, g.item, g.day, g.facts, g.is_completion,
       (SELECT array_agg(l.tag) FROM item_tag l
        WHERE l.tenant = :tenant AND l.item = g.item AND l.is_category AND l.untied_at IS NULL) AS categories,
       coalesce((SELECT max(a.recurrence_days) FROM assignment_item i JOIN assignment a ON a.tenant = :tenant AND a.id = i.assignment
                 WHERE i.tenant = :tenant AND i.item = g.item AND a.deleted_at IS NULL), 0) AS recurrence_days,
       EXISTS (SELECT FROM assignment_item i WHERE i.tenant = :tenant AND i.item = ANY (g.items)) AS is_asked,
       g.has_detail OR EXISTS (SELECT FROM report r WHERE r.tenant = :tenant AND r.record = g.record AND r.body <> '') AS has_detail,
       (SELECT count(*) FROM report r WHERE r.tenant = :tenant AND r.record = g.record) AS reports
FROM (
    SELECT f.record, (array_agg(f.item ORDER BY f.revision DESC))[1] AS item, array_agg(f.item) AS items, count(*) AS facts,
           max(CASE WHEN f.completed_at IS NOT NULL AND f.completed_by_day THEN (f.completed_at AT TIME ZONE 'UTC')::date
                    ELSE (coalesce(f.completed_at, f.started_at, f.created_at) AT TIME ZONE :zone)::date END) AS day,
           bool_or(f.closed_at IS NULL AND f.completed_at IS NOT NULL AND f.passed IS DISTINCT FROM false) AS is_completion,
           bool_or(num_nonnulls(f.score_percent, f.score_text, f.time_spent, f.certificate) > 0
                   OR coalesce(f.extra, '{}') <> coalesce(without_words(f.extra), '{}')) AS has_detail
    FROM (
        SELECT f.* FROM fact f
        WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
        UNION ALL
        SELECT f.* FROM fact f
        WHERE f.tenant = :tenant AND f.person = :person AND (f.closed_at IS NOT NULL OR f.completed_at IS NULL)
        UNION ALL
        SELECT f.* FROM fact f
        WHERE f.tenant = :tenant AND f.person IS NULL
          AND (lower(btrim(f.extra ->> 'person_ref')) = ANY (:values::text[]) OR f.extra -> 'ids' ->> 'person_id' = :person::uuid::text)
    ) f GROUP BY f.record
) g
UNION ALL
SELECT 'session', s.id, s.item, (s.started_at AT TIME ZONE :zone)::date, 0, false, NULL::uuid[], 0, true,
       s.duration > interval '0' OR s.lessons_completed > 0 OR s.score_percent IS NOT NULL, 0
FROM session s WHERE s.tenant = :tenant AND s.person = :person
UNION ALL
SELECT 'development', c.id, NULL, (c.done_at AT TIME ZONE :zone)::date, 0, false, NULL, 0, true, c.description IS NOT NULL, 0
FROM cpd_entry c WHERE c.tenant = :tenant AND c.person = :person
ORDER BY 1, 2;

-- name: erasure_subjects
-- What else of hers entries tell of, and whether they tell who she is.
SELECT x.id, false AS is_who FROM exemption x WHERE x.tenant = :tenant AND x.person = :person
UNION ALL
SELECT x.id, false FROM extension x WHERE x.tenant = :tenant AND x.person = :person
UNION ALL
SELECT a.id, false FROM assignment a WHERE a.tenant = :tenant AND a.of_person = :person
UNION ALL
SELECT i.id, true FROM invitation i
WHERE i.tenant = :tenant AND (i.person = :person OR i.email = ANY (:values::text[]));

-- name: erasure_entries
-- Entries about her, and those in which others are told of with her name. No index leads there.
SELECT e.number, e.subject = ANY (:subjects::uuid[]) AS is_hers FROM ledger_entry e
WHERE e.tenant = :tenant AND e.number > :after AND e.number <= :until AND e.data IS NOT NULL
  AND (e.subject = ANY (:subjects::uuid[]) OR e.data::text ~* :others)
  AND e.kind <> 'person.erased'
ORDER BY e.number;

-- name: erasure_rows
-- Rows of files that were matched with her, or wait for an identifier of hers; of files touched since a moment.
SELECT r.batch, r.number, r.person IS NOT NULL AS is_matched FROM import_batch b
JOIN import_row r ON r.tenant = :tenant AND r.batch = b.id
WHERE b.tenant = :tenant AND b.touched_at >= :since
  AND (r.person = :person OR r.told IS NOT NULL AND r.id = :person
       OR r.outcome = 'held' AND EXISTS (SELECT FROM jsonb_array_elements(r.people) k
                                         WHERE lower(btrim(k ->> 1)) = ANY (:values::text[])));

-- name: erasure_mentions_rows
SELECT r.batch, r.number FROM import_row r
WHERE r.tenant = :tenant AND (r.raw ~* :others OR r.faults::text ~* :others OR r.extra::text ~* :others OR r.told::text ~* :others)
  AND r.person IS DISTINCT FROM :person;

-- name: erasure_mentions_reports
SELECT r.record, r.digest FROM report r
WHERE r.tenant = :tenant AND (r.body ~* :others OR r.path ~* :others) AND NOT r.record = ANY (:records::uuid[]);

-- name: erasure_mentions_facts
SELECT DISTINCT f.record FROM fact f
WHERE f.tenant = :tenant AND NOT f.record = ANY (:records::uuid[])
  AND (f.extra::text ~* :others OR f.score_text ~* :others OR f.certificate ~* :others);

-- name: erasure_tombstone
-- Counts of what there was, for totals of the past: by item and year, and how she stood with each assignment at last.
SELECT jsonb_build_object(
    'memberships', (SELECT count(*) FROM membership m WHERE m.tenant = :tenant AND m.person = :person),
    'enrolments', (SELECT count(*) FROM enrolment e WHERE e.tenant = :tenant AND e.person = :person),
    'obligations', (SELECT count(*) FROM obligation o WHERE o.tenant = :tenant AND o.person = :person),
    'completions', (SELECT coalesce(jsonb_agg(jsonb_build_object('item', c.item, 'year', c.year, 'count', c.count)
                                              ORDER BY c.item, c.year), '[]') FROM (
        SELECT f.item, extract(year FROM f.completed_at)::int AS year, count(*) AS count FROM fact f
        WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
          AND f.passed IS DISTINCT FROM false GROUP BY 1, 2) c),
    'standings', (SELECT coalesce(jsonb_agg(jsonb_build_object('assignment', s.assignment, 'status', s.status)
                                            ORDER BY s.assignment), '[]') FROM standing s
        WHERE s.tenant = :tenant AND s.person = :person AND s.from_on <= :today
          AND (s.until_on IS NULL OR s.until_on > :today)));

-- name: erasure_add!
INSERT INTO erasure (tenant, id, person, level, reason, asked_by, asked_by_person, asked_at, tried_at)
VALUES (:tenant, :id, :person, :level, :reason, :asked_by, :asked_by_person, :now, :now);

-- name: erasure_note!
UPDATE erasure SET tried_at = :now, completed_at = CASE WHEN :is_complete THEN :now::timestamptz END,
       has_identity = has_identity OR :has_identity, erased = :erased, kept = :kept, tombstone = coalesce(:tombstone, tombstone)
WHERE tenant = :tenant AND id = :id;

-- name: erasures_end!
-- Everything is gone: what was still held back of earlier ones is as well.
UPDATE erasure SET completed_at = :now, tried_at = :now, kept = '[]'
WHERE tenant = :tenant AND person = :person AND completed_at IS NULL;

-- name: erasure_get
SELECT * FROM erasure WHERE tenant = :tenant AND id = :id;

-- name: erasures_page
SELECT * FROM erasure
WHERE tenant = :tenant AND (:person::uuid IS NULL OR person = :person) AND (NOT :only_open OR completed_at IS NULL)
  AND (:after::uuid IS NULL OR id > :after)
ORDER BY id LIMIT :count;

-- name: erasures_open_count
SELECT count(*) FROM erasure WHERE tenant = :tenant AND person = :person AND completed_at IS NULL;

-- name: erasure_detail
SELECT erase_detail(:id, :records::uuid[], :sessions::uuid[], :kept::uuid[], :entries::bigint[], :rest);

-- name: erasure_identity
SELECT erase_identity(:id, :records::uuid[], :entries::bigint[], :told::bigint[], :identifiers::text[], :given_name, :family_name, :alias, :hers, :others, :now);

-- name: erasure_invitations_withdraw
UPDATE invitation SET withdrawn_at = :now
WHERE tenant = :tenant AND accepted_at IS NULL AND withdrawn_at IS NULL AND email = ANY (:identifiers::text[]) RETURNING id;

-- name: erasure_imported
SELECT erase_imported(:id, :batches::uuid[], :numbers::int[]);

-- name: erasure_mentions
SELECT erase_mentions(:id, :records::uuid[], :digests::bytea[], :facts::uuid[], :batches::uuid[], :numbers::int[], :others, :alias);

-- name: erasure_answers
SELECT erase_answers(:id, :pattern);

-- name: erasure_facts
SELECT erase_facts(:id, :records::uuid[], :entries::bigint[]);

-- name: erasure_whole
SELECT erase_person(:id, :now);

-- name: erasure_held_back
-- People of whom an erasure holds something back, in order of id.
SELECT DISTINCT person FROM erasure
WHERE tenant = :tenant AND completed_at IS NULL AND person > :after::uuid
ORDER BY person LIMIT :count;

-- name: erasure_candidates
-- People who have anything that a rule may end and of whom no erasure holds anything back, in order of id.
SELECT p.id AS person FROM person p
WHERE p.tenant = :tenant AND p.id > :after::uuid
  AND NOT EXISTS (SELECT FROM erasure e WHERE e.tenant = :tenant AND e.person = p.id AND e.completed_at IS NULL)
  AND (EXISTS (SELECT FROM fact f WHERE f.tenant = :tenant AND f.person = p.id AND f.closed_at IS NULL AND f.completed_at IS NOT NULL)
       OR EXISTS (SELECT FROM fact f
                  WHERE f.tenant = :tenant AND f.person = p.id AND (f.closed_at IS NOT NULL OR f.completed_at IS NULL))
       OR EXISTS (SELECT FROM session s WHERE s.tenant = :tenant AND s.person = p.id)
       OR EXISTS (SELECT FROM cpd_entry c WHERE c.tenant = :tenant AND c.person = p.id))
ORDER BY p.id LIMIT :count;

-- name: erasure_key
SELECT key FROM erasure_key WHERE tenant = :tenant;

-- name: erasure_key_make!
INSERT INTO erasure_key (tenant, key) VALUES (:tenant, :key) ON CONFLICT (tenant) DO NOTHING;

-- name: erased_identifiers_add!
INSERT INTO erased_identifier (tenant, digest) SELECT :tenant, d.digest FROM unnest(:digests::bytea[]) AS d (digest)
ON CONFLICT DO NOTHING;

-- name: erased_identifiers_among
SELECT e.digest FROM erased_identifier e WHERE e.tenant = :tenant AND e.digest = ANY (:digests::bytea[]);

-- name: erased_rows_forget
SELECT forget_erased_rows(:batch);
