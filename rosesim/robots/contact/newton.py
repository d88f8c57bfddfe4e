"""The acceleration under soft constraints: Newton's method with an exact line search, to convergence.

It minimises (a - a₀)ᵀ M (a - a₀) / 2 + Σ s(J a - r), which is convex. Pyramids are piecewise quadratic: full steps
end on the right piece after two or three. The search stops where the gradient is at rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import Number, add, dot, is_zero, mul, neg, sub, total, vector
from rosesim.robots.contact.constraints import Soft
from rosesim.robots.contact.kind import At, Moves, Pushes, congruence, each, entries, place_of
from rosesim.robots.contact.rows import Cost
from rosesim.robots.contact.tables import Made
from rosesim.robots.dynamics import Sparse
from rosesim.robots.elimination import Pattern, factor, is_long, packed, places, product, solved, unpacked

LIMIT = 100
"""Newton steps, and steps of each line search."""
TOLERANCE = 1e-12
"""Of the gradient, relative to the forces that it is the difference of."""
ENOUGH = 1e-11
"""A gradient as small as this counts too, where it does not fall any more."""
STILL_STEP = 1e-15
"""A step that is smaller than this, relative to the acceleration, is rounding: stiff rows magnify that."""


def pull(at: At, found: Sequence[Soft], a: Sequence[Number]) -> list[Number]:
    """Jᵀ f of the constraints' forces at an acceleration, through the bodies: cheap to differentiate."""
    moves, pushes = Moves(at, a), Pushes(at)
    read = [soft.kind.reading(moves) for soft in found]

    def fill(acc: Any) -> None:
        for soft, reading in zip(found, read, strict=True):

            def one(c: Any, soft: Soft = soft, reading: Any = reading) -> None:
                wish = soft.wish(c)
                wish.member.push(acc, pushes, soft.force(wish, reading))

            each(soft.kind, one)

    return pushes.total(fill)


@dataclass
class Row:
    """One constraint as the search reads it: J, r, and what its cost depends on."""

    dofs: list[Any]
    rows: list[list[Number]]
    reference: list[Number]
    cost: list[Number]

    def along(self, a: Any) -> list[Number]:
        """J a."""
        return [total(mul(x, a[d]) for d, x in zip(self.dofs, row, strict=True)) for row in self.rows]

    def off(self, a: Any) -> list[Number]:
        """J a - r."""
        return [sub(x, r) for x, r in zip(self.along(a), self.reference, strict=True)]


class Block:
    """The active constraints of a kind with the rows of J as numbers, which the search reads again and again."""

    def __init__(self, soft: Soft, met: Pattern) -> None:
        self.soft, self.kind, self.entries = soft, soft.kind, entries(soft.kind, met)
        motions, count = soft.kind.motions(), len(soft.kind.dofs[0])
        self._dofs = [[d[k] for d in soft.kind.dofs] for k in range(count)]
        self.dims = 0

        def make(c: Any) -> list[Number]:
            wish = soft.wish(c)
            rows = wish.member.rows(motions)
            self.dims = len(wish.moving)
            return [*wish.reference, *(x for k in wish.moving for x in rows[k]), *wish.cost]

        self._made = Made(self.kind.size, make, self.kind.upto)

    def row(self, c: Any) -> Row:
        """The c-th active one, inside a loop."""
        x, n, count, i = self._made.at(c), self.dims, len(self._dofs), self.kind.index(c)
        rows = [x[n + k * count : n + (k + 1) * count] for k in range(n)]
        return Row([place_of(d, i) for d in self._dofs], rows, x[:n], x[n + n * count :])

    def cost(self, row: Row, x: Sequence[Number]) -> Cost:
        """The force and the second derivative."""
        return self.soft.cost(row.cost, x)


def look(met: Pattern, mass: Sparse, made: Sequence[Block], a: Sequence[Number]) -> tuple[list[Number], Any]:
    """The constraints at an acceleration: their pull on the joints, and the Hessian M + Jᵀ s″ J for `factor`."""
    n, where = len(met), places(met)
    point = vector([*a, 0.0])
    bent: set[int] = set()

    def fill(pulls: Any, bends: Any) -> None:
        if is_long(met):
            for (i, j), value in mass.items():
                bends.at[i * n + j].add(Real(value))
        for b in made:

            def one(c: Any, b: Block = b) -> None:
                row = b.row(c)
                force, second = b.cost(row, row.off(point))
                for k, d in enumerate(row.dofs):
                    pulls.at[d].add(Real(dot([r[k] for r in row.rows], force)))
                for place, value in congruence(row.rows, second).items():
                    bent.update(b.entries[place])
                    bends.at[place_of(b.entries[place], b.kind.index(c))].add(Real(value))

            each(b.kind, one)

    size, count = n + 1, len(where) + 1  # the last ones are of empty places

    def both(pulls: Any) -> Any:
        return accumulate(Vec[Real, count], lambda bends: fill(pulls, bends))

    pulls, bends = accumulate(Vec[Real, size], both)
    pull = [pulls[i] for i in range(n)]
    if is_long(met):
        return pull, vec(count - 1, lambda k: bends[k])
    whole = dict(mass)
    for k, place in enumerate(where):
        if k in bent:
            whole[place] = add(whole.get(place, 0.0), bends[k])
    return pull, whole


def largest(x: Sequence[Number]) -> Number:
    """The largest magnitude."""
    most: Number = 0.0
    for y in x:
        if not is_zero(y):
            most = maximum(most, abs(y))
    return most


def accelerations(
    met: Pattern, mass: Sparse, low: Any, force: Sequence[Number], start: Sequence[Number], made: Sequence[Block]
) -> tuple[list[Number], Any, Any]:
    """The minimiser from the solution without constraints, the factor of the Hessian there, and whether it was found.

    `low` is the factor of the mass matrix. The last step of a search looks at the solution and stays there, so its
    factor is the solution's.
    """
    n = len(force)

    def step(state: Any) -> Any:
        """A Newton step; a number that is 0 as long as the search goes on; the gradient's size; the factor."""
        a = [state[0][k] for k in range(n)]
        pull, whole = look(met, mass, made, a)
        inertial = product(mass, a)
        free = [sub(x, f) for x, f in zip(inertial, force, strict=True)]
        gradient = [sub(x, p) for x, p in zip(free, pull, strict=True)]
        left = largest(gradient) / largest([*inertial, *force])
        done = (left <= TOLERANCE) | ((left <= ENOUGH) & (left >= 0.5 * state[2]))
        now = factor(met, whole)
        d = solved(met, now, [neg(g) for g in gradient])
        alpha = _search(made, a, d, dot(gradient, d), dot(free, d), dot(d, product(mass, d)))
        move = [select(done, 0.0, mul(alpha, x)) for x in d]
        done = done | (largest(move) <= STILL_STEP * largest(a))
        a = [add(x, y) for x, y in zip(a, move, strict=True)]
        return a, select(done, 1.0, 0.0), left, packed(met, now)

    begin = ([Real(x) for x in start], _idle(made), Real(1e300), packed(met, low))
    end = while_loop(lambda s: s[1] == 0.0, step, begin, limit=LIMIT, on_limit="stop")
    return [end[0][k] for k in range(n)], unpacked(met, end[3]), end[1] > 0.0


def _idle(made: Sequence[Block]) -> Real:
    """1 where no constraint has a row, and the start is the solution."""
    if any(b.kind.upto is None for b in made):
        return Real(0.0)
    some: Any = False
    for b in made:
        some = (b.kind.upto > 0) | some
    return select(some, 0.0, 1.0)


def _search(
    made: Sequence[Block], a: Sequence[Number], d: Sequence[Number], start: Number, first: Number, curve: Number
) -> Number:
    """The length of a step along d at which the slope along d is zero: Newton's, kept between bounds.

    `start` is the slope at a, `first` and `curve` the slope without constraints and how it grows.
    """
    point, way = vector([*a, 0.0]), vector([*d, 0.0])
    lines: list[Made] = []
    for b in made:

        def line(c: Any, b: Block = b) -> list[Number]:
            row = b.row(c)
            return [*row.off(point), *row.along(way)]

        lines.append(Made(b.kind.size, line, b.kind.upto))

    def slopes(alpha: Number) -> tuple[Number, Number]:
        """The slope along d, and its derivative."""
        slope, bend = add(first, mul(alpha, curve)), curve
        for b, made_of in zip(made, lines, strict=True):

            def one(sums: Any, c: Any, b: Block = b, made_of: Made = made_of) -> Any:
                values = made_of.at(c)
                here, moved = values[: b.dims], values[b.dims :]
                x = [add(h, mul(alpha, y)) for h, y in zip(here, moved, strict=True)]
                pull, second = b.cost(b.row(c), x)
                bent = total(
                    mul(2.0 if i != j else 1.0, mul(w, mul(moved[i], moved[j]))) for (i, j), w in second.items()
                )
                return sub(sums[0], dot(pull, moved)), add(sums[1], bent)

            slope, bend = scan(one, (Real(slope), Real(bend)), b.kind.size, upto=b.kind.upto)
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
