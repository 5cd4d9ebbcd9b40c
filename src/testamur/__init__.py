"""Testamur: one durable ledger of learning records that every system can write to and read from."""

__version__ = "0.1.0"
