"""A step of RODAS, a Rosenbrock method: implicit, by linear systems alone."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.linalg import transpose
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import jvp
from rosesim.numerics.integrate import tableaux as R
from rosesim.numerics.integrate.field import Field
from rosesim.numerics.linalg.general import solver_of


def rodas4(field: Field, t: Any, y: Any, h: Any) -> tuple[Any, Any, list[Any]]:
    """The state one step later, the estimate of the error, and the coefficients of the interpolant.

    One Jacobian, one factorisation and six solves. Their derivative is six more solves with the same factors.
    """
    s = field.shape
    n = s.size

    def at(x: Any) -> Any:
        return field(t, x)

    def at_time(time: Any) -> Any:
        return field(time, y)

    def column(j: Any) -> Any:
        return s.flat(jvp(at)(y, s.shaped(vec(n, lambda i: Real(i == j))))[1])

    jacobian = transpose(vec(n, column))
    diagonal = 1.0 / (R.RODAS4_GAMMA * h)
    solve = solver_of(vec(n, lambda i: vec(n, lambda j: select(i == j, diagonal, 0.0) - jacobian[i, j])))
    by_time = jvp(at_time)(t, Real(1.0))[1]
    us: list[Any] = []
    for a, c, alpha, slope in zip(R.RODAS4_A, R.RODAS4_C, R.RODAS4_TIME, R.RODAS4_TIME_SLOPE, strict=True):
        place = s.moved(y, 1.0, list(zip(a, us, strict=True))) if us else y
        right = field(t + alpha * h, place)
        if us:
            right = s.moved(right, 1.0 / h, list(zip(c, us, strict=True)))
        if slope:
            right = s.plus(right, slope * h, by_time)
        us.append(s.shaped(solve(s.flat(right))))
    end = s.plus(place, 1.0, us[-1])
    dense = [s.moved(s.zero(), 1.0, list(zip(row, us, strict=True))) for row in R.RODAS4_DENSE]
    return end, us[-1], [y, s.minus(end, y), *dense]
