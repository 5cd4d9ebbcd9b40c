"""Operators' words."""

from testamur.cli.main import main

__all__ = ["main"]
