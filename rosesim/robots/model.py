"""A robot that computes: the functions that `robots.load` gives."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics, forces, kinematics, steps
from rosesim.robots.algebra import Number, mul, sub, total
from rosesim.robots.contact.compliant import Compliant
from rosesim.robots.contact.pairs import touches
from rosesim.robots.contact.weights import start_of, weights
from rosesim.robots.description import Description
from rosesim.robots.mechanism import Mechanism, masses
from rosesim.robots.motion import Dynamics
from rosesim.robots.parameters import Parameters, Value, defaults, title

INTEGRATORS = ("euler", "implicitfast", "implicit", "rk4")
CONTACTS = ("none", "soft")
NOTHING: dict[str, Any] = {}
"""No parameter is given."""


class Model:
    """A robot's mechanics, as functions of the language that NumPy's arrays and traced values may call."""

    def __init__(self, description: Description):
        self.description = description
        fixed = Mechanism(description, Parameters({}, {}))
        self.nq, self.nv, self.nu = fixed.nq, fixed.nv, len(description.actuators)
        self.nbody = len(description.bodies)
        self.touches = touches(fixed)
        self.weights = weights(description)
        self._functions: dict[tuple[Any, ...], Fn[..., Any]] = {}
        self._parameters: dict[str, Value] = defaults(description)
        lumps = masses(description, Parameters({}, {}))
        for k, (body, lump) in enumerate(zip(description.bodies, lumps, strict=True)):
            if k and lump.mass:
                self._parameters[f"{title('body', body.name, k)} mass"] = lump.mass

    def parameters(self) -> dict[str, Any]:
        """Every number that may be given by name, with the file's value."""
        return {k: np.array(v) if isinstance(v, tuple) else v for k, v in self._parameters.items()}

    @property
    def start(self) -> NDArray[np.float64]:
        """The configuration in which the file draws the robot, (nq,)."""
        return np.array(start_of(self.description))

    def positions(self, q: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """Places (nbody, 3) in m and quaternions (nbody, 4) of all bodies in the world, the world itself first."""
        return self._call("positions", parameters, q)

    def mass_matrix(self, q: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """M(q), (nv, nv), with armature."""
        return self._call("mass_matrix", parameters, q)

    def bias(self, q: Any, v: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """c(q, v), (nv,): what gravity, centrifugal and Coriolis forces ask of the joints."""
        return self._call("bias", parameters, q, v)

    def inverse(self, q: Any, v: Any, a: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """The joint forces (nv,) that an acceleration takes beside springs, damping and drag: M a + c - passive."""
        return self._call("inverse", parameters, q, v, a)

    def energy(self, q: Any, v: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """Kinetic and potential energy, in J."""
        return self._call("energy", parameters, q, v)

    def acceleration(
        self, q: Any, v: Any, ctrl: Any, *, contact: str = "none", parameters: Mapping[str, Any] | None = None
    ) -> Any:
        """dv/dt, (nv,), under these controls (nu,)."""
        return self._call("acceleration", parameters, q, v, ctrl, contact)

    def step(
        self,
        q: Any,
        v: Any,
        ctrl: Any,
        *,
        contact: str = "none",
        integrator: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """(q, v) one time step later."""
        return self._call("step", parameters, q, v, ctrl, contact, integrator or self.description.options.integrator)

    def moved(self, q: Any, d: Any) -> Any:
        """q moved along a tangent d (nv,): sums, and for quaternions the exponential."""
        return self._call("moved", None, q, d)

    def difference(self, q1: Any, q0: Any) -> Any:
        """The tangent (nv,) that moves q0 to q1."""
        return self._call("difference", None, q1, q0)

    def _call(self, name: str, parameters: Mapping[str, Any] | None, *args: Any) -> Any:
        choices = tuple(a for a in args if isinstance(a, str | Compliant))
        values = [a for a in args if not isinstance(a, str | Compliant)]
        f = self._functions.get((name, *choices))
        if f is None:
            f = self._functions[(name, *choices)] = _function(self, name, *choices)
        return f(*values, dict(parameters)) if parameters else f(*values)


def _function(model: Model, name: str, *choices: Any) -> Fn[..., Any]:
    nq, nv, nu = model.nq, model.nv, model.nu
    robot, known = model.description, model._parameters

    def mechanism(given: Any) -> Mechanism:
        return Mechanism(robot, Parameters(given, known))

    if name == "positions":

        @fn
        def positions(q: Vec[Real, nq], parameters=NOTHING):
            places, quats = kinematics.poses(mechanism(parameters), _numbers(q))
            return stack([stack(_reals(p)) for p in places]), stack([stack(_reals(p)) for p in quats])

        return positions
    if name == "mass_matrix":

        @fn
        def mass_matrix(q: Vec[Real, nq], parameters=NOTHING):
            m = mechanism(parameters)
            f = kinematics.frames(m, _numbers(q))
            low = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
            return [[Real(low.get((max(i, j), min(i, j)), 0.0)) for j in range(nv)] for i in range(nv)]

        return mass_matrix
    if name in ("bias", "inverse"):

        def force(q, v, a, parameters):
            m = mechanism(parameters)
            f = kinematics.frames(m, _numbers(q))
            inertias, v = dynamics.spatial_inertias(m, f), _numbers(v)
            found = dynamics.newton_euler(m, f, inertias, v, a, gravity=forces.gravity(m))
            if a is not None:
                found = [sub(x, y) for x, y in zip(found, forces.passive(m, f, _numbers(q), v), strict=True)]
            return stack(_reals(found))

        @fn
        def bias(q: Vec[Real, nq], v: Vec[Real, nv], parameters=NOTHING):
            return force(q, v, None, parameters)

        @fn
        def inverse(q: Vec[Real, nq], v: Vec[Real, nv], a: Vec[Real, nv], parameters=NOTHING):
            return force(q, v, _numbers(a), parameters)

        return bias if name == "bias" else inverse
    if name == "energy":

        @fn
        def energy(q: Vec[Real, nq], v: Vec[Real, nv], parameters=NOTHING):
            m, q, v = mechanism(parameters), _numbers(q), _numbers(v)
            f = kinematics.frames(m, q)
            low = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
            kinetic = total(mul(0.5 if i == j else 1.0, mul(x, mul(v[i], v[j]))) for (i, j), x in low.items())
            return Real(kinetic), Real(forces.potential(m, f, q))

        return energy
    if name in ("acceleration", "step"):
        contact = choices[0]
        moving = Dynamics(mechanism, contact, model.weights, () if contact == "none" else model.touches)
        if name == "acceleration":

            @fn
            def acceleration(q: Vec[Real, nq], v: Vec[Real, nv], ctrl: Vec[Real, nu], parameters=NOTHING):
                return stack(moving.acceleration(q, v, ctrl, parameters))

            return acceleration
        integrator = choices[1]

        @fn
        def step(q: Vec[Real, nq], v: Vec[Real, nv], ctrl: Vec[Real, nu], parameters=NOTHING):
            end, speed = moving.step(q, v, ctrl, parameters, integrator)
            return stack(end), stack(speed)

        return step
    if name == "moved":

        @fn
        def moved(q: Vec[Real, nq], d: Vec[Real, nv]):
            return stack(steps.moved(mechanism({}), _numbers(q), _numbers(d)))

        return moved

    @fn
    def difference(q1: Vec[Real, nq], q0: Vec[Real, nq]):
        return stack(_reals(steps.difference(mechanism({}), _numbers(q1), _numbers(q0))))

    return difference


def _numbers(x) -> list[Number]:
    return [x[k] for k in range(len(x))]


def _reals(x) -> list[Real]:
    return [Real(v) for v in x]
