-- name: standing_about
-- What all lines of an assignment share.
SELECT t.zone,
       (SELECT json_agg(json_build_array(s.number, s.reentry_days, s.recorded_at) ORDER BY s.number)
        FROM tenant_settings s WHERE s.tenant = :tenant)::text AS reentries,
       (SELECT json_agg(json_build_array(
                   v.number, v.effective_on, v.recorded_at, v.audience, v.primary_item, v.alternatives,
                   v.completion_period_days, v.recurrence_days, v.renewal_window_days, v.renewal_grace_days, v.anchor,
                   v.calendar_days, v.minimum_credit_days, v.prior_credit, v.has_notice_floor, v.is_active, v.is_deleted,
                   v.applies_to_open, v.zone) ORDER BY v.number)
        FROM assignment_version v WHERE v.tenant = :tenant AND v.assignment = a.id)::text AS versions,
       (SELECT json_agg(json_build_array(v.item, v.number, v.published_at, v.retraining_from) ORDER BY v.item, v.number)
        FROM item_version v
        WHERE v.tenant = :tenant AND v.published_at IS NOT NULL
          AND v.item IN (SELECT unnest(o.alternatives || o.primary_item) FROM assignment_version o
                         WHERE o.tenant = :tenant AND o.assignment = :assignment))::text AS item_versions,
       (SELECT json_agg(json_build_array(i.id, i.retired_at) ORDER BY i.id) FROM item i
        WHERE i.tenant = :tenant AND i.retired_at IS NOT NULL
          AND i.id IN (SELECT unnest(o.alternatives || o.primary_item) FROM assignment_version o
                       WHERE o.tenant = :tenant AND o.assignment = :assignment))::text AS retirements
FROM assignment a JOIN tenant t ON t.id = :tenant
WHERE a.tenant = :tenant AND a.id = :assignment;

-- name: standing_facts
-- All that the lines of some people under some assignments rest on, one document a line, and on demand what is stored.
SELECT a.assignment, who.person, json_build_array(
    (SELECT json_agg(json_build_array(m.audience, m.joined_on, m.left_on, m.joined_recorded_at, m.left_recorded_at))
     FROM membership m
     WHERE m.tenant = :tenant AND m.person = who.person AND m.audience = ANY (a.audiences)),
    (SELECT json_agg(json_build_array(s.began_at, s.began_known_at, s.ended_at, s.ended_known_at)) FROM suspension s
     WHERE s.tenant = :tenant AND s.person = who.person),
    p.deleted_at,
    (SELECT json_agg(json_build_array(
                f.id, f.item, f.item_version, f.completed_at, f.completed_by_day, f.started_at, f.expires_at, f.passed,
                f.is_prior, f.extra ->> 'how', f.recorded_at, f.closed_at, f.closed_as, f.record))
     FROM (
        (SELECT f.* FROM fact f
         WHERE f.tenant = :tenant AND f.person = who.person AND f.item = ANY (a.items)
           AND f.completed_at IS NOT NULL AND f.closed_at IS NULL
         ORDER BY f.completed_at DESC LIMIT :most)
        UNION ALL
        (SELECT f.* FROM fact f
         WHERE f.tenant = :tenant AND f.person = who.person AND f.item = ANY (a.items)
           AND (f.person IS NULL OR f.completed_at IS NULL OR f.closed_at IS NOT NULL)
         ORDER BY f.recorded_at DESC LIMIT :most)
     ) f),
    (SELECT json_agg(json_build_array(t.id, t.item, t.started_at, t.recorded_at, t.voided_at))
     FROM (SELECT t.* FROM session t
           WHERE t.tenant = :tenant AND t.item = ANY (a.items) AND t.person = who.person
           ORDER BY t.started_at LIMIT :most) t),
    (SELECT json_agg(json_build_array(e.id, e.from_on, e.until_on, e.granted_at, e.withdrawn_at)) FROM exemption e
     WHERE e.tenant = :tenant AND e.person = who.person
       AND (e.assignment = a.assignment OR e.item = ANY (a.primaries)
            OR e.assignment IS NULL AND e.item IS NULL)),
    (SELECT json_agg(json_build_array(e.id, e.cycle, e.due_on, e.granted_on, e.granted_at, e.withdrawn_at))
     FROM extension e
     WHERE e.tenant = :tenant AND e.person = who.person AND e.assignment = a.assignment),
    CASE WHEN :stored THEN
        (SELECT json_agg(s.*) FROM standing s
         WHERE s.tenant = :tenant AND s.person = who.person AND s.assignment = a.assignment) END,
    CASE WHEN :stored THEN
        (SELECT json_agg(o.*) FROM obligation o
         WHERE o.tenant = :tenant AND o.person = who.person AND o.assignment = a.assignment) END
)::text AS told
FROM json_to_recordset(:abouts::json) AS a (assignment uuid, people uuid[], audiences uuid[], items uuid[], primaries uuid[])
CROSS JOIN LATERAL unnest(a.people) AS who (person)
-- LIMIT keeps it a probe for each line; as a plain join the planner may read a whole tenant.
CROSS JOIN LATERAL (SELECT p.deleted_at FROM person p WHERE p.tenant = :tenant AND p.id = who.person LIMIT 1) p;

-- name: standing_facts_by_day
-- The facts of somebody with very many: of those that differ in nothing but the time of their days, in every zone that
-- counts, the first. With `at` those known then, as they were known.
SELECT json_agg(json_build_array(
           f.id, f.item, f.item_version, f.completed_at, f.completed_by_day, f.started_at, f.expires_at, f.passed,
           f.is_prior, f.how, f.recorded_at, f.closed_at, f.closed_as, f.record))::text
FROM (
    SELECT DISTINCT ON (f.item, f.item_version, f.completed_by_day, f.expires_at, f.passed, f.is_prior, f.how, f.closed_as, f.days)
           f.*
    FROM (
        SELECT f.id, f.record, f.item, f.item_version, f.completed_at, f.completed_by_day, f.started_at, f.expires_at,
               f.passed, f.is_prior, f.extra ->> 'how' AS how, f.recorded_at, c.closed_at,
               CASE WHEN c.closed_at IS NOT NULL THEN f.closed_as END AS closed_as,
               (SELECT array_agg(row((f.completed_at AT TIME ZONE z.zone)::date, (f.started_at AT TIME ZONE z.zone)::date,
                                     (c.closed_at AT TIME ZONE z.zone)::date,
                                     CASE WHEN f.completed_at IS NULL AND f.started_at IS NULL
                                          THEN (f.recorded_at AT TIME ZONE z.zone)::date END)::text ORDER BY z.zone)
                FROM unnest(:zones::text[]) AS z (zone)) AS days
        FROM fact f
        CROSS JOIN LATERAL (
            SELECT CASE WHEN :at::timestamptz IS NULL OR f.closed_at <= :at THEN f.closed_at END AS closed_at
        ) c
        WHERE f.tenant = :tenant AND f.person = :person AND f.item = ANY (:items::uuid[])
          AND (:at IS NULL OR f.recorded_at <= :at)
    ) f
    ORDER BY f.item, f.item_version, f.completed_by_day, f.expires_at, f.passed, f.is_prior, f.how, f.closed_as, f.days,
             f.completed_at, f.id
) f;

-- name: standing_sessions_by_day
-- The sessions of somebody with very many: of those that differ in nothing but the time of their days the first.
SELECT json_agg(json_build_array(t.id, t.item, t.started_at, t.recorded_at, t.voided_at))::text
FROM (
    SELECT DISTINCT ON (t.item, t.days) t.*
    FROM (
        SELECT t.id, t.item, t.started_at, t.recorded_at, c.voided_at,
               (SELECT array_agg(row((t.started_at AT TIME ZONE z.zone)::date,
                                     (c.voided_at AT TIME ZONE z.zone)::date)::text ORDER BY z.zone)
                FROM unnest(:zones::text[]) AS z (zone)) AS days
        FROM session t
        CROSS JOIN LATERAL (
            SELECT CASE WHEN :at::timestamptz IS NULL OR t.voided_at <= :at THEN t.voided_at END AS voided_at
        ) c
        WHERE t.tenant = :tenant AND t.item = ANY (:items::uuid[]) AND t.person = :person
          AND (:at IS NULL OR t.recorded_at <= :at)
    ) t
    ORDER BY t.item, t.days, t.started_at, t.id
) t;

-- name: standings_write!
-- What is different of some lines, in one trip.
SELECT write_standing(:tenant, :assignments::uuid[], :people::uuid[], :from_ons::date[], :owed_under::uuid[], :owing::uuid[],
                      :places::int[], :steps::json, :obligations::json, :now::timestamptz);

-- name: standing_people
-- Everybody who ever was in one of some audiences, in order, from behind `after` to `last`.
SELECT DISTINCT m.person
FROM unnest(:audiences::uuid[]) AS v (audience)
CROSS JOIN LATERAL (
    SELECT DISTINCT m.person FROM membership m
    WHERE m.tenant = :tenant AND m.audience = v.audience AND (:after::uuid IS NULL OR m.person > :after)
      AND (:last::uuid IS NULL OR m.person <= :last)
    ORDER BY m.person LIMIT :count
) m ORDER BY m.person LIMIT :count;

-- name: standing_audiences
SELECT DISTINCT v.audience FROM assignment_version v WHERE v.tenant = :tenant AND v.assignment = :assignment;

-- name: standing_people_count
SELECT count(DISTINCT m.person) FROM membership m
WHERE m.tenant = :tenant AND m.audience IN (
    SELECT v.audience FROM assignment_version v WHERE v.tenant = :tenant AND v.assignment = :assignment);

-- name: standing_strays
-- People with steps who never were in an audience of the assignment. There should be none.
SELECT DISTINCT s.person FROM standing s
WHERE s.tenant = :tenant AND s.assignment = :assignment AND NOT EXISTS (
    SELECT FROM assignment_version v JOIN membership m
      ON m.tenant = :tenant AND m.audience = v.audience AND m.person = s.person
    WHERE v.tenant = :tenant AND v.assignment = :assignment);

-- name: standing_assignments
SELECT a.id FROM assignment a WHERE a.tenant = :tenant ORDER BY a.id;

-- name: standing_of_records
-- Lines that the facts of some records, present and past, may matter to.
SELECT DISTINCT i.assignment, f.person
FROM unnest(:records::uuid[]) AS told (record)
JOIN fact f ON f.tenant = :tenant AND f.record = told.record
JOIN assignment_item i ON i.tenant = :tenant AND i.item = f.item
WHERE EXISTS (SELECT FROM assignment_version v
              JOIN membership m ON m.tenant = :tenant AND m.audience = v.audience AND m.person = f.person
              WHERE v.tenant = :tenant AND v.assignment = i.assignment);

-- name: standing_rules
SELECT rules FROM tenant_counter WHERE tenant = :tenant;

-- name: standing_of_people
-- All lines of some people; of those alone that may accept one of `items`, unless that is null.
SELECT DISTINCT v.assignment, m.person
FROM membership m JOIN assignment_version v ON v.tenant = :tenant AND v.audience = m.audience
WHERE m.tenant = :tenant AND m.person = ANY (:people::uuid[])
  AND (:items::uuid[] IS NULL OR EXISTS (SELECT FROM assignment_item i
       WHERE i.tenant = :tenant AND i.item = ANY (:items) AND i.assignment = v.assignment));

-- name: standing_returning
-- People who join, or are no longer suspended, on or after a day.
SELECT DISTINCT r.person FROM (
    SELECT m.person FROM membership m WHERE m.tenant = :tenant AND m.joined_on >= :since
    UNION ALL
    SELECT s.person FROM suspension s WHERE s.tenant = :tenant AND s.ended_at >= :since::date
) r ORDER BY r.person LIMIT :count;

-- name: standing_revised
-- Assignments that say otherwise from a day on, such as that they are no longer paused.
SELECT DISTINCT v.assignment FROM assignment_version v
WHERE v.tenant = :tenant AND v.effective_on >= :since AND v.number > 1;

-- name: standing_of_audience
SELECT DISTINCT v.assignment FROM assignment_version v WHERE v.tenant = :tenant AND v.audience = :audience;

-- name: standing_of_items
SELECT DISTINCT i.assignment FROM assignment_item i WHERE i.tenant = :tenant AND i.item = ANY (:items::uuid[]);

-- name: standing_task_add!
INSERT INTO standing_task (tenant, id, assignment, people, total, asked_at)
VALUES (:tenant, :id, :assignment, :people::uuid[], :total, :now);

-- name: standing_task_whole!
-- An assignment that waits already begins anew.
INSERT INTO standing_task (tenant, id, assignment, total, asked_at)
VALUES (:tenant, :id, :assignment, :total, :now)
ON CONFLICT (tenant, assignment) WHERE people IS NULL AND finished_at IS NULL
DO UPDATE SET after = NULL, done = 0, total = excluded.total;

-- name: standing_task_take
-- A task that nobody else works on at this moment.
SELECT id, assignment, people, after, done, total FROM standing_task
WHERE tenant = :tenant AND id = :id AND finished_at IS NULL FOR UPDATE SKIP LOCKED;

-- name: standing_task_note!
UPDATE standing_task SET after = :after, done = :done, total = greatest(total, :done),
       finished_at = :finished_at::timestamptz
WHERE tenant = :tenant AND id = :id;

-- name: standing_tasks_forget!
DELETE FROM standing_task WHERE tenant = :tenant AND finished_at < :before;

-- name: standing_tasks
SELECT id, assignment, cardinality(people) AS people, done, total, asked_at, finished_at FROM standing_task
WHERE tenant = :tenant ORDER BY asked_at, id LIMIT :count;

-- name: standing_tasks_open
SELECT id FROM standing_task WHERE tenant = :tenant AND finished_at IS NULL ORDER BY asked_at, id LIMIT :count;

-- name: standing_waits
-- How many lines wait, by assignment.
SELECT assignment, sum(total)::bigint AS total, sum(done)::bigint AS done FROM standing_task
WHERE tenant = :tenant AND finished_at IS NULL GROUP BY assignment;

-- name: standing_of_person
-- The step of a day in every line of a person.
SELECT s.* FROM standing s
WHERE s.tenant = :tenant AND s.person = :person AND s.from_on <= :day AND (s.until_on IS NULL OR s.until_on > :day)
  AND s.status <> 'none'
ORDER BY s.assignment;

-- name: standing_waiting_for
-- Assignments of which the line of a person is still to be worked out.
SELECT DISTINCT k.assignment FROM standing_task k
WHERE k.tenant = :tenant AND k.finished_at IS NULL AND (k.people IS NULL OR :person::uuid = ANY (k.people));

-- name: standings_by_due
-- Lines that are open on a day, by due day. The list of statuses is that of the index.
WITH RECURSIVE under AS (
    SELECT e.person FROM employment e WHERE e.tenant = :tenant AND e.manager = :manager::uuid AND e.closed_at IS NULL
    UNION
    SELECT e.person FROM under u JOIN employment e ON e.tenant = :tenant AND e.manager = u.person AND e.closed_at IS NULL
)
SELECT s.* FROM standing s
WHERE s.tenant = :tenant AND s.from_on <= :day AND (s.until_on IS NULL OR s.until_on > :day)
  AND s.status IN ('renewal_due', 'expired', 'overdue', 'in_progress', 'not_started')
  AND s.status = ANY (:statuses::text[]) AND s.due_on >= coalesce(:first::date, '-infinity')
  AND s.due_on <= coalesce(:last::date, 'infinity')
  AND (:assignment::uuid IS NULL OR s.assignment = :assignment)
  AND (:audience::uuid IS NULL OR EXISTS (SELECT FROM membership m
       WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = s.person AND m.joined_on <= :day
         AND (m.left_on IS NULL OR m.left_on > :day)))
  AND (:item::uuid IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.tenant = :tenant AND a.id = s.assignment
       AND (a.primary_item = :item OR :item = ANY (a.alternatives))))
  AND (:manager::uuid IS NULL OR s.person IN (SELECT u.person FROM under u))
  AND (:after_person::uuid IS NULL OR (s.due_on, s.assignment, s.person) > (:after_on::date, :after_assignment::uuid, :after_person))
ORDER BY s.due_on, s.assignment, s.person LIMIT :count;

-- name: standings_by_credit_end
WITH RECURSIVE under AS (
    SELECT e.person FROM employment e WHERE e.tenant = :tenant AND e.manager = :manager::uuid AND e.closed_at IS NULL
    UNION
    SELECT e.person FROM under u JOIN employment e ON e.tenant = :tenant AND e.manager = u.person AND e.closed_at IS NULL
)
SELECT s.* FROM standing s
WHERE s.tenant = :tenant AND s.from_on <= :day AND (s.until_on IS NULL OR s.until_on > :day)
  AND s.credit = 'valid' AND s.credit_ends_on IS NOT NULL AND s.status = ANY (:statuses::text[])
  AND s.credit_ends_on >= coalesce(:first::date, '-infinity')
  AND s.credit_ends_on <= coalesce(:last::date, 'infinity')
  AND (:assignment::uuid IS NULL OR s.assignment = :assignment)
  AND (:audience::uuid IS NULL OR EXISTS (SELECT FROM membership m
       WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = s.person AND m.joined_on <= :day
         AND (m.left_on IS NULL OR m.left_on > :day)))
  AND (:item::uuid IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.tenant = :tenant AND a.id = s.assignment
       AND (a.primary_item = :item OR :item = ANY (a.alternatives))))
  AND (:manager::uuid IS NULL OR s.person IN (SELECT u.person FROM under u))
  AND (:after_person::uuid IS NULL
       OR (s.credit_ends_on, s.assignment, s.person) > (:after_on::date, :after_assignment::uuid, :after_person))
ORDER BY s.credit_ends_on, s.assignment, s.person LIMIT :count;

-- name: standings_exempt
WITH RECURSIVE under AS (
    SELECT e.person FROM employment e WHERE e.tenant = :tenant AND e.manager = :manager::uuid AND e.closed_at IS NULL
    UNION
    SELECT e.person FROM under u JOIN employment e ON e.tenant = :tenant AND e.manager = u.person AND e.closed_at IS NULL
)
SELECT s.* FROM standing s
WHERE s.tenant = :tenant AND s.from_on <= :day AND (s.until_on IS NULL OR s.until_on > :day) AND s.status = 'exempt'
  AND (:assignment::uuid IS NULL OR s.assignment = :assignment)
  AND (:audience::uuid IS NULL OR EXISTS (SELECT FROM membership m
       WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = s.person AND m.joined_on <= :day
         AND (m.left_on IS NULL OR m.left_on > :day)))
  AND (:item::uuid IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.tenant = :tenant AND a.id = s.assignment
       AND (a.primary_item = :item OR :item = ANY (a.alternatives))))
  AND (:manager::uuid IS NULL OR s.person IN (SELECT u.person FROM under u))
  AND (:after_person::uuid IS NULL OR (s.person, s.assignment) > (:after_person, :after_assignment::uuid))
ORDER BY s.person, s.assignment LIMIT :count;

-- name: standing_counts
-- Two arms, because what has no end stands at its own place in the index.
WITH RECURSIVE under AS (
    SELECT e.person FROM employment e WHERE e.tenant = :tenant AND e.manager = :manager::uuid AND e.closed_at IS NULL
    UNION
    SELECT e.person FROM under u JOIN employment e ON e.tenant = :tenant AND e.manager = u.person AND e.closed_at IS NULL
)
SELECT a.id AS assignment, s.status, count(*) AS lines, count(*) FILTER (WHERE s.credit = 'valid') AS current
FROM assignment a
CROSS JOIN LATERAL (
    SELECT d.status, d.credit, d.person FROM standing d
    WHERE d.tenant = :tenant AND d.assignment = a.id AND d.until_on > :day AND d.from_on <= :day
    UNION ALL
    SELECT d.status, d.credit, d.person FROM standing d
    WHERE d.tenant = :tenant AND d.assignment = a.id AND d.until_on IS NULL AND d.from_on <= :day
) s
WHERE a.tenant = :tenant AND s.status <> 'none' AND (:assignment::uuid IS NULL OR a.id = :assignment)
  AND (:item::uuid IS NULL OR a.primary_item = :item OR :item = ANY (a.alternatives))
  AND (:audience::uuid IS NULL OR EXISTS (SELECT FROM membership m
       WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = s.person AND m.joined_on <= :day
         AND (m.left_on IS NULL OR m.left_on > :day)))
  AND (:manager::uuid IS NULL OR s.person IN (SELECT u.person FROM under u))
GROUP BY a.id, s.status ORDER BY a.id, s.status;

-- name: standing_on_time
-- Obligations due in a span, without those that were withdrawn or became unnecessary.
WITH RECURSIVE under AS (
    SELECT e.person FROM employment e WHERE e.tenant = :tenant AND e.manager = :manager::uuid AND e.closed_at IS NULL
    UNION
    SELECT e.person FROM under u JOIN employment e ON e.tenant = :tenant AND e.manager = u.person AND e.closed_at IS NULL
)
SELECT count(*) AS due, count(*) FILTER (WHERE o.outcome = 'satisfied' AND o.is_on_time) AS on_time
FROM assignment a
JOIN obligation o ON o.tenant = :tenant AND o.assignment = a.id AND o.due_on >= :first AND o.due_on <= :last
WHERE a.tenant = :tenant AND (:assignment::uuid IS NULL OR a.id = :assignment)
  AND (:item::uuid IS NULL OR a.primary_item = :item OR :item = ANY (a.alternatives))
  AND o.outcome NOT IN ('withdrawn', 'rescheduled')
  AND (:audience::uuid IS NULL OR EXISTS (SELECT FROM membership m
       WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = o.person AND m.joined_on <= o.due_on
         AND (m.left_on IS NULL OR m.left_on > o.due_on)))
  AND (:manager::uuid IS NULL OR o.person IN (SELECT u.person FROM under u));

-- name: standing_known_lines
-- Assignments and people who may have come under them, as known at a moment: by assignment and person, from behind a line.
SELECT a.id AS assignment, who.person
FROM assignment a
CROSS JOIN LATERAL (
    SELECT v.primary_item, v.alternatives FROM assignment_version v
    WHERE v.tenant = :tenant AND v.assignment = a.id AND v.recorded_at <= :at
    ORDER BY v.number DESC LIMIT 1
) said
CROSS JOIN LATERAL (
    SELECT DISTINCT m.person
    FROM (SELECT DISTINCT v.audience FROM assignment_version v
          WHERE v.tenant = :tenant AND v.assignment = a.id AND v.recorded_at <= :at) v
    CROSS JOIN LATERAL (
        SELECT DISTINCT m.person FROM membership m
        WHERE m.tenant = :tenant AND m.audience = v.audience AND m.joined_recorded_at <= :at
          AND m.person > CASE WHEN a.id = :after_assignment THEN :after_person::uuid
                              ELSE '00000000-0000-0000-0000-000000000000'::uuid END
          AND (:among::uuid[] IS NULL OR m.person = ANY (:among))
          AND (:audience::uuid IS NULL OR EXISTS (
               SELECT FROM membership o
               WHERE o.tenant = :tenant AND o.audience = :audience AND o.person = m.person
                 AND o.joined_recorded_at <= :at AND (:day::date IS NULL OR o.joined_on <= :day
                      AND (o.left_on IS NULL OR o.left_on > :day OR o.left_recorded_at > :at))))
        ORDER BY m.person LIMIT :count
    ) m
    ORDER BY m.person LIMIT :count
) who
WHERE a.tenant = :tenant AND a.id >= :after_assignment AND (:assignment::uuid IS NULL OR a.id = :assignment)
  AND (:item::uuid IS NULL OR said.primary_item = :item OR :item = ANY (said.alternatives))
ORDER BY a.id, who.person LIMIT :count;

-- name: standing_known_under
-- Everybody under somebody, at any height, as known at a moment.
WITH RECURSIVE under AS (
    SELECT e.person FROM employment e
    WHERE e.tenant = :tenant AND e.manager = :manager::uuid AND e.opened_at <= :at
      AND (e.closed_at IS NULL OR e.closed_at > :at)
    UNION
    SELECT e.person FROM under u
    JOIN employment e ON e.tenant = :tenant AND e.manager = u.person AND e.opened_at <= :at
     AND (e.closed_at IS NULL OR e.closed_at > :at)
)
SELECT u.person FROM under u;

-- name: standing_known_members
-- When people were in an audience, as known at a moment.
SELECT m.person, m.joined_on, CASE WHEN m.left_recorded_at <= :at THEN m.left_on END AS left_on FROM membership m
WHERE m.tenant = :tenant AND m.audience = :audience AND m.person = ANY (:people::uuid[]) AND m.joined_recorded_at <= :at;
