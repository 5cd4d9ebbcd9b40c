"""Writes the two lock files: names, versions and hashes for every supported platform, and no address.

Run by `make lock`. The runtime lock comes first and binds the development lock, so both agree on every version.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_COMPILE = ["-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
_PLAIN = ["--no-annotate", "--no-header"]


def main() -> None:
    _write("requirements.lock", ["--extra", "build"])
    _write("requirements-dev.lock", ["--extra", "build", "--extra", "dev", "--constraint", "requirements.lock"])


def _write(name: str, options: list[str]) -> None:
    command = [sys.executable, *_COMPILE, *_PLAIN, *options, "--output-file", name, "pyproject.toml"]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
