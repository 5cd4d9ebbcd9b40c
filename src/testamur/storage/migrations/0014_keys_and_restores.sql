-- Calls that may be repeated and are done once, with the answers they got; tokens of
-- others that are believed; and records that were deleted and restored.

CREATE TABLE idempotency_key (
    tenant uuid NOT NULL REFERENCES tenant,
    holder text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    status int NOT NULL CHECK (status BETWEEN 200 AND 399),
    headers jsonb NOT NULL,
    media_type text NOT NULL,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, holder, operation, key)
);
COMMENT ON COLUMN idempotency_key.holder IS 'The application or client whose key it is, and the person behind a session.';
COMMENT ON COLUMN idempotency_key.fingerprint IS 'SHA-256 of what was asked for.';
CREATE INDEX idempotency_key_created ON idempotency_key (tenant, created_at);
ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON idempotency_key USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON idempotency_key TO testamur_app;

-- Of all tenants at once, because a tenant that sends no more keys would keep its last ones for good. It can remove
-- nothing but what is of no more use; a thousand of each tenant at a time, so that no lock is held for long.
CREATE FUNCTION prune_idempotency_keys() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    of_tenant uuid;
    removed int;
    total int := 0;
BEGIN
    FOR of_tenant IN SELECT id FROM public.tenant LOOP
        DELETE FROM public.idempotency_key k USING (
            SELECT old.holder, old.operation, old.key FROM public.idempotency_key old
            WHERE old.tenant = of_tenant AND old.created_at < now() - interval '24 hours'
            ORDER BY old.created_at LIMIT 1000
            FOR UPDATE SKIP LOCKED
        ) gone
        WHERE k.tenant = of_tenant AND k.holder = gone.holder AND k.operation = gone.operation AND k.key = gone.key;
        GET DIAGNOSTICS removed = ROW_COUNT;
        total := total + removed;
    END LOOP;
    RETURN total;
END $$;
REVOKE ALL ON FUNCTION prune_idempotency_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_idempotency_keys TO testamur_app;

-- Who else signs tokens that are believed here: a tenant's identity provider. The client stands for all its sessions and
-- says what they may do; its keys are public ones, or the secret of HS256.
CREATE TABLE token_issuer (
    tenant uuid NOT NULL,
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 255),
    client uuid NOT NULL,
    audience text NOT NULL CHECK (length(audience) BETWEEN 1 AND 255),
    keys jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, issuer),
    FOREIGN KEY (tenant, client) REFERENCES client
);
ALTER TABLE token_issuer ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON token_issuer USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT ON token_issuer TO testamur_app;
GRANT UPDATE (client, audience, keys, updated_at) ON token_issuer TO testamur_app;

-- Keys used to stand among the sources' own.
DELETE FROM source_key WHERE source LIKE 'idempotency:%';

-- A record that was restored has a voided fact that is not its last.
CREATE OR REPLACE VIEW record WITH (security_invoker = true) AS
SELECT r.* FROM fact_read r
WHERE r.closed_as IS DISTINCT FROM 'superseded'
  AND (r.closed_as IS NULL OR NOT EXISTS (
      SELECT FROM fact later WHERE later.tenant = r.tenant AND later.record = r.id AND later.revision = r.revision + 1));
