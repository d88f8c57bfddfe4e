"""Graphs of numbers as a *tape*, which a page computes without Python: steps over one vector of values.

The values are the inputs, then constants, then what the steps give, each of earlier ones. A picture is a few thousand
operations a frame, so a page interprets them (`web/page/tape.js`) in less than a millisecond. As compiled code they
would take longer to make, and not be smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rosesim.diagrams.scalars import FOLDING, OPERATORS, Number, Scalar, graph

OPS = tuple(OPERATORS)
"""The operators, by their codes."""


@dataclass(frozen=True, slots=True)
class Tape:
    """Steps over inputs and constants."""

    inputs: int
    """How many there are."""
    constants: tuple[float, ...]
    steps: tuple[tuple[str, tuple[int, ...]], ...]
    """An operator, and the places of its operands among the values."""
    places: tuple[int, ...]
    """Where the values of the roots are."""

    def at(self, x: Sequence[float]) -> list[float]:
        """The roots' numbers where the inputs are x."""
        values = [*x, *self.constants]
        for op, operands in self.steps:
            values.append(OPERATORS[op](*(values[k] for k in operands)))
        return [values[k] for k in self.places]


def tape(roots: Sequence[Number], inputs: int, known: Mapping[int, float]) -> Tape:
    """The tape of some roots. `known` are inputs that never change: what is computed of them alone is a constant.

    >>> a, b = Scalar("input", index=0), Scalar("input", index=1)
    >>> made = tape([a * a, 5.0, a * a + b], 2, {1: 4.0})
    >>> made.at([3.0, 0.0]), made.steps
    ([9.0, 5.0, 13.0], (('mul', (0, 0)), ('add', (4, 3))))
    """
    folded = _folded(roots, known)
    nodes = graph(folded)
    constants: dict[str, float] = {}
    for a in (*folded, *(a for n in nodes for a in n.args)):
        if not isinstance(a, Scalar):
            constants.setdefault(repr(float(a)), float(a))
    where = {key: inputs + k for k, key in enumerate(constants)}
    places: dict[int, int] = {}
    steps: dict[tuple[str, tuple[int, ...]], int] = {}

    def place(a: Number) -> int:
        return places[a.number] if isinstance(a, Scalar) else where[repr(float(a))]

    for n in nodes:
        if n.op == "input":
            places[n.number] = n.index
        else:
            step = n.op, tuple(map(place, n.args))
            places[n.number] = steps.setdefault(step, inputs + len(constants) + len(steps))
    return Tape(inputs, tuple(constants.values()), tuple(steps), tuple(map(place, folded)))


def _folded(roots: Sequence[Number], known: Mapping[int, float]) -> list[Number]:
    """The roots where some inputs are numbers."""
    made: dict[int, Number] = {}
    for n in graph(roots):
        if n.op == "input":
            made[n.number] = known.get(n.index, n)
        else:
            args = [made[a.number] if isinstance(a, Scalar) else a for a in n.args]
            stays = all(a is b for a, b in zip(args, n.args, strict=True))
            made[n.number] = n if stays else FOLDING[n.op](*args)
    return [made[r.number] if isinstance(r, Scalar) else r for r in roots]
