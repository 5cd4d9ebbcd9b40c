-- name: tags_named
SELECT id, name, key FROM tag WHERE tenant = :tenant AND key = ANY (:keys::text[]);

-- name: tags_add!
INSERT INTO tag (tenant, id, name, key, created_at, updated_at)
SELECT :tenant, n.id, n.name, n.key, :now, :now FROM unnest(:ids::uuid[], :names::text[], :keys::text[])
AS n (id, name, key);

-- name: tags_touch!
UPDATE tag SET updated_at = :now WHERE tenant = :tenant AND id = ANY (:ids::uuid[]);

-- name: tags_get
-- Of each kind of tie at most :ties_max.
SELECT t.*,
       ARRAY(SELECT DISTINCT l.item FROM item_tag l WHERE l.tenant = :tenant AND l.tag = t.id AND l.untied_at IS NULL
             ORDER BY l.item LIMIT :ties_max) AS items,
       ARRAY(SELECT l.person FROM interest l JOIN person p ON p.tenant = l.tenant AND p.id = l.person
             WHERE l.tenant = :tenant AND l.tag = t.id AND l.untied_at IS NULL AND p.deleted_at IS NULL
             ORDER BY l.person LIMIT :ties_max) AS interested,
       ARRAY(SELECT l.person FROM person_skill l JOIN person p ON p.tenant = l.tenant AND p.id = l.person
             WHERE l.tenant = :tenant AND l.tag = t.id AND l.untied_at IS NULL AND l.level IS NOT NULL
               AND p.deleted_at IS NULL
             ORDER BY l.person LIMIT :ties_max) AS skilled
FROM tag t WHERE t.tenant = :tenant AND t.id = ANY (:ids::uuid[]) ORDER BY t.id;

-- name: tags_numbered_page
-- A limit in the innermost query, so that ties are gathered for this page only.
SELECT id FROM tag WHERE tenant = :tenant AND updated_at >= coalesce(:updated_since::timestamptz, '-infinity')
ORDER BY id LIMIT :count OFFSET :skip;

-- name: tags_count
SELECT count(*) FROM tag
WHERE tenant = :tenant AND updated_at >= coalesce(:updated_since::timestamptz, '-infinity');

-- name: item_tags_tie!
INSERT INTO item_tag (tenant, id, item, tag, is_skill, is_category, tied_at)
SELECT :tenant, n.id, n.item, n.tag, n.is_skill, n.is_category, :now
FROM unnest(:ids::uuid[], :items::uuid[], :tags::uuid[], :skills::boolean[], :categories::boolean[])
AS n (id, item, tag, is_skill, is_category);

-- name: item_tags_untie!
UPDATE item_tag l SET untied_at = :now
FROM unnest(:items::uuid[], :tags::uuid[], :skills::boolean[], :categories::boolean[])
AS n (item, tag, is_skill, is_category)
WHERE l.tenant = :tenant AND l.item = n.item AND l.tag = n.tag AND l.is_skill = n.is_skill
  AND l.is_category = n.is_category AND l.untied_at IS NULL;

-- name: item_tags_get
SELECT l.item, l.tag, l.is_skill, t.name FROM item_tag l JOIN tag t ON t.tenant = l.tenant AND t.id = l.tag
WHERE l.tenant = :tenant AND l.item = ANY (:items::uuid[]) AND l.untied_at IS NULL ORDER BY l.item, t.key;

-- name: interests_tie
INSERT INTO interest (tenant, id, person, tag, tied_at)
SELECT :tenant, n.id, :person, n.tag, :now FROM unnest(:ids::uuid[], :tags::uuid[]) AS n (id, tag)
ON CONFLICT DO NOTHING
RETURNING tag;

-- name: interests_untie
UPDATE interest SET untied_at = :now
WHERE tenant = :tenant AND person = :person AND tag = ANY (:tags::uuid[]) AND untied_at IS NULL
RETURNING tag;

-- name: interests_get
SELECT l.person, l.tag, t.name FROM interest l JOIN tag t ON t.tenant = l.tenant AND t.id = l.tag
WHERE l.tenant = :tenant AND l.person = ANY (:people::uuid[]) AND l.untied_at IS NULL ORDER BY l.person, t.key;

-- name: person_skills_get
SELECT l.person, l.tag, t.name, l.level, l.target
FROM person_skill l JOIN tag t ON t.tenant = l.tenant AND t.id = l.tag
WHERE l.tenant = :tenant AND l.person = ANY (:people::uuid[]) AND l.untied_at IS NULL ORDER BY l.person, t.key;

-- name: person_skills_untie!
UPDATE person_skill SET untied_at = :now
WHERE tenant = :tenant AND person = :person AND tag = ANY (:tags::uuid[]) AND untied_at IS NULL;

-- name: person_skills_tie!
INSERT INTO person_skill (tenant, id, person, tag, level, target, tied_at)
SELECT :tenant, n.id, :person, n.tag, n.level, n.target, :now
FROM unnest(:ids::uuid[], :tags::uuid[], :levels::int[], :targets::int[]) AS n (id, tag, level, target);

-- name: skill_levels_get
SELECT value, name, is_enabled FROM skill_level WHERE tenant = :tenant ORDER BY value;

-- name: skill_levels_put!
INSERT INTO skill_level (tenant, value, name, is_enabled, created_at, updated_at)
SELECT :tenant, n.value, n.name, n.is_enabled, :now, :now
FROM unnest(:values::int[], :names::text[], :enabled::boolean[]) AS n (value, name, is_enabled)
ON CONFLICT (tenant, value) DO UPDATE
SET name = excluded.name, is_enabled = excluded.is_enabled, updated_at = excluded.updated_at;

-- name: tag_uses_put
-- What is null stays. Only what changed comes back.
INSERT INTO tag_use AS u (tenant, use, tag, hierarchy, language, proficiency, extra, created_at, updated_at)
SELECT :tenant, n.use, n.tag, n.hierarchy, n.language, n.proficiency, n.extra, :now, :now
FROM unnest(:uses::text[], :tags::uuid[], :hierarchies::text[], :languages::text[], :proficiencies::int[],
            :extras::jsonb[]) AS n (use, tag, hierarchy, language, proficiency, extra)
ON CONFLICT (tenant, use, tag) DO UPDATE
SET hierarchy = coalesce(excluded.hierarchy, u.hierarchy), language = coalesce(excluded.language, u.language),
    proficiency = coalesce(excluded.proficiency, u.proficiency), extra = coalesce(excluded.extra, u.extra),
    updated_at = excluded.updated_at
WHERE (coalesce(excluded.hierarchy, u.hierarchy), coalesce(excluded.language, u.language),
       coalesce(excluded.proficiency, u.proficiency), coalesce(excluded.extra, u.extra))
      IS DISTINCT FROM (u.hierarchy, u.language, u.proficiency, u.extra)
RETURNING use, tag;

-- name: tag_refs_put
INSERT INTO tag_ref AS r (tenant, use, value, tag)
SELECT :tenant, n.use, n.value, n.tag FROM unnest(:uses::text[], :values::text[], :tags::uuid[]) AS n (use, value, tag)
ON CONFLICT (tenant, use, value) DO UPDATE SET tag = excluded.tag WHERE r.tag <> excluded.tag
RETURNING use, value, tag;

-- name: tag_refs_named
SELECT r.use, r.value, t.name FROM tag_ref r JOIN tag t ON t.tenant = r.tenant AND t.id = r.tag
WHERE r.tenant = :tenant
  AND (r.use, r.value) IN (SELECT n.use, n.value FROM unnest(:uses::text[], :values::text[]) AS n (use, value));

-- name: tag_uses_owned
-- By our own ids.
SELECT u.use, u.tag, t.name FROM tag_use u JOIN tag t ON t.tenant = u.tenant AND t.id = u.tag
WHERE u.tenant = :tenant
  AND (u.use, u.tag) IN (SELECT n.use, n.tag FROM unnest(:uses::text[], :tags::uuid[]) AS n (use, tag));

-- name: tag_use_resolve
SELECT found.tag FROM (
    SELECT r.tag, 1 AS place FROM tag_ref r WHERE r.tenant = :tenant AND r.use = :use AND r.value = :value
    UNION ALL
    SELECT u.tag, 2 FROM tag_use u WHERE u.tenant = :tenant AND u.use = :use AND u.tag = :id::uuid
) found ORDER BY place LIMIT 1;

-- name: tag_uses_get
SELECT u.*, t.name, (SELECT min(r.value) FROM tag_ref r
                     WHERE r.tenant = :tenant AND r.use = u.use AND r.tag = u.tag) AS ref
FROM unnest(:tags::uuid[]) WITH ORDINALITY AS wanted (tag, place)
JOIN tag_use u ON u.tenant = :tenant AND u.use = :use AND u.tag = wanted.tag
JOIN tag t ON t.tenant = u.tenant AND t.id = u.tag
ORDER BY wanted.place;

-- name: tag_uses_page
SELECT tag FROM tag_use WHERE tenant = :tenant AND use = :use AND (:after::uuid IS NULL OR tag > :after)
ORDER BY tag LIMIT :count;

-- name: tag_uses_page_changed
SELECT tag FROM tag_use
WHERE tenant = :tenant AND use = :use AND (updated_at, tag) > (:after_at::timestamptz, :after::uuid)
ORDER BY updated_at, tag LIMIT :count;

-- name: tag_uses_of_items
SELECT l.item, u.*, t.name, (SELECT min(r.value) FROM tag_ref r
                             WHERE r.tenant = :tenant AND r.use = u.use AND r.tag = u.tag) AS ref
FROM item_tag l
JOIN tag t ON t.tenant = l.tenant AND t.id = l.tag
JOIN tag_use u ON u.tenant = l.tenant AND u.tag = l.tag AND u.use = CASE WHEN l.is_skill THEN 'skill' ELSE 'category' END
WHERE l.tenant = :tenant AND l.item = ANY (:items::uuid[]) AND l.untied_at IS NULL AND (l.is_skill OR l.is_category)
ORDER BY l.item, t.key;
