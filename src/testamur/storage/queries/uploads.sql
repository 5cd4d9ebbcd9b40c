-- name: upload_add!
INSERT INTO upload (tenant, id, client, person, length, metadata, rehearsal, created_at, expires_at, completed_at)
VALUES (:tenant, :id, :client, :person, :length, :metadata, :rehearsal, :now, :expires_at,
        CASE WHEN :length::bigint = 0 THEN :now::timestamptz END);

-- name: upload_usage
SELECT count(*) AS uploads, coalesce(sum(length), 0)::bigint AS bytes FROM upload WHERE tenant = :tenant;

-- name: upload_get
-- One that an import is reading stays until that is done.
SELECT * FROM upload u
WHERE u.tenant = :tenant AND u.id = :id AND u.removed_at IS NULL
  AND (u.expires_at > :now OR EXISTS (
      SELECT FROM import_batch b WHERE b.tenant = :tenant AND b.upload = u.id AND b.state = 'reading'));

-- name: upload_list
SELECT * FROM upload
WHERE tenant = :tenant AND removed_at IS NULL AND expires_at > :now AND (:after::uuid IS NULL OR id < :after)
ORDER BY id DESC LIMIT :count;

-- name: upload_take
-- For this transaction.
SELECT * FROM upload WHERE tenant = :tenant AND id = :id AND removed_at IS NULL AND expires_at > :now FOR UPDATE;

-- name: upload_over
SELECT * FROM upload u
WHERE u.tenant = :tenant AND u.id = :id AND (u.removed_at IS NOT NULL OR u.expires_at <= :now AND NOT EXISTS (
    SELECT FROM import_batch b WHERE b.tenant = :tenant AND b.upload = u.id AND b.state = 'reading'))
FOR UPDATE;

-- name: uploads_over_own
SELECT id FROM upload WHERE tenant = :tenant AND (removed_at IS NOT NULL OR expires_at <= :now) ORDER BY id LIMIT :count;

-- name: upload_writer!
UPDATE upload SET writer = :writer WHERE tenant = :tenant AND id = :id;

-- name: upload_advance!
UPDATE upload SET received = :received, expires_at = :expires_at, import = coalesce(:batch, import),
       completed_at = CASE WHEN :received::bigint = length THEN :now::timestamptz END
WHERE tenant = :tenant AND id = :id;

-- name: upload_extend
-- The last part takes more while it is small, so that however small the pieces are that come, there are few parts.
WITH tail AS (
    SELECT p.start FROM upload_part p WHERE p.tenant = :tenant AND p.upload = :id ORDER BY p.start DESC LIMIT 1
)
UPDATE upload_part p SET bytes = p.bytes || :bytes::bytea FROM tail t
WHERE p.tenant = :tenant AND p.upload = :id AND p.start = t.start AND length(p.bytes) < :small
RETURNING p.start;

-- name: upload_part_add!
INSERT INTO upload_part (tenant, upload, start, bytes) VALUES (:tenant, :id, :start, :bytes);

-- name: upload_parts
SELECT start, bytes FROM upload_part
WHERE tenant = :tenant AND upload = :id AND start >= :after ORDER BY start LIMIT :count;

-- name: upload_parts_forget
-- From an offset on, some at a time.
WITH gone AS (
    DELETE FROM upload_part p USING (
        SELECT start FROM upload_part
        WHERE tenant = :tenant AND upload = :id AND start >= :after ORDER BY start LIMIT :count
    ) few
    WHERE p.tenant = :tenant AND p.upload = :id AND p.start = few.start RETURNING 1
)
SELECT count(*) FROM gone;

-- name: upload_remove!
UPDATE upload SET removed_at = :now WHERE tenant = :tenant AND id = :id AND removed_at IS NULL;

-- name: upload_forget!
DELETE FROM upload WHERE tenant = :tenant AND id = :id;

-- name: upload_is_read
SELECT EXISTS (
    SELECT FROM import_batch WHERE tenant = :tenant AND upload = :id::uuid AND state = 'reading'
);

-- name: upload_keep!
UPDATE upload SET expires_at = :expires_at WHERE tenant = :tenant AND id = :id;
