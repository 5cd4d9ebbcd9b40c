-- name: enrolled_people
-- Everybody whose membership and the life of the assignment have a moment in common, or will have, cut out of the index
-- of memberships in its order; and when anything of each line was last changed, be it by the passing of days. What is
-- said of somebody whose stay was too short for a line changes with the membership alone.
SELECT m.person,
       greatest(:version_at::timestamptz, l.recorded_at, d.began_at, CASE WHEN l.recorded_at IS NULL THEN m.known_at END)
           AS updated_at
FROM (
    SELECT s.person, max(greatest(s.began_known_at, s.ended_known_at)) AS known_at FROM member_span s
    WHERE s.tenant = :tenant AND s.audience = :audience AND (:person::uuid IS NULL OR s.person = :person)
      AND (s.ended_at IS NULL OR s.ended_at > greatest(s.began_at, :made_at))
      AND (:deleted_at::timestamptz IS NULL OR least(s.began_at, s.began_known_at) < :deleted_at)
    GROUP BY s.person ORDER BY s.person LIMIT :count OFFSET :skip
) m
CROSS JOIN LATERAL (
    SELECT max(s.recorded_at) AS recorded_at FROM standing s
    WHERE s.tenant = :tenant AND s.person = m.person AND s.assignment = :assignment
) l
LEFT JOIN LATERAL (
    SELECT s.from_on::timestamp AT TIME ZONE s.zone AS began_at FROM standing s
    WHERE s.tenant = :tenant AND s.person = m.person AND s.assignment = :assignment
      AND s.from_on <= :today AND (s.until_on IS NULL OR s.until_on > :today)
) d ON true
ORDER BY m.person;

-- name: enrolled_matching
-- The same people, from behind `after`, of whom what is stored is wanted, and those whose line is still to be worked
-- out. Who has no step today is outside of what is asked.
SELECT w.person, w.updated_at
FROM (
    SELECT m.person, m.waits, CASE WHEN d.status = 'none' THEN 'withdrawn' ELSE coalesce(d.status, 'withdrawn') END AS status,
           d.opens_on IS NOT NULL AS is_planned,
           greatest(:version_at::timestamptz, l.recorded_at, d.from_on::timestamp AT TIME ZONE d.zone,
                    CASE WHEN l.recorded_at IS NULL THEN m.known_at END) AS updated_at
    FROM (
        SELECT s.person, max(greatest(s.began_known_at, s.ended_known_at)) AS known_at,
               EXISTS (SELECT FROM standing_task k
                       WHERE k.tenant = :tenant AND k.assignment = :assignment AND k.finished_at IS NULL
                         AND (k.after IS NULL OR s.person > k.after)
                         AND (k.people IS NULL OR s.person = ANY (k.people))) AS waits
        FROM member_span s
        WHERE s.tenant = :tenant AND s.audience = :audience AND (:after::uuid IS NULL OR s.person > :after)
          AND (s.ended_at IS NULL OR s.ended_at > greatest(s.began_at, :made_at))
          AND (:deleted_at::timestamptz IS NULL OR least(s.began_at, s.began_known_at) < :deleted_at)
        GROUP BY s.person
    ) m
    LEFT JOIN (
        SELECT s.person, max(s.recorded_at) AS recorded_at FROM standing s
        WHERE s.tenant = :tenant AND s.assignment = :assignment GROUP BY s.person
    ) l ON l.person = m.person
    LEFT JOIN (
        SELECT s.* FROM standing s
        WHERE s.tenant = :tenant AND s.assignment = :assignment AND s.from_on <= :today AND s.until_on > :today
        UNION ALL
        SELECT s.* FROM standing s
        WHERE s.tenant = :tenant AND s.assignment = :assignment AND s.from_on <= :today AND s.until_on IS NULL
    ) d ON d.person = m.person
) w
WHERE w.waits OR (
        (:statuses::text[] IS NULL OR EXISTS (SELECT FROM unnest(:statuses, :planned::boolean[]) AS o (status, is_planned)
         WHERE o.status = w.status AND o.is_planned = w.is_planned))
    AND (:updated_from::timestamptz IS NULL OR w.updated_at >= :updated_from)
    AND (:updated_before::timestamptz IS NULL OR w.updated_at < :updated_before))
ORDER BY w.person LIMIT :count OFFSET :skip;

-- name: enrolled_are_waiting
-- Whether lines of the assignment are still to be worked out.
SELECT EXISTS (SELECT FROM standing_task k WHERE k.tenant = :tenant AND k.assignment = :assignment AND k.finished_at IS NULL);

-- name: enrolled_in
-- For each place of a list of people and items the assignments that ask, or asked, for the item of an audience the
-- person is, or was, a member of.
SELECT DISTINCT w.place, v.assignment
FROM unnest(:people::uuid[], :items::uuid[]) WITH ORDINALITY AS w (person, item, place)
JOIN membership m ON m.tenant = :tenant AND m.person = w.person
JOIN assignment_version v ON v.tenant = :tenant AND v.audience = m.audience
 AND (v.primary_item = w.item OR w.item = ANY (v.alternatives));
