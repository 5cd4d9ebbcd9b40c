-- name: everyone_find
SELECT id FROM audience WHERE tenant = :tenant AND of_everyone;

-- name: everyone_add!
INSERT INTO audience (tenant, id, name, category, api_controlled, of_everyone, created_at, updated_at)
VALUES (:tenant, :id, :name, 'audience', false, true, :now, :now);

-- name: everyone_count
SELECT count(*) FROM person WHERE tenant = :tenant AND deleted_at IS NULL;

-- name: everyone_join!
-- These people, or all there are, are members since the day on which they were added, with an entry for each from the
-- number `first` on. They may be very many, so they never leave the database.
WITH joined AS (
    INSERT INTO membership (tenant, audience, person, joined_on, joined_recorded_at)
    SELECT p.tenant, :audience, p.id, (p.created_at AT TIME ZONE t.zone)::date, :now
    FROM person p JOIN tenant t ON t.id = p.tenant
    WHERE p.tenant = :tenant AND p.deleted_at IS NULL AND (:people::uuid[] IS NULL OR p.id = ANY (:people::uuid[]))
    RETURNING person, joined_on
)
INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
SELECT :tenant, :first::bigint + row_number() OVER (ORDER BY j.person) - 1, 'membership.opened', j.person,
       :client::uuid, jsonb_build_object('audience', :audience::uuid::text, 'joined_on', j.joined_on::text), :now
FROM joined j;
