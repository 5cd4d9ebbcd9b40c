-- name: enrolment_get
SELECT item, person, enrolled_at, ended_at, source FROM enrolment
WHERE tenant = :tenant AND item = :item AND person = :person;

-- name: attempt_add!
INSERT INTO attempt (tenant, item, person, id, attempted_at, score_percent, passed, recorded_at)
VALUES (:tenant, :item, :person, :id, :attempted_at, :score_percent, :passed, :now);

-- name: learners_of_item
-- Everyone enrolled in an item or with a completion of it, with the standing completion and the last attempt of each.
SELECT mine.person, e.enrolled_at, p.given_name, p.family_name, p.deleted_at AS person_deleted_at,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = mine.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS email,
       done.completed_at, done.started_at, done.score_percent, done.is_imported, tried.score_percent AS attempt_score,
       tried.attempted_at
FROM (
    SELECT e.person FROM enrolment e WHERE e.tenant = :tenant AND e.item = :item AND e.ended_at IS NULL
    UNION
    SELECT f.person FROM fact f WHERE f.tenant = :tenant AND f.item = :item AND f.closed_at IS NULL
      AND f.completed_at IS NOT NULL AND f.person IS NOT NULL
) mine
JOIN person p ON p.tenant = :tenant AND p.id = mine.person
LEFT JOIN enrolment e ON e.tenant = :tenant AND e.item = :item AND e.person = mine.person
LEFT JOIN LATERAL (
    SELECT f.completed_at, f.started_at, f.score_percent,
           EXISTS (SELECT FROM source_key k WHERE k.tenant = :tenant AND k.source = :source
                   AND k.value = f.item || ':' || f.person AND k.record = f.record) AS is_imported
    FROM fact f
    WHERE f.tenant = :tenant AND f.item = :item AND f.person = mine.person AND f.closed_at IS NULL
      AND f.completed_at IS NOT NULL AND f.passed IS DISTINCT FROM false
    ORDER BY is_imported DESC, f.completed_at DESC LIMIT 1
) done ON true
LEFT JOIN LATERAL (
    SELECT a.score_percent, a.attempted_at FROM attempt a
    WHERE a.tenant = :tenant AND a.item = :item AND a.person = mine.person
    ORDER BY a.attempted_at DESC, a.id DESC LIMIT 1
) tried ON true
WHERE :after::uuid IS NULL OR mine.person > :after
ORDER BY mine.person LIMIT :count;

-- name: items_of_learner
-- Everything a person is enrolled in or has completed.
SELECT it.id AS item, it.title, it.is_authored, it.requires_quiz, it.retired_at, e.enrolled_at,
       done.completed_at, done.started_at, done.score_percent, done.is_imported, tried.score_percent AS attempt_score,
       tried.attempted_at
FROM (
    SELECT e.item FROM enrolment e WHERE e.tenant = :tenant AND e.person = :person AND e.ended_at IS NULL
    UNION
    SELECT f.item FROM fact f WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL
      AND f.completed_at IS NOT NULL AND f.item IS NOT NULL
) mine
JOIN item it ON it.tenant = :tenant AND it.id = mine.item
LEFT JOIN enrolment e ON e.tenant = :tenant AND e.item = mine.item AND e.person = :person
LEFT JOIN LATERAL (
    SELECT f.completed_at, f.started_at, f.score_percent,
           EXISTS (SELECT FROM source_key k WHERE k.tenant = :tenant AND k.source = :source
                   AND k.value = f.item || ':' || f.person AND k.record = f.record) AS is_imported
    FROM fact f
    WHERE f.tenant = :tenant AND f.item = mine.item AND f.person = :person AND f.closed_at IS NULL
      AND f.completed_at IS NOT NULL AND f.passed IS DISTINCT FROM false
    ORDER BY is_imported DESC, f.completed_at DESC LIMIT 1
) done ON true
LEFT JOIN LATERAL (
    SELECT a.score_percent, a.attempted_at FROM attempt a
    WHERE a.tenant = :tenant AND a.item = mine.item AND a.person = :person
    ORDER BY a.attempted_at DESC, a.id DESC LIMIT 1
) tried ON true
WHERE :after::uuid IS NULL OR it.id > :after
ORDER BY it.id LIMIT :count;

-- name: learner_lines
-- For each place of a list of people and items the lines under assignments that accept the item, with what is stored of
-- today: those that are open, and those that are still to be worked out.
SELECT w.place, w.person, a.id AS assignment, k.waits,
       s.from_on, s.until_on, s.status, s.line, s.cycle, s.opens_on, s.due_on, s.credit, s.credit_ends_on,
       s.last_completed_on, s.started_on, s.satisfied_by, s.satisfied_how, s.is_on_time, s.late_days, s.is_impossible,
       s.because, s.zone, s.missed_cycles, s.fixed_days
FROM unnest(:people::uuid[], :items::uuid[]) WITH ORDINALITY AS w (person, item, place)
JOIN assignment_item i ON i.tenant = :tenant AND i.item = w.item
JOIN assignment a ON a.tenant = :tenant AND a.id = i.assignment AND (a.primary_item = w.item OR w.item = ANY (a.alternatives))
JOIN tenant t ON t.id = :tenant
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM standing_task k
                   WHERE k.tenant = :tenant AND k.assignment = a.id AND k.finished_at IS NULL
                     AND (k.after IS NULL OR w.person > k.after)
                     AND (k.people IS NULL OR w.person = ANY (k.people))) AS waits
) k
LEFT JOIN LATERAL (
    SELECT s.* FROM standing s
    WHERE s.tenant = :tenant AND s.person = w.person AND s.assignment = a.id
      AND s.from_on <= (:now::timestamptz AT TIME ZONE coalesce(a.zone, t.zone))::date
      AND (s.until_on IS NULL OR s.until_on > (:now AT TIME ZONE coalesce(a.zone, t.zone))::date)
      AND s.status IN ('renewal_due', 'expired', 'overdue', 'in_progress', 'not_started')
    OFFSET 0
) s ON true
WHERE k.waits OR s.status IS NOT NULL
ORDER BY w.place, a.id;
