-- name: activity_mark_before
-- The last mark before a moment and the entry of the one behind it, read at once: another reader may just be marking.
-- Without a mark before it, what stands at the beginning of everything. `last_entry` is the ledger's.
SELECT m.number, m.entry, m.reached,
       (SELECT n.entry FROM activity_mark n WHERE n.tenant = :tenant AND n.number > m.number
        ORDER BY n.number LIMIT 1) AS next_entry,
       (SELECT c.entry FROM tenant_counter c WHERE c.tenant = :tenant) AS last_entry
FROM (
    (SELECT number, entry, reached FROM activity_mark
     WHERE tenant = :tenant AND reached < :before ORDER BY reached DESC, number DESC LIMIT 1)
    UNION ALL
    SELECT 0, 0, NULL
    ORDER BY number DESC LIMIT 1
) m;

-- name: activity_mark_last
SELECT number, entry, reached FROM activity_mark WHERE tenant = :tenant ORDER BY number DESC LIMIT 1;

-- name: activity_mark_until
-- The last mark that is not beyond activity `number`.
SELECT number, entry, reached FROM activity_mark
WHERE tenant = :tenant AND number <= :number ORDER BY number DESC LIMIT 1;

-- name: activity_marks_add
-- Marks every activity whose number is a multiple of `spacing` among the `count` activities behind a mark.
INSERT INTO activity_mark (tenant, number, entry, reached)
SELECT :tenant, :number + m.place, m.entry, greatest(:reached::timestamptz, m.reached)
FROM (
    SELECT a.entry, row_number() OVER (ORDER BY a.entry) AS place, max(a.recorded_at) OVER (ORDER BY a.entry) AS reached
    FROM (
        (SELECT entry, recorded_at FROM activity_of_fact WHERE tenant = :tenant AND entry > :entry
         ORDER BY entry LIMIT :count)
        UNION ALL
        (SELECT entry, recorded_at FROM activity_of_entry WHERE tenant = :tenant AND entry > :entry
         ORDER BY entry LIMIT :count)
        ORDER BY entry LIMIT :count
    ) a
) m
WHERE m.place % :spacing = 0
ON CONFLICT (tenant, number) DO NOTHING
RETURNING number;

-- name: activities_before
-- How many activities behind a mark, up to an entry, come before a moment. Their dates never fall, so these are the first
-- ones in the order of commits. The entries are plain parameters: row-level security keeps anything else from the index.
SELECT count(*) FROM (
    SELECT greatest(:reached::timestamptz, max(a.recorded_at) OVER (ORDER BY a.entry)) AS date
    FROM activity a WHERE a.tenant = :tenant AND a.entry > :entry AND a.entry <= :until
) dated
WHERE date < :before;

-- name: activities_counted_page
-- `taken` activities behind a mark without the first `skip`, with their dates.
SELECT a.entry, greatest(:reached::timestamptz, max(a.recorded_at) OVER (ORDER BY a.entry)) AS date
FROM (
    (SELECT entry, recorded_at FROM activity_of_fact WHERE tenant = :tenant AND entry > :entry
     ORDER BY entry LIMIT :taken)
    UNION ALL
    (SELECT entry, recorded_at FROM activity_of_entry WHERE tenant = :tenant AND entry > :entry
     ORDER BY entry LIMIT :taken)
    ORDER BY entry LIMIT :taken
) a
ORDER BY a.entry OFFSET :skip;

-- name: activities_filtered_page
-- Looks at every activity between two entries until `taken` are found; the first `skip` of them are left out. A form is an
-- item's format where the caller knows it, else the word of its kind.
(SELECT a.entry FROM activity_of_fact a
 WHERE :of_facts::boolean AND a.tenant = :tenant AND a.entry > :after AND a.entry < :until
   AND (:kinds::text[] IS NULL OR a.kind = ANY (:kinds))
   AND (:items::uuid[] IS NULL OR a.item = ANY (:items))
   AND (:forms::text[] IS NULL OR EXISTS (
         SELECT FROM item i WHERE i.tenant = :tenant AND i.id = a.item
         AND CASE WHEN lower(i.format) = ANY (:formats::text[]) THEN lower(i.format) ELSE i.kind END = ANY (:forms)))
 ORDER BY a.entry LIMIT :taken)
UNION ALL
(SELECT a.entry FROM activity_of_entry a
 WHERE a.tenant = :tenant AND a.entry > :after AND a.entry < :until
   AND (:kinds::text[] IS NULL OR a.kind = ANY (:kinds))
   AND (:items::uuid[] IS NULL OR a.item = ANY (:items))
   AND (:forms::text[] IS NULL OR EXISTS (
         SELECT FROM item i WHERE i.tenant = :tenant AND i.id = a.item
         AND CASE WHEN lower(i.format) = ANY (:formats::text[]) THEN lower(i.format) ELSE i.kind END = ANY (:forms)))
 ORDER BY a.entry LIMIT :taken)
ORDER BY entry LIMIT (:taken - :skip) OFFSET :skip;

-- name: activities_filtered_count
SELECT (
    SELECT count(*) FROM activity_of_fact a
    WHERE :of_facts::boolean AND a.tenant = :tenant AND a.entry > :after AND a.entry < :until
      AND (:kinds::text[] IS NULL OR a.kind = ANY (:kinds))
      AND (:items::uuid[] IS NULL OR a.item = ANY (:items))
      AND (:forms::text[] IS NULL OR EXISTS (
         SELECT FROM item i WHERE i.tenant = :tenant AND i.id = a.item
         AND CASE WHEN lower(i.format) = ANY (:formats::text[]) THEN lower(i.format) ELSE i.kind END = ANY (:forms)))
) + (
    SELECT count(*) FROM activity_of_entry a
    WHERE a.tenant = :tenant AND a.entry > :after AND a.entry < :until
      AND (:kinds::text[] IS NULL OR a.kind = ANY (:kinds))
      AND (:items::uuid[] IS NULL OR a.item = ANY (:items))
      AND (:forms::text[] IS NULL OR EXISTS (
         SELECT FROM item i WHERE i.tenant = :tenant AND i.id = a.item
         AND CASE WHEN lower(i.format) = ANY (:formats::text[]) THEN lower(i.format) ELSE i.kind END = ANY (:forms)))
);

-- name: activities_dated
-- The dates of single activities: the latest time of recording up to each.
SELECT wanted.entry, greatest(
    mark.reached,
    (SELECT max(f.recorded_at) FROM activity_of_fact f
     WHERE f.tenant = :tenant AND f.entry > mark.entry AND f.entry <= wanted.entry),
    (SELECT max(e.recorded_at) FROM activity_of_entry e
     WHERE e.tenant = :tenant AND e.entry > mark.entry AND e.entry <= wanted.entry)
) AS date
FROM unnest(:entries::bigint[]) AS wanted (entry)
CROSS JOIN LATERAL (
    (SELECT m.entry, m.reached FROM activity_mark m
     WHERE m.tenant = :tenant AND m.entry <= wanted.entry ORDER BY m.entry DESC LIMIT 1)
    UNION ALL
    SELECT 0, NULL
    ORDER BY entry DESC LIMIT 1
) mark
ORDER BY wanted.entry;

-- name: activities_get
SELECT a.*, wanted.date, it.title, it.kind AS item_kind, it.format, it.language
FROM unnest(:entries::bigint[], :dates::timestamptz[]) AS wanted (entry, date)
CROSS JOIN LATERAL (SELECT * FROM activity b WHERE b.tenant = :tenant AND b.entry = wanted.entry LIMIT 1) a
CROSS JOIN LATERAL (
    SELECT i.title, i.kind, i.format, i.language FROM item i WHERE i.tenant = :tenant AND i.id = a.item LIMIT 1
) it
ORDER BY wanted.entry;

-- name: items_named
-- The items that these texts may name: as an id that came along, or as one of our own.
SELECT coalesce(i.item, named.id) AS item
FROM unnest(:values::text[], :ids::uuid[]) AS named (value, id)
LEFT JOIN item_identifier i ON i.tenant = :tenant AND i.kind = :kind AND i.value = named.value
WHERE coalesce(i.item, named.id) IS NOT NULL;
