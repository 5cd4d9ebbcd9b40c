"""StackOne's own SDK, pointed at us: it checks every answer, so every operation of it must pass."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_opaque
from tests.hub import Hub

HERE = Path(__file__).parent
PINNED = ("package.json", "package-lock.json")
INSTALLING_SECONDS = 300
RUNNING_SECONDS = 120

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(INSTALLING_SECONDS + RUNNING_SECONDS),
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js"),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    """A folder beside the environment with exactly what the lock names; installed once for each lock."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINNED)).hexdigest()[:16]
    folder = Path(os.environ.get("TESTAMUR_SDK_FOLDER", Path(sys.prefix) / "sdk")) / digest
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in PINNED:
            shutil.copyfile(HERE / name, folder / name)
        npm = shutil.which("npm")
        assert npm, "Node.js is here and npm is not"
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALLING_SECONDS)
        assert done.returncode == 0, done.stderr
        (folder / "installed").touch()
    return folder


def drive(folder: Path, hub: Hub) -> list[dict[str, Any]]:
    shutil.copyfile(HERE / "stackone.mjs", folder / "stackone.mjs")
    linked = hub.do(hub.ledger.tenants.add_account(hub.caller, "elsewhere", "Elsewhere"))
    settings = {
        "serverURL": f"{hub.server.url}/stackone",
        "key": hub.key.secret,
        "accountId": to_opaque(hub.account),
        "linkedAccountId": to_opaque(linked.id),
        "userId": to_opaque(hub.person),
    }
    node = shutil.which("node")
    assert node is not None
    command = [node, "stackone.mjs", json.dumps(settings)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUNNING_SECONDS)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    return lines


def test_every_operation_of_the_sdk_passes_its_own_validation(hub: Hub, folder: Path) -> None:
    lines = drive(folder, hub)
    assert [line for line in lines if not line["ok"]] == []
    sources = folder / "node_modules" / "@stackone" / "stackone-client-ts" / "src" / "sdk"
    offered = {
        name
        for group in ("lms", "accounts", "connectors", "proxy")
        for name in re.findall(r"^  async (\w+)\(", (sources / f"{group}.ts").read_text(), re.MULTILINE)
    }
    assert offered - {line["operation"] for line in lines} == set(), "operations that nobody drove"


def test_the_lock_names_no_address() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages["node_modules/@stackone/stackone-client-ts"]["version"] == "4.28.0"
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


@pytest.mark.parametrize("resource", ["users", "completions", "assignments"])
def test_the_python_clients_habits_are_taken(hub: Hub, resource: str) -> None:
    """stackone-ai 0.3.4: `raw=True`, a dictionary as its bare keys, any type of answer."""
    answer = hub.client("stackone").get(
        f"/unified/lms/{resource}",
        params=httpx.QueryParams([("raw", "True"), ("filter", "updated_after"), ("page_size", "10")]),
        headers={"accept": "*/*", "user-agent": "stackone-python/0.3.4"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert set(answer.json()) == {"next", "data", "raw"}
