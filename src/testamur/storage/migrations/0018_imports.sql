-- Historic import: files on their way into the ledger, what became of each row, and learning that no item stands for yet.

CREATE TABLE import_batch (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('reading', 'rehearsed', 'committing', 'committed', 'undoing', 'undone')),
    client uuid NOT NULL,
    person uuid,
    name text NOT NULL,
    format text NOT NULL,
    bytes bigint NOT NULL,
    digest text NOT NULL,
    header text[] NOT NULL DEFAULT '{}',
    columns jsonb NOT NULL DEFAULT '{}',
    options jsonb NOT NULL,
    rows int NOT NULL DEFAULT 0,
    outcomes jsonb NOT NULL DEFAULT '{}',
    repeated int NOT NULL DEFAULT 0,
    has_keys boolean NOT NULL DEFAULT false,
    has_news boolean NOT NULL DEFAULT false,
    done int NOT NULL DEFAULT 0,
    effect jsonb,
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    rehearsed_at timestamptz,
    committed_at timestamptz,
    undone_at timestamptz,
    PRIMARY KEY (tenant, id),
    CHECK (done BETWEEN 0 AND rows)
);
COMMENT ON COLUMN import_batch.done IS 'Rows that the commit, or undoing it, is through with: a killed one goes on from here.';
COMMENT ON COLUMN import_batch.has_keys IS 'Some rows have their source''s own id.';
COMMENT ON COLUMN import_batch.has_news IS 'People came that more held rows wait for than one transaction should take.';
CREATE INDEX import_batch_working ON import_batch (tenant, touched_at)
    WHERE state IN ('committing', 'undoing') OR has_news;

-- A row as it came, what it says, and what became of it. The id of the fact it may become is given with the row, so
-- that a commit that finds what the rehearsal found has nothing to write here. Without foreign keys, as the ledger is.
CREATE TABLE import_row (
    tenant uuid NOT NULL,
    batch uuid NOT NULL,
    number int NOT NULL,
    raw text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN
        ('created', 'already_present', 'probable_duplicate', 'superseded', 'held', 'rejected')),
    faults jsonb,
    people jsonb,
    person uuid,
    item uuid,
    completed_at timestamptz,
    completed_by_day boolean NOT NULL DEFAULT false,
    day date,
    started_at timestamptz,
    expires_at timestamptz,
    passed boolean,
    score_percent numeric,
    score_text text,
    time_spent text,
    certificate text,
    item_version int,
    source text NOT NULL,
    source_id text,
    extra jsonb,
    digest bytea,
    id uuid NOT NULL,
    record uuid,
    fact uuid,
    twin int,
    neighbour int,
    is_probable boolean NOT NULL DEFAULT false,
    is_released boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, batch, number)
);
COMMENT ON COLUMN import_row.people IS 'Of a held row, the keys that may name its person later.';
COMMENT ON COLUMN import_row.record IS 'The record it tells of, where that is not one of its own id.';
COMMENT ON COLUMN import_row.fact IS 'The fact that stands for it, where that is not one of its own id.';
COMMENT ON COLUMN import_row.twin IS 'An earlier row of the file that says the same (rule I9).';
COMMENT ON COLUMN import_row.neighbour IS 'The first row of the file with the same person, object and day (rule I20).';
COMMENT ON COLUMN import_row.is_released IS 'Was held, and its person came.';
CREATE INDEX import_row_outcome ON import_row (tenant, batch, outcome, number)
    WHERE outcome NOT IN ('created', 'already_present');

-- Learning outside, by the key that a source has for it. Mapped, the key means an item from then on (rule I7).
CREATE TABLE outside_learning (
    tenant uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    item uuid NOT NULL,
    mapped_to uuid,
    mapped_at timestamptz,
    mapped_by uuid,
    PRIMARY KEY (tenant, kind, value),
    FOREIGN KEY (tenant, item) REFERENCES item,
    FOREIGN KEY (tenant, mapped_to) REFERENCES item,
    CHECK ((mapped_to IS NULL) = (mapped_at IS NULL))
);
CREATE INDEX outside_learning_item ON outside_learning (tenant, item);

-- Outside learning that a rehearsed file would bring.
CREATE TABLE import_outside (
    tenant uuid NOT NULL,
    batch uuid NOT NULL,
    item uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    title text NOT NULL,
    provider text,
    PRIMARY KEY (tenant, batch, item),
    FOREIGN KEY (tenant, batch) REFERENCES import_batch
);

-- Identifiers that rows of committed files wait for.
CREATE TABLE import_held (
    tenant uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    batch uuid NOT NULL,
    number int NOT NULL,
    PRIMARY KEY (tenant, kind, value, batch, number)
);
CREATE INDEX import_held_row ON import_held (tenant, batch, number);

-- What becomes of each row, by what the ledger holds. Its own batch's facts are left out: what a file says twice is
-- known from the file alone, so that the answer does not depend on how far the commit is. A key without a fingerprint is
-- free: its file was taken back.
CREATE VIEW import_decision WITH (security_invoker = true) AS
SELECT r.*, near.occurrences,
       CASE WHEN r.outcome = 'rejected' THEN 'rejected'
            WHEN r.person IS NULL THEN 'held'
            WHEN r.twin IS NOT NULL THEN 'already_present'
            WHEN stands.id IS NULL AND keyed.fingerprint IS NOT NULL
                 OR keyed.fingerprint = r.digest AND stands.person = r.person AND stands.item = r.item
            THEN 'already_present'
            WHEN stands.source = r.source THEN 'superseded'
            WHEN near.record IS NOT NULL THEN 'already_present'
            WHEN near.is_probable OR r.is_probable THEN 'probable_duplicate'
            ELSE 'created' END AS decided,
       CASE WHEN r.twin IS NOT NULL THEN coalesce(twin.record, twin.id)
            WHEN stands.id IS NULL AND keyed.fingerprint IS NOT NULL OR stands.source = r.source
                 OR keyed.fingerprint = r.digest AND stands.person = r.person AND stands.item = r.item
            THEN keyed.record
            ELSE near.record END AS told_record,
       coalesce(stands.id, near.fact) AS told_fact, stands.revision AS standing_revision,
       stands.created_at AS standing_created_at, stands.created_by AS standing_created_by
FROM import_row r
JOIN tenant t ON t.id = r.tenant
LEFT JOIN LATERAL (
    SELECT b.id, b.record FROM import_row b
    WHERE b.tenant = r.tenant AND b.batch = r.batch AND b.number = r.twin LIMIT 1
) twin ON true
LEFT JOIN LATERAL (
    SELECT k.record, k.fingerprint FROM source_key k
    WHERE k.tenant = r.tenant AND k.source = 'import:' || r.source AND k.value = r.source_id LIMIT 1
) keyed ON true
LEFT JOIN LATERAL (
    SELECT f.* FROM fact f WHERE f.tenant = r.tenant AND f.record = keyed.record AND f.closed_at IS NULL
    ORDER BY f.revision DESC LIMIT 1
) stands ON true
LEFT JOIN LATERAL (
    -- One look at all that the person did of the item around that day, in any zone. A row and a fact that both have
    -- their source's own id are never the same by their content (rule I9).
    SELECT max(f.occurrence) FILTER (WHERE f.completed_at = r.completed_at) + 1 AS occurrences,
           (array_agg(f.record ORDER BY f.completed_at = r.completed_at DESC, f.occurrence)
            FILTER (WHERE f.is_same AND NOT f.is_own))[1] AS record,
           (array_agg(f.id ORDER BY f.completed_at = r.completed_at DESC, f.occurrence)
            FILTER (WHERE f.is_same AND NOT f.is_own))[1] AS fact,
           bool_or(f.is_probable AND NOT f.is_own) AS is_probable
    FROM (
        SELECT f.record, f.id, f.occurrence, f.completed_at,
               NOT r.is_released AND f.extra ->> 'batch' IS NOT DISTINCT FROM r.batch::text AS is_own,
               (r.source_id IS NULL OR f.source_id IS NULL)
               AND (f.completed_at = r.completed_at
                    OR f.source = r.source AND (f.completed_by_day OR r.completed_by_day) AND seen.day = r.day)
               AS is_same,
               f.source <> r.source AND seen.day = r.day AS is_probable
        FROM fact f
        CROSS JOIN LATERAL (
            SELECT CASE WHEN f.completed_by_day THEN (f.completed_at AT TIME ZONE 'UTC')::date
                        ELSE (f.completed_at AT TIME ZONE t.zone)::date END AS day
        ) seen
        WHERE f.tenant = r.tenant AND f.person = r.person AND f.item = r.item AND f.closed_at IS NULL
          AND f.completed_at >= (r.day - interval '14 hours') AT TIME ZONE 'UTC'
          AND f.completed_at < (r.day + interval '38 hours') AT TIME ZONE 'UTC'
    ) f
) near ON true;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['import_batch', 'import_row', 'outside_learning', 'import_outside', 'import_held']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON import_batch, import_row, import_outside, import_held TO testamur_app;
GRANT UPDATE (state, format, header, columns, rows, outcomes, repeated, has_keys, has_news, done, effect, touched_at,
    rehearsed_at, committed_at, undone_at) ON import_batch TO testamur_app;
GRANT UPDATE (outcome, faults, person, item, record, fact, twin, neighbour, is_probable, is_released) ON import_row
    TO testamur_app;
GRANT SELECT, INSERT, UPDATE (mapped_to, mapped_at, mapped_by) ON outside_learning TO testamur_app;
GRANT SELECT ON import_decision TO testamur_app;

-- Work is found across tenants, so this is one of the few functions past row-level security. It answers with names of
-- tenants and batches and nothing of theirs; the work itself is done bound to the tenant.
CREATE FUNCTION imports_waiting(count int) RETURNS TABLE (tenant uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT b.tenant, b.id FROM public.import_batch b
    WHERE b.state IN ('committing', 'undoing') OR b.has_news ORDER BY b.touched_at, b.id LIMIT count
$$;
REVOKE ALL ON FUNCTION imports_waiting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION imports_waiting TO testamur_app;
