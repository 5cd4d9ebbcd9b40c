-- name: plan_afresh!
-- For this transaction: plan each statement for the values it has. A search has many optional parts, and one plan for
-- all of them would read the whole tenant for every page.
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: record_search
-- A page of records, and how many there are. One row always comes: without any record it has `total` alone.
--
-- A filter that is null is left out. A list means any of its values, and null in it "has none": array_position
-- compares that way. `sorting` is `newest` or `oldest`, which follow the index fact_created, or `fields`: then `number`
-- holds the first field where it is a number, signed so that it sorts upwards, and `key` all that is left as one text.
WITH found AS NOT MATERIALIZED (
    SELECT f.record, f.revision, f.created_at AS first_at,
           CASE WHEN :sorting = 'newest' THEN f.created_at END AS newest,
           CASE WHEN :sorting = 'newest' THEN f.record END AS newest_record,
           CASE WHEN :sorting = 'oldest' THEN f.created_at END AS oldest,
           CASE WHEN :sorting = 'oldest' THEN f.record END AS oldest_record,
           CASE WHEN :sorting = 'fields' THEN coalesce(:sign::int * CASE :number_field
               WHEN 'created_at' THEN sortable.created_at WHEN 'updated_at' THEN sortable.updated_at
               WHEN 'completed_at' THEN sortable.completed_at WHEN 'expires_at' THEN sortable.expires_at
               WHEN 'score' THEN sortable.score END, 9223372036854775807) END AS number,
           -- No field's text is the beginning of another's, so that joined they sort as one by one. Nulls come last;
           -- what goes downwards has its digits mirrored.
           CASE WHEN :sorting = 'fields' THEN CASE WHEN :key_fields::text[] IS NULL THEN '' ELSE (
               SELECT string_agg(CASE WHEN part.digits IS NULL THEN 'z'
                                      WHEN part.descends
                                      THEN translate(part.digits, '0123456789abcdef', 'fedcba9876543210') || 'g'
                                      ELSE part.digits || '!' END, '' ORDER BY part.place)
               FROM (
                   SELECT s.place, s.descends, CASE s.field
                              WHEN 'title' THEN sortable.title WHEN 'provider' THEN sortable.provider
                              ELSE to_hex(4611686018427387904 + CASE s.field
                                  WHEN 'created_at' THEN sortable.created_at
                                  WHEN 'updated_at' THEN sortable.updated_at
                                  WHEN 'completed_at' THEN sortable.completed_at
                                  WHEN 'expires_at' THEN sortable.expires_at
                                  WHEN 'score' THEN sortable.score END) END AS digits
                   FROM unnest(:key_fields, :key_descends::boolean[]) WITH ORDINALITY AS s (field, descends, place)
               ) part
           ) END || CASE WHEN :id_descends::boolean
                    THEN translate(f.record::text, '0123456789abcdef', 'fedcba9876543210') ELSE f.record::text END
           END COLLATE "C" AS key
    FROM fact f
    CROSS JOIN LATERAL (
        SELECT coalesce(f.extra ->> 'title',
                        (SELECT i.title FROM item i WHERE i.tenant = :tenant AND i.id = f.item)) AS title,
               CASE WHEN f.extra ? 'title' THEN f.extra ->> 'provider'
                    ELSE (SELECT i.provider FROM item i WHERE i.tenant = :tenant AND i.id = f.item) END AS provider,
               coalesce(f.closed_at, f.recorded_at) AS updated_at,
               coalesce(f.extra ->> 'source_type', 'api') AS source_type,
               f.extra -> 'ids' AS ids
    ) shown
    CROSS JOIN LATERAL (
        -- Moments in microseconds; text by its first 400 bytes, so that a cursor stays short.
        SELECT (extract(epoch FROM f.created_at) * 1000000)::bigint AS created_at,
               (extract(epoch FROM shown.updated_at) * 1000000)::bigint AS updated_at,
               (extract(epoch FROM f.completed_at) * 1000000)::bigint AS completed_at,
               (extract(epoch FROM f.expires_at) * 1000000)::bigint AS expires_at,
               (f.score_percent * 1000000000000)::bigint AS score,
               encode(substr(convert_to(shown.title, 'UTF8'), 1, 400), 'hex') AS title,
               encode(substr(convert_to(shown.provider, 'UTF8'), 1, 400), 'hex') AS provider
    ) sortable
    WHERE f.tenant = :tenant
      -- A superseded fact is history; a voided one is a deleted record, unless that was restored.
      AND CASE WHEN :with_voided::boolean
               THEN f.closed_at IS NULL OR f.closed_as = 'voided' AND NOT EXISTS (
                   SELECT FROM fact later
                   WHERE later.tenant = :tenant AND later.record = f.record AND later.revision = f.revision + 1)
               ELSE f.closed_at IS NULL END
      AND (:own::uuid IS NULL OR f.person = :own OR f.created_by = :own
           OR f.person IS NULL AND shown.ids ->> 'person_id' = :own::text)
      AND (:application::text IS NULL OR f.application IS NULL OR f.application = :application)
      AND (:ids::uuid[] IS NULL OR f.record = ANY (:ids))
      AND (:people::uuid[] IS NULL
           -- Standing completions by the index fact_natural, everything else by fact_unnatural.
           OR f.person = ANY (:people) AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
           OR f.person = ANY (:people) AND (f.closed_at IS NOT NULL OR f.completed_at IS NULL)
           OR f.person IS NULL AND array_position(:people_written::text[], shown.ids ->> 'person_id') IS NOT NULL)
      AND (:titles::text[] IS NULL OR array_position(:titles, shown.title) IS NOT NULL)
      AND (:providers::text[] IS NULL OR array_position(:providers, shown.provider) IS NOT NULL)
      AND (:passed::boolean[] IS NULL OR array_position(:passed, f.passed) IS NOT NULL)
      AND (:certificates::text[] IS NULL OR array_position(:certificates, f.certificate) IS NOT NULL)
      AND (:cohorts::text[] IS NULL OR array_position(:cohorts, shown.ids ->> 'linked_cohort_id') IS NOT NULL)
      AND (:assessments::text[] IS NULL
           OR array_position(:assessments, shown.ids ->> 'linked_assessment_id') IS NOT NULL)
      AND (:sources::text[] IS NULL OR array_position(:sources, f.source) IS NOT NULL)
      AND (:source_types::text[] IS NULL OR array_position(:source_types, shown.source_type) IS NOT NULL)
      AND (:creators::uuid[] IS NULL OR array_position(:creators, f.created_by) IS NOT NULL)
      AND (:applications::text[] IS NULL OR array_position(:applications, f.application) IS NOT NULL)
      AND (:created_from::timestamptz IS NULL OR f.created_at >= :created_from)
      AND (:created_before::timestamptz IS NULL OR f.created_at < :created_before)
      AND (:updated_from::timestamptz IS NULL OR shown.updated_at >= :updated_from)
      AND (:updated_before::timestamptz IS NULL OR shown.updated_at < :updated_before)
      AND (:completed_from::timestamptz IS NULL OR f.completed_at >= :completed_from)
      AND (:completed_before::timestamptz IS NULL OR f.completed_at < :completed_before)
      AND (:expires_from::timestamptz IS NULL OR f.expires_at >= :expires_from)
      AND (:expires_before::timestamptz IS NULL OR f.expires_at < :expires_before)
      AND (:score_least::numeric IS NULL OR f.score_percent >= :score_least)
      AND (:score_above::numeric IS NULL OR f.score_percent > :score_above)
      AND (:score_most::numeric IS NULL OR f.score_percent <= :score_most)
      AND (:score_below::numeric IS NULL OR f.score_percent < :score_below)
      AND (:text::text IS NULL OR strpos(lower(shown.title), lower(:text)) > 0
           OR strpos(lower(shown.provider), lower(:text)) > 0 OR strpos(lower(f.certificate), lower(:text)) > 0)
)
SELECT counted.total, page.number AS sort_number, page.key AS sort_key, r.*
FROM (SELECT CASE WHEN :counts::boolean THEN (SELECT count(*) FROM found) END AS total) counted
LEFT JOIN LATERAL (
    SELECT * FROM found
    WHERE CASE WHEN :after_id::uuid IS NULL THEN true
               WHEN :sorting = 'newest' THEN (newest, newest_record) < (:after_at::timestamptz, :after_id)
               WHEN :sorting = 'oldest' THEN (oldest, oldest_record) > (:after_at, :after_id)
               ELSE (number, key) > (:after_number::bigint, :after_key::text) END
    ORDER BY newest DESC, newest_record DESC, oldest, oldest_record, number, key
    LIMIT :count
) page ON true
LEFT JOIN record r ON r.tenant = :tenant AND r.id = page.record AND r.revision = page.revision
ORDER BY page.newest DESC, page.newest_record DESC, page.oldest, page.oldest_record, page.number, page.key;
