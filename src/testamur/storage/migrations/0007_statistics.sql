-- The tables that came since the foundation grow with the ledger too.

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership,
        public.audience, public.audience_manager, public.assignment, public.assignment_version, public.tag,
        public.item_tag, public.interest, public.person_skill, public.delivery;
END $$;
