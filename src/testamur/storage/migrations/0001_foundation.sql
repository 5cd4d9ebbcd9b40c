-- The ledger and its nouns.
--
-- The tenant is the leading column of every key and index, and row-level security binds each transaction to one
-- tenant. The role testamur_app, under which the application runs, can neither bypass that nor alter tables.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'testamur_app') THEN
        CREATE ROLE testamur_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of the same server is being migrated at this moment
END $$;

CREATE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('testamur.tenant', true), '')::uuid $$;
COMMENT ON FUNCTION current_tenant IS 'The tenant this transaction is bound to, or null: then no row is visible.';

-- Spellings, for pages that are written as JSON right here; `core/ids.py` and `core/moments.py` have the same. Not
-- STRICT, because only then they are inlined.
CREATE FUNCTION hex24(id uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT substr(id::text, 1, 8) || substr(id::text, 10, 4) || substr(id::text, 16, 3)
        || lpad(to_hex((('x' || substr(id::text, 20, 4) || substr(id::text, 25, 6))::bit(40)::bigint >> 2)
                       & 68719476735), 9, '0')
$$;
COMMENT ON FUNCTION hex24 IS 'The 24 hex digits of an own id: without version, variant and spare bits.';
CREATE FUNCTION opaque(hex24 text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT translate(hex24, '0123456789abcdef', 'ghjkmnpqrstvwxyz') $$;
CREATE FUNCTION instant(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- Tenants, and who may call -------------------------------------------------------------------------------------

CREATE TABLE tenant (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT tenant_slug_taken UNIQUE CHECK (slug ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
    name text NOT NULL CHECK (name <> ''),
    zone text NOT NULL DEFAULT 'UTC',
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN tenant.zone IS 'IANA zone in which deadlines are calendar days (rule D1).';

-- One row a tenant. Whoever writes to a tenant's ledger locks it first: entries are numbered without gaps, in the
-- order of commits, and two workers can never decide on the same record at once.
CREATE TABLE tenant_counter (
    tenant uuid PRIMARY KEY REFERENCES tenant,
    entry bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

CREATE TABLE client (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    name text NOT NULL,
    dialect text,
    application text,
    scopes text[] NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE client_key (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    client uuid NOT NULL,
    hash bytea NOT NULL CONSTRAINT client_key_hash_taken UNIQUE CHECK (length(hash) = 32),
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, client) REFERENCES client
);
COMMENT ON COLUMN client_key.hash IS 'SHA-256 of a secret of 256 random bits. The secret itself is shown once.';

-- Of the whole installation: tokens must verify before their tenant is known.
CREATE TABLE signing_key (
    id text PRIMARY KEY,
    private_jwk jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE account (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    provider text NOT NULL,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'inactive', 'suspended', 'archived', 'expired', 'error')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);
COMMENT ON TABLE account IS 'What stands behind an x-account-id. Provider "testamur" is the tenant''s own ledger.';

-- People, items, audiences --------------------------------------------------------------------------------------

CREATE TABLE person (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    given_name text NOT NULL DEFAULT '',
    family_name text NOT NULL DEFAULT '',
    phone text,
    role text NOT NULL DEFAULT 'learner',
    language text,
    zone text,
    is_active boolean NOT NULL DEFAULT true,
    attributes jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE person_identifier (
    tenant uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    person uuid NOT NULL,
    CONSTRAINT person_identifier_taken PRIMARY KEY (tenant, kind, value),
    FOREIGN KEY (tenant, person) REFERENCES person
);
CREATE INDEX person_identifier_person ON person_identifier (tenant, person, kind, value);

CREATE TABLE item (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('content', 'course', 'collection', 'outside')),
    format text,
    title text NOT NULL,
    description text,
    provider text,
    language text,
    url text,
    cover_url text,
    duration text,
    is_authored boolean NOT NULL DEFAULT false,
    requires_quiz boolean NOT NULL DEFAULT false,
    attributes jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    retired_at timestamptz,
    -- Free text names an item by its title. Hashed, because a title may be longer than an index entry; a column, because
    -- row-level security keeps an expression with functions that are not leakproof away from its index.
    title_key text NOT NULL GENERATED ALWAYS AS (md5(lower(title))) STORED,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX item_title ON item (tenant, title_key);

CREATE TABLE item_identifier (
    tenant uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    item uuid NOT NULL,
    CONSTRAINT item_identifier_taken PRIMARY KEY (tenant, kind, value),
    FOREIGN KEY (tenant, item) REFERENCES item
);
CREATE INDEX item_identifier_item ON item_identifier (tenant, item, kind, value);

CREATE TABLE item_version (
    tenant uuid NOT NULL,
    item uuid NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    published_at timestamptz,
    retraining_from date,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, item, number),
    FOREIGN KEY (tenant, item) REFERENCES item
);
COMMENT ON COLUMN item_version.published_at IS 'Null for a draft.';
COMMENT ON COLUMN item_version.retraining_from IS 'Credit from older versions ends on this day at the latest (rule V4).';

CREATE TABLE audience (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    name text NOT NULL,
    category text NOT NULL CHECK (category IN ('structure', 'audience')),
    reference text,
    parent uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, parent) REFERENCES audience
);
CREATE UNIQUE INDEX audience_reference_taken ON audience (tenant, reference) WHERE deleted_at IS NULL;
CREATE INDEX audience_parent ON audience (tenant, parent);

-- Membership is a half-open span of days, [joined_on, left_on) (section 9 of the rules). The row of a span that
-- ended stays; two clocks on both ends.
CREATE TABLE membership (
    tenant uuid NOT NULL,
    audience uuid NOT NULL,
    person uuid NOT NULL,
    joined_on date NOT NULL,
    left_on date,
    joined_recorded_at timestamptz NOT NULL,
    left_recorded_at timestamptz,
    PRIMARY KEY (tenant, audience, person, joined_on),
    FOREIGN KEY (tenant, audience) REFERENCES audience,
    FOREIGN KEY (tenant, person) REFERENCES person,
    CHECK (left_on >= joined_on),
    CHECK ((left_on IS NULL) = (left_recorded_at IS NULL))
);
CREATE UNIQUE INDEX membership_open ON membership (tenant, audience, person) WHERE left_on IS NULL;
CREATE INDEX membership_person ON membership (tenant, person);

CREATE TABLE assignment (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    audience uuid NOT NULL,
    primary_item uuid NOT NULL,
    alternatives uuid[] NOT NULL DEFAULT '{}',
    hide_alternatives boolean NOT NULL DEFAULT false,
    completion_period_days int NOT NULL DEFAULT 30 CHECK (completion_period_days >= 1),
    recurrence_days int CHECK (recurrence_days >= 0),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, audience) REFERENCES audience,
    FOREIGN KEY (tenant, primary_item) REFERENCES item,
    CHECK (NOT primary_item = ANY (alternatives))
);
CREATE INDEX assignment_audience ON assignment (tenant, audience);

-- A person's place among an item's learners. It opens once and is used again.
CREATE TABLE enrolment (
    tenant uuid NOT NULL,
    item uuid NOT NULL,
    person uuid NOT NULL,
    enrolled_at timestamptz NOT NULL,
    ended_at timestamptz,
    source text NOT NULL,
    PRIMARY KEY (tenant, item, person),
    FOREIGN KEY (tenant, item) REFERENCES item,
    FOREIGN KEY (tenant, person) REFERENCES person
);
CREATE INDEX enrolment_person ON enrolment (tenant, person);

-- Quiz attempts stand beside completions: an attempt never changes a completion.
CREATE TABLE attempt (
    tenant uuid NOT NULL,
    item uuid NOT NULL,
    person uuid NOT NULL,
    id uuid NOT NULL,
    attempted_at timestamptz NOT NULL,
    score_percent numeric CHECK (score_percent BETWEEN 0 AND 100),
    passed boolean,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, item, person, id),
    FOREIGN KEY (tenant, item) REFERENCES item,
    FOREIGN KEY (tenant, person) REFERENCES person
);

-- The ledger ----------------------------------------------------------------------------------------------------

-- A record is a chain of facts; the last one that is not closed stands. A fact is written once. The only columns
-- that ever change are the closed_* ones, from null, when it is superseded or voided: both clocks stay readable.
-- No foreign keys on this table and the two after it: the verbs resolve every reference in the same transaction,
-- people and items are never deleted, and the checks cost a quarter of the ingest rate (docs/decisions/0003).
CREATE TABLE fact (
    tenant uuid NOT NULL,
    record uuid NOT NULL,
    revision int NOT NULL CHECK (revision >= 1),
    id uuid NOT NULL,
    entry bigint NOT NULL,
    person uuid,
    item uuid,
    item_version int,
    completed_at timestamptz,
    completed_by_day boolean NOT NULL DEFAULT false,
    occurrence int NOT NULL DEFAULT 0,
    started_at timestamptz,
    expires_at timestamptz,
    passed boolean,
    score_percent numeric CHECK (score_percent BETWEEN 0 AND 100),
    score_text text,
    time_spent text,
    certificate text,
    is_prior boolean NOT NULL DEFAULT false,
    source text NOT NULL,
    source_id text,
    application text,
    created_by uuid,
    updated_by uuid,
    extra jsonb,
    created_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_as text CHECK (closed_as IN ('superseded', 'voided')),
    closed_by uuid,
    PRIMARY KEY (tenant, record, revision),
    CHECK ((closed_at IS NULL) = (closed_as IS NULL))
);
COMMENT ON COLUMN fact.completed_by_day IS 'The time was given as a bare day and is held as its midnight UTC (rule D7).';
COMMENT ON COLUMN fact.occurrence IS 'Tells apart records of a source that may tell the same completion twice and mean two.';
COMMENT ON COLUMN fact.entry IS 'The ledger entry that recorded this fact: the order of commits.';
-- Rule C1: one standing fact for a person, item and moment.
CREATE UNIQUE INDEX fact_natural ON fact (tenant, person, item, completed_at, occurrence)
    WHERE closed_at IS NULL AND completed_at IS NOT NULL;
CREATE INDEX fact_item ON fact (tenant, item, completed_at, person) WHERE closed_at IS NULL;
CREATE INDEX fact_entry ON fact (tenant, entry);
-- Lists by time of recording. It grows at its end only, so it costs an insert little.
CREATE INDEX fact_created ON fact (tenant, created_at, record) WHERE closed_at IS NULL;
-- What fact_natural leaves out, so that a person's records are found whole. Empty but for plans, corrections and
-- people not known here.
CREATE INDEX fact_unnatural ON fact (tenant, person)
    WHERE person IS NULL OR completed_at IS NULL OR closed_at IS NOT NULL;
CREATE UNIQUE INDEX fact_revised ON fact (tenant, id) WHERE revision > 1;

CREATE TABLE source_key (
    tenant uuid NOT NULL,
    source text NOT NULL,
    value text NOT NULL,
    record uuid NOT NULL,
    fingerprint bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, source, value)
);

-- Who told us, and what exactly they said. The same words from the same client are one row that counts them, so a
-- client stuck in a retry cannot fill the disk.
CREATE TABLE report (
    tenant uuid NOT NULL,
    record uuid NOT NULL,
    digest bytea NOT NULL,
    fact uuid NOT NULL,
    dialect text NOT NULL,
    client uuid NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    body text NOT NULL,
    repeats int NOT NULL DEFAULT 1,
    reported_at timestamptz NOT NULL,
    last_reported_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, record, digest)
);

-- Audit log, outbox and change feed in one: one line for every change, numbered per tenant without gaps.
CREATE TABLE ledger_entry (
    tenant uuid NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    client uuid,
    data jsonb,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, number)
);

-- A fact as readers see it, with the names of its person and item.
CREATE VIEW fact_read WITH (security_invoker = true) AS
SELECT f.tenant, f.record AS id, f.id AS fact, f.revision, f.entry,
       f.person, f.extra ->> 'person_ref' AS person_ref_written,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = f.tenant AND i.person = f.person AND i.kind = 'ref'
        ORDER BY i.value LIMIT 1) AS person_ref,
       (SELECT i.value FROM person_identifier i WHERE i.tenant = f.tenant AND i.person = f.person AND i.kind = 'email'
        ORDER BY i.value LIMIT 1) AS person_email,
       p.given_name, p.family_name,
       f.item, it.kind AS item_kind, it.format AS item_format,
       (SELECT i.value FROM item_identifier i WHERE i.tenant = f.tenant AND i.item = f.item AND i.kind = 'ref'
        ORDER BY i.value LIMIT 1) AS item_ref,
       (SELECT i.value FROM item_identifier i WHERE i.tenant = f.tenant AND i.item = f.item AND i.kind = 'iri'
        ORDER BY i.value LIMIT 1) AS item_iri,
       f.item_version,
       coalesce(f.extra ->> 'title', it.title) AS title,
       CASE WHEN f.extra ? 'title' THEN f.extra ->> 'provider' ELSE it.provider END AS provider,
       f.completed_at, f.completed_by_day, f.started_at, f.expires_at, f.passed, f.score_percent, f.score_text,
       f.time_spent, f.certificate, f.is_prior, f.source, f.source_id, f.application, f.created_by, f.updated_by,
       f.extra, f.created_at, f.recorded_at, coalesce(f.closed_at, f.recorded_at) AS updated_at,
       f.closed_at AS voided_at, f.closed_by AS voided_by, f.closed_as
FROM fact f
LEFT JOIN person p ON p.tenant = f.tenant AND p.id = f.person
LEFT JOIN item it ON it.tenant = f.tenant AND it.id = f.item;

-- A record as readers see it: its last fact, standing or voided.
CREATE VIEW record WITH (security_invoker = true) AS
SELECT * FROM fact_read WHERE closed_as IS DISTINCT FROM 'superseded';

-- Row-level security --------------------------------------------------------------------------------------------

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenant_counter', 'client', 'client_key', 'account', 'person', 'person_identifier',
        'item', 'item_identifier', 'item_version', 'audience', 'membership', 'assignment', 'enrolment', 'attempt',
        'fact', 'source_key', 'report', 'ledger_entry']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON tenant USING (id = (SELECT current_tenant()));

-- A credential names its tenant, so it must be found before a tenant is bound. The first three
-- functions are the only way past row-level security, each answers for one exact key, and nobody else may call them.
CREATE FUNCTION client_by_key(key_hash bytea)
RETURNS TABLE (tenant uuid, slug text, client uuid, dialect text, application text, scopes text[], settings jsonb,
               hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT k.tenant, t.slug, k.client, c.dialect, c.application, c.scopes, c.settings, k.hash
    FROM public.client_key k JOIN public.client c ON c.tenant = k.tenant AND c.id = k.client
    JOIN public.tenant t ON t.id = k.tenant
    WHERE k.hash = key_hash AND k.revoked_at IS NULL AND c.revoked_at IS NULL
$$;
CREATE FUNCTION tenant_by_name(wanted text)
RETURNS TABLE (id uuid, slug text, title text, zone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT t.id, t.slug, t.name, t.zone FROM public.tenant t WHERE t.slug = $1 OR t.id::text = lower($1)
$$;
CREATE FUNCTION client_is_live(of_tenant uuid, of_client uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT EXISTS (SELECT FROM public.client c WHERE c.tenant = of_tenant AND c.id = of_client
                   AND c.revoked_at IS NULL)
$$;

-- A plan made while a table was small is kept while the table grows, and without statistics the planner takes any
-- index that begins with the tenant. Autovacuum comes by once a minute; the service asks for new statistics whenever
-- a ledger has grown fourfold.
CREATE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership;
END $$;

REVOKE ALL ON FUNCTION client_by_key, tenant_by_name, client_is_live, refresh_statistics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_tenant, client_by_key, tenant_by_name, client_is_live, refresh_statistics
    TO testamur_app;
GRANT USAGE ON SCHEMA public TO testamur_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO testamur_app;
GRANT INSERT, UPDATE ON tenant_counter, client, client_key, account, person, item, item_version, audience,
    membership, assignment, enrolment, source_key TO testamur_app;
GRANT INSERT, DELETE ON person_identifier, item_identifier TO testamur_app;
-- The ledger only grows. A fact can be closed and nothing else of it can be changed.
GRANT INSERT ON fact, report, ledger_entry, attempt TO testamur_app;
GRANT UPDATE (repeats, last_reported_at) ON report TO testamur_app;
GRANT UPDATE (closed_at, closed_as, closed_by) ON fact TO testamur_app;
REVOKE INSERT, UPDATE, DELETE ON tenant, signing_key FROM testamur_app;
