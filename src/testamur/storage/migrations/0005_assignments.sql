-- An assignment's edits are dated revisions (section 10 of the compliance rules): an answer about a day before the edit
-- stays what it was.

-- `assignment` holds the last version for readers who want no other; this table holds them all and only grows.
CREATE TABLE assignment_version (
    tenant uuid NOT NULL,
    assignment uuid NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    effective_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    audience uuid NOT NULL,
    primary_item uuid NOT NULL,
    alternatives uuid[] NOT NULL DEFAULT '{}',
    hide_alternatives boolean NOT NULL DEFAULT false,
    completion_period_days int NOT NULL CHECK (completion_period_days >= 1),
    recurrence_days int CHECK (recurrence_days >= 0),
    is_active boolean NOT NULL DEFAULT true,
    is_deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, assignment, number),
    FOREIGN KEY (tenant, assignment) REFERENCES assignment,
    FOREIGN KEY (tenant, audience) REFERENCES audience,
    FOREIGN KEY (tenant, primary_item) REFERENCES item,
    CHECK (NOT primary_item = ANY (alternatives))
);
COMMENT ON COLUMN assignment_version.effective_on IS 'The first day it acts, in the zone of the tenant (rule D1).';
COMMENT ON COLUMN assignment_version.recorded_at IS 'The second clock: when it became known.';
-- From a member to what the audience asks of her.
CREATE INDEX assignment_version_audience ON assignment_version (tenant, audience, assignment);
CREATE INDEX assignment_updated ON assignment (tenant, updated_at);

INSERT INTO assignment_version (tenant, assignment, number, effective_on, recorded_at, audience, primary_item,
                                alternatives, hide_alternatives, completion_period_days, recurrence_days, is_active,
                                is_deleted)
SELECT a.tenant, a.id, 1, (a.created_at AT TIME ZONE t.zone)::date, a.created_at, a.audience, a.primary_item,
       a.alternatives, a.hide_alternatives, a.completion_period_days, a.recurrence_days, a.is_active, false
FROM assignment a JOIN tenant t ON t.id = a.tenant;

ALTER TABLE assignment_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON assignment_version USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT ON assignment_version TO testamur_app;

-- Memberships as moments. Their days become moments as the tenant sees them, and on the day of recording not before it:
-- who joins in the afternoon came then, who joined last week came at the beginning of that day (rules D1 and M6).
CREATE VIEW member_span WITH (security_invoker = true) AS
SELECT m.tenant, m.audience, m.person,
       CASE WHEN m.joined_on = (m.joined_recorded_at AT TIME ZONE t.zone)::date THEN m.joined_recorded_at
            ELSE m.joined_on::timestamp AT TIME ZONE t.zone END AS began_at,
       m.joined_recorded_at AS began_known_at,
       least(CASE WHEN m.left_on = (m.left_recorded_at AT TIME ZONE t.zone)::date THEN m.left_recorded_at
                  ELSE m.left_on::timestamp AT TIME ZONE t.zone END, a.deleted_at) AS ended_at,
       least(m.left_recorded_at, a.deleted_at) AS ended_known_at
FROM membership m
JOIN tenant t ON t.id = m.tenant
JOIN audience a ON a.tenant = m.tenant AND a.id = m.audience;
GRANT SELECT ON member_span TO testamur_app;
