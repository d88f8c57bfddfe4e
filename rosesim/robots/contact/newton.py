"""The acceleration under soft constraints: Newton's method with an exact line search, to convergence.

It minimises (a - a₀)ᵀ M (a - a₀) / 2 + Σ s(J a - r), which is convex. Pyramids are piecewise quadratic: full steps
end on the right piece after two or three. The search stops where the gradient is at rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics
from rosesim.robots.algebra import Number, add, dot, is_zero, mul, neg, sub, total
from rosesim.robots.contact.constraints import At, Constraint, congruence, guarded, on_dofs
from rosesim.robots.dynamics import Motion, Sparse
from rosesim.robots.elimination import Pattern, factor, product, solved
from rosesim.robots.kinematics import STILL

LIMIT = 100
"""Newton steps, and steps of each line search."""
TOLERANCE = 1e-12
"""Of the gradient, relative to the forces that it is the difference of."""
ENOUGH = 1e-11
"""A gradient as small as this counts too, where it does not fall any more."""
STILL_STEP = 1e-15
"""A step that is smaller than this, relative to the acceleration, is rounding: stiff rows magnify that."""


def motions(at: At, a: Sequence[Number]) -> list[Motion]:
    """How bodies move by velocities or accelerations of the degrees of freedom alone."""
    return dynamics.velocities(at.m, at.f, a)


def pushes(at: At, found: Sequence[Constraint], a: Sequence[Number]) -> tuple[list[Number], list[Motion]]:
    """The constraints' forces at an acceleration: on degrees of freedom, and on bodies."""
    moving = motions(at, a)
    dofs: list[Number] = [0.0] * at.m.nv
    bodies = [STILL] * len(at.m.robot.bodies)
    for c in found:
        dims = _dims(c)

        def force(c: Constraint = c) -> list[Number]:
            return c.cost(c.data, c.apply(c.data, a, moving))[0]

        c.push(c.data, guarded(c.active, force) if dims else [], dofs, bodies)
    return dofs, bodies


def _dims(c: Constraint) -> int:
    return len(c.jacobian(c.data))


def pull(at: At, found: Sequence[Constraint], a: Sequence[Number]) -> list[Number]:
    """Jᵀ f of the constraints' forces at an acceleration."""
    return on_dofs(at, *pushes(at, found, a))


def hessian(at: At, mass: Sparse, found: Sequence[Constraint], a: Sequence[Number]) -> Sparse:
    """M + Jᵀ s″ J at an acceleration."""
    moving = motions(at, a)
    whole = dict(mass)
    for c in found:
        places: list[tuple[int, int]] = []

        def bend(c: Constraint = c, places: list[tuple[int, int]] = places) -> list[Number]:
            _, second = c.cost(c.data, c.apply(c.data, a, moving))
            added = congruence(c.jacobian(c.data), second)
            places[:] = list(added)
            return list(added.values())

        values = guarded(c.active, bend)
        for place, value in zip(places, values, strict=True):
            if not is_zero(value):
                whole[place] = add(whole.get(place, 0.0), value)
    return whole


def accelerations(
    at: At,
    met: Pattern,
    mass: Sparse,
    force: Sequence[Number],
    start: Sequence[Number],
    found: Sequence[Constraint],
) -> tuple[list[Number], Any]:
    """The minimiser, from a start, and whether it was found."""
    m = at.m
    n = m.nv

    def slope(a: Sequence[Number]) -> tuple[list[Number], Number]:
        """The gradient, and how large the forces are of which it is the difference."""
        inertial = product(mass, a)
        gradient = [sub(sub(x, f), p) for x, f, p in zip(inertial, force, pull(at, found, a), strict=True)]
        size: Number = 0.0
        for x in (*inertial, *force):
            if not is_zero(x):
                size = maximum(size, abs(x))
        return gradient, size

    def largest(x: Sequence[Number]) -> Number:
        most: Number = 0.0
        for y in x:
            most = maximum(most, abs(y))
        return most

    def step(state: Any) -> Any:
        """A Newton step; a second number that is 0 as long as the search goes on; the gradient's size."""
        a = [state[0][k] for k in range(n)]
        gradient, size = slope(a)
        left = largest(gradient) / size
        done = (left <= TOLERANCE) | ((left <= ENOUGH) & (left >= 0.5 * state[2]))
        whole = hessian(at, mass, found, a)
        d = solved(met, factor(met, whole), [neg(g) for g in gradient])
        alpha = _search(at, mass, force, found, a, d, gradient)
        move = [select(done, 0.0, mul(alpha, x)) for x in d]
        done = done | (largest(move) <= STILL_STEP * largest(a))
        return [add(x, y) for x, y in zip(a, move, strict=True)], select(done, 1.0, 0.0), left

    begin = ([Real(x) for x in start], _idle(found), Real(1e300))
    end = while_loop(lambda s: s[1] == 0.0, step, begin, limit=LIMIT, on_limit="stop")
    return [end[0][k] for k in range(n)], end[1] > 0.0


def _idle(found: Sequence[Constraint]) -> Real:
    """1 where no constraint has a row, and the start is the solution."""
    some: Any = False
    for c in found:
        some = True if c.active is True or some is True else (c.active if some is False else some | c.active)
    if some is True:
        return Real(0.0)
    return Real(1.0) if some is False else select(some, 0.0, 1.0)


def _search(
    at: At,
    mass: Sparse,
    force: Sequence[Number],
    found: Sequence[Constraint],
    a: Sequence[Number],
    d: Sequence[Number],
    gradient: Sequence[Number],
) -> Number:
    """The length of a step along d at which the slope along d is zero: Newton's, kept between bounds."""
    moving, along = motions(at, a), motions(at, d)
    inertial = product(mass, d)
    first = total(mul(x, sub(y, f)) for x, y, f in zip(d, product(mass, a), force, strict=True))
    curve = dot(d, inertial)
    lines: list[tuple[Constraint, list[Number], list[Number]]] = []
    for c in found:
        sizes: list[int] = []

        def both(c: Constraint = c, sizes: list[int] = sizes) -> list[Number]:
            here = c.apply(c.data, a, moving)
            moved = c.apply(c.data, [add(x, y) for x, y in zip(a, d, strict=True)], _sum(moving, along))
            sizes[:] = [len(here)]
            return [*here, *(sub(y, x) for x, y in zip(here, moved, strict=True))]

        values = guarded(c.active, both)
        lines.append((c, values[: sizes[0]], values[sizes[0] :]))

    def slopes(alpha: Number) -> tuple[Number, Number]:
        """The slope along d, and its derivative."""
        slope, bend = add(first, mul(alpha, curve)), curve
        for c, here, change in lines:

            def one(c: Constraint = c, here: list[Number] = here, change: list[Number] = change) -> list[Number]:
                x = [add(h, mul(alpha, y)) for h, y in zip(here, change, strict=True)]
                pull, second = c.cost(c.data, x)
                bent = total(
                    mul(2.0 if i != j else 1.0, mul(w, mul(change[i], change[j]))) for (i, j), w in second.items()
                )
                return [neg(dot(pull, change)), bent]

            p, w = guarded(c.active, one)
            slope, bend = add(slope, p), add(bend, w)
        return slope, bend

    start = dot(gradient, d)

    def go(s: Any) -> Any:
        """From a length: its slope, narrower bounds, and the next length."""
        alpha, low, high, _, count = s
        slope, bend = slopes(alpha)
        low, high = select(slope < 0.0, alpha, low), select(slope < 0.0, high, alpha)
        ends = abs(slope) <= 1e-10 * abs(start)
        newton = alpha - slope / bend
        inside = (newton > low) & (newton < high)
        middle = select(high < 1e300, 0.5 * (low + high), 2.0 * low)
        following = select(inside, newton, middle)
        return select(ends, alpha, following), low, high, select(ends, 1.0, 0.0), count + 1.0

    s = while_loop(
        lambda s: (s[3] == 0.0) & (s[4] < 50.0),
        go,
        (Real(1.0), Real(0.0), Real(1e308), Real(0.0), Real(0.0)),
        limit=51,
    )
    return s[0]


def _sum(a: list[Motion], b: list[Motion]) -> list[Motion]:
    return [dynamics.both(x, y) for x, y in zip(a, b, strict=True)]
