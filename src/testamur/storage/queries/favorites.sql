-- name: favorite_get
SELECT marked_at FROM favorite
WHERE tenant = :tenant AND person = :person AND item = :item AND unmarked_at IS NULL;

-- name: favorite_open!
INSERT INTO favorite (tenant, person, item, marked_at) VALUES (:tenant, :person, :item, :now);

-- name: favorite_close
UPDATE favorite SET unmarked_at = greatest(:now, marked_at)
WHERE tenant = :tenant AND person = :person AND item = :item AND unmarked_at IS NULL
RETURNING item;

-- name: favorites_count
SELECT count(*) FROM favorite WHERE tenant = :tenant AND person = :person AND unmarked_at IS NULL;

-- name: favorites_keyset
-- What a person marked and is there still, in order of id.
SELECT f.item, f.marked_at FROM favorite f JOIN item i ON i.tenant = f.tenant AND i.id = f.item
WHERE f.tenant = :tenant AND f.person = :person AND f.unmarked_at IS NULL AND f.item > :after::uuid
  AND i.retired_at IS NULL
ORDER BY f.item LIMIT :count;

-- name: person_favorites_close
UPDATE favorite SET unmarked_at = greatest(:now, marked_at)
WHERE tenant = :tenant AND person = :person AND unmarked_at IS NULL
RETURNING item;
