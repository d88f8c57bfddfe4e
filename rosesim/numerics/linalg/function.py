"""Functions of symmetric matrices, with derivatives that hold at equal eigenvalues, too: `funm`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.language.closure import closed
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.real import Real
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import jvp
from rosesim.ad.transforms.linear import linear
from rosesim.numerics.linalg.arguments import plus, square, symmetrised, transposed
from rosesim.numerics.linalg.spectral import eigh, eigh_once, is_rounding
from rosesim.numerics.structure import is_tangent

CLOSE = 2.0**-6
"""Eigenvalues are close if their gap is at most this part of the largest. Divided differences of close ones are
integrals of the next derivative, which lose no digits; of others they are quotients, which lose six bits each."""

NODES = 8
"""Of Gauss and Legendre. Over close numbers this leaves less than rounding, unless f has a singularity near them.
Then integral and quotient differ by more than rounding, and the quotient is taken."""


def funm(a: Any, f: Callable[..., Any], args: tuple[Any, ...] = ()) -> Any:
    """f(a) = V diag(f(w, *args)) Vᵀ of a symmetric matrix a = V diag(w) Vᵀ, for a smooth f of one Real.

    It sees (a + aᵀ) / 2, as `eigh` does. f is called with eigenvalues and, in derivatives, with numbers between two
    that are close; where f is not finite at an eigenvalue, the result is not.

    Derivative: V (Φ ∘ M) Vᵀ with M = Vᵀ dA V and Φ_ij the divided difference of f at wᵢ and wⱼ (Daleckii and Krein
    1965; Higham, *Functions of Matrices*, 2008, 3.2), and the second one likewise. So both are right at equal
    eigenvalues, where V has none. By args and by what f captures the first derivative is right there, too; a second
    one that involves these is NaN at equal eigenvalues, and so are third derivatives.

    Raises TypeMismatch, with the line, where a is no square matrix or f gives no Real.

    >>> import numpy as np
    >>> import rosesim as rs
    >>> root = rs.fn(lambda a: rs.funm(a, rs.sqrt))
    >>> root(np.array([[5.0, 4.0], [4.0, 5.0]])).round(12)
    array([[2., 1.],
           [1., 2.]])
    >>> rs.jvp(root)(4.0 * np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]))[1]  # dA / (2 sqrt(4))
    array([[0.  , 0.25],
           [0.25, 0.  ]])
    """
    n = square(a, "funm")
    if not isinstance(args, tuple):  # pyright: ignore[reportUnnecessaryIsInstance] -- users may give anything
        raise TypeMismatch(f"args={args!r} was found in funm; expected a tuple, as in args=(p,)", here())
    if not callable(f):
        raise TypeMismatch(f"the function of funm is {f!r}; expected a function, such as rosesim.sqrt", here())

    def value(x: Any, *args: Any) -> Any:  # the annotations of `rosesim.sqrt` are not those of a function of ours
        return f(x, *args)

    g = closed(value, Real(0.0), *args, what="the function of funm")
    if str(g.result) != "Real":
        raise TypeMismatch(f"the function of funm gives {g.result}; expected a Real", here())
    if not n:
        return a
    spectral = _Spectral(lambda given, x: g(given[0], x, *given[1]))
    return spectral.whole(n)((g.captured, args), a)


@dataclass(frozen=True, eq=False)
class _Spectral:
    """A function of one Real, (given, x) -> y, and of symmetric matrices with it."""

    value: Callable[[Any, Any], Any]

    def slope(self, given: Any, x: Any) -> Any:
        def at(x: Any) -> Any:
            return self.value(given, x)

        return jvp(at)(x, Real(1.0))[1]

    def bend(self, given: Any, x: Any) -> Any:
        def at(x: Any) -> Any:
            return self.slope(given, x)

        return jvp(at)(x, Real(1.0))[1]

    # ------------------------------------------------------------------------ divided differences

    def first(self, given: Any, x: Any, y: Any, scale: Any) -> Any:
        """f[x, y], the slope of f's chord; f'(x) where both are equal. `scale` is the size of the matrix."""
        gap = x - y
        high, low = self.value(given, x), self.value(given, y)

        def integral() -> Any:
            return self._mean(lambda t: self.slope(given, y + t * gap))

        return _stable(integral, high, low, gap, scale)

    def second(self, given: Any, x: Any, y: Any, z: Any, scale: Any) -> Any:
        """f[x, y, z], half the bend of f's parabola; f''(x) / 2 where all are equal."""
        least, most = select(x < y, x, y), select(x < y, y, x)
        least, z = select(z < least, z, least), select(z < least, least, z)
        most, z = select(z > most, z, most), select(z > most, most, z)

        def integral() -> Any:
            # Hermite and Genocchi: over the triangle, in coordinates of a square.
            def inner(t: Any) -> Any:
                return t * self._mean(lambda s: self.bend(given, least + t * (z - least) + t * s * (most - z)))

            return self._mean(inner)

        high, low = self.first(given, most, z, scale), self.first(given, z, least, scale)
        return _stable(integral, high, low, most - least, scale)

    @staticmethod
    def _mean(f: Callable[[Any], Any]) -> Any:
        """The integral from 0 to 1."""
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        at, per = const(0.5 + 0.5 * nodes), const(0.5 * weights)
        return sum(NODES, lambda k: per[k] * f(at[k]))

    # ----------------------------------------------------------------------------------- matrices

    def whole(self, n: int) -> Any:
        """(given, a) -> f(a), with its derivative."""

        def of(given: Any, a: Any) -> Any:
            w, v = eigh(a)
            return _back(v, lambda i, j: select(i == j, self.value(given, w[i]), Real(0.0)), n)

        of.__name__ = "funm"
        made, along = fn(of), self.along(n)
        step = linear(along, transpose=along)  # Φ is symmetric

        @made.defjvp
        def _(given: Any, a: Any) -> Any:
            found = step(primal(given), primal(a), symmetrised(tangent(a)))
            if is_tangent(tangent(given)):
                w, v = eigh_once(primal(a))

                def moved(i: Any, j: Any) -> Any:
                    d = jvp(self.value)(primal(given), w[i], tangent(given), None)[1]
                    return d * select(i == j, 1.0, Real(0.0))

                found = plus(found, _back(v, moved, n))
            return dual(made(primal(given), primal(a)), found)

        return made

    def along(self, n: int) -> Any:
        """(given, a, h) -> the derivative of f(a) along a symmetric h, with its own derivative."""

        def of(given: Any, a: Any, h: Any) -> Any:
            w, v = eigh(a)
            m = _into(v, h)
            return _back(v, lambda i, j: self.first(given, w[i], w[j], _size(w, n)) * m[i, j], n)

        of.__name__ = "funm_along"
        made = fn(of)
        step, twice = linear(made, transpose=made), linear(self.along_two(n))

        @made.defjvp
        def _(given: Any, a: Any, h: Any) -> Any:
            point = primal(given), primal(a)
            found = step(*point, tangent(h)) if is_tangent(tangent(h)) else None
            if is_tangent(tangent(a)):
                more = twice(*point, primal(h), symmetrised(tangent(a)))
                found = more if found is None else plus(found, more)
            if is_tangent(tangent(given)):
                w, v = eigh_once(primal(a))
                m = _into(v, primal(h))

                def moved(i: Any, j: Any) -> Any:
                    still = (None, None, None)
                    _, d = jvp(self.first)(primal(given), w[i], w[j], _size(w, n), tangent(given), *still)
                    return d * m[i, j]

                more = _back(v, moved, n)
                found = more if found is None else plus(found, more)
            return dual(made(*point, primal(h)), found)

        return made

    def along_two(self, n: int) -> Any:
        """(given, a, h, k) -> the second derivative of f(a) along symmetric h and k."""

        def of(given: Any, a: Any, h: Any, k: Any) -> Any:
            w, v = eigh_once(a)
            m, o = _into(v, h), _into(v, k)

            def part(i: Any, j: Any) -> Any:
                def term(q: Any) -> Any:
                    both = m[i, q] * o[q, j] + o[i, q] * m[q, j]
                    return self.second(given, w[i], w[q], w[j], _size(w, n)) * both

                return sum(n, term)

            return _back(v, part, n)

        of.__name__ = "funm_along_two"
        return fn(of)


def _stable(integral: Callable[[], Any], high: Any, low: Any, gap: Any, scale: Any) -> Any:
    """(high - low) / gap without its loss of digits: an integral, where that is the same but for rounding."""

    def chosen() -> Any:
        mean = integral()
        is_same = is_rounding(mean * gap - (high - low), maximum(abs(high), abs(low)))
        is_mean = is_same | (gap == 0.0)
        return select(is_mean, mean, (high - low) / select(is_mean, Real(1.0), gap))

    return cond(abs(gap) <= CLOSE * scale, chosen, lambda: (high - low) / gap)


def _size(w: Any, n: int) -> Any:
    """The largest of ascending eigenvalues, without its sign."""
    return maximum(abs(w[0]), abs(w[n - 1]))


def _into(v: Any, h: Any) -> Any:
    """Vᵀ h V."""
    return matmul(transposed(v), matmul(h, v))


def _back(v: Any, element: Callable[[Any, Any], Any], n: int) -> Any:
    """V g Vᵀ of the matrix with these elements."""
    return matmul(v, matmul(vec(n, lambda i: vec(n, lambda j: element(i, j))), transposed(v)))


__all__ = ["funm"]
