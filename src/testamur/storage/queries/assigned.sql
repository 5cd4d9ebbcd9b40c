-- name: assigned_page
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

-- name: assigned_page_of_person
-- The same for one person, from behind an assignment.
SELECT DISTINCT a.id AS assignment, m.person
FROM membership m JOIN assignment a ON a.tenant = m.tenant AND a.audience = m.audience
WHERE m.tenant = :tenant AND m.person = :person AND a.id > :after_assignment::uuid
ORDER BY a.id LIMIT :count;

-- name: assigned_lines
-- Each pair of a list of assignments and people that ever came together, with the step that is stored of the day there,
-- what else is known of the pair, and whether its line is still to be worked out. OFFSET 0 keeps it at one look into the
-- index for each pair, also while the statistics still say that the tables are small.
SELECT w.place, met.began_at, met.known_at,
       greatest(v.recorded_at, l.recorded_at, s.from_on::timestamp AT TIME ZONE s.zone,
                CASE WHEN l.recorded_at IS NULL THEN met.ended_known_at END) AS changed_at,
       EXISTS (SELECT FROM standing_task k
               WHERE k.tenant = :tenant AND k.assignment = w.assignment AND k.finished_at IS NULL
                 AND (k.after IS NULL OR w.person > k.after)
                 AND (k.people IS NULL OR w.person = ANY (k.people))) AS waits,
       i.id AS item, i.kind AS item_kind,
       (SELECT n.value FROM item_identifier n WHERE n.tenant = :tenant AND n.item = i.id AND n.kind = 'ref'
        ORDER BY n.value LIMIT 1) AS item_reference,
       p.assignment IS NOT NULL AS is_personal, p.external_reference, p.assigned_at, p.due_at, p.is_started,
       p.progress_percent, p.extra, a.created_at AS made_at,
       s.from_on, s.until_on, s.status, s.line, s.cycle, s.opens_on, s.due_on, s.credit, s.credit_ends_on,
       s.last_completed_on, s.started_on, s.satisfied_by, s.satisfied_how, s.is_on_time, s.late_days, s.is_impossible,
       s.because, s.zone, s.missed_cycles, s.fixed_days
FROM unnest(:assignments::uuid[], :people::uuid[]) WITH ORDINALITY AS w (assignment, person, place)
JOIN tenant t ON t.id = :tenant
JOIN assignment a ON a.tenant = :tenant AND a.id = w.assignment
JOIN item i ON i.tenant = :tenant AND i.id = a.primary_item
CROSS JOIN LATERAL (
    SELECT max(v.recorded_at) AS recorded_at FROM assignment_version v
    WHERE v.tenant = :tenant AND v.assignment = w.assignment
) v
CROSS JOIN LATERAL (
    SELECT greatest(min(m.began_at), a.created_at) AS began_at, greatest(min(m.began_known_at), a.created_at) AS known_at,
           max(m.ended_known_at) AS ended_known_at
    FROM (
        SELECT m.* FROM member_span m
        WHERE m.tenant = :tenant AND m.audience = a.audience AND m.person = w.person
          AND (m.ended_at IS NULL OR m.ended_at > greatest(m.began_at, a.created_at))
          AND (a.deleted_at IS NULL OR least(m.began_at, m.began_known_at) < a.deleted_at)
        OFFSET 0
    ) m HAVING count(*) > 0
) met
CROSS JOIN LATERAL (
    SELECT max(s.recorded_at) AS recorded_at FROM standing s
    WHERE s.tenant = :tenant AND s.person = w.person AND s.assignment = w.assignment
) l
LEFT JOIN LATERAL (
    SELECT s.* FROM standing s
    WHERE s.tenant = :tenant AND s.person = w.person AND s.assignment = w.assignment
      AND s.from_on <= (:now::timestamptz AT TIME ZONE coalesce(a.zone, t.zone))::date
      AND (s.until_on IS NULL OR s.until_on > (:now AT TIME ZONE coalesce(a.zone, t.zone))::date) AND s.status <> 'none'
    OFFSET 0
) s ON true
LEFT JOIN personal_assignment p ON p.tenant = :tenant AND p.assignment = w.assignment
ORDER BY w.place;

-- name: assigned_completions
-- For each pair of a list of assignments and people the last completion of a day that counts, and the due day of the last
-- obligation, for those that have none to come.
SELECT w.place, f.completed_at, f.passed, f.certificate, o.due_on
FROM unnest(:assignments::uuid[], :people::uuid[], :days::date[], :zones::text[]) WITH ORDINALITY
    AS w (assignment, person, day, zone, place)
LEFT JOIN LATERAL (
    SELECT f.completed_at, f.passed, f.certificate FROM fact f
    WHERE f.tenant = :tenant AND f.person = w.person AND f.closed_at IS NULL AND f.passed IS NOT FALSE
      AND f.item = ANY (ARRAY(SELECT unnest(v.alternatives || v.primary_item) FROM assignment_version v
                              WHERE v.tenant = :tenant AND v.assignment = w.assignment))
      AND f.completed_at >= (w.day - 1)::timestamp AT TIME ZONE w.zone
      AND f.completed_at < (w.day + 2)::timestamp AT TIME ZONE w.zone
      AND w.day = (f.completed_at AT TIME ZONE CASE WHEN f.completed_by_day THEN 'UTC' ELSE w.zone END)::date
    ORDER BY f.completed_at DESC LIMIT 1
) f ON true
LEFT JOIN LATERAL (
    SELECT o.due_on FROM obligation o
    WHERE o.tenant = :tenant AND o.person = w.person AND o.assignment = w.assignment ORDER BY o.place DESC LIMIT 1
) o ON true
ORDER BY w.place;

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
