-- Those who wait for something new in a ledger ask for all of them at once, whatever their tenants: how far each one has
-- come. It tells a number about the tenants that it is asked for, and nothing else.
CREATE FUNCTION entries_counted(of_tenants uuid[]) RETURNS TABLE (tenant uuid, entry bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT c.tenant, c.entry FROM public.tenant_counter c WHERE c.tenant = ANY (of_tenants) $$;
REVOKE ALL ON FUNCTION entries_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION entries_counted TO testamur_app;

-- What leaves the ledger for others to count with. Facts never change, so what was taken once need not be taken again; that
-- one ceased to stand is a row of its own, under the entry that says so.
CREATE VIEW exported_fact WITH (security_invoker = true) AS
SELECT f.tenant, f.entry, f.id AS fact, f.record, f.revision, f.person, f.item, f.item_version, f.completed_at,
       f.completed_by_day,
       (f.completed_at AT TIME ZONE CASE WHEN f.completed_by_day THEN 'UTC' ELSE t.zone END)::date AS completed_on,
       f.started_at, f.expires_at, f.passed, f.score_percent, f.score_text, f.time_spent, f.certificate, f.is_prior, f.source,
       f.source_id, f.application, f.recorded_at,
       -- As written it may say who somebody is; once she is known, her id does.
       CASE WHEN f.person IS NULL THEN f.extra ELSE f.extra - 'person_ref' END AS extra
FROM fact f JOIN tenant t ON t.id = f.tenant;
CREATE VIEW exported_ending WITH (security_invoker = true) AS
SELECT e.tenant, e.number AS entry,
       (CASE WHEN e.kind = 'record.voided' THEN e.data ->> 'fact' ELSE e.data ->> 'supersedes' END)::uuid AS fact,
       e.subject AS record, substr(e.kind, 8) AS ended_as, e.client, e.recorded_at
FROM ledger_entry e WHERE e.kind IN ('record.voided', 'record.superseded');
GRANT SELECT ON exported_fact, exported_ending TO testamur_app;
