-- Enrolments of audiences, due dates of enrolments, and sessions: time that somebody spent in a course.

-- A due date is an assignment too, unless the person is assigned the item by name otherwise, or the item is a collection.
ALTER TABLE enrolment
    ADD COLUMN due_at timestamptz,
    ADD COLUMN assignment uuid,
    ADD CONSTRAINT enrolment_assignment FOREIGN KEY (tenant, assignment) REFERENCES assignment;
COMMENT ON COLUMN enrolment.assignment IS 'The assignment that its due date is.';

-- Whoever is a member of the audience is enrolled for as long as both last. A row that ended stays.
CREATE TABLE audience_enrolment (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    item uuid NOT NULL,
    audience uuid NOT NULL,
    enrolled_at timestamptz NOT NULL,
    ended_at timestamptz,
    due_at timestamptz,
    assignment uuid,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, item) REFERENCES item,
    FOREIGN KEY (tenant, audience) REFERENCES audience,
    FOREIGN KEY (tenant, assignment) REFERENCES assignment,
    CHECK (ended_at >= enrolled_at)
);
CREATE UNIQUE INDEX audience_enrolment_open ON audience_enrolment (tenant, item, audience) WHERE ended_at IS NULL;
CREATE INDEX audience_enrolment_item ON audience_enrolment (tenant, item, audience);
CREATE INDEX audience_enrolment_audience ON audience_enrolment (tenant, audience, item);

-- Everybody's places among the learners of items, by name and through audiences, those that ended too. Who was deleted
-- keeps her place: reports go on showing her.
CREATE VIEW place WITH (security_invoker = true) AS
SELECT e.tenant, e.item, e.person, e.enrolled_at, e.due_at, e.ended_at, NULL::date AS joined_on, NULL::date AS left_on
FROM enrolment e
UNION ALL
SELECT g.tenant, g.item, m.person, greatest(g.enrolled_at, m.joined_recorded_at), g.due_at, g.ended_at, m.joined_on,
       CASE WHEN p.deleted_at <= m.left_recorded_at THEN NULL ELSE m.left_on END
FROM audience_enrolment g
JOIN membership m ON m.tenant = g.tenant AND m.audience = g.audience
JOIN person p ON p.tenant = m.tenant AND p.id = m.person
WHERE (g.ended_at IS NULL OR m.joined_recorded_at < g.ended_at)
  AND (m.left_recorded_at IS NULL OR m.left_recorded_at > g.enrolled_at);
COMMENT ON VIEW place IS 'It stands on a day when ended_at is null, joined_on is no later and left_on is later, as far as they are known.';

-- Time spent in an item by one learner, with the quiz she tried in it, if any. Never a completion (rules F2 and F3).
CREATE TABLE session (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    person uuid NOT NULL,
    item uuid NOT NULL,
    started_at timestamptz NOT NULL,
    duration interval NOT NULL CHECK (duration >= interval '0'),
    lessons_completed int NOT NULL CHECK (lessons_completed >= 0),
    has_quiz boolean NOT NULL,
    score_percent numeric CHECK (score_percent BETWEEN 0 AND 100),
    passed boolean,
    client uuid,
    key text CHECK (key <> ''),
    digest bytea CHECK (length(digest) = 32),
    recorded_at timestamptz NOT NULL,
    voided_at timestamptz,
    voided_by uuid,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, person) REFERENCES person,
    FOREIGN KEY (tenant, item) REFERENCES item,
    CHECK (has_quiz OR (score_percent IS NULL AND passed IS NULL)),
    CHECK ((key IS NULL) = (digest IS NULL)),
    CHECK ((voided_at IS NULL) = (voided_by IS NULL))
);
COMMENT ON COLUMN session.key IS 'The sender''s own id of it.';
COMMENT ON COLUMN session.digest IS 'SHA-256 of what was said under the key: the same again is the same session.';
CREATE UNIQUE INDEX session_key ON session (tenant, client, key) WHERE key IS NOT NULL;
CREATE INDEX session_learner ON session (tenant, item, person, started_at);
CREATE INDEX session_person ON session (tenant, person, id);

-- An attempt at a quiz is a session with nothing else known of it.
INSERT INTO session (tenant, id, person, item, started_at, duration, lessons_completed, has_quiz, score_percent, passed,
                     recorded_at)
SELECT tenant, id, person, item, attempted_at, '0', 0, true, score_percent, passed, recorded_at FROM attempt;
DROP TABLE attempt;

-- What reports show of one learner and one item, said once for all of them. Written so that they can be inlined.
CREATE FUNCTION counting_completion(of_tenant uuid, of_item uuid, of_person uuid, imported_by text)
RETURNS TABLE (completed_at timestamptz, started_at timestamptz, score_percent numeric, is_imported boolean)
LANGUAGE sql STABLE
AS $$
    SELECT f.completed_at, f.started_at, f.score_percent, i.is_imported
    FROM fact f CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM source_key k WHERE k.tenant = of_tenant AND k.source = imported_by
                       AND k.value = f.item || ':' || f.person AND k.record = f.record) AS is_imported
    ) i
    WHERE f.tenant = of_tenant AND f.item = of_item AND f.person = of_person AND f.closed_at IS NULL
      AND f.completed_at IS NOT NULL AND f.passed IS DISTINCT FROM false
    ORDER BY i.is_imported DESC, f.completed_at DESC LIMIT 1
$$;
COMMENT ON FUNCTION counting_completion IS 'The source''s own import before others, then the latest.';
CREATE FUNCTION time_in_sessions(of_tenant uuid, of_item uuid, of_person uuid)
RETURNS TABLE (spent interval, last_at timestamptz)
LANGUAGE sql STABLE
AS $$
    SELECT nullif(sum(s.duration), interval '0'), max(s.started_at + s.duration) FROM session s
    WHERE s.tenant = of_tenant AND s.item = of_item AND s.person = of_person AND s.voided_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION counting_completion, time_in_sessions TO testamur_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audience_enrolment', 'session']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY bound ON %I USING (tenant = (SELECT current_tenant()))', name);
    END LOOP;
END $$;
GRANT SELECT ON place TO testamur_app;
GRANT SELECT, INSERT ON audience_enrolment, session TO testamur_app;
GRANT UPDATE (ended_at, due_at, assignment) ON audience_enrolment TO testamur_app;
GRANT UPDATE (voided_at, voided_by) ON session TO testamur_app;
