"""The origin of the polynomials in `rosesim.codegen.llvm.maths`: prints that package's `coefficients.py`.

Each is fitted by weighted least squares at Chebyshev's points in 60 digits, which is within a small factor of
the best fit; the weight makes the error one of the function's last place. `python benchmarks/maths_coefficients.py`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp, mpf

mp.dps = 60
Function = Callable[[Any], Any]


def fit(g: Function, low: Any, high: Any, n: int, weight: Function) -> tuple[list[float], float]:
    """n coefficients, lowest first, and the polynomial's largest weighted error with rounded coefficients."""
    points = [(low + high) / 2 + (high - low) / 2 * mpmath.cos(mp.pi * (2 * k + 1) / (8 * n)) for k in range(4 * n)]
    rows = mpmath.matrix([[weight(p) * p**j for j in range(n)] for p in points])
    exact, _ = mpmath.qr_solve(rows, mpmath.matrix([weight(p) * g(p) for p in points]))
    rounded = [float(c) for c in exact]
    dense = [low + (high - low) * mpf(k) / 400 for k in range(1, 401)]
    worst = max(abs(weight(p) * (mpmath.polyval(exact[::-1], p) - g(p))) for p in dense)
    return rounded, float(worst)


def _odd(f: Function) -> Function:
    """The function from z = x^2 to (f(x) - x) / x^3."""
    return lambda z: (f(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z


def _over(f: Function) -> Function:
    """The weight that makes an error in the factor of x^3 relative to f."""
    return lambda z: z * mpmath.sqrt(z) / f(mpmath.sqrt(z))


def _atanh_rest(z: Any) -> Any:
    return (mpmath.atanh(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z


_Z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2
_Q = (mp.pi / 4) ** 2

# name: what, function, from, to, weight, coefficients for double, for float
TABLES: dict[str, tuple[str, Function, Any, Any, Function, int, int]] = {
    "EXP": (
        "(exp(r) - 1 - r) / r^2 in r",
        lambda r: (mpmath.exp(r) - 1 - r) / r**2,
        -0.3467,
        0.3467,
        lambda r: r**2,
        10,
        6,
    ),
    "SINH": ("(sinh(x) - x) / x^3 in x^2, x up to 1", _odd(mpmath.sinh), 0, 1, _over(mpmath.sinh), 7, 4),
    "LOG": (
        "(2 atanh(s) / s - 2) / s^2 in s^2",
        lambda z: 2 * _atanh_rest(z),
        0,
        _Z * 1.001,
        lambda z: z / 2,
        7,
        4,
    ),
    "LOG_TAIL": (
        "((atanh(s) / s - 1) / s^2 - 1/3) / s^2 in s^2",
        lambda z: (_atanh_rest(z) - mpf(1) / 3) / z,
        0,
        _Z * 1.001,
        lambda z: z * z,
        7,
        7,
    ),
    "SIN": ("(sin(r) - r) / r^3 in r^2, r up to pi/4", _odd(mpmath.sin), 0, _Q * 1.01, _over(mpmath.sin), 6, 4),
    "COS": (
        "(cos(r) - 1 + r^2 / 2) / r^4 in r^2",
        lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2,
        0,
        _Q * 1.01,
        lambda z: z**2,
        6,
        3,
    ),
    "ATAN": ("(atan(t) - t) / t^3 in t^2, t up to 1/2", _odd(mpmath.atan), 0, 0.2501, _over(mpmath.atan), 12, 6),
    "ASIN": ("(asin(x) - x) / x^3 in x^2, x up to 1/2", _odd(mpmath.asin), 0, 0.2501, _over(mpmath.asin), 13, 6),
    "ERF": (
        "erf(x) / x - 1 in x^2, x up to 1",
        lambda z: mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1,
        0,
        1.0,
        lambda z: mpf(1),
        12,
        8,
    ),
    "ERFC": (
        "-log(1 - erf(x)) in x, x from 1 to 6",
        lambda x: -mpmath.log(mpmath.erfc(x)),
        1.0,
        6.0,
        mpmath.erfc,
        18,
        8,
    ),
}


def main() -> None:
    """Print the module."""
    print('"""Polynomials, lowest coefficient first, for double and float: see benchmarks/maths_coefficients.py."""')
    print("\nfrom __future__ import annotations")
    for name, (what, g, low, high, weight, *sizes) in TABLES.items():
        both, errors = [], []
        for n in sizes:
            coefficients, worst = fit(g, mpf(low) + mpf(10) ** -25, mpf(high), n, weight)
            both.append("(" + ", ".join(repr(c) for c in coefficients) + ",)")
            errors.append(f"2^{mpmath.log(worst, 2).__float__():.1f}")
        print(f'\n{name} = ({", ".join(both)})\n"""{what}; errors {" and ".join(errors)}."""')


if __name__ == "__main__":
    main()
