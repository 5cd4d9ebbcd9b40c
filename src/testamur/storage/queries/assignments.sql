-- name: assignment_make!
-- An assignment and its first version, which acts from the day it is made.
WITH made AS (
    INSERT INTO assignment (tenant, id, audience, primary_item, alternatives, hide_alternatives,
                            completion_period_days, recurrence_days, renewal_window_days, renewal_grace_days, anchor,
                            calendar_days, minimum_credit_days, prior_credit, has_notice_floor, zone, of_person,
                            created_at, updated_at)
    VALUES (:tenant, :id, :audience, :primary_item, :alternatives, :hide_alternatives, :completion_period_days,
            :recurrence_days, :renewal_window_days, :renewal_grace_days, :anchor, :calendar_days, :minimum_credit_days,
            :prior_credit, :has_notice_floor, :zone, :of_person, :now, :now)
    RETURNING *
), accepted AS (
    INSERT INTO assignment_item (tenant, item, assignment)
    SELECT DISTINCT m.tenant, i.item, m.id FROM made m CROSS JOIN LATERAL unnest(m.alternatives || m.primary_item) AS i (item)
)
INSERT INTO assignment_version (tenant, assignment, number, effective_on, recorded_at, audience, primary_item,
                                alternatives, hide_alternatives, completion_period_days, recurrence_days,
                                renewal_window_days, renewal_grace_days, anchor, calendar_days, minimum_credit_days,
                                prior_credit, has_notice_floor, zone)
SELECT m.tenant, m.id, 1, (m.created_at AT TIME ZONE coalesce(m.zone, t.zone))::date, m.created_at, m.audience,
       m.primary_item, m.alternatives, m.hide_alternatives, m.completion_period_days, m.recurrence_days,
       m.renewal_window_days, m.renewal_grace_days, m.anchor, m.calendar_days, m.minimum_credit_days, m.prior_credit,
       m.has_notice_floor, m.zone
FROM made m JOIN tenant t ON t.id = m.tenant;

-- name: assignment_revise
-- What the last version says, replaced and remembered beside it. Returns the number of the new version.
WITH revised AS (
    UPDATE assignment
    SET primary_item = :primary_item, alternatives = :alternatives, hide_alternatives = :hide_alternatives,
        completion_period_days = :completion_period_days, recurrence_days = :recurrence_days,
        renewal_window_days = :renewal_window_days, renewal_grace_days = :renewal_grace_days, anchor = :anchor,
        calendar_days = :calendar_days, minimum_credit_days = :minimum_credit_days, prior_credit = :prior_credit,
        has_notice_floor = :has_notice_floor, applies_to_open = :applies_to_open, zone = :zone, is_active = :is_active,
        deleted_at = :deleted_at, updated_at = :now
    WHERE tenant = :tenant AND id = :id
    RETURNING *
), accepted AS (
    INSERT INTO assignment_item (tenant, item, assignment)
    SELECT DISTINCT r.tenant, i.item, r.id
    FROM revised r CROSS JOIN LATERAL unnest(r.alternatives || r.primary_item) AS i (item)
    ON CONFLICT DO NOTHING
)
INSERT INTO assignment_version (tenant, assignment, number, effective_on, recorded_at, audience, primary_item,
                                alternatives, hide_alternatives, completion_period_days, recurrence_days,
                                renewal_window_days, renewal_grace_days, anchor, calendar_days, minimum_credit_days,
                                prior_credit, has_notice_floor, applies_to_open, zone, is_active, is_deleted)
SELECT r.tenant, r.id,
       (SELECT max(v.number) + 1 FROM assignment_version v WHERE v.tenant = r.tenant AND v.assignment = r.id),
       (r.updated_at AT TIME ZONE coalesce(r.zone, t.zone))::date, r.updated_at, r.audience, r.primary_item,
       r.alternatives, r.hide_alternatives, r.completion_period_days, r.recurrence_days, r.renewal_window_days,
       r.renewal_grace_days, r.anchor, r.calendar_days, r.minimum_credit_days, r.prior_credit, r.has_notice_floor,
       r.applies_to_open, r.zone, r.is_active, r.deleted_at IS NOT NULL
FROM revised r JOIN tenant t ON t.id = r.tenant
RETURNING number;

-- name: assignment_by_id
SELECT * FROM assignment WHERE tenant = :tenant AND id = :id;

-- name: assignments_page
-- In the order in which they were made, deleted ones too. What is assigned to one person by name is found by its id and
-- by its audience.
SELECT * FROM assignment
WHERE tenant = :tenant AND (of_person IS NULL OR audience = :audience) AND (:audience::uuid IS NULL OR audience = :audience)
  AND (:updated_since::timestamptz IS NULL OR updated_at >= :updated_since)
ORDER BY id LIMIT :count OFFSET :skip;

-- name: assignment_versions
-- All versions of some assignments, oldest first, each with the moment from which it acts.
SELECT v.*, greatest(v.recorded_at, v.effective_on::timestamp AT TIME ZONE coalesce(v.zone, t.zone)) AS acts_at
FROM assignment_version v JOIN tenant t ON t.id = :tenant
WHERE v.tenant = :tenant AND v.assignment = ANY (:assignments::uuid[])
ORDER BY v.assignment, v.number;

-- name: assignment_version_count
SELECT count(*) FROM assignment_version WHERE tenant = :tenant AND assignment = :id;

-- name: assignment_items_resolve
-- For each place of a list the item it names. An identifier of an earlier kind wins over one of a later, and any over an
-- id of ours. Places that name nothing have no row.
SELECT DISTINCT ON (found.place) found.place, found.item FROM (
    SELECT w.place, i.item, w.rank
    FROM unnest(:places::int[], :ranks::int[], :kinds::text[], :values::text[]) AS w (place, rank, kind, value)
    JOIN item_identifier i ON i.tenant = :tenant AND i.kind = w.kind AND i.value = w.value
    UNION ALL
    SELECT w.place, t.id, 1000
    FROM unnest(:id_places::int[], :ids::uuid[]) AS w (place, id)
    JOIN item t ON t.tenant = :tenant AND t.id = w.id
) found ORDER BY found.place, found.rank;

-- name: assignments_keyset
-- In order of id. The item is the one to complete, or an alternative.
SELECT * FROM assignment
WHERE tenant = :tenant AND id > :after::uuid AND (:with_deleted OR deleted_at IS NULL)
  AND (:audience::uuid IS NULL OR audience = :audience)
  AND (:item::uuid IS NULL OR primary_item = :item OR :item = ANY (alternatives))
  AND (:updated_after::timestamptz IS NULL OR updated_at > :updated_after)
ORDER BY id LIMIT :count;
