"""Skills."""

from __future__ import annotations

from testamur.core.skills import TagUse
from testamur.dialects.stackone.operations.categories import get_used, list_used
from testamur.dialects.stackone.operations.shared import DOCS, GET, LIST
from testamur.dialects.stackone.translate import skills as translate
from testamur.dialects.stackone.wire import skills as wire
from testamur.http.operations import Call, Operation, Reply


async def list_skills(call: Call) -> Reply:
    return await list_used(call, TagUse.SKILL, translate.skill, translate.FIELDS, wire.SkillsPaginated)


async def get_skill(call: Call) -> Reply:
    return await get_used(call, TagUse.SKILL, translate.skill, translate.FIELDS, wire.SkillResult)


OPERATIONS = (
    Operation(
        name="lms_list_skills",
        method="GET",
        path="/unified/lms/skills",
        handler=list_skills,
        summary="Skills that learning objects build or people have",
        params=LIST,
        answers={200: wire.SkillsPaginated},
        source=f"{DOCS}/skills/list-skills",
    ),
    Operation(
        name="lms_get_skill",
        method="GET",
        path="/unified/lms/skills/{id}",
        handler=get_skill,
        summary="One skill",
        params=GET,
        answers={200: wire.SkillResult},
    ),
)
