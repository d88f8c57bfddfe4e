"""The layers of the project, read off its imports: a drawing for docs/architecture.md, and its table.

    python docs/figures/layers.py            # draws docs/pictures/architecture.svg, prints the table

A room is a folder of rosesim; `ad` and `codegen` have rooms of their own. tests/house/test_layers.py holds the
imports to `ROOMS`. Imports within functions count as arrows, too; circles are looked for at the top of files alone.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"

AD = tuple(
    f"ad.{name}"
    for name in (
        "support", "program", "passes", "derive", "instrument", "dependencies", "language", "transforms",
    )
)  # fmt: skip
CODEGEN = tuple(
    f"codegen.{name}"
    for name in ("slots", "artifact", "passes", "planned", "target", "limits", "pipeline", "llvm", "runtime", "wasm")
)

ROOMS: dict[str, tuple[str, ...]] = {
    # Each room, from the bottom up, and what it may import besides itself.
    "ad.support": (),
    "ad.program": AD[:1],
    "ad.passes": AD[:2],
    "ad.derive": AD[:3],
    "ad.instrument": AD[:3],
    "ad.dependencies": AD[:2],
    "ad.language": AD[:6],
    "ad.transforms": AD[:7],
    "codegen.slots": AD[:2],
    "codegen.artifact": AD[:2],
    "codegen.passes": AD[:4],
    "codegen.planned": (*AD[:2], "codegen.passes"),
    "codegen.target": (*AD[:2], "codegen.artifact", "codegen.planned"),
    "codegen.limits": (*AD[:2], "codegen.target"),
    "codegen.pipeline": (*AD[:5], "codegen.passes", "codegen.planned", "codegen.target"),
    "codegen.llvm": (*AD[:2], *(r for r in CODEGEN[:6])),
    "codegen.runtime": (*AD[:2], "codegen.slots", "codegen.artifact", "codegen.llvm"),  # the last to link
    "codegen": (*AD, *CODEGEN[:-1]),
    "codegen.wasm": (*AD[:7], *CODEGEN[:8], "codegen"),  # chooses its target, as `codegen` does
    "numerics": AD,
    "robots.description": (),
    "robots.files": ("robots.description",),
    "robots": (*AD, "numerics", "robots.description", "robots.files"),
    "diagrams": (*AD, *CODEGEN[:-1], "codegen"),  # keeps its programs on disk itself
    "checks": (*AD, "codegen"),
    "scenes": (*AD, "codegen", "codegen.llvm", "checks"),  # `bench` compiles anew, past the cache
    "optimise": (*AD, "scenes"),
    "train": (*AD, *CODEGEN, "codegen", "scenes", "optimise"),
    "view": (*AD, "codegen", "checks", "scenes", "optimise", "diagrams"),
    "interop": (*AD, *CODEGEN, "codegen", "scenes", "view"),
    "testing": (*AD, "checks", "scenes", "train"),
    "web": (*AD, *CODEGEN, "codegen", "checks", "scenes", "optimise", "train", "view", "diagrams"),
    "cli": (*AD, *CODEGEN, "codegen", "checks", "scenes", "optimise", "train", "view", "web", "robots", "diagrams"),
}


@dataclass(frozen=True)
class Import:
    """One import of one of our modules by another."""

    of: str
    line: int
    is_late: bool
    """Within a function."""
    is_for_types: bool
    """Under `if TYPE_CHECKING`."""


Imports = Mapping[str, list[Import]]


def modules() -> dict[str, Path]:
    """The files of the package by their dotted names, without those of templates."""
    files = (f for f in sorted((ROOT / "rosesim").rglob("*.py")) if "template" not in f.parts)
    return {".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): f for f in files}


@cache
def imports() -> Imports:
    """What each of our modules imports of ours."""
    files = modules()
    parsed = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in files.items()}
    return {name: [i for i in _of(tree, files, False, False) if i.of != name] for name, tree in parsed.items()}


def _of(node: ast.AST, files: Mapping[str, Path], late: bool, types: bool) -> Iterator[Import]:
    match node:
        case ast.Import(names):
            yield from (Import(a.name, node.lineno, late, types) for a in names if a.name in files)
        case ast.ImportFrom(str(module), names):
            for a in names:
                of = f"{module}.{a.name}" if f"{module}.{a.name}" in files else module
                if of in files:
                    yield Import(of, node.lineno, late, types)
        case _:
            late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            types = types or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
            for child in ast.iter_child_nodes(node):
                if isinstance(child, _BLOCKS):  # no expression holds an import, and most nodes are expressions
                    yield from _of(child, files, late, types)


_BLOCKS = ast.stmt, ast.ExceptHandler, ast.match_case


PUBLIC = frozenset(
    f"rosesim.{name}" for name in ("control", "implicit", "integrate", "linalg", "random", "rotations")
)
"""Modules that are nothing but the public names of rooms of the library."""


def room(module: str) -> str:
    """The room that a module is in: the longest that begins its name."""
    if module in PUBLIC:
        return "numerics"
    name = module.removeprefix("rosesim.")
    found = [r for r in ROOMS if name == r or name.startswith(f"{r}.")]
    return max(found, key=len, default=name)


def arrows(of: Imports) -> dict[tuple[str, str], list[str]]:
    """From room to room, with the imports that draw each arrow."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, each in of.items():
        for i in each:
            if room(name) != room(i.of) and name not in ("rosesim", "rosesim.__main__"):
                found.setdefault((room(name), room(i.of)), []).append(f"{name}:{i.line} imports {i.of}")
    return found


def uphill(of: Imports) -> list[str]:
    """The imports that a room may not have."""
    return [line for (a, b), lines in arrows(of).items() if b not in ROOMS.get(a, ()) for line in lines]


def circle(of: Imports) -> list[str]:
    """Modules that import each other in a circle at the top of their files; none where there is no circle."""
    above = {name: {i.of for i in each if not i.is_late and not i.is_for_types} for name, each in of.items()}
    try:
        graphlib.TopologicalSorter(above).prepare()
    except graphlib.CycleError as e:
        return list(e.args[1])
    return []


def closes_a_circle(of: Imports) -> list[tuple[str, Import]]:
    """The late imports that would close a circle at the top of their files."""
    above = {name: {i.of for i in each if not i.is_late and not i.is_for_types} for name, each in of.items()}
    return [(name, i) for name, each in of.items() for i in each if i.is_late and name in _reached(above, i.of)]


def _reached(above: Mapping[str, set[str]], start: str) -> set[str]:
    seen, ahead = {start}, [start]
    while ahead:
        for name in above[ahead.pop()] - seen:
            seen.add(name)
            ahead.append(name)
    return seen


# -------------------------------------------------------------------------------------- the drawing

BOX, HIGH, ROW = 124, 30, 62
"""Width and height of a box, and from row to row."""
PLACES = {
    # Each room's left edge and row: the language on the left, machine code on the right, the rest above both.
    "cli": (320, 0), "web": (530, 1), "train": (250, 1), "view": (390, 1), "optimise": (320, 2), "scenes": (320, 3),
    "checks": (320, 4),
    "ad.transforms": (160, 5), "ad.language": (160, 6), "ad.dependencies": (20, 7), "ad.derive": (160, 8),
    "ad.instrument": (300, 7), "ad.passes": (160, 9), "ad.program": (160, 10), "ad.support": (160, 11),
    "codegen.wasm": (560, 4), "codegen": (560, 5),
    "codegen.runtime": (630, 6), "codegen.llvm": (630, 7), "codegen.pipeline": (490, 7),
    "codegen.limits": (630, 8), "codegen.target": (560, 9), "codegen.planned": (490, 10),
    "codegen.artifact": (630, 10),
    "codegen.passes": (490, 11), "codegen.slots": (630, 11),
}  # fmt: skip
COLOURS = {"ad": "#dce6f7", "codegen": "#fbe5d3"}


def drawing(of: Imports) -> str:
    """The rooms, and an arrow for each import of one by another that others do not imply.

    What codegen imports of `ad` is drawn pale: it may import all of it that its own rooms do not leave out.
    """
    wide, high = 774, 12 * ROW + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" '
        'font-family="sans-serif" font-size="13" text-anchor="middle">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#555"/></marker></defs>',
        f'<rect width="{wide}" height="{high}" fill="#fff"/>',
    ]
    for a, b in sorted(_direct({(a, b) for a, b in arrows(of) if a in PLACES and b in PLACES})):
        (xa, ra), (xb, rb) = PLACES[a], PLACES[b]
        across = a.startswith("codegen") and b.startswith("ad.")
        x1, y1 = xa + BOX / 2, 20 + ra * ROW + HIGH
        x2, y2 = xb + BOX / 2, 20 + rb * ROW
        if across:
            x1, y1, x2, y2 = xa, y1 - HIGH / 2, xb + BOX, y2 + HIGH / 2
        bend = (BOX * 0.8 if xa > 400 else -BOX * 0.8) if x1 == x2 and rb - ra > 1 else 0.0
        middle = f"{x1 + bend:g},{y1 + 22:g} {x2 + bend:g},{y2 - 22:g}"
        shape = f"M{x1:g},{y1:g} L{x2:g},{y2:g}" if across else f"M{x1:g},{y1:g} C{middle} {x2:g},{y2 - 1:g}"
        stroke = "#c8c8c8" if across else "#555"
        lines.append(f'<path d="{shape}" fill="none" stroke="{stroke}" marker-end="url(#tip)"/>')
    for name, (x, r) in PLACES.items():
        y, colour = 20 + r * ROW, COLOURS.get(name.partition(".")[0], "#e3f3ea")
        lines.append(f'<rect x="{x}" y="{y}" width="{BOX}" height="{HIGH}" rx="4" fill="{colour}" stroke="#777"/>')
        lines.append(f'<text x="{x + BOX / 2:g}" y="{y + 20}">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _direct(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs that no longer way implies."""
    below: dict[str, set[str]] = {}
    for a, b in pairs:
        below.setdefault(a, set()).add(b)
    reach = {a: _reached({**{b: set[str]() for _, b in pairs}, **below}, a) for a in below}
    return {(a, b) for a, b in pairs if not any(b in reach.get(c, ()) and c != b for c in below[a])}


def table() -> str:
    """Files and lines a room, and its largest file, for the page."""
    rows: dict[str, list[tuple[int, str]]] = {}
    for name, file in modules().items():
        if "." in name:
            rows.setdefault(room(name), []).append((len(file.read_text(encoding="utf-8").splitlines()), file.name))
    lines = ["| room | files | lines | largest file |", "| --- | ---: | ---: | --- |"]
    for name in ROOMS:
        if found := rows.get(name):
            most = max(found)
            lines.append(f"| `{name}` | {len(found)} | {sum(n for n, _ in found)} | {most[1]} {most[0]} |")
    return "\n".join(lines)


def main() -> None:
    """Draw the picture and print the table."""
    found = imports()
    PICTURE.write_text(drawing(found), encoding="utf-8")
    print(table())
    print(f"uphill: {len(uphill(found))}; circles at the top of files: {1 if circle(found) else 0}")


if __name__ == "__main__":
    main()
