-- Activities as a reading of the ledger, and continuing professional development.

-- What somebody did, one line for each entry that tells of it. Nothing is stored a second time: a line is a fact, or an
-- entry that keeps what it tells. Neither ever changes, so a line stays what it is, and a record that is corrected or
-- voided keeps its line. A correction that moves a completion is a line of its own. Two views, because a page takes the
-- first lines of each in the order of its index.
CREATE VIEW activity_of_fact WITH (security_invoker = true) AS
SELECT f.tenant, f.entry, CASE WHEN f.completed_at IS NULL THEN 'started' ELSE 'completed' END AS kind,
       f.record, f.person, f.item, f.item_version, f.completed_at, f.completed_by_day, f.started_at,
       NULL::timestamptz AS attempted_at, f.passed, f.score_percent, f.time_spent, f.source, f.recorded_at
FROM fact f
WHERE f.person IS NOT NULL AND f.item IS NOT NULL AND (f.completed_at IS NOT NULL OR f.started_at IS NOT NULL);

CREATE VIEW activity_of_entry WITH (security_invoker = true) AS
SELECT e.tenant, e.number AS entry,
       CASE WHEN e.kind = 'enrolment.opened' THEN 'registered'
            WHEN (e.data ->> 'passed')::boolean THEN 'passed' ELSE 'progressed' END AS kind,
       NULL::uuid AS record, coalesce((e.data ->> 'person')::uuid, e.subject) AS person, (e.data ->> 'item')::uuid AS item,
       NULL::int AS item_version, NULL::timestamptz AS completed_at, NULL::boolean AS completed_by_day,
       NULL::timestamptz AS started_at, (e.data ->> 'attempted_at')::timestamptz AS attempted_at,
       (e.data ->> 'passed')::boolean AS passed, (e.data ->> 'score_percent')::numeric AS score_percent,
       NULL::text AS time_spent, NULL::text AS source, e.recorded_at
FROM ledger_entry e
WHERE e.kind IN ('attempt.recorded', 'enrolment.opened') AND e.data ? 'item';

CREATE VIEW activity WITH (security_invoker = true) AS
SELECT * FROM activity_of_fact UNION ALL SELECT * FROM activity_of_entry;

-- The entries that are activities without being facts. Others cost nothing here.
CREATE INDEX ledger_entry_activity ON ledger_entry (tenant, number)
    WHERE kind IN ('attempt.recorded', 'enrolment.opened');

-- Milestones on the way through the activities, so that a page far down the list is found without counting up to it.
-- Written by readers, never by those who record: each is settled by the ledger alone, so two readers write the same.
CREATE TABLE activity_mark (
    tenant uuid NOT NULL REFERENCES tenant,
    number bigint NOT NULL CHECK (number >= 1),
    entry bigint NOT NULL,
    reached timestamptz NOT NULL,
    PRIMARY KEY (tenant, number)
);
COMMENT ON TABLE activity_mark IS 'The activity of this number, counted from 1 in the order of commits, is this entry.';
COMMENT ON COLUMN activity_mark.reached IS 'The latest time of recording among the activities up to this one.';
CREATE INDEX activity_mark_entry ON activity_mark (tenant, entry);
CREATE INDEX activity_mark_reached ON activity_mark (tenant, reached, number);

CREATE TABLE cpd_category (
    tenant uuid NOT NULL REFERENCES tenant,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id),
    CONSTRAINT cpd_category_name_taken UNIQUE (tenant, name)
);

CREATE TABLE cpd_entry (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    category uuid NOT NULL,
    activity_type text NOT NULL,
    activity_name text NOT NULL,
    done_at timestamptz NOT NULL,
    duration_minutes int NOT NULL CHECK (duration_minutes >= 0),
    description text,
    is_verified boolean NOT NULL DEFAULT false,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    content_digest bytea NOT NULL CHECK (length(content_digest) = 32),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id),
    CONSTRAINT cpd_entry_known UNIQUE (tenant, digest),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, category) REFERENCES cpd_category
);
COMMENT ON COLUMN cpd_entry.is_verified IS 'It came from what a system observed, not from what somebody wrote down.';
COMMENT ON COLUMN cpd_entry.digest IS 'What makes two tellings the same entry: the source''s reference, or all of the content.';
CREATE INDEX cpd_entry_done ON cpd_entry (tenant, done_at, person) INCLUDE (duration_minutes);
CREATE INDEX cpd_entry_person ON cpd_entry (tenant, person, done_at) INCLUDE (duration_minutes);

-- One an audience. What was required before is in the ledger's entries.
CREATE TABLE cpd_requirement (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    audience uuid NOT NULL,
    required_minutes int NOT NULL CHECK (required_minutes >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (tenant, id),
    CONSTRAINT cpd_requirement_of_audience UNIQUE (tenant, audience),
    FOREIGN KEY (tenant, audience) REFERENCES audience
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['activity_mark', 'cpd_category', 'cpd_entry', 'cpd_requirement']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT ON activity, activity_of_fact, activity_of_entry, activity_mark, cpd_category, cpd_entry, cpd_requirement TO testamur_app;
GRANT INSERT ON activity_mark, cpd_category, cpd_entry, cpd_requirement TO testamur_app;
GRANT UPDATE (required_minutes, updated_at) ON cpd_requirement TO testamur_app;
