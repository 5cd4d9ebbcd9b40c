"""Floors of the database: pgbench from the same installation, over the same unix socket, with as many clients."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from bench.ground import ITEMS, PEOPLE, Ground, connection_environment
from bench.load import CONNECTIONS
from testamur.dialects.stackone.translate.completions import COMPLETION
from testamur.storage.named import shaped

# The columns that a completion through a dialect fills, with what they then hold.
_INSERT = f"""
INSERT INTO bench_fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, source,
                        created_at, recorded_at)
VALUES ('{{tenant}}', gen_random_uuid(), 1, gen_random_uuid(), (random() * 1e15)::bigint,
        ('00000000-0000-7000-8000-' || lpad((random() * {PEOPLE})::int::text, 12, '0'))::uuid,
        ('00000000-0000-7000-8001-' || lpad((random() * {ITEMS})::int::text, 12, '0'))::uuid,
        1, now() - random() * interval '1000 days', 'thrive', now(), now());
"""


class PgbenchFailed(Exception):
    """pgbench did not come to a result."""


def prepare(ground: Ground) -> None:
    """Make the table of the floor: a twin of `fact` with all its columns, checks and indexes, empty."""
    query(ground, "CREATE TABLE bench_fact (LIKE fact INCLUDING ALL)")


def query(ground: Ground, sql: str) -> str:
    """What psql prints for a statement of the owner, without headings."""
    return _run(ground, "psql", "-qXAtc", sql, url=ground.urls.owner).strip()


def durable_inserts(ground: Ground, seconds: int) -> float:
    """Single-row commits a second into the twin of `fact`."""
    return _rate(ground, _INSERT.format(tenant=ground.tenant.id), seconds, ground.urls.owner)


def pages(ground: Ground, count: int, seconds: int, clients: int = CONNECTIONS) -> float:
    """How often a second the service's own query for a page of records is answered, to the service's own role."""
    page = shaped("records_page", COMPLETION.sql)
    values = {
        "tenant": f"'{ground.tenant.id}'::uuid",
        "after": "0",
        "count": str(count),
        "completions_only": "true",
        "updated_after": "NULL",
    }
    sql = re.sub(r"\$(\d+)", lambda place: values[page.parameters[int(place[1]) - 1]], page.sql)
    session = f"-c testamur.tenant={ground.tenant.id} -c enable_seqscan=off -c timezone=UTC"
    return _rate(ground, sql.rstrip().rstrip(";") + ";\n", seconds, ground.urls.app, session, clients)


def _rate(ground: Ground, script: str, seconds: int, url: str, session: str = "", clients: int = CONNECTIONS) -> float:
    with tempfile.TemporaryDirectory(prefix="testamur-bench-") as folder:
        file = Path(folder, "script.sql")
        file.write_text(script)
        threads = min(clients, os.cpu_count() or 1)
        words = ["-n", "-M", "prepared", "-c", str(clients), "-j", str(threads), "-T", str(seconds)]
        said = _run(ground, "pgbench", *words, "-f", str(file), url=url, session=session)
    found = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    failed = re.search(r"failed transactions: (\d+)", said)
    if not found or (failed and int(failed[1])):
        raise PgbenchFailed(said)
    return float(found[1])


def _run(ground: Ground, program: str, *words: str, url: str, session: str = "") -> str:
    environment = {"PATH": os.defpath, "LC_ALL": "C", "PGOPTIONS": session} | connection_environment(url)
    done = subprocess.run(
        [str(ground.binaries / program), *words], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode != 0:
        raise PgbenchFailed(f"{program}: {done.stderr.strip()[-1000:]}")
    return done.stdout
