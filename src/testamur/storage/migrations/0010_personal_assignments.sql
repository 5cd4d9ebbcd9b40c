-- What one person is assigned by name, and what a linked account says of itself.

-- Assignments are for audiences, so what is assigned to one person is for an audience of her alone: one for each such
-- person, made with her first assignment. It stands in no list of audiences and no API changes who belongs to it.
ALTER TABLE audience
    ADD COLUMN of_person uuid,
    ADD CONSTRAINT audience_of_person FOREIGN KEY (tenant, of_person) REFERENCES person,
    ADD CONSTRAINT audience_of_person_is_kept_here CHECK (of_person IS NULL OR NOT api_controlled);
COMMENT ON COLUMN audience.of_person IS 'The only member, for good. Null for every other audience.';
CREATE UNIQUE INDEX audience_person ON audience (tenant, of_person) WHERE of_person IS NOT NULL;
-- Lists leave them out, and there may be more of them than of all others.
CREATE INDEX audience_listed ON audience (tenant, id) WHERE of_person IS NULL AND deleted_at IS NULL;

ALTER TABLE assignment ADD COLUMN of_person uuid;
COMMENT ON COLUMN assignment.of_person IS 'Whom it was made for by name. Null for an assignment of an audience.';
CREATE INDEX assignment_listed ON assignment (tenant, id) WHERE of_person IS NULL;
CREATE INDEX assignment_person ON assignment (tenant, of_person, primary_item) WHERE of_person IS NOT NULL;

-- What was said when it was made and an assignment of an audience has no place for. It never changes.
CREATE TABLE personal_assignment (
    tenant uuid NOT NULL,
    assignment uuid NOT NULL,
    external_reference text,
    assigned_at timestamptz NOT NULL,
    due_at timestamptz,
    is_started boolean NOT NULL,
    progress_percent numeric CHECK (progress_percent BETWEEN 0 AND 100),
    extra jsonb,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (tenant, assignment),
    FOREIGN KEY (tenant, assignment) REFERENCES assignment
);
COMMENT ON COLUMN personal_assignment.digest IS 'SHA-256 of what was said: saying it again is no conflict.';
ALTER TABLE personal_assignment ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON personal_assignment USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT ON personal_assignment TO testamur_app;

-- People in the order in which they were changed, for readers who come again.
CREATE INDEX person_changed ON person (tenant, updated_at, id);

-- Linked accounts: whose they are in the caller's own system, and what else callers keep with them.
ALTER TABLE account
    ADD COLUMN owner_id text,
    ADD COLUMN owner_name text,
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN status_reason text,
    ADD COLUMN status_at timestamptz,
    ADD COLUMN deleted_at timestamptz;
COMMENT ON COLUMN account.owner_id IS 'Null stands for the tenant itself.';

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership,
        public.audience, public.audience_manager, public.assignment, public.assignment_version, public.tag,
        public.item_tag, public.interest, public.person_skill, public.delivery, public.employment, public.suspension,
        public.event_taken, public.item_link, public.tag_use, public.tag_ref, public.batch_row,
        public.personal_assignment;
END $$;
