-- What a tenant decides for itself, and cycles missed.

-- A row says all of it from its moment on, so that what was is never overwritten.
CREATE TABLE tenant_settings (
    tenant uuid NOT NULL REFERENCES tenant,
    number int NOT NULL CHECK (number >= 1),
    reentry_days int NOT NULL CHECK (reentry_days BETWEEN 0 AND 36500),
    self_granting boolean NOT NULL,
    client uuid,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, number)
);
COMMENT ON COLUMN tenant_settings.reentry_days IS 'Back within this time the same line goes on (rule M2).';
COMMENT ON COLUMN tenant_settings.self_granting IS 'Whether people may grant themselves exceptions (rule X7).';
ALTER TABLE tenant_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON tenant_settings USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT ON tenant_settings TO testamur_app;

-- What somebody wrote into the column by hand held from the beginning.
INSERT INTO tenant_settings (tenant, number, reentry_days, self_granting, recorded_at)
SELECT t.id, 1, coalesce((t.settings ->> 'reentry_days')::int, 30), coalesce((t.settings ->> 'self_granting')::boolean, false),
       t.created_at
FROM tenant t WHERE t.settings ? 'reentry_days' OR t.settings ? 'self_granting';
UPDATE tenant SET settings = settings - 'reentry_days' - 'self_granting';

ALTER TABLE standing
    ADD COLUMN missed_cycles int NOT NULL DEFAULT 0,
    ADD COLUMN fixed_days int[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN standing.missed_cycles IS 'Fixed days missed before `from_on`; each of `fixed_days` within adds one (rule O4).';
COMMENT ON COLUMN standing.fixed_days IS 'Days of the year as month * 100 + day.';

-- Lines of a calendar are worked out again: until now nobody counted what they missed. The id of the assignment does for
-- the task: ids need to be unique in their table only.
INSERT INTO standing_task (tenant, id, assignment, total, asked_at)
SELECT v.tenant, v.assignment, v.assignment, count(DISTINCT m.person), now()
FROM (SELECT DISTINCT tenant, assignment, audience FROM assignment_version) v
JOIN membership m ON m.tenant = v.tenant AND m.audience = v.audience
WHERE EXISTS (SELECT FROM assignment_version c
              WHERE c.tenant = v.tenant AND c.assignment = v.assignment AND c.anchor = 'calendar')
GROUP BY v.tenant, v.assignment
ON CONFLICT (tenant, assignment) WHERE people IS NULL AND finished_at IS NULL
DO UPDATE SET after = NULL, done = 0, total = excluded.total;

-- Who stood under whom is asked of any moment, not only of now.
DROP INDEX employment_manager;
CREATE INDEX employment_manager ON employment (tenant, manager);

-- Every table that grew by half since it was last looked at, those of later migrations too.
CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    stale text := (
        SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND pg_relation_size(c.oid) > 1.5 * current_setting('block_size')::int * c.relpages);
BEGIN
    IF stale IS NOT NULL THEN
        EXECUTE 'ANALYZE ' || stale;
    END IF;
END $$;
