-- name: items_add!
INSERT INTO item (tenant, id, kind, format, title, description, provider, language, url, cover_url, duration,
                  is_authored, requires_quiz, attributes, created_at, updated_at)
SELECT :tenant, i.id, i.kind, i.format, i.title, i.description, i.provider, i.language, i.url, i.cover_url, i.duration,
       i.is_authored, i.requires_quiz, i.attributes, :now, :now
FROM unnest(:ids::uuid[], :kinds::text[], :formats::text[], :titles::text[], :descriptions::text[], :providers::text[],
            :languages::text[], :urls::text[], :cover_urls::text[], :durations::text[], :authored::boolean[],
            :quizzes::boolean[], :attributes::jsonb[])
     AS i (id, kind, format, title, description, provider, language, url, cover_url, duration, is_authored,
           requires_quiz, attributes);

-- name: item_identifiers_add!
INSERT INTO item_identifier (tenant, kind, value, item)
SELECT :tenant, i.kind, i.value, i.item FROM unnest(:kinds::text[], :values::text[], :items::uuid[])
AS i (kind, value, item);

-- name: item_versions_add!
INSERT INTO item_version (tenant, item, number, published_at, created_at)
SELECT :tenant, v.item, v.number, v.published_at, :now
FROM unnest(:items::uuid[], :numbers::int[], :published::timestamptz[]) AS v (item, number, published_at);

-- name: item_version_last
SELECT number, published_at FROM item_version WHERE tenant = :tenant AND item = :item ORDER BY number DESC LIMIT 1;

-- name: item_version_publish!
UPDATE item_version SET published_at = :now, retraining_from = :retraining_from
WHERE tenant = :tenant AND item = :item AND number = :number AND published_at IS NULL;

-- name: item_touch!
UPDATE item SET updated_at = :now WHERE tenant = :tenant AND id = :item;

-- name: item_resolve
SELECT found.item FROM (
    SELECT i.item, array_position(:kinds::text[], i.kind) AS place
    FROM item_identifier i
    WHERE i.tenant = :tenant AND (i.kind, i.value) IN (SELECT k.kind, k.value FROM unnest(:kinds::text[], :values::text[]) AS k (kind, value))
    UNION ALL
    SELECT t.id, 1000 FROM item t WHERE t.tenant = :tenant AND t.id = :id::uuid
) found ORDER BY place LIMIT 1;

-- name: items_get
SELECT t.*, (SELECT coalesce(jsonb_object_agg(kind, vs), '{}') FROM (
                SELECT i.kind, jsonb_agg(i.value ORDER BY i.value) AS vs FROM item_identifier i
                WHERE i.tenant = :tenant AND i.item = t.id GROUP BY i.kind) g) AS identifiers,
       (SELECT max(v.number) FROM item_version v
        WHERE v.tenant = :tenant AND v.item = t.id AND v.published_at <= :now) AS version
FROM unnest(:ids::uuid[]) AS wanted (id) JOIN item t ON t.tenant = :tenant AND t.id = wanted.id;
