"""Reads, compiles and lays out all trios of ../shared/diagrams, and writes what came out.

    python benchmarks/diagrams.py OUT              # inspections of all trios, into the folder OUT
    python benchmarks/diagrams.py OUT --only ID …
    python benchmarks/diagrams_compare.py OUT      # the comparison, as a Markdown table

A trio that fails is named, with its error; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import pairwise
from pathlib import Path

from rosesim import RosesimError
from rosesim.diagrams.inspect import inspected
from rosesim.diagrams.trios import from_index, reference_labels

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"


def one(name: str, out: Path) -> str:
    """Lay out one trio, and write its inspection. Gives a line for people."""
    file = f"{name.replace('/', '__')}.json"
    labels = reference_labels(SHARED / "reference" / file)
    times = [time.perf_counter()]
    diagram = from_index(SHARED / "trios" / "index.json", name).read(labels=labels)
    times.append(time.perf_counter())
    diagram.prepare()
    times.append(time.perf_counter())
    layout = diagram.layout()
    times.append(time.perf_counter())
    (out / file).write_text(json.dumps(inspected(name, diagram, layout)), encoding="utf-8")
    read, built, solved = (1e3 * (b - a) for a, b in pairwise(times))
    return f"{name}: read {read:.0f} ms, compiled {built:.0f} ms, solved {solved:.1f} ms; {layout.verdict()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    index = json.loads((SHARED / "trios" / "index.json").read_text(encoding="utf-8"))
    failed = 0
    for trio in index:
        if options.only and trio["id"] not in options.only:
            continue
        try:
            print(one(trio["id"], options.out), flush=True)
        except RosesimError as error:
            failed += 1
            print(f"{trio['id']}: FAILED: {error}", flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
