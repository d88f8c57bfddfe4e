"""What of a diagram agrees with Penrose's own numbers, and to what tolerance, as a Markdown table.

    python benchmarks/diagrams_compare.py FILE.json [...] [--reference FOLDER]

Each file says how we read and laid out one diagram, in the form of ../shared/diagrams/reference/README.md (its key
"run" holds one entry, whatever its name, or one named "rosesim"). One file gives a row a check, several a row a
diagram and a summary. A folder stands for all JSON files in it. SVG is judged on the reference's shapes, by
rosesim.diagrams.picture. Exits with 1 where a check fails; another end than the reference's is no failure.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import pictures_kit as kit

from rosesim.diagrams.picture import svg

RELATIVE = 1e-9
"""Of values, energies and gradients: the references' tolerance; 1e-12 is usual."""
OBJECTIVE = 1e-4
VIOLATION = 1e-3
"""What makes two ends the same (reference/README.md)."""
PICTURE = 1e-3
"""Of attributes, in pixels."""
RELEASE = "4.0.0-alpha.5"
"""Whose run is compared."""

UNSIGNED = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
"""A number in an expression; its sign may be an operator."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing compared: whether it agrees (None: it cannot be said), and a few words."""

    what: str
    agrees: bool | None
    words: str = ""

    @property
    def mark(self) -> str:
        """For a cell of a table."""
        return {True: "yes", False: "**no**", None: "-"}[self.agrees]


def numbers(data: Any) -> list[float]:
    """A list of numbers; NaN and infinities are written as strings."""
    return [float(v) for v in data]


def off(found: Sequence[float], expected: Sequence[float], *, together: bool = False) -> float:
    """The largest difference, relative to max(1, |expected|), or to the largest of them (`together`)."""
    scale = max(map(abs, expected), default=0.0) if together else 0.0
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        if a == b or (math.isnan(a) and math.isnan(b)):
            continue
        difference = abs(a - b) / max(1.0, abs(b), scale)
        worst = max(worst, math.inf if math.isnan(difference) else difference)
    return worst


def compare_numbers(what: str, found: Any, expected: Any, *, together: bool = False) -> Check:
    """Numbers within `RELATIVE`."""
    a, b = numbers(found), numbers(expected)
    if len(a) != len(b):
        return Check(what, False, f"{len(a)} numbers; expected {len(b)}")
    worst = off(a, b, together=together)
    return Check(what, worst <= RELATIVE, f"{worst:.1e}" if worst else "exact")


def compare_lists(what: str, found: Sequence[Any], expected: Sequence[Any]) -> Check:
    """Lists that must be equal; tells the first difference."""
    for i, (a, b) in enumerate(zip(found, expected, strict=False)):
        if a != b:
            return Check(what, False, f"item {i} is {a}; expected {b}")
    same = len(found) == len(expected)
    return Check(what, same, f"{len(expected)}" if same else f"{len(found)} items; expected {len(expected)}")


def each_input(runs: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """One (path, what, stages) for every input, however they are put together in runs."""
    return [(path, what, *map(tuple, stages)) for path, what, count, *stages in runs for _ in range(count)]


def argument(value: Any) -> Any:
    """An argument as it is compared: a number, or text without spaces whose numbers are rounded."""
    if isinstance(value, str):
        rounded = UNSIGNED.sub(lambda m: f"{float(m[0]):.9g}", value)
        return "".join(rounded.split())
    return float(f"{value:.9g}") if isinstance(value, int | float) and not isinstance(value, bool) else value


def arguments(terms: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Terms with their arguments."""
    return [[name, *map(argument, args)] for name, *args in terms]


def stage_checks(found: Json, expected: Json) -> Iterator[Check]:
    """Energy, gradient, terms and fixed inputs of each stage."""
    ours, theirs = found["per_stage"], expected["per_stage"]
    yield compare_lists("stages", [s["stage"] for s in ours], [s["stage"] for s in theirs])
    for a, b in zip(ours, theirs, strict=False):
        name = f" of stage {b['stage']}" if b["stage"] else ""
        for key in ("obj", "con", "fixed"):
            if a[key] != b[key]:
                yield Check(f"{key}{name}", False, f"{a[key]}; expected {b[key]}")
        yield compare_numbers(f"energy{name}", [a["phi"]], [b["phi"]])
        pair = a.get("grad", found["grad_all"]), b.get("grad", expected["grad_all"])
        yield compare_numbers(f"gradient{name}", *pair, together=True)


def run_of(data: Json, release: str) -> Json:
    """A run that has ended; empty where there is none."""
    runs: Json = data.get("run", {})
    run = runs.get(release) or runs.get("rosesim") or next(iter(runs.values()), {})
    return {} if "objective" not in run else run


def verdict(found: Json, expected: Json) -> str:
    """ "same", "better", "worse" or "mixed" (one of objective and violation is better, the other worse)."""
    a, b = float(found["objective"]), float(expected["objective"])
    beyond = (
        (a - b) / max(1.0, abs(b)) / OBJECTIVE,
        (float(found["max_violation"]) - float(expected["max_violation"])) / VIOLATION,
    )
    if not all(map(math.isfinite, beyond)):
        return "worse"
    if abs(beyond[0]) <= 1.0 and beyond[1] <= 1.0:
        return "same"
    if max(beyond) <= 1.0:
        return "better"
    return "worse" if min(beyond) >= -1.0 else "mixed"


def evaluations(run: Json) -> int:
    """Calls of energy and gradient, over all stages and weights."""
    return sum(n for stage in run.get("evals", []) for n in stage.values())


def end_check(found: Json, expected: Json) -> Check:
    """Where a run ended, beside the reference's."""
    a, b = run_of(found, "rosesim"), run_of(expected, RELEASE)
    if not a or not b:
        return Check("end", None, "no run to compare")
    words = f"objective {a['objective']:.6g} to {b['objective']:.6g}, "
    words += f"violation {a['max_violation']:.2g} to {b['max_violation']:.2g}, "
    return Check("end", None, f"{verdict(a, b)}: {words}evaluations {evaluations(a)} to {evaluations(b)}")


def shape_check(found: Json, expected: Json) -> Check:
    """Kinds and names of shapes in drawing order."""
    lists = [[(s["type"], s["name"]) for s in d.get("end", {}).get("shapes", [])] for d in (found, expected)]
    return compare_lists("shapes", *lists) if lists[0] else Check("shapes", None, "none written")


def svg_check(name: str, expected: Json) -> Check:
    """The picture of the reference's shapes."""
    if not (kit.REFERENCE / "svg" / f"{name}.svg").exists():
        return Check("SVG", None, "no reference")
    width, height = expected["canvas"]
    shapes = [kit.shape(s) for s in expected["end"]["shapes"]]
    picture = svg(shapes, (width, height), folder=kit.image_folder(expected["trio"]))
    found = kit.differences(picture, kit.reference_svg(name), PICTURE)
    return Check("SVG", not found, found[0] if found else f"within {PICTURE:g}")


def checks(found: Json, expected: Json, name: str) -> list[Check]:
    """All that is compared, in the order in which a mistake shows first."""
    made = [
        compare_lists("counts", *([d["counts"][k] for k in COUNTS] for d in (found, expected))),
        compare_lists("inputs", each_input(found["inputs"]), each_input(expected["inputs"])),
        compare_lists("live inputs", found["live"], expected["live"]),
    ]
    for key in ("objectives", "constraints"):
        made.append(compare_lists(key, [t[0] for t in found[key]], [t[0] for t in expected[key]]))
        made.append(compare_lists(f"arguments of {key}", arguments(found[key]), arguments(expected[key])))
    x0 = numbers(found["x0"]), numbers(expected["x0"])
    made.append(compare_lists("x0", *x0))
    for key in ("objective_values", "constraint_values"):
        made.append(compare_numbers(key.replace("_", " "), found[key], expected[key]))
    made.append(compare_numbers("energy of all terms", [found["phi_all"]], [expected["phi_all"]]))
    made.append(compare_numbers("gradient of all terms", found["grad_all"], expected["grad_all"], together=True))
    made += stage_checks(found, expected)
    return [*made, shape_check(found, expected), end_check(found, expected), svg_check(name, expected)]


COUNTS = ("inputs", "live", "objectives", "constraints")
"""Not "nodes": how many scalars a graph has is everybody's own affair."""


def one_table(made: Iterable[Check]) -> str:
    """A row a check."""
    rows = [f"| {c.what} | {c.mark} | {_cell(c.words)} |" for c in made]
    return "\n".join(["| what | agrees | difference |", "|---|---|---|", *rows])


def _cell(words: str) -> str:
    return words.replace("|", "\\|")[:200]


COLUMNS = {
    "inputs": ("counts", "inputs", "live inputs"),
    "terms": ("objectives", "constraints", "arguments"),
    "x0": ("x0",),
    "values": ("objective values", "constraint values"),
    "energy": ("energy",),
    "gradient": ("gradient",),
    "stages": ("stages", "obj", "con", "fixed"),
    "shapes": ("shapes",),
    "SVG": ("SVG",),
}
"""The columns of the large table, and how the names of their checks begin."""


def many_table(made: dict[str, list[Check]]) -> str:
    """A row a diagram; below it how many agree, how ends compare, and what fails."""
    lines = [f"| diagram | {' | '.join(COLUMNS)} | end |", f"|---{'|---' * len(COLUMNS)}|---|"]
    ends: Counter[str] = Counter()
    agreeing: Counter[str] = Counter()
    failures: list[str] = []
    for name, listed in made.items():
        cells: list[str] = []
        for column, beginnings in COLUMNS.items():
            answers = [c.agrees for c in listed if c.what in beginnings or c.what.split(" of ")[0] in beginnings]
            agrees = False if False in answers else True if True in answers else None
            agreeing[column] += agrees is True
            cells.append(Check(column, agrees).mark)
        end = next(c.words for c in listed if c.what == "end").split(":")[0]
        ends[end] += 1
        lines.append(f"| {name} | {' | '.join(cells)} | {end} |")
        failures += [f"- {name}: {c.what}: {c.words[:200]}" for c in listed if c.agrees is False]
    lines.append(f"| **{len(made)}** | {' | '.join(str(agreeing[c]) for c in COLUMNS)} | {_counted(ends)} |")
    return "\n".join([*lines, *(["", "What does not agree:", "", *failures] if failures else [])])


def _counted(ends: Counter[str]) -> str:
    return ", ".join(f"{n} {end}" for end, n in ends.most_common())


def files(given: Iterable[Path]) -> Iterator[Path]:
    """The files, and all that folders hold."""
    for path in given:
        yield from sorted(path.glob("*.json")) if path.is_dir() else (path,)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the number of failed checks decides the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="inspected diagrams, or folders of them")
    parser.add_argument("--reference", type=Path, default=kit.REFERENCE, help="the folder of references")
    given = parser.parse_args(arguments)
    made: dict[str, list[Check]] = {}
    for file in files(given.files):
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or "trio" not in found:
            continue  # functions.json, in the references' own folder
        name = found["trio"].replace("/", "__")
        reference = given.reference / f"{name}.json"
        if not reference.exists():
            print(f"{file}: there is no reference {reference}", file=sys.stderr)
            continue
        made[name] = checks(found, json.loads(reference.read_text(encoding="utf-8")), name)
    if not made:
        print("nothing to compare: expected files with the key trio, and their references", file=sys.stderr)
        return 2
    print(one_table(next(iter(made.values()))) if len(made) == 1 else many_table(made))
    return int(any(c.agrees is False for listed in made.values() for c in listed))


if __name__ == "__main__":
    sys.exit(main())
