"""The exponential of a matrix: `expm`."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg.arguments import elementwise, minus, plus, square
from rosesim.numerics.linalg.determinants import unit
from rosesim.numerics.linalg.general import solve

PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
    10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
"""Coefficients of the Padé approximant of degree 13 (Higham 2005, table 2.3 and (2.2))."""

THETA = 5.371920351148152
"""Up to this 1-norm the approximant is exact to a unit roundoff of double precision (Higham 2005, table 2.3)."""

MOST_SQUARINGS = 64
"""For norms up to 1e20. Beyond, nothing of the exponential is accurate anyway."""


def expm(a: Any) -> Any:
    """The exponential of a square matrix.

    By scaling and squaring with the Padé approximant of degree 13 (Higham, "The scaling and squaring method for the
    matrix exponential revisited", SIAM J. Matrix Anal. Appl. 26, 2005). Derivative: that of the method, step by step,
    its solve by the same factors; this is the method of Al-Mohy and Higham ("Computing the Fréchet derivative of the
    matrix exponential, with an application to condition number estimation", 2009).

    >>> from rosesim import fn, Real, Vec, expm
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return expm(a)
    >>> f([[0.0, 3.0], [0.0, 0.0]])
    array([[1., 3.],
           [0., 1.]])
    """
    n = square(a, "expm")
    return _expm(a) if n else a


@fn
def _expm(a: Any) -> Any:
    n = len(a)
    norm = scan(lambda t, j: _larger(t, sum(n, lambda i: abs(stop_gradient(a[i, j])))), Real(0.0), n)
    halvings, factor = scan(
        lambda s, _: (
            Index[MOST_SQUARINGS + 1].clamp(select(norm * s[1] > THETA, s[0] + 1, s[0])),
            select(norm * s[1] > THETA, s[1] * 0.5, s[1]),
        ),
        (Index[MOST_SQUARINGS + 1](0), Real(1.0)),
        MOST_SQUARINGS,
    )
    x = elementwise(lambda p: p * factor, a)
    return scan(lambda r, _: matmul(r, r), _approximant(x), MOST_SQUARINGS, upto=halvings)


def _larger(x: Any, y: Any) -> Any:
    return select(y > x, y, x)


def _approximant(a: Any) -> Any:
    n = len(a)
    b = PADE
    one = unit(n)
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a2, a4)

    def combined(*by: float) -> Any:
        def element(i: Any, j: Any) -> Any:
            return a6[i, j] * by[0] + a4[i, j] * by[1] + a2[i, j] * by[2] + one[i, j] * by[3]

        return vec(n, lambda i: vec(n, lambda j: element(i, j)))

    odd = matmul(a, plus(matmul(a6, combined(b[13], b[11], b[9], 0.0)), combined(b[7], b[5], b[3], b[1])))
    even = plus(matmul(a6, combined(b[12], b[10], b[8], 0.0)), combined(b[6], b[4], b[2], b[0]))
    return solve(minus(even, odd), plus(even, odd))
