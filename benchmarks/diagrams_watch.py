"""How long `rosesim diagram --watch` takes from a saved file to the new SVG.

    python benchmarks/diagrams_watch.py [--saves 20] [--only ID ...]

The texts are copied into a temporary folder, and the real command watches them there. Each save says one thing more
or one thing less about the objects: the last predicate of Substance comes and goes. The clock runs from before the
file is written until another SVG is in its place. Prints the median and the slowest save of each trio, and what the
processor's time of a layout goes to, in this process: reading, making the energy, the solver, the picture.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from rosesim.ad.support.collector import uncollected
from rosesim.diagrams.layout import Diagram, Layout, continued
from rosesim.diagrams.trios import from_index

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"
TRIOS = ("set-theory-domain/tree-euler", "graph-domain/textbook/sec1/fig1", "structural-formula/molecules/caffeine")
MOST_SECONDS = 60.0


def changed(svg: Path, before: int) -> int:
    """The time of the picture that replaces the one of time `before`."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        if svg.exists() and (now := svg.stat().st_mtime_ns) != before:
            return now
        time.sleep(1e-3)
    raise TimeoutError(f"no picture came in {MOST_SECONDS:.0f} s")


def one(name: str, saves: int, folder: Path) -> list[float]:
    """Milliseconds of each save."""
    trio = from_index(SHARED / "trios" / "index.json", name)
    domain, substance = (Path(shutil.copy(f, folder)) for f in (trio.domain, trio.substance))
    styles = [shutil.copy(f, folder / f"{k}.style") for k, f in enumerate(trio.styles)]
    svg = folder / "out.svg"
    command = [sys.executable, "-m", "rosesim", "diagram", str(substance), "--domain", str(domain)]
    command += [word for style in styles for word in ("--style", str(style))]
    text = substance.read_text(encoding="utf-8").rstrip().splitlines()
    last = max(k for k, line in enumerate(text) if "(" in line and "abel " not in line)
    less = "\n".join([*text[:last], *text[last + 1 :]])
    found: list[float] = []
    with subprocess.Popen(
        [*command, "--seed", trio.variation, "--svg", str(svg), "--watch"], stdout=subprocess.DEVNULL
    ) as watching:
        try:
            written = changed(svg, 0)
            for k in range(saves + 2):
                time.sleep(0.2)  # as somebody who reads what came out
                began = time.perf_counter()
                substance.write_text(less if k % 2 == 0 else "\n".join(text), encoding="utf-8")
                written = changed(svg, written)
                found.append(1e3 * (time.perf_counter() - began))
        finally:
            watching.terminate()
    return found[2:]  # the first two compile what only one of both texts needs


def parts(name: str, times: int) -> list[float]:
    """Milliseconds of the processor's time for reading, the energy, the solver and the picture: medians."""
    trio = from_index(SHARED / "trios" / "index.json", name)
    found: list[list[float]] = []
    last: tuple[Diagram, Layout] | None = None
    for _ in range(times + 1):
        with uncollected():
            at = [time.process_time()]
            made = trio.read()
            at.append(time.process_time())
            made.prepare()
            at.append(time.process_time())
            layout = made.layout(None if last is None else continued(made.problem, last[0].problem, last[1].x))
            at.append(time.process_time())
            made.svg(layout)
            at.append(time.process_time())
        last = made, layout
        found.append([1e3 * (b - a) for a, b in pairwise(at)])
    return [statistics.median(column) for column in zip(*found[1:], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=TRIOS)
    given = parser.parse_args()
    columns = "trio", "median, ms", "slowest, ms", "reading", "energy", "solver", "picture"
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            times = one(name, given.saves, Path(folder))
        cells = [statistics.median(times), max(times), *parts(name, given.saves)]
        print(f"| {name} | {' | '.join(f'{c:.0f}' for c in cells)} |", flush=True)


if __name__ == "__main__":
    main()
