"""The real command, as a process of its own: what integrators and operators start."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from testamur.cli.welcome import examples
from testamur.core.moments import format_instant
from tests import plain
from tests.delivery.receiver import Receiver, receiving
from tests.waiting import eventually

pytestmark = pytest.mark.slow


class Process:
    """`testamur serve` on a data folder."""

    def __init__(self, data: Path, *options: str, **settings: str) -> None:
        self.data = data
        self.ready_file = data / "ready.json"
        self.ready_file.unlink(missing_ok=True)
        words = ["serve", "--data", str(data), "--port", "0", "--ready-file", str(self.ready_file), *options]
        self.log_path = data.parent / f"{data.name}.log"
        self.log = self.log_path.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "testamur", *words], stdout=self.log, stderr=self.log, env=environment() | settings
        )

    def ready(self) -> dict[str, Any]:
        eventually(lambda: self.ready_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log_path.read_text()
        document: dict[str, Any] = json.loads(self.ready_file.read_text())
        return document

    def postmaster(self) -> int:
        home = json.loads((self.data / "postgres.json").read_text())["home"]
        return int((Path(home) / "postmaster.pid").read_text().splitlines()[0])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}


@contextmanager
def serving(data: Path, *options: str, **settings: str) -> Iterator[Process]:
    data.mkdir(exist_ok=True)
    process = Process(data, *options, **settings)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.stop()
        process.log.close()


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "testamur", *words], capture_output=True, text=True, check=False, env=environment()
    )


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One data folder for this module: the demo tenant is loaded once."""
    with tempfile.TemporaryDirectory(prefix="testamur-served-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


def post(ready: dict[str, Any], client: httpx.Client, at: datetime) -> httpx.Response:
    thrive, samples = ready["dialects"]["thrive"], ready["samples"]
    credentials = base64.b64encode(f"{thrive['username']}:{thrive['password']}".encode()).decode()
    return client.post(
        f"{thrive['url']}/rest/v1/learning/completions",
        json={
            "userId": samples["person"]["thrive"],
            "contentId": samples["item"]["thrive"],
            "completedAt": format_instant(at),
        },
        headers={"authorization": f"Basic {credentials}"},
    )


def test_the_ready_file_holds_what_integrators_need(data: Path) -> None:
    with serving(data) as process:
        ready = process.ready()
        assert set(ready) == {"url", "tenant", "dialects", "samples"}
        assert set(ready["tenant"]) == {"id", "name"}
        assert {name: set(dialect) for name, dialect in ready["dialects"].items()} == {
            "thrive": {"url", "username", "password", "token_url", "client_id", "client_secret"},
            "stackone": {"url", "api_key", "account_id"},
            "rise": {"url", "api_key"},
            "cpod": {"url", "token_url", "client_id", "client_secret"},
            "xapi": {"url", "username", "password"},
            "api": {"url", "api_key"},
        }
        assert set(ready["samples"]) == {"person", "item", "audience"}
        assert all(set(sample) == set(ready["dialects"]) for sample in ready["samples"].values())
        assert oct(process.ready_file.stat().st_mode & 0o777) == "0o600"
        for path in ("/healthz", "/readyz", "/metrics", "/"):
            assert plain.get(ready["url"] + path).status_code == 200
        credentials = ready["dialects"]
    with serving(data) as process:  # the second start shows the same credentials, and they still work
        again = process.ready()
        assert again["dialects"]["rise"]["api_key"] == credentials["rise"]["api_key"]
        with plain.Client() as client:
            assert post(again, client, datetime(2020, 1, 1, tzinfo=UTC)).status_code in (200, 201)


def test_what_a_newcomer_pastes_is_printed_whole_however_narrow_the_terminal(data: Path) -> None:
    with serving(data, "--demo") as process:
        ready = process.ready()
        expected = [command for _, command in examples(ready)]
        log = data.parent / f"{data.name}.log"
        eventually(lambda: log.read_text().splitlines(), lambda printed: set(expected) <= set(printed))


def test_kill_9_under_load_loses_and_doubles_nothing(data: Path) -> None:
    """Every completion that was acknowledged is there after a restart, exactly once."""
    acknowledged: list[tuple[datetime, str]] = []
    with serving(data) as process:
        ready = process.ready()
        stop = threading.Event()

        def load(lane: int) -> None:
            at = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=lane)
            with plain.Client() as client:
                while not stop.is_set():
                    at += timedelta(milliseconds=1)
                    try:
                        answer = post(ready, client, at)
                    except httpx.HTTPError:
                        return
                    if answer.status_code == 201:
                        acknowledged.append((at, answer.json()["statementId"]))

        lanes = [threading.Thread(target=load, args=(lane,)) for lane in range(8)]
        for lane in lanes:
            lane.start()
        eventually(lambda: len(acknowledged) > 100)
        process.process.kill()
        process.process.wait()
        stop.set()
        for lane in lanes:
            lane.join()
    with serving(data) as process:
        ready = process.ready()
        thrive = ready["dialects"]["thrive"]
        stored: list[dict[str, Any]] = []
        with plain.Client(auth=(thrive["username"], thrive["password"])) as client:
            for page in range(1, 1000):
                rows = client.get(
                    f"{thrive['url']}/rest/v1/learning/completions",
                    params={"userId": ready["samples"]["person"]["thrive"], "page": page, "perPage": 1000},
                ).json()
                stored += rows
                if len(rows) < 1000:
                    break
        by_moment: dict[str, list[str]] = {}
        for row in stored:
            by_moment.setdefault(row["completedAt"], []).append(row["id"])
        assert all(by_moment.get(format_instant(at)) == [id] for at, id in acknowledged)


def test_kill_9_while_webhooks_are_told_leaves_no_event_out(data: Path) -> None:
    """Some may arrive twice; each arrives, and none before one that was recorded earlier: in every dialect's words."""
    wanted = {"thrive": "content.completed", "rise": "course.completed", "api": "record.created"}
    with ExitStack() as stack:
        receivers = {dialect: stack.enter_context(receiving()) for dialect in wanted}
        is_killed = threading.Event()

        def answer(receiver: Receiver) -> int:
            """Quick at first, then so slow that much waits when the server is killed."""
            is_killed.wait(0.002 if len(receiver.received) < 30 else 0.2)
            return 200

        for receiver in receivers.values():
            receiver.answer = lambda _, receiver=receiver: answer(receiver)  # type: ignore[misc]
        with serving(data, TESTAMUR_WEBHOOKS_TO_PRIVATE_ADDRESSES="true") as process:
            ready = process.ready()
            added = {}
            for dialect, event in wanted.items():
                words = ["webhook", "add", receivers[dialect].url, "--dialect", dialect, "--event", event]
                words += ["--tenant", ready["tenant"]["id"], "--data", str(data), "--json"]
                added[dialect] = json.loads(command(*words).stdout)["id"]
            with plain.Client() as client:
                at = datetime(2017, 1, 1, tzinfo=UTC)
                statements = [
                    post(ready, client, at + timedelta(milliseconds=n)).json()["statementId"] for n in range(300)
                ]
            for receiver in receivers.values():
                receiver.wait(30)
            process.process.kill()
            process.process.wait()
        is_killed.set()
        for receiver in receivers.values():
            assert len(receiver.received) < 300, "all was told before the kill"
        with serving(data, TESTAMUR_WEBHOOKS_TO_PRIVATE_ADDRESSES="true") as process:
            own = process.ready()["dialects"]["api"]
            client = stack.enter_context(plain.Client(headers={"authorization": f"Bearer {own['api_key']}"}))

            def told(id: str) -> list[str]:
                path = f"{own['url']}/v1/webhooks/{id}/deliveries"
                return [one["outcome"] for one in client.get(path, params={"limit": 1000}).json()["data"]]

            for id in added.values():
                outcomes = eventually(partial(told, id), lambda told: len(told) >= len(set(statements)))
                assert outcomes == ["delivered"] * len(set(statements))
        for dialect, receiver in receivers.items():
            first: dict[str, int] = {}
            for place, one in enumerate(receiver.received):
                first.setdefault(one.body["timestamp" if dialect == "api" else "createdAt"], place)
            moments = sorted(first, key=first.__getitem__)
            assert moments == sorted(moments), dialect
        events = {one.body["id"] for one in receivers["rise"].received}
        messages = {one.headers["webhook-id"] for one in receivers["api"].received}
        assert len(events) == len(messages) == len(set(statements))


def test_the_database_dying_is_answered_with_503_and_mended_without_a_restart(data: Path) -> None:
    with serving(data) as process:
        ready = process.ready()
        with plain.Client() as client:
            at = datetime(2022, 1, 1, tzinfo=UTC)
            assert post(ready, client, at).status_code in (200, 201)
            statuses: list[int] = []
            os.kill(process.postmaster(), signal.SIGKILL)
            until = time.monotonic() + 30
            while time.monotonic() < until:
                at += timedelta(milliseconds=1)
                answer = post(ready, client, at)
                statuses.append(answer.status_code)
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) > 0
                    assert answer.json()["error"] == "Service Unavailable"
                elif 503 in statuses:
                    break
            assert 503 in statuses
            assert statuses[-1] == 201
            assert set(statuses) <= {200, 201, 503}


def test_a_stop_lets_requests_finish_and_ends_the_embedded_server(data: Path) -> None:
    with serving(data) as process:
        ready = process.ready()
        postmaster = process.postmaster()
        answers: list[int] = []

        def load() -> None:
            with plain.Client() as client:
                for n in range(10_000):
                    try:
                        at = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n)
                        answers.append(post(ready, client, at).status_code)
                    except httpx.TransportError:
                        return  # nobody listens, or the kept connection was closed between two requests

        begun = process.log_path.stat().st_size
        lane = threading.Thread(target=load)
        lane.start()
        time.sleep(0.5)
        assert process.stop() == 0
        lane.join()
        assert set(answers) == {201}
        lines = process.log_path.read_bytes()[begun:].splitlines()
        told = [json.loads(line) for line in lines if line.startswith(b"{")]
        assert len(answers) == sum(one["event"] == "request" for one in told), "a request begun had no answer"
        with pytest.raises(ProcessLookupError):
            os.kill(postmaster, 0)


def test_two_workers_share_one_port(data: Path) -> None:
    with serving(data, "--workers", "2") as process:
        ready = process.ready()
        with plain.Client() as client:
            at = datetime(2018, 1, 1, tzinfo=UTC)
            ids = {post(ready, client, at).json()["statementId"] for _ in range(50)}
        assert len(ids) == 1

        def counted() -> float:
            told = plain.get(f"{ready['url']}/metrics").text
            of = r'testamur_request_seconds_count\{dialect="thrive",operation="(?!openapi)[^}]*\} ([0-9.]+)'
            return sum(map(float, re.findall(of, told)))

        assert eventually(counted, lambda count: count >= 50) == 50, "a request is counted when its answer is out"
        for _ in range(8):  # each on a connection of its own, so of whichever worker takes it
            assert counted() == 50
        assert process.stop() == 0


def test_commands_print_one_json_document_and_nothing_else(data: Path) -> None:
    with serving(data) as process:
        process.ready()  # commands reach the database of a server that runs
        tenant = json.loads(command("tenant", "create", "acme", "--data", str(data), "--json").stdout)
        assert tenant["slug"] == "acme"
        key = json.loads(command("key", "create", "--tenant", "acme", "--data", str(data), "--json").stdout)
        assert set(key) == {"client_id", "key_id", "secret"}
        listed = json.loads(command("key", "list", "--tenant", "acme", "--data", str(data), "--json").stdout)
        assert [row["key_id"] for row in listed["keys"]] == [key["key_id"]]
        assert key["secret"] not in json.dumps(listed)
        revoked = command("key", "revoke", key["key_id"], "--tenant", "acme", "--data", str(data), "--json")
        assert json.loads(revoked.stdout) == {"revoked": key["key_id"]}
        again = command("key", "revoke", key["key_id"], "--tenant", "acme", "--data", str(data), "--json")
        assert (again.returncode, again.stdout) == (4, "")
        assert command("tenant", "create", "acme", "--data", str(data)).returncode == 5
        names = json.loads(command("tenant", "list", "--data", str(data), "--json").stdout)["tenants"]
        assert {row["slug"] for row in names} == {"acme", "demo"}
    # And without a server they start the embedded one for themselves.
    assert json.loads(command("migrate", "--data", str(data), "--json").stdout) == {"applied": []}
    findings = json.loads(command("doctor", "--data", str(data), "--json").stdout)
    assert findings["healthy"], findings
    assert json.loads(command("version", "--json").stdout)["testamur"]
    assert command("key", "list", "--tenant", "nobody", "--data", str(data)).returncode == 4
    assert command("tenant", "create", "no spaces", "--data", str(data)).returncode == 2


def test_a_second_server_on_the_same_folder_is_refused_with_a_reason(data: Path) -> None:
    with serving(data) as process:
        process.ready()
        second = command("serve", "--data", str(data), "--port", "0")
        assert second.returncode == 6
        assert "waiting for it to stop" in second.stderr
        assert "Another testamur serves" in " ".join(second.stderr.split())
