-- name: session_add!
INSERT INTO session (tenant, id, person, item, started_at, duration, lessons_completed, has_quiz, score_percent, passed,
                     client, key, digest, recorded_at)
VALUES (:tenant, :id, :person, :item, :started_at, :duration, :lessons_completed, :has_quiz, :score_percent, :passed,
        :client, :key, :digest, :now);

-- name: session_of_key
SELECT id, digest FROM session WHERE tenant = :tenant AND client = :client AND key = :key;

-- name: session_void
-- Whom and what it was about, when it stood.
UPDATE session SET voided_at = :now, voided_by = :client
WHERE tenant = :tenant AND id = :id AND voided_at IS NULL
RETURNING person, item;

-- name: session_exists
SELECT EXISTS (SELECT FROM session WHERE tenant = :tenant AND id = :id);

-- name: sessions_get
SELECT s.*, p.given_name, p.family_name, p.deleted_at AS person_deleted_at,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = s.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS email,
       it.title, it.retired_at,
       EXISTS (SELECT FROM item_version v WHERE v.tenant = :tenant AND v.item = s.item AND v.published_at <= :now)
       AS is_published
FROM unnest(:ids::uuid[]) WITH ORDINALITY AS wanted (id, place)
JOIN session s ON s.tenant = :tenant AND s.id = wanted.id
JOIN person p ON p.tenant = :tenant AND p.id = s.person
JOIN item it ON it.tenant = :tenant AND it.id = s.item
ORDER BY wanted.place;

-- name: sessions_page
-- In the order in which they were recorded, without those that were voided.
SELECT s.id FROM session s
WHERE s.tenant = :tenant AND s.id > :after::uuid AND s.voided_at IS NULL
ORDER BY s.id LIMIT :count;

-- name: sessions_page_of_person
SELECT s.id FROM session s
WHERE s.tenant = :tenant AND s.person = :person AND s.id > :after::uuid AND s.voided_at IS NULL
ORDER BY s.id LIMIT :count;
