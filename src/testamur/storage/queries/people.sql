-- name: person_identifiers_add!
INSERT INTO person_identifier (tenant, kind, value, person)
SELECT :tenant, i.kind, i.value, i.person FROM unnest(:kinds::text[], :values::text[], :people::uuid[])
AS i (kind, value, person);

-- name: people_add!
-- The writer is alone, so the places behind the last one are free.
INSERT INTO person (tenant, id, place, given_name, family_name, phone, role, language, zone, is_active, attributes,
                    login, single_sign_on, domain, starts_at, ends_at, created_at, updated_at)
SELECT :tenant, p.id, (SELECT coalesce(max(l.place), 0) FROM person l WHERE l.tenant = :tenant) + p.place,
       p.given_name, p.family_name, p.phone, p.role, p.language, p.zone, p.is_active, p.attributes,
       p.login, p.single_sign_on, p.domain, p.starts_at, p.ends_at, :now, :now
FROM unnest(:ids::uuid[], :given_names::text[], :family_names::text[], :phones::text[], :roles::text[],
            :languages::text[], :zones::text[], :actives::boolean[], :attributes::jsonb[], :logins::text[],
            :single_sign_ons::boolean[], :domains::text[], :starts_at::timestamptz[], :ends_at::timestamptz[])
     WITH ORDINALITY AS p (id, given_name, family_name, phone, role, language, zone, is_active, attributes, login,
                           single_sign_on, domain, starts_at, ends_at, place);

-- name: person_resolve
SELECT found.person FROM (
    SELECT i.person, array_position(:kinds::text[], i.kind) AS place
    FROM person_identifier i
    WHERE i.tenant = :tenant AND (i.kind, i.value) IN (SELECT k.kind, k.value FROM unnest(:kinds::text[], :values::text[]) AS k (kind, value))
    UNION ALL
    SELECT p.id, 1000 FROM person p WHERE p.tenant = :tenant AND p.id = :id::uuid
) found ORDER BY place LIMIT 1;

-- name: people_resolve
-- For each place of a list the person it names. An identifier of an earlier kind wins over one of a later, and any
-- over an id of ours. Places that name nobody have no row.
SELECT DISTINCT ON (found.place) found.place, found.person FROM (
    SELECT w.place, w.rank, i.person
    FROM unnest(:places::int[], :ranks::int[], :kinds::text[], :values::text[]) AS w (place, rank, kind, value)
    CROSS JOIN LATERAL (
        SELECT n.person FROM person_identifier n
        WHERE n.tenant = :tenant AND n.kind = w.kind AND n.value = w.value LIMIT 1
    ) i
    UNION ALL
    SELECT w.place, 1000, w.id
    FROM unnest(:id_places::int[], :ids::uuid[]) AS w (place, id)
) found
CROSS JOIN LATERAL (
    SELECT p.id FROM person p
    WHERE p.tenant = :tenant AND p.id = found.person AND (:with_deleted OR p.deleted_at IS NULL) LIMIT 1
) p
ORDER BY found.place, found.rank;

-- name: people_get
SELECT k.* FROM unnest(:ids::uuid[]) AS wanted (id) JOIN known_person k ON k.tenant = :tenant AND k.id = wanted.id

-- name: people_placed
-- Nobody leaves the list, so a page is a range of places and costs the same at any depth.
SELECT k.* FROM (SELECT id FROM person
      WHERE tenant = :tenant AND place > :skip AND place <= :skip::bigint + :count ORDER BY place LIMIT :count) page
JOIN known_person k ON k.tenant = :tenant AND k.id = page.id
ORDER BY k.place;

-- name: people_count
SELECT coalesce(max(place), 0) FROM person WHERE tenant = :tenant;

-- name: people_filtered
-- The page is cut out first, so that names are looked up for its rows only. The status is as core/people.py has it.
SELECT k.* FROM (SELECT p.id FROM person p
      WHERE p.tenant = :tenant AND p.updated_at >= :updated_since AND CASE WHEN p.deleted_at IS NOT NULL OR NOT p.is_active THEN 'inactive'
            WHEN p.ends_at <= :now THEN 'expired' WHEN p.starts_at > :now THEN 'new'
            ELSE 'active' END = ANY (:statuses::text[])
      ORDER BY p.place LIMIT :count OFFSET :skip) page
JOIN known_person k ON k.tenant = :tenant AND k.id = page.id
ORDER BY k.place;

-- name: people_filtered_count
SELECT count(*) FROM person p
WHERE p.tenant = :tenant AND p.updated_at >= :updated_since AND CASE WHEN p.deleted_at IS NOT NULL OR NOT p.is_active THEN 'inactive'
            WHEN p.ends_at <= :now THEN 'expired' WHEN p.starts_at > :now THEN 'new'
            ELSE 'active' END = ANY (:statuses::text[]);

-- name: people_audiences
-- Where each of these people is a member, not more than `most` of each.
SELECT who.person, a.id AS audience FROM unnest(:people::uuid[]) AS who (person)
CROSS JOIN LATERAL (
    SELECT a.id FROM membership m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
    WHERE m.tenant = :tenant AND m.person = who.person AND m.left_on IS NULL AND a.deleted_at IS NULL
    ORDER BY a.id LIMIT :most
) a ORDER BY who.person, a.id;

-- name: person_identifiers_named
-- Whom these identifiers name.
SELECT i.kind, i.value, i.person FROM person_identifier i
WHERE i.tenant = :tenant
  AND (i.kind, i.value) IN (SELECT n.kind, n.value FROM unnest(:kinds::text[], :values::text[]) AS n (kind, value));

-- name: person_identifiers_drop!
DELETE FROM person_identifier i
USING unnest(:kinds::text[], :values::text[], :people::uuid[]) AS n (kind, value, person)
WHERE i.tenant = :tenant AND i.kind = n.kind AND i.value = n.value AND i.person = n.person;

-- name: person_identifiers_remove!
DELETE FROM person_identifier WHERE tenant = :tenant AND person = :person;

-- name: people_change!
UPDATE person p SET given_name = n.given_name, family_name = n.family_name, phone = n.phone, role = n.role,
       language = n.language, zone = n.zone, login = n.login, single_sign_on = n.single_sign_on, domain = n.domain,
       starts_at = n.starts_at, ends_at = n.ends_at, attributes = n.attributes, updated_at = :now
FROM unnest(:ids::uuid[], :given_name::text[], :family_name::text[], :phone::text[], :role::text[],
            :language::text[], :zone::text[], :login::text[], :single_sign_on::boolean[], :domain::text[],
            :starts_at::timestamptz[], :ends_at::timestamptz[], :attributes::jsonb[])
     AS n (id, given_name, family_name, phone, role, language, zone, login, single_sign_on, domain, starts_at, ends_at,
           attributes)
WHERE p.tenant = :tenant AND p.id = n.id;

-- name: people_activate!
UPDATE person p SET is_active = :is_active, ends_at = n.ends_at, updated_at = :now
FROM unnest(:ids::uuid[], :ends_at::timestamptz[]) AS n (id, ends_at)
WHERE p.tenant = :tenant AND p.id = n.id;

-- name: person_empty!
-- Who she was goes; that she was, and when, stays.
UPDATE person SET given_name = '', family_name = '', phone = NULL, role = 'learner', language = NULL, zone = NULL,
       login = 'email', single_sign_on = false, domain = NULL, starts_at = NULL, ends_at = NULL, attributes = '{}',
       is_active = false, updated_at = :now, deleted_at = :now
WHERE tenant = :tenant AND id = :id;

-- name: person_forget
SELECT forget_person(:id);

-- name: people_touch!
UPDATE person SET updated_at = :now WHERE tenant = :tenant AND id = ANY (:ids::uuid[]);

-- name: employments_close!
UPDATE employment SET closed_at = greatest(:now, opened_at)
WHERE tenant = :tenant AND person = ANY (:people::uuid[]) AND closed_at IS NULL;

-- name: employments_open!
INSERT INTO employment (tenant, id, person, title, manager, manager_ref, opened_at)
SELECT :tenant, n.id, n.person, n.title, n.manager, n.manager_ref, :now
FROM unnest(:ids::uuid[], :people::uuid[], :titles::text[], :managers::uuid[], :manager_refs::text[])
     AS n (id, person, title, manager, manager_ref);

-- name: employments_arrive
-- Gives managers who were awaited to those who waited, and returns them.
UPDATE employment e SET manager = n.person, manager_ref = NULL
FROM unnest(:values::text[], :people::uuid[]) AS n (value, person)
WHERE e.tenant = :tenant AND e.manager_ref = n.value AND e.closed_at IS NULL AND e.person <> n.person
RETURNING e.person, e.manager;

-- name: employment_circle
-- One of these people who stands above herself.
WITH RECURSIVE above AS (
    SELECT e.person AS below, e.manager AS boss FROM employment e
    WHERE e.tenant = :tenant AND e.person = ANY (:people::uuid[]) AND e.closed_at IS NULL AND e.manager IS NOT NULL
    UNION
    SELECT a.below, e.manager FROM above a
    JOIN employment e ON e.tenant = :tenant AND e.person = a.boss AND e.closed_at IS NULL AND e.manager IS NOT NULL
)
SELECT below FROM above WHERE boss = below LIMIT 1;

-- name: suspensions_open!
-- A suspension that is told late begins behind the one before it.
INSERT INTO suspension (tenant, id, person, batch, began_at, began_known_at)
SELECT :tenant, n.id, n.person, :batch,
       greatest(n.began_at, (SELECT max(s.ended_at) FROM suspension s
                             WHERE s.tenant = :tenant AND s.person = n.person)), :now
FROM unnest(:ids::uuid[], :people::uuid[], :began_at::timestamptz[]) AS n (id, person, began_at);

-- name: suspensions_end!
UPDATE suspension SET ended_at = greatest(:now, began_at), ended_known_at = :now
WHERE tenant = :tenant AND person = ANY (:people::uuid[]) AND ended_at IS NULL;

-- name: people_absences
-- When people were suspended, and since when they are deleted.
SELECT s.person, s.began_at, s.began_known_at, s.ended_at, s.ended_known_at FROM suspension s
WHERE s.tenant = :tenant AND s.person = ANY (:people::uuid[])
UNION ALL
SELECT p.id, p.deleted_at, p.deleted_at, NULL, NULL FROM person p
WHERE p.tenant = :tenant AND p.id = ANY (:people::uuid[]) AND p.deleted_at IS NOT NULL
ORDER BY 1, 2;

-- name: person_memberships_close
-- As memberships_close in memberships.sql, of one person in all audiences; the day is the tenant's.
UPDATE membership m SET left_on = greatest((:now::timestamptz AT TIME ZONE t.zone)::date, m.joined_on),
       left_recorded_at = :now
FROM tenant t
WHERE t.id = :tenant AND m.tenant = :tenant AND m.person = :person AND m.left_on IS NULL
RETURNING m.audience, m.joined_on, m.left_on;

-- name: person_managing_close
-- As managers_close in audiences.sql, of one person in all audiences.
UPDATE audience_manager SET closed_at = greatest(:now, opened_at)
WHERE tenant = :tenant AND person = :person AND closed_at IS NULL
RETURNING audience;

-- name: person_interests_close
UPDATE interest l SET untied_at = :now FROM tag t
WHERE l.tenant = :tenant AND l.person = :person AND l.untied_at IS NULL AND t.tenant = :tenant AND t.id = l.tag
RETURNING l.tag, t.name;

-- name: person_skills_close
UPDATE person_skill l SET untied_at = :now FROM tag t
WHERE l.tenant = :tenant AND l.person = :person AND l.untied_at IS NULL AND t.tenant = :tenant AND t.id = l.tag
RETURNING l.tag, t.name;

-- name: event_find
SELECT fingerprint FROM event_taken WHERE tenant = :tenant AND source = :source AND id = :id;

-- name: event_take!
INSERT INTO event_taken (tenant, source, id, fingerprint, taken_at)
VALUES (:tenant, :source, :id, :fingerprint, :now);

-- name: people_keyset
-- Ids in order. A single one is a range too, so that whatever is asked is read along the key.
SELECT p.id FROM person p
WHERE p.tenant = :tenant AND p.id > :after::uuid AND p.id >= :first::uuid AND p.id <= :last::uuid
  AND (:with_deleted OR p.deleted_at IS NULL)
  AND (:updated_after::timestamptz IS NULL OR p.updated_at > :updated_after)
  AND (:active::boolean IS NULL OR :active = (p.is_active AND p.deleted_at IS NULL AND coalesce(p.ends_at > :now, true)
                                              AND coalesce(p.starts_at <= :now, true)))
ORDER BY p.id LIMIT :count;

-- name: people_keyset_of_audience
-- As people_keyset, of the members an audience has.
SELECT p.id FROM membership m JOIN person p ON p.tenant = m.tenant AND p.id = m.person
WHERE m.tenant = :tenant AND m.audience = :audience AND m.left_on IS NULL
  AND m.person > :after::uuid AND m.person >= :first::uuid AND m.person <= :last::uuid
  AND (:with_deleted OR p.deleted_at IS NULL)
  AND (:updated_after::timestamptz IS NULL OR p.updated_at > :updated_after)
  AND (:active::boolean IS NULL OR :active = (p.is_active AND p.deleted_at IS NULL AND coalesce(p.ends_at > :now, true)
                                              AND coalesce(p.starts_at <= :now, true)))
ORDER BY m.person LIMIT :count;
