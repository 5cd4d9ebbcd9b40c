"""What the lines of standing rest on: read from the ledger, and told to the compliance engine in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from testamur.core.compliance import (
    Anchor,
    Completion,
    Exemption,
    Extension,
    Facts,
    How,
    ItemVersion,
    Membership,
    PriorCredit,
    Progress,
    Reentry,
    Retirement,
    Settings,
    Span,
)
from testamur.core.compliance.days import start_of
from testamur.core.errors import AssignmentNotFound
from testamur.core.ids import Id
from testamur.core.moments import Precision, When
from testamur.ledger.recording import FactRow
from testamur.ledger.standing_rows import Line, ObligationRow, StepRow, calendar_pairs
from testamur.storage.transactions import Tx

FACTS_AT_ONCE = 1_000
"""Completions of one person that a line reads as they are; likewise what was closed, and sessions. Of more, those that
differ in nothing but the time of their day are read as one, so that a line holds no more than days have passed."""


class PlainMembership(NamedTuple):
    """Memberships that nothing tells from one another: they came before all that an assignment says.

    Args:
        joined_by: the last day on which people joined.
        known_before: and the moment before which that was known.
    """

    audience: Id
    joined_by: date
    known_before: datetime

    def is_all_of(self, told: Told) -> bool:
        """Whether a line rests on such a membership and on nothing else."""
        if told.facts or told.sessions or told.suspensions or told.exemptions or told.extensions or told.deleted_at:
            return False
        return bool(told.memberships) and all(
            one.left_on is None and one.joined_on <= self.joined_by and one.known_at < self.known_before
            for one in told.memberships or ()
        )

    def told(self) -> Told:
        """What a line rests on that rests on such a membership alone."""
        known_at = self.known_before - timedelta(microseconds=1)
        joined = _MembershipTold(self.audience, self.joined_by, None, known_at, None)
        return Told([joined], None, None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class About:
    """What all lines of one assignment share.

    Args:
        zone: the tenant's.
        plain: memberships that make lines plain, where there are such (`plain_lines`).
    """

    assignment: Id
    zone: ZoneInfo
    versions: tuple[Settings, ...]
    reentries: tuple[Reentry, ...] = ()
    item_versions: tuple[ItemVersion, ...] = ()
    retirements: tuple[Retirement, ...] = ()
    plain: PlainMembership | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self._plain())

    def _plain(self) -> PlainMembership | None:
        if len(self.audiences) != 1 or len({version.zone for version in self.versions}) > 1:
            return None
        zone = self.versions[0].zone
        known = [
            version.recorded_at.astimezone(zone).date() for version in self.versions if version.recorded_at is not None
        ]
        joined_by = min([*known, *(version.since for version in self.versions)])
        return PlainMembership(self.audiences[0], joined_by, start_of(joined_by + timedelta(days=1), zone))

    @classmethod
    async def read(cls, tx: Tx, assignment: Id) -> About:
        """Raises AssignmentNotFound."""
        row = await tx.row("standing_about", assignment=assignment)
        if row is None:
            raise AssignmentNotFound
        zone = ZoneInfo(row["zone"])
        versions = tuple(_version(told, zone) for told in _VERSIONS.decode(row["versions"]))
        about = cls(assignment, zone, versions)
        published = _ITEM_VERSIONS.decode(row["item_versions"]) if row["item_versions"] else ()
        retired = _RETIREMENTS.decode(row["retirements"]) if row["retirements"] else ()
        return replace(
            about,
            reentries=about.reentries_of(row["reentries"]),
            item_versions=tuple(about._item_version(one) for one in published),
            retirements=tuple(Retirement(item=item, retired_on=about.day(at), recorded_at=at) for item, at in retired),
        )

    @classmethod
    async def remembered(cls, tx: Tx, assignment: Id, rules: int) -> About:
        """The same as it was read before, at this count of changes to all that lines share.

        Only for transactions that change none of it: what they read would be remembered though they fail.
        """
        key = tx.tenant, assignment
        if key not in _remembered or _remembered[key][0] != rules:
            if len(_remembered) >= _REMEMBERED_MAX:
                _remembered.clear()
            _remembered[key] = rules, await cls.read(tx, assignment)
        return _remembered[key][1]

    @classmethod
    def recalled(cls, tenant: Id, assignment: Id, rules: int) -> About | None:
        """The same as it was read before, at this count of changes to all that lines share; None when it was not."""
        known = _remembered.get((tenant, assignment))
        return known[1] if known is not None and known[0] == rules else None

    def edited(self, version: Settings) -> About:
        """As it would be with one more version."""
        return replace(self, versions=(*self.versions, version))

    def reentries_of(self, told: str | None) -> tuple[Reentry, ...]:
        """The tenant's re-entry times, in the days of this assignment's zone."""
        return tuple(
            Reentry(number=number, since=self.day(at), days=days, recorded_at=at)
            for number, days, at in (_REENTRIES.decode(told) if told else ())
        )

    def _item_version(self, told: _ItemVersionTold) -> ItemVersion:
        # Published today as asking for retraining from next month on, it ends credit next month.
        published_on = self.day(told.published_at)
        return ItemVersion(
            item=told.item,
            number=told.number,
            published_on=max(published_on, told.retraining_from or published_on),
            requires_retraining=told.retraining_from is not None,
            recorded_at=told.published_at,
        )

    @property
    def audiences(self) -> list[Id]:
        return list({version.audience for version in self.versions})

    @property
    def items(self) -> list[Id]:
        return list({item for version in self.versions for item in version.items})

    @property
    def primaries(self) -> list[Id]:
        return list({version.primary for version in self.versions})

    @property
    def zones(self) -> list[str]:
        return list({self.zone.key, *(version.zone.key for version in self.versions)})

    def zone_at(self, moment: datetime) -> ZoneInfo:
        """The deadline zone at a moment: an edit of it moves no day before (rule D8)."""
        known = [version for version in self.versions if version.recorded_at and version.recorded_at <= moment]
        return (known or self.versions)[-1 if known else 0].zone if self.versions else self.zone

    def day(self, moment: datetime) -> date:
        """The local day of a moment (rule D3)."""
        return moment.astimezone(self.zone_at(moment)).date()

    async def facts(self, tx: Tx, people: Sequence[Id], *, moment: datetime | None = None) -> Mapping[Id, Facts]:
        """What the lines of these people rest on; at a moment, what was known of it then (principle P6)."""
        told = await told_of(tx, [(self, people)], moment=moment)
        return {person: self.facts_of(one, moment) for (_, person), one in told.items()}

    def facts_of(self, told: Told, moment: datetime | None = None) -> Facts:
        """What was read, as the engine takes it."""
        facts = Facts(
            versions=self.versions,
            memberships=tuple(_membership(one) for one in told.memberships or ()),
            completions=tuple(_completion(one) for one in told.facts or () if one.completed_at is not None),
            progress=tuple(_progress(told)),
            exemptions=tuple(self._exemptions(told, moment)),
            extensions=tuple(
                Extension(
                    id=one.id,
                    granted_on=one.granted_on,
                    due_on=one.due_on,
                    recorded_at=one.granted_at,
                    withdrawn_on=self.day(one.withdrawn_at) if one.withdrawn_at else None,
                    withdrawn_recorded_at=one.withdrawn_at,
                )
                for one in told.extensions or ()
            ),
            inactive=tuple(self._inactive(told)),
            item_versions=self.item_versions,
            retirements=self.retirements,
            reentries=self.reentries,
        )
        return facts if moment is None else facts.known_at(moment)

    def _inactive(self, told: Told) -> Iterable[Span]:
        for one in told.suspensions or ():
            yield Span(
                since=self.day(one.began_at),
                until=self.day(one.ended_at) if one.ended_at else None,
                recorded_at=one.known_at,
                end_recorded_at=one.ended_known_at,
            )
        if told.deleted_at is not None:
            yield Span(since=self.day(told.deleted_at), recorded_at=told.deleted_at)

    def _exemptions(self, told: Told, moment: datetime | None) -> Iterable[Exemption]:
        for one in told.exemptions or ():
            until_on = one.until_on
            if one.withdrawn_at is not None and _was_withdrawn(one.withdrawn_at, moment):
                # It covered the days up to its withdrawal (principle P5).
                last = self.day(one.withdrawn_at) - timedelta(days=1)
                until_on = last if until_on is None else min(until_on, last)
            if until_on is None or until_on >= one.from_on:
                yield Exemption(id=one.id, since=one.from_on, until=until_on, recorded_at=one.granted_at)


async def told_of(
    tx: Tx, abouts: Sequence[tuple[About, Sequence[Id]]], *, stored: bool = False, moment: datetime | None = None
) -> dict[Line, Told]:
    """What the lines of people under assignments rest on, as it was read; on demand with what is stored of them.

    Args:
        moment: what became known later may be missing.
    """
    rows = await tx.rows(
        "standing_facts",
        abouts=[
            {
                "assignment": about.assignment,
                "people": people,
                "audiences": about.audiences,
                "items": about.items,
                "primaries": about.primaries,
            }
            for about, people in abouts
        ],
        most=FACTS_AT_ONCE,
        stored=stored,
    )
    found: dict[Line, Told] = {(row["assignment"], row["person"]): _TOLD.decode(row["told"]) for row in rows}
    cut = [line for line, told in found.items() if _is_cut(told)]
    if cut:
        by_id = {about.assignment: about for about, _ in abouts}
        for line in cut:
            await _read_by_day(tx, by_id[line[0]], line[1], found[line], moment)
    return found


def heard(told: Told, fact: FactRow, recorded_at: datetime) -> None:
    """Add a fact that is being written to what was read before of a line that it belongs to."""
    assert fact.item is not None
    one = _FactTold(
        id=fact.id,
        item=fact.item,
        item_version=fact.item_version,
        completed_at=fact.completed_at,
        completed_by_day=fact.completed_by_day,
        started_at=fact.started_at,
        expires_at=fact.expires_at,
        passed=fact.passed,
        is_prior=fact.is_prior,
        how=fact.extra.get("how") if fact.extra else None,
        recorded_at=recorded_at,
        closed_at=fact.closed_at,
        closed_as=fact.closed_as,
        record=fact.record,
    )
    told.facts = [*(told.facts or ()), one]


def _is_cut(told: Told) -> bool:
    facts = told.facts or ()
    if len(facts) >= FACTS_AT_ONCE:
        standing = sum(one.completed_at is not None and one.closed_at is None for one in facts)
        if max(standing, len(facts) - standing) >= FACTS_AT_ONCE:
            return True
    return len(told.sessions or ()) >= FACTS_AT_ONCE


async def _read_by_day(tx: Tx, about: About, person: Id, told: Told, moment: datetime | None) -> None:
    bounds = {"person": person, "items": about.items, "zones": about.zones, "at": moment}
    facts = await tx.value("standing_facts_by_day", **bounds)
    sessions = await tx.value("standing_sessions_by_day", **bounds)
    told.facts = _FACTS.decode(facts) if facts else None
    told.sessions = _SESSIONS.decode(sessions) if sessions else None


def _membership(one: _MembershipTold) -> Membership:
    return Membership(
        audience=one.audience,
        since=one.joined_on,
        until=one.left_on,
        recorded_at=one.known_at,
        end_recorded_at=one.left_known_at,
    )


def _completion(one: _FactTold) -> Completion:
    assert one.completed_at is not None
    return Completion(
        id=one.id,
        item=one.item,
        completed=When(one.completed_at, Precision.DAY if one.completed_by_day else Precision.INSTANT),
        recorded_at=one.recorded_at,
        version=one.item_version,
        passed=one.passed,
        expires=None if one.expires_at is None else When(one.expires_at),
        voided_at=one.closed_at,
        how=_how(one),
    )


def _progress(told: Told) -> Iterable[Progress]:
    """Starts, records without a completion, and sessions with their attempts (rules F3 and F4)."""
    for one in told.facts or ():
        if one.started_at is not None or one.completed_at is None:
            yield Progress(
                item=one.item,
                made=When(one.started_at or one.recorded_at),
                id=one.id,
                recorded_at=one.recorded_at,
                # A correction does not undo that somebody was on her way; a withdrawal does.
                voided_at=one.closed_at if one.closed_as == "voided" else None,
            )
    for session in told.sessions or ():
        yield Progress(
            item=session.item,
            made=When(session.started_at),
            id=session.id,
            recorded_at=session.recorded_at,
            voided_at=session.voided_at,
        )


def _how(one: _FactTold) -> How:
    if one.how == How.EQUIVALENCY.value:
        return How.EQUIVALENCY
    if one.how == How.IMPORT.value:
        return How.IMPORT
    return How.PRIOR if one.is_prior else How.ORDINARY


_remembered: dict[tuple[Id, Id], tuple[int, About]] = {}
_REMEMBERED_MAX = 1_000


def _was_withdrawn(at: datetime | None, moment: datetime | None) -> bool:
    return at is not None and (moment is None or at <= moment)


def _version(told: _VersionTold, zone: ZoneInfo) -> Settings:
    return Settings(
        number=told.number,
        since=told.effective_on,
        recorded_at=told.recorded_at,
        audience=told.audience,
        primary=told.primary,
        alternatives=tuple(told.alternatives),
        completion_period_days=told.completion_period_days,
        recurrence_days=told.recurrence_days,
        renewal_window_days=told.renewal_window_days,
        renewal_grace_days=told.renewal_grace_days,
        anchor=Anchor(told.anchor),
        calendar_days=calendar_pairs(told.calendar_days),
        minimum_credit_days=told.minimum_credit_days,
        prior_credit=PriorCredit(told.prior_credit),
        notice_floor=told.has_notice_floor,
        is_active=told.is_active,
        is_deleted=told.is_deleted,
        applies_to_open=told.applies_to_open,
        zone=ZoneInfo(told.zone) if told.zone else zone,
    )


class _VersionTold(Struct, array_like=True):
    number: int
    effective_on: date
    recorded_at: datetime
    audience: Id
    primary: Id
    alternatives: list[Id]
    completion_period_days: int
    recurrence_days: int | None
    renewal_window_days: int
    renewal_grace_days: int | None
    anchor: str
    calendar_days: list[int]
    minimum_credit_days: int | None
    prior_credit: str
    has_notice_floor: bool
    is_active: bool
    is_deleted: bool
    applies_to_open: bool
    zone: str | None


class _ItemVersionTold(Struct, array_like=True):
    item: Id
    number: int
    published_at: datetime
    retraining_from: date | None


class _MembershipTold(Struct, array_like=True):
    audience: Id
    joined_on: date
    left_on: date | None
    known_at: datetime
    left_known_at: datetime | None


class _SuspensionTold(Struct, array_like=True):
    began_at: datetime
    known_at: datetime
    ended_at: datetime | None
    ended_known_at: datetime | None


class _FactTold(Struct, array_like=True):
    id: Id
    item: Id
    item_version: int | None
    completed_at: datetime | None
    completed_by_day: bool
    started_at: datetime | None
    expires_at: datetime | None
    passed: bool | None
    is_prior: bool
    how: str | None
    recorded_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    record: Id


class _SessionTold(Struct, array_like=True):
    id: Id
    item: Id
    started_at: datetime
    recorded_at: datetime
    voided_at: datetime | None


class _ExemptionTold(Struct, array_like=True):
    id: Id
    from_on: date
    until_on: date | None
    granted_at: datetime
    withdrawn_at: datetime | None


class _ExtensionTold(Struct, array_like=True):
    id: Id
    cycle: int
    due_on: date
    granted_on: date
    granted_at: datetime
    withdrawn_at: datetime | None


class Told(Struct, array_like=True):
    """What one line rests on, as it was read, and what is stored of it."""

    memberships: list[_MembershipTold] | None
    suspensions: list[_SuspensionTold] | None
    deleted_at: datetime | None
    facts: list[_FactTold] | None
    sessions: list[_SessionTold] | None
    exemptions: list[_ExemptionTold] | None
    extensions: list[_ExtensionTold] | None
    steps: list[StepRow] | None
    obligations: list[ObligationRow] | None

    def records(self) -> dict[Id, Id]:
        """The record of each fact."""
        return {one.id: one.record for one in self.facts or ()}


_VERSIONS: Any = msgspec.json.Decoder(list[_VersionTold])
_ITEM_VERSIONS: Any = msgspec.json.Decoder(list[_ItemVersionTold])
_REENTRIES: Any = msgspec.json.Decoder(list[tuple[int, int, datetime]])
_RETIREMENTS: Any = msgspec.json.Decoder(list[tuple[Id, datetime]])
_FACTS: Any = msgspec.json.Decoder(list[_FactTold])
_SESSIONS: Any = msgspec.json.Decoder(list[_SessionTold])
_TOLD: Any = msgspec.json.Decoder(Told)
