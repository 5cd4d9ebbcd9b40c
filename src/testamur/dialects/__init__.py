"""One folder for each outside API. A dialect only translates; meaning lives in the ledger and the core."""

from testamur.dialects.rise.operations import DIALECT as RISE
from testamur.dialects.thrive.operations import DIALECT as THRIVE

ALL = (THRIVE, RISE)
"""Every dialect we serve, in the order they are shown."""
