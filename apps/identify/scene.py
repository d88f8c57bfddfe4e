"""A robot's parameters from its recorded motion: the robot of the file moves as the recorded one did, once its masses
are right.

Lengths in metres, time in seconds. The mechanics are those of `rosesim.robots`.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, const, robots, stack
from rosesim.scenes import Camera, Canvas, Measure, Published, Scene, value

from .wanted import Motion, Names, RobotFile

ROBOT, MOTION = RobotFile.parse("arm"), Motion.parse("swing")
"""By default."""
MASSES = Names.parse("body * mass")
"""By default: all masses."""
HIGH = 1.0
"""From the side, a robot stretched out is as long as this, in the picture's units."""
APART = 0.6
"""In space, the computed robot stands before the recorded one by this part of its length."""


@dataclass(frozen=True)
class World:
    """What is given: the measured start of the motion, and the learning rate."""

    start: Vec[Real, ...]
    """Positions of the joints in the first row, m and rad."""
    speed: Vec[Real, ...]
    """Velocities there, from the first rows, m/s and rad/s."""
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class Sought:
    """What is tuned, from zero."""

    changes: Vec[Real, ...]
    """Of each parameter: the logarithm of how many times it is where the search begins, if it cannot be negative;
    otherwise how far it is from there, over its magnitude."""
    place: Vec[Real, ...]
    """How far the motion starts from the measured positions, m and rad."""
    speed: Vec[Real, ...]
    """The same of the velocities."""


@dataclass(frozen=True)
class State:
    """Positions and velocities of the joints, as `robots.Model` has them."""

    q: Vec[Real, ...]
    v: Vec[Real, ...]
    w: Vec[Real, ...]
    """Activations of the motors that have one."""
    recorded: Vec[Real, ...]
    """Where the record has the joints."""


@dataclass(frozen=True)
class Identify(Scene[Sought, World, State]):
    """Find a robot's masses from its recorded motion."""

    name: ClassVar[str] = "identify"
    published: ClassVar[Published] = Published(optimizer="adam", iterations=300)
    measure: ClassVar[Measure] = Measure("mean square of the misfit")
    extent: ClassVar[tuple[float, float, float, float]] = (-1.6, -1.1, 1.6, 1.1)
    colours: ClassVar[Mapping[str, str]] = {
        "recorded": "#c3ccd6",
        "body": "#4a6f9c",
        "aim": "#e07b2e",
        "trail": "#e5a97f",
        "ground": "#e4dfd4",
    }

    steps: int = 200
    """Of the record. Over a shorter beginning, parameters that are far off lead less often to another minimum."""
    model: RobotFile = ROBOT
    """`arm`, or an MJCF or URDF file."""
    motion: Motion = MOTION
    """`swing`, or a CSV file with the columns time, q0, q1, ..., ctrl0, ...: an empty cell was not measured."""
    find: Names = MASSES
    """Names or patterns of `model.parameters()`, with commas between; NAME=NUMBER begins elsewhere than the file."""
    contact: Literal["none", "compliant", "soft"] = "none"
    """Contact and the limits of joints: left out, springs that are smooth at touching, or MuJoCo's constraints."""
    view: Literal["side", "space"] = "side"
    """The picture: from the side, along y, over the recorded robot; or in space, beside it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.find.wanted:
            raise ValueError("find names no parameter; expected names of the robot's parameters, as 'body * mass'")
        rows = self.fitting.steps
        if self.steps > rows:
            raise ValueError(
                f"the motion {self.motion} ends after {rows} steps of {self.model.model.timestep:g} s; expected "
                f"steps={rows} or fewer"
            )
        _ = self.fitting.size, self.fitting.shown

    @cached_property
    def fitting(self) -> robots.Fitting:
        """The record on the robot's time steps, and what is sought."""
        return robots.Fitting(self.model.model, self.motion.record, self.find.wanted)

    def inputs(self) -> World:
        """The first row of the record."""
        start, speed = self.fitting.start
        given: Any = start, speed
        return World(*given)

    def params(self, rng: np.random.Generator) -> Sought:
        """No change."""
        zero: Any = np.zeros(self.model.model.nv)
        changes: Any = np.zeros(self.fitting.size)
        return Sought(changes, zero, zero)

    def initial(self, params: Sought, inputs: World) -> State:
        """The measured start, moved."""
        q = self.model.model.moved(inputs.start, params.place)
        return State(q, inputs.speed + params.speed, const(self.fitting.activation), const(self.fitting.shown)[0])

    def step(self, state: State, t: Index, params: Sought, inputs: World) -> State:
        """A time step of the robot's file, under the recorded controls."""
        m, ctrl = self.model.model, const(self.fitting.controls)[t]
        given = self.fitting.parameters(params.changes)
        q, v, w = m.step(state.q, state.v, ctrl, activation=state.w, contact=self.contact, parameters=given)
        return State(q, v, w, const(self.fitting.shown)[t + 1])

    def _misfit(self, state: State, t: Any) -> Any:
        """The squares of how far the positions are from those of a row, where it was measured."""
        known = self.fitting.known.astype(np.float64)
        off = self.model.model.difference(state.q, const(self.fitting.positions)[t]) * const(known)[t]
        return off @ off / max(float(known[: self.steps + 1].sum()), 1.0)

    def cost(self, state: State, t: Index, params: Sought, inputs: World) -> Real:
        """The misfit on the way."""
        return self._misfit(state, t)

    def loss(self, state: State, params: Sought, inputs: World) -> Real:
        """The misfit at the end."""
        return self._misfit(state, self.steps)

    def remarks(self, params: Sought, inputs: World) -> Sequence[str]:
        """The parameters with their standard errors, by least squares over the whole record from the values found."""
        values = self.fitting.values(np.asarray(params.changes))
        if importlib.util.find_spec("scipy") is None:
            found = [f"{name}: {v:.6g}" for name, v in values.items()]
            return [*found, "standard errors need the package scipy: pip install 'rosesim[lbfgs]'"]
        record = self.motion.record
        positions = robots.Record(record.q, record.ctrl, times=record.times, activation=record.activation)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubts are among the lines
            found = robots.identify(self.model.model, positions, values, contact=self.contact)
        return str(found).splitlines()

    # ------------------------------------------------------------------------------------------ the picture

    @cached_property
    def _scale(self) -> float:
        return HIGH / self.model.size

    @cached_property
    def _height(self) -> float:
        """Of the first body in the file, which is in the middle of the picture, m."""
        return float(self.model.model.description.bodies[1].pos[2])

    @cached_property
    def _has_ground(self) -> bool:
        return any(geom.kind == "plane" for geom in self.model.model.description.geoms)

    def _middle(self, q: Any) -> Any:
        """The place of the first body along x, which the picture follows."""
        return self.model.model.positions(q)[0][1][0]

    def _tip(self, state: State) -> Any:
        """The first site, or the last body's frame, from the side."""
        m = self.model.model
        at = m.site_positions(state.q)[0][0] if m.description.sites else m.positions(state.q)[0][m.nbody - 1]
        return self._scale * stack([at[0] - self._middle(state.recorded), at[2] - self._height])

    def trail(self, state: State) -> Any:
        """The path of the tip, from the side."""
        return stack([self._tip(state)]) if self.view == "side" else np.zeros((0, 2))

    def backdrop(self, canvas: Canvas, params: Sought, inputs: World) -> None:
        """The ground, from the side, where the file has one."""
        if self.view == "side" and self._has_ground:
            left, bottom, right, _ = canvas.extent
            canvas.box((left, bottom), (right, -self._scale * self._height), "ground")

    def ghost(self, canvas: Canvas, state: State, params: Sought, inputs: World) -> None:
        """The recorded robot stands where attempts before would."""

    def draw(self, canvas: Canvas, state: State, params: Sought, inputs: World) -> None:
        """The recorded robot, and the computed one over it, or in space before it."""
        m = self.model.model
        if self.view == "side":
            at = self._middle(state.recorded), self._height
            m.draw_from_the_side(canvas, state.recorded, "recorded", middle=at, scale=self._scale)
            m.draw_from_the_side(canvas, state.q, "body", middle=at, scale=self._scale)
            canvas.circle(self._tip(state), 0.025, "aim")
            return
        size, x, z = self.model.size, self._middle(state.recorded), self._height
        before = APART * size
        space = canvas.space(Camera((x + 1.2 * size, -3.0 * size, z + size), (x, -0.5 * before, z), 36.0))
        if self._has_ground:
            space.ground(0.0)
        m.draw(space, state.recorded, "recorded")
        m.draw(space, state.q, "body", moved=(0.0, -before, 0.0))
