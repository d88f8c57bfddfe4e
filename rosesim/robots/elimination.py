"""The factor Lᵀ D L of a symmetric matrix with the pattern of a tree, from the last degree of freedom to the first.

Along ancestors there is no fill-in (R. Featherstone, Rigid Body Dynamics Algorithms, 2008, 6.5). What couples
branches, a contact of two limbs, adds to the pattern. The pattern is known while tracing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rosesim.robots.algebra import Number, add, is_zero, mul, sub
from rosesim.robots.dynamics import Sparse
from rosesim.robots.mechanism import Mechanism

Pattern = list[list[int]]
"""For each degree of freedom those before it that its elimination meets, the last first."""


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


def places(met: Pattern) -> list[tuple[int, int]]:
    """All places of a factor."""
    return [(k, i) for k in range(len(met)) for i in (k, *met[k])]


def factor(met: Pattern, matrix: Sparse) -> Sparse:
    """L below the diagonal, and D on it."""
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


def solved(met: Pattern, low: Sparse, b: Sequence[Number]) -> list[Number]:
    """x of Lᵀ D L x = b. b may be of tangents."""
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


def product(low: Sparse, x: Sequence[Number]) -> list[Number]:
    """M x of the lower triangle of a symmetric matrix."""
    found: list[Number] = [0.0] * len(x)
    for (i, j), value in low.items():
        found[i] = add(found[i], mul(value, x[j]))
        if i != j:
            found[j] = add(found[j], mul(value, x[i]))
    return found
