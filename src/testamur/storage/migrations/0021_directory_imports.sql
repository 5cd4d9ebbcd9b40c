-- Files of people, items, audiences and memberships, beside those of completions: what each row tells, the names by which
-- rows know each other, and what a file that is the whole does not have.

ALTER TABLE import_batch
    ADD COLUMN of text NOT NULL DEFAULT 'completions'
        CHECK (of IN ('completions', 'people', 'items', 'audiences', 'memberships')),
    ADD COLUMN removals jsonb,
    ADD COLUMN removed int NOT NULL DEFAULT 0;
COMMENT ON COLUMN import_batch.removals IS 'What the file would take away, as last counted.';
COMMENT ON COLUMN import_batch.removed IS 'How many of the absent the commit is through with.';

ALTER TABLE import_row
    DROP CONSTRAINT import_row_outcome_check,
    ADD CONSTRAINT import_row_outcome_check CHECK (outcome IN
        ('created', 'already_present', 'probable_duplicate', 'superseded', 'held', 'rejected',
         'changed', 'unchanged', 'deactivated')),
    ADD COLUMN told jsonb,
    ADD COLUMN above int,
    ADD COLUMN under uuid,
    ADD COLUMN audience uuid,
    ADD COLUMN is_told boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN import_row.told IS 'Of the directory: what the row says, by field.';
COMMENT ON COLUMN import_row.above IS 'The row of the manager, or of the structure, that it stands under.';
COMMENT ON COLUMN import_row.under IS 'The manager or structure itself, where the file has no row of it.';
COMMENT ON COLUMN import_row.is_told IS 'Of the directory: the commit has written it.';

-- The names that rows have for their subjects, so that two rows of one are found however far apart they stand.
CREATE TABLE import_name (
    tenant uuid NOT NULL,
    batch uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    number int NOT NULL,
    PRIMARY KEY (tenant, batch, kind, value, number)
);

-- What is to go because a file that is the whole does not have it, listed when the commit was asked for: no more than was
-- confirmed goes, whatever changes meanwhile.
CREATE TABLE import_absent (
    tenant uuid NOT NULL,
    batch uuid NOT NULL,
    place int NOT NULL,
    subject uuid NOT NULL,
    within uuid,
    PRIMARY KEY (tenant, batch, place)
);
COMMENT ON COLUMN import_absent.within IS 'The audience, of a membership.';

-- Who was suspended for being absent is here again when a later file has her; who was suspended otherwise is not.
ALTER TABLE suspension ADD COLUMN batch uuid;
COMMENT ON COLUMN suspension.batch IS 'The import whose file did not have her.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['import_name', 'import_absent']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON import_name, import_absent TO testamur_app;
GRANT UPDATE (removals, removed) ON import_batch TO testamur_app;
GRANT UPDATE (above, under, audience, is_told) ON import_row TO testamur_app;
