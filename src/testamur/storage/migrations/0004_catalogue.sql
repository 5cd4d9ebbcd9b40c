-- The catalogue: who made an item, and the tags, skills and levels of a tenant.
--
-- A tag is a name for a subject. An item is about it or builds it as a skill; a person is interested in it or has it as
-- a skill, at a level. Each of these ties is a span: a row that ended stays.

ALTER TABLE item ADD COLUMN is_official boolean NOT NULL DEFAULT false,
                 ADD COLUMN author uuid,
                 ADD CONSTRAINT item_author FOREIGN KEY (tenant, author) REFERENCES person;
COMMENT ON COLUMN item.author IS 'The person who made it; null for what nobody of the tenant made.';
CREATE INDEX item_updated ON item (tenant, updated_at);

-- An item's own history is read from the ledger. Completions, which are nearly all of the ledger, stay out of this.
CREATE INDEX ledger_entry_item ON ledger_entry (tenant, subject, number)
    WHERE kind IN ('item.added', 'item.updated', 'item.published', 'item.retired', 'item.restored');

CREATE TABLE tag (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 255),
    key text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id),
    CONSTRAINT tag_name_taken UNIQUE (tenant, key)
);
COMMENT ON COLUMN tag.key IS 'The name as names are compared: without regard to letter case and runs of blanks.';
COMMENT ON COLUMN tag.updated_at IS 'Moves with the name and with every tie to an item or a person.';
CREATE INDEX tag_updated ON tag (tenant, updated_at);

CREATE TABLE item_tag (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    item uuid NOT NULL,
    tag uuid NOT NULL,
    is_skill boolean NOT NULL,
    tied_at timestamptz NOT NULL,
    untied_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, item) REFERENCES item,
    FOREIGN KEY (tenant, tag) REFERENCES tag
);
COMMENT ON COLUMN item_tag.is_skill IS 'Completing the item builds this skill, as against being about the subject.';
CREATE UNIQUE INDEX item_tag_open ON item_tag (tenant, item, tag, is_skill) WHERE untied_at IS NULL;
CREATE INDEX item_tag_tag ON item_tag (tenant, tag, item) WHERE untied_at IS NULL;

CREATE TABLE interest (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    tag uuid NOT NULL,
    tied_at timestamptz NOT NULL,
    untied_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, tag) REFERENCES tag
);
CREATE UNIQUE INDEX interest_open ON interest (tenant, person, tag) WHERE untied_at IS NULL;
CREATE INDEX interest_tag ON interest (tenant, tag, person) WHERE untied_at IS NULL;

CREATE TABLE person_skill (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    tag uuid NOT NULL,
    level int CHECK (level >= 0),
    target int CHECK (target >= 0),
    tied_at timestamptz NOT NULL,
    untied_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, tag) REFERENCES tag,
    CHECK (level IS NOT NULL OR target IS NOT NULL)
);
COMMENT ON COLUMN person_skill.level IS 'Null while the person has no level yet and only aims at one.';
CREATE UNIQUE INDEX person_skill_open ON person_skill (tenant, person, tag) WHERE untied_at IS NULL;
CREATE INDEX person_skill_tag ON person_skill (tenant, tag, person) WHERE untied_at IS NULL;

-- The words of a tenant for how well a skill is had. A level of a person may lie between two of them.
CREATE TABLE skill_level (
    tenant uuid NOT NULL REFERENCES tenant,
    value int NOT NULL CHECK (value >= 0),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 255),
    is_enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, value)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tag', 'item_tag', 'interest', 'person_skill', 'skill_level']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON tag, item_tag, interest, person_skill, skill_level TO testamur_app;
GRANT UPDATE (name, updated_at) ON tag TO testamur_app;
-- A tie ends and is otherwise as it was.
GRANT UPDATE (untied_at) ON item_tag, interest, person_skill TO testamur_app;
GRANT UPDATE (name, is_enabled, updated_at) ON skill_level TO testamur_app;
