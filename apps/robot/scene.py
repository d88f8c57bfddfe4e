"""A robot from a file learns a task: a network that sees it, a rhythm, or springs to targets drive its motors.

Lengths in metres, time in seconds. The mechanics and the contact are those of `rosesim.robots`: the gradient goes
through the converged contact forces of every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, const, floor, robots, stack, vec
from rosesim.scenes import Camera, Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import Beat, Network

from .controllers import CONTROLLERS, Gains, Seen, driven
from .recording import Recording
from .source import RobotFile
from .tasks import TASKS, Task

ROBOT = RobotFile.parse("runner")
"""The robot by default."""
NONE = Recording.parse("")
"""No recording."""
MARKS = 7
"""Marks of the ground, one a metre, as far as the picture shows."""


@dataclass(frozen=True)
class World:
    """What is given: where and how fast the robot starts, the goal of reaching, and the learning rate."""

    start: Vec[Real, ...]
    """Initial positions of the joints, m and rad."""
    speed: Vec[Real, ...]
    """Initial velocities of the joints, m/s and rad/s."""
    heights: Vec[Real, ...]
    """Heights of the ridges in the ground, m."""
    goal: Vec[Real, 2] = value((0.5, 0.9))
    """Where the arm's tip should end, when the task is reaching [m]."""
    learning_rate: Real = value(0.01)


@dataclass(frozen=True)
class State:
    """Positions and velocities of the joints, as `robots.Model` has them, and the controls of the step before."""

    q: Vec[Real, ...]
    v: Vec[Real, ...]
    u: Vec[Real, ...]
    w: Vec[Real, ...]
    """Activations of the motors that have one, at first as in the recording, or 0."""


@dataclass(frozen=True)
class Robot(Scene[Network | Beat | Gains, World, State]):
    """Teach a robot from a file to run, reach, balance, or follow a recording."""

    name: ClassVar[str] = "robot"
    published: ClassVar[Published] = Published(optimizer="adam", iterations=300)
    measure: ClassVar[Measure] = Measure("loss of the task")
    most: ClassVar[dict[str, int]] = {"sines": 1000, "hidden": 4096, "ridges": 1000}
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
    task: Literal["forward", "reach", "balance", "follow"] = "forward"
    """Run along x, bring the last body to the goal, stay where the file draws the robot, or follow a recording."""
    recording: Recording = NONE
    """A CSV file of positions, with the columns time, q0, q1, ...: to follow, and where `pd` draws the joints."""
    contact: Literal["soft", "compliant", "none"] = "soft"
    """MuJoCo's soft constraints, solved to convergence; springs that are smooth at touching; or no contact."""
    controller: Literal["network", "beat", "pd"] = "network"
    """A network that sees the robot, a rhythm that does not, or springs and dampers that draw each joint to where the
    recording has it, or without one to where the file draws it."""
    view: Literal["space", "side"] = "space"
    """The picture: in space, or from the side, along y."""
    ridges: int = 0
    """Ridges across the way, one every half metre from x = 1 m on."""
    roughness: float = 0.1
    """The height of the ridges; while training each has one of its own, up to this, in each run of a batch [m]."""
    jostle: float = 0.0
    """The standard deviation of the velocities at the start of each run while training, in m/s and rad/s."""
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
        if self.ridges < 0:
            raise ValueError(f"ridges is 0 or more; it was {self.ridges}")
        for name in ("roughness", "jostle"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} is 0 or more; it was {getattr(self, name)}")
        if not self.robot.nu:
            raise ValueError(
                f"the robot {self.model} has no actuators; expected motors: an <actuator> in MJCF, "
                'motors="all" for a URDF'
            )
        if self.task == "follow" and not self.recording.is_there:
            raise ValueError("task=follow has nothing to follow; expected recording=FILE, a CSV file of positions")
        self.recording.positions(self.model.model, 0)
        self.recording.activation(self.model.model)
        if self.ridges and self.contact == "none":
            raise ValueError("ridges are nothing without contact; expected contact=soft or contact=compliant")
        if self.controller == "pd":
            driven(self.model.model)

    @cached_property
    def robot(self) -> robots.Model:
        """The robot on its ground."""
        model = self.model.model
        return self._ground.under(model) if self.ridges else model

    @cached_property
    def _ground(self) -> robots.Ridges:
        return robots.Ridges(self.ridges)

    def _given(self, inputs: World) -> dict[str, Any] | None:
        """The parameters of the robot: the heights of its ground."""
        return self._ground.of(inputs.heights) if self.ridges else None

    @cached_property
    def todo(self) -> Task:
        """The task, with what it is about."""
        return TASKS[self.task](self.model.model, self.steps, self.wanted)

    @property
    def wanted(self) -> Any:
        """Where the recording, or else the file, has the robot at each step."""
        return self.recording.positions(self.model.model, self.steps)

    def inputs(self) -> World:
        """The robot as its recording begins, or as its file draws it, at rest."""
        start: Any = self.wanted[0]
        speed: Any = self.recording.speed(self.model.model)
        heights: Any = np.full(self.ridges, self.roughness)
        return World(start, speed, heights)

    def sample(self, inputs: World, rng: np.random.Generator) -> World | None:
        """Another ground and a push at the start, where the settings ask for them; what was set by hand stays."""
        usual = self.inputs()
        changed: dict[str, Any] = {}
        if self.ridges and self.roughness and np.array_equal(inputs.heights, usual.heights):
            changed["heights"] = rng.uniform(0.0, self.roughness, self.ridges)
        if self.jostle and np.array_equal(inputs.speed, usual.speed):
            changed["speed"] = inputs.speed + rng.normal(0.0, self.jostle, self.model.model.nv)
        return replace(inputs, **changed) if changed else None

    def params(self, rng: np.random.Generator) -> Network | Beat | Gains:
        """Small random weights; gains are the same for each motor."""
        return CONTROLLERS[self.controller].params(rng, self.model.model, self.sines, self.hidden)

    def initial(self, params: Network | Beat | Gains, inputs: World) -> State:
        """As the inputs say."""
        return State(
            inputs.start,
            inputs.speed,
            vec(self.model.model.nu, lambda i: Real(0.0)),
            const(self.recording.activation(self.model.model)),
        )

    def step(self, state: State, t: Index, params: Network | Beat | Gains, inputs: World) -> State:
        """The controller acts, the robot moves for one time step of its file."""
        m = self.robot
        told = self.controls(state, t, params, inputs)
        given = self._given(inputs)
        q, v, w = m.step(state.q, state.v, told, activation=state.w, contact=self.contact, parameters=given)
        return State(q, v, told, w)

    def controls(self, state: State, t: Index, params: Network | Beat | Gains, inputs: World) -> Vec[Real, ...]:
        """What the motors are told, within their range (-1 to 1 where the file gives none)."""
        m = self.model.model
        seen = Seen(m, state, t, inputs, self.todo.travels, self.wanted, self.sines, self.omega)
        raw = CONTROLLERS[self.controller].told(params, seen)
        low, high = np.where(np.isfinite(m.control_range), m.control_range, [-1.0, 1.0]).T
        return const(0.5 * (low + high)) + const(0.5 * (high - low)) * raw

    def cost(self, state: State, t: Index, params: Network | Beat | Gains, inputs: World) -> dict[str, Any]:
        """Effort, and what the task costs on the way."""
        effort = self.effort / self.steps * (state.u @ state.u)
        return {"effort": effort, **self.todo.on_the_way(state, t, inputs)}

    def loss(self, state: State, params: Network | Beat | Gains, inputs: World) -> dict[str, Any]:
        """What the task costs at the end."""
        return self.todo.at_the_end(state, inputs)

    def _middle(self, state: State) -> Any:
        """The place of the first body, which the picture follows, where it should move; otherwise the origin."""
        return self.todo.root(state.q) if self.todo.travels else const(np.zeros(3))

    def _camera(self, x: Any, y: Any = 0.0) -> Camera:
        """From the front right, a little above: it sees all of the robot, and what is ahead."""
        size = self.model.size
        base = self.model.model.description.bodies[1].pos[2]
        z = base + 0.4 * size if self.todo.aims else 0.45 * base + 0.15 * size
        return Camera((x + 0.85 * size, y - 2.5 * size, z + 0.7 * size), (x, y, z), 30.0)

    def _shown(self, at: Any) -> Any:
        """Where the picture has x and z of the goal or of the tip."""
        if self.view == "side":
            return at
        return stack(self._camera(0.0).seen([at[0], 0.0, at[1]], self.extent))

    def handles(self, params: Network | Beat | Gains, inputs: World) -> dict[str, Any]:
        """The goal of reaching."""
        return {"goal": self._shown(inputs.goal)} if self.todo.aims else {}

    def drag(self, handle: str, to: Vec[Real, 2], params: Network | Beat | Gains, inputs: World) -> tuple[Any, World]:
        """Move the goal, in the plane of the picture from the side."""
        if self.view == "space":
            x, _, z = self._camera(0.0).on_plane(to, self.extent, through=(0.0, 0.0, 0.0), normal=(0.0, 1.0, 0.0))
            to = stack([x, z])
        return params, replace(inputs, goal=to)

    def trail(self, state: State) -> Any:
        """The path of the tip, for a robot that reaches."""
        return stack([self._shown(self.todo.tip(state.q))]) if self.todo.aims else np.zeros((0, 2))

    def backdrop(self, canvas: Canvas, params: Network | Beat | Gains, inputs: World) -> None:
        """Sky and ground, where the picture is from the side."""
        if self.view == "space":
            return
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "haze")
        canvas.box((left, bottom), (right, 0.0), "ground")
        if self.todo.aims:
            canvas.circle(inputs.goal, 0.04, "goal", width=0.012)

    def ghost(self, canvas: Canvas, state: State, params: Network | Beat | Gains, inputs: World) -> None:
        """The shapes from the side, faintly. In space an attempt before would hide the present one."""
        if self.view == "side":
            self._shapes(canvas, state, inputs, "ghost")

    def draw(self, canvas: Canvas, state: State, params: Network | Beat | Gains, inputs: World) -> None:
        """The robot; the camera follows it over a ground with a line for each metre."""
        if self.view == "side":
            self._marks(canvas, state)
            self._shapes(canvas, state, inputs, self._colour)
            return
        at = self._middle(state)
        space = canvas.space(self._camera(at[0], at[1]))
        space.ground(0.0)
        self.robot.draw(space, state.q, self._colour, parameters=self._given(inputs))
        if self.todo.aims:
            space.sphere([inputs.goal[0], 0.0, inputs.goal[1]], 0.03, "aim")

    def _colour(self, geom: Any) -> str:
        """What belongs to a hind leg has the second colour, ridges have that of the ground."""
        if self.ridges and self._ground.is_ridge(geom):
            return "ground"
        return "near" if self.model.model.description.bodies[geom.body].name.startswith("hind") else "body"

    def _shapes(self, canvas: Canvas, state: State, inputs: World, colour: Callable[[Any], str] | str) -> None:
        """Each shape from the side."""
        x = self._middle(state)[0]
        self.robot.draw_from_the_side(canvas, state.q, colour, middle=(x, 0.0), parameters=self._given(inputs))

    def _marks(self, canvas: Canvas, state: State) -> None:
        """Marks of the ground, one for each metre, that pass a robot that moves."""
        if self.todo.travels:
            left, bottom, _, _ = canvas.extent
            x = self._middle(state)[0]
            first = floor(x + left)
            for k in range(MARKS):
                at = first + k - x
                canvas.line([(at, 0.0), (at - 0.06, bottom)], "mark", width=0.012)
