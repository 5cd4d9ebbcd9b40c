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

-- name: entry_last
SELECT entry FROM tenant_counter WHERE tenant = :tenant;

-- name: entries_page
-- In the order of commits. Always the first one, then as many as have room together.
SELECT number, kind, subject, client, data, recorded_at FROM (
    SELECT e.*, sum(coalesce(length(e.data::text), 0)) OVER (ORDER BY e.number) AS size, row_number() OVER (ORDER BY e.number) AS place
    FROM (SELECT e.* FROM ledger_entry e WHERE e.tenant = :tenant AND e.number > :after ORDER BY e.number LIMIT :count) e
) e WHERE size <= :size_max OR place = 1 ORDER BY number;
