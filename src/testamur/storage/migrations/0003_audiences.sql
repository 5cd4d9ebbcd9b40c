-- Audiences that a machine governs, spans that can begin again on the day they ended, and managers.

ALTER TABLE audience
    ADD COLUMN api_controlled boolean NOT NULL DEFAULT true,
    ADD COLUMN is_smart boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT audience_smart_is_ruled_here CHECK (NOT (api_controlled AND is_smart));
COMMENT ON COLUMN audience.api_controlled IS 'Changed only through an API; otherwise only by people here.';
COMMENT ON COLUMN audience.is_smart IS 'Its members follow from rules.';
CREATE INDEX audience_updated ON audience (tenant, updated_at, id) WHERE deleted_at IS NULL;

-- Who leaves on the day of joining and comes back on it again has two spans that begin that day: what was written of
-- the first stays.
ALTER TABLE membership
    DROP CONSTRAINT membership_pkey,
    ADD PRIMARY KEY (tenant, audience, person, joined_on, joined_recorded_at);
-- A span can be ended and nothing else of it can be changed.
REVOKE UPDATE ON membership FROM testamur_app;
GRANT UPDATE (left_on, left_recorded_at) ON membership TO testamur_app;

-- Who may do what with an audience is a span too, of moments: a right acts at once, a membership from a day on. Other
-- rights are another span.
CREATE TABLE audience_manager (
    tenant uuid NOT NULL,
    audience uuid NOT NULL,
    person uuid NOT NULL,
    permissions text[] NOT NULL CONSTRAINT audience_manager_permissions CHECK (permissions <@ ARRAY[
        'manage_members', 'manage_content', 'assign', 'view_learn_page', 'see_insights', 'manage_people',
        'manage_audiences', 'add_managers']),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (tenant, audience, person, opened_at),
    FOREIGN KEY (tenant, audience) REFERENCES audience,
    FOREIGN KEY (tenant, person) REFERENCES person,
    CHECK (closed_at >= opened_at)
);
CREATE UNIQUE INDEX audience_manager_open ON audience_manager (tenant, audience, person) WHERE closed_at IS NULL;
CREATE INDEX audience_manager_person ON audience_manager (tenant, person);

ALTER TABLE audience_manager ENABLE ROW LEVEL SECURITY;
CREATE POLICY bound ON audience_manager USING (tenant = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE (closed_at) ON audience_manager TO testamur_app;
