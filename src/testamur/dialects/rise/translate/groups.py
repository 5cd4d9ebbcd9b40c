"""Groups: the ledger's audiences of people, and everybody."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.audiences import EVERYONE_NAME, NAME_MAX_LENGTH, Audience
from testamur.core.errors import FieldFault, InvalidInput
from testamur.dialects.rise.translate import Links, group_id
from testamur.dialects.rise.wire import groups as wire


def group(audience: Audience | None, links: Links) -> wire.Group:
    """A group; None stands for that of everybody, which is there whether anything was set to it or not."""
    id = group_id(audience)
    url = links.group(id)
    return wire.Group(
        id=id,
        name=EVERYONE_NAME if audience is None else audience.name,
        members_url=f"{url}/users",
        reporters_url=f"{url}/reporters",
        managers_url=f"{url}/managers",
        url=url,
        is_managed_by_identity_provider=audience is None or not audience.is_api_controlled,
    )


def name_of(body: wire.NameGroup | None) -> str:
    """The name in a body, without blanks at its ends. Raises InvalidInput."""
    name = getattr(body, "name", None)
    if name is None or name is UNSET:
        raise InvalidInput(FieldFault("name", "missing", "is required"))
    if not isinstance(name, str):
        raise InvalidInput(FieldFault("name", "type", "must be text"))
    if not 1 <= len(name.strip()) <= NAME_MAX_LENGTH:
        raise InvalidInput(FieldFault("name", "range", f"must have 1 to {NAME_MAX_LENGTH} characters"))
    return name.strip()
