"""Telling webhooks what the ledger recorded."""
