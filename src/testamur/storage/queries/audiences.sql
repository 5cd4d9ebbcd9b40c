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

-- name: audience_people_resolve
-- For each place of a list the person it names. An identifier of an earlier kind wins over one of a later, and any
-- over an id of ours. Places that name nobody have no row.
SELECT DISTINCT ON (found.place) found.place, found.person FROM (
    SELECT w.place, i.person, w.rank
    FROM unnest(:places::int[], :ranks::int[], :kinds::text[], :values::text[]) AS w (place, rank, kind, value)
    JOIN person_identifier i ON i.tenant = :tenant AND i.kind = w.kind AND i.value = w.value
    UNION ALL
    SELECT w.place, w.id, 1000
    FROM unnest(:id_places::int[], :ids::uuid[]) AS w (place, id)
) found JOIN person p ON p.tenant = :tenant AND p.id = found.person AND p.deleted_at IS NULL
ORDER BY found.place, found.rank;

-- name: memberships_open
-- Opens a span for everyone who is not a member already, and returns whom.
INSERT INTO membership (tenant, audience, person, joined_on, joined_recorded_at)
SELECT :tenant, :audience, m.person, m.joined_on, :now
FROM unnest(:people::uuid[], :joined_on::date[]) AS m (person, joined_on)
ON CONFLICT (tenant, audience, person) WHERE left_on IS NULL DO NOTHING
RETURNING person, joined_on;

-- name: membership_close
UPDATE membership SET left_on = :left_on, left_recorded_at = :now
WHERE tenant = :tenant AND audience = :audience AND person = :person AND left_on IS NULL
RETURNING joined_on;

-- name: memberships_close
-- Ends spans on a day, or on their first when that is still to come, and returns them.
UPDATE membership SET left_on = greatest(:left_on::date, joined_on), left_recorded_at = :now
WHERE tenant = :tenant AND audience = :audience AND person = ANY (:people::uuid[]) AND left_on IS NULL
RETURNING person, joined_on, left_on;

-- name: memberships_count_others
SELECT count(*) FROM membership
WHERE tenant = :tenant AND audience = :audience AND left_on IS NULL AND person <> ALL (:staying::uuid[]);

-- name: memberships_close_others!
-- Ends the spans of everybody else, with an entry for each from the number `first` on. They may be very many, so they
-- never leave the database.
WITH closed AS (
    UPDATE membership SET left_on = greatest(:left_on::date, joined_on), left_recorded_at = :now
    WHERE tenant = :tenant AND audience = :audience AND left_on IS NULL AND person <> ALL (:staying::uuid[])
    RETURNING person, joined_on, left_on
)
INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
SELECT :tenant, :first::bigint + row_number() OVER (ORDER BY c.person) - 1, 'membership.closed', c.person,
       :client::uuid,
       jsonb_build_object('audience', :audience::uuid::text, 'joined_on', c.joined_on::text, 'left_on', c.left_on::text),
       :now
FROM closed c;

-- name: members_get
SELECT person, joined_on, left_on FROM membership WHERE tenant = :tenant AND audience = :audience
ORDER BY person, joined_on;

-- name: members_count
SELECT count(*) FROM membership WHERE tenant = :tenant AND audience = :audience AND left_on IS NULL;

-- name: members_numbered_page
-- The page is cut out of the index first, so that names are looked up for its rows only.
SELECT m.person, m.joined_on,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = m.person AND i.kind = 'ref'
        ORDER BY i.value LIMIT 1) AS reference,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = m.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS email
FROM (
    SELECT person, joined_on FROM membership
    WHERE tenant = :tenant AND audience = :audience AND left_on IS NULL
    ORDER BY person LIMIT :count OFFSET :skip
) m ORDER BY m.person;

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

-- name: memberships_keyset
-- Spans in the order of the key, ended ones too where wanted. The page is cut out first.
SELECT m.*,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = m.person AND i.kind = 'ref'
        ORDER BY i.value LIMIT 1) AS reference,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = :tenant AND i.person = m.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS email
FROM (
    SELECT person, joined_on, left_on, joined_recorded_at, left_recorded_at FROM membership
    WHERE tenant = :tenant AND audience = :audience AND person >= :first::uuid AND person <= :last::uuid
      AND (person, joined_on, joined_recorded_at) > (:after::uuid, :after_on::date, :after_at::timestamptz)
      AND (:with_ended OR left_on IS NULL)
    ORDER BY person, joined_on, joined_recorded_at LIMIT :count
) m ORDER BY m.person, m.joined_on, m.joined_recorded_at;

-- name: membership_last_left
-- The end of the last span of a person in an audience; spans of no day do not count.
SELECT max(left_on) FROM membership
WHERE tenant = :tenant AND audience = :audience AND person = :person AND left_on > joined_on;

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

-- name: audiences_of_person
-- Those among them that a person is a member of.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM membership m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE m.tenant = :tenant AND m.person = :person AND m.left_on IS NULL AND m.audience > :after::uuid
  AND a.deleted_at IS NULL AND a.of_person IS NULL AND NOT a.of_everyone AND a.category = 'audience'
ORDER BY a.id LIMIT :count;
