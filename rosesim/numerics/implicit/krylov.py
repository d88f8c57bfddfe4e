"""Krylov methods: a linear system by products with its matrix. Values alone; `systems` has the derivatives.

Conjugate gradients: Hestenes and Stiefel (1952). BiCGSTAB: van der Vorst (1992). GMRES: Saad and Schultz (1986), with
Givens rotations and a modified Gram-Schmidt orthogonalisation that is done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.arrays import zeros
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.linalg import dot
from rosesim.ad.language.mathematics import hypot, sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.numerics.structure import Shape

Apply = Callable[[Any], Any]


@dataclass(frozen=True)
class Krylov:
    """A system, and when to stop: at a residual of `goal`, or after `limit` products with the matrix."""

    shape: Shape
    apply: Apply
    precondition: Apply | None
    goal: Any
    limit: int
    restart: int = 30

    def preconditioned(self, r: Any) -> Any:
        """An approximate solution for the right side r; r itself without a preconditioner."""
        return r if self.precondition is None else self.precondition(r)

    def residual(self, x: Any, b: Any) -> Any:
        """b - A x."""
        return self.shape.plus(b, -1.0, self.apply(x))


def cg(system: Krylov, b: Any, x: Any) -> tuple[Any, Any]:
    """The solution by conjugate gradients, and the count of iterations. The matrix is positive definite."""
    s = system.shape
    r = system.residual(x, b)
    z = system.preconditioned(r)

    def iterate(state: Any) -> Any:
        x, r, p, rz, _, k = state
        q = system.apply(p)
        step = rz / s.dot(p, q)
        x, r = s.plus(x, step, p), s.plus(r, -step, q)
        z = system.preconditioned(r)
        new = s.dot(r, z)
        rr = new if system.precondition is None else s.dot(r, r)
        return x, r, s.plus(z, new / rz, p), new, rr, k + 1.0

    state = while_loop(
        lambda state: state[4] > system.goal * system.goal,
        iterate,
        (x, r, z, s.dot(r, z), s.dot(r, r), Real(0.0)),
        system.limit,
        on_limit="stop",
    )
    return state[0], state[5]


ORTHOGONAL = 1e-10
"""Below so small a cosine between residual and shadow, BiCGSTAB starts again from where it is."""


def bicgstab(system: Krylov, b: Any, x: Any) -> tuple[Any, Any]:
    """The solution by the stabilised method of biconjugate gradients, and the count of iterations. Any matrix."""
    s = system.shape
    r = system.residual(x, b)

    def iterate(state: Any) -> Any:
        x, r, p, shadow, rho, _, k = state
        ps = system.preconditioned(p)
        v = system.apply(ps)
        alpha = rho / s.dot(shadow, v)
        half = s.plus(r, -alpha, v)
        hs = system.preconditioned(half)
        t = system.apply(hs)
        tt = s.dot(t, t)
        omega = select(tt > 0.0, s.dot(t, half) / tt, 0.0)  # `half` is zero: the solution is exact
        x = s.plus(s.plus(x, alpha, ps), omega, hs)
        r = s.plus(half, -omega, t)
        new, rr = s.dot(shadow, r), s.dot(r, r)
        again = abs(new) <= ORTHOGONAL * sqrt(s.dot(shadow, shadow) * rr)
        beta = (new / rho) * (alpha / omega)
        p = s.chosen(again, r, s.plus(r, beta, s.plus(p, -omega, v)))
        return x, r, p, s.chosen(again, r, shadow), select(again, rr, new), rr, k + 1.0

    state = while_loop(
        lambda state: state[5] > system.goal * system.goal,
        iterate,
        (x, r, r, r, s.dot(r, r), s.dot(r, r), Real(0.0)),
        system.limit,
        on_limit="stop",
    )
    return state[0], state[6]


def gmres(system: Krylov, b: Any, x: Any) -> tuple[Any, Any]:
    """The solution by restarted GMRES, and the count of iterations. Any matrix. Preconditioned from the right."""
    s = system.shape
    n, m = s.size, min(system.restart, s.size)

    def apply(flat: Any) -> Any:
        return s.flat(system.apply(s.shaped(flat)))

    def precondition(flat: Any) -> Any:
        return flat if system.precondition is None else s.flat(system.precondition(s.shaped(flat)))

    def cycle(state: Any) -> Any:
        x, _, used = state
        r = s.flat(system.residual(s.shaped(x), b))
        size = sqrt(dot(r, r))
        basis = zeros((m + 1, n)).at[0].set(r * select(size > 0.0, 1.0 / size, 0.0))
        rows = (basis, zeros((m, m)), zeros(m), zeros(m), zeros(m + 1).at[0].set(size), Index[m + 1](0), size)
        basis, triangle, _, _, right, count, left = while_loop(
            lambda state: state[6] > system.goal, lambda state: _arnoldi(state, n, m, apply, precondition), rows, m,
            on_limit="stop",
        )  # fmt: skip
        y = _back_substituted(triangle, right, m, count)
        move = scan(lambda v, k: v + y[k] * basis[Index[m + 1](k)], zeros(n), m, upto=count)
        return x + precondition(move), left, used + Real(count)

    cycles = -(-system.limit // m)
    first = s.flat(system.residual(x, b))
    flat, _, used = while_loop(
        lambda state: state[1] > system.goal, cycle, (s.flat(x), sqrt(dot(first, first)), Real(0.0)), cycles,
        on_limit="stop",
    )  # fmt: skip
    return s.shaped(flat), used


def _arnoldi(state: Any, n: int, m: int, apply: Apply, precondition: Apply) -> Any:
    """One more vector of the basis, one more column of the triangle, one more rotation of the right side."""
    basis, triangle, cosines, sines, right, k, _ = state
    j = Index[m].clamp(k)  # the loop ends at m
    w = apply(precondition(basis[j]))

    def orthogonal(w: Any, _: Any) -> Any:
        def against(w: Any, i: Any) -> Any:
            h = dot(basis[Index[m + 1](i)], w)
            return w - h * basis[Index[m + 1](i)], h

        return scan(against, w, m, upto=Index[m + 1](j + 1))

    w, first = orthogonal(w, 0)
    w, second = orthogonal(w, 1)
    below = sqrt(dot(w, w))
    column = first + second

    def rotate(above: Any, i: Any) -> Any:
        """Rotate rows i and i + 1 of the column; what is carried is the element of row i so far."""
        under = select(i < j, column[Index[m].clamp(i + 1)], 0.0)
        turned = select(i < j, cosines[i] * above + sines[i] * under, above)
        return select(i < j, cosines[i] * under - sines[i] * above, above), turned

    last, turned = scan(rotate, column[0], m)
    length = hypot(last, below)
    c = select(length > 0.0, last / length, 1.0)
    s = select(length > 0.0, below / length, 0.0)
    filled = vec(m, lambda i: select(i < j, turned[i], select(i == j, length, 0.0)))
    triangle = triangle.at[:, j].set(filled)
    old = right[Index[m + 1](j)]
    right = right.at[Index[m + 1](j)].set(c * old).at[Index[m + 1](j + 1)].set(-s * old)
    basis = basis.at[Index[m + 1](j + 1)].set(w * select(below > 0.0, 1.0 / below, 0.0))
    return basis, triangle, cosines.at[j].set(c), sines.at[j].set(s), right, Index[m + 1](j + 1), abs(s * old)


def _back_substituted(triangle: Any, right: Any, m: int, count: Any) -> Any:
    """y of the first `count` equations of a triangular system; zeros after them."""

    def row(y: Any, step: Any) -> Any:
        i = Index[m](m - 1 - step)
        known = dot(triangle[i], y)
        pivot = triangle[i, i]
        value = cond((i < count) & (pivot != 0.0), lambda: (right[Index[m + 1](i)] - known) / pivot, lambda: 0.0)
        return y.at[i].set(value)

    return scan(row, zeros(m), m)
