"""Testamur's own API: everything the ledger knows, in its own words."""
