-- name: person_identifiers_add!
INSERT INTO person_identifier (tenant, kind, value, person)
SELECT :tenant, i.kind, i.value, i.person FROM unnest(:kinds::text[], :values::text[], :people::uuid[])
AS i (kind, value, person);

-- name: people_add!
INSERT INTO person (tenant, id, given_name, family_name, phone, role, language, zone, is_active, attributes,
                    created_at, updated_at)
SELECT :tenant, p.id, p.given_name, p.family_name, p.phone, p.role, p.language, p.zone, p.is_active, p.attributes,
       :now, :now
FROM unnest(:ids::uuid[], :given_names::text[], :family_names::text[], :phones::text[], :roles::text[],
            :languages::text[], :zones::text[], :actives::boolean[], :attributes::jsonb[])
     AS p (id, given_name, family_name, phone, role, language, zone, is_active, attributes);

-- name: person_resolve
SELECT found.person FROM (
    SELECT i.person, array_position(:kinds::text[], i.kind) AS place
    FROM person_identifier i
    WHERE i.tenant = :tenant AND (i.kind, i.value) IN (SELECT k.kind, k.value FROM unnest(:kinds::text[], :values::text[]) AS k (kind, value))
    UNION ALL
    SELECT p.id, 1000 FROM person p WHERE p.tenant = :tenant AND p.id = :id::uuid
) found ORDER BY place LIMIT 1;

-- name: people_get
SELECT p.*, (SELECT coalesce(jsonb_object_agg(kind, vs), '{}') FROM (
                SELECT i.kind, jsonb_agg(i.value ORDER BY i.value) AS vs FROM person_identifier i
                WHERE i.tenant = :tenant AND i.person = p.id GROUP BY i.kind) g) AS identifiers
FROM unnest(:ids::uuid[]) AS wanted (id) JOIN person p ON p.tenant = :tenant AND p.id = wanted.id;

-- name: people_page
SELECT p.*, (SELECT coalesce(jsonb_object_agg(kind, vs), '{}') FROM (
                SELECT i.kind, jsonb_agg(i.value ORDER BY i.value) AS vs FROM person_identifier i
                WHERE i.tenant = :tenant AND i.person = p.id GROUP BY i.kind) g) AS identifiers
FROM person p WHERE p.tenant = :tenant AND (:after::uuid IS NULL OR p.id > :after) ORDER BY p.id LIMIT :count;
