-- Webhooks: each walks along the ledger's entries at its own pace, so nothing is missed across a crash.

CREATE TABLE webhook (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    dialect text NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    secret text,
    api_version text,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    disabled_at timestamptz,
    disabled_because text,
    after_entry bigint NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    attempt_at timestamptz NOT NULL,
    failing_since timestamptz,
    lease uuid,
    leased_until timestamptz,
    PRIMARY KEY (tenant, id)
);
COMMENT ON COLUMN webhook.after_entry IS 'Everything up to this entry is delivered, given up or of no interest.';
COMMENT ON COLUMN webhook.lease IS 'The worker that serves it, until leased_until. Order is kept because it is one.';
CREATE INDEX webhook_live ON webhook (tenant, attempt_at) WHERE removed_at IS NULL AND disabled_at IS NULL;

CREATE TABLE delivery (
    tenant uuid NOT NULL,
    webhook uuid NOT NULL,
    entry bigint NOT NULL,
    type text NOT NULL,
    is_delivered boolean NOT NULL,
    attempts int NOT NULL,
    status int,
    error text,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, webhook, entry, type)
);
COMMENT ON TABLE delivery IS 'How each event ended for each webhook: delivered, or given up (the dead letters).';
CREATE INDEX delivery_dead ON delivery (tenant, webhook, entry) WHERE NOT is_delivered;

ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON webhook USING (tenant = (SELECT current_tenant()));
ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON delivery USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON webhook TO testamur_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery TO testamur_app;

-- Work is found across tenants, so this is one of the few functions past row-level security. It answers with names of
-- tenants and webhooks and nothing of theirs; what is told is read bound to the tenant.
CREATE FUNCTION webhooks_take(by_worker uuid, at timestamptz, until timestamptz, count int)
RETURNS TABLE (tenant uuid, id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    UPDATE public.webhook w SET lease = by_worker, leased_until = until
    FROM (
        SELECT d.tenant, d.id FROM public.webhook d
        JOIN public.tenant_counter c ON c.tenant = d.tenant
        WHERE d.removed_at IS NULL AND d.disabled_at IS NULL AND d.attempt_at <= at AND d.after_entry < c.entry
          AND (d.leased_until IS NULL OR d.leased_until < at)
        ORDER BY d.attempt_at LIMIT count
        FOR UPDATE OF d SKIP LOCKED
    ) due
    WHERE w.tenant = due.tenant AND w.id = due.id
    RETURNING w.tenant, w.id
$$;
-- A lease says that its worker lives: it is renewed while the worker does, and given up when it stops.
CREATE FUNCTION webhooks_renew(by_worker uuid, until timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ UPDATE public.webhook SET leased_until = until WHERE lease = by_worker $$;
CREATE INDEX webhook_lease ON webhook (tenant, lease) WHERE lease IS NOT NULL;

REVOKE ALL ON FUNCTION webhooks_take, webhooks_renew FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhooks_take, webhooks_renew TO testamur_app;
