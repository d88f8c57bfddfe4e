"""Where a person can take hold of a diagram: shapes that can be moved, as numbers that a page computes.

`live` is the hand of this process, `web/page/hand.js` that of a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from rosesim.diagrams import boxes
from rosesim.diagrams.problem import Problem
from rosesim.diagrams.scalars import Number, graph
from rosesim.diagrams.values import Shape


@dataclass(frozen=True, slots=True)
class Grip:
    """A shape that can be moved."""

    name: str
    form: str
    """ "line", "round" or "box"."""
    extent: tuple[Number, Number, Number, Number]
    """A line's ends; of all others the middle, the width and the height of its box."""
    center: tuple[Number, ...]
    inputs: tuple[int, ...]
    """Those that decide its centre, and may move."""


def grips(problem: Problem) -> list[Grip]:
    """The shapes that can be moved, in drawing order, members in place of their groups.

    >>> from rosesim.diagrams import Canvas
    >>> d = Canvas(200, 100)
    >>> a, b = d.circle(center=(0, 0)), d.circle(center=(d.free(), 0), name="moves")
    >>> [(g.name, g.form) for g in grips(d.diagram().problem)]
    [('moves', 'round')]
    """
    found = [grip(problem, shape) for shape in leaves(problem.shapes)]
    return [g for g in found if g is not None and g.inputs]


def grip(problem: Problem, shape: Shape) -> Grip | None:
    """The grip of a shape; None where it has no box, and nothing of it is drawn."""
    try:
        center = tuple(boxes.center(shape))
        if shape.kind == "Line":
            form, extent = "line", (*boxes.point(shape, "start"), *boxes.point(shape, "end"))
        else:
            form, box = "round" if shape.kind in ("Circle", "Ellipse") else "box", boxes.box(shape)
            extent = (*box.center, box.width, box.height)
    except ValueError:
        return None
    inputs = sorted({n.index for n in graph(center) if n.op == "input" and problem.inputs[n.index].stages})
    return Grip(shape.name, form, cast(tuple[Number, Number, Number, Number], extent), center, tuple(inputs))


def leaves(shapes: Sequence[Shape]) -> Iterator[Shape]:
    """The shapes, members in place of their groups."""
    for shape in shapes:
        if shape.kind == "Group":
            yield from leaves(boxes.members(shape))
        else:
            yield shape
