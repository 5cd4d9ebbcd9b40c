"""What a newcomer sees when the server is ready: addresses, credentials, and a line to try for each dialect."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.rule import Rule
from rich.text import Text


def welcome(url: str, ready: Mapping[str, Any] | None) -> Group:
    """The ready lines, with one `curl` for each dialect when there is a demo tenant."""
    lines: list[Any] = [Text.assemble("Testamur answers at ", (url, "bold"), ". Stop it with Ctrl+C.")]
    if ready is None:
        return Group(*lines)
    lines += [
        Rule(style="dim"),
        Text(f"Demo tenant: {ready['tenant']['name']} ({ready['tenant']['id']}). Each line can be pasted as it is."),
        Text(""),
    ]
    for title, command in examples(ready):
        lines += [Text(f"# {title}", style="dim"), Text(command, no_wrap=True, overflow="ignore"), Text("")]
    return Group(*lines)


def examples(ready: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A title and a command for each dialect; the README's tour runs them too."""
    at, samples = ready["dialects"], ready["samples"]
    person, item = samples["person"], samples["item"]
    thrive, stackone, rise, cpod, xapi = (at[name] for name in ("thrive", "stackone", "rise", "cpod", "xapi"))
    own = at["api"]
    completion = {"userId": person["thrive"], "contentId": item["thrive"], "completedAt": "2026-01-15T09:00:00Z"}
    token = (
        f"curl -s {cpod['token_url']} -H 'Content-Type: application/json' -d "
        + shlex.quote(
            json.dumps(
                {
                    "grant_type": "client_credentials",
                    "client_id": cpod["client_id"],
                    "client_secret": cpod["client_secret"],
                }
            )
        )
        + ' | sed \'s/.*"access_token":"\\([^"]*\\).*/\\1/\''
    )
    return [
        (
            "Thrive: record a completion (once 201, then 200 with the same statementId)",
            f"curl -s -u {thrive['username']}:{thrive['password']} {thrive['url']}/rest/v1/learning/completions "
            f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(completion))}",
        ),
        (
            "StackOne: read it, with everything else this person completed",
            f"curl -s -u {stackone['api_key']}: -H 'x-account-id: {stackone['account_id']}' "
            f"'{stackone['url']}/unified/lms/users/{person['stackone']}/completions?fields=id,completed_at,result'",
        ),
        (
            "Rise: the learner's report shows it as complete",
            f"curl -s -H 'Authorization: Bearer {rise['api_key']}' {rise['url']}/reports/learners/{person['rise']}",
        ),
        (
            "cPod: the same as learning records",
            f'curl -s -H "Authorization: Bearer $({token})" '
            f"'{cpod['url']}/api/v1/performance/learning-records?person_id={person['cpod']}'",
        ),
        (
            "xAPI: about this store; a statement is read with ?statementId=",
            f"curl -s -u {xapi['username']}:{xapi['password']} "
            f"-H 'X-Experience-API-Version: 1.0.3' {xapi['url']}/about",
        ),
        (
            "Our own API: the same, with all that was ever told of it one step further at /v1/records/{id}",
            f"curl -s -H 'Authorization: Bearer {own['api_key']}' '{own['url']}/v1/records?person={person['api']}'",
        ),
    ]
