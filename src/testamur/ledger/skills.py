"""Tags and skills: of the tenant, of items, of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, new_id, parse
from testamur.core.items import ItemTelling
from testamur.core.people import Reference
from testamur.core.skills import (
    LEVEL_MAX,
    NO_LEVEL,
    PersonSkill,
    PersonTags,
    SkillLevel,
    SkillSetting,
    Subject,
    Tag,
    TagNamed,
    TagNotFound,
    TagUse,
    UsedTag,
    check_level,
    tag_key,
    tag_names,
)
from testamur.ledger.entries import Change, append
from testamur.ledger.people_rows import present_person
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

TIES_MAX = 10_000
"""Of each kind of tie, so many are shown with a tag."""

LEVELS_MAX = 1_000
"""Levels of one tenant."""

_DESCRIBED = ("hierarchy", "language", "proficiency", "extra")
_MOST = Id(UUID(int=2**128 - 1))


class Skills:
    """Verbs on tags, skills and levels. A tag of another tenant is simply not found."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def page(self, tenant: Id, *, updated_since: datetime | None, count: int, skip: int) -> tuple[int, list[Tag]]:
        """How many tags there are, and `count` of them behind `skip`, in order of id.

        Args:
            updated_since: only tags whose name or ties changed at this moment or later.
        """
        async with self._database.read(tenant) as tx:
            total = await tx.value("tags_count", updated_since=updated_since)
            ids = await tx.rows("tags_numbered_page", updated_since=updated_since, count=count, skip=skip)
            rows = await tx.rows("tags_get", ids=[row["id"] for row in ids], ties_max=TIES_MAX)
        return total, [_tag(row) for row in rows]

    async def get(self, tenant: Id, id: str) -> Tag:
        """The tag with this id, in any spelling. Raises TagNotFound."""
        known = parse(id)
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("tags_get", ids=[known] if known else [], ties_max=TIES_MAX)
        if not rows:
            raise TagNotFound(f"No tag {id!r} in this tenant")
        return _tag(rows[0])

    async def used(self, tenant: Id, use: TagUse, reference: Reference) -> UsedTag:
        """The category or skill that `reference` names: by a catalogue's key, or by our id. Raises TagNotFound."""
        async with self._database.read(tenant) as tx:
            tag = await tx.value(
                "tag_use_resolve", use=use.value, value=reference.value.strip(), id=parse(reference.value)
            )
            rows = await tx.rows("tag_uses_get", use=use.value, tags=[tag] if tag else [])
        if not rows:
            raise TagNotFound(f"No {use.value} {reference.value!r} in this tenant", field=reference.field)
        return used_tag(rows[0])

    async def used_page(
        self,
        tenant: Id,
        use: TagUse,
        *,
        after: tuple[datetime, Id] | None,
        count: int,
        updated_after: datetime | None = None,
    ) -> list[UsedTag]:
        """Up to `count` categories or skills in order of id, from behind `after`.

        With `updated_after` those changed later, in the order of their last change.
        """
        async with self._database.read(tenant) as tx:
            if updated_after is None:
                rows = await tx.rows("tag_uses_page", use=use.value, after=after and after[1], count=count)
            else:
                at, id = after or (updated_after, _MOST)
                rows = await tx.rows("tag_uses_page_changed", use=use.value, after_at=at, after=id, count=count)
            found = await tx.rows("tag_uses_get", use=use.value, tags=[row["tag"] for row in rows])
        return [used_tag(row) for row in found]

    async def add(self, caller: Caller, names: Sequence[str]) -> int:
        """Add tags by name; those there already stay as they are. Returns how many are new. Raises InvalidInput."""
        wanted = tag_names(names, "tags")
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            _, new = await make_tags(tx, caller.client, wanted, now)
        return new

    async def interest(self, caller: Caller, person: Reference, tags: Sequence[TagNamed]) -> int:
        """Let a person be interested in existing tags, all or none. Returns how many of the interests are new.

        Raises: PersonNotFound, also for a deleted person; TagNotFound naming the field of the first unknown one.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            whom = await present_person(tx, person)
            named = await _resolve(tx, tags)
            rows = await tx.rows("interests_tie", person=whom, ids=[new_id() for _ in named], tags=list(named), now=now)
            await _tell(tx, caller, "interest.opened", whom, rows, named, now)
        return len(rows)

    async def lose_interest(self, caller: Caller, person: Reference, tags: Sequence[TagNamed]) -> int:
        """End a person's interest in existing tags, all or none. Returns how many interests there were to end.

        Raises: as `interest`.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            whom = await present_person(tx, person)
            named = await _resolve(tx, tags)
            rows = await tx.rows("interests_untie", person=whom, tags=list(named), now=now)
            await _tell(tx, caller, "interest.closed", whom, rows, named, now)
        return len(rows)

    async def set(self, caller: Caller, person: Reference, settings: Sequence[SkillSetting]) -> int:
        """Set levels and targets of a person's skills, all or none. Returns how many skills changed.

        What was before stays on record with its dates. A skill that has neither level nor target any more ends.

        Raises: PersonNotFound, also for a deleted person; TagNotFound; InvalidInput for a level below -1 and for a
            skill that is set twice.
        """
        for setting in settings:
            _check_setting(setting)
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            whom = await present_person(tx, person)
            named = await _resolve(tx, [setting.tag for setting in settings])
            ids = {tag_key(name): id for id, name in named.items()}
            before = {row["tag"]: _skill(row) for row in await tx.rows("person_skills_get", people=[whom])}
            seen: set[Id] = set()
            changed: dict[Id, PersonSkill] = {}
            for setting in settings:
                tag = ids[tag_key(setting.tag.name)]
                if tag in seen:
                    raise InvalidInput(FieldFault(setting.tag.field, "duplicate", "is set twice"))
                seen.add(tag)
                old = before.get(tag) or PersonSkill(tag, named[tag], None, None)
                new = old.after(setting)
                if new != old:
                    changed[tag] = new
            if changed:
                open = [skill for skill in changed.values() if not skill.is_empty]
                await tx.run("person_skills_untie", person=whom, tags=list(changed), now=now)
                await tx.run(
                    "person_skills_tie",
                    person=whom,
                    ids=[new_id() for _ in open],
                    tags=[skill.tag for skill in open],
                    levels=[skill.level for skill in open],
                    targets=[skill.target for skill in open],
                    now=now,
                )
                await tx.run("tags_touch", ids=list(changed), now=now)
                await use_tags(tx, {(TagUse.SKILL, skill.tag): Subject() for skill in open}, now)
                changes = [
                    Change(
                        "skill.set",
                        whom,
                        {"tag": tag, "name": skill.name, "level": skill.level, "target": skill.target},
                    )
                    for tag, skill in changed.items()
                ]
                await append(tx, caller.client, changes, now)
        return len(changed)

    async def of_people(self, tenant: Id, people: Sequence[Id]) -> Mapping[Id, PersonTags]:
        """The interests and skills of each of these people, for a whole page of them in one call."""
        async with self._database.read(tenant) as tx:
            interests, skills = defaultdict(list), defaultdict(list)
            for row in await tx.rows("interests_get", people=list(people)):
                interests[row["person"]].append(row["name"])
            for row in await tx.rows("person_skills_get", people=list(people)):
                skills[row["person"]].append(_skill(row))
        return {person: PersonTags(tuple(interests[person]), tuple(skills[person])) for person in people}

    async def of_items(self, tenant: Id, items: Sequence[Id]) -> Mapping[Id, tuple[str, ...]]:
        """The names of the skills that each of these items builds, for a whole page of them in one call."""
        skills: dict[Id, list[str]] = {item: [] for item in items}
        async with self._database.read(tenant) as tx:
            for row in await tx.rows("item_tags_get", items=list(skills)):
                if row["is_skill"]:
                    skills[row["item"]].append(row["name"])
        return {item: tuple(names) for item, names in skills.items()}

    async def levels(self, tenant: Id) -> list[SkillLevel]:
        """The tenant's levels, from the lowest up."""
        async with self._database.read(tenant) as tx:
            return [_level(row) for row in await tx.rows("skill_levels_get")]

    async def put_levels(self, caller: Caller, levels: Sequence[SkillLevel]) -> int:
        """Add levels, or change those of the same value. Returns how many are new or other than before.

        Raises: InvalidInput for a value twice, out of range, or more than LEVELS_MAX in all.
        """
        for level in levels:
            check_level(level)
        if len({level.value for level in levels}) < len(levels):
            raise InvalidInput(FieldFault("value", "duplicate", "stands twice"))
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            before = {row["value"]: _level(row) for row in await tx.rows("skill_levels_get")}
            if len({*before, *(level.value for level in levels)}) > LEVELS_MAX:
                raise InvalidInput(FieldFault("value", "range", f"a tenant has {LEVELS_MAX} levels at most"))
            changed = [level for level in levels if before.get(level.value) != level]
            if changed:
                await tx.run(
                    "skill_levels_put",
                    values=[level.value for level in changed],
                    names=[level.name for level in changed],
                    enabled=[level.is_enabled for level in changed],
                    now=now,
                )
                changes = [
                    Change(
                        "skill_level.set",
                        caller.tenant,
                        {"value": level.value, "name": level.name, "is_enabled": level.is_enabled},
                    )
                    for level in changed
                ]
                await append(tx, caller.client, changes, now)
        return len(changed)


async def make_tags(tx: WriteTx, client: Id | None, names: Iterable[str], now: datetime) -> tuple[dict[str, Id], int]:
    """The ids of these tags by the key of their names, made where missing, and how many were made.

    The tenant's counter must be locked (`alone`): two at once would make the same tag.
    """
    by_key = {tag_key(name): name for name in names}
    rows = await tx.rows("tags_named", keys=list(by_key)) if by_key else []
    ids: dict[str, Id] = {row["key"]: row["id"] for row in rows}
    missing = {key: new_id() for key in by_key if key not in ids}
    if missing:
        await tx.run(
            "tags_add",
            ids=list(missing.values()),
            names=[by_key[key] for key in missing],
            keys=list(missing),
            now=now,
        )
        changes = [Change("tag.added", id, {"name": by_key[key]}) for key, id in missing.items()]
        await append(tx, client, changes, now)
    return ids | missing, len(missing)


async def name_subjects(tx: Tx, told: Sequence[ItemTelling]) -> list[ItemTelling]:
    """The tellings with a name for every category and skill.

    One told by key alone is the one that was told with this key before, or has it as its id; a new key is a name.
    """
    nameless = {
        (use, one.ref)
        for telling in told
        for use, subjects in ((TagUse.CATEGORY, telling.categories), (TagUse.SKILL, telling.skills))
        for one in subjects or ()
        if isinstance(one, Subject) and one.name is None and one.ref is not None
    }
    if not nameless:
        return list(told)
    names: dict[tuple[TagUse, str], str] = {key: key[1] for key in nameless}
    own = [(use, ref, id) for use, ref in nameless if (id := parse(ref)) is not None]
    rows = await tx.rows("tag_uses_owned", uses=[use.value for use, _, _ in own], tags=[id for _, _, id in own])
    owned = {(row["use"], row["tag"]): row["name"] for row in rows}
    names |= {(use, ref): owned[use.value, id] for use, ref, id in own if (use.value, id) in owned}
    rows = await tx.rows("tag_refs_named", uses=[use.value for use, _ in nameless], values=[ref for _, ref in nameless])
    names |= {(TagUse(row["use"]), row["value"]): row["name"] for row in rows}

    def named(use: TagUse, subjects: Sequence[str | Subject] | None) -> tuple[str | Subject, ...] | None:
        if subjects is None:
            return None
        return tuple(
            replace(one, name=names[use, one.ref])
            if isinstance(one, Subject) and one.name is None and one.ref is not None
            else one
            for one in subjects
        )

    return [
        replace(one, categories=named(TagUse.CATEGORY, one.categories), skills=named(TagUse.SKILL, one.skills))
        for one in told
    ]


async def describe_tags(tx: WriteTx, client: Id | None, told: Sequence[tuple[Id, ItemTelling]], now: datetime) -> None:
    """Keep what tellings say of their categories and skills. Of the same one told twice, the later member counts."""
    subjects = [
        (use, tag_key(one.name or ""), one)
        for _, telling in told
        for use, of in ((TagUse.CATEGORY, telling.categories), (TagUse.SKILL, telling.skills))
        for one in of or ()
        if isinstance(one, Subject)
    ]
    if not subjects:
        return
    rows = await tx.rows("tags_named", keys=list({key for _, key, _ in subjects}))
    ids: dict[str, Id] = {row["key"]: row["id"] for row in rows}
    merged: dict[tuple[TagUse, Id], Subject] = {}
    refs: dict[tuple[TagUse, str], Id] = {}
    for use, key, one in subjects:
        tag = ids[key]
        before = merged.get((use, tag), Subject())
        said = {name: value for name in _DESCRIBED if (value := getattr(one, name)) is not None}
        merged[use, tag] = replace(before, **said)
        if one.ref is not None and parse(one.ref) != tag:
            refs[use, one.ref] = tag
    changed = await use_tags(tx, merged, now)
    rows = await tx.rows(
        "tag_refs_put",
        uses=[use.value for use, _ in refs],
        values=[ref for _, ref in refs],
        tags=list(refs.values()),
    )
    changes = [
        Change(
            f"{use.value}.described",
            tag,
            {name: value for name in _DESCRIBED if (value := getattr(merged[use, tag], name)) is not None},
        )
        for use, tag in changed
    ]
    changes += [Change(f"{row['use']}.keyed", row["tag"], {"ref": row["value"]}) for row in rows]
    if changes:
        await append(tx, client, changes, now)


async def use_tags(tx: WriteTx, told: Mapping[tuple[TagUse, Id], Subject], now: datetime) -> list[tuple[TagUse, Id]]:
    """Let tags be categories or skills, with what is said of them. Returns those that are new or changed."""
    if not told:
        return []
    rows = await tx.rows(
        "tag_uses_put",
        uses=[use.value for use, _ in told],
        tags=[tag for _, tag in told],
        hierarchies=[one.hierarchy for one in told.values()],
        languages=[one.language for one in told.values()],
        proficiencies=[one.proficiency for one in told.values()],
        extras=[None if one.extra is None else dict(one.extra) for one in told.values()],
        now=now,
    )
    return [(TagUse(row["use"]), row["tag"]) for row in rows]


def used_tag(row: Row) -> UsedTag:
    """A row of `tag_uses_get`."""
    return UsedTag(
        tag=row["tag"],
        use=TagUse(row["use"]),
        name=row["name"],
        ref=row["ref"],
        hierarchy=row["hierarchy"],
        language=row["language"],
        proficiency=row["proficiency"],
        extra=row["extra"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _check_setting(setting: SkillSetting) -> None:
    for value in (setting.level, setting.target):
        if value is not None and not NO_LEVEL <= value <= LEVEL_MAX:
            raise InvalidInput(FieldFault(setting.tag.field, "range", f"levels are from {NO_LEVEL} to {LEVEL_MAX}"))


async def _resolve(tx: Tx, tags: Sequence[TagNamed]) -> dict[Id, str]:
    """The stored name of each tag by id. Raises TagNotFound."""
    rows = await tx.rows("tags_named", keys=[tag_key(tag.name) for tag in tags])
    known = {row["key"] for row in rows}
    for tag in tags:
        if tag_key(tag.name) not in known:
            raise TagNotFound(f"No tag {tag.name!r} in this tenant", field=tag.field)
    return {row["id"]: row["name"] for row in rows}


async def _tell(
    tx: WriteTx, caller: Caller, kind: str, person: Id, rows: Sequence[Row], named: Mapping[Id, str], now: datetime
) -> None:
    if rows:
        tags = [row["tag"] for row in rows]
        await tx.run("tags_touch", ids=tags, now=now)
        await append(tx, caller.client, [Change(kind, person, {"tag": tag, "name": named[tag]}) for tag in tags], now)


def _tag(row: Row) -> Tag:
    return Tag(
        id=row["id"],
        name=row["name"],
        items=tuple(row["items"]),
        interested=tuple(row["interested"]),
        skilled=tuple(row["skilled"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _skill(row: Row) -> PersonSkill:
    return PersonSkill(row["tag"], row["name"], row["level"], row["target"])


def _level(row: Row) -> SkillLevel:
    return SkillLevel(row["value"], row["name"], row["is_enabled"])
