-- name: plan_afresh!
-- For this transaction: plan each statement for the values it has. A search has many optional parts, and one plan for
-- all of them would read the whole tenant for every page.
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: record_search
-- A page of records, and how many there are. One row at least: without any record only `total` is set.
-- Superseded facts are history, not records; a voided one is a deleted record.
WITH found AS NOT MATERIALIZED (
    SELECT f.record, f.revision, f.created_at AS first_at,
           CASE WHEN :sorting = 'newest' THEN f.created_at END AS newest,
           CASE WHEN :sorting = 'newest' THEN f.record END AS newest_record,
           CASE WHEN :sorting = 'oldest' THEN f.created_at END AS oldest,
           CASE WHEN :sorting = 'oldest' THEN f.record END AS oldest_record,
           CASE WHEN :sorting = 'key' THEN (
               -- One text that sorts as all fields together do, in their order and directions. No part is the
               -- beginning of another, and digits stand for what they sort as: descending ones are mirrored.
               SELECT string_agg(CASE WHEN part.text IS NULL THEN 'z'
                                      WHEN part.is_descending
                                      THEN translate(part.text, '0123456789abcdef', 'fedcba9876543210') || 'g'
                                      ELSE part.text || '!' END, '' ORDER BY part.place)
               FROM (
                   SELECT s.place, s.is_descending, CASE s.field
                       WHEN 'created_at' THEN lpad((extract(epoch FROM f.created_at) * 1000000 + 1e17)::bigint::text, 18, '0')
                       WHEN 'updated_at' THEN lpad((extract(epoch FROM coalesce(f.closed_at, f.recorded_at)) * 1000000 + 1e17)::bigint::text, 18, '0')
                       WHEN 'completed_at' THEN lpad((extract(epoch FROM f.completed_at) * 1000000 + 1e17)::bigint::text, 18, '0')
                       WHEN 'expires_at' THEN lpad((extract(epoch FROM f.expires_at) * 1000000 + 1e17)::bigint::text, 18, '0')
                       WHEN 'score' THEN lpad(split_part(trim_scale(f.score_percent)::text, '.', 1), 3, '0')
                                         || split_part(trim_scale(f.score_percent)::text, '.', 2)
                       WHEN 'title' THEN encode(substr(convert_to(named.title, 'UTF8'), 1, 400), 'hex')
                       WHEN 'provider' THEN encode(substr(convert_to(named.provider, 'UTF8'), 1, 400), 'hex')
                       WHEN 'id' THEN replace(f.record::text, '-', '')
                       END AS text
                   FROM unnest(:fields::text[], :descending::boolean[]) WITH ORDINALITY AS s (field, is_descending, place)
               ) part
           ) END COLLATE "C" AS key
    FROM fact f
    CROSS JOIN LATERAL (
        SELECT coalesce(f.extra ->> 'title', (SELECT it.title FROM item it WHERE it.tenant = :tenant AND it.id = f.item)) AS title,
               CASE WHEN f.extra ? 'title' THEN f.extra ->> 'provider'
                    ELSE (SELECT it.provider FROM item it WHERE it.tenant = :tenant AND it.id = f.item) END AS provider
    ) named
    WHERE f.tenant = :tenant AND f.closed_as IS DISTINCT FROM 'superseded'
      AND (:voided::boolean OR f.closed_at IS NULL)
      AND (:scope::text IS NULL OR f.application IS NULL OR f.application = :scope)
      AND (:titles::text[] IS NULL OR array_position(:titles::text[], named.title) IS NOT NULL)
)
SELECT counted.total, page.key, page.first_at, r.*
FROM (SELECT CASE WHEN :counts::boolean THEN (SELECT count(*) FROM found) END AS total) counted
LEFT JOIN LATERAL (
    SELECT * FROM found
    WHERE (:after_at::timestamptz IS NULL OR :sorting <> 'newest' OR (newest, newest_record) < (:after_at, :after_id::uuid))
      AND (:after_at::timestamptz IS NULL OR :sorting <> 'oldest' OR (oldest, oldest_record) > (:after_at, :after_id::uuid))
      AND (:after_key::text IS NULL OR key > :after_key)
    ORDER BY newest DESC, newest_record DESC, oldest, oldest_record, key
    LIMIT :count
) page ON true
LEFT JOIN record r ON r.tenant = :tenant AND r.id = page.record AND r.revision = page.revision
ORDER BY page.newest DESC, page.newest_record DESC, page.oldest, page.oldest_record, page.key;
