-- name: idempotency_key_find
SELECT fingerprint, status, headers, media_type, body FROM idempotency_key
WHERE tenant = :tenant AND holder = :holder AND operation = :operation AND key = :key AND created_at >= :since;

-- name: idempotency_key_keep!
-- One that is too old and was not pruned yet gives way.
INSERT INTO idempotency_key (tenant, holder, operation, key, fingerprint, status, headers, media_type, body, created_at)
VALUES (:tenant, :holder, :operation, :key, :fingerprint, :status, :headers, :media_type, :body, :now)
ON CONFLICT (tenant, holder, operation, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
    media_type = excluded.media_type, body = excluded.body, created_at = excluded.created_at;
