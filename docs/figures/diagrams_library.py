"""docs/diagrams-library.md, from the tables of shapes and the docstrings of the library of diagrams.

    python docs/figures/diagrams_library.py

An item's docstring is its formula. The page has all items by subject, with the kinds of their arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from types import ModuleType

from rosesim.diagrams.library import SUBJECTS, Item, items
from rosesim.diagrams.shapes import RECTLIKE, SHAPES, Measured, Property, Sampled, ShapeKind
from rosesim.diagrams.values import Clip, Color, Rows, Shapes, Value
from rosesim.diagrams.values import Path as PathData

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "diagrams-library.md"

HEAD = (
    "# The library of diagrams\n\n"
    "What a Style text can draw and call: the shapes, the functions, the objectives and the constraints. Names and "
    "formulas are Penrose's. [diagrams.md](diagrams.md) is the tutorial, "
    "[diagrams-language.md](diagrams-language.md) the reference of the three languages. This page is made from the "
    "code by `python docs/figures/diagrams_library.py`.\n\n"
    "In formulas eps = 1e-5, |v| is the Euclidean norm, and normalise v = v / (|v| + eps). Lengths are in pixels of "
    "the canvas, its origin in the middle, y upwards. Angles are in radians, but `rotation` is in degrees, "
    "clockwise. A parameter with `=` may be left out.\n\n"
)
SHAPES_HEAD = (
    "## Shapes\n\n"
    "Every shape has `ensureOnCanvas`; where it is `true`, as it is by default, the constraint `onCanvas` holds it "
    "on the canvas. A number that is *free* by default is drawn at the start and moved by the solver. What is "
    "*drawn* differs with the seed as well, and stays. What is *measured* is the size of the label. A property that "
    "neither a shape nor SVG knows is told by a warning; one that SVG knows (`strokeLinejoin`, `opacity`, `style`) "
    "goes into the picture as it is.\n\n"
    f"*Rectlike* shapes have a centre, a width and a height: {', '.join(RECTLIKE)}.\n\n"
)
OBJECTIVES_HEAD = "## Objectives\n\nWhat `encourage` makes small: their sum is minimised.\n\n"
CONSTRAINTS_HEAD = (
    "## Constraints\n\n"
    "What `ensure` asks for: a number that is at most 0 where it holds. `a < b`, `a == b` and `a > b` are "
    "`lessThan`, `equal` and `greaterThan`.\n\n"
)
HIDDEN = ("name", "ensureOnCanvas")
"""Of all shapes: not repeated in the table."""

W, H = 600.0, 1200.0
"""A canvas whose numbers can be told apart."""
SYMBOLS = {-W / 2: "−W/2", W / 2: "W/2", -H / 2: "−H/2", H / 2: "H/2", W / 6: "W/6", H / 6: "H/6"}


def _number(x: float) -> str:
    return SYMBOLS.get(x, f"{x:g}")


def _value(v: Value) -> str:
    match v:
        case bool():
            return f"`{str(v).lower()}`"
        case float() | int():
            return f"{v:g}"
        case str():
            return f'`"{v}"`' if v else "empty"
        case Color("none", _):
            return "none"
        case Color():
            return "black"
        case Rows(rows, _):
            return ", ".join(f"({', '.join(f'{x:g}' for x in row if isinstance(x, float))})" for row in rows)
        case Shapes() | PathData() | Clip():
            return "empty"
        case _:
            raise AssertionError(v)


def _default(p: Property) -> str:
    match p.default:
        case Sampled(ranges):
            if p.name == "fillColor":
                return "drawn, half clear"
            found = [" to ".join(map(_number, r(W, H))) for r in ranges]
            return "free, " + (found[0] if len(found) == 1 else f"({', '.join(found)})")
        case Measured():
            return "measured"
        case value:
            return _value(value)


def _shape(kind: ShapeKind) -> str:
    given = [f"`{p.name}` {_default(p)}" for p in kind.properties.values() if p.name not in HIDDEN]
    return f"| {kind.name} | {'; '.join(given)} |\n"


def shapes() -> str:
    """The table of shapes."""
    rows = "".join(map(_shape, SHAPES.values()))
    return SHAPES_HEAD + "| shape | properties and their defaults |\n| --- | --- |\n" + rows


def _kinds(item: Item) -> str:
    """Which parameters are of which kind: neighbours of one kind together."""
    groups = groupby(item.params, lambda p: p.kind.name)
    return "; ".join(f"{', '.join(p.name for p in of)}: {kind}" for kind, of in groups)


def entry(item: Item) -> str:
    """An item as a bullet: how it is called, its formula, its arguments."""
    first, *rest = item.doc.split("\n")
    lines = [f"- **`{item.signature}`** {first}", *(f"  {line}".rstrip() for line in rest)]
    kinds = _kinds(item)
    if kinds and rest:
        lines += ["", f"  *{kinds}*"]
    elif kinds:
        lines[0] += f" *{kinds}*"
    return "\n".join(lines) + "\n"


def _of(table: dict[str, Item], modules: Sequence[ModuleType]) -> Iterable[Item]:
    names = [m.__name__ for m in modules]
    return (i for i in table.values() if i.run.__module__ in names)


def _section(title: str, found: Iterable[Item]) -> str:
    entries = "".join(map(entry, found))
    return f"{title}\n\n{entries}\n" if entries else ""


def page() -> str:
    """The whole page."""
    functions = "".join(
        _section(f"### {(m.__doc__ or '').splitlines()[0].rstrip('.')}", _of(items.FUNCTIONS, [m])) for m in SUBJECTS
    )
    return "\n".join(
        (
            HEAD + shapes(),
            "## Functions\n\n" + functions.rstrip() + "\n",
            OBJECTIVES_HEAD + "".join(map(entry, items.OBJECTIVES.values())),
            CONSTRAINTS_HEAD + "".join(map(entry, items.CONSTRAINTS.values())),
        )
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
