"""Large graphs of `Scalar`s in rosesim's language, with loops: a loop for each group of `cones`.

Written node by node, a term over a path of 100 points is thousands of lines, for which LLVM takes seconds. Here a
group of n cones is one `vec(n, ...)`, whose inputs come from vectors of leaves and of earlier results: by a table of
places, unless the places are evenly spaced, or the same for all. A chain is a loop over its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.language.arrays import concatenate, stack
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.totals import sum as total
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.diagrams.cones import Cone, Group, Step, is_same
from rosesim.diagrams.operators import LANGUAGE
from rosesim.diagrams.scalars import Number, Scalar

FEWEST = 4
"""As many terms of a sum that come from one vector are a loop. Fewer are written one after the other."""

At = Callable[[Any], Any]
"""What an iteration of a loop reads, by its index."""

_LEAVES = 0
"""The source of leaves."""


class _Values:
    """The traced values so far: of leaves, in vectors of groups, and one by one."""

    def __init__(self, leaves: Any):
        self.vectors: list[Any] = [leaves]
        """By source."""
        self.places: dict[int, tuple[int, int]] = {}
        """Of a head in a vector, by its number: the source, and the place there."""
        self.singles: dict[int, Any] = {}
        """The values of all other heads, by their numbers."""
        self._joined: dict[tuple[int, ...], Any] = {}

    def add(self, heads: Sequence[Scalar], vector: Any) -> None:
        """The values of a group."""
        for k, head in enumerate(heads):
            self.places[head.number] = len(self.vectors), k
        self.vectors.append(vector)

    def place(self, a: Number) -> tuple[int, int] | None:
        """The source of a number and its place there, if it is in a vector."""
        if not isinstance(a, Scalar):
            return None
        return (_LEAVES, a.index) if a.op == "input" else self.places.get(a.number)

    def value(self, a: Number) -> Any:
        """A number as a traced value, or itself if it is known."""
        if not isinstance(a, Scalar):
            return float(a)
        place = self.place(a)
        return self.singles[a.number] if place is None else self.vectors[place[0]][place[1]]

    def column(self, numbers: Sequence[Number]) -> At:
        """What reads these numbers, each by its position."""
        first = numbers[0]
        if all(is_same(a, first) for a in numbers):
            value = self.value(first)
            return lambda _: value
        vector, places = self.joined(numbers)
        return _reader(vector, np.array(places))

    def joined(self, numbers: Sequence[Number]) -> tuple[Any, list[int]]:
        """A vector that has all of these numbers, and their places in it."""
        at = [self.place(a) for a in numbers]
        sources = tuple(sorted({p[0] for p in at if p is not None}))
        others = {_key(a): a for a, p in zip(numbers, at, strict=True) if p is None}
        parts = [self.vectors[s] for s in sources]
        if others:
            parts.append(_stacked([self.value(a) for a in others.values()]))
        if len(parts) == 1:
            whole = parts[0]
        elif others:
            whole = concatenate(parts)
        else:
            if sources not in self._joined:
                self._joined[sources] = concatenate(parts)
            whole = self._joined[sources]
        starts = np.cumsum([0, *map(len, parts)]).tolist()
        where = dict(zip(sources, starts, strict=False))
        apart = {key: starts[len(sources)] + k for k, key in enumerate(others)}
        return whole, [apart[_key(a)] if p is None else where[p[0]] + p[1] for a, p in zip(numbers, at, strict=True)]


def _key(a: Number) -> int | str:
    return a.number if isinstance(a, Scalar) else repr(a)


def _stacked(values: Sequence[Any]) -> Any:
    """A vector of values, of which some may be known."""
    return const(np.array(values)) if all(isinstance(v, float) for v in values) else stack(list(values))


def _reader(vector: Any, places: np.ndarray[Any, Any]) -> At:
    """What reads a vector at these places, of which there are two or more."""
    start, step = int(places[0]), int(places[1] - places[0])
    if (places == start + step * np.arange(len(places))).all():
        return (lambda i: vector[i]) if (start, step) == (0, 1) else lambda i: vector[start + step * i]
    table = const(places)
    return lambda i: vector[table[i]]


def term(found: Sequence[Group], leaves: Any) -> Any:
    """The value of a graph, from its groups and the vector of its leaves.

    >>> from rosesim import fn, grad, Real, Vec
    >>> from rosesim.diagrams.cones import groups
    >>> x = [Scalar("input", index=k) for k in range(50)]
    >>> squares = x[0] * x[0]
    >>> for a in x[1:]:
    ...     squares = squares + a * a
    >>> found = groups(squares) or []
    >>> @fn
    ... def f(leaves: Vec[Real, 50]) -> Real:
    ...     return term(found, leaves)
    >>> f(np.arange(50.0)), float(grad(f)(np.arange(50.0))[-1])
    (40425.0, 98.0)
    """
    values = _Values(leaves)
    for group in found:
        if group.is_loop:
            write = _loop_of_chains if group.is_chain else _loop
            values.add([cone.head for cone in group.cones], write(values, group))
            continue
        for cone in group.cones:
            values.singles[cone.head.number] = _chain(values, cone) if group.is_chain else _alone(values, cone)
    return values.value(found[-1].cones[0].head)


def _loop(values: _Values, group: Group) -> Any:
    columns = [values.column(column) for column in zip(*(cone.inputs for cone in group.cones), strict=True)]
    return vec(len(group.cones), lambda i: _cone(group.steps, [at(i) for at in columns]))


def _alone(values: _Values, cone: Cone) -> Any:
    return _cone(cone.steps, [values.value(a) for a in cone.inputs])


def _cone(steps: Sequence[Step], inputs: Sequence[Any]) -> Any:
    """The value of a cone's head."""
    done: list[Any] = []

    def operand(a: int | str) -> Any:
        if isinstance(a, str):
            return a == "True" if a in ("True", "False") else float(a)
        return inputs[a] if a >= 0 else done[~a]

    for step in steps:
        done.append(LANGUAGE[step.op](*map(operand, step.operands)))
    return done[-1]


def _loop_of_chains(values: _Values, group: Group) -> Any:
    n, length = len(group.cones), len(group.cones[0].inputs)
    vector, places = values.joined([a for cone in group.cones for a in cone.inputs])
    table = const(np.array(places).reshape(n, length))
    if group.cones[0].head.op == "add":
        return vec(n, lambda i: total(length, lambda k: vector[table[i, k]]))
    return vec(n, lambda i: _extreme(group.cones[0].head.op, vector, lambda k: table[i, k], length))


def _chain(values: _Values, chain: Cone) -> Any:
    if chain.head.op == "add":
        return _sum(values, chain.inputs)
    vector, places = values.joined(chain.inputs)
    table = const(np.array(places))
    return _extreme(chain.head.op, vector, lambda k: table[k], len(places))


def _sum(values: _Values, operands: Sequence[Number]) -> Any:
    """The sum of the operands: a loop for each vector that they come from, and the others."""
    by_source: dict[int, list[Number]] = {}
    others: list[Number] = []
    for a in operands:
        place = values.place(a)
        (others if place is None else by_source.setdefault(place[0], [])).append(a)
    result: Any = 0.0
    for part in by_source.values():
        if len(part) < FEWEST:
            others += part
        else:
            result = result + total(len(part), values.column(part))
    return sum(map(values.value, others), result)


def _extreme(op: str, vector: Any, place: At, n: int) -> Any:
    """The greatest or least of n elements of a vector; of equal ones the last, whose derivative is the chain's."""
    known = stop_gradient(vector)

    def later(best: tuple[Any, Any], k: Any) -> tuple[Any, Any]:
        value, _ = best
        here = place(k + 1)
        stays = value > known[here] if op == "max" else value < known[here]
        return select(stays, best, (known[here], here))

    first = known[place(0)], place(0)
    return vector[scan(later, first, n - 1)[1]]
