-- Files that come in parts, and imports that are made of them and tell how far they are.

-- The bytes stand here because any worker of the deployment must be able to go on with them.
CREATE TABLE upload (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    client uuid NOT NULL,
    person uuid,
    length bigint NOT NULL CHECK (length >= 0),
    received bigint NOT NULL DEFAULT 0,
    metadata text NOT NULL CHECK (length(metadata) <= 8192),
    rehearsal jsonb,
    import uuid,
    writer uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    completed_at timestamptz,
    removed_at timestamptz,
    PRIMARY KEY (tenant, id),
    CHECK (received BETWEEN 0 AND length),
    CHECK ((completed_at IS NOT NULL) = (received = length))
);
COMMENT ON COLUMN upload.rehearsal IS 'What the import is told that begins with the last byte.';
COMMENT ON COLUMN upload.writer IS 'Of the requests that write to it, the one that came last; no other may.';
COMMENT ON COLUMN upload.removed_at IS 'It is no more; its bytes are still to be deleted.';
CREATE INDEX upload_expiring ON upload (tenant, expires_at);

CREATE TABLE upload_part (
    tenant uuid NOT NULL,
    upload uuid NOT NULL,
    start bigint NOT NULL,
    bytes bytea NOT NULL CHECK (length(bytes) BETWEEN 1 AND 4194304),
    PRIMARY KEY (tenant, upload, start),
    FOREIGN KEY (tenant, upload) REFERENCES upload
);
COMMENT ON TABLE upload_part IS 'Bytes of an upload. What begins behind `received` came with a checksum that was not compared yet.';
-- Most files come packed, and what is not packed can be read from the middle.
ALTER TABLE upload_part ALTER COLUMN bytes SET STORAGE EXTERNAL;

ALTER TABLE import_batch
    ADD COLUMN upload uuid,
    ADD COLUMN attempts int NOT NULL DEFAULT 0,
    ADD COLUMN fault jsonb,
    ADD COLUMN stage text,
    ADD COLUMN stage_done bigint NOT NULL DEFAULT 0,
    ADD COLUMN stage_total bigint NOT NULL DEFAULT 0,
    ADD COLUMN stage_began_at timestamptz,
    DROP CONSTRAINT import_batch_state_check,
    ADD CONSTRAINT import_batch_state_check CHECK (
        state IN ('reading', 'refused', 'rehearsed', 'committing', 'committed', 'undoing', 'undone'));
COMMENT ON COLUMN import_batch.upload IS 'What it is read from, in the background; it may be gone since.';
COMMENT ON COLUMN import_batch.attempts IS 'How often its reading was begun.';
COMMENT ON COLUMN import_batch.fault IS 'Why it was refused.';
COMMENT ON COLUMN import_batch.stage IS 'What is being done with it, and how far that is, for those who watch.';
CREATE INDEX import_batch_reading ON import_batch (tenant, id) WHERE state = 'reading';

ALTER TABLE upload ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON upload USING (tenant = (SELECT current_tenant()));
ALTER TABLE upload_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON upload_part USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT, DELETE ON upload, upload_part TO testamur_app;
GRANT UPDATE (received, import, writer, expires_at, completed_at, removed_at) ON upload TO testamur_app;
GRANT UPDATE (bytes) ON upload_part TO testamur_app;
GRANT UPDATE (attempts, bytes, digest, fault, stage, stage_done, stage_total, stage_began_at) ON import_batch TO testamur_app;

-- Work is found across tenants: names of tenants, uploads and batches, and nothing of theirs. What is done about them is
-- done bound to the tenant.
CREATE FUNCTION uploads_over(at timestamptz, count int) RETURNS TABLE (tenant uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT u.tenant, u.id FROM public.upload u
    WHERE u.removed_at IS NOT NULL
       OR u.expires_at <= at AND NOT EXISTS (
           SELECT FROM public.import_batch b WHERE b.tenant = u.tenant AND b.upload = u.id AND b.state = 'reading')
    ORDER BY u.expires_at, u.id LIMIT count
$$;
CREATE FUNCTION rehearsals_waiting(count int) RETURNS TABLE (tenant uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT b.tenant, b.id FROM public.import_batch b
    WHERE b.state = 'reading' AND b.upload IS NOT NULL ORDER BY b.attempts, b.id LIMIT count
$$;
REVOKE ALL ON FUNCTION uploads_over, rehearsals_waiting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uploads_over, rehearsals_waiting TO testamur_app;
