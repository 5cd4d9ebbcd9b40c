"""The tutorial runs as it stands, and so does every line the server prints."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from testamur.cli.welcome import examples
from testamur.core.ids import parse, to_hex24, to_opaque, to_ulid
from tests.hub import Hub

DOCS = Path(__file__).parent.parent / "docs"
TOUR = DOCS / "tutorials" / "tour.md"
MOVING = DOCS / "how-to" / "move-history-over-http.md"


def ready(hub: Hub) -> dict[str, Any]:
    """The ready document of a hub's tenant."""
    url, secret = hub.server.url, hub.key.secret
    dialects: dict[str, dict[str, str]] = {
        "thrive": {"username": hub.tenant.slug, "password": secret},
        "stackone": {"api_key": secret, "account_id": to_opaque(hub.account)},
        "rise": {"api_key": secret},
        "cpod": {
            "client_id": to_ulid(hub.key.client, "client"),
            "client_secret": secret,
            "token_url": f"{url}/cpod/api/v1/auth/token",
        },
        "xapi": {"username": to_hex24(hub.key.client), "password": secret},
        "api": {"api_key": secret},
    }
    for name, dialect in dialects.items():
        dialect["url"] = f"{url}/{name}"
    person, item = hub.person, hub.item
    return {
        "url": url,
        "tenant": {"id": str(hub.tenant.id), "name": hub.tenant.name},
        "dialects": dialects,
        "samples": {
            "person": {
                "thrive": to_hex24(person),
                "rise": to_hex24(person),
                "stackone": to_opaque(person),
                "cpod": to_ulid(person, "person"),
                "api": to_ulid(person, "person"),
            },
            "item": {"thrive": to_hex24(item)},
        },
    }


def shell(script: str, variables: dict[str, str], folder: Path | None = None) -> str:
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=variables, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tutorial_is_true(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "ready.json").write_text(json.dumps(ready(hub)))
    blocks = re.findall(r"```sh\n(.*?)```", TOUR.read_text("utf-8"), re.DOTALL)
    (taken,) = [block for block in blocks if "ready.json" in block]
    thrive, stackone, rise, cpod, xapi = [block for block in blocks if "curl" in block]

    def run(block: str) -> Any:
        return json.loads(shell(taken + block, {"PATH": "/usr/bin:/bin"}, tmp_path))

    statement = run(thrive)["statementId"]
    assert run(thrive)["statementId"] == statement
    id = parse(statement)
    assert id is not None
    (completion,) = run(stackone)["data"]
    assert completion == {
        "id": to_opaque(id),
        "completed_at": "2026-01-15T09:00:00.000Z",
        "learning_object_external_reference": "FIRE-101",
    }
    (course,) = run(rise)["courses"]
    assert course["status"] == "Complete"
    (record,) = run(cpod)["items"]
    assert record["id"] == to_ulid(id, "record")
    assert run(xapi)["id"] == str(id)


def test_every_line_that_the_server_prints_works_when_pasted(hub: Hub) -> None:
    for title, command in examples(ready(hub)):
        answer = shell(command, {"PATH": "/usr/bin:/bin"})
        document = json.loads(answer)
        assert not {"error", "errors", "statusCode"} & set(document), (title, answer)


def test_history_moves_over_http_as_it_is_told(hub: Hub, tmp_path: Path) -> None:
    lines = [f"{ref},FIRE-101,2023-05-{day:02}" for ref in ("00123", "999") for day in range(1, 29)]
    file = tmp_path / "history.csv"
    file.write_text("employee_id,learning,completed_on\n" + "\n".join(lines) + "\n")
    blocks = re.findall(r"```sh\n(.*?)```", MOVING.read_text("utf-8"), re.DOTALL)
    variables = {
        "PATH": "/usr/bin:/bin",
        "API_URL": f"{hub.server.url}/api",
        "API_API_KEY": hub.key.secret,
        "FILE": str(file),
    }
    told = shell("set -e\n" + "\n".join(blocks), variables, tmp_path)
    ends = [json.loads(data) for data in re.findall(r"event: end\nid: .*\ndata: (.*)\n", told)]
    assert [one["state"] for one in ends] == ["rehearsed", "committed"]
    assert (ends[1]["name"], ends[1]["outcomes"]["created"], ends[1]["outcomes"]["held"]) == ("history.csv", 28, 28)
    assert (tmp_path / "mend.csv").read_text().count("999,FIRE-101") == 28
    assert len(hub.client("api").get("/v1/records").json()["data"]) == 28
