"""Label sizes from a table instead of a typesetter: for tests, and for pictures that must not depend on fonts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.problem import Problem
from rosesim.diagrams.values import Shape

FONT = ("fontStyle", "fontVariant", "fontWeight", "fontStretch", "fontSize", "lineHeight", "fontFamily")
"""The properties of a Text that name its font in a table, joined by "|"."""


class LabelKey(NamedTuple):
    """What decides a label's size: "Equation" or "Text", the string, and the font."""

    kind: str
    string: str
    font: str


class LabelSize(NamedTuple):
    """The size of a label in pixels."""

    width: float
    height: float
    ascent: float
    descent: float


def label_key(shape: Shape) -> LabelKey:
    """The key of an Equation or a Text: an Equation's font is its size alone.

    >>> label_key(Shape("Equation", "a.text", {"string": "x^2", "fontSize": "16px"}))
    LabelKey(kind='Equation', string='x^2', font='16px')
    """
    names = FONT if shape.kind == "Text" else ("fontSize",)
    font = "|".join(str(shape.properties.get(name, "")) for name in names)
    return LabelKey(shape.kind, str(shape.properties.get("string", "")), font)


def fill_labels(problem: Problem, sizes: Mapping[LabelKey, LabelSize]) -> None:
    """Writes the sizes of all labels into the start of `problem`.

    Raises a DiagramError that names all labels which `sizes` has not.
    """
    faults: list[Fault] = []
    for shape in problem.all_shapes:
        found = problem.label_inputs.get(shape.name)
        if found is None:
            continue
        key = label_key(shape)
        size = sizes.get(key)
        if size is None:
            sentence = (
                f'no size is known for {shape.name}, {key.kind} "{key.string}" in {key.font}; add it to the table'
            )
            faults.append(Fault("LabelError", sentence, shape.place))
            continue
        for name, index in found.items():
            problem.x0[index] = getattr(size, name)
    if faults:
        raise DiagramError(faults)
