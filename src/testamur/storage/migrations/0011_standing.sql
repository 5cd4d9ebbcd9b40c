-- Compliance: what an assignment can ask, the decisions that bend it, and where everybody stands.

-- Settings ------------------------------------------------------------------------------------------------------

CREATE FUNCTION are_calendar_days(days int[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT array_position(days, NULL) IS NULL AND coalesce(bool_and(
        day / 100 BETWEEN 1 AND 12 AND day % 100 BETWEEN 1 AND
            (ARRAY[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[day / 100]), true)
    FROM unnest(days) AS day
$$;
COMMENT ON FUNCTION are_calendar_days IS 'Whether each is a day of a year, written as month * 100 + day.';
GRANT EXECUTE ON FUNCTION are_calendar_days TO testamur_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['assignment', 'assignment_version']
    LOOP
        EXECUTE format($sql$
            ALTER TABLE %1$I
                ADD COLUMN renewal_window_days int NOT NULL DEFAULT 0,
                ADD COLUMN renewal_grace_days int,
                ADD COLUMN anchor text NOT NULL DEFAULT 'completion',
                ADD COLUMN calendar_days int[] NOT NULL DEFAULT '{}',
                ADD COLUMN minimum_credit_days int,
                ADD COLUMN prior_credit text NOT NULL DEFAULT 'current',
                ADD COLUMN has_notice_floor boolean NOT NULL DEFAULT true,
                ADD COLUMN applies_to_open boolean NOT NULL DEFAULT false,
                ADD COLUMN zone text,
                ADD CONSTRAINT %2$I CHECK (renewal_window_days >= 0
                    AND (coalesce(recurrence_days, 0) = 0 OR anchor = 'calendar'
                         OR renewal_window_days < recurrence_days)),
                ADD CONSTRAINT %3$I CHECK (renewal_grace_days >= 0),
                ADD CONSTRAINT %4$I CHECK (anchor IN ('completion', 'expiry', 'calendar')),
                ADD CONSTRAINT %5$I CHECK (are_calendar_days(calendar_days)
                    AND (anchor <> 'calendar' OR cardinality(calendar_days) > 0)),
                ADD CONSTRAINT %6$I CHECK (minimum_credit_days > renewal_window_days),
                ADD CONSTRAINT %7$I CHECK (prior_credit IN ('current', 'any', 'none'))
        $sql$, name, name || '_window', name || '_grace', name || '_anchor', name || '_calendar',
        name || '_minimum_credit', name || '_prior_credit');
    END LOOP;
END $$;
COMMENT ON COLUMN assignment.calendar_days IS 'Days of the year as month * 100 + day.';
COMMENT ON COLUMN assignment_version.applies_to_open IS 'This edit reaches open obligations harder (below rule E12).';
COMMENT ON COLUMN assignment.zone IS 'IANA zone of its deadlines; null for the tenant''s (rule D8).';

-- Every item that any version of an assignment accepts: from a completion to the assignments it may matter to.
CREATE TABLE assignment_item (
    tenant uuid NOT NULL,
    item uuid NOT NULL,
    assignment uuid NOT NULL,
    PRIMARY KEY (tenant, item, assignment),
    FOREIGN KEY (tenant, assignment) REFERENCES assignment
);
INSERT INTO assignment_item (tenant, item, assignment)
SELECT DISTINCT v.tenant, i.item, v.assignment
FROM assignment_version v CROSS JOIN LATERAL unnest(v.alternatives || v.primary_item) AS i (item);

-- Decisions -----------------------------------------------------------------------------------------------------

-- A decision is made once and may be withdrawn; nothing else of it changes.
CREATE TABLE exemption (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    assignment uuid,
    item uuid,
    from_on date NOT NULL,
    until_on date,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    evidence text,
    granted_by uuid NOT NULL,
    granted_by_person uuid,
    granted_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by uuid,
    withdrawn_because text,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, assignment) REFERENCES assignment,
    FOREIGN KEY (tenant, item) REFERENCES item,
    CHECK (until_on >= from_on),
    CHECK (assignment IS NULL OR item IS NULL),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_because IS NULL))
);
COMMENT ON TABLE exemption IS 'From one assignment, from those that ask for one item, or from everything (rule X3).';
COMMENT ON COLUMN exemption.until_on IS 'The last day covered, null for good.';
CREATE INDEX exemption_person ON exemption (tenant, person);
CREATE INDEX exemption_assignment ON exemption (tenant, assignment, id);

CREATE TABLE extension (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    assignment uuid NOT NULL,
    cycle int NOT NULL CHECK (cycle >= 1),
    due_on date NOT NULL,
    granted_on date NOT NULL,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    evidence text,
    granted_by uuid NOT NULL,
    granted_by_person uuid,
    granted_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by uuid,
    withdrawn_because text,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, assignment) REFERENCES assignment,
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_because IS NULL))
);
CREATE INDEX extension_line ON extension (tenant, person, assignment);
CREATE INDEX extension_assignment ON extension (tenant, assignment, id);

-- Standing ------------------------------------------------------------------------------------------------------

-- The steps of every line as spans of days: a copy of what the facts say, to be made anew at any time. That there is
-- exactly one status for every day from the first on is kept by three constraints and no trigger of ours. A span ends
-- where another one of its line begins, no two end on the same day, and only one has no end: so they are a chain. An
-- exclusion constraint would forbid overlaps and not gaps, and costs an insert several times as much.
CREATE TABLE standing (
    tenant uuid NOT NULL,
    person uuid NOT NULL,
    assignment uuid NOT NULL,
    from_on date NOT NULL,
    until_on date,
    status text NOT NULL CHECK (status IN ('withdrawn', 'exempt', 'scheduled', 'completed', 'renewal_due', 'expired',
        'overdue', 'in_progress', 'not_started', 'none')),
    line int NOT NULL CHECK (line >= 0),
    cycle int NOT NULL CHECK (cycle >= 0),
    opens_on date,
    due_on date,
    credit text NOT NULL CHECK (credit IN ('valid', 'lapsed', 'never')),
    credit_ends_on date,
    last_completed_on date,
    started_on date,
    satisfied_by uuid,
    satisfied_how text CHECK (satisfied_how IN ('primary', 'alternative', 'prior', 'equivalency')),
    is_on_time boolean,
    late_days int NOT NULL,
    is_impossible boolean NOT NULL,
    because jsonb NOT NULL,
    zone text NOT NULL,
    PRIMARY KEY (tenant, person, assignment, from_on),
    -- Deferred, because a statement moves an end and puts another step there. In this order it also answers who stands
    -- how on a day: what ended before it is left out by the index.
    CONSTRAINT standing_ends_once UNIQUE NULLS NOT DISTINCT (tenant, assignment, until_on, person)
        INCLUDE (from_on, status, credit) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT standing_has_no_gap FOREIGN KEY (tenant, person, assignment, until_on)
        REFERENCES standing (tenant, person, assignment, from_on) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT standing_lasts CHECK (until_on > from_on)
);
COMMENT ON COLUMN standing.status IS
    'The word "none" stands for days before the first entry on which nothing was to come, so that the chain has no gap.';
COMMENT ON COLUMN standing.because IS 'Pairs of a rule and the fact, or the number of the version, it was applied to.';
COMMENT ON COLUMN standing.until_on IS 'The first day behind it; null while no change is in sight.';
CREATE INDEX standing_due ON standing (tenant, due_on, assignment, person)
    WHERE status IN ('renewal_due', 'expired', 'overdue', 'in_progress', 'not_started');
CREATE INDEX standing_credit_ends ON standing (tenant, credit_ends_on, assignment, person)
    WHERE credit = 'valid' AND credit_ends_on IS NOT NULL;
CREATE INDEX standing_exempt ON standing (tenant, person, assignment) WHERE status = 'exempt';

-- Every duty that ever was, with its end (rule O7). Kept with the steps, and as much a copy.
CREATE TABLE obligation (
    tenant uuid NOT NULL,
    person uuid NOT NULL,
    assignment uuid NOT NULL,
    place int NOT NULL CHECK (place >= 1),
    line int NOT NULL,
    cycle int NOT NULL,
    opens_on date NOT NULL,
    due_on date,
    outcome text NOT NULL CHECK (outcome IN ('open', 'satisfied', 'withdrawn', 'rescheduled')),
    ended_on date,
    satisfied_by uuid,
    satisfied_how text CHECK (satisfied_how IN ('primary', 'alternative', 'prior', 'equivalency')),
    satisfied_on date,
    is_on_time boolean,
    days_late int NOT NULL,
    PRIMARY KEY (tenant, person, assignment, place)
);
COMMENT ON COLUMN obligation.place IS 'In the order in which the obligations of a line came about, from 1.';
CREATE INDEX obligation_due ON obligation (tenant, assignment, due_on) INCLUDE (outcome, is_on_time, person);

-- Lines that are still to be worked out again. A task is written in the transaction that made it necessary.
CREATE TABLE standing_task (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    assignment uuid NOT NULL,
    people uuid[],
    after uuid,
    done int NOT NULL DEFAULT 0,
    total int NOT NULL,
    asked_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, assignment) REFERENCES assignment
);
COMMENT ON COLUMN standing_task.people IS 'Whose lines, in order; null for everybody who ever came under the assignment.';
COMMENT ON COLUMN standing_task.after IS 'The last person whose line is done.';
CREATE UNIQUE INDEX standing_task_whole ON standing_task (tenant, assignment)
    WHERE people IS NULL AND finished_at IS NULL;
CREATE INDEX standing_task_open ON standing_task (tenant, asked_at) WHERE finished_at IS NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['assignment_item', 'exemption', 'extension', 'standing', 'obligation',
        'standing_task']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON assignment_item, exemption, extension TO testamur_app;
GRANT UPDATE (withdrawn_at, withdrawn_by, withdrawn_because) ON exemption, extension TO testamur_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON standing, obligation TO testamur_app;
GRANT SELECT, INSERT, DELETE, UPDATE (after, done, total, asked_at, finished_at) ON standing_task TO testamur_app;

-- Work is found across tenants, so this is one of the few functions past row-level security. It answers with names of
-- tenants and tasks and nothing of theirs; the work itself is done bound to the tenant.
CREATE FUNCTION standing_tasks_waiting(count int) RETURNS TABLE (tenant uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT t.tenant, t.id FROM public.standing_task t WHERE t.finished_at IS NULL ORDER BY t.asked_at, t.id LIMIT count
$$;
REVOKE ALL ON FUNCTION standing_tasks_waiting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION standing_tasks_waiting TO testamur_app;

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    ANALYZE public.fact, public.report, public.source_key, public.ledger_entry, public.enrolment, public.person,
        public.person_identifier, public.item, public.item_identifier, public.item_version, public.membership,
        public.audience, public.audience_manager, public.assignment, public.assignment_version, public.tag,
        public.item_tag, public.interest, public.person_skill, public.delivery, public.employment, public.suspension,
        public.event_taken, public.item_link, public.tag_use, public.tag_ref, public.batch_row,
        public.personal_assignment, public.assignment_item, public.exemption, public.extension, public.standing,
        public.obligation, public.standing_task;
END $$;
