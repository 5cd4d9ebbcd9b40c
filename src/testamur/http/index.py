"""The page at the root, and each dialect's reference page. Plain HTML: they work offline and without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from testamur.http.operations import Dialect

_STYLE = """
:root { color-scheme: light dark;
  --ink: #1c2430; --paper: #fbfaf7; --soft: #6a7280; --line: #e3dfd6; --accent: #0b6e4f }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e8e6e1; --paper: #14171c; --soft: #9aa3b0; --line: #2b313a; --accent: #5fd3a8 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem }
h1 { font: 600 2.2rem/1.2 Georgia, serif; margin: 0 0 .3rem }
h2 { font: 600 1.25rem/1.3 Georgia, serif; margin: 2.5rem 0 .5rem } p { color: var(--soft); margin: 0 0 1.5rem }
table { width: 100%; border-collapse: collapse } th { text-align: left; font-weight: 600; color: var(--soft) }
td, th { padding: .45rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
code { font: .9em ui-monospace, monospace } a { color: var(--accent) } .verb { font-weight: 600; white-space: nowrap }
"""


def index_page(dialects: Iterable[Dialect], version: str) -> str:
    """What answers here, with links to each dialect's reference and OpenAPI document."""
    rows = "".join(
        f"<tr><td>{escape(dialect.title)}</td><td><code>/{dialect.name}</code></td>"
        f"<td>{len(dialect.operations)}</td><td><a href='/{dialect.name}/docs'>reference</a></td>"
        f"<td><a href='/{dialect.name}/openapi.json'>OpenAPI</a></td></tr>"
        for dialect in dialects
    )
    return _page(
        "Testamur",
        f"<h1>Testamur</h1><p>One durable ledger of learning records. Version {escape(version)}.</p>"
        f"<table><tr><th>API</th><th>Prefix</th><th>Operations</th><th></th><th></th></tr>{rows}</table>"
        "<h2>Operating</h2><p><a href='/healthz'>/healthz</a> · <a href='/readyz'>/readyz</a> · "
        "<a href='/metrics'>/metrics</a></p>",
    )


def reference_page(dialect: Dialect) -> str:
    """Every operation of a dialect, in the order of its table."""
    rows = "".join(
        f"<tr><td class='verb'>{operation.method}</td><td><code>{escape(operation.path)}</code></td>"
        f"<td>{escape(operation.summary)}</td>"
        f"<td>{', '.join(f'<code>{escape(param.name)}</code>' for param in operation.params) or ''}</td>"
        f"<td>{', '.join(map(str, operation.answers))}</td></tr>"
        for operation in dialect.operations
    )
    return _page(
        dialect.title,
        f"<h1>{escape(dialect.title)}</h1><p>As served by Testamur under <code>/{dialect.name}</code>. "
        f"<a href='openapi.json'>OpenAPI document</a></p>"
        "<table><tr><th>Method</th><th>Path</th><th>What it does</th><th>Parameters</th><th>Answers</th></tr>"
        f"{rows}</table>",
    )


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><main>{body}</main></html>"
    )
