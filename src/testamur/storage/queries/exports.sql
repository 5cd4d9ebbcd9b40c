-- Slices of what is exported, in the order of entries. The entry stands last, so that whoever takes the text of a slice sees at
-- its end how far it goes. Each fact has an entry of its own.

-- name: export_facts_table
-- Moments without their zone, which is UTC: they are read as what they are.
SELECT f.fact, f.record, f.revision, f.person, f.item, f.item_version, f.completed_at AT TIME ZONE 'UTC', f.completed_by_day,
       f.completed_on, f.started_at AT TIME ZONE 'UTC', f.expires_at AT TIME ZONE 'UTC', f.passed, f.score_percent,
       f.score_text, f.time_spent, f.certificate, f.is_prior, f.source, f.source_id, f.application,
       f.recorded_at AT TIME ZONE 'UTC', f.extra, f.entry
FROM exported_fact f WHERE f.tenant = :tenant AND f.entry > :after AND f.entry <= :until ORDER BY f.entry LIMIT :count;

-- name: export_endings_table
SELECT e.fact, e.record, e.ended_as, e.client, e.recorded_at AT TIME ZONE 'UTC', e.entry
FROM exported_ending e WHERE e.tenant = :tenant AND e.entry > :after AND e.entry <= :until ORDER BY e.entry LIMIT :count;

-- name: export_facts_lines
SELECT to_json(shown) FROM (
    SELECT f.fact, f.record, f.revision, f.person, f.item, f.item_version, instant(f.completed_at) AS completed_at,
           f.completed_by_day, f.completed_on, instant(f.started_at) AS started_at, instant(f.expires_at) AS expires_at,
           f.passed, f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior, f.source, f.source_id,
           f.application, instant(f.recorded_at) AS recorded_at, f.extra, f.entry
    FROM exported_fact f WHERE f.tenant = :tenant AND f.entry > :after AND f.entry <= :until ORDER BY f.entry LIMIT :count
) shown;

-- name: export_endings_lines
SELECT to_json(shown) FROM (
    SELECT e.fact, e.record, e.ended_as, e.client, instant(e.recorded_at) AS recorded_at, e.entry
    FROM exported_ending e WHERE e.tenant = :tenant AND e.entry > :after AND e.entry <= :until ORDER BY e.entry LIMIT :count
) shown;
