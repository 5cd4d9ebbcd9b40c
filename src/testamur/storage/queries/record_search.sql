-- name: plan_afresh!
-- For this transaction: plan each statement for the values it has. A search has many optional parts, and one plan for
-- all of them would read the whole tenant for every page.
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: record_search
-- A page of records with how many there are. One row always comes: without any record only `total` is set.
--
-- Filters that are null are left out. A list of values means any of them, and null in it means "has none": that is how
-- array_position compares. `sorting` is `newest` or `oldest`, which follow the index fact_created and give no other
-- place than `created_at` and the id; or `places`, up to four fields, each as a pair of a number and a text that sort
-- upwards and have no nulls, because rows of values compare place by place only then.
WITH found AS NOT MATERIALIZED (
    SELECT f.record, f.revision,
           CASE WHEN :sorting = 'newest' THEN f.created_at END AS newest,
           CASE WHEN :sorting = 'newest' THEN f.record END AS newest_record,
           CASE WHEN :sorting = 'oldest' THEN f.created_at END AS oldest,
           CASE WHEN :sorting = 'oldest' THEN f.record END AS oldest_record,
           place_1.number AS number_1, place_1.text COLLATE "C" AS text_1,
           place_2.number AS number_2, place_2.text COLLATE "C" AS text_2,
           place_3.number AS number_3, place_3.text COLLATE "C" AS text_3,
           place_4.number AS number_4, place_4.text COLLATE "C" AS text_4,
           f.created_at AS first_at
    FROM fact f
    CROSS JOIN LATERAL (
        SELECT coalesce(f.extra ->> 'title',
                        (SELECT i.title FROM item i WHERE i.tenant = :tenant AND i.id = f.item)) AS title,
               CASE WHEN f.extra ? 'title' THEN f.extra ->> 'provider'
                    ELSE (SELECT i.provider FROM item i WHERE i.tenant = :tenant AND i.id = f.item) END AS provider,
               coalesce(f.closed_at, f.recorded_at) AS updated_at
    ) named
    CROSS JOIN LATERAL (
        -- Moments in microseconds. Text by its first 400 bytes, so that a cursor stays short: in hexadecimal, because
        -- its digits can be mirrored to sort downwards.
        SELECT (extract(epoch FROM f.created_at) * 1000000)::bigint AS created_at,
               (extract(epoch FROM named.updated_at) * 1000000)::bigint AS updated_at,
               (extract(epoch FROM f.completed_at) * 1000000)::bigint AS completed_at,
               (extract(epoch FROM f.expires_at) * 1000000)::bigint AS expires_at,
               (f.score_percent * 1000000000000)::bigint AS score,
               encode(substr(convert_to(named.title, 'UTF8'), 1, 400), 'hex') AS title,
               encode(substr(convert_to(named.provider, 'UTF8'), 1, 400), 'hex') AS provider,
               f.record::text AS id
    ) sortable
    CROSS JOIN LATERAL (SELECT 
        coalesce(:sign_1::int * CASE :field_1 
            WHEN 'created_at' THEN sortable.created_at WHEN 'updated_at' THEN sortable.updated_at
            WHEN 'completed_at' THEN sortable.completed_at WHEN 'expires_at' THEN sortable.expires_at
            WHEN 'score' THEN sortable.score ELSE 0 END, 9223372036854775807) AS number,
        coalesce(CASE WHEN :sign_1 = 1 THEN t.x ELSE translate(t.x, '0123456789abcdef', 'fedcba9876543210') || 'g' END, 'z') AS text
        FROM (SELECT CASE :field_1 WHEN 'title' THEN sortable.title WHEN 'provider' THEN sortable.provider WHEN 'id' THEN sortable.id ELSE '' END AS x) t
    ) place_1
    WHERE f.tenant = :tenant
)
SELECT 1;
