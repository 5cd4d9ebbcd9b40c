-- name: reporter_open!
INSERT INTO audience_reporter (tenant, audience, person, opened_at) VALUES (:tenant, :audience, :person, :now);

-- name: reporter_close
UPDATE audience_reporter SET closed_at = greatest(:now, opened_at)
WHERE tenant = :tenant AND audience = :audience AND person = :person AND closed_at IS NULL
RETURNING person;

-- name: reporter_get
SELECT opened_at FROM audience_reporter
WHERE tenant = :tenant AND audience = :audience AND person = :person AND closed_at IS NULL;

-- name: audience_reporters_close
UPDATE audience_reporter SET closed_at = greatest(:now, opened_at)
WHERE tenant = :tenant AND audience = :audience AND closed_at IS NULL
RETURNING person;

-- name: person_reporting_close
UPDATE audience_reporter SET closed_at = greatest(:now, opened_at)
WHERE tenant = :tenant AND person = :person AND closed_at IS NULL
RETURNING audience;

-- name: reporters_keyset
-- Who reports on an audience or on everybody, in order of id. Whoever lost the role meanwhile reports on nothing.
SELECT k.* FROM (
    SELECT DISTINCT r.person FROM audience_reporter r
    JOIN person p ON p.tenant = r.tenant AND p.id = r.person
    WHERE r.tenant = :tenant AND r.closed_at IS NULL AND r.person > :after::uuid AND p.role = :role
      AND (r.audience = :audience::uuid
           OR r.audience = (SELECT e.id FROM audience e WHERE e.tenant = :tenant AND e.of_everyone))
    ORDER BY r.person LIMIT :count
) page JOIN known_person k ON k.tenant = :tenant AND k.id = page.person
ORDER BY k.id;

-- name: reporter_audiences
-- What a person reports on, in order of id.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience_reporter r JOIN audience a ON a.tenant = r.tenant AND a.id = r.audience
LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE r.tenant = :tenant AND r.person = :person AND r.closed_at IS NULL AND r.audience > :after::uuid
  AND a.deleted_at IS NULL
ORDER BY a.id LIMIT :count;

-- name: managers_keyset
-- The managers of an audience with all that is shown of them, in order of id.
SELECT k.* FROM (
    SELECT person FROM audience_manager
    WHERE tenant = :tenant AND audience = :audience::uuid AND closed_at IS NULL AND person > :after::uuid
    ORDER BY person LIMIT :count
) page JOIN known_person k ON k.tenant = :tenant AND k.id = page.person
ORDER BY k.id;

-- name: manager_audiences
-- What a person manages, structures apart, in order of id.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM audience_manager m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE m.tenant = :tenant AND m.person = :person AND m.closed_at IS NULL AND m.audience > :after::uuid
  AND a.deleted_at IS NULL AND a.category = 'audience'
ORDER BY a.id LIMIT :count;

-- name: managers_among
-- Which of these people manage an audience.
SELECT DISTINCT m.person FROM audience_manager m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
WHERE m.tenant = :tenant AND m.person = ANY (:people::uuid[]) AND m.closed_at IS NULL AND a.deleted_at IS NULL
  AND a.category = 'audience';
