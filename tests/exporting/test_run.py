"""Exports of facts, read as others would: by DuckDB."""

from __future__ import annotations

import fcntl
import gzip
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from testamur.core.callers import Caller
from testamur.core.errors import Conflict, InvalidInput
from testamur.core.ids import to_uuid
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Report
from testamur.exporting import run as running
from testamur.exporting.choices import Compression, Format
from testamur.exporting.folder import MANIFEST, Folder
from testamur.exporting.run import Ran, run
from testamur.ledger.exports import Exported
from tests.hub import Hub, moment
from tests.storage.databases import connected

FORMATS = [
    (Format.PARQUET, None),
    (Format.PARQUET, Compression.GZIP),
    (Format.NDJSON, None),
    (Format.NDJSON, Compression.GZIP),
    (Format.NDJSON, Compression.ZSTD),
]


def record(hub: Hub, completed: When | None = None, person: str = "00123", **content: Any) -> Any:
    new = NewRecord(
        source="tests",
        person=Reference(person, ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=completed or When.instant(moment()),
        **content,
    )
    report = Report("tests", hub.key.client, "POST", "/", "{}")
    return hub.do(hub.ledger.records.record(hub.tenant.id, new, report)).record


def export(
    hub: Hub,
    to: Path,
    format: Format = Format.PARQUET,
    compression: Compression | None = None,
    after: int | None = None,
) -> Ran:
    return hub.do(run(hub.ledger.exports, hub.tenant.id, to, format, compression=compression, after=after))


def read(to: Path, format: Format, what: str = "facts") -> str:
    """What a query reads it from."""
    if format is Format.PARQUET:
        return f"read_parquet('{to}/{what}/*/*.parquet', hive_partitioning = true)"
    return f"read_json('{to}/{what}/*/*.ndjson*', hive_partitioning = true, union_by_name = true)"


def ask(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(("format", "compression"), FORMATS)
def test_duckdb_agrees_with_the_database(
    hub: Hub, tmp_path: Path, format: Format, compression: Compression | None
) -> None:
    for n in range(30):
        record(hub, person="00123" if n % 3 else "00124", score_percent=n + 0.5 if n % 2 else None, passed=n % 5 != 0)
    voided = record(hub)
    hub.do(hub.ledger.records.void(hub.caller, voided))
    ran = export(hub, tmp_path, format, compression)
    assert ran.rows == {Exported.FACTS: 31, Exported.ENDINGS: 1}
    facts, endings = read(tmp_path, format), read(tmp_path, format, "endings")
    told = ask(
        f"SELECT count(*), count(DISTINCT person::text), sum(score_percent), count(*) FILTER (WHERE passed),"
        f" max(entry), min(recorded_month) FROM {facts}"
    )
    whole = hub.do(
        _query(
            hub,
            "SELECT count(*), count(DISTINCT person), sum(score_percent)::float8, count(*) FILTER (WHERE passed),"
            " max(entry), to_char(min(recorded_at) AT TIME ZONE 'UTC', 'YYYY-MM') FROM fact WHERE tenant = $1",
        )
    )
    assert told == [tuple(whole)]
    standing = f"SELECT count(*) FROM {facts} AS f ANTI JOIN {endings} AS e ON f.fact = e.fact"
    assert ask(standing) == [(hub.do(hub.ledger.records.count(hub.tenant.id)),)]


@pytest.mark.parametrize("format", list(Format))
def test_every_column_comes_as_it_was_told(hub: Hub, tmp_path: Path, format: Format) -> None:
    at, start = moment(), moment() - timedelta(days=400)
    hostile = 'a "quoted", \\n text\n\twith\x01\x02 = NULL \\. \u2028 Ćirić 😀'
    first = record(
        hub,
        When.instant(at),
        started_at=start,
        expires_at=at + timedelta(days=365),
        passed=True,
        score_text=hostile,
        time_spent="",
        certificate="NULL",
        extra={"note": hostile, "deep": {"er": [1, None, True]}},
    )
    second = record(hub, When.day(date(2021, 5, 4)), is_prior=True, passed=False)
    export(hub, tmp_path, format)
    rows = ask(
        "SELECT fact::text, record::text, revision, person::text, item::text, item_version,"
        " epoch_ms(completed_at::timestamptz), completed_by_day, completed_on::text, epoch_ms(started_at::timestamptz),"
        " epoch_ms(expires_at::timestamptz), passed, score_percent, score_text, time_spent, certificate, is_prior,"
        f" source, source_id::text, application::text, extra::json::text FROM {read(tmp_path, format)} ORDER BY entry"
    )
    (told, other) = rows
    assert told[:-1] == (
        to_uuid(first),
        to_uuid(first),
        1,
        to_uuid(hub.person),
        to_uuid(hub.item),
        1,
        _milliseconds(at),
        False,
        at.date().isoformat(),
        _milliseconds(start),
        _milliseconds(at + timedelta(days=365)),
        True,
        None,
        hostile,
        "",
        "NULL",
        False,
        "tests",
        None,
        None,
    )
    assert json.loads(told[-1]) == {"note": hostile, "deep": {"er": [1, None, True]}}
    assert (other[0], other[7], other[8], other[11], other[16]) == (to_uuid(second), True, "2021-05-04", False, True)


def test_a_second_run_goes_on_where_the_first_stopped(hub: Hub, tmp_path: Path) -> None:
    first = record(hub)
    began = export(hub, tmp_path)
    files = sorted(tmp_path.rglob("*.parquet"))
    again = export(hub, tmp_path)
    assert (again.after, again.last, again.files) == (began.last, began.last, 0)
    record(hub)
    hub.do(hub.ledger.records.void(hub.caller, first))
    onward = export(hub, tmp_path)
    assert (onward.after, onward.rows) == (began.last, {Exported.FACTS: 1, Exported.ENDINGS: 1})
    assert set(files) < set(tmp_path.rglob("*.parquet"))
    assert ask(f"SELECT count(*), count(DISTINCT fact) FROM {read(tmp_path, Format.PARQUET)}") == [(2, 2)]
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["last"] == onward.last
    assert [(entry["after"], entry["rows"]) for entry in manifest["files"]] == [
        (0, 1),
        (began.last, 1),
        (began.last, 1),
    ]
    assert all((tmp_path / entry["path"]).is_file() for entry in manifest["files"])


def test_facts_lie_by_the_month_in_which_they_were_recorded(hub: Hub, tmp_path: Path) -> None:
    """Also when clocks of several servers disagree around midnight."""
    ids = [record(hub) for _ in range(6)]
    times = ["2026-01-31 23:59:59+00", "2026-02-01 00:00:01+00", "2026-01-31 23:59:59.9+00"]
    times += ["2026-02-15 00:00:00+00", "2026-02-16 00:00:00+00", "2027-03-01 00:00:00+00"]
    hub.do(
        _execute(
            hub,
            "UPDATE fact f SET recorded_at = t.at FROM unnest($2::uuid[], $3::text[]::timestamptz[]) AS t (record, at)"
            " WHERE f.tenant = $1 AND f.record = t.record",
            ids,
            times,
        )
    )
    export(hub, tmp_path)
    told = ask(f"SELECT recorded_month, count(*) FROM {read(tmp_path, Format.PARQUET)} GROUP BY 1 ORDER BY 1")
    assert told == [("2026-01", 2), ("2026-02", 3), ("2027-03", 1)]


def test_small_slices_and_parts_make_the_same_whole(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(23):
        record(hub)
    monkeypatch.setattr(running, "SLICE_ROWS", 3)
    monkeypatch.setattr(running, "PART_ROWS", 7)
    ran = export(hub, tmp_path)
    assert ran.files > 1
    assert ask(f"SELECT count(*), count(DISTINCT entry) FROM {read(tmp_path, Format.PARQUET)}") == [(23, 23)]


def test_an_export_that_is_stopped_leaves_what_was_finished_and_goes_on(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        record(hub)
    monkeypatch.setattr(running, "SLICE_ROWS", 3)
    monkeypatch.setattr(running, "PART_ROWS", 6)

    def stop(ran: Ran) -> None:
        if ran.rows[Exported.FACTS] >= 9:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        hub.do(run(hub.ledger.exports, hub.tenant.id, tmp_path, Format.NDJSON, tell=stop))
    assert list(tmp_path.rglob("*.unfinished")) == []
    assert ask(f"SELECT count(*) FROM {read(tmp_path, Format.NDJSON)}") == [(6,)]
    assert export(hub, tmp_path, Format.NDJSON).rows[Exported.FACTS] == 14
    assert ask(f"SELECT count(*), count(DISTINCT fact) FROM {read(tmp_path, Format.NDJSON)}") == [(20, 20)]


def test_files_that_the_manifest_does_not_know_are_of_a_run_that_died(hub: Hub, tmp_path: Path) -> None:
    """It died after its files were whole, or while they were not."""
    record(hub)
    month = tmp_path / "facts" / "recorded_month=2026-01"
    month.mkdir(parents=True)
    (month / "000000000000001-000000000000009.parquet").write_bytes(b"whole")
    (month / ".1.unfinished").write_bytes(b"ha")
    (month / "notes.txt").write_text("of somebody")
    export(hub, tmp_path)
    assert [path.name for path in month.iterdir()] == ["notes.txt"]
    assert ask(f"SELECT count(*) FROM {read(tmp_path, Format.PARQUET)}") == [(1,)]


def test_a_new_export_may_begin_later(hub: Hub, tmp_path: Path) -> None:
    record(hub)
    after = hub.do(hub.ledger.exports.last(hub.tenant.id, 0))
    record(hub)
    assert export(hub, tmp_path, after=after).rows[Exported.FACTS] == 1
    with pytest.raises(InvalidInput, match="goes on behind"):
        export(hub, tmp_path, after=0)
    with pytest.raises(InvalidInput, match="behind the last entry"):
        export(hub, tmp_path / "other", after=10**9)


def test_a_folder_keeps_its_tenant_and_form(hub: Hub, other_hub: Hub, tmp_path: Path) -> None:
    record(hub)
    export(hub, tmp_path)
    for hub_, format, compression in (
        (other_hub, Format.PARQUET, None),
        (hub, Format.NDJSON, None),
        (hub, Format.PARQUET, Compression.GZIP),
    ):
        with pytest.raises(InvalidInput, match="another tenant or form"):
            export(hub_, tmp_path, format, compression)
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(InvalidInput, match="no manifest"):
        export(hub, tmp_path)


def test_two_runs_into_one_folder_do_not_meet(hub: Hub, tmp_path: Path) -> None:
    with Folder.open(tmp_path, hub.tenant.id, Format.PARQUET, None, None), pytest.raises(Conflict):
        export(hub, tmp_path)
    assert export(hub, tmp_path).files == 0
    with (tmp_path / "_lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_nothing_of_another_tenant_is_exported(hub: Hub, other_hub: Hub, tmp_path: Path) -> None:
    record(other_hub)
    assert export(hub, tmp_path).rows == {Exported.FACTS: 0, Exported.ENDINGS: 0}


def test_a_correction_ends_the_fact_before_it(hub: Hub, tmp_path: Path) -> None:
    id = record(hub)
    new = NewRecord(
        source="tests",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
    )
    caller: Caller = hub.caller
    report = Report("tests", hub.key.client, "PUT", "/", "{}")
    hub.do(hub.ledger.records.correct(caller, id, lambda _: new, report))
    hub.do(hub.ledger.records.void(caller, id))
    hub.do(hub.ledger.records.restore(caller, id))
    export(hub, tmp_path)
    endings = ask(f"SELECT fact::text, ended_as FROM {read(tmp_path, Format.PARQUET, 'endings')} ORDER BY entry")
    assert [how for _, how in endings] == ["superseded", "voided"]
    assert endings[0][0] == to_uuid(id)
    left = ask(
        f"SELECT revision FROM {read(tmp_path, Format.PARQUET)} AS f"
        f" ANTI JOIN {read(tmp_path, Format.PARQUET, 'endings')} AS e ON f.fact = e.fact"
    )
    assert left == [(3,)]


def test_lines_are_plain_json(hub: Hub, tmp_path: Path) -> None:
    record(hub, score_text="tab\there")
    export(hub, tmp_path, Format.NDJSON, Compression.GZIP)
    (path,) = (tmp_path / "facts").rglob("*.ndjson.gz")
    (line,) = gzip.decompress(path.read_bytes()).splitlines()
    told = json.loads(line)
    assert told["score_text"] == "tab\there"
    assert told["completed_at"].endswith(".000Z")
    assert told["person"] == to_uuid(hub.person)


def test_files_and_the_stream_say_the_same(hub: Hub, tmp_path: Path) -> None:
    """Two makers of lines: Arrow for files, PostgreSQL for answers. Columns are empty never, always, and at times."""
    for n in range(7):
        content: dict[str, Any] = {"score_percent": n / 4, "passed": n % 2 == 0, "extra": {"n": [n]}} if n % 3 else {}
        record(hub, When.day(date(2021, 5, 4 + n)) if n % 2 else None, is_prior=n == 3, **content)
    hub.do(hub.ledger.records.void(hub.caller, record(hub)))
    export(hub, tmp_path, Format.NDJSON)
    client = hub.client("api")
    for what in Exported:
        (path,) = (tmp_path / what.value).rglob("*.ndjson")
        written = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert written == [json.loads(line) for line in client.get(f"/v1/exports/{what.value}").text.splitlines()]
        assert written


async def _query(hub: Hub, sql: str) -> Any:
    async with connected(hub.ledger.database.urls.owner) as connection:
        return await connection.fetchrow(sql, hub.tenant.id)


async def _execute(hub: Hub, sql: str, *arguments: Any) -> None:
    async with connected(hub.ledger.database.urls.owner) as connection:
        await connection.execute(sql, hub.tenant.id, *arguments)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
