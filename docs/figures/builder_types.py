"""What editors know of diagrams in Python: the library's items, and the properties of shapes, as types.

    python docs/figures/builder_types.py     # writes properties.py, handles.pyi and verbs.pyi of the builder

At run time the library answers by name, so these say nothing that it does not. tests/diagrams/test_builder.py holds
them to it.
"""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

from rosesim.diagrams import kinds
from rosesim.diagrams.builder.handles import KINDS
from rosesim.diagrams.builder.names import spellings
from rosesim.diagrams.library import items
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.style.printing import plain

FOLDER = Path(__file__).parents[2] / "rosesim" / "diagrams" / "builder"
MADE = "by docs/figures/builder_types.py, from rosesim.diagrams.{of}"

POSITIONAL = {
    "Polygon": ("points",), "Polyline": ("points",), "Line": ("start", "end"), "Path": ("d",),
    "Equation": ("string",), "Text": ("string",), "Image": ("href",), "Group": ("shapes", "clip_path"),
}  # fmt: skip
"""What the canvas's methods take by position."""

WRITTEN = {
    kinds.NUMBER: "Number",
    kinds.VECTOR2: "VecLike",
    kinds.COLOR: "ColorLike",
    kinds.STRING: "str",
    kinds.BOOLEAN: "bool",
    kinds.PATH: "PathLike",
    kinds.ANY_ROWS: "Sequence[VecLike]",
    kinds.SHAPES: "Sequence[Shape]",
    kinds.CLIP: "Shape | Clip",
    kinds.VECTOR: "VecLike",
    kinds.VECTOR3: "VecLike",
    kinds.VECTOR4: "VecLike",
    kinds.POINTS: "Sequence[VecLike]",
    kinds.ROWS: "Sequence[VecLike]",
    kinds.PATHS: "Sequence[PathLike]",
    kinds.SHAPE: "Shape",
    kinds.PATH_TYPE: 'Literal["open", "closed"]',
}
READ = {
    "VecLike": "Vec",
    "ColorLike": "Color",
    "Sequence[VecLike]": "list[Vec]",
    "Sequence[Shape]": "list[Shape]",
    "Shape | Clip": "Clip",
}
GIVEN = {
    "Number": "Number",
    "Vector": "Vec",
    "Rows": "list[Vec]",
    "Path": "PathLike",
    "Color": "Color",
    "Clip": "Clip",
}
"""What functions give, by what their Python functions do."""


def written(kind: kinds.Kind) -> str:
    """The type of what may be written for a kind."""
    shapes = re.findall(r"\ban? ([A-Z]\w+)", kind.name)
    return " | ".join(shapes) if shapes else WRITTEN[kind]


def properties() -> str:
    """properties.py: what the canvas's methods take by name."""
    lines = [
        '"""The properties of shapes as the canvas\'s methods take them by name.',
        "",
        f"Written {MADE.format(of='shapes')}.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from typing import TypedDict",
        "",
        "from rosesim.diagrams.builder.convert import ColorLike",
        "from rosesim.diagrams.builder.vec import VecLike",
        "from rosesim.diagrams.scalars import Number",
        "",
        "",
        "class Properties(TypedDict, total=False):",
        '    """Of all shapes."""',
        "",
        "    name: str",
        "    attributes: Mapping[str, str | float]",
        '    """What the SVG element has as it is."""',
        "    ensure_on_canvas: bool",
    ]
    for kind in KINDS:
        lines += ["", "", f"class {kind}Properties(Properties, total=False):", f'    """Of {kind}."""', ""]
        named = [
            f"    {name}: {written(SHAPES[kind].properties[p].kind)}{' | float' if p == 'fontSize' else ''}"
            for name, p in spellings(kind).items()
            if name != "ensure_on_canvas" and name not in POSITIONAL.get(kind, ())
        ]
        lines += named or ["    pass"]
    return "\n".join([*lines, ""])


def handles() -> str:
    """handles.pyi: shapes with their properties."""
    lines = [
        f"# Written {MADE.format(of='shapes')}.",
        "",
        "from collections.abc import Sequence",
        "from typing import Any",
        "",
        "from rosesim.diagrams.builder.convert import ColorLike, PathLike",
        "from rosesim.diagrams.builder.vec import Vec, VecLike",
        "from rosesim.diagrams.scalars import Number",
        "from rosesim.diagrams.values import Clip, Color, Shape",
        "",
        "class Drawn(Shape): ...",
        "",
        "def checked(kind: str, path: str, name: str, value: Any) -> Any: ...",
    ]
    for kind in KINDS:
        lines += ["", f"class {kind}(Drawn):"]
        for name, p in spellings(kind).items():
            may = written(SHAPES[kind].properties[p].kind)
            reads = READ.get(may, may)
            more = " | float" if p == "fontSize" else ""
            lines += [
                "    @property",
                f"    def {name}(self) -> {reads}: ...",
                f"    @{name}.setter",
                f"    def {name}(self, value: {may}{more}) -> None: ...",
            ]
    return "\n".join([*lines, "", "KINDS: dict[str, type[Drawn]]", ""])


def verbs() -> str:
    """verbs.pyi: the library's items as methods."""
    lines = [
        f"# Written {MADE.format(of='library')}.",
        "# ruff: noqa: E501 -- docstrings of functions, which are one level deeper here",
        "",
        "from collections.abc import Sequence",
        "from typing import Any, Literal",
        "",
        "from rosesim.diagrams.builder.canvas import Canvas",
        "from rosesim.diagrams.builder.convert import ColorLike, PathLike",
        "from rosesim.diagrams.builder.handles import (",
        "    Circle, Ellipse, Equation, Group, Image, Line, Path, Polygon, Polyline, Rectangle, Text,",
        ")",
        "from rosesim.diagrams.builder.vec import Vec, VecLike",
        "from rosesim.diagrams.library import Item",
        "from rosesim.diagrams.problem import Term",
        "from rosesim.diagrams.scalars import Number",
        "from rosesim.diagrams.values import Clip, Color, Shape, Value",
        "",
        "StagesLike = str | Sequence[str] | None",
        "",
        "class Verb:",
        "    def __init__(self, canvas: Canvas) -> None: ...",
        "",
        "def arguments(item: Item, args: Sequence[Any], named: dict[str, Any]) -> tuple[Value, ...]: ...",
    ]
    for name, table in (
        ("Ensure", items.CONSTRAINTS),
        ("Encourage", items.OBJECTIVES),
        ("Functions", items.FUNCTIONS),
    ):
        lines += ["", f"class {name}(Verb):"]
        for item in table.values():
            parameters = ["self", *(_parameter(p) for p in item.params)]
            gives = "Term"
            if name == "Functions":
                gives = GIVEN[inspect.signature(item.run).return_annotation]
            else:
                parameters += ["*", "stages: StagesLike = None"]
            lines += [f"    def {item.name}({', '.join(parameters)}) -> {gives}:", *_doc(item.doc)]
    return "\n".join([*lines, ""])


def _parameter(p: items.Param) -> str:
    default = p.default
    if default is None:
        return f"{p.name}: {written(p.kind)}"
    shown = repr(default) if isinstance(default, bool | str) else "..."
    return f"{p.name}: {written(p.kind)} = {plain(default) if isinstance(default, float) else shown}"


def _doc(text: str) -> list[str]:
    first, *rest = text.splitlines()
    if not rest:
        return [f'        """{first}"""']
    return [f'        """{first}', *(f"        {line}".rstrip() for line in rest), '        """']


FILES = {"properties.py": properties, "handles.pyi": handles, "verbs.pyi": verbs}

if __name__ == "__main__":
    for name, text in FILES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8")
    subprocess.run(["ruff", "check", "--fix", *(str(FOLDER / name) for name in FILES)], check=True)
    subprocess.run(["ruff", "format", *(str(FOLDER / name) for name in FILES)], check=True)
