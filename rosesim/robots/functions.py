"""A robot's mechanics as functions of the language, made when they are first called.

Annotations here are evaluated: a robot's sizes are part of its functions' types.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics, forces, kinematics, sensors, steps
from rosesim.robots.algebra import Number, mul, numbers, sub, total, vector
from rosesim.robots.description import Description
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.motion import Dynamics
from rosesim.robots.parameters import Parameters, Value

NOTHING: dict[str, Any] = {}
"""No parameter is given."""


@dataclass(frozen=True)
class Source:
    """What all functions of a robot are made from."""

    robot: Description
    known: dict[str, Value]
    nq: int
    nv: int
    nu: int
    na: int = 0

    def mechanism(self, given: Any) -> Mechanism:
        """The robot with parameters, while a program is traced."""
        return Mechanism(self.robot, Parameters(given, self.known))


def positions(s: Source) -> Fn[..., Any]:
    """q -> places and quaternions of all bodies."""

    @fn
    def positions(q: Vec[Real, s.nq], parameters: Any = NOTHING):
        places, quats = kinematics.poses(s.mechanism(parameters), numbers(q))
        return stack([vector(p) for p in places]), stack([vector(p) for p in quats])

    return positions


def mass_matrix(s: Source) -> Fn[..., Any]:
    """q -> M."""

    @fn
    def mass_matrix(q: Vec[Real, s.nq], parameters: Any = NOTHING):
        m = s.mechanism(parameters)
        f = kinematics.frames(m, numbers(q))
        low = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
        return stack([vector([low.get((max(i, j), min(i, j)), 0.0) for j in range(s.nv)]) for i in range(s.nv)])

    return mass_matrix


def _forces(s: Source, q: Any, v: Any, a: Sequence[Number] | None, parameters: Any) -> Any:
    m, q, v = s.mechanism(parameters), numbers(q), numbers(v)
    f = kinematics.frames(m, q)
    inertias = dynamics.spatial_inertias(m, f)
    found = dynamics.newton_euler(m, f, inertias, v, a, gravity=forces.gravity(m))
    if a is not None:
        found = [sub(x, y) for x, y in zip(found, forces.passive(m, f, q, v), strict=True)]
    return vector(found)


def bias(s: Source) -> Fn[..., Any]:
    """(q, v) -> c."""

    @fn
    def bias(q: Vec[Real, s.nq], v: Vec[Real, s.nv], parameters: Any = NOTHING):
        return _forces(s, q, v, None, parameters)

    return bias


def inverse(s: Source) -> Fn[..., Any]:
    """(q, v, a) -> the force."""

    @fn
    def inverse(q: Vec[Real, s.nq], v: Vec[Real, s.nv], a: Vec[Real, s.nv], parameters: Any = NOTHING):
        return _forces(s, q, v, numbers(a), parameters)

    return inverse


def energy(s: Source) -> Fn[..., Any]:
    """(q, v) -> kinetic and potential energy."""

    @fn
    def energy(q: Vec[Real, s.nq], v: Vec[Real, s.nv], parameters: Any = NOTHING):
        m, place, speed = s.mechanism(parameters), numbers(q), numbers(v)
        f = kinematics.frames(m, place)
        low = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
        terms = [mul(0.5 if i == j else 1.0, mul(x, mul(speed[i], speed[j]))) for (i, j), x in low.items()]
        return Real(total(terms)), Real(forces.potential(m, f, place))

    return energy


def _driven(name: str, s: Source, moving: Dynamics, measure: Callable[..., Any]) -> Fn[..., Any]:
    """The function `name`: what `measure` gives of (q, v, u, parameters), u being what forces come from.

    It takes (q, v, ctrl), and where actuators have activations (q, v, ctrl, activation).
    """

    def driven(q: Vec[Real, s.nq], v: Vec[Real, s.nv], ctrl: Vec[Real, s.nu], parameters: Any = NOTHING):
        return vector(measure(q, v, ctrl, parameters))

    def driven_by_states(
        q: Vec[Real, s.nq], v: Vec[Real, s.nv], ctrl: Vec[Real, s.nu], activation: Vec[Real, s.na],
        parameters: Any = NOTHING,
    ):  # fmt: skip
        return vector(measure(q, v, moving.inputs(ctrl, activation, parameters), parameters))

    chosen: Callable[..., Any] = driven_by_states if s.na else driven
    chosen.__name__ = name
    return fn(chosen)


def acceleration(s: Source, moving: Dynamics) -> Fn[..., Any]:
    """(q, v, u) -> dv/dt; (q, v, u, w) where actuators have activations."""
    return _driven("acceleration", s, moving, moving.acceleration)


def step(s: Source, moving: Dynamics, integrator: str) -> Fn[..., Any]:
    """(q, v, u) -> (q, v); (q, v, u, w) -> (q, v, w) where actuators have activations."""
    if s.na:

        @fn
        def active_step(
            q: Vec[Real, s.nq], v: Vec[Real, s.nv], ctrl: Vec[Real, s.nu], activation: Vec[Real, s.na],
            parameters: Any = NOTHING,
        ):  # fmt: skip
            end, speed, after = moving.step(q, v, ctrl, activation, parameters, integrator)
            return vector(end), vector(speed), vector(after)

        return active_step

    @fn
    def step(q: Vec[Real, s.nq], v: Vec[Real, s.nv], ctrl: Vec[Real, s.nu], parameters: Any = NOTHING):
        end, speed, _ = moving.step(q, v, ctrl, None, parameters, integrator)
        return vector(end), vector(speed)

    return step


def moved(s: Source) -> Fn[..., Any]:
    """(q, d) -> q ⊕ d."""

    @fn
    def moved(q: Vec[Real, s.nq], d: Vec[Real, s.nv]):
        return vector(steps.moved(s.mechanism({}), numbers(q), numbers(d)))

    return moved


def difference(s: Source) -> Fn[..., Any]:
    """(q1, q0) -> q1 ⊖ q0."""

    @fn
    def difference(q1: Vec[Real, s.nq], q0: Vec[Real, s.nq]):
        return vector(steps.difference(s.mechanism({}), numbers(q1), numbers(q0)))

    return difference


def frames_of(s: Source, kind: str) -> Fn[..., Any]:
    """q -> places and quaternions of all sites or geoms."""

    @fn
    def frames(q: Vec[Real, s.nq], parameters: Any = NOTHING):
        m = s.mechanism(parameters)
        places, quats = kinematics.poses(m, numbers(q))
        things = s.robot.sites if kind == "sites" else s.robot.geoms
        found = [kinematics.attached(places[t.body], quats[t.body], t.pos, t.quat) for t in things]
        return stack([vector(p) for p, _ in found]), stack([vector(q) for _, q in found])

    return frames


def sensed(s: Source, moving: Dynamics) -> Fn[..., Any]:
    """(q, v, u) -> all sensors, one after the other; (q, v, u, w) where actuators have activations."""
    return _driven("sensors", s, moving, partial(sensors.measured, moving))


MAKERS: dict[str, Callable[..., Fn[..., Any]]] = {
    "positions": positions,
    "mass_matrix": mass_matrix,
    "bias": bias,
    "inverse": inverse,
    "energy": energy,
    "acceleration": acceleration,
    "step": step,
    "moved": moved,
    "difference": difference,
    "frames_of": frames_of,
    "sensed": sensed,
}
