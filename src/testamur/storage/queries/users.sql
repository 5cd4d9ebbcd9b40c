-- name: users_page
-- People who are not deleted, in order of id.
SELECT k.* FROM (SELECT id FROM person
      WHERE tenant = :tenant AND deleted_at IS NULL AND (:after::uuid IS NULL OR id > :after)
      ORDER BY id LIMIT :count) page
JOIN known_person k ON k.tenant = :tenant AND k.id = page.id
ORDER BY k.id;

-- name: users_page_changed
-- The same of those changed after a moment, in the order of their last change.
SELECT k.* FROM (SELECT id FROM person
      WHERE tenant = :tenant AND deleted_at IS NULL AND (updated_at, id) > (:after_at::timestamptz, :after::uuid)
      ORDER BY updated_at, id LIMIT :count) page
JOIN known_person k ON k.tenant = :tenant AND k.id = page.id
ORDER BY k.updated_at, k.id;

-- name: users_named
-- The people that all of these identifiers name who are not deleted: one at most.
SELECT p.id, p.updated_at FROM person p
WHERE p.tenant = :tenant AND p.deleted_at IS NULL AND p.id = (
    SELECT i.person FROM person_identifier i
    WHERE i.tenant = :tenant AND (i.kind, i.value) IN (SELECT k.kind, k.value FROM unnest(:kinds::text[], :values::text[]) AS k (kind, value))
    GROUP BY i.person HAVING count(*) = cardinality(:kinds::text[]) LIMIT 1);
