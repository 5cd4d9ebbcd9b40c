-- name: enrolled_people
-- Everybody whose membership and the life of the assignment have a moment in common, or will have. Cut out of the index
-- of memberships, in its order.
SELECT s.person FROM member_span s
WHERE s.tenant = :tenant AND s.audience = :audience AND (:after::uuid IS NULL OR s.person > :after)
  AND (s.ended_at IS NULL OR s.ended_at > greatest(s.began_at, :made_at))
  AND (:deleted_at::timestamptz IS NULL OR least(s.began_at, s.began_known_at) < :deleted_at)
GROUP BY s.person ORDER BY s.person LIMIT :count OFFSET :skip;

-- name: enrolled_spans
SELECT s.person, s.audience, s.began_at, s.began_known_at, s.ended_at, s.ended_known_at
FROM member_span s
WHERE s.tenant = :tenant AND s.audience = ANY (:audiences::uuid[]) AND s.person = ANY (:people::uuid[])
ORDER BY s.person, s.began_at;

-- name: enrolled_completions
-- The last completions of some people that are no fails; those that were withdrawn, or by now are about somebody or
-- something else, with the moment at which that happened.
SELECT f.* FROM unnest(:people::uuid[]) AS who (person)
CROSS JOIN LATERAL (
    (SELECT f.person, f.record, f.item, f.completed_at, f.completed_by_day, f.recorded_at, NULL::timestamptz AS voided_at
     FROM fact f
     WHERE f.tenant = :tenant AND f.person = who.person AND f.item = ANY (:items::uuid[]) AND f.closed_at IS NULL
       AND f.completed_at IS NOT NULL AND f.passed IS NOT FALSE
     ORDER BY f.completed_at DESC LIMIT :count)
    UNION ALL
    (SELECT f.person, f.record, f.item, f.completed_at, f.completed_by_day, f.recorded_at, f.closed_at
     FROM fact f
     WHERE f.tenant = :tenant AND f.person = who.person AND f.item = ANY (:items::uuid[]) AND f.closed_at IS NOT NULL
       AND f.completed_at IS NOT NULL AND f.passed IS NOT FALSE
       AND (f.closed_as = 'voided' OR NOT EXISTS (
            SELECT FROM fact s WHERE s.tenant = :tenant AND s.record = f.record AND s.revision > f.revision
               AND s.closed_as IS DISTINCT FROM 'superseded' AND s.person = f.person AND s.item = f.item))
     ORDER BY f.completed_at DESC LIMIT :count)
) f;

-- name: enrolled_in
-- For each place of a list of people and items the assignments that ask, or asked, for the item of an audience the
-- person is, or was, a member of.
SELECT DISTINCT w.place, m.audience, v.assignment
FROM unnest(:people::uuid[], :items::uuid[]) WITH ORDINALITY AS w (person, item, place)
JOIN membership m ON m.tenant = :tenant AND m.person = w.person
JOIN assignment_version v ON v.tenant = :tenant AND v.audience = m.audience
 AND (v.primary_item = w.item OR w.item = ANY (v.alternatives));

-- name: tenant_zone
SELECT zone FROM tenant WHERE id = :tenant;
