"""Nouns and rules. Standard library only: no clock, no I/O, no vendor."""
