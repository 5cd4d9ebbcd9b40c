-- Lines of standing are worked out beside every completion, and what all lines of an assignment share is remembered by the
-- service. Its stamp was looked up anew for each line; a count of the changes is one column of a row that is read anyway.
ALTER TABLE tenant_counter ADD COLUMN rules bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN tenant_counter.rules IS
    'Moves with all that lines of standing share: versions of assignments and items, what is retired, and settings.';

CREATE FUNCTION rules_changed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE tenant_counter SET rules = rules + 1 WHERE tenant = current_tenant();
    RETURN NULL;
END
$$;

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE ON assignment_version EXECUTE FUNCTION rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE ON item_version EXECUTE FUNCTION rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE ON tenant_settings EXECUTE FUNCTION rules_changed();
CREATE TRIGGER rules_changed AFTER UPDATE OF retired_at ON item EXECUTE FUNCTION rules_changed();
