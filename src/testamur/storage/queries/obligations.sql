-- name: obligations_page
-- Who may be under which assignment, in order of assignment and person, from behind a pair: everybody who was ever in its
-- audience. Both orders come out of an index, so that a page costs the same at any depth. The two bounds on the audience
-- are one value: said as an equality the planner may as well walk all members in order of person, and does so while one
-- large audience is all its statistics know.
SELECT a.id AS assignment, m.person
FROM assignment a
CROSS JOIN LATERAL (
    SELECT m.person FROM membership m
    WHERE m.tenant = :tenant AND m.audience <= a.audience
      AND (m.audience, m.person) > (a.audience, CASE WHEN a.id = :after_assignment::uuid THEN :after_person::uuid
                                                     ELSE '00000000-0000-0000-0000-000000000000' END)
    GROUP BY m.audience, m.person ORDER BY m.audience, m.person LIMIT :count
) m
WHERE a.tenant = :tenant AND a.id >= :after_assignment
ORDER BY a.id, m.person LIMIT :count;

-- name: obligations_page_of_person
-- The same for one person, from behind an assignment.
SELECT DISTINCT a.id AS assignment, m.person
FROM membership m JOIN assignment a ON a.tenant = m.tenant AND a.audience = m.audience
WHERE m.tenant = :tenant AND m.person = :person AND a.id > :after_assignment::uuid
ORDER BY a.id LIMIT :count;

-- name: obligation_spans
-- The memberships of each pair of a list. OFFSET 0 keeps it at one look into the index for each pair, also while the
-- statistics still say that the tables are small.
SELECT w.place, s.* FROM unnest(:audiences::uuid[], :people::uuid[]) WITH ORDINALITY AS w (audience, person, place)
CROSS JOIN LATERAL (
    SELECT s.audience, s.began_at, s.began_known_at, s.ended_at, s.ended_known_at FROM member_span s
    WHERE s.tenant = :tenant AND s.audience = w.audience AND s.person = w.person OFFSET 0
) s ORDER BY w.place, s.began_at;

-- name: obligation_completions
-- For each pair of a list of people and items the last completions that are no fails; those that were withdrawn, or by
-- now are about somebody or something else, with the moment at which that happened.
SELECT w.place, f.* FROM unnest(:people::uuid[], :items::uuid[]) WITH ORDINALITY AS w (person, item, place)
CROSS JOIN LATERAL (
    (SELECT f.record, f.item, f.completed_at, f.completed_by_day, f.recorded_at, NULL::timestamptz AS voided_at,
            f.passed, f.certificate
     FROM fact f
     WHERE f.tenant = :tenant AND f.person = w.person AND f.item = w.item AND f.closed_at IS NULL
       AND f.completed_at IS NOT NULL AND f.passed IS NOT FALSE
     ORDER BY f.completed_at DESC LIMIT :count)
    UNION ALL
    (SELECT f.record, f.item, f.completed_at, f.completed_by_day, f.recorded_at, f.closed_at, f.passed, f.certificate
     FROM fact f
     WHERE f.tenant = :tenant AND f.person = w.person AND f.item = w.item AND f.closed_at IS NOT NULL
       AND f.completed_at IS NOT NULL AND f.passed IS NOT FALSE
       AND (f.closed_as = 'voided' OR NOT EXISTS (
            SELECT FROM fact s WHERE s.tenant = :tenant AND s.record = f.record AND s.revision > f.revision
               AND s.closed_as IS DISTINCT FROM 'superseded' AND s.person = f.person AND s.item = f.item))
     ORDER BY f.completed_at DESC LIMIT :count)
) f;

-- name: obligation_starts
-- For each pair of a list of people and items since when a record says that it was begun and not completed.
SELECT w.place, f.started_at FROM unnest(:people::uuid[], :items::uuid[]) WITH ORDINALITY AS w (person, item, place)
CROSS JOIN LATERAL (
    SELECT max(f.started_at) AS started_at FROM fact f
    WHERE f.tenant = :tenant AND f.person = w.person AND f.item = w.item AND f.closed_at IS NULL
      AND f.completed_at IS NULL
) f WHERE f.started_at IS NOT NULL;

-- name: obligation_items
SELECT i.id, i.kind,
       (SELECT n.value FROM item_identifier n WHERE n.tenant = :tenant AND n.item = i.id AND n.kind = 'ref'
        ORDER BY n.value LIMIT 1) AS reference
FROM item i WHERE i.tenant = :tenant AND i.id = ANY (:ids::uuid[]);

-- name: obligations_personal
SELECT * FROM personal_assignment WHERE tenant = :tenant AND assignment = ANY (:assignments::uuid[]);

-- name: personal_audience
SELECT id FROM audience WHERE tenant = :tenant AND of_person = :person;

-- name: personal_audience_add!
-- An audience of one, and her membership from a day on.
WITH made AS (
    INSERT INTO audience (tenant, id, name, category, api_controlled, of_person, created_at, updated_at)
    VALUES (:tenant, :id, :name, 'audience', false, :person, :now, :now)
    RETURNING *
)
INSERT INTO membership (tenant, audience, person, joined_on, joined_recorded_at)
SELECT m.tenant, m.id, m.of_person, :joined_on, m.created_at FROM made m;

-- name: personal_assignment_standing
-- What the person is assigned by name, of one item, and what was said of it.
SELECT a.id, p.digest FROM assignment a JOIN personal_assignment p ON p.tenant = a.tenant AND p.assignment = a.id
WHERE a.tenant = :tenant AND a.of_person = :person AND a.primary_item = :item AND a.deleted_at IS NULL;

-- name: personal_assignment_add!
INSERT INTO personal_assignment (tenant, assignment, external_reference, assigned_at, due_at, is_started,
                                 progress_percent, extra, digest)
VALUES (:tenant, :id, :external_reference, :assigned_at, :due_at, :is_started, :progress_percent, :extra, :digest);
