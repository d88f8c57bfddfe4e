"""Forward dynamics: the acceleration under forces and constraints, and one step of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.function import fn
from rosesim.ad.support.locate import here
from rosesim.numerics.implicit.report import stop_if
from rosesim.robots import activation, dynamics, forces, implicit, kinematics, steps, tendons
from rosesim.robots.algebra import Number, add, is_zero, minus, mul, numbers, plus, vector
from rosesim.robots.contact import newton
from rosesim.robots.contact.compliant import Compliant, pulled, resistance, stiffened, touching
from rosesim.robots.contact.constraints import constraints
from rosesim.robots.contact.kind import At
from rosesim.robots.contact.pairs import Touch
from rosesim.robots.contact.weights import Weights
from rosesim.robots.description import JointEquality
from rosesim.robots.dynamics import Sparse
from rosesim.robots.elimination import Pattern, factor, pattern, product, solved
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.systems import solution

Numbers = Sequence[Number]


@dataclass(frozen=True)
class Dynamics:
    """How one robot moves: with which contact, from which parameters."""

    mechanism: Callable[[Any], Mechanism]
    """From given parameters."""
    contact: str | Compliant
    """"none", "soft", or the numbers of compliant contact."""
    weights: Weights
    touches: Sequence[Touch] = ()

    def acceleration(self, q: Any, v: Any, u: Any, given: Any) -> list[Number]:
        """dv/dt."""
        return self._solved(q, v, u, given, None)

    def inputs(self, u: Any, w: Any, given: Any) -> Any:
        """What actuators' forces are computed from: controls u, or activations w."""
        if w is None:
            return u
        m = self.mechanism(given)
        return vector(activation.inputs(m, numbers(u), numbers(w), timestep(m)))

    def step(
        self, q: Any, v: Any, u: Any, w: Any, given: Any, integrator: str
    ) -> tuple[list[Number], list[Number], list[Number]]:
        """q, v and the activations w one time step later; w is None for a robot that has none."""
        m = self.mechanism(given)
        if integrator == "rk4":
            return self._runge_kutta(m, q, v, u, w, given)
        place, speed = self._moved(m, q, v, self.inputs(u, w, given), given, integrator)
        if w is None:
            return place, speed, []
        active = numbers(w)
        slopes = activation.rates(m, numbers(u), active)
        return place, speed, activation.advanced(m, active, slopes, timestep(m))

    def _runge_kutta(
        self, m: Mechanism, q: Any, v: Any, u: Any, w: Any, given: Any
    ) -> tuple[list[Number], list[Number], list[Number]]:
        h, told = timestep(m), numbers(u)

        @fn
        def change(q: Any, v: Any, u: Any, given: Any) -> Any:  # one function, called four times
            return vector(self.acceleration(q, v, u, given))

        def at(q: Numbers, v: Numbers, w: Numbers) -> list[Number]:
            inputs = vector(activation.inputs(m, told, w, h)) if w else u
            return numbers(change(vector(q), vector(v), inputs, given))

        def rates(w: Numbers) -> list[Number]:
            return activation.rates(m, told, w)

        active = [] if w is None else numbers(w)
        place, speed, slopes = steps.runge_kutta(m, numbers(q), numbers(v), active, h, at, rates)
        return place, speed, activation.advanced(m, active, slopes, h)

    def _moved(
        self, m: Mechanism, q: Any, v: Any, u: Any, given: Any, integrator: str
    ) -> tuple[list[Number], list[Number]]:
        """q and v after a step of Euler's or one that is implicit."""
        h = timestep(m)
        now, speed = numbers(q), numbers(v)
        if turning := implicit.turning(m, integrator):
            f = kinematics.frames(m, now)
            mass = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
            force = product(mass, self.acceleration(q, v, u, given))
            speed = implicit.speed(m, now, speed, numbers(u), mass, force, h, turning=turning)
            return steps.moved(m, now, [mul(h, w) for w in speed]), speed
        if self.contact != "soft":
            a = self._solved(q, v, u, given, integrator)
        else:
            a = self._damped(q, v, u, given, self.acceleration(q, v, u, given), integrator)
        speed = [add(x, mul(h, y)) for x, y in zip(speed, a, strict=True)]
        return steps.moved(m, now, [mul(h, w) for w in speed]), speed

    def _solved(self, q: Any, v: Any, u: Any, given: Any, integrator: str | None) -> list[Number]:
        """The acceleration; with an integrator, the mean one of a step that is implicit in damping."""
        m = self.mechanism(given)
        met = pattern(m, () if self.contact == "none" else coupled(m, self.touches))

        def residual(theta: Any, a: Any) -> Any:
            return vector(self._residual(theta, numbers(a), integrator))

        def find(theta: Any) -> tuple[Numbers, Any]:
            return self._found(met, theta, integrator)

        return solution(met, residual, find)((q, v, u, given))

    def _residual(self, theta: Any, a: Numbers, integrator: str | None) -> Numbers:
        """M a + c less all forces: what is 0 at the acceleration."""
        m = self.mechanism(theta[3])
        q, v, u = (numbers(x) for x in theta[:3])
        f = kinematics.frames(m, q)
        inertial = dynamics.newton_euler(m, f, dynamics.spatial_inertias(m, f), v, a, gravity=forces.gravity(m))
        outer = _outer(m, f, q, v, u)
        if self.contact == "soft":
            at = self.at(m, f, q, v)
            outer = plus(outer, newton.pull(at, constraints(at), a))
        if isinstance(self.contact, Compliant):
            at = self.at(m, f, q, v)
            found = touching(at, self.contact)
            outer = plus(outer, pulled(at, found))
            if integrator is not None:
                outer = minus(outer, resistance(at, found, a))
        if integrator is not None:
            outer = minus(outer, _damping(m, q, v, u, integrator, a))
        return minus(inertial, outer)

    def _found(self, met: Pattern, theta: Any, integrator: str | None) -> tuple[Numbers, Any]:
        """The acceleration, and the factor of the residual's Jacobian there."""
        m = self.mechanism(theta[3])
        q, v, u = (numbers(x) for x in theta[:3])
        f = kinematics.frames(m, q)
        inertias = dynamics.spatial_inertias(m, f)
        mass = dynamics.mass_matrix(m, f, inertias)
        bias = dynamics.newton_euler(m, f, inertias, v, gravity=forces.gravity(m))
        force = minus(_outer(m, f, q, v, u), bias)
        if integrator is not None:
            mass = _with_damping(m, mass, q, v, u, integrator)
        if isinstance(self.contact, Compliant):
            at = self.at(m, f, q, v)
            found = touching(at, self.contact)
            force = plus(force, pulled(at, found))
            if integrator is not None:
                force = minus(force, resistance(at, found, [0.0] * m.nv))
                mass = stiffened(at, met, mass, found)
        low = factor(met, mass)
        a = solved(met, low, force)
        if self.contact != "soft":
            return a, low
        return self._settled(m, met, mass, low, force, a, self.at(m, f, q, v))

    def at(self, m: Mechanism, f: kinematics.Frames, q: Numbers, v: Numbers) -> At:
        """What contacts are computed from."""
        return At(m, f, q, v, dynamics.velocities(m, f, v), self.weights, timestep(m), self.touches)

    def _settled(
        self, m: Mechanism, met: Pattern, mass: Sparse, low: Any, force: Numbers, start: Numbers, at: At
    ) -> tuple[Numbers, Any]:
        """The acceleration under constraints, and the factor of its Hessian."""
        found = constraints(at)
        if not found:
            return start, low
        made = [newton.Block(soft, met) for soft in found]
        a, low, converged = newton.accelerations(met, mass, low, force, start, made)
        stop_if(
            ~converged,
            here(),
            f"the contact forces of {m.robot.name!r} have not converged after {newton.LIMIT} Newton steps; expected "
            "finite positions and velocities that the time step can follow: look at the states before, or take a "
            "shorter step",
        )
        return a, low

    def _damped(self, q: Any, v: Any, u: Any, given: Any, a: list[Number], integrator: str) -> list[Number]:
        """The mean acceleration w of a step that is implicit in damping: (M + h D) w = M a."""
        m = self.mechanism(given)
        if not _has_damping(m, integrator):
            return a
        met = pattern(m)

        def residual(theta: Any, w: Any) -> Any:
            m = self.mechanism(theta[3])
            q, v, u, a, w = (numbers(x) for x in (*theta[:3], theta[4], w))
            f = kinematics.frames(m, q)
            inertias = dynamics.spatial_inertias(m, f)
            still: list[Number] = [0.0] * m.nv
            force = dynamics.newton_euler(m, f, inertias, still, minus(w, a))
            return vector(plus(force, _damping(m, q, v, u, integrator, w)))

        def find(theta: Any) -> tuple[Numbers, Any]:
            m = self.mechanism(theta[3])
            q, v, u, a = (numbers(x) for x in (*theta[:3], theta[4]))
            f = kinematics.frames(m, q)
            mass = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
            low = factor(met, _with_damping(m, mass, q, v, u, integrator))
            return solved(met, low, product(mass, a)), low

        return solution(met, residual, find)((q, v, u, given, vector(a)))


def timestep(m: Mechanism) -> Number:
    """In s."""
    return m.given.number("timestep", m.robot.options.timestep)


def coupled(m: Mechanism, touches: Sequence[Touch]) -> list[list[int]]:
    """Degrees of freedom that constraints couple beside the tree."""
    found: list[list[int]] = []
    for touch in touches:
        bodies = [m.carrier(m.robot.geoms[g].body) for g in (touch.first, touch.second)]
        chains = [set(m.above(body)) if body else set[int]() for body in bodies]
        found.append(sorted(chains[0] ^ chains[1]))
    for k in range(len(m.robot.tendons)):
        found.append(tendons.moving(m, k))
    for e in m.robot.equalities:
        if e.second is None:
            continue
        if isinstance(e, JointEquality):
            found.append([m.dof[e.first], m.dof[e.second]])
        else:
            found.append(sorted({*tendons.moving(m, e.first), *tendons.moving(m, e.second)}))
    for e in m.robot.joined:
        found.append(sorted({*m.above(e.first), *m.above(e.second)}))
    return found


def _outer(m: Mechanism, f: kinematics.Frames, q: Numbers, v: Numbers, u: Numbers) -> list[Number]:
    """Passive forces and actuators."""
    passive = forces.passive(m, f, q, v)
    _, driven = forces.actuators(m, q, v, u)
    return plus(passive, driven)


def _has_damping(m: Mechanism, integrator: str) -> bool:
    """Whether a step is implicit in any damping."""
    disabled = m.robot.options.disabled
    if integrator == "implicitfast":
        return True
    if {"eulerdamp", "damper"} & disabled:
        return False
    return any(not is_zero(m.joint_number(d.joint, "damping")) for d in m.dofs)


def _slope(m: Mechanism, q: Numbers, v: Numbers, u: Numbers, integrator: str) -> Sparse:
    """-D of a step that is implicit in it; lower triangle."""
    if integrator == "implicitfast":
        return implicit.fast_damping(m, q, v, u)
    if not _has_damping(m, integrator):
        return {}
    return {(i, i): m.joint_number(d.joint, "damping") for i, d in enumerate(m.dofs)}


def _damping(m: Mechanism, q: Numbers, v: Numbers, u: Numbers, integrator: str, a: Numbers) -> list[Number]:
    """h D a, with the sign of a force that is given."""
    return [mul(timestep(m), x) for x in product(_slope(m, q, v, u, integrator), a)]


def _with_damping(m: Mechanism, mass: Sparse, q: Numbers, v: Numbers, u: Numbers, integrator: str) -> Sparse:
    """M + h D."""
    found = dict(mass)
    for place, value in _slope(m, q, v, u, integrator).items():
        found[place] = add(found.get(place, 0.0), mul(timestep(m), value))
    return found
