"""The Thrive Learning public API, served by us."""
