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
ROLES = ("learner", "author", "reporter", "manager", "admin")
"""The vendor's roles of users."""
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

    def learning_path(self, id: Id) -> str:
        return f"{self.base_url}/learning-paths/{to_hex24(id)}"

    def learning_path_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/learning-paths/{to_hex24(id)}"

    def invitation(self, id: Id) -> str:
        return f"{self.base_url}/invitations/{to_hex24(id)}"

    def learner_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/learners/{to_hex24(id)}"

    def course_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/courses/{to_hex24(id)}"

    def webhook(self, id: Id) -> str:
        return f"{self.base_url}/webhooks/{to_hex24(id)}"

    def page(self, address: str, limit: int, cursor: str) -> str:
        """The page behind `cursor` of the list at `address`, a path below the base that may have filters already."""
        join = "&" if "?" in address else "?"
        return f"{self.base_url}{address}{join}{urlencode({'limit': limit, 'cursor': cursor})}"


def filtered(address: str, **filters: str | None) -> str:
    """The address of a list with what it is asked for."""
    said = {name: value for name, value in filters.items() if value is not None}
    return f"{address}?{urlencode(said)}" if said else address


def user_reference(text: str) -> Reference:
    """A user id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "person", "userId")


def person_by_id(id: Id) -> Reference:
    """A user who was found already."""
    return Reference(str(id), (), "person", "userId")


def course_reference(text: str) -> Reference:
    """A course id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "item", "courseId")


def learning_path_reference(text: str) -> Reference:
    """A learning path id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "item", "learningPathId")


def group_reference(text: str) -> Reference:
    """A group id: the reserved one, one that came along as an audience's reference, or our own."""
    if text.lower() == EVERYONE:
        return everyone("groupId")
    return Reference(text, _KINDS, "audience", "groupId")


def group_id(audience: Audience | None) -> str:
    """A group's id; None stands for that of everybody."""
    return EVERYONE if audience is None or audience.is_everyone else to_hex24(audience.id)


def invitation_reference(text: str) -> Reference:
    """An invitation id: our own."""
    return Reference(text, (), "invitation", "invitationId")


def email_reference(text: str) -> Reference:
    """An e-mail address."""
    return Reference(text, ("email",), "person", "email", may_be_id=False)
