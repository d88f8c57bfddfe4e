"""Is memory flat? Trains, views without a window, exports, checks and compiles, again and again in one process.

python benchmarks/soak.py [--minutes N]

A round does each of these once, in a folder of its own that is then removed. After each round the memory of the
process, its open files and its threads are recorded (Linux); a line for each tenth of the time shows them. The rule,
over the rounds of the second half: the slope of memory (least squares) is below 40 KB per round, and there are no
more files or threads at the end than in the middle. Exit status 1 where it does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # before pygame is imported

import numpy as np

from rosesim import Real, fn, scan, value_and_grad
from rosesim.cli import run

FLAT = 40.0
"""Kilobytes per round: 600 rounds, in 30 minutes on an idle machine, would grow by 24 MB at most."""
SCENE = ["--set", "steps=200", "--set", "layers=2"]


def one_round(number: int) -> None:
    """Everything once; a command that fails ends the soak."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        out = Path(folder) / "run"
        commands = [
            ["train", "billiards", *SCENE, "--iterations", "6", "--optimizer", "adam", "--out", str(out)],
            ["train", "--resume", str(out), "--iterations", "8"],
            ["export", str(out), "--png", f"{folder}/run.png", "--gif", f"{folder}/run.gif"],
            ["check", "bounce"],
        ]
        for arguments in commands:
            with contextlib.redirect_stderr(io.StringIO()) as err:
                status = run(arguments)
            if status:
                raise SystemExit(f"rosesim {' '.join(arguments)} gave {status}: {err.getvalue()}")
    fresh = fn(lambda x: scan(lambda c, t: c * x + number, x, 3))
    value, slope = value_and_grad(fresh).compile(Real)(1.0)
    if (value, slope) != (1.0 + 3 * number, 4.0 + 3 * number):
        raise SystemExit(f"a fresh program gave {value}, {slope} in round {number}")


def looked_at() -> tuple[float, int, int]:
    """Kilobytes of memory, open files, threads."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024, len(os.listdir("/proc/self/fd")), threading.active_count()


def main(minutes: float) -> int:
    """Print the curve and the verdict."""
    began, shown = time.monotonic(), 0.0
    curve: list[tuple[float, int, int]] = []
    while (spent := time.monotonic() - began) < 60 * minutes:
        one_round(len(curve))
        curve.append(looked_at())
        if spent >= shown:
            memory, files, threads = curve[-1]
            place = f"{spent:6.0f} s  round {len(curve):5}"
            print(f"{place}  {memory / 1024:7.1f} MB  {files} files  {threads} threads", flush=True)
            shown += 6 * minutes
    half = curve[len(curve) // 2 :]
    if len(half) < 5:
        raise SystemExit(f"{len(curve)} rounds are too few to say anything: more --minutes")
    slope = float(np.polyfit(np.arange(len(half)), [m for m, _, _ in half], 1)[0])
    flat = slope < FLAT and half[-1][1] <= half[0][1] and half[-1][2] <= half[0][2]
    print(f"{len(curve)} rounds, second half: {slope:.1f} KB a round, {half[-1][1] - half[0][1]:+} files, "
          f"{half[-1][2] - half[0][2]:+} threads: {'flat' if flat else 'not flat'}")  # fmt: skip
    return 0 if flat else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    sys.exit(main(parser.parse_args().minutes))
