-- Slices of what is exported: entries that follow one another, recorded within one month, and how many rows there are.

-- name: export_facts_slice
WITH ahead AS (
    SELECT f.entry, to_char(f.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month FROM fact f
    WHERE f.tenant = :tenant AND f.entry > :after AND f.entry <= :until ORDER BY f.entry LIMIT :count
), first AS (
    SELECT month FROM ahead ORDER BY entry LIMIT 1
), ending AS (
    SELECT coalesce((SELECT min(a.entry) - 1 FROM ahead a, first WHERE a.month <> first.month), max(entry)) AS until FROM ahead
)
SELECT ending.until, first.month, (SELECT count(*) FROM ahead WHERE entry <= ending.until) AS rows FROM first, ending;

-- name: export_endings_slice
WITH ahead AS (
    SELECT e.entry, to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month FROM exported_ending e
    WHERE e.tenant = :tenant AND e.entry > :after AND e.entry <= :until ORDER BY e.entry LIMIT :count
), first AS (
    SELECT month FROM ahead ORDER BY entry LIMIT 1
), ending AS (
    SELECT coalesce((SELECT min(a.entry) - 1 FROM ahead a, first WHERE a.month <> first.month), max(entry)) AS until FROM ahead
)
SELECT ending.until, first.month, (SELECT count(*) FROM ahead WHERE entry <= ending.until) AS rows FROM first, ending;

-- name: export_facts_table
-- Moments without their zone, which is UTC: they are read as what they are.
SELECT f.fact, f.record, f.revision, f.entry, f.person, f.item, f.item_version, f.completed_at AT TIME ZONE 'UTC',
       f.completed_by_day, f.completed_on, f.started_at AT TIME ZONE 'UTC', f.expires_at AT TIME ZONE 'UTC', f.passed,
       f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior, f.source, f.source_id, f.application,
       f.recorded_at AT TIME ZONE 'UTC', f.extra
FROM exported_fact f WHERE f.tenant = :tenant AND f.entry > :after AND f.entry <= :until ORDER BY f.entry;

-- name: export_endings_table
SELECT e.fact, e.record, e.entry, e.ended_as, e.client, e.recorded_at AT TIME ZONE 'UTC'
FROM exported_ending e WHERE e.tenant = :tenant AND e.entry > :after AND e.entry <= :until ORDER BY e.entry;

-- name: export_facts_lines
SELECT to_json(shown) FROM (
    SELECT f.fact, f.record, f.revision, f.entry, f.person, f.item, f.item_version, instant(f.completed_at) AS completed_at,
           f.completed_by_day, f.completed_on, instant(f.started_at) AS started_at, instant(f.expires_at) AS expires_at,
           f.passed, f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior, f.source, f.source_id,
           f.application, instant(f.recorded_at) AS recorded_at, f.extra
    FROM exported_fact f WHERE f.tenant = :tenant AND f.entry > :after AND f.entry <= :until ORDER BY f.entry
) shown;

-- name: export_endings_lines
SELECT to_json(shown) FROM (
    SELECT e.fact, e.record, e.entry, e.ended_as, e.client, instant(e.recorded_at) AS recorded_at
    FROM exported_ending e WHERE e.tenant = :tenant AND e.entry > :after AND e.entry <= :until ORDER BY e.entry
) shown;
