"""One folder for each API, our own among them. A dialect only translates; meaning lives in the ledger and the core."""

from testamur.dialects.api.operations import DIALECT as API
from testamur.dialects.cpod.operations import DIALECT as CPOD
from testamur.dialects.rise.operations import DIALECT as RISE
from testamur.dialects.stackone.operations import DIALECT as STACKONE
from testamur.dialects.thrive.operations import DIALECT as THRIVE
from testamur.dialects.xapi.operations import DIALECT as XAPI

ALL = (THRIVE, STACKONE, RISE, CPOD, XAPI, API)
"""Every dialect we serve, in the order they are shown."""
