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

_LEAVES, _CONSTANTS = 0, -1


class _Values:
    """The traced values so far: of leaves, in vectors of groups, and one by one."""

    def __init__(self, leaves: Any):
        self.vectors: dict[int, Any] = {_LEAVES: leaves}
        """By source."""
        self.singles: dict[int, Any] = {}
        """By source, too."""
        self.places: dict[int, tuple[int, int]] = {}
        """Of a head, by its number: the source, and the place in its vector."""
        self._joined: dict[tuple[int, ...], Any] = {}

    def place(self, node: Scalar) -> tuple[int, int]:
        """A node's source, and its place there."""
        return (_LEAVES, node.index) if node.op == "input" else self.places[node.number]

    def value(self, a: Number) -> Any:
        """A number as a traced value, or itself if it is known."""
        if not isinstance(a, Scalar):
            return a
        source, place = self.place(a)
        return self.singles[source] if source in self.singles else self.vectors[source][place]

    def add_vector(self, heads: Sequence[Scalar], vector: Any) -> None:
        """The values of a group."""
        source = len(self.vectors) + len(self.singles)
        self.vectors[source] = vector
        for k, head in enumerate(heads):
            self.places[head.number] = source, k

    def add_single(self, head: Scalar, value: Any) -> None:
        """The value of a head that is in no vector."""
        source = len(self.vectors) + len(self.singles)
        self.singles[source] = value
        self.places[head.number] = source, 0

    def column(self, numbers: Sequence[Number]) -> At:
        """What reads these numbers, each by its position."""
        first = numbers[0]
        if all(is_same(a, first) for a in numbers):
            value = self.value(first)
            return lambda _: value
        vector, places = self.joined(numbers)
        return _reader(vector, places)

    def joined(self, numbers: Sequence[Number]) -> tuple[Any, list[int]]:
        """A vector that has all of these numbers, and their places in it."""
        known = sorted({float(a) for a in numbers if not isinstance(a, Scalar)})
        at = [self.place(a) if isinstance(a, Scalar) else (_CONSTANTS, known.index(a)) for a in numbers]
        sources = sorted({source for source, _ in at})
        parts = [
            const(np.array(known))
            if s == _CONSTANTS
            else stack([self.singles[s]])
            if s in self.singles
            else self.vectors[s]
            for s in sources
        ]
        starts = dict(zip(sources, np.cumsum([0, *map(len, parts)]).tolist(), strict=False))
        places = [starts[source] + place for source, place in at]
        if len(parts) == 1:
            return parts[0], places
        key = tuple(sources)
        if _CONSTANTS in sources or key not in self._joined:
            self._joined[key] = concatenate(parts)
        return self._joined[key], places


def _reader(vector: Any, places: Sequence[int]) -> At:
    """What reads a vector at these places."""
    start, step = places[0], places[1] - places[0]
    if all(p == start + step * k for k, p in enumerate(places)):
        if start == 0 and step == 1:
            return lambda i: vector[i]
        return lambda i: vector[start + step * i]
    table = const(np.array(places))
    return lambda i: vector[table[i]]


def term(found: Sequence[Group], leaves: Any) -> Any:
    """The value of a graph, from its groups and the vector of its leaves.

    >>> from rosesim import fn, grad, Real, Vec
    >>> from rosesim.diagrams.cones import groups
    >>> x = [Scalar("input", index=k) for k in range(50)]
    >>> squares = x[0] * x[0]
    >>> for a in x[1:]:
    ...     squares = squares + a * a
    >>> found = groups(squares)
    >>> @fn
    ... def f(leaves: Vec[Real, 50]) -> Real:
    ...     return term(found, leaves)
    >>> f(np.arange(50.0)), float(grad(f)(np.arange(50.0))[-1])
    (40425.0, 98.0)
    """
    values = _Values(leaves)
    for group in found:
        if group.is_chain:
            for cone in group.cones:
                values.add_single(cone.head, _chain(values, cone))
        elif group.is_loop:
            values.add_vector([cone.head for cone in group.cones], _loop(values, group))
        else:
            for cone in group.cones:
                values.add_single(cone.head, _cone(group.steps, [values.value(a) for a in cone.inputs]))
    return values.value(found[-1].cones[0].head)


def _loop(values: _Values, group: Group) -> Any:
    columns = [values.column(column) for column in zip(*(cone.inputs for cone in group.cones), strict=True)]
    return vec(len(group.cones), lambda i: _cone(group.steps, [at(i) for at in columns]))


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


def _chain(values: _Values, chain: Cone) -> Any:
    return _sum(values, chain.inputs) if chain.head.op == "add" else _extreme(values, chain)


def _sum(values: _Values, operands: Sequence[Number]) -> Any:
    """The sum of the operands, a loop for each vector that they come from."""
    result: Any = sum(a for a in operands if not isinstance(a, Scalar))
    by_source: dict[int, list[Number]] = {}
    for a in operands:
        if isinstance(a, Scalar):
            by_source.setdefault(values.place(a)[0], []).append(a)
    for part in by_source.values():
        if len(part) < FEWEST:
            result = sum(map(values.value, part), result)
        else:
            at = values.column(part)
            result = result + total(len(part), at)
    return result


def _extreme(values: _Values, chain: Cone) -> Any:
    """The greatest or least operand; of equal ones the last, whose derivative is the chain's."""
    n = len(chain.inputs)
    vector, places = values.joined(chain.inputs)
    table, known = const(np.array(places)), stop_gradient(vector)

    def later(best: tuple[Any, Any], k: Any) -> tuple[Any, Any]:
        value, _ = best
        here = table[k + 1]
        stays = value > known[here] if chain.head.op == "max" else value < known[here]
        return select(stays, best, (known[here], here))

    first = known[places[0]], table[0]
    return vector[scan(later, first, n - 1)[1]]
