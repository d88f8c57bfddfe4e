"""The numbers behind the pictures as tables, from benchmarks/data/*.json alone.

    python benchmarks/tables.py [--data FOLDER] [--into FILE]

Writes results.md: medians, with the quartiles in brackets; a dash where a tool was left out because one run would
take seconds; and the failures, with the reason.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from natural.table import HEAD, by_program, row

HERE = Path(__file__).parent
Records = list[dict[str, Any]]


def short(v: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{v:.3g}" if v < 1000 else f"{v:,.0f}"


def spread(s: dict[str, float], scale: float = 1.0) -> str:
    low, median, high = (short(scale * s[q]) for q in ("low", "median", "high"))
    return f"{median} ({low} to {high})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def grid(records: Records, column: str, cell: Callable[[dict[str, Any]], str]) -> str:
    """A row for each tool, a column for each size."""
    sizes = sorted({r[column] for r in records})
    found = {(r["tool"], r[column]): cell(r) for r in records if "failed" not in r}
    tools = dict.fromkeys(r["tool"] for r in records)
    return table(["", *map(str, sizes)], [[t, *(found.get((t, s), "–") for s in sizes)] for t in tools])


def steps(records: Records) -> str:
    return grid(records, "steps", lambda r: short(r["ms"]["median"]))


def batch(records: Records) -> str:
    return grid(records, "shots", lambda r: short(r["ms"]["median"] / r["shots"]))


def robot(records: Records) -> str:
    measured = [r for r in records if "failed" not in r]
    rows = [[r["tool"], spread(r["ms"]), short(r["compile_seconds"])] for r in measured]
    return table(["", "milliseconds", "compile, seconds"], rows)


def compiling(records: Records) -> str:
    measured = [r for r in records if "failed" not in r]
    rows = [[r["tool"], r["version"], spread(r["compile_seconds"]), spread(r["import_seconds"])] for r in measured]
    return table(["", "version", "compile, seconds", "import, seconds"], rows)


def family(records: Records) -> str:
    rows: list[list[str]] = []
    for tool in dict.fromkeys(r["tool"] for r in records if r["tool"] != "rosesim"):
        row = [tool]
        for of in (lambda r: r["ms"]["median"], lambda r: r["compile_seconds"]):
            ours = {r["seed"]: of(r) for r in records if r["tool"] == "rosesim"}
            ratios = [of(r) / ours[r["seed"]] for r in records if r["tool"] == tool and "failed" not in r]
            row += [", ".join(short(v) for v in np.percentile(ratios, [0, 25, 50, 75, 100]))]
        rows.append([*row, str(len(ratios))])
    return table(
        ["over ours: least, quartiles, largest", "time of value and gradient", "compile time", "programs"], rows
    )


def size(records: Records) -> str:
    measured = [r for r in records if "failed" not in r]
    rows = [
        [
            f"{r['tool']}, {r['steps']}",
            short(r["llvm_lines"]),
            short(r["code_bytes"] / 1e3),
            short(r["compile_seconds"]),
            spread(r["ms"]),
        ]
        for r in sorted(measured, key=lambda r: r["tool"] == "all inlined")
    ]
    return table(["steps", "lines of LLVM text", "code, kilobytes", "compile, seconds", "run, milliseconds"], rows)


def backends(records: Records) -> str:
    measured = [r for r in records if "failed" not in r]
    rows = [
        [f"{r['task']}, {r['steps']} steps", r["tool"], spread(r["ms"]), short(r["compile_seconds"])]
        for r in measured
    ]
    return table(["", "", "milliseconds", "compile, seconds"], rows)


def natural(records: Records) -> str:
    return table(["", *HEAD], [[name, *row(mine)] for name, mine in by_program(records).items()])


PARTS: dict[str, tuple[str, Callable[[Records], str]]] = {
    "steps": ("Billiards, value and gradient against steps, milliseconds", steps),
    "batch": ("Billiards, 1024 steps, many shots at once, milliseconds a shot", batch),
    "robot": ("Mass-spring, robot D, 1364 steps, value and gradient", robot),
    "compile": ("Billiards, 1024 steps, from nothing to the first gradient", compiling),
    "family": ("Random small programs", family),
    "size": ("The same simulation with named functions and without", size),
    "backends": ("The ways to run a program of ours", backends),
    "natural": ("Natural programs: least milliseconds, and ratios", natural),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data")
    parser.add_argument("--into", type=Path, default=HERE / "results.md")
    given = parser.parse_args()
    text = [
        "# Results",
        "Made by `python benchmarks/tables.py` from [data](data); what was measured is in the [README](README.md).",
    ]
    for part, (title, make) in PARTS.items():
        file = given.data / f"{part}.json"
        if not file.exists():
            continue
        data = json.loads(file.read_text())
        m = data["machine"]
        on = f"{m['processor']}, {m['cores']} cores, {m['vectors']}-bit vectors, {m['system']}, Python {m['python']}"
        failed = [
            f"- {r['tool']}, {r.get('steps', r.get('seed', r.get('program')))}: {r['failed']}"
            for r in data["measured"]
            if "failed" in r
        ]
        text += [f"## {title}", f"{on}; one core each where nothing else is said.", make(data["measured"])]
        text += ["Not measured:", "\n".join(failed)] * bool(failed)
    given.into.write_text("\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
