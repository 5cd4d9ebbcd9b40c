-- name: webhook_add!
INSERT INTO webhook (tenant, id, dialect, name, url, events, secret, api_version, created_at, after_entry, attempt_at)
SELECT :tenant, :id, :dialect, :name, :url, :events::text[], :secret, :api_version, :now, c.entry, :now
FROM tenant_counter c WHERE c.tenant = :tenant;

-- name: webhook_get
SELECT * FROM webhook WHERE tenant = :tenant AND id = :id AND removed_at IS NULL;

-- name: webhook_list
SELECT * FROM webhook
WHERE tenant = :tenant AND removed_at IS NULL AND (:dialect::text IS NULL OR dialect = :dialect)
ORDER BY id;

-- name: webhook_remove
UPDATE webhook SET removed_at = :now, lease = NULL, leased_until = NULL
WHERE tenant = :tenant AND id = :id AND removed_at IS NULL RETURNING id;

-- name: webhook_enable
-- From the entry given, or from where it stopped.
UPDATE webhook SET disabled_at = NULL, disabled_because = NULL, failing_since = NULL, attempts = 0, attempt_at = :now,
    after_entry = coalesce(:after::bigint, after_entry), lease = NULL, leased_until = NULL
WHERE tenant = :tenant AND id = :id AND removed_at IS NULL RETURNING id;

-- name: webhook_disable!
UPDATE webhook SET disabled_at = :now, disabled_because = :because, lease = NULL, leased_until = NULL
WHERE tenant = :tenant AND id = :id AND lease = :lease;

-- name: webhook_progress
-- Nothing comes back when the lease was lost to another worker, or the webhook was replayed or removed meanwhile.
UPDATE webhook SET after_entry = :after, attempts = :attempts, attempt_at = :attempt_at,
    failing_since = CASE WHEN :failing THEN coalesce(failing_since, :now) END,
    lease = CASE WHEN :keeps THEN lease END, leased_until = CASE WHEN :keeps THEN :until::timestamptz END
WHERE tenant = :tenant AND id = :id AND lease = :lease AND after_entry = :before AND removed_at IS NULL
RETURNING failing_since;

-- name: webhook_entries
SELECT number, kind, subject, client, data, recorded_at FROM ledger_entry
WHERE tenant = :tenant AND number > :after AND kind = ANY (:kinds::text[]) ORDER BY number LIMIT :count;

-- name: entry_last
SELECT entry FROM tenant_counter WHERE tenant = :tenant;

-- name: deliveries_add!
INSERT INTO delivery (tenant, webhook, entry, type, is_delivered, attempts, status, error, last_at)
SELECT :tenant, :webhook, d.entry, d.type, d.is_delivered, d.attempts, d.status, d.error, d.last_at
FROM json_to_recordset(:deliveries::json) AS d (entry bigint, type text, is_delivered boolean, attempts int, status int,
                                                error text, last_at timestamptz)
ON CONFLICT (tenant, webhook, entry, type) DO UPDATE
SET is_delivered = excluded.is_delivered, attempts = delivery.attempts + excluded.attempts, status = excluded.status,
    error = excluded.error, last_at = excluded.last_at;

-- name: deliveries_of_entry
SELECT type FROM delivery WHERE tenant = :tenant AND webhook = :webhook AND entry = :entry;

-- name: delivery_list
SELECT entry, type, is_delivered, attempts, status, error, last_at FROM delivery
WHERE tenant = :tenant AND webhook = :webhook AND entry > :after AND (NOT :dead_only OR NOT is_delivered)
ORDER BY entry, type LIMIT :count;

-- name: deliveries_prune!
DELETE FROM delivery WHERE tenant = :tenant AND webhook = :webhook AND last_at < :before;
