-- A table that was looked at while others still wrote to it was found empty or nearly so, and its size tells nothing
-- of the rows that came to be seen since. For a minute, until autovacuum came by, each telling read all items.
CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    stale text := (
        SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND (pg_relation_size(c.oid) > 1.5 * current_setting('block_size')::int * c.relpages
               OR pg_stat_get_mod_since_analyze(c.oid) > 50 + 0.5 * greatest(c.reltuples, 0)));
BEGIN
    IF stale IS NOT NULL THEN
        EXECUTE 'ANALYZE ' || stale;
    END IF;
END $$;
