-- name: import_stage_told!
INSERT INTO import_row (tenant, batch, number, raw, outcome, faults, people, told, source, id)
SELECT :tenant, :batch, s.number, s.raw, s.outcome, s.faults::jsonb, s.people::jsonb, s.told::jsonb, '', s.id
FROM unnest(:numbers::int[], :raws::text[], :outcomes::text[], :faults::text[], :people::text[], :told::text[],
            :ids::uuid[]) AS s (number, raw, outcome, faults, people, told, id);

-- name: import_names_add!
INSERT INTO import_name (tenant, batch, kind, value, number)
SELECT :tenant, :batch, n.kind, n.value, n.number
FROM unnest(:kinds::text[], :values::text[], :numbers::int[]) AS n (kind, value, number)
ON CONFLICT DO NOTHING;

-- name: import_names_drop
WITH gone AS (
    DELETE FROM import_name n USING (SELECT kind, value, number FROM import_name WHERE tenant = :tenant AND batch = :batch
                                     ORDER BY kind, value, number LIMIT :count) few
    WHERE n.tenant = :tenant AND n.batch = :batch AND n.kind = few.kind AND n.value = few.value AND n.number = few.number
    RETURNING 1
)
SELECT count(*) FROM gone;

-- name: import_absent_drop
WITH gone AS (
    DELETE FROM import_absent a USING (SELECT place FROM import_absent WHERE tenant = :tenant AND batch = :batch
                                       ORDER BY place LIMIT :count) few
    WHERE a.tenant = :tenant AND a.batch = :batch AND a.place = few.place RETURNING 1
)
SELECT count(*) FROM gone;

-- name: import_names_twice
-- Rejects rows with a name that an earlier one has, and returns how many. A row that was rejected for another reason is in
-- the way of none.
WITH standing AS MATERIALIZED (
    SELECT n.kind, n.value, n.number, min(n.number) OVER (PARTITION BY n.kind, n.value) AS first
    FROM import_name n
    JOIN import_row r ON r.tenant = :tenant AND r.batch = :batch AND r.number = n.number AND r.outcome <> 'rejected'
    WHERE n.tenant = :tenant AND n.batch = :batch
), again AS (
    SELECT number, min(first) AS first, min(kind) AS kind FROM standing WHERE first < number GROUP BY number
), rejected AS (
    UPDATE import_row r SET outcome = 'rejected', faults = jsonb_build_array(jsonb_build_array(
        a.kind, 'duplicate', 'row ' || a.first || ' of the file has it already (rule I20)'))
    FROM again a WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = a.number
    RETURNING 1
)
SELECT count(*) FROM rejected;

-- name: import_subjects_twice
-- The same of rows that name one and the same by different names.
WITH standing AS MATERIALIZED (
    SELECT number, min(number) OVER (PARTITION BY person, item, audience) AS first FROM import_row
    WHERE tenant = :tenant AND batch = :batch AND outcome NOT IN ('rejected', 'held')
      AND (person IS NOT NULL OR item IS NOT NULL OR audience IS NOT NULL)
), rejected AS (
    UPDATE import_row r SET outcome = 'rejected', faults = jsonb_build_array(jsonb_build_array(
        '', 'duplicate', 'row ' || s.first || ' of the file names the same (rule I20)'))
    FROM standing s WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = s.number AND s.first < s.number
    RETURNING 1
)
SELECT count(*) FROM rejected;

-- name: import_told
-- Rows of a span that are not rejected and were not written, or were.
SELECT number, id, told, people, above, under, outcome, person, item, audience FROM import_row
WHERE tenant = :tenant AND batch = :batch AND outcome <> 'rejected' AND is_told = :is_told
  AND number > :after AND number <= :last
ORDER BY number;

-- name: import_told_among
-- The same of some rows.
SELECT number, id, told, people, above, under, outcome, person, item, audience FROM import_row
WHERE tenant = :tenant AND batch = :batch AND outcome <> 'rejected' AND is_told = :is_told
  AND number IN (SELECT unnest(:numbers::int[]))
ORDER BY number;

-- name: import_tell!
-- What became of rows, or would.
UPDATE import_row r SET outcome = n.outcome, faults = n.faults::jsonb, person = n.person, item = n.item,
       audience = n.audience, above = n.above, under = n.under, is_told = :is_told
FROM unnest(:numbers::int[], :outcomes::text[], :faults::text[], :persons::uuid[], :items::uuid[], :audiences::uuid[],
            :aboves::int[], :unders::uuid[])
     AS n (number, outcome, faults, person, item, audience, above, under)
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = n.number;

-- name: import_named
-- The rows of a file that have these names.
SELECT n.kind, n.value, min(n.number) AS number
FROM unnest(:kinds::text[], :values::text[]) AS said (kind, value)
JOIN import_name n ON n.tenant = :tenant AND n.batch = :batch AND n.kind = said.kind AND n.value = said.value
GROUP BY n.kind, n.value;

-- name: import_rows_of_people
-- The rows of a file that name these people, by whatever names.
SELECT i.person, min(n.number) AS number FROM person_identifier i
JOIN import_name n ON n.tenant = :tenant AND n.batch = :batch AND n.kind = i.kind AND n.value = i.value
WHERE i.tenant = :tenant AND i.person = ANY (:people::uuid[]) GROUP BY i.person;

-- name: import_above
-- Rows that may be written before these.
SELECT number, id, person, audience, outcome, is_told FROM import_row
WHERE tenant = :tenant AND batch = :batch AND number = ANY (:numbers::int[]);

-- name: import_placed
-- Every row that is not rejected, with the row above it, or who stands above its subject outside of the file.
SELECT r.number, r.above,
       CASE WHEN r.above IS NOT NULL THEN NULL WHEN r.told ?| ARRAY['manager', 'manager_email'] THEN r.under
            ELSE e.manager END AS outside
FROM import_row r
LEFT JOIN employment e ON e.tenant = :tenant AND e.person = r.person AND e.closed_at IS NULL
WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome <> 'rejected' AND r.number > :after AND r.number <= :last;

-- name: import_audiences_placed
-- The same of audiences.
SELECT r.number, r.above,
       CASE WHEN r.above IS NOT NULL THEN NULL WHEN r.told ? 'parent' THEN r.under ELSE a.parent END AS outside
FROM import_row r
LEFT JOIN audience a ON a.tenant = :tenant AND a.id = r.audience
WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome <> 'rejected' AND r.number > :after AND r.number <= :last;

-- name: import_managers_outside
-- Who stands above these people, and the row of the file that is or would be.
SELECT e.person AS below, e.manager AS above, n.number FROM employment e
LEFT JOIN import_name n ON n.tenant = :tenant AND n.batch = :batch AND n.kind = 'ref' AND n.value = e.manager_ref
WHERE e.tenant = :tenant AND e.person = ANY (:below::uuid[]) AND e.closed_at IS NULL
  AND (e.manager IS NOT NULL OR n.number IS NOT NULL);

-- name: import_parents_outside
SELECT a.id AS below, a.parent AS above, NULL::int AS number FROM audience a
WHERE a.tenant = :tenant AND a.id = ANY (:below::uuid[]) AND a.parent IS NOT NULL;

-- name: import_rows_of_subjects
SELECT coalesce(r.audience, r.person) AS subject, r.number FROM import_row r
WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome <> 'rejected'
  AND coalesce(r.audience, r.person) IN (SELECT unnest(:subjects::uuid[]));

-- name: import_reject!
UPDATE import_row SET outcome = 'rejected',
       faults = jsonb_build_array(jsonb_build_array(:field::text, :code::text, :message::text))
WHERE tenant = :tenant AND batch = :batch AND number = ANY (:numbers::int[]);

-- name: import_removals_of_people
-- How many people are here, how many of them a file that is the whole does not name, and how many its rows let go.
SELECT count(*) AS present,
       count(*) FILTER (WHERE :whole AND named.person IS NULL) AS absent,
       (SELECT count(*) FROM import_row r JOIN person p ON p.tenant = :tenant AND p.id = r.person AND p.is_active
        WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome = 'deactivated') AS deactivated
FROM person p
LEFT JOIN (
    SELECT i.person FROM import_name n
    JOIN person_identifier i ON i.tenant = :tenant AND i.kind = n.kind AND i.value = n.value
    WHERE n.tenant = :tenant AND n.batch = :batch
    UNION
    SELECT n.value::uuid FROM import_name n WHERE n.tenant = :tenant AND n.batch = :batch AND n.kind = 'id'
) named ON named.person = p.id
WHERE p.tenant = :tenant AND p.deleted_at IS NULL AND p.is_active AND coalesce(p.ends_at > :now, true);

-- name: import_absent_people!
-- Lists those whom the file does not name, as import_removals_of_people counts them.
INSERT INTO import_absent (tenant, batch, place, subject)
SELECT :tenant, :batch, row_number() OVER (ORDER BY p.place), p.id
FROM person p
LEFT JOIN (
    SELECT i.person FROM import_name n
    JOIN person_identifier i ON i.tenant = :tenant AND i.kind = n.kind AND i.value = n.value
    WHERE n.tenant = :tenant AND n.batch = :batch
    UNION
    SELECT n.value::uuid FROM import_name n WHERE n.tenant = :tenant AND n.batch = :batch AND n.kind = 'id'
) named ON named.person = p.id
WHERE p.tenant = :tenant AND p.deleted_at IS NULL AND p.is_active AND coalesce(p.ends_at > :now, true)
  AND named.person IS NULL;

-- name: import_removals_of_items
SELECT count(*) AS present,
       count(*) FILTER (WHERE :whole AND named.item IS NULL) AS absent,
       (SELECT count(*) FROM import_row r JOIN item t ON t.tenant = :tenant AND t.id = r.item AND t.retired_at IS NULL
        WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome = 'deactivated') AS deactivated
FROM item t
LEFT JOIN (
    SELECT DISTINCT i.item FROM import_name n
    JOIN item_identifier i ON i.tenant = :tenant AND i.kind = n.kind AND i.value = n.value
    WHERE n.tenant = :tenant AND n.batch = :batch
) named ON named.item = t.id
WHERE t.tenant = :tenant AND t.retired_at IS NULL AND t.kind <> 'outside';

-- name: import_absent_items!
INSERT INTO import_absent (tenant, batch, place, subject)
SELECT :tenant, :batch, row_number() OVER (ORDER BY t.id), t.id
FROM item t
LEFT JOIN (
    SELECT DISTINCT i.item FROM import_name n
    JOIN item_identifier i ON i.tenant = :tenant AND i.kind = n.kind AND i.value = n.value
    WHERE n.tenant = :tenant AND n.batch = :batch
) named ON named.item = t.id
WHERE t.tenant = :tenant AND t.retired_at IS NULL AND t.kind <> 'outside' AND named.item IS NULL;

-- name: import_removals_of_memberships
-- Of the audiences that the file names; the others are none of its business.
SELECT count(*) AS present,
       count(*) FILTER (WHERE :whole AND named.person IS NULL) AS absent,
       (SELECT count(*) FROM import_row r
        JOIN membership l ON l.tenant = :tenant AND l.audience = r.audience AND l.person = r.person AND l.left_on IS NULL
        WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome = 'deactivated') AS deactivated,
       (SELECT count(*) FROM import_row r WHERE r.tenant = :tenant AND r.batch = :batch AND r.outcome = 'rejected'
        AND (r.person IS NULL OR r.audience IS NULL)) AS unnamed
FROM (
    SELECT DISTINCT r.audience FROM import_row r
    WHERE r.tenant = :tenant AND r.batch = :batch AND r.audience IS NOT NULL
) said
JOIN membership m ON m.tenant = :tenant AND m.audience = said.audience AND m.left_on IS NULL
LEFT JOIN (
    SELECT DISTINCT r.audience, r.person FROM import_row r WHERE r.tenant = :tenant AND r.batch = :batch
) named ON named.audience = m.audience AND named.person = m.person;

-- name: import_absent_memberships!
-- Lists them, as import_removals_of_memberships counts them.
INSERT INTO import_absent (tenant, batch, place, subject, within)
SELECT :tenant, :batch, row_number() OVER (ORDER BY m.audience, m.person), m.person, m.audience
FROM (
    SELECT DISTINCT r.audience FROM import_row r
    WHERE r.tenant = :tenant AND r.batch = :batch AND r.audience IS NOT NULL
) said
JOIN membership m ON m.tenant = :tenant AND m.audience = said.audience AND m.left_on IS NULL
LEFT JOIN (
    SELECT DISTINCT r.audience, r.person FROM import_row r WHERE r.tenant = :tenant AND r.batch = :batch
) named ON named.audience = m.audience AND named.person = m.person
WHERE named.person IS NULL;

-- name: import_absent_part
SELECT subject, within FROM import_absent
WHERE tenant = :tenant AND batch = :batch AND place > :after AND place <= :last ORDER BY place;

-- name: import_removals_keep!
UPDATE import_batch SET removals = :removals WHERE tenant = :tenant AND id = :id;

-- name: import_removed!
UPDATE import_batch SET removed = :removed WHERE tenant = :tenant AND id = :id;

-- name: import_hold!
-- Identifiers that these rows wait for.
INSERT INTO import_held (tenant, kind, value, batch, number)
SELECT DISTINCT :tenant::uuid, kind.name, key.value ->> 1, :batch::uuid, r.number
FROM import_row r CROSS JOIN LATERAL jsonb_array_elements(r.people) AS key (value)
CROSS JOIN LATERAL jsonb_array_elements_text(key.value -> 0) AS kind (name)
WHERE r.tenant = :tenant AND r.batch = :batch AND r.number = ANY (:numbers::int[]) AND kind.name <> 'id'
ON CONFLICT DO NOTHING;

-- name: suspended_by_imports
-- Those of these people who are suspended because a file did not have them.
SELECT person FROM suspension
WHERE tenant = :tenant AND person = ANY (:people::uuid[]) AND ended_at IS NULL AND batch IS NOT NULL;

-- name: import_audiences
-- What these texts name: an audience by its reference, its id or, where that may be, a name that no other has.
SELECT said.text, coalesce(
    (SELECT a.id FROM audience a WHERE a.tenant = :tenant AND a.reference = said.text AND a.deleted_at IS NULL),
    (SELECT a.id FROM audience a WHERE a.tenant = :tenant AND a.id = said.id AND a.deleted_at IS NULL),
    (SELECT min(a.id::text)::uuid FROM audience a
     WHERE :by_name AND a.tenant = :tenant AND a.name = said.text AND a.deleted_at IS NULL AND a.of_person IS NULL
     HAVING count(*) = 1)) AS id
FROM unnest(:texts::text[], :ids::uuid[]) AS said (text, id);

-- name: audiences_get
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience a LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE a.tenant = :tenant AND a.id = ANY (:ids::uuid[]) AND a.deleted_at IS NULL;

-- name: memberships_of
-- Spans of these people in these audiences.
SELECT m.audience, m.person, m.joined_on, m.left_on
FROM unnest(:audiences::uuid[], :people::uuid[]) AS said (audience, person)
JOIN membership m ON m.tenant = :tenant AND m.audience = said.audience AND m.person = said.person
ORDER BY m.joined_on;
