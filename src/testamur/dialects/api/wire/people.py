"""People."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.people import ATTRIBUTES_MAX
from testamur.dialects.api.wire import Identifiers, Key, Moment, Named, Short

Status = Literal["new", "active", "inactive", "expired"]
LoginBy = Literal["email", "ref"]
Name = Annotated[str, Meta(max_length=500)]
Attributes = Annotated[dict[Key, Any], Meta(max_length=ATTRIBUTES_MAX)]


class Person(Struct, kw_only=True):
    """A person as read. Of a deleted one who she was is gone; her id stays.

    Args:
        ref, email: the first of those among `identifiers`.
        status: where the account stands at this moment.
        manager: null with a `manager_ref` while she is awaited.
    """

    id: str
    given_name: str
    family_name: str
    ref: str | None
    email: str | None
    identifiers: dict[str, list[str]]
    phone: str | None
    role: str
    language: str | None
    zone: str | None
    status: Status
    login: LoginBy
    single_sign_on: bool
    domain: str | None
    starts_at: Moment | None
    ends_at: Moment | None
    title: str | None
    manager: str | None
    manager_ref: str | None
    attributes: dict[str, Any]
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None


class CreatePerson(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person to be added. Something must say who she is: a name or an identifier.

    Args:
        identifiers: further ones, beside `ref` and `email`.
        manager: somebody who is not known yet is awaited by her reference.
    """

    given_name: Name = ""
    family_name: Name = ""
    ref: Short | None = None
    email: Short | None = None
    identifiers: Identifiers = {}
    phone: Short | None = None
    role: Short = "learner"
    language: Short | None = None
    zone: Short | None = None
    login: LoginBy = "email"
    single_sign_on: bool = False
    domain: Short | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    title: Short | None = None
    manager: Named | None = None
    attributes: Attributes = {}


class ChangePerson(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different in a person. Attributes are changed key by key; null takes one away."""

    given_name: Name | UnsetType = UNSET
    family_name: Name | UnsetType = UNSET
    ref: Short | UnsetType = UNSET
    email: Short | UnsetType | None = UNSET
    phone: Short | UnsetType | None = UNSET
    role: Short | UnsetType = UNSET
    language: Short | UnsetType | None = UNSET
    zone: Short | UnsetType | None = UNSET
    login: LoginBy | UnsetType = UNSET
    single_sign_on: bool | UnsetType = UNSET
    domain: Short | UnsetType | None = UNSET
    starts_at: Moment | UnsetType | None = UNSET
    ends_at: Moment | UnsetType | None = UNSET
    title: Short | UnsetType | None = UNSET
    manager: Named | UnsetType | None = UNSET
    attributes: Attributes | UnsetType | None = UNSET


class SuspendPerson(Struct, forbid_unknown_fields=True):
    """A suspension; `ends_at` is the new end of the employment, which stays as it is without."""

    ends_at: Moment | None = None
