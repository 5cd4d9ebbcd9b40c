-- name: items_add!
INSERT INTO item (tenant, id, kind, format, title, description, provider, language, url, cover_url, duration,
                  is_authored, requires_quiz, is_official, author, attributes, details, created_at, updated_at,
                  retired_at)
SELECT :tenant, i.id, i.kind, i.format, i.title, i.description, i.provider, i.language, i.url, i.cover_url, i.duration,
       i.is_authored, i.requires_quiz, i.is_official, i.author, i.attributes, i.details, :now, :now, i.retired_at
FROM unnest(:ids::uuid[], :kinds::text[], :formats::text[], :titles::text[], :descriptions::text[], :providers::text[],
            :languages::text[], :urls::text[], :cover_urls::text[], :durations::text[], :authored::boolean[],
            :quizzes::boolean[], :official::boolean[], :authors::uuid[], :attributes::jsonb[], :details::jsonb[],
            :retired::timestamptz[])
     AS i (id, kind, format, title, description, provider, language, url, cover_url, duration, is_authored,
           requires_quiz, is_official, author, attributes, details, retired_at);

-- name: items_change!
UPDATE item t
SET kind = i.kind, format = i.format, title = i.title, description = i.description, provider = i.provider,
    language = i.language, url = i.url, cover_url = i.cover_url, duration = i.duration, is_authored = i.is_authored,
    requires_quiz = i.requires_quiz, is_official = i.is_official, author = i.author, attributes = i.attributes,
    details = i.details, retired_at = i.retired_at, updated_at = :now
FROM unnest(:ids::uuid[], :kinds::text[], :formats::text[], :titles::text[], :descriptions::text[], :providers::text[],
            :languages::text[], :urls::text[], :cover_urls::text[], :durations::text[], :authored::boolean[],
            :quizzes::boolean[], :official::boolean[], :authors::uuid[], :attributes::jsonb[], :details::jsonb[],
            :retired::timestamptz[])
     AS i (id, kind, format, title, description, provider, language, url, cover_url, duration, is_authored,
           requires_quiz, is_official, author, attributes, details, retired_at)
WHERE t.tenant = :tenant AND t.id = i.id;

-- name: item_identifiers_add!
INSERT INTO item_identifier (tenant, kind, value, item)
SELECT :tenant, i.kind, i.value, i.item FROM unnest(:kinds::text[], :values::text[], :items::uuid[])
AS i (kind, value, item);

-- name: item_identifiers_drop!
DELETE FROM item_identifier t USING unnest(:kinds::text[], :values::text[], :items::uuid[]) AS i (kind, value, item)
WHERE t.tenant = :tenant AND t.kind = i.kind AND t.value = i.value AND t.item = i.item;

-- name: items_touch!
UPDATE item SET updated_at = :now WHERE tenant = :tenant AND id = ANY (:ids::uuid[]);

-- name: item_versions_add!
INSERT INTO item_version (tenant, item, number, published_at, created_at)
SELECT :tenant, v.item, v.number, v.published_at, :now
FROM unnest(:items::uuid[], :numbers::int[], :published::timestamptz[]) AS v (item, number, published_at);

-- name: item_versions_publish!
UPDATE item_version t SET published_at = :now, retraining_from = v.retraining_from
FROM unnest(:items::uuid[], :numbers::int[], :retraining_from::date[]) AS v (item, number, retraining_from)
WHERE t.tenant = :tenant AND t.item = v.item AND t.number = v.number AND t.published_at IS NULL;

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

-- name: item_identifiers_find
SELECT kind, value, item FROM item_identifier
WHERE tenant = :tenant
  AND (kind, value) IN (SELECT k.kind, k.value FROM unnest(:kinds::text[], :values::text[]) AS k (kind, value));

-- name: item_authors_find
-- By reference, email address, an id of Thrive's, or our own id, in this order.
SELECT n.text, coalesce(
    (SELECT i.person FROM person_identifier i WHERE i.tenant = :tenant AND i.kind = 'ref' AND i.value = n.text),
    (SELECT i.person FROM person_identifier i WHERE i.tenant = :tenant AND i.kind = 'email' AND i.value = n.lowered),
    (SELECT i.person FROM person_identifier i WHERE i.tenant = :tenant AND i.kind = 'thrive' AND i.value = n.lowered),
    (SELECT p.id FROM person p WHERE p.tenant = :tenant AND p.id = n.id)) AS person
FROM unnest(:texts::text[], :lowered::text[], :ids::uuid[]) AS n (text, lowered, id);

-- name: items_get
SELECT t.*, (SELECT coalesce(jsonb_object_agg(kind, vs), '{}') FROM (
                SELECT i.kind, jsonb_agg(i.value ORDER BY i.value) AS vs FROM item_identifier i
                WHERE i.tenant = :tenant AND i.item = t.id GROUP BY i.kind) g) AS identifiers,
       (SELECT max(v.number) FROM item_version v
        WHERE v.tenant = :tenant AND v.item = t.id AND v.published_at <= :now) AS version,
       (SELECT max(v.number) FROM item_version v WHERE v.tenant = :tenant AND v.item = t.id) AS last_version,
       ARRAY(SELECT g.name FROM item_tag l JOIN tag g ON g.tenant = l.tenant AND g.id = l.tag
             WHERE l.tenant = :tenant AND l.item = t.id AND NOT l.is_skill AND NOT l.is_category
               AND l.untied_at IS NULL
             ORDER BY g.key) AS tags,
       ARRAY(SELECT g.name FROM item_tag l JOIN tag g ON g.tenant = l.tenant AND g.id = l.tag
             WHERE l.tenant = :tenant AND l.item = t.id AND l.is_category AND l.untied_at IS NULL
             ORDER BY g.key) AS categories,
       ARRAY(SELECT g.name FROM item_tag l JOIN tag g ON g.tenant = l.tenant AND g.id = l.tag
             WHERE l.tenant = :tenant AND l.item = t.id AND l.is_skill AND l.untied_at IS NULL
             ORDER BY g.key) AS skills
FROM unnest(:ids::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN item t ON t.tenant = :tenant AND t.id = wanted.id
ORDER BY wanted.place;

-- name: items_numbered_page
-- What learners can see or have done: published once, or learning outside. A form is an item's format where the caller
-- knows it, else its kind.
SELECT t.id FROM item t
WHERE t.tenant = :tenant AND t.updated_at >= coalesce(:updated_since::timestamptz, '-infinity')
  AND (:forms::text[] IS NULL
       OR CASE WHEN lower(t.format) = ANY (:formats::text[]) THEN lower(t.format) ELSE t.kind END = ANY (:forms))
  AND (t.kind = 'outside' OR EXISTS (SELECT FROM item_version v WHERE v.tenant = :tenant AND v.item = t.id
                                     AND v.published_at <= :now))
ORDER BY t.id LIMIT :count OFFSET :skip;

-- name: items_count
SELECT count(*) FROM item t
WHERE t.tenant = :tenant AND t.updated_at >= coalesce(:updated_since::timestamptz, '-infinity')
  AND (:forms::text[] IS NULL
       OR CASE WHEN lower(t.format) = ANY (:formats::text[]) THEN lower(t.format) ELSE t.kind END = ANY (:forms))
  AND (t.kind = 'outside' OR EXISTS (SELECT FROM item_version v WHERE v.tenant = :tenant AND v.item = t.id
                                     AND v.published_at <= :now));

-- name: items_history
-- The newest :count of each item, in order. The kinds are those of the index ledger_entry_item.
SELECT h.* FROM unnest(:ids::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT e.subject AS item, e.number, e.kind, e.client, e.data, e.recorded_at FROM ledger_entry e
    WHERE e.tenant = :tenant AND e.subject = wanted.id
      AND e.kind IN ('item.added', 'item.updated', 'item.published', 'item.retired', 'item.restored')
    ORDER BY e.number DESC LIMIT :count) h
ORDER BY h.item, h.number;

-- name: items_of_kind
-- Items of a kind that were published once, in order of id.
SELECT t.id FROM item t
WHERE t.tenant = :tenant AND t.kind = :kind AND (:after::uuid IS NULL OR t.id > :after)
  AND (NOT :active::boolean OR t.retired_at IS NULL)
  AND EXISTS (SELECT FROM item_version v WHERE v.tenant = :tenant AND v.item = t.id AND v.published_at <= :now)
ORDER BY t.id LIMIT :count;

-- name: items_of_kind_changed
-- The same of those changed after a moment, in the order of their last change.
SELECT t.id FROM item t
WHERE t.tenant = :tenant AND t.kind = :kind AND (t.updated_at, t.id) > (:after_at::timestamptz, :after::uuid)
  AND (NOT :active::boolean OR t.retired_at IS NULL)
  AND EXISTS (SELECT FROM item_version v WHERE v.tenant = :tenant AND v.item = t.id AND v.published_at <= :now)
ORDER BY t.updated_at, t.id LIMIT :count;

-- name: items_of_kind_count
SELECT count(*) FROM item t
WHERE t.tenant = :tenant AND t.kind = :kind AND t.updated_at > coalesce(:since::timestamptz, '-infinity')
  AND (NOT :active::boolean OR t.retired_at IS NULL)
  AND EXISTS (SELECT FROM item_version v WHERE v.tenant = :tenant AND v.item = t.id AND v.published_at <= :now);

-- name: items_resolve
-- By reference, an id of StackOne, or our own id, in this order.
SELECT n.text, coalesce(
    (SELECT i.item FROM item_identifier i WHERE i.tenant = :tenant AND i.kind = 'ref' AND i.value = n.text),
    (SELECT i.item FROM item_identifier i WHERE i.tenant = :tenant AND i.kind = 'stackone' AND i.value = n.text),
    (SELECT t.id FROM item t WHERE t.tenant = :tenant AND t.id = n.id)) AS item
FROM unnest(:texts::text[], :ids::uuid[]) AS n (text, id);

-- name: item_links_get
-- What these items consist of, in order.
SELECT parent, child FROM item_link
WHERE tenant = :tenant AND parent = ANY (:parents::uuid[]) AND unlinked_at IS NULL ORDER BY parent, place;

-- name: item_links_around
-- What these items consist of, and what they belong to.
SELECT l.parent, l.child, l.place, p.kind AS parent_kind FROM item_link l
JOIN item p ON p.tenant = l.tenant AND p.id = l.parent
WHERE l.tenant = :tenant AND l.unlinked_at IS NULL
  AND (l.parent = ANY (:items::uuid[]) OR l.child = ANY (:items::uuid[]))
ORDER BY l.parent, l.place;

-- name: item_links_end!
UPDATE item_link SET unlinked_at = :now
WHERE tenant = :tenant AND parent = ANY (:parents::uuid[]) AND unlinked_at IS NULL
  AND NOT EXISTS (SELECT FROM unnest(:kept_parents::uuid[], :kept_children::uuid[], :kept_places::int[])
                  AS k (parent, child, place)
                  WHERE k.parent = item_link.parent AND k.child = item_link.child AND k.place = item_link.place);

-- name: item_links_add!
INSERT INTO item_link (tenant, id, parent, child, place, linked_at)
SELECT :tenant, n.id, n.parent, n.child, n.place, :now
FROM unnest(:ids::uuid[], :parents::uuid[], :children::uuid[], :places::int[]) AS n (id, parent, child, place)
ON CONFLICT DO NOTHING;

-- name: batch_add!
INSERT INTO batch (tenant, id, kind, client, rows, started_at)
VALUES (:tenant, :id, :kind, :client, :rows, :now);

-- name: batch_rows_add!
INSERT INTO batch_row (tenant, batch, place, outcome, item, reason)
SELECT :tenant, :batch, n.place, n.outcome, n.item, n.reason
FROM unnest(:places::int[], :outcomes::text[], :items::uuid[], :reasons::text[]) AS n (place, outcome, item, reason);

-- name: batch_end!
UPDATE batch SET ended_at = :now WHERE tenant = :tenant AND id = :id;

-- name: batch_get
SELECT id, kind, client, rows, started_at, ended_at FROM batch WHERE tenant = :tenant AND id = :id;

-- name: batch_rows_get
SELECT place, outcome, item, reason FROM batch_row WHERE tenant = :tenant AND batch = :batch ORDER BY place;

-- name: items_keyset
-- Ids in order. A single one is a range too, as in people_keyset.
SELECT t.id FROM item t
WHERE t.tenant = :tenant AND t.id > :after::uuid AND t.id >= :first::uuid AND t.id <= :last::uuid
  AND (:kind::text IS NULL OR t.kind = :kind)
  AND (:retired::boolean IS NULL OR :retired = (t.retired_at IS NOT NULL))
  AND (:updated_after::timestamptz IS NULL OR t.updated_at > :updated_after)
ORDER BY t.id LIMIT :count;

-- name: item_versions_keyset
SELECT number, published_at, retraining_from, created_at FROM item_version
WHERE tenant = :tenant AND item = :item AND number > :after ORDER BY number LIMIT :count;

-- name: items_single_keyset
-- What is no collection and not retired, drafts too, in order of id. Without formats every one, else those whose format is
-- one of them, or with others those that have another format or none, authored here or not.
SELECT t.id FROM item t
WHERE t.tenant = :tenant AND t.id > :after::uuid AND t.kind <> 'collection' AND t.retired_at IS NULL
  AND (:formats::text[] IS NULL OR coalesce(t.format = ANY (:formats), false) <> :others)
  AND (:authored::boolean IS NULL OR t.is_authored = :authored)
ORDER BY t.id LIMIT :count;
