"""The factor Lᵀ D L of a symmetric matrix with the pattern of a tree, from the last degree of freedom to the first.

Along ancestors there is no fill-in (R. Featherstone, Rigid Body Dynamics Algorithms, 2008, 6.5). What couples
branches, a contact of two limbs, adds to the pattern. The pattern is known while tracing, and elimination is written
out; where it would be long, it is a loop over the whole matrix that passes over zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.language.arrays import stack, zeros
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.index import Index
from rosesim.robots.algebra import Number, add, is_zero, mul, sub, vector
from rosesim.robots.dynamics import Sparse
from rosesim.robots.mechanism import Mechanism

Pattern = list[list[int]]
"""For each degree of freedom those before it that its elimination meets, the last first."""
LONG = 1000
"""Products of an elimination that is a loop: written out, four boxes' 2,300 took a third of their step's
compilation, and ran no faster."""


def pattern(m: Mechanism, coupled: Iterable[Iterable[int]] = ()) -> Pattern:
    """The pattern of a tree, with sets of degrees of freedom that constraints couple."""
    met = [set(m.ancestors(i)) for i in range(m.nv)]
    for group in coupled:
        dofs = sorted(group)
        for at, j in enumerate(dofs):
            for i in dofs[at + 1 :]:
                met[i].add(j)
    for k in range(m.nv - 1, -1, -1):
        for i in met[k]:
            met[i] |= {j for j in met[k] if j < i}
    return [sorted(row, reverse=True) for row in met]


def is_long(met: Pattern) -> bool:
    """Whether elimination is a loop."""
    return sum(len(row) * (len(row) + 1) // 2 for row in met) > LONG


def places(met: Pattern) -> list[tuple[int, int]]:
    """All places of a factor, as its numbers lie in a vector."""
    if is_long(met):
        return [(k, i) for k in range(len(met)) for i in range(len(met))]
    return [(k, i) for k in range(len(met)) for i in (k, *met[k])]


def packed(met: Pattern, low: Any) -> Any:
    """A matrix or factor as one vector."""
    return vector([low.get(p, 0.0) for p in places(met)]) if isinstance(low, dict) else low


def unpacked(met: Pattern, numbers: Any) -> Any:
    """What `factor` gives, from a vector."""
    return numbers if is_long(met) else {p: numbers[k] for k, p in enumerate(places(met))}


def factor(met: Pattern, matrix: Sparse | Any) -> Any:
    """L below the diagonal, and D on it; of a matrix as its entries, or as a vector where elimination is a loop."""
    if is_long(met):
        return _factored(len(met), matrix if not isinstance(matrix, dict) else _spread(len(met), matrix))
    low = dict(matrix)
    for k in range(len(met) - 1, -1, -1):
        shares = {i: low[k, i] / low[k, k] for i in met[k] if (k, i) in low}
        for i, share in shares.items():
            for j in (i, *met[i]):
                if (k, j) in low:
                    low[i, j] = sub(low.get((i, j), 0.0), mul(share, low[k, j]))
        for i, share in shares.items():
            low[k, i] = share
    return low


def _spread(n: int, matrix: Sparse) -> Any:
    """The lower triangle as a vector of all n × n numbers."""
    where, values = const(np.array([i * n + j for i, j in matrix])), vector(list(matrix.values()))
    return scan(lambda x, t: x.at[where[t]].set(values[t]), zeros(n * n), len(matrix))


def _factored(n: int, matrix: Any) -> Any:
    def eliminate(low: Any, t: Any) -> Any:
        k = n - 1 - t
        diagonal = low[k * n + k]

        def row(low: Any, i: Any) -> Any:
            share = low[k * n + i] / diagonal

            def less(low: Any, j: Any) -> Any:
                return low.at[i * n + j].add(-share * low[k * n + j])

            return cond(share != 0.0, lambda: scan(less, low, n, upto=Index[n + 1](i + 1)), lambda: low)

        def scale(low: Any, i: Any) -> Any:
            return low.at[k * n + i].set(low[k * n + i] / diagonal)

        low = scan(row, low, n, upto=Index[n + 1](k))
        return scan(scale, low, n, upto=Index[n + 1](k))

    return scan(eliminate, matrix, n)


def solved(met: Pattern, low: Any, b: Sequence[Number]) -> list[Number]:
    """x of Lᵀ D L x = b. b may be of tangents."""
    if is_long(met):
        found = _substituted(len(met), low, b)
        return [found[i] for i in range(len(met))]
    x = list(b)
    for k in range(len(met) - 1, -1, -1):
        for i in met[k]:
            if not is_zero(low.get((k, i), 0.0)) and not is_zero(x[k]):
                x[i] = x[i] - low[k, i] * x[k]
    for k in range(len(met)):
        x[k] = x[k] / low[k, k]
        for i in met[k]:
            if not is_zero(low.get((k, i), 0.0)):
                x[k] = x[k] - low[k, i] * x[i]
    return x


def _substituted(n: int, low: Any, b: Sequence[Number]) -> Any:
    def up(x: Any, t: Any) -> Any:
        k = n - 1 - t
        return scan(lambda x, i: x.at[i].add(-low[k * n + i] * x[k]), x, n, upto=Index[n + 1](k))

    def down(x: Any, k: Any) -> Any:
        value = scan(lambda s, i: s - low[k * n + i] * x[i], x[k] / low[k * n + k], n, upto=Index[n + 1](k))
        return x.at[k].set(value)

    return scan(down, scan(up, stack(b), n), n)


def product(low: Sparse, x: Sequence[Number]) -> list[Number]:
    """M x of the lower triangle of a symmetric matrix."""
    found: list[Number] = [0.0] * len(x)
    for (i, j), value in low.items():
        found[i] = add(found[i], mul(value, x[j]))
        if i != j:
            found[j] = add(found[j], mul(value, x[i]))
    return found
