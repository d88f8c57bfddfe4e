"""Where a line ends that is drawn to a shape: at its outline, on the way to its centre."""

from __future__ import annotations

from typing import Any

from rosesim.diagrams.boxes import center, number
from rosesim.diagrams.builder.mistakes import mistake
from rosesim.diagrams.builder.vec import Vec, components
from rosesim.diagrams.scalars import EPS, Number, absolute, add, div, maximum, mul
from rosesim.diagrams.shapes import RECTLIKE
from rosesim.diagrams.values import Shape
from rosesim.diagrams.vectors import least, length, minus, plus, times, turned

ROUND = ("Circle", "Ellipse")


def ends(start: Any, end: Any) -> tuple[Any, Any]:
    """The ends of a line that is drawn from `start` to `end`, each a point, or a shape in whose outline it ends.

    The line lies on that between the centres. Where the shapes overlap, or one holds the point, it has no length to
    speak of: it never runs backwards.
    """
    return _on(start, end), _on(end, start)


def _on(end: Any, other: Any) -> Any:
    """The point of a shape's outline on the way from its centre to the other end; a point is itself."""
    if not isinstance(end, Shape):
        return end
    if end.kind not in (*ROUND, *RECTLIKE):
        expected = "a circle, an ellipse, a rectangle, a text, an equation, an image, or a point"
        raise mistake("BadArgumentTypeError", f"a line cannot end at the outline of {end!r}; expected {expected}")
    to = center(other) if isinstance(other, Shape) else components(other)
    if to is None or len(to) != 2:
        raise mistake("BadArgumentTypeError", f"a line has {end!r} and {other!r} as ends; expected shapes or points")
    middle = center(end)
    way = minus(to, middle)
    return Vec(plus(middle, times(least([_share(end, way), 1.0]), way)))


def _share(shape: Shape, way: tuple[Number, ...]) -> Number:
    """How many times `way`, from the shape's centre on, lead to its outline, with half of its stroke."""
    half = mul(0.5, number(shape, "strokeWidth"))
    if shape.kind == "Circle":
        return div(add(number(shape, "r"), half), maximum(length(way), EPS))
    if shape.kind == "Ellipse":
        x, y = (div(w, add(number(shape, name), half)) for w, name in zip(way, ("rx", "ry"), strict=True))
        return div(1.0, maximum(length((x, y)), EPS))
    x, y = turned((way[0], way[1]), number(shape, "rotation"))
    sides = (add(mul(0.5, number(shape, name)), half) for name in ("width", "height"))
    return least([div(side, maximum(absolute(w), EPS)) for side, w in zip(sides, (x, y), strict=True)])
