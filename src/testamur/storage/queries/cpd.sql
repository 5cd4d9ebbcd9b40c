-- name: cpd_categories_add
-- Returns those that were not there yet.
INSERT INTO cpd_category (tenant, id, name, created_at, updated_at)
SELECT :tenant, c.id, c.name, :now, :now FROM unnest(:ids::uuid[], :names::text[]) AS c (id, name)
ON CONFLICT (tenant, name) DO NOTHING
RETURNING id, name;

-- name: cpd_categories_named
SELECT id, name FROM cpd_category WHERE tenant = :tenant AND name = ANY (:names::text[]);

-- name: cpd_category_get
SELECT id, name FROM cpd_category WHERE tenant = :tenant AND id = :id;

-- name: cpd_categories_page
SELECT id, name FROM cpd_category
WHERE tenant = :tenant AND (:updated_since::timestamptz IS NULL OR updated_at >= :updated_since)
ORDER BY id LIMIT :count OFFSET :skip;

-- name: cpd_categories_count
SELECT count(*) FROM cpd_category
WHERE tenant = :tenant AND (:updated_since::timestamptz IS NULL OR updated_at >= :updated_since);

-- name: cpd_entries_known
SELECT known.id, known.digest, known.content_digest
FROM unnest(:digests::bytea[]) AS wanted (digest)
CROSS JOIN LATERAL (SELECT e.id, e.digest, e.content_digest FROM cpd_entry e
                    WHERE e.tenant = :tenant AND e.digest = wanted.digest LIMIT 1) known;

-- name: cpd_entries_add!
INSERT INTO cpd_entry (tenant, id, person, category, activity_type, activity_name, done_at, duration_minutes, description,
                       is_verified, digest, content_digest, recorded_at)
SELECT :tenant, e.id, e.person, e.category, e.activity_type, e.activity_name, e.done_at, e.duration_minutes,
       e.description, e.is_verified, e.digest, e.content_digest, :now
FROM unnest(:ids::uuid[], :people::uuid[], :categories::uuid[], :types::text[], :names::text[], :done::timestamptz[],
            :minutes::int[], :descriptions::text[], :verified::boolean[], :digests::bytea[], :contents::bytea[])
     AS e (id, person, category, activity_type, activity_name, done_at, duration_minutes, description, is_verified,
           digest, content_digest);

-- name: cpd_entry_get
SELECT e.*, c.name AS category_name FROM cpd_entry e
JOIN cpd_category c ON c.tenant = e.tenant AND c.id = e.category
WHERE e.tenant = :tenant AND e.id = :id;

-- name: cpd_entries_page
-- In the order of their ids, which is that of logging: what is logged later stands behind, whatever day it is about.
SELECT e.*, c.name AS category_name
FROM (
    SELECT * FROM cpd_entry
    WHERE tenant = :tenant
      AND (:done_from::timestamptz IS NULL OR done_at >= :done_from)
      AND (:done_before::timestamptz IS NULL OR done_at < :done_before)
    ORDER BY id LIMIT :count OFFSET :skip
) e
JOIN cpd_category c ON c.tenant = :tenant AND c.id = e.category
ORDER BY e.id;

-- name: cpd_entries_count
SELECT count(*) FROM cpd_entry
WHERE tenant = :tenant
  AND (:done_from::timestamptz IS NULL OR done_at >= :done_from)
  AND (:done_before::timestamptz IS NULL OR done_at < :done_before);

-- name: cpd_requirement_set
-- A requirement that is what it was comes back without `is_changed`, and nothing is written.
WITH old AS (
    SELECT id, required_minutes FROM cpd_requirement WHERE tenant = :tenant AND audience = :audience
), made AS (
    INSERT INTO cpd_requirement (tenant, id, audience, required_minutes, created_at)
    SELECT :tenant::uuid, :id::uuid, :audience::uuid, :minutes::int, :now::timestamptz WHERE NOT EXISTS (SELECT FROM old)
    RETURNING id
), changed AS (
    UPDATE cpd_requirement SET required_minutes = :minutes::int, updated_at = :now::timestamptz
    WHERE tenant = :tenant AND audience = :audience AND required_minutes <> :minutes::int
    RETURNING id
)
SELECT coalesce((SELECT id FROM old), (SELECT id FROM made)) AS id,
       (SELECT required_minutes FROM old) AS before,
       EXISTS (SELECT FROM made) OR EXISTS (SELECT FROM changed) AS is_changed;

-- name: cpd_requirement_get
SELECT * FROM cpd_requirement WHERE tenant = :tenant AND id = :id;

-- name: cpd_requirements_page
SELECT * FROM cpd_requirement
WHERE tenant = :tenant AND (:updated_since::timestamptz IS NULL OR coalesce(updated_at, created_at) >= :updated_since)
ORDER BY id LIMIT :count OFFSET :skip;

-- name: cpd_requirements_count
SELECT count(*) FROM cpd_requirement
WHERE tenant = :tenant AND (:updated_since::timestamptz IS NULL OR coalesce(updated_at, created_at) >= :updated_since);

-- name: cpd_minutes_page
-- Everybody with an entry in the period.
SELECT person, sum(duration_minutes)::bigint AS minutes
FROM cpd_entry
WHERE tenant = :tenant AND done_at >= :done_from AND done_at < :done_before
GROUP BY person ORDER BY person LIMIT :count OFFSET :skip;

-- name: cpd_minutes_people
SELECT count(DISTINCT person) FROM cpd_entry
WHERE tenant = :tenant AND done_at >= :done_from AND done_at < :done_before;

-- name: cpd_minutes_of
SELECT wanted.person, (
    SELECT coalesce(sum(e.duration_minutes), 0)::bigint FROM cpd_entry e
    WHERE e.tenant = :tenant AND e.person = wanted.person AND e.done_at >= :done_from AND e.done_at < :done_before
) AS minutes
FROM unnest(:people::uuid[]) AS wanted (person) ORDER BY wanted.person;
