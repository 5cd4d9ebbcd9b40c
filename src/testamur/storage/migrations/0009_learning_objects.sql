-- Learning objects as catalogues push them: what belongs to what, the tags that are categories or skills, and batches.

ALTER TABLE item ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN item.details IS
    'What a catalogue says of it that needs no column: languages, localizations, creators and the like.';
-- Lists of one kind, whole or in the order of the last change.
CREATE INDEX item_of_kind ON item (tenant, kind, id);
CREATE INDEX item_of_kind_changed ON item (tenant, kind, updated_at, id);

-- What an item consists of: a course of contents, a collection of anything. A row that ended stays.
CREATE TABLE item_link (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    parent uuid NOT NULL,
    child uuid NOT NULL,
    place int NOT NULL CHECK (place >= 1),
    linked_at timestamptz NOT NULL,
    unlinked_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, parent) REFERENCES item,
    FOREIGN KEY (tenant, child) REFERENCES item,
    CHECK (parent <> child)
);
COMMENT ON COLUMN item_link.place IS 'Where the child stands in its parent, counted from 1.';
CREATE UNIQUE INDEX item_link_open ON item_link (tenant, parent, child) WHERE unlinked_at IS NULL;
CREATE INDEX item_link_child ON item_link (tenant, child, parent) WHERE unlinked_at IS NULL;

-- An item may be about a subject, be filed under it, and build it as a skill: three different ties.
ALTER TABLE item_tag ADD COLUMN is_category boolean NOT NULL DEFAULT false,
                     ADD CONSTRAINT item_tag_one_tie CHECK (NOT (is_skill AND is_category));
COMMENT ON COLUMN item_tag.is_category IS 'The item is filed under this category.';
DROP INDEX item_tag_open;
CREATE UNIQUE INDEX item_tag_open ON item_tag (tenant, item, tag, is_skill, is_category) WHERE untied_at IS NULL;

-- A tag as a category of items, or as a skill of people and items.
CREATE TABLE tag_use (
    tenant uuid NOT NULL,
    use text NOT NULL CHECK (use IN ('category', 'skill')),
    tag uuid NOT NULL,
    hierarchy text,
    language text,
    proficiency int CHECK (proficiency BETWEEN 1 AND 5),
    extra jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, use, tag),
    FOREIGN KEY (tenant, tag) REFERENCES tag
);
COMMENT ON COLUMN tag_use.hierarchy IS 'How high it stands among its like: primary, secondary, tertiary or a source''s own word.';
CREATE INDEX tag_use_changed ON tag_use (tenant, use, updated_at, tag);

-- The keys under which catalogues know a category or skill.
CREATE TABLE tag_ref (
    tenant uuid NOT NULL,
    use text NOT NULL,
    value text NOT NULL CHECK (value <> '' AND length(value) <= 500),
    tag uuid NOT NULL,
    PRIMARY KEY (tenant, use, value),
    FOREIGN KEY (tenant, use, tag) REFERENCES tag_use
);
CREATE INDEX tag_ref_tag ON tag_ref (tenant, use, tag, value);

INSERT INTO tag_use (tenant, use, tag, created_at, updated_at)
SELECT t.tenant, 'skill', t.id, t.created_at, t.updated_at FROM tag t
WHERE EXISTS (SELECT FROM item_tag l WHERE l.tenant = t.tenant AND l.tag = t.id AND l.is_skill)
   OR EXISTS (SELECT FROM person_skill l WHERE l.tenant = t.tenant AND l.tag = t.id);

-- Rows that came together, and what became of each. A batch that did not end has the rows that were taken by then.
CREATE TABLE batch (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    kind text NOT NULL,
    client uuid,
    rows int NOT NULL CHECK (rows >= 0),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE batch_row (
    tenant uuid NOT NULL,
    batch uuid NOT NULL,
    place int NOT NULL CHECK (place >= 0),
    outcome text NOT NULL CHECK (outcome IN ('added', 'updated', 'unchanged', 'refused')),
    item uuid,
    reason text,
    PRIMARY KEY (tenant, batch, place),
    FOREIGN KEY (tenant, batch) REFERENCES batch,
    CHECK ((outcome = 'refused') = (reason IS NOT NULL))
);
COMMENT ON COLUMN batch_row.place IS 'Where it stood, counted from 0.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['item_link', 'tag_use', 'tag_ref', 'batch', 'batch_row']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON item_link, tag_use, tag_ref, batch, batch_row TO testamur_app;
GRANT UPDATE (unlinked_at) ON item_link TO testamur_app;
GRANT UPDATE (hierarchy, language, proficiency, extra, updated_at) ON tag_use TO testamur_app;
GRANT UPDATE (tag) ON tag_ref TO testamur_app;
GRANT UPDATE (ended_at) ON batch TO testamur_app;

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership,
        public.audience, public.audience_manager, public.assignment, public.assignment_version, public.tag,
        public.item_tag, public.interest, public.person_skill, public.delivery, public.employment, public.suspension,
        public.event_taken, public.item_link, public.tag_use, public.tag_ref, public.batch_row;
END $$;
