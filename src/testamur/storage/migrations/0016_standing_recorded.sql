-- The second clock of stored standing: who comes again and asks what is new since misses nothing, whenever a line was
-- worked out.
ALTER TABLE standing ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN standing.recorded_at IS 'When this step was last written; what is the same is not written again.';
