-- Erasure in levels, how long what is kept, and legal holds (rules G5, G6 and G8).

-- Retention -----------------------------------------------------------------------------------------------------

-- For how long completions stay: of one item, of a category, or, with neither, of everything else. A rule that is
-- changed is closed and another one opened, so that what held when is never lost.
CREATE TABLE retention_rule (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    item uuid,
    category uuid,
    basis text NOT NULL CHECK (basis IN ('completion', 'leaving')),
    years int NOT NULL CHECK (years BETWEEN 0 AND 200),
    days int NOT NULL CHECK (days BETWEEN 0 AND 100000),
    adds_recurrence boolean NOT NULL,
    keeps text NOT NULL CHECK (keeps IN ('facts', 'identity', 'detail')),
    erases text CHECK (erases IN ('detail', 'all')),
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    set_by uuid NOT NULL,
    set_by_person uuid,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by uuid,
    closed_because text,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, item) REFERENCES item,
    FOREIGN KEY (tenant, category) REFERENCES tag,
    CHECK (item IS NULL OR category IS NULL),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
COMMENT ON COLUMN retention_rule.adds_recurrence IS 'The time for which the completion gives credit comes before years and days.';
COMMENT ON COLUMN retention_rule.keeps IS 'How much may not go: the facts, those with the identity, or all detail of them too.';
COMMENT ON COLUMN retention_rule.erases IS 'What goes by itself when the time is over; null for nothing.';
CREATE UNIQUE INDEX retention_rule_open ON retention_rule (tenant, item, category) NULLS NOT DISTINCT WHERE closed_at IS NULL;

-- Nothing of a person, or of anybody's learning of an item, is erased for as long as a hold on it lasts.
CREATE TABLE legal_hold (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    person uuid,
    item uuid,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    placed_by uuid NOT NULL,
    placed_by_person uuid,
    placed_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by uuid,
    lifted_because text,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, item) REFERENCES item,
    CHECK ((person IS NULL) <> (item IS NULL)),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lifted_because IS NULL))
);
CREATE INDEX legal_hold_person ON legal_hold (tenant, person, id) WHERE person IS NOT NULL;
CREATE INDEX legal_hold_item ON legal_hold (tenant, item, id) WHERE item IS NOT NULL;

-- Erasure -------------------------------------------------------------------------------------------------------

-- Who asked for what to be erased, what went, and what is kept by which rule or hold until when. One that keeps something
-- back is open: it goes on when what held it has ended.
CREATE TABLE erasure (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    level text NOT NULL CHECK (level IN ('detail', 'identity', 'all')),
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    asked_by uuid NOT NULL,
    asked_by_person uuid,
    asked_at timestamptz NOT NULL,
    tried_at timestamptz NOT NULL,
    completed_at timestamptz,
    has_identity boolean NOT NULL DEFAULT false,
    erased jsonb NOT NULL DEFAULT '{}',
    kept jsonb NOT NULL DEFAULT '[]',
    tombstone jsonb,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person
);
COMMENT ON COLUMN erasure.has_identity IS 'Who she was is gone by it.';
COMMENT ON COLUMN erasure.tombstone IS 'Counts of what is no more, where everything went.';
CREATE INDEX erasure_person ON erasure (tenant, person, id);
CREATE INDEX erasure_open ON erasure (tenant, person) WHERE completed_at IS NULL;
CREATE INDEX erasure_identity ON erasure (tenant, tried_at) WHERE has_identity;

-- Identifiers that named somebody who was erased, under a key of the tenant's own. They lead to nobody: all they tell is
-- that what comes under them again is not to be taken for somebody new.
CREATE TABLE erasure_key (
    tenant uuid PRIMARY KEY REFERENCES tenant,
    key bytea NOT NULL CHECK (length(key) = 32)
);
CREATE TABLE erased_identifier (
    tenant uuid NOT NULL REFERENCES tenant,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (tenant, digest)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['retention_rule', 'legal_hold', 'erasure', 'erasure_key', 'erased_identifier']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON retention_rule, legal_hold, erasure, erasure_key, erased_identifier TO testamur_app;
GRANT UPDATE (closed_at, closed_by, closed_because) ON retention_rule TO testamur_app;
GRANT UPDATE (lifted_at, lifted_by, lifted_because) ON legal_hold TO testamur_app;
GRANT UPDATE (tried_at, completed_at, has_identity, erased, kept, tombstone) ON erasure TO testamur_app;

-- What goes -----------------------------------------------------------------------------------------------------

-- Of what others wrote beside a fact, what says nothing about anybody.
CREATE FUNCTION without_words(extra jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT nullif(coalesce(jsonb_object_agg(e.key, e.value), '{}'), '{}') FROM jsonb_each(extra) e
    WHERE e.key IN ('how', 'batch', 'row', 'title', 'provider', 'ids', 'source_type', 'person_ref', 'linked_cohort_id',
                    'linked_assessment_id')
$$;

-- Of what an entry keeps: ids, days, moments, and whether something was passed.
CREATE FUNCTION redacted(data jsonb, level text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') || jsonb_build_object('erased', level)
    FROM jsonb_each(coalesce(data, '{}')) e
    WHERE e.key IN ('fact', 'supersedes', 'batch', 'audience')
       OR level <> 'all' AND e.key IN (
          'item', 'person', 'assignment', 'primary_item', 'version', 'number', 'cycle', 'due_on', 'from_on', 'until_on',
          'granted_on', 'joined_on', 'left_on', 'began_at', 'ends_at', 'tag', 'permissions', 'attempted_at', 'passed',
          'started_at', 'due_at', 'assigned_at', 'granted_by_person', 'manager')
$$;

CREATE FUNCTION masked(said text, pattern text, mask text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT regexp_replace(said, pattern, mask, 'gi') $$;
-- Every text within, names of members too. What is no text stays, whatever its digits look like.
CREATE FUNCTION masked(said jsonb, pattern text, mask text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN CASE jsonb_typeof(said)
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(public.masked(e.key, pattern, mask), public.masked(e.value, pattern, mask)), '{}')
                            FROM jsonb_each(said) e)
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(public.masked(e.value, pattern, mask) ORDER BY e.place), '[]')
                           FROM jsonb_array_elements(said) WITH ORDINALITY e (value, place))
        WHEN 'string' THEN to_jsonb(public.masked(said #>> '{}', pattern, mask))
        ELSE said END;
END $$;
GRANT EXECUTE ON FUNCTION without_words, redacted, masked(text, text, text), masked(jsonb, text, text) TO testamur_app;

-- A ledger only grows; these functions are the whole of the exception, beside forget_person. Each does its part of one
-- erasure that somebody asked for, of a person of the bound tenant, and none while a hold on her lasts.
CREATE FUNCTION erasure_of(asked uuid, levels text[]) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public
AS $$
DECLARE
    who uuid;
BEGIN
    SELECT e.person INTO who FROM public.erasure e
    WHERE e.tenant = public.current_tenant() AND e.id = asked AND e.level = ANY (levels) AND e.completed_at IS NULL
      AND NOT EXISTS (SELECT FROM public.legal_hold h
                      WHERE h.tenant = e.tenant AND h.person = e.person AND h.lifted_at IS NULL);
    IF who IS NULL THEN
        RAISE EXCEPTION 'no erasure of this tenant that may go on' USING ERRCODE = 'no_data_found';
    END IF;
    RETURN who;
END $$;

-- Scores, durations, answers, notes and evidence of some of her records and, with `rest`, of all else of hers that is not
-- kept.
CREATE FUNCTION erase_detail(asked uuid, records uuid[], sessions uuid[], kept uuid[], entries bigint[], rest boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{detail,all}');
BEGIN
    UPDATE public.report r SET body = '', path = '', digest = uuid_send(gen_random_uuid())
    FROM public.fact f
    WHERE f.tenant = bound AND f.record = ANY (records) AND (f.person = who OR f.person IS NULL)
      AND r.tenant = bound AND r.record = f.record AND r.fact = f.id AND (r.body <> '' OR r.path <> '');
    UPDATE public.fact f SET score_percent = NULL, score_text = NULL, time_spent = NULL, certificate = NULL,
        extra = public.without_words(f.extra)
    WHERE f.tenant = bound AND f.record = ANY (records) AND (f.person = who OR f.person IS NULL);
    UPDATE public.session s SET duration = interval '0', lessons_completed = 0, score_percent = NULL
    WHERE s.tenant = bound AND s.id = ANY (sessions) AND s.person = who;
    UPDATE public.import_row r SET raw = '', faults = NULL, people = NULL, score_percent = NULL, score_text = NULL,
        time_spent = NULL, certificate = NULL, extra = NULL
    FROM public.import_batch b
    WHERE b.tenant = bound AND b.state IN ('committed', 'undone') AND r.tenant = bound AND r.batch = b.id AND r.person = who
      AND (coalesce(r.record, r.id) = ANY (records) OR rest AND NOT coalesce(r.record, r.id) = ANY (kept));
    UPDATE public.ledger_entry e SET data = public.redacted(e.data, 'detail')
    WHERE e.tenant = bound AND e.number = ANY (entries) AND e.data IS NOT NULL AND NOT e.data ? 'erased';
    IF NOT rest THEN
        RETURN;
    END IF;
    UPDATE public.exemption SET evidence = NULL, reason = 'erased', withdrawn_because = CASE WHEN withdrawn_at IS NOT NULL THEN 'erased' END
    WHERE tenant = bound AND person = who;
    UPDATE public.extension SET evidence = NULL, reason = 'erased', withdrawn_because = CASE WHEN withdrawn_at IS NOT NULL THEN 'erased' END
    WHERE tenant = bound AND person = who;
    UPDATE public.cpd_entry SET description = NULL WHERE tenant = bound AND person = who AND description IS NOT NULL;
    UPDATE public.personal_assignment p SET progress_percent = NULL, extra = NULL
    FROM public.assignment a WHERE a.tenant = bound AND a.of_person = who AND p.tenant = bound AND p.assignment = a.id;
END $$;

-- Who she was: names, addresses and identifiers, and every word that may say it. What she did stays hers, under the
-- pseudonym. `hers` finds her within what is about her, `others` within what is about others; identifiers are in lower case.
CREATE FUNCTION erase_identity(asked uuid, records uuid[], entries bigint[], told bigint[], identifiers text[], given text,
                               family text, alias text, hers text, others text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{identity,all}');
BEGIN
    UPDATE public.invitation SET email = NULL, given_name = '', family_name = ''
    WHERE tenant = bound AND (person = who OR email = ANY (identifiers) AND withdrawn_at IS NOT NULL);
    UPDATE public.employment SET title = NULL, manager_ref = NULL WHERE tenant = bound AND person = who;
    UPDATE public.employment SET manager_ref = NULL WHERE tenant = bound AND lower(manager_ref) = ANY (identifiers);
    DELETE FROM public.import_name WHERE tenant = bound AND lower(value) = ANY (identifiers);
    DELETE FROM public.person_identifier WHERE tenant = bound AND person = who;
    UPDATE public.person SET given_name = CASE WHEN deleted_at IS NULL THEN given ELSE '' END,
        family_name = CASE WHEN deleted_at IS NULL THEN family ELSE '' END,
        phone = NULL, language = NULL, zone = NULL, login = 'ref', single_sign_on = false, domain = NULL, attributes = '{}',
        updated_at = at
    WHERE tenant = bound AND id = who;
    INSERT INTO public.person_identifier (tenant, kind, value, person)
    SELECT bound, 'ref', alias, who FROM public.person WHERE tenant = bound AND id = who AND deleted_at IS NULL
    ON CONFLICT DO NOTHING; -- somebody may have it, by accident or to stand in the way

    UPDATE public.report r SET body = '', path = '', digest = uuid_send(gen_random_uuid())
    FROM public.fact f
    WHERE f.tenant = bound AND f.record = ANY (records) AND (f.person = who OR f.person IS NULL)
      AND r.tenant = bound AND r.record = f.record AND r.fact = f.id AND (r.body <> '' OR r.path <> '');
    UPDATE public.fact f SET extra = public.masked(public.without_words(f.extra) - 'person_ref', hers, alias),
        source_id = public.masked(f.source_id, hers, alias), certificate = public.masked(f.certificate, hers, alias),
        score_text = public.masked(f.score_text, hers, alias), time_spent = public.masked(f.time_spent, hers, alias)
    WHERE f.tenant = bound AND f.record = ANY (records) AND (f.person = who OR f.person IS NULL);
    -- Another value each, because keys must differ; nobody tells them again under her name.
    UPDATE public.source_key k SET value = alias || '-' || gen_random_uuid()
    WHERE k.tenant = bound AND k.record = ANY (records) AND k.value ~* hers;
    UPDATE public.session s SET key = alias || '-' || gen_random_uuid()
    WHERE s.tenant = bound AND s.person = who AND s.key ~* hers;
    UPDATE public.exemption SET evidence = NULL, reason = 'erased', withdrawn_because = CASE WHEN withdrawn_at IS NOT NULL THEN 'erased' END
    WHERE tenant = bound AND person = who;
    UPDATE public.extension SET evidence = NULL, reason = 'erased', withdrawn_because = CASE WHEN withdrawn_at IS NOT NULL THEN 'erased' END
    WHERE tenant = bound AND person = who;
    UPDATE public.cpd_entry SET description = NULL, activity_name = public.masked(activity_name, hers, alias),
        activity_type = public.masked(activity_type, hers, alias)
    WHERE tenant = bound AND person = who;
    UPDATE public.personal_assignment p SET extra = NULL, external_reference = public.masked(p.external_reference, hers, alias)
    FROM public.assignment a WHERE a.tenant = bound AND a.of_person = who AND p.tenant = bound AND p.assignment = a.id;
    UPDATE public.legal_hold SET reason = 'erased', lifted_because = 'erased' WHERE tenant = bound AND person = who;
    UPDATE public.erasure SET reason = public.masked(reason, hers, alias) WHERE tenant = bound AND person = who;
    UPDATE public.ledger_entry e SET data = public.redacted(e.data, 'identity')
    WHERE e.tenant = bound AND e.number = ANY (entries) AND e.data IS NOT NULL;

    -- Others may have named her.
    UPDATE public.ledger_entry e SET data = public.masked(e.data, others, alias)
    WHERE e.tenant = bound AND e.number = ANY (told) AND NOT e.number = ANY (entries);
    UPDATE public.exemption SET reason = public.masked(reason, others, alias), evidence = public.masked(evidence, others, alias),
        withdrawn_because = public.masked(withdrawn_because, others, alias)
    WHERE tenant = bound AND (reason ~* others OR evidence ~* others OR withdrawn_because ~* others);
    UPDATE public.extension SET reason = public.masked(reason, others, alias), evidence = public.masked(evidence, others, alias),
        withdrawn_because = public.masked(withdrawn_because, others, alias)
    WHERE tenant = bound AND (reason ~* others OR evidence ~* others OR withdrawn_because ~* others);
    UPDATE public.legal_hold SET reason = public.masked(reason, others, alias), lifted_because = public.masked(lifted_because, others, alias)
    WHERE tenant = bound AND (reason ~* others OR lifted_because ~* others);
    UPDATE public.erasure SET reason = public.masked(reason, others, alias) WHERE tenant = bound AND reason ~* others;
    UPDATE public.retention_rule SET reason = public.masked(reason, others, alias), closed_because = public.masked(closed_because, others, alias)
    WHERE tenant = bound AND (reason ~* others OR closed_because ~* others);
    UPDATE public.cpd_entry SET description = public.masked(description, others, alias),
        activity_name = public.masked(activity_name, others, alias)
    WHERE tenant = bound AND (description ~* others OR activity_name ~* others);
    UPDATE public.person SET attributes = public.masked(attributes, others, alias)
    WHERE tenant = bound AND attributes <> '{}' AND attributes::text ~* others;
    UPDATE public.event_taken SET id = alias || '-' || gen_random_uuid() WHERE tenant = bound AND id ~* others;
    UPDATE public.import_batch SET name = public.masked(name, others, alias), effect = public.masked(effect, others, alias)
    WHERE tenant = bound AND (name ~* others OR effect::text ~* others);
END $$;

-- What others told that names her: rows that were looked for before, because no index leads there.
CREATE FUNCTION erase_mentions(asked uuid, records uuid[], digests bytea[], facts uuid[], batches uuid[], numbers int[],
                               others text, alias text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{identity,all}');
BEGIN
    UPDATE public.report r SET body = public.masked(r.body, others, alias), path = public.masked(r.path, others, alias),
        digest = uuid_send(gen_random_uuid())
    FROM unnest(records, digests) AS m (record, digest)
    WHERE r.tenant = bound AND r.record = m.record AND r.digest = m.digest;
    UPDATE public.fact f SET extra = public.masked(f.extra, others, alias), score_text = public.masked(f.score_text, others, alias),
        certificate = public.masked(f.certificate, others, alias)
    WHERE f.tenant = bound AND f.record = ANY (facts) AND f.person IS DISTINCT FROM who;
    UPDATE public.import_row r SET raw = public.masked(r.raw, others, alias), faults = public.masked(r.faults, others, alias),
        extra = public.masked(r.extra, others, alias), told = public.masked(r.told, others, alias)
    FROM unnest(batches, numbers) AS m (batch, number)
    WHERE r.tenant = bound AND r.batch = m.batch AND r.number = m.number AND r.person IS DISTINCT FROM who;
END $$;

-- Rows of files that name her. What is in the ledger already keeps its place in its file; what is not will not come.
CREATE FUNCTION erase_imported(asked uuid, batches uuid[], numbers int[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{identity,all}');
    gone record;
BEGIN
    FOR gone IN
        SELECT r.batch, r.outcome, count(*)::int AS rows
        FROM unnest(batches, numbers) AS m (batch, number)
        JOIN public.import_row r ON r.tenant = bound AND r.batch = m.batch AND r.number = m.number
        JOIN public.import_batch b ON b.tenant = bound AND b.id = m.batch
        WHERE r.outcome <> 'rejected' AND (b.state = 'rehearsed' OR b.state = 'committed' AND r.outcome = 'held')
        GROUP BY r.batch, r.outcome
    LOOP
        UPDATE public.import_batch b SET outcomes = b.outcomes || jsonb_build_object(
            gone.outcome, (b.outcomes ->> gone.outcome)::int - gone.rows,
            'rejected', coalesce((b.outcomes ->> 'rejected')::int, 0) + gone.rows)
        WHERE b.tenant = bound AND b.id = gone.batch;
    END LOOP;
    DELETE FROM public.import_held h USING unnest(batches, numbers) AS m (batch, number)
    WHERE h.tenant = bound AND h.batch = m.batch AND h.number = m.number;
    DELETE FROM public.import_name n USING unnest(batches, numbers) AS m (batch, number)
    WHERE n.tenant = bound AND n.batch = m.batch AND n.number = m.number;
    UPDATE public.import_row r SET raw = '', people = NULL, extra = NULL, source_id = NULL, certificate = NULL, score_text = NULL,
        time_spent = NULL, digest = NULL, told = CASE WHEN r.told IS NOT NULL THEN '{}'::jsonb END,
        faults = CASE WHEN b.is_to_come OR r.outcome = 'held' THEN '[["person", "erased", "names somebody who was erased"]]'::jsonb END,
        person = CASE WHEN b.is_to_come OR r.outcome = 'held' THEN NULL ELSE r.person END,
        outcome = CASE WHEN b.is_to_come OR r.outcome = 'held' THEN 'rejected' ELSE r.outcome END
    FROM unnest(batches, numbers) AS m (batch, number)
    JOIN LATERAL (
        SELECT b.state = 'rehearsed' OR b.state = 'reading' OR b.state = 'committing' AND m.number > b.done AS is_to_come
        FROM public.import_batch b WHERE b.tenant = bound AND b.id = m.batch
    ) b ON true
    WHERE r.tenant = bound AND r.batch = m.batch AND r.number = m.number;
END $$;

-- Answers that are kept for callers who repeat themselves are told again without their content: what was done stays done
-- once.
CREATE FUNCTION erase_answers(asked uuid, pattern text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{detail,identity,all}');
BEGIN
    UPDATE public.idempotency_key SET body = NULL, headers = public.masked(headers, pattern, 'erased')
    WHERE tenant = bound AND (convert_from(body, 'UTF8') ~* pattern OR headers::text ~* pattern);
END $$;

-- Facts of hers that no total rests on.
CREATE FUNCTION erase_facts(asked uuid, records uuid[], entries bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{all}');
    first bigint;
BEGIN
    DELETE FROM public.report r USING public.fact f
    WHERE f.tenant = bound AND f.record = ANY (records) AND (f.person = who OR f.person IS NULL)
      AND r.tenant = bound AND r.record = f.record AND r.fact = f.id;
    WITH gone AS (
        DELETE FROM public.fact f
        WHERE f.tenant = bound AND f.record = ANY (records) AND (f.person = who OR f.person IS NULL) RETURNING f.entry
    )
    SELECT min(entry) INTO first FROM gone;
    DELETE FROM public.source_key k
    WHERE k.tenant = bound AND k.record = ANY (records)
      AND NOT EXISTS (SELECT FROM public.fact f WHERE f.tenant = bound AND f.record = k.record);
    UPDATE public.import_row r SET raw = '', faults = NULL, people = NULL, person = NULL, source_id = NULL, digest = NULL,
        completed_at = NULL, day = NULL, started_at = NULL, expires_at = NULL, passed = NULL, score_percent = NULL,
        score_text = NULL, time_spent = NULL, certificate = NULL, extra = NULL,
        told = CASE WHEN r.told IS NOT NULL THEN '{}'::jsonb END
    WHERE r.tenant = bound AND r.person = who AND coalesce(r.record, r.id) = ANY (records);
    UPDATE public.ledger_entry e SET data = public.redacted(e.data, 'all')
    WHERE e.tenant = bound AND e.number = ANY (entries) AND e.data IS NOT NULL;
    -- Milestones count what is no more; who reads on puts them anew.
    DELETE FROM public.activity_mark m WHERE m.tenant = bound AND m.entry >= least(first, (SELECT min(n) FROM unnest(entries) n));
END $$;

-- Everything about her. The person that is left has an id, and dates of when she came and was erased.
CREATE FUNCTION erase_person(asked uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    who uuid := public.erasure_of(asked, '{all}');
    own uuid[] := ARRAY(SELECT id FROM public.assignment WHERE tenant = bound AND of_person = who);
    alone uuid[] := ARRAY(SELECT id FROM public.audience WHERE tenant = bound AND of_person = who);
BEGIN
    DELETE FROM public.standing WHERE tenant = bound AND person = who;
    DELETE FROM public.obligation WHERE tenant = bound AND person = who;
    DELETE FROM public.standing_task WHERE tenant = bound AND assignment = ANY (own);
    UPDATE public.standing_task SET people = array_remove(people, who) WHERE tenant = bound AND who = ANY (people);
    -- Whoever is behind her comes next all the same.
    UPDATE public.standing_task SET after = CASE WHEN finished_at IS NULL THEN (left(who::text, 35) || '1')::uuid END
    WHERE tenant = bound AND after = who;
    DELETE FROM public.exemption WHERE tenant = bound AND person = who;
    DELETE FROM public.extension WHERE tenant = bound AND person = who;
    DELETE FROM public.enrolment WHERE tenant = bound AND person = who;
    DELETE FROM public.favorite WHERE tenant = bound AND person = who;
    DELETE FROM public.interest WHERE tenant = bound AND person = who;
    DELETE FROM public.person_skill WHERE tenant = bound AND person = who;
    DELETE FROM public.session WHERE tenant = bound AND person = who;
    DELETE FROM public.cpd_entry WHERE tenant = bound AND person = who;
    DELETE FROM public.invitation WHERE tenant = bound AND person = who;
    DELETE FROM public.suspension WHERE tenant = bound AND person = who;
    DELETE FROM public.employment WHERE tenant = bound AND person = who;
    DELETE FROM public.audience_manager WHERE tenant = bound AND person = who;
    DELETE FROM public.audience_reporter WHERE tenant = bound AND person = who;
    DELETE FROM public.membership WHERE tenant = bound AND person = who;
    DELETE FROM public.personal_assignment WHERE tenant = bound AND assignment = ANY (own);
    DELETE FROM public.assignment_item WHERE tenant = bound AND assignment = ANY (own);
    DELETE FROM public.assignment_version WHERE tenant = bound AND assignment = ANY (own);
    DELETE FROM public.assignment WHERE tenant = bound AND id = ANY (own);
    DELETE FROM public.audience WHERE tenant = bound AND id = ANY (alone);
    DELETE FROM public.legal_hold WHERE tenant = bound AND person = who;
    DELETE FROM public.import_absent WHERE tenant = bound AND subject = who;
    UPDATE public.import_row SET under = NULL WHERE tenant = bound AND under = who;
    DELETE FROM public.idempotency_key WHERE tenant = bound AND holder LIKE '%person ' || who;
    UPDATE public.import_row r SET raw = '', faults = NULL, people = NULL, person = NULL, source_id = NULL, digest = NULL,
        completed_at = NULL, day = NULL, started_at = NULL, expires_at = NULL, passed = NULL, score_percent = NULL,
        score_text = NULL, time_spent = NULL, certificate = NULL, extra = NULL,
        told = CASE WHEN r.told IS NOT NULL THEN '{}'::jsonb END
    WHERE r.tenant = bound AND r.person = who;
    DELETE FROM public.person_identifier WHERE tenant = bound AND person = who;
    UPDATE public.person SET given_name = '', family_name = '', phone = NULL, role = 'learner', language = NULL, zone = NULL,
        login = 'email', single_sign_on = false, domain = NULL, starts_at = NULL, ends_at = NULL, attributes = '{}',
        is_active = false, updated_at = at, deleted_at = coalesce(deleted_at, at)
    WHERE tenant = bound AND id = who;
END $$;

-- Rows of a file that were matched before somebody was erased, and stored after it.
CREATE FUNCTION forget_erased_rows(of_batch uuid) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    bound uuid := public.current_tenant();
    found int;
BEGIN
    UPDATE public.import_row r SET raw = '', people = NULL, person = NULL, extra = NULL, source_id = NULL, certificate = NULL,
        score_text = NULL, time_spent = NULL, digest = NULL, outcome = 'rejected',
        told = CASE WHEN r.told IS NOT NULL THEN '{}'::jsonb END,
        faults = '[["person", "erased", "names somebody who was erased"]]'::jsonb
    FROM public.import_batch b JOIN public.erasure e ON e.tenant = bound AND e.has_identity AND e.tried_at >= b.created_at
    WHERE b.tenant = bound AND b.id = of_batch AND b.state IN ('reading', 'rehearsed', 'committing')
      AND r.tenant = bound AND r.batch = of_batch AND r.number > b.done AND r.person = e.person;
    GET DIAGNOSTICS found = ROW_COUNT;
    RETURN found;
END $$;

REVOKE ALL ON FUNCTION erasure_of, erase_detail, erase_identity, erase_mentions, erase_imported, erase_answers, erase_facts, erase_person,
    forget_erased_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_detail, erase_identity, erase_mentions, erase_imported, erase_answers, erase_facts, erase_person,
    forget_erased_rows TO testamur_app;
