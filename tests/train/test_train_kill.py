"""A training process that is killed (SIGKILL) at any moment can be resumed as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rows import kept
from valley import Valley, records

from rosesim.train import resume, train
from rosesim.train.settings import is_run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there")

TOTAL = 30
VALLEY = Valley()

# Each: the optimiser, and at which call of what the process dies: before it, after it, or halfway.
# settings.toml is the first file of all. A checkpoint then syncs the metrics (and the evaluations), and writes
# last.npz and mostly best.npz: a sync of the file, a renaming, and a sync of the folder each.
MOMENTS: dict[str, tuple[str, str, int, str, str]] = {
    "before the settings are in place": ("gd", "replace", 1, "before", ""),
    "after the settings, before the first checkpoint": ("adam", "replace", 2, "before", ""),
    "within the write of a checkpoint": ("adam", "fsync", 24, "half", ""),
    "before a checkpoint is synced": ("gd", "fsync", 29, "before", ""),
    "before a checkpoint is renamed": ("cmaes", "replace", 9, "before", ""),
    "between last.npz and best.npz": ("momentum", "replace", 8, "after", ""),
    "within a row of the metrics": ("adam", "append", 14, "half", "metrics.jsonl"),
    "between an evaluation and its row": ("lbfgs", "append", 12, "before", "metrics.jsonl"),
    "within an evaluation's record": ("lbfgs", "append", 17, "half", "evaluations.bin"),
    "within a generation": ("cmaes", "append", 83, "after", "evaluations.bin"),
}


@cache
def uninterrupted(optimizer: str, base: Path) -> Any:
    """What a run that nobody disturbs leaves."""
    train(VALLEY, iterations=TOTAL, optimizer=optimizer, out=base / optimizer)
    return records(base / optimizer)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uninterrupted")


def child(tmp_path: Path, optimizer: str, what: str, nth: int, how: str, file: str, total: int) -> Any:
    """The process of dying.py, training into tmp_path/run."""
    script = Path(__file__).parents[1] / "dying.py"
    arguments = [str(tmp_path / "run"), optimizer, str(total), what, str(nth), how, file]
    return subprocess.Popen([sys.executable, str(script), *arguments], stderr=subprocess.PIPE, text=True)


def resumed(run: Path, optimizer: str) -> Any:
    if is_run(run):
        resume(run, scene=VALLEY, iterations=TOTAL)
    else:  # killed before even its settings were there: it is begun again
        train(VALLEY, iterations=TOTAL, optimizer=optimizer, out=run)
    assert not list(run.glob(".*")), "temporary files of the killed process are swept away"
    return records(run)


@pytest.mark.parametrize(
    "moment",
    kept(
        MOMENTS,
        "before the settings are in place",
        "before a checkpoint is renamed",
        "within a row of the metrics",
        "between an evaluation and its row",
    ),
)
def test_a_killed_run_resumes_to_the_same_bits(moment: str, tmp_path: Path, base: Path):
    optimizer, what, nth, how, file = MOMENTS[moment]
    process = child(tmp_path, optimizer, what, nth, how, file, TOTAL)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, stderr
    assert resumed(tmp_path / "run", optimizer) == uninterrupted(optimizer, base)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_run_killed_from_outside_and_again_resumes_to_the_same_bits(optimizer: str, tmp_path: Path, base: Path):
    run = tmp_path / "run"
    process = child(tmp_path, optimizer, "nothing", 0, "", "", 10**9 if optimizer == "adam" else TOTAL)
    while process.poll() is None and not (run / "last.npz").exists():
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    if optimizer == "adam":
        settings = run / "settings.toml"  # it was to run for long: it goes on to a total that it has passed or not
        assert "iterations = 1000000000" in settings.read_text()
        done = len((run / "metrics.jsonl").read_bytes().split(b"\n")) + 5
        resume(run, scene=VALLEY, iterations=done)
        train(VALLEY, iterations=done, optimizer=optimizer, out=tmp_path / "whole")
        assert records(run) == records(tmp_path / "whole")
    else:
        assert resumed(run, optimizer) == uninterrupted(optimizer, base)
