-- name: learners_of_item
-- Everyone with a place among the learners of an item, or of a collection with it, in order; and everyone who completed it
-- without ever having had one: who had one and lost it is shown no more. Each kind of place comes out of its index in
-- order, so that a page looks at no more people than it may show. `bound` is the last one it can reach, and nobody behind
-- her needs to be asked whether she ever had a place; a scalar keeps that question a probe of keys for each of them.
WITH asked AS MATERIALIZED (
    SELECT :item::uuid AS item
    UNION
    SELECT l.parent FROM item_link l JOIN item p ON p.tenant = l.tenant AND p.id = l.parent
    WHERE l.tenant = :tenant AND l.child = :item::uuid AND l.unlinked_at IS NULL AND p.kind = 'collection'
      AND p.retired_at IS NULL
), placed AS MATERIALIZED (
    SELECT one.person FROM (
        SELECT e.person FROM asked a CROSS JOIN LATERAL (
            SELECT e.person FROM enrolment e
            WHERE e.tenant = :tenant AND e.item = a.item AND e.person > :after::uuid AND e.ended_at IS NULL
            ORDER BY e.person LIMIT :count
        ) e
        UNION
        SELECT m.person FROM asked a
        JOIN audience_enrolment g ON g.tenant = :tenant AND g.item = a.item AND g.ended_at IS NULL
        CROSS JOIN LATERAL (
            SELECT m.person FROM membership m
            WHERE m.tenant = :tenant AND m.audience = g.audience AND m.person > :after::uuid AND m.joined_on <= :today
              AND (m.left_on IS NULL OR m.left_on > :today
                   OR EXISTS (SELECT FROM person d WHERE d.tenant = :tenant AND d.id = m.person
                              AND d.deleted_at <= m.left_recorded_at))
            GROUP BY m.person ORDER BY m.person LIMIT :count
        ) m
    ) one ORDER BY one.person LIMIT :count
), bound AS MATERIALIZED (
    SELECT (SELECT person FROM placed ORDER BY person OFFSET :count - 1 LIMIT 1) AS person
), page AS MATERIALIZED (
    SELECT one.person FROM (
        SELECT person FROM placed
        UNION
        (SELECT done.person FROM (
            SELECT DISTINCT f.person FROM fact f CROSS JOIN bound
            WHERE f.tenant = :tenant AND f.item = :item::uuid AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
              AND f.person > :after::uuid AND (bound.person IS NULL OR f.person < bound.person)
            ORDER BY f.person OFFSET 0
         ) done
         WHERE (SELECT true FROM asked a JOIN place s ON s.tenant = :tenant AND s.item = a.item
                WHERE s.person = done.person LIMIT 1) IS NULL
         ORDER BY done.person LIMIT :count)
    ) one ORDER BY one.person LIMIT :count
)
SELECT page.person, p.given_name, p.family_name, p.deleted_at AS person_deleted_at,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = page.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS email,
       placed.enrolled_at, placed.due_at, done.completed_at, done.started_at, done.score_percent, done.is_imported,
       sat.spent, sat.last_at, tried.score_percent AS attempt_score
FROM page
JOIN person p ON p.tenant = :tenant AND p.id = page.person
CROSS JOIN LATERAL (
    SELECT min(s.enrolled_at) AS enrolled_at, min(s.due_at) AS due_at
    FROM asked a JOIN place s ON s.tenant = :tenant AND s.item = a.item
    WHERE s.person = page.person AND s.ended_at IS NULL AND (s.joined_on IS NULL OR s.joined_on <= :today)
      AND (s.left_on IS NULL OR s.left_on > :today)
) placed
LEFT JOIN LATERAL counting_completion(:tenant, :item::uuid, page.person, :source) done ON true
CROSS JOIN LATERAL time_in_sessions(:tenant, :item::uuid, page.person) sat
LEFT JOIN LATERAL (
    SELECT s.score_percent FROM session s
    WHERE s.tenant = :tenant AND s.item = :item::uuid AND s.person = page.person AND s.has_quiz AND s.voided_at IS NULL
    ORDER BY s.started_at DESC, s.id DESC LIMIT 1
) tried ON true
ORDER BY page.person;

-- name: items_of_learner
-- Every item in which a person has a place, by herself or through a collection with it, and every one she completed
-- without ever having had one. Never collections.
WITH placed AS MATERIALIZED (
    SELECT s.item, s.enrolled_at, s.due_at FROM place s
    WHERE s.tenant = :tenant AND s.person = :person AND s.ended_at IS NULL
      AND (s.joined_on IS NULL OR s.joined_on <= :today) AND (s.left_on IS NULL OR s.left_on > :today)
), mine AS MATERIALIZED (
    SELECT one.item, min(one.enrolled_at) AS enrolled_at, min(one.due_at) AS due_at FROM (
        SELECT s.item, s.enrolled_at, s.due_at FROM placed s
        UNION ALL
        SELECT l.child, s.enrolled_at, s.due_at
        FROM placed s JOIN item c ON c.tenant = :tenant AND c.id = s.item AND c.kind = 'collection' AND c.retired_at IS NULL
        JOIN item_link l ON l.tenant = :tenant AND l.parent = c.id AND l.unlinked_at IS NULL
        UNION ALL
        SELECT f.item, NULL, NULL FROM fact f
        WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
          AND f.item IS NOT NULL
          AND NOT EXISTS (SELECT FROM place s WHERE s.tenant = :tenant AND s.person = :person AND s.item = f.item)
          AND NOT EXISTS (SELECT FROM item_link l JOIN place s ON s.tenant = l.tenant AND s.item = l.parent
                          WHERE l.tenant = :tenant AND l.child = f.item AND l.unlinked_at IS NULL
                            AND s.person = :person)
    ) one GROUP BY one.item
), page AS MATERIALIZED (
    SELECT it.id AS item, it.title, it.is_authored, it.requires_quiz, it.retired_at, mine.enrolled_at, mine.due_at
    FROM mine JOIN item it ON it.tenant = :tenant AND it.id = mine.item AND it.kind <> 'collection'
    WHERE it.id > :after::uuid ORDER BY it.id LIMIT :count
)
SELECT page.*, done.completed_at, done.started_at, done.score_percent, done.is_imported, sat.spent, sat.last_at,
       tried.score_percent AS attempt_score
FROM page
LEFT JOIN LATERAL counting_completion(:tenant, page.item, :person, :source) done ON true
CROSS JOIN LATERAL time_in_sessions(:tenant, page.item, :person) sat
LEFT JOIN LATERAL (
    SELECT s.score_percent FROM session s
    WHERE s.tenant = :tenant AND s.item = page.item AND s.person = :person AND s.has_quiz AND s.voided_at IS NULL
    ORDER BY s.started_at DESC, s.id DESC LIMIT 1
) tried ON true
ORDER BY page.item;

-- name: learners_of_collection
-- Everyone with a place in a collection, in order, and how many of its parts each has begun and completed.
WITH parts AS MATERIALIZED (
    SELECT l.child AS item FROM item_link l JOIN item i ON i.tenant = l.tenant AND i.id = l.child
    WHERE l.tenant = :tenant AND l.parent = :item::uuid AND l.unlinked_at IS NULL AND i.kind <> 'collection'
      AND i.retired_at IS NULL
), page AS MATERIALIZED (
    SELECT one.person FROM (
        (SELECT e.person FROM enrolment e
         WHERE e.tenant = :tenant AND e.item = :item::uuid AND e.person > :after::uuid AND e.ended_at IS NULL
         ORDER BY e.person LIMIT :count)
        UNION
        SELECT m.person FROM audience_enrolment g
        CROSS JOIN LATERAL (
            SELECT m.person FROM membership m
            WHERE m.tenant = :tenant AND m.audience = g.audience AND m.person > :after::uuid AND m.joined_on <= :today
              AND (m.left_on IS NULL OR m.left_on > :today
                   OR EXISTS (SELECT FROM person d WHERE d.tenant = :tenant AND d.id = m.person
                              AND d.deleted_at <= m.left_recorded_at))
            GROUP BY m.person ORDER BY m.person LIMIT :count
        ) m
        WHERE g.tenant = :tenant AND g.item = :item::uuid AND g.ended_at IS NULL
    ) one ORDER BY one.person LIMIT :count
)
SELECT page.person, p.given_name, p.family_name, p.deleted_at AS person_deleted_at, placed.due_at,
       gone.parts, gone.begun, gone.completed, gone.spent,
       whole.completed_at IS NOT NULL AS is_completed
FROM page
JOIN person p ON p.tenant = :tenant AND p.id = page.person
CROSS JOIN LATERAL (
    SELECT min(s.due_at) AS due_at FROM place s
    WHERE s.tenant = :tenant AND s.item = :item::uuid AND s.person = page.person AND s.ended_at IS NULL
      AND (s.joined_on IS NULL OR s.joined_on <= :today) AND (s.left_on IS NULL OR s.left_on > :today)
) placed
CROSS JOIN LATERAL (
    SELECT count(*) AS parts, count(done.completed_at) AS completed,
           count(coalesce(done.completed_at, sat.last_at)) AS begun,
           sum(CASE WHEN done.is_imported THEN done.completed_at - done.started_at
                    ELSE coalesce(sat.spent, done.completed_at - done.started_at) END) AS spent
    FROM parts
    LEFT JOIN LATERAL counting_completion(:tenant, parts.item, page.person, :source) done ON true
    CROSS JOIN LATERAL time_in_sessions(:tenant, parts.item, page.person) sat
) gone
LEFT JOIN LATERAL counting_completion(:tenant, :item::uuid, page.person, :source) whole ON true
ORDER BY page.person;

-- name: parts_of_collection
-- What a collection consists of, in its order, without collections within it.
SELECT l.place, l.child AS item FROM item_link l JOIN item i ON i.tenant = l.tenant AND i.id = l.child
WHERE l.tenant = :tenant AND l.parent = :parent AND l.unlinked_at IS NULL
  AND (l.place, l.child) > (:after_place::int, :after::uuid)
  AND i.kind <> 'collection' AND (:with_retired OR i.retired_at IS NULL)
ORDER BY l.place, l.child LIMIT :count;

-- name: items_of_audience
-- Every item in which an audience is enrolled, by itself or through a collection with it. Never collections.
SELECT it.id AS item
FROM (
    SELECT g.item FROM audience_enrolment g WHERE g.tenant = :tenant AND g.audience = :audience AND g.ended_at IS NULL
    UNION
    SELECT l.child
    FROM audience_enrolment g
    JOIN item c ON c.tenant = g.tenant AND c.id = g.item AND c.kind = 'collection' AND c.retired_at IS NULL
    JOIN item_link l ON l.tenant = c.tenant AND l.parent = c.id AND l.unlinked_at IS NULL
    WHERE g.tenant = :tenant AND g.audience = :audience AND g.ended_at IS NULL
) mine
JOIN item it ON it.tenant = :tenant AND it.id = mine.item AND it.kind <> 'collection'
WHERE it.id > :after::uuid ORDER BY it.id LIMIT :count;

-- name: items_measured
-- How many parts each of these items has, and how long those took on average who have a place in a collection, or belong to
-- an audience, and spent time there.
SELECT wanted.item,
       (SELECT count(*) FROM item_link l WHERE l.tenant = :tenant AND l.parent = wanted.item AND l.unlinked_at IS NULL)
       AS parts,
       (SELECT avg(CASE WHEN one.is_imported THEN one.took ELSE coalesce(one.spent, one.took) END)
        FROM (
            SELECT coalesce(done.person, sat.person) AS person, done.is_imported, done.took, sat.spent
            FROM (
                SELECT DISTINCT ON (f.person) f.person, f.completed_at - f.started_at AS took,
                       k.record IS NOT NULL AS is_imported
                FROM fact f
                LEFT JOIN source_key k ON k.tenant = :tenant AND k.source = :source AND k.value = f.item || ':' || f.person
                                      AND k.record = f.record
                WHERE f.tenant = :tenant AND f.item = wanted.item AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
                  AND f.passed IS DISTINCT FROM false AND f.person IS NOT NULL
                ORDER BY f.person, k.record IS NOT NULL DESC, f.completed_at DESC
            ) done
            FULL JOIN (
                SELECT s.person, nullif(sum(s.duration), interval '0') AS spent FROM session s
                WHERE s.tenant = :tenant AND s.item = wanted.item AND s.voided_at IS NULL GROUP BY s.person
            ) sat ON sat.person = done.person
            OFFSET 0 -- who it is must be known before her places are looked up: row-level security keeps coalesce() from indexes
        ) one
        WHERE (:collection::uuid IS NULL
               OR EXISTS (SELECT FROM place s WHERE s.tenant = :tenant AND s.item = :collection
                          AND s.person = one.person AND s.ended_at IS NULL
                          AND (s.joined_on IS NULL OR s.joined_on <= :today)
                          AND (s.left_on IS NULL OR s.left_on > :today)))
          AND (:audience::uuid IS NULL
               OR EXISTS (SELECT FROM membership m WHERE m.tenant = :tenant AND m.audience = :audience
                          AND m.person = one.person AND m.joined_on <= :today
                          AND (m.left_on IS NULL OR m.left_on > :today)))) AS average
FROM unnest(:items::uuid[]) AS wanted (item);

-- name: audience_of_report
-- A deleted one too.
SELECT a.id, a.deleted_at, a.of_everyone FROM audience a
WHERE a.tenant = :tenant AND a.id = :id AND a.of_person IS NULL;

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
