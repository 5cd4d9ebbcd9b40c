-- name: webhook_add!
INSERT INTO webhook (tenant, id, dialect, name, url, events, secret, api_version, base_url, created_at, after_entry,
                     attempt_at)
SELECT :tenant, :id, :dialect, :name, :url, :events::text[], :secret, :api_version, :base_url, :now, c.entry, :now
FROM tenant_counter c WHERE c.tenant = :tenant;

-- name: webhooks_live
-- How many there are, and whether one of the dialect has the address.
SELECT count(*) AS count, coalesce(bool_or(dialect = :dialect AND url = :url), false) AS is_taken
FROM webhook WHERE tenant = :tenant AND removed_at IS NULL;

-- name: webhook_get
SELECT * FROM webhook
WHERE tenant = :tenant AND id = :id AND removed_at IS NULL AND (:dialect::text IS NULL OR dialect = :dialect);

-- name: webhook_list
SELECT * FROM webhook
WHERE tenant = :tenant AND removed_at IS NULL AND (:dialect::text IS NULL OR dialect = :dialect)
  AND (:after::uuid IS NULL OR id > :after)
ORDER BY id LIMIT :count;

-- name: webhook_remove
UPDATE webhook SET removed_at = :now, generation = generation + 1
WHERE tenant = :tenant AND id = :id AND removed_at IS NULL AND (:dialect::text IS NULL OR dialect = :dialect)
RETURNING id;

-- name: webhook_removed
SELECT id FROM webhook
WHERE tenant = :tenant AND id = :id AND removed_at IS NOT NULL AND (:dialect::text IS NULL OR dialect = :dialect);

-- name: webhook_enable
-- Goes on where it stopped.
UPDATE webhook SET disabled_at = NULL, disabled_because = NULL, failing_since = NULL, attempts = 0, attempt_at = :now,
    generation = generation + 1
WHERE tenant = :tenant AND id = :id AND removed_at IS NULL RETURNING id;

-- name: webhook_change!
UPDATE webhook SET url = coalesce(:url, url), name = coalesce(:name, name), events = coalesce(:events::text[], events),
    attempts = 0, attempt_at = :now, generation = generation + 1
WHERE tenant = :tenant AND id = :id;

-- name: webhook_switch_off!
UPDATE webhook SET disabled_at = :now, disabled_because = :because, generation = generation + 1
WHERE tenant = :tenant AND id = :id AND disabled_at IS NULL;

-- name: webhook_new_secret!
UPDATE webhook SET secret = :secret, old_secret = CASE WHEN :until::timestamptz > :now THEN secret END,
    old_secret_until = CASE WHEN :until > :now THEN :until::timestamptz END, generation = generation + 1
WHERE tenant = :tenant AND id = :id;

-- name: webhook_replay!
UPDATE webhook SET replay_after = :after, replay_until = :until, replay_dead = :dead_only, told = '{}', attempts = 0,
    attempt_at = :now, generation = generation + 1
WHERE tenant = :tenant AND id = :id;

-- name: webhook_release!
UPDATE webhook SET lease = NULL, leased_until = NULL WHERE tenant = :tenant AND id = :id AND lease = :lease;

-- name: webhook_disable
UPDATE webhook SET disabled_at = :now, disabled_because = :because, lease = NULL, leased_until = NULL
WHERE tenant = :tenant AND id = :id AND lease = :lease AND generation = :generation RETURNING id;

-- name: webhook_progress
-- Nothing comes back when the lease was lost to another worker, or the webhook was changed or removed meanwhile.
UPDATE webhook SET
    after_entry = CASE WHEN replay_until IS NULL THEN :after ELSE after_entry END,
    replay_after = CASE WHEN replay_until > :after THEN :after END,
    replay_until = CASE WHEN replay_until > :after THEN replay_until END,
    replay_dead = replay_dead AND coalesce(replay_until > :after, false),
    told = :told::text[], attempts = :attempts, attempt_at = :attempt_at,
    failing_since = CASE WHEN :failing THEN coalesce(failing_since, :now) END,
    lease = CASE WHEN :keeps THEN lease END, leased_until = CASE WHEN :keeps THEN :until::timestamptz END
WHERE tenant = :tenant AND id = :id AND lease = :lease AND generation = :generation AND removed_at IS NULL
RETURNING failing_since;

-- name: webhook_entries
SELECT number, kind, subject, client, data, recorded_at FROM ledger_entry
WHERE tenant = :tenant AND number > :after AND number <= :until AND kind = ANY (:kinds::text[])
ORDER BY number LIMIT :count;

-- name: webhook_dead_entries
-- Entries with something that was given up, and what.
SELECT e.number, e.kind, e.subject, e.client, e.data, e.recorded_at, d.types
FROM (
    SELECT entry, array_agg(type) AS types FROM delivery
    WHERE tenant = :tenant AND webhook = :webhook AND entry > :after AND entry <= :until AND NOT is_delivered
    GROUP BY entry ORDER BY entry LIMIT :count
) d JOIN ledger_entry e ON e.tenant = :tenant AND e.number = d.entry
ORDER BY e.number;

-- name: entry_last
SELECT entry FROM tenant_counter WHERE tenant = :tenant;

-- name: entry_last_before
-- The newest entry recorded before a moment, found from the end: numbers and moments grow together.
SELECT number FROM ledger_entry WHERE tenant = :tenant AND recorded_at < :moment ORDER BY number DESC LIMIT 1;

-- name: deliveries_add!
INSERT INTO delivery (tenant, webhook, entry, type, is_delivered, attempts, status, error, last_at)
SELECT :tenant, :webhook, d.entry, d.type, d.is_delivered, d.attempts, d.status, d.error, d.last_at
FROM json_to_recordset(:deliveries::json) AS d (entry bigint, type text, is_delivered boolean, attempts int, status int,
                                                error text, last_at timestamptz)
ON CONFLICT (tenant, webhook, entry, type) DO UPDATE
SET is_delivered = excluded.is_delivered, attempts = delivery.attempts + excluded.attempts, status = excluded.status,
    error = excluded.error, last_at = excluded.last_at;

-- name: delivery_list
SELECT entry, type, is_delivered, attempts, status, error, last_at FROM delivery
WHERE tenant = :tenant AND webhook = :webhook
  AND entry >= :after AND (entry > :after OR type > :after_type::text)
  AND (:delivered::boolean IS NULL OR is_delivered = :delivered)
ORDER BY entry, type LIMIT :count;

-- name: deliveries_prune!
DELETE FROM delivery WHERE tenant = :tenant AND webhook = :webhook AND last_at < :before;
