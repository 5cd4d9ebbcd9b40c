"""Tags and skills."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.moments import When
from testamur.dialects.thrive.operations.shared import PAGE, paged
from testamur.dialects.thrive.translate import skills as translate
from testamur.dialects.thrive.translate import user
from testamur.dialects.thrive.wire import Page
from testamur.dialects.thrive.wire import skills as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

_LISTED = frozenset({401, 403, 404, 422, 500})


async def list_tags(call: Call) -> Reply:
    since: When | None = call.params["updatedSince"]
    count = call.params["perPage"]
    total, tags = await call.ledger.skills.page(
        call.caller.tenant,
        updated_since=since.at if since else None,
        count=count,
        skip=(call.params["page"] - 1) * count,
    )
    return json_reply(200, paged(call, total, [translate.tag(tag) for tag in tags]))


async def get_tag(call: Call) -> Reply:
    return json_reply(200, translate.tag(await call.ledger.skills.get(call.caller.tenant, call.path["tagId"])))


async def add_user_tags(call: Call) -> Reply:
    """Tags of a learner are interests. A tag that the learner has already counts as added: a retry reads the same."""
    tags = translate.tags(call.body.tags, "tags")
    await call.ledger.skills.interest(call.caller, user(call.path["userId"], "userId"), tags)
    return json_reply(200, wire.Done(f"{len(tags)} tag(s) added successfully to the learner."))


async def remove_user_tags(call: Call) -> Reply:
    tags = translate.tags(call.body.value, "value")
    await call.ledger.skills.lose_interest(call.caller, user(call.path["userId"], "userId"), tags)
    return json_reply(200, wire.Done(f"{len(tags)} tag(s) removed successfully from the learner."))


async def update_user_skills(call: Call) -> Reply:
    settings = translate.skills(call.body.value)
    await call.ledger.skills.set(call.caller, user(call.path["userId"], "userId"), settings)
    return json_reply(200, wire.Done(f"{len(settings)} skill(s) updated successfully for the learner."))


async def list_skill_levels(call: Call) -> Reply:
    return json_reply(200, [translate.level(level) for level in await call.ledger.skills.levels(call.caller.tenant)])


OPERATIONS = (
    Operation(
        name="listTags",
        method="GET",
        path="/rest/v1/tags",
        handler=list_tags,
        summary="Tags, a page at a time",
        params=(
            Param("updatedSince", "moment", days=True),
            PAGE,
            Param("perPage", "integer", 100, minimum=1, maximum=1000),
        ),
        answers={200: Page[wire.Tag]},
    ),
    Operation(
        name="getTag",
        method="GET",
        path="/rest/v1/tags/{tagId}",
        handler=get_tag,
        summary="One tag",
        answers={200: wire.Tag},
    ),
    Operation(
        name="addUserTags",
        method="POST",
        path="/rest/v1/users/{userId}/tags",
        handler=add_user_tags,
        summary="Add existing tags to a learner",
        scope=Scope.WRITE,
        body=wire.AddTags,
        answers={200: wire.Done},
        errors=_LISTED,
    ),
    Operation(
        name="removeUserTags",
        method="PATCH",
        path="/rest/v1/users/{userId}/tags",
        handler=remove_user_tags,
        summary="Remove tags from a learner",
        scope=Scope.WRITE,
        body=wire.RemoveTags,
        answers={200: wire.Done},
        errors=_LISTED,
    ),
    Operation(
        name="updateUserSkills",
        method="PATCH",
        path="/rest/v1/users/{userId}/skills",
        handler=update_user_skills,
        summary="Set levels and targets of a learner's skills",
        scope=Scope.WRITE,
        body=wire.UpdateSkills,
        answers={200: wire.Done},
        errors=_LISTED,
    ),
    Operation(
        name="listSkillLevels",
        method="GET",
        path="/rest/v1/skills/levels",
        handler=list_skill_levels,
        summary="The tenant's levels of skill",
        answers={200: list[wire.SkillLevel]},
    ),
)
