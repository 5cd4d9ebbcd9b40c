"""`testamur doctor`: what it finds wrong, and what it says to do."""

from __future__ import annotations

import resource

import pytest

from testamur.cli import doctor
from testamur.config import Settings


@pytest.mark.parametrize(
    ("soft", "hard", "found"),
    [
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, "each worker has room for 1,000"),
        (256, 4_096, "each worker has room for 1,000"),
        (256, resource.RLIM_INFINITY, "each worker has room for 1,000"),
        (256, 640, "each worker has room for 512"),
        (64, 64, "each worker has room for 1"),
    ],
)
def test_there_is_room_for_as_many_connections_as_files_may_be_opened(
    soft: int, hard: int, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: opened.append(limits))
    (finding,) = (one for one in doctor.examine(_nowhere(http_connections=1_000)) if one.check == "connections")
    assert finding.found == found
    assert finding.ok == ("1,000" in found)
    assert "1,128 files" in finding.advice
    assert all(limit <= 1_128 for limit, _ in opened)


def test_a_system_that_lets_nobody_open_more_files_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int, limits: tuple[int, int]) -> None:
        raise ValueError(limits)

    monkeypatch.setattr(resource, "getrlimit", lambda _: (640, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    (finding,) = (one for one in doctor.examine(_nowhere(http_connections=1_000)) if one.check == "connections")
    assert (finding.ok, finding.found) == (False, "each worker has room for 512")


def test_a_database_that_is_away_is_a_finding() -> None:
    found = {one.check: one for one in doctor.examine(_nowhere())}
    assert not found["database"].ok
    assert "TESTAMUR_DATABASE_URL" in found["database"].advice


def _nowhere(http_connections: int = 10_000) -> Settings:
    return Settings(database_url="postgresql://nobody@127.0.0.1:9/nothing", http_connections=http_connections)
