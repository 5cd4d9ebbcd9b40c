"""Rise's words and ours, a module for each group of operations. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from testamur.core.audiences import Audience, everyone
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Reference

SOURCE = "rise"
EVERYONE = "everyone"
"""The reserved id of the group of all users."""
_KINDS = ("rise",)


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses, as seen by the client. `base_url` has no slash at its end."""

    base_url: str

    def user(self, id: Id) -> str:
        return f"{self.base_url}/users/{to_hex24(id)}"

    def course(self, id: Id) -> str:
        return f"{self.base_url}/courses/{to_hex24(id)}"

    def group(self, id: str) -> str:
        return f"{self.base_url}/groups/{id}"

    def learner_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/learners/{to_hex24(id)}"

    def course_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/courses/{to_hex24(id)}"

    def page(self, address: str, limit: int, cursor: str) -> str:
        """The page behind `cursor` of the list at `address`, a path below the base."""
        return f"{self.base_url}{address}?{urlencode({'limit': limit, 'cursor': cursor})}"


def user_reference(text: str) -> Reference:
    """A user id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "person", "userId")


def course_reference(text: str) -> Reference:
    """A course id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "item", "courseId")


def group_reference(text: str) -> Reference:
    """A group id: the reserved one, one that came along as an audience's reference, or our own."""
    if text.lower() == EVERYONE:
        return everyone("groupId")
    return Reference(text, _KINDS, "audience", "groupId")


def group_id(audience: Audience) -> str:
    return EVERYONE if audience.is_everyone else to_hex24(audience.id)


def email_reference(text: str) -> Reference:
    """An e-mail address."""
    return Reference(text, ("email",), "person", "email")
