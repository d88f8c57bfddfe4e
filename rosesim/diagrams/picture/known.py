"""A problem's shapes at given inputs: every number known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from rosesim.diagrams.problem import Problem
from rosesim.diagrams.scalars import OPERATORS, Scalar, evaluated, graph
from rosesim.diagrams.values import Clip, Shape, Shapes


class Shown:
    """A problem's shapes at one x after the other. A shape whose numbers stay is the very same object again.

    >>> a = Scalar("input", index=0)
    >>> dot, disc = Shape("Circle", "dot", {"r": 2.0 * a}), Shape("Circle", "disc", {"r": 9.0})
    >>> shown = Shown(Problem((100.0, 100.0), ("",), [], [1.0], [], [], [dot, disc]))
    >>> before, after = shown.at([3.0]), shown.at([4.0])
    >>> after[0].properties, after[1] is before[1]
    ({'r': 8.0}, True)
    """

    def __init__(self, problem: Problem):
        self._shapes = problem.shapes
        each: list[dict[int, Scalar]] = []
        for shape in problem.shapes:
            each.append({})
            _collect(shape, each[-1])
        nodes = graph([node for found in each for node in found.values()])
        self._places = {node.number: k for k, node in enumerate(nodes)}
        self._steps = [
            (
                None if n.op == "input" else OPERATORS[n.op],
                n.index,
                tuple((self._places.get(_number(a), -1), a) for a in n.args),
            )
            for n in nodes
        ]
        self._read = [[self._places[number] for number in found] for found in each]
        self._constant: set[int] = set()
        for shape in problem.shapes:
            _constants(shape, self._constant)
        self._before: list[tuple[list[float], Shape] | None] = [None] * len(each)

    def at(self, x: Sequence[float]) -> list[Shape]:
        """The shapes in drawing order, where the inputs are x."""
        values: list[float] = []
        for f, index, args in self._steps:
            values.append(x[index] if f is None else f(*[values[k] if k >= 0 else a for k, a in args]))
        found: list[Shape] = []
        for k, shape in enumerate(self._shapes):
            now, before = [values[i] for i in self._read[k]], self._before[k]
            if before is None or before[0] != now:
                (fresh,) = _known([shape], lambda node: values[self._places[node.number]], self._constant)
                before = self._before[k] = now, fresh
            found.append(before[1])
        return found


def _number(a: Any) -> int:
    return a.number if isinstance(a, Scalar) else -1


def shown(problem: Problem, x: Sequence[float]) -> list[Shape]:
    """The problem's shapes in drawing order, where its inputs are x. The problem stays as it is.

    >>> a = Scalar("input", index=0)
    >>> problem = Problem((100.0, 100.0), ("",), [], [1.0], [], [], [Shape("Circle", "a.icon", {"r": 2.0 * a})])
    >>> shown(problem, [3.0])[0].properties
    {'r': 6.0}
    """
    nodes: dict[int, Scalar] = {}
    _collect(problem.shapes, nodes)
    # All at once: what shapes share is evaluated once.
    values = dict(zip(nodes, evaluated(list(nodes.values()), x), strict=True))
    return _known(problem.shapes, lambda node: values[node.number])


def _known(
    shapes: Sequence[Shape], value_of: Callable[[Scalar], float], constant: Collection[int] = ()
) -> list[Shape]:
    """Copies of shapes with numbers for their nodes. What has an id in `constant` stays itself."""
    made: dict[int, Shape] = {}

    def at(value: Any) -> Any:
        if isinstance(value, Scalar):
            return value_of(value)
        if id(value) in constant:
            return value
        if isinstance(value, Shape):
            # One object stays one: a group's clip shape may be among its members.
            if id(value) not in made:
                properties, passthrough = at(value.properties), at(value.passthrough)
                made[id(value)] = Shape(value.kind, value.name, properties, passthrough, value.place)
            return made[id(value)]
        if isinstance(value, dict):
            return {k: at(v) for k, v in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(map(at, value))
        if is_dataclass(value) and not isinstance(value, type):
            return type(value)(*(at(getattr(value, f.name)) for f in fields(value)))
        return value

    return [at(shape) for shape in shapes]


def _constants(shape: Shape, found: set[int]) -> None:
    """The ids of the properties that have no nodes; of members, too, and of members that have none."""
    for value in (*shape.properties.values(), shape.passthrough):
        nodes: dict[int, Scalar] = {}
        _collect(value, nodes)
        if not nodes:
            found.add(id(value))
        members = value.items if isinstance(value, Shapes) else [value.shape] if isinstance(value, Clip) else []
        for member in members:
            if member is not None:
                _constants(member, found)


def _collect(value: Any, nodes: dict[int, Scalar]) -> None:
    """All nodes in a value, by number."""
    if isinstance(value, Scalar):
        nodes[value.number] = value
    elif isinstance(value, dict):
        _collect(tuple(value.values()), nodes)
    elif isinstance(value, tuple | list):
        for item in value:
            _collect(item, nodes)
    elif isinstance(value, Shape):
        _collect((value.properties, value.passthrough), nodes)
    elif is_dataclass(value) and not isinstance(value, type):
        _collect(tuple(getattr(value, f.name) for f in fields(value)), nodes)
