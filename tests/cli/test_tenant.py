"""`testamur tenant` and `testamur key`, on a real database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.core.ids import to_hex24
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import kept


def test_a_tenant_is_told_what_it_decides_and_decides_otherwise(urls: DatabaseUrls, hub: Hub) -> None:
    def run(*words: str, tenant: str = hub.tenant.slug) -> tuple[int, dict[str, Any]]:
        result = CliRunner().invoke(app, ["tenant", "set", tenant, *words, "--database-url", urls.owner, "--json"])
        return result.exit_code, json.loads(result.stdout) if result.stdout else {}

    code, first = run()
    assert (code, first["reentry_days"], first["self_granting"]) == (0, 30, False)
    assert run("--reentry-days", "10", "--self-granting")[1] | {"updated_at": ""} == {
        "reentry_days": 10,
        "self_granting": True,
        "updated_at": "",
    }
    assert run("--no-self-granting")[1]["reentry_days"] == 10
    assert hub.do(hub.ledger.tenants.settings(hub.tenant.id)).reentry_days == 10
    rows = [row for row in kept(urls, hub, "ledger_entry", "number") if row["kind"] == "settings.changed"]
    assert [row["client"] is not None for row in rows] == [True, True]
    assert len({row["client"] for row in rows}) == 1
    assert run("--reentry-days", "-1")[0] == 2
    assert run("--reentry-days", "5", tenant="nobody")[0] == 4
    assert len(kept(urls, hub, "tenant_settings", "number")) == 2


@pytest.mark.parametrize("width", ["50", "80", "250"])
def test_what_is_to_be_copied_is_not_folded(
    urls: DatabaseUrls, hub: Hub, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    for words, copied in (
        (["tenant", "list"], to_hex24(hub.tenant.id)),
        (["key", "list", "--tenant", hub.tenant.slug], to_hex24(hub.key.key)),
    ):
        result = CliRunner().invoke(app, [*words, "--database-url", urls.owner])
        assert result.exit_code == 0, result.output
        assert copied in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= int(width)
