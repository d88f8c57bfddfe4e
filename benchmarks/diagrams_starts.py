"""How long N starts of a diagram take: read anew each time, drawn anew, and on threads; and what lanes could gain.

    python benchmarks/diagrams_starts.py [--starts 16] [--threads 2] [--turns 5] [--only ID ...]

Kernels are compiled before. The ways are timed in turns, and the fastest of each counts: what else runs on the
machine only adds. All ways must end the same, to the bit.

Lanes: today a call of a kernel computes four terms of one start. It could compute one term of four starts instead,
which would walk in step: until the slowest of the four has ended, and without an empty lane. The last column is how
many times as fast that would be on one thread at best: (evaluations of all starts) / (4 x the most of each four),
divided by the part of the lanes that is full now.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rosesim.diagrams.kernels import LANES
from rosesim.diagrams.layout import Diagram, Layout
from rosesim.diagrams.starts import Start, best_of, better, seeds
from rosesim.diagrams.trios import Trio, from_index, reference_labels

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"
TRIOS = (
    "set-theory-domain/tree-euler",
    "graph-domain/textbook/sec1/fig1",
    "structural-formula/molecules/caffeine",
    "hypergraph/hypergraph",
    "minkowski-tests/maze/non-convex",
)
"""Small and large ones; the last cuts polygons where they start."""


def read_each(trio: Trio, read: Callable[[str], Diagram], words: list[str]) -> Start:
    """Each start reads, matches and compiles the texts."""
    best: Start | None = None
    for word in words:
        made = read(word)
        best = better(best, Start(word, made, made.layout()))
    assert best is not None
    return best


def evaluations(layout: Layout) -> int:
    """How often a layout asked for phi."""
    return sum(sum(stage.calls) for stage in layout.stages)


def one(name: str, count: int, threads: int, turns: int) -> str:
    """A row of the table."""
    trio = from_index(SHARED / "trios" / "index.json", name)
    labels = reference_labels(SHARED / "reference" / f"{name.replace('/', '__')}.json")
    words = seeds(trio.variation, count)

    def read(word: str) -> Diagram:
        return trio.read(variation=word, labels=labels)

    ways: dict[str, Callable[[], Start]] = {
        "read": lambda: read_each(trio, read, words),
        "drawn": lambda: best_of(read(words[0]), words, threads=1),
        "threads": lambda: best_of(read(words[0]), words, threads=threads),
    }
    ends = [way() for way in ways.values()]  # compiles
    for end in ends[1:]:
        same = end.seed == ends[0].seed and np.array_equal(end.layout.x, ends[0].layout.x)
        assert same, f"{name}: {end.seed} is not {ends[0].seed}"
    fastest = dict.fromkeys(ways, np.inf)
    for _ in range(turns):
        for what, way in ways.items():
            began = time.perf_counter()
            way()
            fastest[what] = min(fastest[what], 1e3 * (time.perf_counter() - began))
    first = read(words[0])
    asked = [evaluations(first.restarted(word).layout()) for word in words]
    slowest = sum(max(asked[k : k + LANES]) for k in range(0, count, LANES))
    blocks = first.energy.everything
    full = (blocks.terms >= 0).sum() / (LANES * blocks.count)
    cells = [*(f"{fastest[what]:.0f}" for what in ways), f"{fastest['read'] / fastest['threads']:.1f}"]
    cells.append(f"{sum(asked) / (LANES * slowest) / full:.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=TRIOS)
    given = parser.parse_args()
    print(f"{given.starts} starts, in ms; {given.threads} threads\n")
    columns = "trio", "read each", "drawn anew", "and threads", "times as fast", "lanes"
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in given.only:
        print(one(name, given.starts, given.threads, given.turns), flush=True)


if __name__ == "__main__":
    main()
