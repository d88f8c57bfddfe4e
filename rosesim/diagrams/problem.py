"""What a diagram's three texts come to: inputs, terms, and shapes in drawing order."""

from __future__ import annotations

from dataclasses import dataclass, field

from rosesim.diagrams.errors import NOWHERE, DiagramError, Fault, Place
from rosesim.diagrams.values import Shape, Value


@dataclass(frozen=True, slots=True)
class Input:
    """An optimiser's input: `x[index]`.

    `path` and `what` say whose it is: a shape's path and property ("center" stands in two inputs), or an expression's
    path and "?", or a random function's name. `kind` says how it starts: "drawn" uniformly from [low, high), "given"
    at `low`, "label" (measured) or "random" (drawn, then fixed). `stages` are the numbers of the layout stages in
    which it moves.
    """

    path: str
    what: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    stages: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Term:
    """An objective or a constraint: library item `name` with its arguments, which hold `Scalar`s.

    `printed` are the arguments as people read them: paths, numbers, expressions. The implicit constraints are
    "onCanvas" of (shape, canvas width, canvas height).
    """

    name: str
    args: tuple[Value, ...]
    printed: tuple[str | float, ...]
    stages: frozenset[int]
    place: Place = NOWHERE

    def written(self) -> str:
        """As people read it.

        >>> Term("near", (), ("a.icon", 3.0), frozenset()).written()
        'near(a.icon, 3)'
        """
        return f"{self.name}({', '.join(a if isinstance(a, str) else f'{a:g}' for a in self.printed)})"


@dataclass(slots=True)
class Problem:
    """A diagram that is ready to be laid out."""

    canvas: tuple[float, float]
    stages: tuple[str, ...]
    """`("",)` where none was declared."""
    inputs: list[Input]
    x0: list[float]
    """The start. Labels are measured into it."""
    objectives: list[Term]
    constraints: list[Term]
    shapes: list[Shape]
    """At top level, in drawing order (the first lies at the bottom); a group's members are in its `shapes`."""
    all_shapes: list[Shape] = field(default_factory=list)
    """All shapes, members of groups too, in the order in which they came about (the node order)."""
    label_inputs: dict[str, dict[str, int]] = field(default_factory=dict)
    """For the path of each Equation and Text: its inputs by property (width, height, ascent, descent)."""
    warnings: list[Fault] = field(default_factory=list)
    cut_at_start: bool = False
    """Whether an expression cuts a polygon into convex parts where it starts: another start is another problem."""
    matched: dict[str, str] = field(default_factory=dict)
    """For each match of a block that has inputs (as paths begin, "6:8"): the block and its objects by name."""

    def visible_canvas(self) -> tuple[float, float]:
        """The canvas's width and height. Raises DiagramError where nothing of it could be seen."""
        width, height = self.canvas
        if not (width and height):
            sentence = f"the canvas is {width:g} pixels wide and {height:g} high; expected both above 0"
            raise DiagramError(Fault("CanvasNonexistentDimsError", sentence))
        return width, height
