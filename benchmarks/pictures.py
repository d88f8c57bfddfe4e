"""The pictures of the benchmarks, from benchmarks/data/*.json alone: nothing is measured here.

    python benchmarks/pictures.py [steps batch ...] [--data FOLDER] [--into FOLDER]

Ours is blue, hand-written C green, the other tools grey with their names beside them. A point is a median, the
upright line through it goes from quartile to quartile.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "docs" / "figures"))
from plot import Plot, write  # noqa: E402 # pyright: ignore[reportMissingImports] -- that of the manual's figures

Records = list[dict[str, Any]]
APART = 0.19
"""Least distance of two names in a picture, in powers of ten."""


def role(tool: str) -> str:
    return "first" if tool.startswith("rosesim") else "third" if tool.startswith("C,") else "others"


def tools(records: Records) -> list[str]:
    return list(dict.fromkeys(r["tool"] for r in records if "failed" not in r))


def lines(plot: Plot, records: Records, x: str, scaled: Callable[[dict[str, Any]], float] = lambda r: 1.0) -> None:
    """A curve a tool, with quartiles, and its name at its right end."""
    ends: list[tuple[float, float, str]] = []
    for tool in tools(records):
        mine = sorted((r for r in records if r["tool"] == tool and "failed" not in r), key=lambda r: r[x])
        at = [r[x] for r in mine]
        low, median, high = (np.array([r["ms"][q] * scaled(r) for r in mine]) for q in ("low", "median", "high"))
        plot.curve(at, median, role(tool), width=2.6 if tool == "rosesim" else 1.5)
        plot.curve(at, median, role(tool), style="dots", width=1.6)
        for a, b, c in zip(at, low, high, strict=True):
            plot.curve([a, a], [b, c], role(tool), width=1.0)
        ends.append((float(median[-1]), at[-1], tool))
    name_ends(plot, ends)


def name_ends(plot: Plot, ends: Sequence[tuple[float, float, str]]) -> None:
    """Names right of the last points, moved apart where they would lie on each other."""
    last = -np.inf
    for y, x, tool in sorted(ends):
        at = max(np.log10(y) - 0.04, last + APART)
        plot.label((1.13 * x, 10**at), tool)
        last = at


def steps(records: Records) -> list[Plot]:
    plot = Plot(
        "Billiards: value and gradient, one core",
        "time steps",
        "milliseconds",
        logarithmic=True,
        logarithmic_x=True,
        across=(256, 200_000),
        x_ticks=(256, 1024, 4096, 16384),
    )
    lines(plot, records, "steps")
    return [plot]


PICTURES: dict[str, tuple[Callable[[Records], list[Plot]], tuple[int, int]]] = {"steps": (steps, (560, 420))}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(PICTURES), metavar="name", help=", ".join(PICTURES))
    parser.add_argument("--data", type=Path, default=HERE / "data")
    parser.add_argument("--into", type=Path, default=HERE.parent / "docs" / "pictures")
    given = parser.parse_args()
    for name in given.names:
        draw, (width, height) = PICTURES[name]
        records = json.loads((given.data / f"{name}.json").read_text())["measured"]
        write(given.into / f"speed_{name}.png", draw(records), width=width, height=height)


if __name__ == "__main__":
    main()
