"""Members of audiences."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from testamur.core.audiences import BULK_MAX
from testamur.dialects.thrive.wire import Text

Members = Annotated[list[Text], Meta(min_length=1, max_length=BULK_MAX)]
"""Body of POST and PATCH /audiences/{audienceId}/members: emails, refs or ids."""


class Member(Struct, rename="camel"):
    """A member as read."""

    user_id: str
    reference: str | None
    email: str | None
