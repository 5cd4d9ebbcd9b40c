-- name: audience_add!
INSERT INTO audience (tenant, id, name, category, reference, parent, api_controlled, is_smart, created_at, updated_at)
VALUES (:tenant, :id, :name, :category, :reference, :parent, :api_controlled, :is_smart, :now, :now);

-- name: audience_get
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience a LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE a.tenant = :tenant AND a.id = :id AND a.deleted_at IS NULL;

-- name: audience_resolve
SELECT found.id FROM (
    SELECT a.id, 1 AS place FROM audience a
    WHERE a.tenant = :tenant AND a.reference = :reference AND a.deleted_at IS NULL
    UNION ALL
    SELECT a.id, 2 FROM audience a WHERE a.tenant = :tenant AND a.id = :id::uuid AND a.deleted_at IS NULL
) found ORDER BY place LIMIT 1;

-- name: audience_change!
UPDATE audience SET name = :name, reference = :reference, parent = :parent, updated_at = :now
WHERE tenant = :tenant AND id = :id;

-- name: audience_delete!
UPDATE audience SET deleted_at = :now, updated_at = :now WHERE tenant = :tenant AND id = :id;

-- name: audience_children_count
SELECT count(*) FROM audience WHERE tenant = :tenant AND parent = :id AND deleted_at IS NULL;

-- name: audience_stands_within
-- Whether an audience is, or stands anywhere inside of, another.
WITH RECURSIVE above AS (
    SELECT a.id, a.parent FROM audience a WHERE a.tenant = :tenant AND a.id = :id
    UNION
    SELECT a.id, a.parent FROM above JOIN audience a ON a.tenant = :tenant AND a.id = above.parent
)
SELECT EXISTS (SELECT FROM above WHERE id = :outer::uuid);

-- name: audiences_count
SELECT count(*) FROM audience
WHERE tenant = :tenant AND deleted_at IS NULL AND of_person IS NULL
  AND (:api_controlled::boolean IS NULL OR api_controlled = :api_controlled)
  AND (:updated_since::timestamptz IS NULL OR updated_at >= :updated_since);

-- name: audiences_numbered_page
-- In the order in which they were made, without those of one person.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience a LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE a.tenant = :tenant AND a.deleted_at IS NULL AND a.of_person IS NULL
  AND (:api_controlled::boolean IS NULL OR a.api_controlled = :api_controlled)
  AND (:updated_since::timestamptz IS NULL OR a.updated_at >= :updated_since)
ORDER BY a.id LIMIT :count OFFSET :skip;

-- name: audience_today
-- The calendar day at a moment, where the tenant is (rule D1).
SELECT (:now::timestamptz AT TIME ZONE t.zone)::date FROM tenant t WHERE t.id = :tenant;

-- name: managers_get
SELECT m.person, m.permissions, m.opened_at,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = m.person AND i.kind = 'ref'
        ORDER BY i.value LIMIT 1) AS reference,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = m.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS email
FROM audience_manager m
WHERE m.tenant = :tenant AND m.audience = :audience AND m.closed_at IS NULL
ORDER BY m.person;

-- name: managers_close!
UPDATE audience_manager SET closed_at = greatest(:now, opened_at)
WHERE tenant = :tenant AND audience = :audience AND person = ANY (:people::uuid[]) AND closed_at IS NULL;

-- name: managers_open!
-- Each row of the document has a person and her permissions.
INSERT INTO audience_manager (tenant, audience, person, permissions, opened_at)
SELECT :tenant, :audience, m.person, m.permissions, :now
FROM jsonb_to_recordset(:managers) AS m (person uuid, permissions text[]);

-- name: audiences_keyset
-- In order of id. A single one is a range too, as in people_keyset.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience a LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE a.tenant = :tenant AND a.deleted_at IS NULL
  AND a.id > :after::uuid AND a.id >= :first::uuid AND a.id <= :last::uuid
  AND (:category::text IS NULL OR a.category = :category)
  AND (:parent::uuid IS NULL OR a.parent = :parent)
  AND (:updated_after::timestamptz IS NULL OR a.updated_at > :updated_after)
ORDER BY a.id LIMIT :count;

-- name: audience_was_deleted
SELECT EXISTS (SELECT FROM audience WHERE tenant = :tenant AND id = :id AND deleted_at IS NOT NULL);

-- name: audiences_of_people
-- What somebody made to hold people, in order of id.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience a LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE a.tenant = :tenant AND a.deleted_at IS NULL AND a.of_person IS NULL AND NOT a.of_everyone
  AND a.category = 'audience' AND a.id > :after::uuid
ORDER BY a.id LIMIT :count;

-- name: audiences_of_people_named
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience a LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE a.tenant = :tenant AND a.deleted_at IS NULL AND a.of_person IS NULL AND NOT a.of_everyone
  AND a.category = 'audience' AND a.name = :name AND a.id > :after::uuid
ORDER BY a.id LIMIT :count;
