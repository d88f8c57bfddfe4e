"""The solve M x = b of a tree as a function with a rule: its derivative is one more solve with the same factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.ad.transforms.linear import linear
from rosesim.robots.algebra import Number
from rosesim.robots.dynamics import Sparse, factor, solved
from rosesim.robots.mechanism import Mechanism


class TreeSystem:
    """Solves with symmetric positive definite matrices of one tree and one pattern of entries."""

    def __init__(self, m: Mechanism, matrix: Sparse):
        self.places = list(matrix)
        packed = stack([1.0 * matrix[p] for p in self.places])
        constant = stop_gradient(packed)
        low = factor(m, {p: constant[k] for k, p in enumerate(self.places)})
        self.factor_places = list(low)
        self.matrix = packed
        self.low = stack([low[p] for p in self.factor_places])
        self._solve = _solver(m, self.places, self.factor_places)

    def solve(self, b: Sequence[Number]) -> list[Number]:
        """x of M x = b."""
        x = self._solve(self.matrix, self.low, stack([1.0 * v for v in b]))
        return [x[k] for k in range(len(b))]


def _solver(m: Mechanism, places: list[tuple[int, int]], factor_places: list[tuple[int, int]]) -> Fn[..., Any]:
    n = m.nv

    @fn
    def solve(matrix: Any, low: Any, b: Any) -> Any:
        return stack(solved(m, {p: low[k] for k, p in enumerate(factor_places)}, [b[i] for i in range(n)]))

    symmetric = linear(solve, transpose=lambda matrix, low, ct: solve(matrix, low, ct))

    @solve.defjvp
    def _(matrix: Any, low: Any, b: Any) -> Any:
        a, constant = primal(matrix), primal(low)
        x = solve(a, constant, primal(b))
        change, right = tangent(matrix), tangent(b)
        rest = [right[i] for i in range(n)]
        for k, (i, j) in enumerate(places):
            rest[i] = rest[i] - change[k] * x[j]
            if i != j:
                rest[j] = rest[j] - change[k] * x[i]
        return dual(x, symmetric(a, constant, stack(rest)))

    return symmetric
