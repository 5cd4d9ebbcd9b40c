-- Everything about a person, section by section, each row as it is kept. A test knows which tables are about people.

-- name: dossier_person
SELECT (to_jsonb(p) - 'tenant')::text AS shown FROM person p WHERE p.tenant = :tenant AND p.id = :person;

-- name: dossier_identifiers
SELECT (to_jsonb(i) - '{tenant,person}'::text[])::text AS shown FROM person_identifier i
WHERE i.tenant = :tenant AND i.person = :person ORDER BY i.kind, i.value;

-- name: dossier_employments
SELECT (to_jsonb(e) - '{tenant,person}'::text[])::text AS shown FROM employment e
WHERE e.tenant = :tenant AND e.person = :person ORDER BY e.opened_at, e.id;

-- name: dossier_suspensions
SELECT (to_jsonb(s) - '{tenant,person}'::text[])::text AS shown FROM suspension s
WHERE s.tenant = :tenant AND s.person = :person ORDER BY s.began_at, s.id;

-- name: dossier_memberships
SELECT (to_jsonb(m) - '{tenant,person}'::text[] || jsonb_build_object('name', a.name))::text AS shown
FROM membership m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
WHERE m.tenant = :tenant AND m.person = :person ORDER BY m.audience, m.joined_on;

-- name: dossier_manages
SELECT (to_jsonb(m) - '{tenant,person}'::text[] || jsonb_build_object('name', a.name))::text AS shown
FROM audience_manager m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
WHERE m.tenant = :tenant AND m.person = :person ORDER BY m.audience, m.opened_at;

-- name: dossier_reports_on
SELECT (to_jsonb(m) - '{tenant,person}'::text[] || jsonb_build_object('name', a.name))::text AS shown
FROM audience_reporter m JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience
WHERE m.tenant = :tenant AND m.person = :person ORDER BY m.audience, m.opened_at;

-- name: dossier_interests
SELECT (to_jsonb(i) - '{tenant,person}'::text[] || jsonb_build_object('name', t.name))::text AS shown
FROM interest i JOIN tag t ON t.tenant = i.tenant AND t.id = i.tag
WHERE i.tenant = :tenant AND i.person = :person ORDER BY i.tied_at, i.id;

-- name: dossier_skills
SELECT (to_jsonb(s) - '{tenant,person}'::text[] || jsonb_build_object('name', t.name))::text AS shown
FROM person_skill s JOIN tag t ON t.tenant = s.tenant AND t.id = s.tag
WHERE s.tenant = :tenant AND s.person = :person ORDER BY s.tied_at, s.id;

-- name: dossier_favorites
SELECT (to_jsonb(f) - '{tenant,person}'::text[] || jsonb_build_object('title', t.title))::text AS shown
FROM favorite f JOIN item t ON t.tenant = f.tenant AND t.id = f.item
WHERE f.tenant = :tenant AND f.person = :person ORDER BY f.marked_at, f.item;

-- name: dossier_invitations
SELECT (to_jsonb(i) - '{tenant,person}'::text[])::text AS shown FROM invitation i
WHERE i.tenant = :tenant AND i.person = :person ORDER BY i.invited_at, i.id;

-- name: dossier_professional_development
SELECT (to_jsonb(e) - '{tenant,person,digest,content_digest}'::text[] || jsonb_build_object('category_name', c.name))::text
       AS shown
FROM cpd_entry e JOIN cpd_category c ON c.tenant = e.tenant AND c.id = e.category
WHERE e.tenant = :tenant AND e.person = :person ORDER BY e.done_at, e.id;

-- name: dossier_enrolments
SELECT (to_jsonb(e) - '{tenant,person}'::text[] || jsonb_build_object('title', t.title))::text AS shown
FROM enrolment e JOIN item t ON t.tenant = e.tenant AND t.id = e.item
WHERE e.tenant = :tenant AND e.person = :person ORDER BY e.enrolled_at, e.item;

-- name: dossier_own_assignments
-- What was assigned to her by name.
SELECT (to_jsonb(a) - '{tenant,of_person}'::text[]
        || coalesce(to_jsonb(p) - '{tenant,assignment,digest}'::text[], '{}'))::text AS shown
FROM assignment a LEFT JOIN personal_assignment p ON p.tenant = a.tenant AND p.assignment = a.id
WHERE a.tenant = :tenant AND a.of_person = :person ORDER BY a.created_at, a.id;

-- name: dossier_exemptions
SELECT (to_jsonb(e) - '{tenant,person}'::text[])::text AS shown FROM exemption e
WHERE e.tenant = :tenant AND e.person = :person ORDER BY e.granted_at, e.id;

-- name: dossier_extensions
SELECT (to_jsonb(e) - '{tenant,person}'::text[])::text AS shown FROM extension e
WHERE e.tenant = :tenant AND e.person = :person ORDER BY e.granted_at, e.id;

-- name: dossier_obligations
SELECT (to_jsonb(o) - '{tenant,person}'::text[])::text AS shown FROM obligation o
WHERE o.tenant = :tenant AND o.person = :person ORDER BY o.assignment, o.place;

-- name: dossier_standings
SELECT (to_jsonb(s) - '{tenant,person}'::text[])::text AS shown FROM standing s
WHERE s.tenant = :tenant AND s.person = :person ORDER BY s.assignment, s.from_on;

-- name: dossier_sessions
SELECT (to_jsonb(s) - '{tenant,person,digest}'::text[] || jsonb_build_object('title', t.title))::text AS shown
FROM session s JOIN item t ON t.tenant = s.tenant AND t.id = s.item
WHERE s.tenant = :tenant AND s.person = :person ORDER BY s.started_at, s.id;

-- name: dossier_facts
-- Every fact, also those that stand no more. Two arms, because two partial indexes lead to them.
SELECT (to_jsonb(f) - '{tenant,person}'::text[]
        || jsonb_build_object('title', coalesce(f.extra ->> 'title', t.title)))::text AS shown
FROM (
    SELECT f.* FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
    UNION ALL
    SELECT f.* FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND (f.closed_at IS NOT NULL OR f.completed_at IS NULL)
) f
LEFT JOIN item t ON t.tenant = :tenant AND t.id = f.item
ORDER BY f.entry;

-- name: dossier_reports
-- Who told us of her facts, and in which words.
SELECT (to_jsonb(r) - '{tenant,digest}'::text[])::text AS shown
FROM (
    SELECT f.record, f.id FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
    UNION ALL
    SELECT f.record, f.id FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND (f.closed_at IS NOT NULL OR f.completed_at IS NULL)
) f
JOIN report r ON r.tenant = :tenant AND r.record = f.record AND r.fact = f.id
ORDER BY r.reported_at, r.record, r.digest;

-- name: dossier_imported_rows
-- Rows of files that were matched with her, also of those that were never committed. No index leads there either.
SELECT (to_jsonb(r) - '{tenant,person,digest}'::text[])::text AS shown FROM import_row r
WHERE r.tenant = :tenant AND r.person = :person ORDER BY r.batch, r.number;

-- name: dossier_imports
-- What she brought in herself.
SELECT (to_jsonb(b) - '{tenant,person}'::text[])::text AS shown FROM import_batch b
WHERE b.tenant = :tenant AND b.person = :person ORDER BY b.created_at, b.id;

-- name: dossier_uploads
-- What she sent in parts, without the bytes: they are forgotten after days.
SELECT (to_jsonb(u) - '{tenant,person,writer}'::text[])::text AS shown FROM upload u
WHERE u.tenant = :tenant AND u.person = :person ORDER BY u.created_at, u.id;

-- name: dossier_legal_holds
SELECT (to_jsonb(h) - '{tenant,person}'::text[])::text AS shown FROM legal_hold h
WHERE h.tenant = :tenant AND h.person = :person ORDER BY h.placed_at, h.id;

-- name: dossier_erasures
SELECT (to_jsonb(e) - '{tenant,person}'::text[])::text AS shown FROM erasure e
WHERE e.tenant = :tenant AND e.person = :person ORDER BY e.asked_at, e.id;

-- name: dossier_entries
-- What the ledger says of her and of what is hers. No index leads there, so all entries of the tenant are looked through.
WITH hers AS MATERIALIZED (
    SELECT :person::uuid AS id
    UNION
    SELECT f.record FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND f.closed_at IS NULL AND f.completed_at IS NOT NULL
    UNION
    SELECT f.record FROM fact f
    WHERE f.tenant = :tenant AND f.person = :person AND (f.closed_at IS NOT NULL OR f.completed_at IS NULL)
    UNION
    SELECT s.id FROM session s WHERE s.tenant = :tenant AND s.person = :person
    UNION
    SELECT e.id FROM exemption e WHERE e.tenant = :tenant AND e.person = :person
    UNION
    SELECT e.id FROM extension e WHERE e.tenant = :tenant AND e.person = :person
    UNION
    SELECT i.id FROM invitation i WHERE i.tenant = :tenant AND i.person = :person
    UNION
    SELECT h.id FROM legal_hold h WHERE h.tenant = :tenant AND h.person = :person
    UNION
    SELECT c.id FROM cpd_entry c WHERE c.tenant = :tenant AND c.person = :person
    UNION
    SELECT a.id FROM assignment a WHERE a.tenant = :tenant AND a.of_person = :person
)
SELECT (to_jsonb(e) - 'tenant')::text AS shown FROM ledger_entry e
WHERE e.tenant = :tenant AND e.subject IN (SELECT id FROM hers) ORDER BY e.number;
