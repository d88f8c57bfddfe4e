"""The pictures of the benchmarks, from benchmarks/data/*.json alone; nothing is measured here.

    python benchmarks/pictures.py [steps batch ...] [--data FOLDER] [--into FOLDER]

Ours is blue, hand-written C green, the other tools grey with their names beside them. A point is a median, and the
vertical line through it goes from quartile to quartile; dashes continue where a run would have taken too long.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from natural.table import GRADIENT, VALUE, by_program, ratio

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "docs" / "figures"))
from plot import Plot, write  # noqa: E402 # pyright: ignore[reportMissingImports] -- that of the manual's figures

Records = list[dict[str, Any]]
Scaled = Callable[[dict[str, Any]], float]
APART = 0.24
"""Least distance of two names in a picture, in powers of ten."""


def role(tool: str) -> str:
    return "first" if tool.startswith("rosesim") else "third" if tool.startswith("C,") else "others"


def tools(records: Records) -> list[str]:
    return list(dict.fromkeys(r["tool"] for r in records if "failed" not in r))


def lines(plot: Plot, records: Records, x: str, *, scaled: Scaled = lambda r: 1.0, grows: float = 1.0) -> None:
    """A curve for each tool, with quartiles, and its name at its right end.

    Where a tool was left out at large sizes, dashes continue from its last point, with y growing as x to the power
    `grows`.
    """
    ends: list[tuple[float, str]] = []
    last = max(r[x] for r in records)
    for tool in tools(records):
        mine = sorted((r for r in records if r["tool"] == tool and "failed" not in r), key=lambda r: r[x])
        at = [r[x] for r in mine]
        low, median, high = (np.array([r["ms"][q] * scaled(r) for r in mine]) for q in ("low", "median", "high"))
        plot.curve(at, median, role(tool), width=2.6 if tool == "rosesim" else 1.5)
        plot.curve(at, median, role(tool), style="dots", width=1.6)
        for a, b, c in zip(at, low, high, strict=True):
            plot.curve([a, a], [b, c], role(tool), width=1.0)
        end = float(median[-1]) * (last / at[-1]) ** grows
        if at[-1] < last:
            plot.curve([at[-1], last], [median[-1], end], role(tool), style="dashed", width=0.8)
        ends.append((end, tool))
    height = -np.inf
    for y, tool in sorted(ends):  # moved apart where they would overlap
        height = max(np.log10(y) - 0.04, height + APART)
        plot.label((1.13 * last, 10**height), tool)


def steps(records: Records) -> list[Plot]:
    plot = Plot(
        "Billiards: value and gradient, one core",
        "time steps",
        "milliseconds",
        logarithmic=True,
        logarithmic_x=True,
        across=(256, 200_000),
        up=(0.03, 50_000),
        x_ticks=(256, 1024, 4096, 16384),
    )
    lines(plot, records, "steps")
    return [plot]


def batch(records: Records) -> list[Plot]:
    plot = Plot(
        "Billiards, 1024 steps: value and gradient of many shots at once",
        "shots at once",
        "milliseconds a shot",
        logarithmic=True,
        logarithmic_x=True,
        across=(1, 4000),
        x_ticks=(1, 4, 16, 64, 256),
    )
    lines(plot, records, "shots", scaled=lambda r: 1 / r["shots"], grows=0.0)
    return [plot]


def bars(plot: Plot, rows: Sequence[tuple[str, dict[str, float]]], *, shade: Callable[[str], str] = role) -> None:
    """One row each: a dot at the median, a line from quartile to quartile."""
    plot.rows = [name for name, _ in rows]
    for k, (name, spread) in enumerate(rows):
        plot.curve([spread["low"], spread["high"]], [k, k], shade(name), width=2.0)
        plot.curve([spread["median"]], [k], shade(name), style="dots", width=3.0)


def compiling(records: Records) -> list[Plot]:
    made: list[Plot] = []
    for key, title in (("compile_seconds", "Compiling billiards, cold"), ("import_seconds", "Importing the tool")):
        rows = sorted(((r["tool"], r[key]) for r in records if "failed" not in r), key=lambda row: row[1]["median"])
        if key == "import_seconds":  # the C's time is that of loading the module that calls it
            rows = [(t, s) for t, s in rows if "," not in t]
        plot = Plot(title, "seconds", "", logarithmic_x=True, across=(0.01, 100))
        bars(plot, rows)
        made.append(plot)
    return made


def backends(records: Records) -> list[Plot]:
    made: list[Plot] = []
    for task, n in dict.fromkeys((r["task"], r["steps"]) for r in records):
        mine = [r for r in records if (r["task"], r["steps"]) == (task, n)]
        best = mine[0]["ms"]["median"]
        rows = [(r["tool"], {q: r["ms"][q] / best for q in ("low", "median", "high")}) for r in mine]
        across = (0.5 * min(s["low"] for _, s in rows), 2 * max(s["high"] for _, s in rows))
        plot = Plot(f"{task}, {n} steps", "times the optimised program", "", logarithmic_x=True, across=across)
        if across[1] > 1000:
            plot.x_ticks = (0.1, 1, 100, 10_000)
        bars(plot, rows, shade=lambda name: "first" if name == "optimised" else "others")
        made.append(plot)
    return made


def size(records: Records) -> list[Plot]:
    measures: list[tuple[str, str, Callable[[dict[str, Any]], float]]] = [
        ("Lines of LLVM text", "", lambda r: r["llvm_lines"]),
        ("Machine code", "kilobytes", lambda r: r["code_bytes"] / 1e3),
        ("Compile time", "seconds", lambda r: r["compile_seconds"]),
        ("Run time", "milliseconds", lambda r: r["ms"]["median"]),
    ]
    made: list[Plot] = []
    for title, unit, of in measures:
        plot = Plot(title, "steps, unrolled", unit, logarithmic=True, logarithmic_x=True, across=(1, 64))
        plot.x_ticks = (1, 2, 4, 8, 16, 32, 64)
        for name, shade in (("named functions", "first"), ("all inlined", "second")):
            mine = [r for r in records if r["tool"] == name and "failed" not in r]
            x, y = [r["steps"] for r in mine], [of(r) for r in mine]
            plot.curve(x, y, shade, name=name)
            plot.curve(x, y, shade, style="dots")
        made.append(plot)
    return made


def family(records: Records) -> list[Plot]:
    made: list[Plot] = []
    for key, title, of in (
        ("ms", "run time", lambda r: r["ms"]["median"]),
        ("compile_seconds", "compile time", lambda r: r["compile_seconds"]),
    ):
        plot = Plot(f"Small random programs: {title}", "times ours", "part of them", logarithmic_x=True)
        plot.across, plot.up, plot.legend = (
            ((0.3, 100), (0.0, 1.25), "right") if key == "ms" else ((0.003, 100), (0.0, 1.25), "left")
        )
        ours = {r["seed"]: of(r) for r in records if r["tool"] == "rosesim"}
        for tool, shade in (("JAX", "second"), ("CasADi", "fourth")):
            ratios = np.sort([of(r) / ours[r["seed"]] for r in records if r["tool"] == tool and "failed" not in r])
            low, median, high = np.percentile(ratios, [25, 50, 75])
            part = (np.arange(len(ratios)) + 0.5) / len(ratios)
            plot.curve(
                ratios, part, shade, style="dots", width=1.8, name=f"{tool}: {low:.2g}, {median:.2g}, {high:.2g}"
            )
        plot.vertical(1.0)
        made.append(plot)
    return made


def natural(records: Records) -> list[Plot]:
    """Programs from the worst ratio to the best, with lines at one and at the goal."""
    made: list[Plot] = []
    for title, unit, upper, lower, goal in (
        ("Natural programs: value and gradient", "times the value alone", GRADIENT, VALUE, 3.5),
        ("Natural programs: value", "times C", VALUE, "C", 1.3),
    ):
        found = {name: ratio(mine, upper, lower) for name, mine in by_program(records).items()}
        rows = sorted(((name, r) for name, r in found.items() if r is not None), key=lambda row: -row[1])
        plot = Plot(title, unit, "", logarithmic_x=True)
        plot.across = (min(0.5, 0.8 * rows[-1][1]), max(4.0, 1.25 * rows[0][1]))
        plot.x_ticks = [x for x in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if plot.across[0] <= x <= plot.across[1]]
        bars(plot, [(name, dict.fromkeys(("low", "median", "high"), r)) for name, r in rows], shade=lambda _: "first")
        plot.vertical(1.0)
        plot.vertical(goal)
        made.append(plot)
    return made


def diagrams(records: Records) -> list[Plot]:
    """How the ratios to both releases of Penrose are spread over the diagrams, with quartiles in the legend."""
    made: list[Plot] = []
    for key, title in (("solve", "Layouts"), ("call", "Energy and gradient")):
        plot = Plot(f"{title} of {len(records)} diagrams", "times ours", "part of them", logarithmic_x=True)
        plot.across, plot.up = (0.5, 2000), (0.0, 1.3)
        for tool, name, shade in (("penrose 0", "Penrose 3.2.0", "second"), ("penrose 1", "4.0.0-alpha.5", "fourth")):
            ratios = np.sort([r[tool][key] / r["rosesim"][key] for r in records])
            low, median, high = np.percentile(ratios, [25, 50, 75])
            part = (np.arange(len(ratios)) + 0.5) / len(ratios)
            said = f"{name}: {low:.3g}, {median:.3g}, {high:.3g}"
            plot.curve(ratios, part, shade, style="dots", width=1.8, name=said)
        plot.vertical(1.0)
        made.append(plot)
    return made


def web(records: Records) -> list[Plot]:
    """Value and gradient in a page's engine, over machine code; scenes from the smallest ratio to the largest."""
    shades = {"wasm": "first", "C": "third", "javascript": "fourth", "Rose": "second"}
    long = [r for r in records if r["ms"]["native"] > 0.05]  # of a shorter one the call from Python is most
    found = sorted(long, key=lambda r: r["ms"]["wasm"] / r["ms"]["native"])
    most = max(ms / r["ms"]["native"] for r in found for tool, ms in r["ms"].items() if tool in shades)
    # The names stand where there is room: a legend would lie upon those of the rows.
    plot = Plot("Value and gradient in V8", "times machine code", "", logarithmic_x=True, across=(0.6, 1.6 * most))
    plot.x_ticks = [x for x in (1, 2, 5, 10, 20, 50, 100, 200) if x <= 1.6 * most]
    plot.rows = [r["scene"] for r in found]
    for tool, shade in shades.items():
        for k, r in enumerate(found):
            if tool in r["ms"]:
                plot.curve([r["ms"][tool] / r["ms"]["native"]], [k], shade, style="dots", width=3.0)
    for k, text in enumerate(("blue: ours", "violet: ours, as JavaScript", "green: C", "orange: Rose")):
        plot.label((30.0, 5.4 + k), text)
    plot.vertical(1.0)
    return [plot]


PICTURES: dict[str, tuple[Callable[[Records], list[Plot]], tuple[int, int]]] = {
    "steps": (steps, (560, 480)),
    "batch": (batch, (560, 360)),
    "compile": (compiling, (440, 330)),
    "family": (family, (440, 330)),
    "size": (size, (400, 260)),
    "backends": (backends, (560, 220)),
    "natural": (natural, (520, 480)),
    "diagrams": (diagrams, (440, 330)),
    "web": (web, (560, 380)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(PICTURES)}; all that have data")
    parser.add_argument("--data", type=Path, default=HERE / "data")
    parser.add_argument("--into", type=Path, default=HERE.parent / "docs" / "pictures")
    given = parser.parse_args()
    for name in given.names or [name for name in PICTURES if (given.data / f"{name}.json").exists()]:
        draw, (width, height) = PICTURES[name]
        records = json.loads((given.data / f"{name}.json").read_text())["measured"]
        plots = draw(records)
        columns = {3: 1, 4: 2}.get(len(plots), len(plots))  # three are wide: one below the other
        write(given.into / f"speed_{name}.png", plots, width=width, height=height, columns=columns)


if __name__ == "__main__":
    main()
