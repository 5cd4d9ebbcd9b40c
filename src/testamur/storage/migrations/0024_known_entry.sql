-- What the rehearsal found of a row is still so as long as nobody else wrote: then committing it needs no second look.

ALTER TABLE import_batch
    ADD COLUMN known_entry bigint,
    ADD COLUMN mixes_days boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN import_batch.known_entry IS
    'The last entry of the ledger of which it is known what the rows yet to be committed meet there.';
COMMENT ON COLUMN import_batch.mixes_days IS
    'Whether some rows say a day, and others a moment at which one begins in UTC: those may be one and not of one day.';
GRANT UPDATE (known_entry, mixes_days) ON import_batch TO testamur_app;

ALTER TABLE import_row ADD COLUMN is_met boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN import_row.is_met IS 'Whether the rehearsal found facts of the very moment.';
GRANT UPDATE (is_met) ON import_row TO testamur_app;
