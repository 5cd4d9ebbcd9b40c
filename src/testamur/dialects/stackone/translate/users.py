"""Users: people, as StackOne says them."""

from __future__ import annotations

from testamur.core.ids import to_hex24, to_opaque
from testamur.core.people import Person
from testamur.dialects.stackone.wire import users as wire
from testamur.http.replies import instant

FIELDS = wire.LmsUser.__struct_fields__


def lms_user(person: Person) -> wire.LmsUser:
    custom = person.attributes.get("unified_custom_fields")
    return wire.LmsUser(
        id=to_opaque(person.id),
        remote_id=to_hex24(person.id),
        unified_custom_fields=custom if isinstance(custom, dict) else None,
        external_reference=person.ref,
        name=person.name or None,
        email=person.email,
        phone_number=person.phone,
        active=person.is_active,
        created_at=instant(person.created_at),
        updated_at=instant(person.updated_at),
    )
