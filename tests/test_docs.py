"""The documentation says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from testamur.config import PREFIX, Settings, from_environment
from tools.docs import REFERENCE, pages

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_fresh(name: str) -> None:
    """`make docs` writes them."""
    assert (REFERENCE / name).read_text("utf-8") == pages()[name]


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(rf"`{PREFIX}(\w+)`", (REFERENCE / "settings.md").read_text("utf-8")))
    assert documented == {setting.name.upper() for setting in fields(Settings)}


def test_settings_come_from_the_environment() -> None:
    settings = from_environment({"TESTAMUR_PORT": "0", "TESTAMUR_DATA": "/somewhere", "TESTAMUR_UNKNOWN": "x"})
    assert (settings.port, settings.data) == (0, Path("/somewhere"))


def test_links_in_the_documentation_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_decision_is_shown_by_something_that_exists() -> None:
    missing = [
        f"{page.name}: {path}"
        for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))
        for path in re.findall(r"`(tests/[\w/]+(?:\.py|/))`", page.read_text("utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []
