-- People as an organisation keeps them: how they sign in, what they are employed as and under whom, when they were
-- suspended, and what is left of them after they were deleted.

-- `is_active` stays: it says that no suspension is open, for readers who need not know more.
ALTER TABLE person
    ADD COLUMN place bigint,
    ADD COLUMN login text NOT NULL DEFAULT 'email' CONSTRAINT person_login CHECK (login IN ('email', 'ref')),
    ADD COLUMN single_sign_on boolean NOT NULL DEFAULT false,
    ADD COLUMN domain text,
    ADD COLUMN starts_at timestamptz,
    ADD COLUMN ends_at timestamptz;
COMMENT ON COLUMN person.place IS
    'Counted from 1 in the order of commits, without gaps. Nobody ever leaves the list, so a page is a range of places.';
COMMENT ON COLUMN person.login IS 'By which identifier she signs in.';
COMMENT ON COLUMN person.starts_at IS 'First moment of the employment, and ends_at the first moment after it.';

UPDATE person p SET place = numbered.place
FROM (SELECT tenant, id, row_number() OVER (PARTITION BY tenant ORDER BY id) AS place FROM person) numbered
WHERE p.tenant = numbered.tenant AND p.id = numbered.id;

-- The next place, for a single row written by hand. The verbs hold the tenant's counter and number whole lists.
CREATE FUNCTION next_person_place() RETURNS bigint
LANGUAGE sql STABLE
AS $$ SELECT coalesce(max(place), 0) + 1 FROM person WHERE tenant = (SELECT current_tenant()) $$;
ALTER TABLE person
    ALTER COLUMN place SET DEFAULT next_person_place(),
    ALTER COLUMN place SET NOT NULL,
    ADD CONSTRAINT person_place_taken UNIQUE (tenant, place);
CREATE INDEX person_updated ON person (tenant, updated_at, place);

-- What a person is employed as, and under whom, is a span: other words are another span.
CREATE TABLE employment (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    title text,
    manager uuid,
    manager_ref text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, manager) REFERENCES person,
    CONSTRAINT employment_manager_is_another CHECK (manager <> person),
    CONSTRAINT employment_manager_is_known_or_awaited CHECK (manager IS NULL OR manager_ref IS NULL),
    CHECK (closed_at >= opened_at)
);
COMMENT ON COLUMN employment.manager_ref IS 'Who is named and not known yet; becomes `manager` when somebody gets this reference.';
CREATE UNIQUE INDEX employment_open ON employment (tenant, person) WHERE closed_at IS NULL;
CREATE INDEX employment_person ON employment (tenant, person, opened_at);
CREATE INDEX employment_awaiting ON employment (tenant, manager_ref) WHERE manager_ref IS NOT NULL AND closed_at IS NULL;
CREATE INDEX employment_manager ON employment (tenant, manager) WHERE closed_at IS NULL;

-- Suspensions, with two clocks on both ends: who left last Friday may be suspended today.
CREATE TABLE suspension (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    began_at timestamptz NOT NULL,
    began_known_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_known_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    CHECK (ended_at >= began_at),
    CHECK ((ended_at IS NULL) = (ended_known_at IS NULL))
);
CREATE UNIQUE INDEX suspension_open ON suspension (tenant, person) WHERE ended_at IS NULL;
CREATE INDEX suspension_person ON suspension (tenant, person, began_at);

-- Until now all that was known is that somebody is not active, and since when at the latest. The id of the person does
-- for her first suspension: ids need to be unique in their table only.
INSERT INTO suspension (tenant, id, person, began_at, began_known_at)
SELECT tenant, id, id, updated_at, updated_at FROM person WHERE NOT is_active AND deleted_at IS NULL;

-- Events that came in, each once: whoever sends one again gets the answer and changes nothing.
CREATE TABLE event_taken (
    tenant uuid NOT NULL REFERENCES tenant,
    source text NOT NULL,
    id text NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, source, id)
);
COMMENT ON COLUMN event_taken.fingerprint IS 'SHA-256 of what it said, so that another event under the same id is noticed.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['employment', 'suspension', 'event_taken']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON employment, suspension, event_taken TO testamur_app;
-- A span ends and is otherwise as it was; a manager who was awaited arrives.
GRANT UPDATE (manager, manager_ref, closed_at) ON employment TO testamur_app;
GRANT UPDATE (ended_at, ended_known_at) ON suspension TO testamur_app;

-- A person with all that is shown of her.
CREATE VIEW known_person WITH (security_invoker = true) AS
SELECT p.*, t.zone AS tenant_zone, e.id AS employment, e.title, e.manager, e.opened_at AS employed_at,
       trim(m.given_name || ' ' || m.family_name) AS manager_name,
       coalesce(e.manager_ref,
                (SELECT i.value FROM person_identifier i
                 WHERE i.tenant = p.tenant AND i.person = e.manager AND i.kind = 'ref'
                 ORDER BY i.value LIMIT 1)) AS manager_ref,
       (SELECT coalesce(jsonb_object_agg(kind, vs), '{}') FROM (
            SELECT i.kind, jsonb_agg(i.value ORDER BY i.value) AS vs FROM person_identifier i
            WHERE i.tenant = p.tenant AND i.person = p.id GROUP BY i.kind) g) AS identifiers
FROM person p
JOIN tenant t ON t.id = p.tenant
LEFT JOIN employment e ON e.tenant = p.tenant AND e.person = p.id AND e.closed_at IS NULL
LEFT JOIN person m ON m.tenant = p.tenant AND m.id = e.manager;
GRANT SELECT ON known_person TO testamur_app;

-- The entries of a person, so that what they say of her is found when it must be forgotten.
CREATE INDEX ledger_entry_person ON ledger_entry (tenant, subject, number)
    WHERE kind IN ('person.added', 'person.changed');

-- The ledger only grows; that somebody may be forgotten is the one exception, and this is the whole of it. What entries,
-- facts and employments say of who she was goes; what she did stays, keyed by her id. Only for a person of the bound tenant,
-- and only together with her deletion.
CREATE FUNCTION forget_person(who uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
BEGIN
    IF NOT EXISTS (SELECT FROM public.person WHERE tenant = bound AND id = who AND deleted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody of this tenant who was deleted' USING ERRCODE = 'no_data_found';
    END IF;
    UPDATE public.ledger_entry SET data = NULL
    WHERE tenant = bound AND subject = who AND kind IN ('person.added', 'person.changed');
    UPDATE public.fact SET extra = extra - 'person_ref'
    WHERE tenant = bound AND person = who AND extra ? 'person_ref';
    UPDATE public.employment SET title = NULL, manager_ref = NULL WHERE tenant = bound AND person = who;
END $$;
REVOKE ALL ON FUNCTION forget_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_person, next_person_place TO testamur_app;

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership,
        public.audience, public.audience_manager, public.assignment, public.assignment_version, public.tag,
        public.item_tag, public.interest, public.person_skill, public.delivery, public.employment, public.suspension,
        public.event_taken;
END $$;
