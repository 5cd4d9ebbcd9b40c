"""Users. Source: the vendor's pages on users and on the user lifecycle."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.people import ATTRIBUTES_MAX, IDENTIFIER_LENGTH_MAX
from testamur.dialects.thrive.wire import Moment

Ref = Annotated[str, Meta(min_length=1, max_length=IDENTIFIER_LENGTH_MAX, pattern=r"\S")]
Email = Annotated[str, Meta(max_length=320, pattern=r"^\s*[^\s@]+@[^\s@]+\s*$")]
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Words = Annotated[str, Meta(max_length=255)]
AnyRef = Annotated[str, Meta(max_length=IDENTIFIER_LENGTH_MAX)]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}$")]
Zone = Annotated[str, Meta(min_length=1, max_length=64)]
Role = Literal["administrator", "learneradmin", "learner"]
LoginMethod = Literal["email", "ref"]

_Key = Annotated[str, Meta(min_length=1, max_length=255)]
_Text = Annotated[str, Meta(max_length=2_000)]
_Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
AdditionalFields = Annotated[dict[_Key, _Text | _Whole | float | bool | None], Meta(max_length=ATTRIBUTES_MAX)]


class UserFields(Struct, rename="camel", kw_only=True):
    """What a user is given. What is absent stays; null empties where nothing else is said."""

    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    login_method: LoginMethod | UnsetType | None = UNSET
    role: Role | UnsetType | None = UNSET
    job_title: Words | UnsetType | None = UNSET
    manager_ref: AnyRef | UnsetType | None = UNSET
    start_date: Moment | UnsetType | None = UNSET
    end_date: Moment | UnsetType | None = UNSET
    time_zone: Zone | UnsetType | None = UNSET
    language_code: Language | UnsetType | None = UNSET
    sso: bool | UnsetType | None = UNSET
    domain: Words | UnsetType | None = UNSET
    additional_fields: AdditionalFields | UnsetType | None = UNSET


class CreateUser(UserFields, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Body of POST v2 /users. `email` is required unless users sign in by `ref`."""

    ref: Ref
    first_name: Name
    last_name: Name


class UpdateUser(UserFields, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH v2 /users/ref/{ref}.

    Null gives the default back to `loginMethod`, `role` and `sso`. `additionalFields` are kept one by one: null as a
    value takes one away, null as a whole all of them.
    """

    ref: Ref | UnsetType = UNSET


class SuspendUser(Struct, rename="camel", forbid_unknown_fields=True):
    """Body of PATCH v2 /users/ref/{ref}/suspend."""

    end_date: Moment | None = None


class UserDeleted(Struct):
    """The answer to a deletion."""

    success: bool


class UserLifecycle(Struct, rename="camel"):
    """A user as v2 answers it."""

    id: str
    login_method: LoginMethod
    ref: str | None
    email: str | None
    first_name: str
    last_name: str
    role: str
    job_title: str | None
    manager_ref: str | None
    start_date: str | None
    end_date: str | None
    time_zone: str
    language_code: str | None
    active: bool
    created_at: str | None
    updated_at: str | None
    sso: bool
    domain: str | None
    additional_fields: dict[str, Any] | None


class PositionManager(Struct):
    """Who somebody reports to; without an id she is awaited."""

    id: str | None
    name: str | None
    ref: str | None


class Position(Struct, rename="camel"):
    """What somebody is employed as. There is one at most; earlier ones are kept and not shown."""

    id: str
    manager: PositionManager | None
    title: str | None
    is_active: bool
    start_date: str | None
    end_date: str | None
    created_at: str | None
    updated_at: str | None


class BasicUser(Struct, rename="camel"):
    """A user as found by reference."""

    id: str
    ref: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    role: str | None
    status: Literal["active", "inactive", "expired", "new"] | None
    language_code: str | None
    positions: list[Position]
    additional_fields: dict[str, Any] | None


class UserTags(Struct):
    """Names of the skills that somebody has."""

    skills: list[str]


class AudienceId(Struct):
    """An audience that somebody is a member of."""

    id: str


class User(BasicUser, rename="camel"):
    """A user as listed and as found by id. What nobody tells this server is null: sign-ins, scores, pictures."""

    deleted: bool
    compliance: float | None
    level: float | None
    relevancy: float | None
    first_login: str | None
    last_login: str | None
    created_at: str | None
    updated_at: str | None
    tags: UserTags
    users_following: list[str]
    tags_following: list[str]
    has_picture: bool
    single_sign_on: bool
    onboarded: bool | None
    time_zone: str | None
    summary: str | None
    rank: dict[str, float] | None
    agreed_terms: bool | None
    audiences: list[AudienceId]
