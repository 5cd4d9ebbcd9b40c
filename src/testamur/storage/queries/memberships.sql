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
RETURNING person, joined_on, left_on;

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

-- name: audiences_of_person
-- Those among audiences_of_people that a person is a member of, in order of id.
SELECT a.*, p.name AS parent_name, p.reference AS parent_reference
FROM membership m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
LEFT JOIN audience p ON p.tenant = a.tenant AND p.id = a.parent
WHERE m.tenant = :tenant AND m.person = :person AND m.left_on IS NULL AND m.audience > :after::uuid
  AND a.deleted_at IS NULL AND a.of_person IS NULL AND NOT a.of_everyone AND a.category = 'audience'
ORDER BY a.id LIMIT :count;

-- name: memberships_tell!
-- Spans of the past.
INSERT INTO membership (tenant, audience, person, joined_on, left_on, joined_recorded_at, left_recorded_at)
SELECT :tenant, :audience, m.person, m.joined_on, m.left_on, :now, :now
FROM unnest(:people::uuid[], :joined_on::date[], :left_on::date[]) AS m (person, joined_on, left_on);

-- name: memberships_end
-- Ends open spans, each on a day of its own or on its first when that is still to come, and returns them.
UPDATE membership m SET left_on = greatest(n.left_on, m.joined_on), left_recorded_at = :now
FROM unnest(:people::uuid[], :left_on::date[]) AS n (person, left_on)
WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = n.person AND m.left_on IS NULL
RETURNING m.person, m.joined_on, m.left_on;
