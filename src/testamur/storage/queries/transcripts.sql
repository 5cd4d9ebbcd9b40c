-- name: transcript_lines
-- All that stands of somebody's learning, as the ledger was up to an entry: what was completed in its order, then the rest.
-- Two arms, because two partial indexes lead to them.
SELECT f.record, f.revision, f.item, f.item_version, f.completed_at, f.completed_by_day, f.started_at, f.expires_at, f.passed,
       f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior, f.source, f.source_id, f.recorded_at,
       (SELECT min(i.value) FROM item_identifier i WHERE i.tenant = :tenant AND i.item = f.item AND i.kind = 'ref') AS item_ref,
       f.extra ->> 'title' AS title_told,
       coalesce(f.extra ->> 'title', t.title) AS title,
       CASE WHEN f.extra ? 'title' THEN f.extra ->> 'provider' ELSE t.provider END AS provider,
       coalesce(t.kind = 'outside', true) AS is_outside
FROM (
    SELECT f.* FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
      AND f.entry <= :entry
    UNION ALL
    SELECT f.* FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NULL AND f.entry <= :entry
) f
LEFT JOIN item t ON t.tenant = :tenant AND t.id = f.item
ORDER BY f.completed_at NULLS LAST, f.record;

-- name: transcript_ended
-- Facts of somebody that ceased to stand behind a moment, of those known up to an entry.
SELECT f.record, f.revision, f.closed_at, f.closed_as FROM fact f
WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NOT NULL AND f.entry <= :entry AND f.closed_at >= :since
ORDER BY f.closed_at, f.record, f.revision LIMIT :count;

-- name: transcript_tenant
SELECT t.name, t.zone, c.entry FROM tenant t JOIN tenant_counter c ON c.tenant = t.id WHERE t.id = :tenant;
