-- Those who wait for something new in a ledger ask for all of them at once, whatever their tenants: how far each one has
-- come. It tells a number about the tenants that it is asked for, and nothing else.
CREATE FUNCTION entries_counted(of_tenants uuid[]) RETURNS TABLE (tenant uuid, entry bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT c.tenant, c.entry FROM public.tenant_counter c WHERE c.tenant = ANY (of_tenants) $$;
REVOKE ALL ON FUNCTION entries_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION entries_counted TO testamur_app;
