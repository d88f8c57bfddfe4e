"""Labels: how large Equations and Texts are, and the outlines of equations.

    size = measure("Equation", "x_1", Font("16px"))      # by the fonts that come with rosesim[diagrams]
    labels = Table.of(rows)                              # or as somebody measured them
    measure_into(problem, labels)                        # writes sizes into the start of a diagram

`Labels` is what both have in common; the SVG of a picture is written with one.
"""

from __future__ import annotations

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels.equations import Outline, Typeset, typeset
from rosesim.diagrams.labels.fonts import Font, Size, font_of, pixels, string_of
from rosesim.diagrams.labels.table import Labels, Measured, Table
from rosesim.diagrams.labels.texts import Texts
from rosesim.diagrams.problem import Problem

__all__ = [
    "Font",
    "Labels",
    "Measured",
    "Outline",
    "Size",
    "Table",
    "Texts",
    "Typeset",
    "font_of",
    "measure",
    "measure_into",
    "pixels",
    "string_of",
    "typeset",
]


def measure(kind: str, string: str, font: Font) -> Size:
    """The box of an "Equation" (TeX in mathematics mode) or a "Text", in pixels.

    Raises `DiagramError` where the string cannot be typeset, the font size has an unknown unit, or the extra is
    missing.

    >>> size, twice = (measure("Equation", "x", Font(s)) for s in ("10px", "20px"))
    >>> round(twice.width / size.width, 9), size.descent < size.ascent
    (2.0, True)
    """
    return Measured().measure(kind, string, font)


def measure_into(problem: Problem, labels: Labels) -> None:
    """Write the sizes of a problem's labels into its start, `x0`.

    Raises `DiagramError` with all labels that cannot be measured.
    """
    faults: list[Fault] = []
    for shape in problem.all_shapes:
        inputs = problem.label_inputs.get(shape.name)
        if inputs is None:
            continue
        try:
            size = labels.measure(shape.kind, string_of(shape), font_of(shape))
        except DiagramError as error:
            faults += [Fault(f.kind, f"{shape.name}: {f.sentence}", shape.place) for f in error.faults]
            continue
        for name, index in inputs.items():
            problem.x0[index] = getattr(size, name)
    if faults:
        raise DiagramError(faults)
