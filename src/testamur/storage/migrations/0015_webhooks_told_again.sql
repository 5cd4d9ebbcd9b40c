-- Webhooks that are changed, told again and given new secrets while they are told.

ALTER TABLE webhook
    ADD COLUMN base_url text,
    ADD COLUMN old_secret text,
    ADD COLUMN old_secret_until timestamptz,
    ADD COLUMN told text[] NOT NULL DEFAULT '{}',
    ADD COLUMN replay_after bigint,
    ADD COLUMN replay_until bigint,
    ADD COLUMN replay_dead boolean NOT NULL DEFAULT false,
    ADD COLUMN generation int NOT NULL DEFAULT 0,
    ADD CONSTRAINT webhook_replay_is_a_range CHECK ((replay_after IS NULL) = (replay_until IS NULL));
COMMENT ON COLUMN webhook.told IS 'Events of the next entry that ended already, while another one of it waits.';
COMMENT ON COLUMN webhook.replay_after IS 'Behind this entry, up to replay_until, is told again before anything new is.';
COMMENT ON COLUMN webhook.generation IS 'Grows with every change; a worker that started before it keeps nothing.';

CREATE OR REPLACE FUNCTION webhooks_take(by_worker uuid, at timestamptz, until timestamptz, count int)
RETURNS TABLE (tenant uuid, id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    UPDATE public.webhook w SET lease = by_worker, leased_until = until
    FROM (
        SELECT d.tenant, d.id FROM public.webhook d
        JOIN public.tenant_counter c ON c.tenant = d.tenant
        WHERE d.removed_at IS NULL AND d.disabled_at IS NULL AND d.attempt_at <= at
          AND (d.after_entry < c.entry OR d.replay_until IS NOT NULL)
          AND (d.leased_until IS NULL OR d.leased_until < at)
        ORDER BY d.attempt_at LIMIT count
        FOR UPDATE OF d SKIP LOCKED
    ) due
    WHERE w.tenant = due.tenant AND w.id = due.id
    RETURNING w.tenant, w.id
$$;

-- What a worker took and no longer serves, because something failed, is free for the next one: also for itself.
DROP FUNCTION webhooks_renew(uuid, timestamptz);
CREATE FUNCTION webhooks_renew(by_worker uuid, until timestamptz, serving uuid[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    UPDATE public.webhook SET
        lease = CASE WHEN id = ANY (serving) THEN lease END, leased_until = CASE WHEN id = ANY (serving) THEN until END
    WHERE lease = by_worker
$$;
REVOKE ALL ON FUNCTION webhooks_renew FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhooks_renew TO testamur_app;
