"""A robot that computes: what `robots.load` gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.function import Fn
from rosesim.robots import dynamics, functions, kinematics, sensors, shown
from rosesim.robots.activation import active
from rosesim.robots.contact.compliant import Compliant
from rosesim.robots.contact.geometry import FINDERS
from rosesim.robots.contact.pairs import Touch, touches
from rosesim.robots.contact.weights import Weights, start_of, weights
from rosesim.robots.description import Description, Geom
from rosesim.robots.files.errors import RobotError
from rosesim.robots.functions import Source
from rosesim.robots.mechanism import Mechanism, masses
from rosesim.robots.motion import Dynamics
from rosesim.robots.parameters import Parameters, Value, defaults, title

INTEGRATORS = ("euler", "implicitfast", "implicit", "rk4")
"""The integrators of `Model.step`, as MuJoCo calls them."""
FUNCTIONS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in functions.MAKERS if name not in ("frames_of", "sensed")},
    "geom_positions": ("frames_of", "geoms"),
    "site_positions": ("frames_of", "sites"),
    "sensors": ("sensed",),
}
"""What `Model.function` gives by name: the maker and its choice."""
Contact = str | Compliant
"""How bodies touch: "none", "soft", "compliant", or `Compliant` with numbers of your own."""


class Model:
    """A robot's mechanics. Its functions take NumPy arrays, or traced values inside a function of the language.

    `q` (nq,) holds positions: a number for a hinge (rad) or slide (m), a quaternion (w, x, y, z) for a ball, place
    and quaternion for a free joint. `v` (nv,) holds velocities: one number, an angular velocity in the child's frame,
    and for a free joint the linear velocity in world axes, then the angular one in the body's frame. `ctrl` (nu,)
    holds controls, `activation` (na,) the states of actuators that have one, as filters and integrators: see `step`.
    All functions but `moved` and `difference` take `parameters`: numbers by name, as
    `Model.parameters` lists them, in the place of the file's; derivatives by them are derivatives by an argument.

    Formulas: R. Featherstone, Rigid Body Dynamics Algorithms, 2008; contact "soft" is MuJoCo's model (E. Todorov,
    Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014), solved to convergence and
    differentiated at the solution.

    >>> from rosesim import robots
    >>> from rosesim.robots.description import Body, Description, Geom, Joint
    >>> bodies = Body("world", 0), Body("rod", 0)
    >>> joints = (Joint("pivot", "hinge", 1, axis=(0.0, 1.0, 0.0)),)
    >>> rod = Geom("rod", "capsule", 1, (0.02, 0.5), (0.0, 0.0, -0.5))
    >>> pendulum = robots.Model(Description("pendulum", bodies, joints, (rod,)))
    >>> pendulum.acceleration([0.1], [0.0], []).round(3)
    array([-1.449])
    """

    def __init__(self, description: Description, *, ignore: Iterable[str] = ()):
        if not isinstance(description, Description):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(
                f"Model({description!r}) was found; expected a Description, or robots.load(path) of a file"
            )
        self.description = description
        self._ignore = frozenset(ignore)
        self.nbody = len(description.bodies)
        self.nu, self.na = len(description.actuators), len(active(description))
        fixed = Mechanism(description, Parameters({}, {}))
        self.nq, self.nv = fixed.nq, fixed.nv
        self._known: dict[str, Value] = defaults(description)
        for k, lump in enumerate(masses(description, Parameters({}, {}))):
            if k and lump.mass:
                self._known[f"{title('body', description.bodies[k].name, k)} mass"] = lump.mass
        _check_mass(description, fixed)
        self._source = Source(description, self._known, self.nq, self.nv, self.nu, self.na)
        self._functions: dict[tuple[Any, ...], Fn[..., Any]] = {}
        self.replays: dict[tuple[Any, ...], tuple[Fn[..., Any], Fn[..., Any]]] = {}
        """Programs of `robots.identify`, so that a second record of the same length compiles nothing."""
        self.problems: dict[tuple[Any, ...], Any] = {}
        """Those of `robots.plan`, by cost functions and contact."""

    def __repr__(self) -> str:
        states = f", na={self.na}" if self.na else ""
        return (
            f"Model({self.description.name!r}, nq={self.nq}, nv={self.nv}, nu={self.nu}{states}, nbody={self.nbody})"
        )

    def altered(self, description: Description) -> Model:
        """The model of another description, which leaves out what this one does."""
        return Model(description, ignore=self._ignore)

    @property
    def names(self) -> dict[str, list[str]]:
        """The file's names of bodies (the world first), joints, actuators, geoms and sites, in order; "activation"
        has the actuators that have one."""
        d = self.description
        things = {"body": d.bodies, "joint": d.joints, "actuator": d.actuators, "geom": d.geoms, "site": d.sites}
        things["activation"] = tuple(d.actuators[k] for k in active(d))
        return {kind: [x.name for x in found] for kind, found in things.items()}

    @property
    def timestep(self) -> float:
        """The file's, in s."""
        return self.description.options.timestep

    @property
    def start(self) -> NDArray[np.float64]:
        """The configuration in which the file draws the robot, (nq,)."""
        return np.array(start_of(self.description))

    @property
    def control_range(self) -> NDArray[np.float64]:
        """(nu, 2): the least and greatest control; infinite where the file gives none."""
        found = [a.ctrl_range or (-np.inf, np.inf) for a in self.description.actuators]
        return np.array(found).reshape(self.nu, 2)

    def parameters(self) -> dict[str, Any]:
        """Every number that may be given by name, with the file's value: a float or an array.

        Names are the file's: "body thigh mass" (kg; its inertia follows), "body thigh pos" (m, in its parent),
        "joint hip damping", "stiffness", "armature", "springref", "frictionloss", "geom shin size", "density" or
        "mass", "friction", "actuator knee gear", "gain", "bias", "timeconst", "gravity", "timestep". Impossible
        inertias cannot be reached: a body has one mass, and the shape of the file.
        """
        return {k: np.array(v) if isinstance(v, tuple) else v for k, v in self._known.items()}

    def positions(self, q: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """Places (nbody, 3) in m and quaternions (nbody, 4) of all bodies in the world, the world itself first."""
        return self._call("positions", (), parameters, q)

    def geom_positions(self, q: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """Places (ngeom, 3) and quaternions (ngeom, 4) of all shapes."""
        return self._call("frames_of", ("geoms",), parameters, q)

    def draw(
        self,
        space: Any,
        q: Any,
        role: str | Callable[[Geom], str] = "body",
        *,
        moved: tuple[float, float, float] = (0.0, 0.0, 0.0),
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Draw all shapes but planes and meshes into a view that `Canvas.space` has made, in a scene's `draw`.

        `role` is a role of the canvas, or a function from a `description.Geom` to one. `moved` (m) is where to draw
        the robot beside its place, as a second one.
        """
        places, turns = self.geom_positions(q, parameters=parameters)
        shown.draw(shown.sized(self.description, parameters), space, places, turns, role, moved)

    def draw_from_the_side(
        self,
        canvas: Any,
        q: Any,
        role: str | Callable[[Geom], str] = "body",
        *,
        middle: tuple[Any, Any] = (0.0, 0.0),
        scale: float = 1.0,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Draw all shapes but planes and meshes on a canvas, in a scene's `draw`: as lines and discs in the plane of
        x and z. `middle` (x, z in m) is at the canvas's origin, and a metre is as long as `scale`."""
        places, turns = self.geom_positions(q, parameters=parameters)
        geoms = shown.sized(self.description, parameters)
        shown.draw_from_the_side(geoms, canvas, places, turns, role, middle, scale)

    def site_positions(self, q: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """Places (nsite, 3) and quaternions (nsite, 4) of all sites."""
        return self._call("frames_of", ("sites",), parameters, q)

    def mass_matrix(self, q: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """M(q), (nv, nv), with armature."""
        return self._call("mass_matrix", (), parameters, q)

    def bias(self, q: Any, v: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """c(q, v), (nv,): what gravity, centrifugal and Coriolis forces ask of the joints."""
        return self._call("bias", (), parameters, q, v)

    def inverse(self, q: Any, v: Any, a: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """The joint forces (nv,) that an acceleration takes beside springs, damping and drag."""
        return self._call("inverse", (), parameters, q, v, a)

    def energy(self, q: Any, v: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
        """Kinetic and potential energy, in J. Springs count."""
        return self._call("energy", (), parameters, q, v)

    def acceleration(
        self,
        q: Any,
        v: Any,
        ctrl: Any,
        *,
        activation: Any = None,
        contact: Contact = "soft",
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """dv/dt, (nv,), under controls. `contact="none"` leaves joint limits out too."""
        states = self._activation(activation, "acceleration")
        return self._call("acceleration", (self._contact(contact),), parameters, q, v, ctrl, *states)

    def step(
        self,
        q: Any,
        v: Any,
        ctrl: Any,
        *,
        activation: Any = None,
        contact: Contact = "soft",
        integrator: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """(q, v) one time step later. The integrator and the step's length are the file's unless given.

        An actuator with `dyntype` has an activation w, whose rate is the control u (integrator) or (u - w)/timeconst
        (filter), and which takes the control's place in the force. For a robot with `na` of them `activation` has to
        be given, as np.zeros(model.na) at the start, and the result is (q, v, activation). Code for any robot may
        give it always: where na is 0, an empty one is taken and given back.

        Raises ValueError for an activation that is missing, or of another length.

        >>> from rosesim import robots
        >>> from rosesim.robots.description import Actuator, Body, Description, Geom, Joint
        >>> bodies = Body("world", 0), Body("rod", 0)
        >>> joints = (Joint("pivot", "hinge", 1, axis=(0.0, 1.0, 0.0)),)
        >>> rod = Geom("rod", "capsule", 1, (0.02, 0.5), (0.0, 0.0, -0.5))
        >>> slow = Actuator("slow", 0, dynamics="filter", time_constant=0.1)
        >>> pendulum = robots.Model(Description("pendulum", bodies, joints, (rod,), actuators=(slow,)))
        >>> q, v, w = pendulum.step([0.0], [0.0], [1.0], activation=[0.0])
        >>> v, w.round(3)
        (array([0.]), array([0.02]))
        """
        states = self._activation(activation, "step")
        choices = self._contact(contact), self._integrator(integrator)
        found = self._call("step", choices, parameters, q, v, ctrl, *states)
        return found if activation is None or self.na else (*found, activation)

    def sensors(
        self,
        q: Any,
        v: Any,
        ctrl: Any,
        *,
        activation: Any = None,
        contact: Contact = "soft",
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the file's sensors read, one after the other."""
        states = self._activation(activation, "sensors")
        return self._call("sensed", (self._contact(contact),), parameters, q, v, ctrl, *states)

    def moved(self, q: Any, d: Any) -> Any:
        """q moved along a tangent d (nv,): sums, and for quaternions the exponential."""
        return self._call("moved", (), None, q, d)

    def difference(self, q1: Any, q0: Any) -> Any:
        """The tangent (nv,) that moves q0 to q1."""
        return self._call("difference", (), None, q1, q0)

    def function(self, name: str, *, contact: Contact = "soft", integrator: str | None = None) -> Fn[..., Any]:
        """One of these functions as an `Fn`, to compile it once: `model.function("step").compile()`. An activation,
        where the robot has one, follows the controls."""
        if name not in FUNCTIONS:
            raise ValueError(f"the function {name!r} was found; expected one of {', '.join(FUNCTIONS)}")
        maker, *kind = FUNCTIONS[name]
        choices: list[Any] = [*kind]
        if name in ("acceleration", "step", "sensors"):
            choices.append(self._contact(contact))
        if name == "step":
            choices.append(self._integrator(integrator))
        return self._made(maker, tuple(choices))

    @cached_property
    def weights(self) -> Weights:
        """Constants at the start that soft constraints are scaled by."""
        return weights(self.description)

    @cached_property
    def touches(self) -> list[Touch]:
        """The pairs of shapes that may touch. Raises RobotError for one that cannot be computed."""
        robot = self.description
        found: list[Touch] = []
        missing: list[tuple[Touch, str]] = []
        for touch in touches(Mechanism(robot, Parameters({}, {}))):
            kinds = robot.geoms[touch.first].kind, robot.geoms[touch.second].kind
            if {f"contact {'-'.join(kinds)}", f"contact {'-'.join(reversed(kinds))}", "contact"} & self._ignore:
                continue
            if kinds in FINDERS:
                found.append(touch)
            else:
                missing.append((touch, f'"contact {"-".join(kinds)}"'))
        if missing:
            raise self._no_contact([t for t, _ in missing], list(dict.fromkeys(name for _, name in missing)))
        return found

    def _no_contact(self, missing: list[Touch], classes: list[str]) -> RobotError:
        """Pairs that may touch and cannot be computed: the first by name, and the way on for all."""
        robot, first = self.description, missing[0]
        geoms = [robot.geoms[i] for i in (first.first, first.second)]
        names = [f"geom {g.name or f'#{i}'!r}" for g, i in zip(geoms, (first.first, first.second), strict=True)]
        change = 'or, in MJCF, one of the geoms contype="0" conaffinity="0"'
        if first.given is not None:
            change = "or take their <pair> out of the file"
        listed = ", ".join(classes) + ("," if len(classes) == 1 else "")
        more = f" (the first of {len(missing)} such pairs)" if len(missing) > 1 else ""
        return RobotError(
            robot.file,
            geoms[1].line,
            f"{names[0]}, a {geoms[0].kind}, and {names[1]}, a {geoms[1].kind}, may touch{more}: that contact is not "
            f'there yet. Give load ignore=({listed}) to leave such pairs out, {change}, or take contact="none"',
        )

    def _integrator(self, integrator: str | None) -> str:
        chosen = self.description.options.integrator if integrator is None else integrator
        if chosen not in INTEGRATORS:
            raise ValueError(f"integrator={chosen!r} was found; expected one of {', '.join(INTEGRATORS)}")
        return chosen

    def _contact(self, contact: Contact) -> Contact:
        if contact == "compliant":
            return Compliant()
        if contact not in ("none", "soft") and not isinstance(contact, Compliant):
            raise ValueError(
                f'contact={contact!r} was found; expected "none", "soft", "compliant" or a robots.Compliant'
            )
        return contact

    def _dynamics(self, contact: Contact) -> Dynamics:
        robot = self.description
        held = () if {"equality", "constraint"} & robot.options.disabled else (*robot.equalities, *robot.joined)
        if contact != "soft" and held:
            kinds = dict.fromkeys(type(e).__name__.removesuffix("Equality").lower() for e in held)
            classes = "".join(f'"equality {kind}", ' for kind in kinds).strip()
            raise ValueError(
                f"the robot {robot.name!r} has equalities ({', '.join(f'<{kind}>' for kind in kinds)}), which act "
                f'with contact="soft"; contact={contact!r} was found. Give load ignore=({classes}) to leave them out'
            )
        pairs = [] if contact == "none" else self.touches
        return Dynamics(self._source.mechanism, contact, self.weights, pairs)

    def _activation(self, given: Any, function: str) -> tuple[Any, ...]:
        """The arguments of a function that are activations: none for a robot without."""
        if given is None and not self.na:
            return ()
        if given is None or not hasattr(given, "__len__") or len(given) != self.na:
            found = "without activation=" if given is None else f"with an activation {_size(given)}"
            expected = "none, or an empty one: no actuator has dyntype"
            if self.na:
                names = ", ".join(map(repr, self.names["activation"]))
                expected = f"one {_size([0] * self.na)}, for the actuators {names}: np.zeros(model.na) at the start"
            raise ValueError(
                f"{function} of the robot {self.description.name!r} was called {found}; expected {expected}"
            )
        return (given,) if self.na else ()

    def _made(self, name: str, choices: tuple[Any, ...]) -> Fn[..., Any]:
        key = (name, *choices)
        if key not in self._functions:
            args: tuple[Any, ...] = choices
            if name in ("acceleration", "step", "sensed"):
                args = (self._dynamics(choices[0]), *choices[1:])
            if name == "sensed":
                sensors.checked(self.description)
            self._functions[key] = functions.MAKERS[name](self._source, *args)
        return self._functions[key]

    def _call(self, name: str, choices: tuple[Any, ...], parameters: Mapping[str, Any] | None, *args: Any) -> Any:
        if parameters is not None and not isinstance(parameters, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(
                f"parameters={parameters!r} was found; expected numbers by name, as in {{'timestep': 0.01}}"
            )
        f = self._made(name, choices)
        return f(*args, dict(parameters)) if parameters else f(*args)


def _check_mass(robot: Description, m: Mechanism) -> None:
    """Refuse a degree of freedom that moves nothing with mass."""
    f = kinematics.frames(m, start_of(robot))
    low = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
    for i, dof in enumerate(m.dofs):
        if low.get((i, i), 0.0) <= 1e-15:
            joint = robot.joints[dof.joint]
            raise RobotError(
                robot.file,
                joint.line,
                f"joint {joint.name or f'#{dof.joint}'!r} moves no mass; expected a body, or one that hangs on it, "
                "with mass and extent: give a geom a density, the body an <inertial>, or the joint an armature",
            )


def _size(given: Any) -> str:
    if not hasattr(given, "__len__"):
        return "that is no vector"
    return "of 1 number" if len(given) == 1 else f"of {len(given)} numbers"
