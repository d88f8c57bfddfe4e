"""A robot from a file learns a task: a network that sees it, or a rhythm, drives its motors.

Lengths in metres, time in seconds. The mechanics and the contact are those of `rosesim.robots`: the gradient goes
through the converged contact forces of every step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, const, floor, stack, vec
from rosesim.scenes import Camera, Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import Beat, Network, beat, features, network, sines

from .source import RobotFile

ROBOT = RobotFile.parse("runner")
"""The robot by default."""
MARKS = 7
"""Marks of the ground, one a metre, as far as the picture shows."""


@dataclass(frozen=True)
class World:
    """What is given: where and how fast the robot starts, the goal of reaching, and the learning rate."""

    start: Vec[Real, ...]
    """Initial positions of the joints, m and rad."""
    speed: Vec[Real, ...]
    """Initial velocities of the joints, m/s and rad/s."""
    goal: Vec[Real, 2] = value((0.5, 0.9))
    """Where the arm's tip should end, when the task is reaching [m]."""
    learning_rate: Real = value(0.01)


@dataclass(frozen=True)
class State:
    """Positions and velocities of the joints, as `robots.Model` has them, and the controls of the step before."""

    q: Vec[Real, ...]
    v: Vec[Real, ...]
    u: Vec[Real, ...]


@dataclass(frozen=True)
class Robot(Scene[Network | Beat, World, State]):
    """Teach a robot from a file to run, reach or balance."""

    name: ClassVar[str] = "robot"
    published: ClassVar[Published] = Published(optimizer="adam", iterations=300)
    measure: ClassVar[Measure] = Measure("loss of the task")
    most: ClassVar[dict[str, int]] = {"sines": 1000, "hidden": 4096}
    extent: ClassVar[tuple[float, float, float, float]] = (-1.6, -0.25, 1.6, 1.55)
    colours: ClassVar[Mapping[str, str]] = {
        "haze": "#eef3f8",
        "ground": "#c9c2b4",
        "mark": "#9a917f",
        "near": "#e07b2e",
        "body": "#4a6f9c",
        "aim": "#d03b3b",
        "trail": "#e5a97f",
    }

    steps: int = 150
    model: RobotFile = ROBOT
    """`runner`, `arm`, or an MJCF or URDF file."""
    task: Literal["forward", "reach", "balance"] = "forward"
    """Run along x, bring the last body to the goal, or stay where the file draws the robot."""
    contact: Literal["soft", "compliant", "none"] = "soft"
    """MuJoCo's soft constraints, solved to convergence; springs that are smooth at touching; or no contact."""
    controller: Literal["network", "beat"] = "network"
    """A network that sees the robot, or a rhythm that does not."""
    view: Literal["space", "side"] = "space"
    """The picture: in space, or from the side, along y."""
    sines: int = 8
    """Sine waves that the controller hears."""
    omega: float = 15.0
    """Their angular frequency, radians per second."""
    hidden: int = 24
    """Hidden units of the network."""
    effort: float = 0.002
    """What a square of a control costs, for each step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sines < 1 or self.hidden < 1:
            raise ValueError(f"sines and hidden are 1 or more; they were {self.sines} and {self.hidden}")
        if not self.model.model.nu:
            raise ValueError(
                f"the robot {self.model} has no actuators; expected motors: an <actuator> in MJCF, "
                'motors="all" for a URDF'
            )

    def inputs(self) -> World:
        """The robot as its file draws it, at rest."""
        m = self.model.model
        start: Any = m.start
        speed: Any = np.zeros(m.nv)
        return World(start, speed)

    def params(self, rng: np.random.Generator) -> Network | Beat:
        """Small random weights."""
        m = self.model.model
        if self.controller == "beat":
            return Beat.random(rng, self.sines, m.nu, 0.1)
        return Network.random(rng, self.sines + m.nq + m.nv + 2, self.hidden, m.nu, gains=(1.0, 0.5))

    def initial(self, params: Network | Beat, inputs: World) -> State:
        """As the inputs say."""
        return State(inputs.start, inputs.speed, vec(self.model.model.nu, lambda i: Real(0.0)))

    def step(self, state: State, t: Index, params: Network | Beat, inputs: World) -> State:
        """The controller acts, the robot moves for one time step of its file."""
        m = self.model.model
        told = self.controls(state, t, params, inputs)
        q, v = m.step(state.q, state.v, told, contact=self.contact)
        return State(q, v, told)

    def controls(self, state: State, t: Index, params: Network | Beat, inputs: World) -> Vec[Real, ...]:
        """What the motors are told, within their range (-1 to 1 where the file gives none)."""
        m = self.model.model
        time = m.timestep * Real(t)
        if isinstance(params, Beat):
            raw = beat(params, time, self.omega)
        else:
            waves = sines(time, self.omega, self.sines)
            away = [state.q[k] - (state.q[0] if k == 0 and self.task == "forward" else 0.0) for k in range(m.nq)]
            raw = network(params, features(waves, away, 0.1 * state.v, inputs.goal))
        low, high = np.where(np.isfinite(m.control_range), m.control_range, [-1.0, 1.0]).T
        return const(0.5 * (low + high)) + const(0.5 * (high - low)) * raw

    def cost(self, state: State, t: Index, params: Network | Beat, inputs: World) -> dict[str, Any]:
        """Effort; for balance and reaching also how far off the robot is, on the way."""
        m = self.model.model
        found: dict[str, Any] = {"effort": self.effort / self.steps * (state.u @ state.u)}
        if self.task == "balance":
            off = m.difference(state.q, const(m.start))
            found["off"] = (off @ off) / self.steps
        if self.task == "reach":
            found["away"] = self._away(state, inputs) / self.steps
        if self.task == "forward":
            found["tilt"] = 0.3 * self._tilt(state) / self.steps
        return found

    def loss(self, state: State, params: Network | Beat, inputs: World) -> dict[str, Any]:
        """Running: minus the mean speed along x. Reaching: the distance at the end."""
        if self.task == "forward":
            seconds = self.steps * self.model.model.timestep
            return {"speed": -(self._root(state)[0] - self._root_of(inputs.start)[0]) / seconds}
        if self.task == "reach":
            return {"end": self._away(state, inputs)}
        return {"speed": 0.01 * (state.v @ state.v)}

    def _root_of(self, q: Any) -> Any:
        """The place of the first body."""
        return self.model.model.positions(q)[0][1]

    def _root(self, state: State) -> Any:
        return self._root_of(state.q)

    def _tilt(self, state: State) -> Any:
        """How far the first body has turned away from how the file draws it: 1 - cos of the angle."""
        quat = self.model.model.positions(state.q)[1][1]
        drawn = self.model.model.positions(const(self.model.model.start))[1][1]
        c = quat @ drawn
        return 2.0 - 2.0 * c * c

    def _tip(self, q: Any) -> Any:
        """The first site, or the last body's frame: x and z."""
        m = self.model.model
        at = m.site_positions(q)[0][0] if m.description.sites else m.positions(q)[0][m.nbody - 1]
        return stack([at[0], at[2]])

    def _away(self, state: State, inputs: World) -> Any:
        off = self._tip(state.q) - inputs.goal
        return off @ off

    def _middle(self, state: State) -> Any:
        """The place of the first body, which the picture follows, where it should move; otherwise the origin."""
        return self._root(state) if self.task == "forward" else const(np.zeros(3))

    def _camera(self, x: Any, y: Any = 0.0) -> Camera:
        """From the front right, a little above: it sees all of the robot, and what is ahead."""
        size = self.model.size
        base = self.model.model.description.bodies[1].pos[2]
        z = base + 0.4 * size if self.task == "reach" else 0.45 * base + 0.15 * size
        return Camera((x + 0.85 * size, y - 2.5 * size, z + 0.7 * size), (x, y, z), 30.0)

    def _shown(self, at: Any) -> Any:
        """Where the picture has x and z of the goal or of the tip."""
        if self.view == "side":
            return at
        return stack(self._camera(0.0).seen([at[0], 0.0, at[1]], self.extent))

    def handles(self, params: Network | Beat, inputs: World) -> dict[str, Any]:
        """The goal of reaching."""
        return {"goal": self._shown(inputs.goal)} if self.task == "reach" else {}

    def drag(self, handle: str, to: Vec[Real, 2], params: Network | Beat, inputs: World) -> tuple[Any, World]:
        """Move the goal, in the plane of the picture from the side."""
        if self.view == "space":
            x, _, z = self._camera(0.0).on_plane(to, self.extent, through=(0.0, 0.0, 0.0), normal=(0.0, 1.0, 0.0))
            to = stack([x, z])
        return params, replace(inputs, goal=to)

    def trail(self, state: State) -> Any:
        """The path of the tip, for a robot that reaches."""
        return stack([self._shown(self._tip(state.q))]) if self.task == "reach" else np.zeros((0, 2))

    def backdrop(self, canvas: Canvas, params: Network | Beat, inputs: World) -> None:
        """Sky and ground, where the picture is from the side."""
        if self.view == "space":
            return
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "haze")
        canvas.box((left, bottom), (right, 0.0), "ground")
        if self.task == "reach":
            canvas.circle(inputs.goal, 0.04, "goal", width=0.012)

    def ghost(self, canvas: Canvas, state: State, params: Network | Beat, inputs: World) -> None:
        """The shapes from the side, faintly. In space an attempt before would hide the present one."""
        if self.view == "side":
            self._shapes(canvas, state, "ghost", "ghost")

    def draw(self, canvas: Canvas, state: State, params: Network | Beat, inputs: World) -> None:
        """The robot; the camera follows it over a ground with a line for each metre."""
        if self.view == "side":
            self._marks(canvas, state)
            self._shapes(canvas, state, "body", "near")
            return
        at = self._middle(state)
        space = canvas.space(self._camera(at[0], at[1]))
        space.ground(0.0)
        m = self.model.model
        m.draw(space, state.q, lambda geom: "near" if self._is_near(geom.body) else "body")
        if self.task == "reach":
            space.sphere([inputs.goal[0], 0.0, inputs.goal[1]], 0.03, "aim")

    def _is_near(self, body: int) -> bool:
        """Whether a body has the second colour: what belongs to a hind leg."""
        return self.model.model.description.bodies[body].name.startswith("hind")

    def _marks(self, canvas: Canvas, state: State) -> None:
        """Marks of the ground, one for each metre, that pass a robot that moves."""
        if self.task == "forward":
            left, bottom, _, _ = canvas.extent
            x = self._middle(state)[0]
            first = floor(x + left)
            for k in range(MARKS):
                at = first + k - x
                canvas.line([(at, 0.0), (at - 0.06, bottom)], "mark", width=0.012)

    def _shapes(self, canvas: Canvas, state: State, role: str, near: str) -> None:
        """Each shape as a line or disc; those nearer to the eye in their own colour."""
        m = self.model.model
        places, quats = m.geom_positions(state.q)
        x = self._middle(state)[0]
        for k, geom in enumerate(m.description.geoms):
            if geom.kind in ("plane", "hfield", "mesh"):
                continue
            colour = near if self._is_near(geom.body) else role
            at = stack([places[k][0] - x, places[k][2]])
            if geom.kind in ("capsule", "cylinder"):
                w, i, j, n = quats[k][0], quats[k][1], quats[k][2], quats[k][3]
                along = geom.size[1] * stack([2.0 * (i * n + w * j), 1.0 - 2.0 * (i * i + j * j)])
                canvas.line(stack([at - along, at + along]), colour, width=2.0 * geom.size[0])
            else:
                canvas.circle(at, float(np.mean(geom.size)), colour)
