"""A problem's shapes at given inputs: every number known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from rosesim.diagrams.problem import Problem
from rosesim.diagrams.scalars import Scalar, evaluated
from rosesim.diagrams.values import Shape


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
    made: dict[int, Shape] = {}

    def at(value: Any) -> Any:
        if isinstance(value, Scalar):
            return values[value.number]
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

    return [at(shape) for shape in problem.shapes]


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
