-- name: audience_add!
INSERT INTO audience (tenant, id, name, category, reference, parent, created_at, updated_at)
VALUES (:tenant, :id, :name, :category, :reference, :parent, :now, :now);

-- name: audience_get
SELECT * FROM audience WHERE tenant = :tenant AND id = :id AND deleted_at IS NULL;

-- name: audience_resolve
SELECT found.id FROM (
    SELECT a.id, 1 AS place FROM audience a
    WHERE a.tenant = :tenant AND a.reference = :reference AND a.deleted_at IS NULL
    UNION ALL
    SELECT a.id, 2 FROM audience a WHERE a.tenant = :tenant AND a.id = :id::uuid AND a.deleted_at IS NULL
) found ORDER BY place LIMIT 1;

-- name: memberships_open
-- Opens a span for everyone who is not a member already, and returns whom.
INSERT INTO membership (tenant, audience, person, joined_on, joined_recorded_at)
SELECT :tenant, :audience, m.person, m.joined_on, :now
FROM unnest(:people::uuid[], :joined_on::date[]) AS m (person, joined_on)
ON CONFLICT DO NOTHING
RETURNING person;

-- name: membership_close
UPDATE membership SET left_on = :left_on, left_recorded_at = :now
WHERE tenant = :tenant AND audience = :audience AND person = :person AND left_on IS NULL
RETURNING joined_on;

-- name: members_get
SELECT person, joined_on, left_on FROM membership WHERE tenant = :tenant AND audience = :audience
ORDER BY person, joined_on;

-- name: assignment_add!
INSERT INTO assignment (tenant, id, audience, primary_item, alternatives, hide_alternatives, completion_period_days,
                        recurrence_days, created_at, updated_at)
VALUES (:tenant, :id, :audience, :primary_item, :alternatives, :hide_alternatives, :completion_period_days,
        :recurrence_days, :now, :now);

-- name: assignment_get
SELECT * FROM assignment WHERE tenant = :tenant AND id = :id;

-- name: assignments_numbered_page
SELECT * FROM assignment
WHERE tenant = :tenant AND (:audience::uuid IS NULL OR audience = :audience)
  AND (:updated_since::timestamptz IS NULL OR updated_at >= :updated_since)
ORDER BY id LIMIT :count OFFSET :skip;
