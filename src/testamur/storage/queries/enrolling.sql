-- name: item_offered
SELECT kind, retired_at FROM item WHERE tenant = :tenant AND id = :id;

-- name: enrolment_get
SELECT item, person, enrolled_at, ended_at, due_at, assignment FROM enrolment
WHERE tenant = :tenant AND item = :item AND person = :person;

-- name: enrolment_write!
-- An enrolment that stands keeps its date; one that ended begins anew.
INSERT INTO enrolment (tenant, item, person, enrolled_at, source, due_at, assignment)
VALUES (:tenant, :item, :person, :now, :source, :due_at, :assignment)
ON CONFLICT (tenant, item, person) DO UPDATE
SET enrolled_at = CASE WHEN enrolment.ended_at IS NULL THEN enrolment.enrolled_at ELSE excluded.enrolled_at END,
    ended_at = NULL, due_at = excluded.due_at, assignment = excluded.assignment;

-- name: enrolment_end!
UPDATE enrolment SET ended_at = greatest(:now, enrolled_at)
WHERE tenant = :tenant AND item = :item AND person = :person AND ended_at IS NULL;

-- name: audience_enrolment_open
SELECT id, enrolled_at, ended_at, due_at, assignment FROM audience_enrolment
WHERE tenant = :tenant AND item = :item AND audience = :audience AND ended_at IS NULL;

-- name: audience_enrolment_add!
INSERT INTO audience_enrolment (tenant, id, item, audience, enrolled_at, due_at, assignment)
VALUES (:tenant, :id, :item, :audience, :now, :due_at, :assignment);

-- name: audience_enrolment_change!
UPDATE audience_enrolment SET due_at = :due_at, assignment = :assignment
WHERE tenant = :tenant AND id = :id;

-- name: audience_enrolment_end!
UPDATE audience_enrolment SET ended_at = greatest(:now, enrolled_at) WHERE tenant = :tenant AND id = :id;
