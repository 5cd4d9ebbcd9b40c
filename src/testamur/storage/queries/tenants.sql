-- name: tenant_add!
INSERT INTO tenant (id, slug, name, zone, created_at) VALUES (:id, :slug, :name, :zone, :now);

-- name: tenant_counter_add!
INSERT INTO tenant_counter (tenant) VALUES (:tenant);

-- name: tenant_list
SELECT t.id, t.slug, t.name, t.zone, t.created_at, c.entry AS entries
FROM tenant t JOIN tenant_counter c ON c.tenant = t.id ORDER BY t.slug;

-- name: tenant_get
SELECT id, slug, name, zone, created_at FROM tenant WHERE id = :tenant;

-- name: tenant_settings_get
-- What the tenant decided for itself, and nulls for what it never did.
SELECT s.number, s.reentry_days, s.self_granting, coalesce(s.recorded_at, t.created_at) AS updated_at
FROM tenant t
LEFT JOIN LATERAL (
    SELECT * FROM tenant_settings s WHERE s.tenant = :tenant ORDER BY s.number DESC LIMIT 1
) s ON true
WHERE t.id = :tenant;

-- name: tenant_settings_add!
INSERT INTO tenant_settings (tenant, number, reentry_days, self_granting, client, recorded_at)
VALUES (:tenant, :number, :reentry_days, :self_granting, :client, :now);

-- name: tenant_reentries
SELECT json_agg(json_build_array(s.number, s.reentry_days, s.recorded_at) ORDER BY s.number)::text
FROM tenant_settings s WHERE s.tenant = :tenant;

-- name: account_add!
INSERT INTO account (tenant, id, provider, name, created_at, updated_at)
VALUES (:tenant, :id, :provider, :name, :now, :now);

-- name: account_get
SELECT a.*, t.slug, t.name AS tenant_name FROM account a JOIN tenant t ON t.id = a.tenant
WHERE a.tenant = :tenant AND a.id = :id AND a.deleted_at IS NULL;

-- name: accounts_list
-- In the order in which they were made. A filter that is null is left out.
SELECT a.*, t.slug, t.name AS tenant_name FROM account a JOIN tenant t ON t.id = a.tenant
WHERE a.tenant = :tenant AND a.deleted_at IS NULL
  AND (:ids::uuid[] IS NULL OR a.id = ANY (:ids))
  AND (:providers::text[] IS NULL OR a.provider = ANY (:providers))
  AND (:statuses::text[] IS NULL OR a.status = ANY (:statuses))
  AND (:owners::text[] IS NULL OR coalesce(a.owner_id, t.slug) = ANY (:owners))
ORDER BY a.id LIMIT :count OFFSET :skip;

-- name: account_change!
UPDATE account
SET owner_id = :owner_id, owner_name = :owner_name, details = :details, status = :status,
    status_reason = :status_reason, status_at = :status_at, deleted_at = :deleted_at, updated_at = :now
WHERE tenant = :tenant AND id = :id;

-- name: client_add!
INSERT INTO client (tenant, id, name, dialect, application, scopes, settings, created_at)
VALUES (:tenant, :id, :name, :dialect, :application, :scopes, :settings, :now);

-- name: client_key_add!
INSERT INTO client_key (tenant, id, client, hash, hint, created_at)
VALUES (:tenant, :id, :client, :hash, :hint, :now);

-- name: client_key_list
SELECT k.id, k.hint, k.created_at, k.revoked_at, c.id AS client, c.name, c.dialect, c.application, c.scopes
FROM client_key k JOIN client c ON c.tenant = k.tenant AND c.id = k.client
WHERE k.tenant = :tenant ORDER BY k.id;

-- name: client_key_revoke
UPDATE client_key SET revoked_at = :now WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL RETURNING client;

-- name: client_revoke_when_keyless!
UPDATE client SET revoked_at = :now
WHERE tenant = :tenant AND id = :client AND revoked_at IS NULL
  AND NOT EXISTS (SELECT FROM client_key k WHERE k.tenant = :tenant AND k.client = :client AND k.revoked_at IS NULL);

-- name: caches_forget
-- Tells every worker, on commit, to forget what it remembers of credentials.
SELECT pg_notify('testamur_credentials', :tenant::uuid::text);

-- name: client_get
SELECT id, name, dialect, application, scopes, settings, revoked_at FROM client WHERE tenant = :tenant AND id = :id;

-- name: client_revoke!
UPDATE client SET revoked_at = :now WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL;

-- name: issuer_get
SELECT i.issuer, i.audience, i.keys, i.client, c.dialect, c.application, c.scopes
FROM token_issuer i JOIN client c ON c.tenant = i.tenant AND c.id = i.client
WHERE i.tenant = :tenant AND i.issuer = :issuer AND c.revoked_at IS NULL;

-- name: issuers_list
SELECT i.issuer, i.audience, i.keys, i.client, i.created_at, i.updated_at, c.dialect, c.application, c.scopes,
       c.revoked_at
FROM token_issuer i JOIN client c ON c.tenant = i.tenant AND c.id = i.client
WHERE i.tenant = :tenant ORDER BY i.issuer;

-- name: issuer_put!
INSERT INTO token_issuer (tenant, issuer, client, audience, keys, created_at, updated_at)
VALUES (:tenant, :issuer, :client, :audience, :keys, :now, :now)
ON CONFLICT (tenant, issuer) DO UPDATE
SET client = excluded.client, audience = excluded.audience, keys = excluded.keys, updated_at = excluded.updated_at;

-- name: tenant_zone
SELECT zone FROM tenant WHERE id = :tenant;
