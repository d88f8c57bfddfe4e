"""Compliant contact: a force for each contact as a function of depth and velocity, smooth at touching.

The normal force is k δ(x) (1 + b ẋ), never a pull, with x the depth and δ a ramp that begins with slope 0 (K. Hunt
and F. Crossley, J. Applied Mechanics, 1975): nothing jumps where shapes touch or part. Friction is μ times the normal
force, against the sliding velocity, and smooth below a small speed: nothing ever sticks, it creeps. A step is
linearly implicit in the contact's stiffness and damping, so that it may be long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.mathematics import maximum, sqrt
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import Number, add, choose, dot, mul, neg, over, sub
from rosesim.robots.contact import contacts
from rosesim.robots.contact.coordinates import Coordinate, Coordinates, OfOne, alike, limits
from rosesim.robots.contact.kind import At, Kind, Member, Moves, Pushes, congruence, each, entries, place_of
from rosesim.robots.contact.shapes import most
from rosesim.robots.contact.tables import Made
from rosesim.robots.dynamics import Sparse
from rosesim.robots.elimination import Pattern, places

SHARE = 0.03
"""k h² over the mass that a contact feels, where no stiffness is given: well below the step's limit of stability."""


@dataclass(frozen=True)
class Compliant:
    """The numbers of compliant contact.

    `stiffness` is N/m; None takes for each contact what its masses and the time step allow. `ramp` (m) is the depth
    up to which the force grows as the square. `dissipation` (s/m) is 1/v for a bounce of speed v that gives nothing
    back. `slip` (m/s) is the speed below which friction weakens.
    """

    stiffness: float | None = None
    ramp: float = 0.01
    dissipation: float = 1.0
    slip: float = 0.02

    def __post_init__(self) -> None:
        """Refuse what is no number, or is no force of a contact."""
        for name, least in (("stiffness", 0.0), ("ramp", 0.0), ("dissipation", None), ("slip", 0.0)):
            value = getattr(self, name)
            if value is None and name == "stiffness":
                continue
            good = isinstance(value, int | float) and 0.0 <= value < float("inf") and value != least
            if not good:
                more = "a positive number" if least == 0.0 else "0 or a positive number"
                raise ValueError(f"Compliant({name}={value!r}) was found; expected {more}")


@dataclass
class Touching:
    """Contacts or limits of one kind at (q, v): the force along their coordinates, and how it stiffens."""

    kind: Kind
    made: Made
    """Of each active one: the force, stiffness and damping, each by coordinate."""
    velocity: Any
    """What the kind reads of v."""
    dims: int

    def part(self, c: Any, which: int) -> list[Number]:
        """0: the force, 1: the stiffness, 2: the damping of one; one number for each coordinate."""
        return self.made.at(c)[which * self.dims : (which + 1) * self.dims]


def ramp(depth: Number, width: float) -> tuple[Number, Number]:
    """δ and its slope: 0 at the surface, x²/2s up to the width, a line beyond."""
    inside = depth < width
    low = mul(1.0 / width, depth)
    return choose(inside, mul(0.5, mul(low, depth)), sub(depth, 0.5 * width)), choose(inside, low, 1.0)


def touching(at: At, numbers: Compliant) -> list[Touching]:
    """All contacts and limits that a robot may meet."""
    now = Moves(at, at.v, at.velocity)
    found = [_contacts(at, now, numbers, kind) for kind in contacts.kinds(at, 0.0, most_dims=3)]
    if "limit" in at.m.robot.options.disabled:
        return found
    return found + [_limits(at, now, numbers, group) for group in alike(limits(at))]


def _stiffness(at: At, given: float | None, inverse: Number) -> Number:
    if given is not None:
        return given
    return mul(over(SHARE, most(inverse, 1e-9)), 1.0 / (at.timestep * at.timestep))


def _normal(numbers: Compliant, k: Number, depth: Number, rate: Number) -> tuple[Number, Number, Number]:
    """The force, its slope by depth and by the rate of depth."""
    delta, slope = ramp(depth, numbers.ramp)
    factor = maximum(add(1.0, mul(numbers.dissipation, rate)), 0.0)
    gives = choose(factor > 0.0, numbers.dissipation, 0.0)
    return mul(mul(k, delta), factor), mul(mul(k, slope), factor), mul(mul(k, delta), gives)


def _limits(at: At, now: Moves, numbers: Compliant, group: list[Coordinate]) -> Touching:
    kind = Coordinates(at, group, always=False, most_apart=0.0)

    def make(c: Any) -> list[Number]:
        one: OfOne = kind.member(c)
        return list(_normal(numbers, _stiffness(at, None, one.inverse), neg(one.gap), neg(one.speed)))

    return Touching(kind, Made(kind.size, make, kind.upto), kind.reading(now), 1)


def _contacts(at: At, now: Moves, numbers: Compliant, kind: contacts.Contacts) -> Touching:
    dims, velocity = kind.dims, kind.reading(now)

    def make(c: Any) -> list[Number]:
        contact = kind.member(c)
        speed = contact.along(velocity)
        k = _stiffness(at, numbers.stiffness, contact.inverse)
        push, stiff, damp = _normal(numbers, k, neg(contact.distance), neg(speed[0]))
        if dims == 1:
            return [push, stiff, damp]
        slide = sqrt(add(dot(speed[1:], speed[1:]), numbers.slip * numbers.slip))
        drag = mul(contact.friction[0], push) / slide
        force = [push, *(neg(mul(drag, s)) for s in speed[1:])]
        return [*force, stiff, *[0.0] * (dims - 1), damp, *[drag] * (dims - 1)]

    return Touching(kind, Made(kind.size, make, kind.upto), velocity, dims)


def pulled(at: At, found: Sequence[Touching]) -> list[Number]:
    """Jᵀ f of the forces."""
    return _sum(at, found, lambda t, c, member: t.part(c, 0))


def resistance(at: At, found: Sequence[Touching], a: Sequence[Number]) -> list[Number]:
    """What a step that is implicit in contact adds to the inertial forces: Jᵀ (h B + h² K) J a + h Jᵀ K J v.

    With a = 0 it is the last term alone.
    """
    h = at.timestep
    moves = Moves(at, a)
    read = {id(t): t.kind.reading(moves) for t in found}

    def force(t: Touching, c: Any, member: Member) -> list[Number]:
        by_a, by_v = member.along(read[id(t)]), member.along(t.velocity)
        made: list[Number] = []
        for x, y, stiff, damp in zip(by_a, by_v, t.part(c, 1), t.part(c, 2), strict=True):
            mean = mul(h, add(mul(h, x), y))
            made.append(add(mul(stiff, mean), mul(h, mul(damp, x))))
        return made

    return _sum(at, found, force)


def _sum(at: At, found: Sequence[Touching], force: Callable[[Touching, Any, Member], list[Number]]) -> list[Number]:
    """Jᵀ f of a force for each."""
    pushes = Pushes(at)

    def fill(acc: Any) -> None:
        for t in found:

            def one(c: Any, t: Touching = t) -> None:
                member = t.kind.member(c)
                member.push(acc, pushes, force(t, c, member))

            each(t.kind, one)

    return pushes.total(fill)


def stiffened(at: At, met: Pattern, mass: Sparse, found: Sequence[Touching]) -> Sparse:
    """The mass matrix with Jᵀ (h B + h² K) J."""
    h, where = at.timestep, places(met)
    bent: set[int] = set()
    read = [(t, t.kind.motions(), entries(t.kind, met)) for t in found]

    def fill(acc: Any) -> None:
        for t, motions, into in read:

            def one(c: Any, t: Touching = t, motions: Any = motions, into: Any = into) -> None:
                weights = [mul(h, add(mul(h, k), b)) for k, b in zip(t.part(c, 1), t.part(c, 2), strict=True)]
                added = congruence(t.kind.member(c).rows(motions), {(k, k): w for k, w in enumerate(weights)})
                for place, value in added.items():
                    bent.update(into[place])
                    acc.at[place_of(into[place], t.kind.index(c))].add(Real(value))

            each(t.kind, one)

    size = len(where) + 1  # the last one is of empty places
    made = accumulate(Vec[Real, size], fill)
    whole = dict(mass)
    for k, place in enumerate(where):
        if k in bent:
            whole[place] = add(whole.get(place, 0.0), made[k])
    return whole
