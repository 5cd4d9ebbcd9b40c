-- What the rehearsal found of a row is still so as long as nobody else wrote: then committing it needs no second look.

ALTER TABLE import_batch
    ADD COLUMN known_entry bigint;
COMMENT ON COLUMN import_batch.known_entry IS
    'The last entry of the ledger of which it is known what the rows yet to be committed meet there.';
GRANT UPDATE (known_entry) ON import_batch TO testamur_app;

ALTER TABLE import_row ADD COLUMN is_met boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN import_row.is_met IS 'Whether the rehearsal found facts of the very moment.';
GRANT UPDATE (is_met) ON import_row TO testamur_app;
