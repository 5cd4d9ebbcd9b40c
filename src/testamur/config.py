"""Settings: from the environment, each `TESTAMUR_<NAME>`.

The table in docs/reference/settings.md is made from this class, and a test keeps the two alike.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "TESTAMUR_"


class BadSetting(ValueError):
    """A setting has a value that cannot be."""


def _setting(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


_DATA = Path("testamur-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator can set. Command-line options win over the environment."""

    data: Path = _setting(_DATA, "Folder of the embedded PostgreSQL and of files made at run time.")
    database_url: str | None = _setting(
        None, "A PostgreSQL 15+ server to use instead of the embedded one: `postgresql://user:password@host/name`."
    )
    owner_database_url: str | None = _setting(
        None, "URL of the role that owns the schema, where it is not the one of `DATABASE_URL`: migrations, tenants."
    )
    postgres_binaries: Path | None = _setting(None, "Folder with PostgreSQL's binaries for the embedded server.")
    database_connections: int = _setting(10, "Connections a worker holds at most.")
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8700, "Port to listen on; 0 takes a free one.")
    workers: int = _setting(1, "Worker processes.")
    http_connections: int = _setting(
        10_000, "Connections of clients a worker holds at most, if it may open so many files; others are told 503."
    )
    public_url: str | None = _setting(
        None, "Address clients reach this server at, for links in answers; by default the request's own."
    )
    hosts: str = _setting(
        "", "Host names answered by one dialect at their root: `thrive=thrive.example.org,rise=rise.example.org`."
    )
    rate_limit_per_minute: int = _setting(0, "Requests a client may make in a minute, in each worker; 0 for no limit.")
    upload_max_bytes: int = _setting(8 << 30, "Bytes of one file that is uploaded in parts.")
    uploads_max_bytes: int = _setting(
        20 << 30, "Bytes that the uploads of one tenant may have together, until they are forgotten."
    )
    delivers_webhooks: bool = _setting(
        True, "Whether this server tells webhooks; another one on the same database can."
    )
    webhooks_to_private_addresses: bool = _setting(
        False, "Whether webhooks may be aimed at loopback and private addresses."
    )
    cpod_changes: bool = _setting(
        False, "Whether cPod's learning records can be patched, deleted and restored, which the vendor's cannot."
    )
    cpod_envelope: str = _setting("items", "What the rows of cPod's lists stand under: `items`, or `data`.")
    cpod_ids: str = _setting("prefixed", "How cPod's ids are printed: `prefixed` ULIDs, or `uuid`.")
    cpod_own_records_only: bool = _setting(
        False, "Whether a person's session in cPod shows only her own records, unless she is a manager or an admin."
    )
    cpod_strict: bool = _setting(False, "Whether a learning record in cPod needs a person and a title.")
    import_removals_percent: int = _setting(
        10, "What share of the people, items or memberships there are an import may take away without confirmation."
    )
    shutdown_seconds: int = _setting(20, "How long requests in flight may take to finish when the server stops.")
    log_format: str = _setting("auto", "`json`, `console`, or `auto`: console on a terminal.")
    log_level: str = _setting("info", "`debug`, `info`, `warning` or `error`; below `info` no line for each request.")

    @property
    def dialect_hosts(self) -> dict[str, str]:
        """Dialect by host name. Raises BadSetting."""
        pairs = [pair.partition("=") for pair in self.hosts.split(",") if pair.strip()]
        if any(not dialect.strip() or not host.strip() for dialect, _, host in pairs):
            raise BadSetting(f"{PREFIX}HOSTS must be a list of dialect=host: {self.hosts!r}")
        return {host.strip().lower(): dialect.strip() for dialect, _, host in pairs}


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings of this process. Raises BadSetting naming the variable."""
    known = {setting.name: setting for setting in fields(Settings)}
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name not in known:
            continue
        kind = str(known[name].type)
        try:
            values[name] = _read(kind, text)
        except ValueError as error:
            raise BadSetting(f"{variable} {error}: {text!r}") from error
    return Settings(**values)


def _read(kind: str, text: str) -> Any:
    if kind == "int":
        try:
            return int(text)
        except ValueError as error:
            raise ValueError("must be a whole number") from error
    if kind == "bool":
        if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise ValueError("must be true or false")
        return text.lower() in ("true", "1", "yes")
    return Path(text) if "Path" in kind else text


def table() -> str:
    """Every setting as a Markdown table: variable, default, meaning."""
    rows = [
        f"| `{PREFIX}{setting.name.upper()}` | {'' if setting.default in (None, '') else f'`{setting.default}`'} "
        f"| {setting.metadata['doc']} |"
        for setting in fields(Settings)
    ]
    return "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *rows])
