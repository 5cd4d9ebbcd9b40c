-- name: counter_advance
-- Locks the tenant's counter until the transaction ends.
UPDATE tenant_counter SET entry = entry + :count WHERE tenant = :tenant RETURNING entry;

-- name: counter_lock
SELECT entry FROM tenant_counter WHERE tenant = :tenant FOR UPDATE;

-- name: entries_add!
INSERT INTO ledger_entry (tenant, number, kind, subject, client, data, recorded_at)
SELECT :tenant, e.number, e.kind, e.subject, e.client, e.data, :now
FROM unnest(:numbers::bigint[], :kinds::text[], :subjects::uuid[], :clients::uuid[], :data::jsonb[])
     AS e (number, kind, subject, client, data);

-- name: entry_list
SELECT number, kind, subject, client, data, recorded_at FROM ledger_entry
WHERE tenant = :tenant AND number > :after ORDER BY number LIMIT :count;
