"""Where a worker's time goes, by py-spy, which is no dependency of ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench.measures import Run

_FUNCTIONS = 25


def profile(run: Run) -> str:
    """Sample the worker while completions are posted: the functions that hold the processor, most first."""
    spy = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if spy is None:
        return "profile: py-spy is not installed; `pip install py-spy` puts it beside this Python"
    samples = run.ground.folder / "samples"
    words = ["record", "--pid", str(run.worker.pid), "--duration", str(run.seconds), "--rate", "500"]
    sampler = subprocess.Popen(
        [spy, *words, "--format", "raw", "--output", str(samples)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    run.post(run.seconds + 2)
    _, said = sampler.communicate(timeout=60)
    if not samples.exists():
        return f"profile: py-spy failed: {said.strip()[-500:]}"
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in samples.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        own[frames[-1]] += int(count)
        for frame in set(frames):
            whole[frame] += int(count)
    total = sum(own.values())
    rows = [
        f"  {share / total:6.1%} {whole[frame] / total:7.1%}  {frame}" for frame, share in own.most_common(_FUNCTIONS)
    ]
    return "\n".join(["profile of the worker during Thrive POST (own time, with callees):", *rows])
