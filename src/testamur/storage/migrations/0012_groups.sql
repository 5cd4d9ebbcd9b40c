-- Everybody's audience, who reports on an audience, invitations, and what people marked as their favourites.

-- Made when something is first set to everybody of a tenant. Whoever is added from then on is a member, and nobody leaves
-- it but by being deleted. It has no reference, so that no organisation's own word is taken.
ALTER TABLE audience
    ADD COLUMN of_everyone boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT audience_of_everyone_is_kept_here CHECK (NOT (of_everyone AND api_controlled)),
    ADD CONSTRAINT audience_of_everyone_or_of_one CHECK (NOT of_everyone OR of_person IS NULL);
COMMENT ON COLUMN audience.of_everyone IS 'Everybody who is not deleted is a member.';
CREATE UNIQUE INDEX audience_everyone ON audience (tenant) WHERE of_everyone;

-- Some callers tell audiences apart by their names.
CREATE INDEX audience_name ON audience (tenant, name, id) WHERE deleted_at IS NULL;

-- Who sees the reports of an audience: a span of moments, as a manager's.
CREATE TABLE audience_reporter (
    tenant uuid NOT NULL,
    audience uuid NOT NULL,
    person uuid NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (tenant, audience, person, opened_at),
    FOREIGN KEY (tenant, audience) REFERENCES audience,
    FOREIGN KEY (tenant, person) REFERENCES person,
    CHECK (closed_at >= opened_at)
);
CREATE UNIQUE INDEX audience_reporter_open ON audience_reporter (tenant, audience, person) WHERE closed_at IS NULL;
CREATE INDEX audience_reporter_person ON audience_reporter (tenant, person, audience) WHERE closed_at IS NULL;

-- Somebody who is asked to join, and what she will be then. It is accepted or withdrawn, once, and who she is goes when
-- she is forgotten.
CREATE TABLE invitation (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    email text,
    given_name text NOT NULL,
    family_name text NOT NULL,
    role text NOT NULL,
    groups text[] NOT NULL,
    invited_at timestamptz NOT NULL,
    accepted_at timestamptz,
    person uuid,
    withdrawn_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    CONSTRAINT invitation_accepted_by_somebody CHECK ((accepted_at IS NULL) = (person IS NULL)),
    CONSTRAINT invitation_ends_once CHECK (accepted_at IS NULL OR withdrawn_at IS NULL),
    CONSTRAINT invitation_pending_to_somebody
        CHECK (email IS NOT NULL OR accepted_at IS NOT NULL OR withdrawn_at IS NOT NULL)
);
COMMENT ON COLUMN invitation.email IS 'As identifiers of this kind are compared: in lower case.';
COMMENT ON COLUMN invitation.groups IS 'Names of audiences. Those that are missing are made when she accepts.';
CREATE UNIQUE INDEX invitation_pending_once ON invitation (tenant, email)
    WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX invitation_pending ON invitation (tenant, id) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX invitation_email ON invitation (tenant, email) WHERE email IS NOT NULL;
CREATE INDEX invitation_person ON invitation (tenant, person) WHERE person IS NOT NULL;

CREATE TABLE favorite (
    tenant uuid NOT NULL,
    person uuid NOT NULL,
    item uuid NOT NULL,
    marked_at timestamptz NOT NULL,
    unmarked_at timestamptz,
    PRIMARY KEY (tenant, person, item, marked_at),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, item) REFERENCES item,
    CHECK (unmarked_at >= marked_at)
);
CREATE UNIQUE INDEX favorite_open ON favorite (tenant, person, item) WHERE unmarked_at IS NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audience_reporter', 'invitation', 'favorite']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON audience_reporter, invitation, favorite TO testamur_app;
GRANT UPDATE (closed_at) ON audience_reporter TO testamur_app;
GRANT UPDATE (accepted_at, person, withdrawn_at, email, given_name, family_name) ON invitation TO testamur_app;
GRANT UPDATE (unmarked_at) ON favorite TO testamur_app;

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership,
        public.audience, public.audience_manager, public.assignment, public.assignment_version, public.tag,
        public.item_tag, public.interest, public.person_skill, public.delivery, public.employment, public.suspension,
        public.event_taken, public.item_link, public.tag_use, public.tag_ref, public.batch_row,
        public.personal_assignment, public.assignment_item, public.exemption, public.extension, public.standing,
        public.obligation, public.standing_task, public.audience_reporter, public.invitation, public.favorite;
END $$;
