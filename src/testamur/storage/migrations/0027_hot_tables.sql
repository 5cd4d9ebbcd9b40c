-- The service asks for statistics of what grew fourfold, and of these tables little else changes: rows are added and
-- stay. Autovacuum did the same again each time they grew by a tenth, in the middle of the load that made them grow.
ALTER TABLE fact SET (autovacuum_analyze_scale_factor = 0.5, autovacuum_vacuum_insert_scale_factor = 0.5);
ALTER TABLE report SET (autovacuum_analyze_scale_factor = 0.5, autovacuum_vacuum_insert_scale_factor = 0.5);
ALTER TABLE ledger_entry SET (autovacuum_analyze_scale_factor = 0.5, autovacuum_vacuum_insert_scale_factor = 0.5);

-- And it asks while others write: a quarter of the usual sample says what plans hang on, in half the time.
ALTER FUNCTION refresh_statistics SET default_statistics_target = 25;
