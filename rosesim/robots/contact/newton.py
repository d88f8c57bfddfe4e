"""The acceleration under soft constraints: Newton's method with an exact line search, to convergence.

It minimises (a - a₀)ᵀ M (a - a₀) / 2 + Σ s(J a - r), which is convex. Pyramids are piecewise quadratic: full steps
end on the right piece after two or three. The search stops where the gradient is at rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics
from rosesim.robots.algebra import Number, add, dot, is_zero, mul, neg, sub, total
from rosesim.robots.contact.constraint import At, Constraint, congruence, guarded, on_dofs
from rosesim.robots.dynamics import Motion, Sparse
from rosesim.robots.elimination import Pattern, factor, places, product, solved
from rosesim.robots.kinematics import STILL

LIMIT = 100
"""Newton steps, and steps of each line search."""
TOLERANCE = 1e-12
"""Of the gradient, relative to the forces that it is the difference of."""
ENOUGH = 1e-11
"""A gradient as small as this counts too, where it does not fall any more."""
STILL_STEP = 1e-15
"""A step that is smaller than this, relative to the acceleration, is rounding: stiff rows magnify that."""


def pull(at: At, found: Sequence[Constraint], a: Sequence[Number]) -> list[Number]:
    """Jᵀ f of the constraints' forces at an acceleration, through the bodies: cheap to differentiate."""
    moving = dynamics.velocities(at.m, at.f, a)
    dofs: list[Number] = [0.0] * at.m.nv
    bodies: list[Motion] = [STILL] * len(at.m.robot.bodies)
    for c in found:

        def force(c: Constraint = c) -> list[Number]:
            return c.cost(c.data, c.off(a, moving))[0]

        c.push(c.data, guarded(c.active, force), dofs, bodies)
    return on_dofs(at, dofs, bodies)


@dataclass
class Block:
    """A constraint with the rows of J as numbers, which the search reads again and again."""

    constraint: Constraint
    rows: list[list[tuple[int, Number]]]
    reference: list[Number]

    @property
    def active(self) -> Any:
        """Whether it has rows."""
        return self.constraint.active

    def linear(self, a: Sequence[Number]) -> list[Number]:
        """J a."""
        return [total(mul(c, a[d]) for d, c in row) for row in self.rows]

    def off(self, a: Sequence[Number]) -> list[Number]:
        """J a - r."""
        return [sub(x, r) for x, r in zip(self.linear(a), self.reference, strict=True)]

    def cost(self, x: list[Number]) -> tuple[list[Number], dict[tuple[int, int], Number]]:
        """The force and the second derivative."""
        return self.constraint.cost(self.constraint.data, x)


def blocks(found: Sequence[Constraint]) -> list[Block]:
    """The constraints with their rows."""
    return [Block(c, c.jacobian(c.data), c.reference(c.data)) for c in found]


@dataclass
class Look:
    """The constraints at one acceleration: J a - r of each, their pull on the joints, and Jᵀ s″ J."""

    off: list[list[Number]]
    pull: list[Number]
    bend: Sparse


def look(n: int, made: Sequence[Block], a: Sequence[Number]) -> Look:
    """The constraints at an acceleration, each in one branch."""
    off: list[list[Number]] = []
    pulls: list[Number] = [0.0] * n
    bend: Sparse = {}
    for b in made:
        entries: list[tuple[int, int]] = []
        dofs: list[int] = []

        def at(b: Block = b, entries: list[tuple[int, int]] = entries, dofs: list[int] = dofs) -> list[Number]:
            x = b.off(a)
            force, second = b.cost(x)
            pushed: dict[int, Number] = {}
            for row, f in zip(b.rows, force, strict=True):
                for d, c in row:
                    pushed[d] = add(pushed.get(d, 0.0), mul(c, f))
            added = congruence(b.rows, second)
            entries[:], dofs[:] = list(added), list(pushed)
            return [*x, *pushed.values(), *added.values()]

        values = guarded(b.active, at)
        dims, count = len(b.rows), len(dofs)
        off.append(values[:dims])
        for d, value in zip(dofs, values[dims : dims + count], strict=True):
            pulls[d] = add(pulls[d], value)
        for place, value in zip(entries, values[dims + count :], strict=True):
            if not is_zero(value):
                bend[place] = add(bend.get(place, 0.0), value)
    return Look(off, pulls, bend)


def hessian(mass: Sparse, seen: Look) -> Sparse:
    """M + Jᵀ s″ J."""
    whole = dict(mass)
    for place, value in seen.bend.items():
        whole[place] = add(whole.get(place, 0.0), value)
    return whole


def largest(x: Sequence[Number]) -> Number:
    """The largest magnitude."""
    most: Number = 0.0
    for y in x:
        if not is_zero(y):
            most = maximum(most, abs(y))
    return most


def accelerations(
    met: Pattern, mass: Sparse, low: Sparse, force: Sequence[Number], start: Sequence[Number], made: Sequence[Block]
) -> tuple[list[Number], Sparse, Any]:
    """The minimiser from the solution without constraints, the factor of the Hessian there, and whether it was found.

    `low` is the factor of the mass matrix. The last step of a search looks at the solution and stays there, so its
    factor is the solution's.
    """
    n, at = len(force), places(met)

    def step(state: Any) -> Any:
        """A Newton step; a number that is 0 as long as the search goes on; the gradient's size; the factor."""
        a = [state[0][k] for k in range(n)]
        seen = look(n, made, a)
        inertial = product(mass, a)
        gradient = [sub(sub(x, f), p) for x, f, p in zip(inertial, force, seen.pull, strict=True)]
        left = largest(gradient) / largest([*inertial, *force])
        done = (left <= TOLERANCE) | ((left <= ENOUGH) & (left >= 0.5 * state[2]))
        now = factor(met, hessian(mass, seen))
        d = solved(met, now, [neg(g) for g in gradient])
        alpha = _search(mass, made, seen, d, gradient)
        move = [select(done, 0.0, mul(alpha, x)) for x in d]
        done = done | (largest(move) <= STILL_STEP * largest(a))
        a = [add(x, y) for x, y in zip(a, move, strict=True)]
        return a, select(done, 1.0, 0.0), left, [Real(now.get(p, 0.0)) for p in at]

    begin = ([Real(x) for x in start], _idle(made), Real(1e300), [Real(low.get(p, 0.0)) for p in at])
    end = while_loop(lambda s: s[1] == 0.0, step, begin, limit=LIMIT, on_limit="stop")
    return [end[0][k] for k in range(n)], {p: end[3][k] for k, p in enumerate(at)}, end[1] > 0.0


def _idle(made: Sequence[Block]) -> Real:
    """1 where no constraint has a row, and the start is the solution."""
    some: Any = False
    for b in made:
        some = True if b.active is True or some is True else (b.active if some is False else some | b.active)
    if some is True:
        return Real(0.0)
    return Real(1.0) if some is False else select(some, 0.0, 1.0)


def _search(
    mass: Sparse, made: Sequence[Block], seen: Look, d: Sequence[Number], gradient: Sequence[Number]
) -> Number:
    """The length of a step along d at which the slope along d is zero: Newton's, kept between bounds."""
    curve = dot(d, product(mass, d))
    start = dot(gradient, d)
    lines: list[tuple[Block, list[Number], list[Number], Number]] = []
    first = start  # the slope without constraints
    for b, here in zip(made, seen.off, strict=True):

        def change(b: Block = b, here: list[Number] = here) -> list[Number]:
            moved = b.linear(d)
            return [*moved, dot(b.cost(here)[0], moved)]

        values = guarded(b.active, change)
        lines.append((b, here, values[:-1], values[-1]))
        first = add(first, values[-1])

    def slopes(alpha: Number) -> tuple[Number, Number]:
        """The slope along d, and its derivative."""
        slope, bend = add(first, mul(alpha, curve)), curve
        for b, here, moved, _ in lines:

            def one(b: Block = b, here: list[Number] = here, moved: list[Number] = moved) -> list[Number]:
                x = [add(h, mul(alpha, y)) for h, y in zip(here, moved, strict=True)]
                pull, second = b.cost(x)
                bent = total(
                    mul(2.0 if i != j else 1.0, mul(w, mul(moved[i], moved[j]))) for (i, j), w in second.items()
                )
                return [neg(dot(pull, moved)), bent]

            p, w = guarded(b.active, one)
            slope, bend = add(slope, p), add(bend, w)
        return slope, bend

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

    begin = (Real(1.0), Real(0.0), Real(1e308), Real(0.0), Real(0.0))
    return while_loop(lambda s: (s[3] == 0.0) & (s[4] < 50.0), go, begin, limit=51, on_limit="stop")[0]
