"""Compliant contact: a force for each contact as a function of depth and velocity, smooth at touching.

The normal force is k δ(x) (1 + b ẋ), never a pull, with x the depth and δ a ramp that begins with slope 0 (K. Hunt
and F. Crossley, J. Applied Mechanics, 1975): nothing jumps where shapes touch or part. Friction is μ times the normal
force, against the sliding velocity, and smooth below a small speed: nothing ever sticks, it creeps. A step is
linearly implicit in the contact's stiffness and damping, so that it may be long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rosesim.ad.language.mathematics import maximum, sqrt
from rosesim.robots import dynamics
from rosesim.robots.algebra import Number, add, choose, dot, mul, neg, sub
from rosesim.robots.contact import geometry
from rosesim.robots.contact.constraint import At, congruence, guarded, on_dofs, push_row
from rosesim.robots.contact.contacts import pairs_at
from rosesim.robots.contact.layout import Layout
from rosesim.robots.dynamics import Motion, Sparse
from rosesim.robots.kinematics import STILL

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
    """A contact or limit at (q, v): the force along its coordinates, and how it stiffens against motion."""

    active: Any
    data: list[Number]
    """As the layout says; then the force, stiffness and damping by coordinate."""
    layout: Layout | None
    row: list[tuple[int, Number]] = field(default_factory=list)
    dims: int = 1

    def part(self, which: int) -> list[Number]:
        """0: the force, 1: the stiffness, 2: the damping; one number for each coordinate."""
        start = len(self.data) - 3 * self.dims + which * self.dims
        return self.data[start : start + self.dims]

    def relative(self, a: Sequence[Number], moving: list[Motion]) -> list[Number]:
        """J a."""
        if self.layout is None:
            found: Number = 0.0
            for d, c in self.row:
                found = add(found, mul(c, a[d]))
            return [found]
        return self.layout.relative(self.data, moving)

    def push(self, force: list[Number], dofs: list[Number], bodies: list[Motion]) -> None:
        """Adds Jᵀ f."""
        if self.layout is None:
            push_row(self.row, force[0], dofs)
        else:
            self.layout.push(self.data, force, dofs, bodies)

    def rows(self, at: At) -> list[list[tuple[int, Number]]]:
        """J."""
        return [self.row] if self.layout is None else self.layout.rows(at.m, at.f, self.data)


def ramp(depth: Number, width: float) -> tuple[Number, Number]:
    """δ and its slope: 0 at the surface, x²/2s up to the width, a line beyond."""
    inside = depth < width
    low = mul(1.0 / width, depth)
    return choose(inside, mul(0.5, mul(low, depth)), sub(depth, 0.5 * width)), choose(inside, low, 1.0)


def touching(at: At, numbers: Compliant) -> list[Touching]:
    """All contacts and joint limits that a robot may meet."""
    found = [_contact(at, numbers, *pair) for pair in pairs_at(at)]
    if "limit" in at.m.robot.options.disabled:
        return found
    for k, joint in enumerate(at.m.robot.joints):
        if joint.range is None or joint.nv != 1:
            continue
        d, q = at.m.dof[k], at.q[at.m.qpos[k]]
        for sign, end in ((1.0, joint.range[0]), (-1.0, joint.range[1])):
            found.append(_limit(at, numbers, d, sign, mul(sign, sub(q, end))))
    return found


def _stiffness(at: At, given: float | None, inverse: float) -> Number:
    if given is not None:
        return given
    return mul(SHARE / max(inverse, 1e-9), 1.0 / (at.timestep * at.timestep))


def _normal(numbers: Compliant, k: Number, depth: Number, rate: Number) -> tuple[Number, Number, Number]:
    """The force, its slope by depth and by the rate of depth."""
    delta, slope = ramp(depth, numbers.ramp)
    factor = maximum(add(1.0, mul(numbers.dissipation, rate)), 0.0)
    gives = choose(factor > 0.0, numbers.dissipation, 0.0)
    return mul(mul(k, delta), factor), mul(mul(k, slope), factor), mul(mul(k, delta), gives)


def _limit(at: At, numbers: Compliant, d: int, sign: float, gap: Number) -> Touching:
    k = _stiffness(at, None, at.weights.dof[d])

    def compute() -> list[Number]:
        return list(_normal(numbers, k, neg(gap), neg(mul(sign, at.v[d]))))

    active = gap < 0.0
    return Touching(active, guarded(active, compute), None, [(d, sign)])


def _contact(
    at: At, numbers: Compliant, layout: Layout, place: geometry.Place, friction: Sequence[Number], inverse: float,
    name: str,
) -> Touching:  # fmt: skip
    dims = min(layout.dims, 3)
    layout.dims = dims
    k = _stiffness(at, numbers.stiffness, inverse)
    active = place.distance < 0.0

    def compute() -> list[Number]:
        point, frame = place.rest()
        flat = [*point, *frame[0], *frame[1], *frame[2]]
        speed = layout.relative(flat, at.velocity)
        push, stiff, damp = _normal(numbers, k, neg(place.distance), neg(speed[0]))
        if dims == 1:
            return [*flat, push, stiff, damp]
        slide = sqrt(add(dot(speed[1:], speed[1:]), numbers.slip * numbers.slip))
        drag = mul(friction[0], push) / slide
        force = [push, *(neg(mul(drag, s)) for s in speed[1:])]
        return [*flat, *force, stiff, *[0.0] * (dims - 1), damp, *[drag] * (dims - 1)]

    return Touching(active, guarded(active, compute, name), layout, dims=dims)


def pushes(at: At, found: Sequence[Touching]) -> tuple[list[Number], list[Motion]]:
    """The forces: on degrees of freedom, and on bodies."""
    dofs: list[Number] = [0.0] * at.m.nv
    bodies = [STILL] * len(at.m.robot.bodies)
    for t in found:
        t.push(t.part(0), dofs, bodies)
    return dofs, bodies


def resistance(at: At, found: Sequence[Touching], a: Sequence[Number]) -> list[Number]:
    """What a step that is implicit in contact adds to the inertial forces: Jᵀ (h B + h² K) J a + h Jᵀ K J v.

    With a = 0 it is the last term alone.
    """
    h = at.timestep
    dofs: list[Number] = [0.0] * at.m.nv
    bodies = [STILL] * len(at.m.robot.bodies)
    moving = dynamics.velocities(at.m, at.f, a)
    for t in found:
        by_a, by_v = t.relative(a, moving), t.relative(at.v, at.velocity)
        force: list[Number] = []
        for x, y, stiff, damp in zip(by_a, by_v, t.part(1), t.part(2), strict=True):
            mean = mul(h, add(mul(h, x), y))
            force.append(add(mul(stiff, mean), mul(h, mul(damp, x))))
        t.push(force, dofs, bodies)
    return on_dofs(at, dofs, bodies)


def stiffened(at: At, mass: Sparse, found: Sequence[Touching]) -> Sparse:
    """The mass matrix with Jᵀ (h B + h² K) J."""
    h = at.timestep
    whole = dict(mass)
    for t in found:
        places: list[tuple[int, int]] = []

        def added(t: Touching = t, places: list[tuple[int, int]] = places) -> list[Number]:
            weights = [mul(h, add(mul(h, k), b)) for k, b in zip(t.part(1), t.part(2), strict=True)]
            values = congruence(t.rows(at), {(k, k): w for k, w in enumerate(weights)})
            places[:] = list(values)
            return list(values.values())

        values = guarded(t.active, added)
        for place, value in zip(places, values, strict=True):
            whole[place] = add(whole.get(place, 0.0), value)
    return whole
