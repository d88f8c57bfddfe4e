"""A spacecraft is launched past Jupiter, which throws it to where its own speed would never bring it.

Lengths are astronomical units, times years, so that the Sun's gravity is 4π². Sun and planet attract the craft; the
planet moves on a circle. Each frame of the picture is integrated with error control: an hour near the planet is as
much as a month far away. The closest approach is an event: the moment at which the distance stops shrinking. A frame
ends there, and the next one is so much longer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from rosesim import Index, Real, Struct, Vec, atan2, cos, dot, integrate, maximum, minimum, norm, select, sin, stack
from rosesim.scenes import Canvas, Measure, OneOf, Published, Range, Scene, value

SUN = 4.0 * math.pi**2
"""The Sun's gravity, AU³/yr²: a year for a circle of radius 1, by Kepler's third law."""
PLANET = SUN / 1047.35
"""Jupiter's, by the ratio of masses of the IAU (2009)."""
ORBIT = 5.203
"""The radius of Jupiter's orbit, AU."""
TURN = 2.0 * math.pi / ORBIT**1.5
"""Its angular speed, rad/yr, by Kepler's third law."""
AU_KM = 149.6e6
KM_S = AU_KM / (365.25 * 86400.0)
"""An astronomical unit a year, km/s."""
FAR = 1e9
"""The closest approach of who has not passed yet, AU."""


@dataclass(frozen=True)
class Launch:
    """What is tuned: the speed (AU/yr), and how far the launch is turned away from the Earth's motion (rad)."""

    speed: Real = value(8.5)
    """Speed at the launch [AU/yr]."""
    angle: Real = value(0.0)
    """How far it is turned away from the Earth's motion [rad]."""


@dataclass(frozen=True)
class System:
    """What is given: where Jupiter is at the launch, where the craft should be at the end, how near it may come."""

    phase: Real = value(1.755)
    """The angle between the Earth and Jupiter at the launch, rad."""
    goal: Vec[Real, 2] = value((-14.0, -1.5))
    """Where the craft should be at the end [AU]."""
    safe: Real = value(0.015)
    """Nearer to Jupiter than this costs: 31 of its radii, AU."""
    learning_rate: Real = value(0.0005)


@dataclass(frozen=True)
class Flight(Struct):
    """The craft, and how near to Jupiter it has come: `FAR` as long as it has not passed."""

    time: Real
    position: Vec[Real, 2]
    velocity: Vec[Real, 2]
    closest: Real


def planet(t: Any, phase: Any) -> tuple[Any, Any]:
    """Where Jupiter is, and its velocity."""
    a = phase + TURN * t
    return stack([ORBIT * cos(a), ORBIT * sin(a)]), stack([-ORBIT * TURN * sin(a), ORBIT * TURN * cos(a)])


def acceleration(t: Any, y: Any, phase: Any) -> Any:
    """The motion of the craft, y = (position, velocity)."""
    x, v = y
    r = x - planet(t, phase)[0]
    return v, -SUN * x / norm(x) ** 3 - PLANET * r / norm(r) ** 3


def approach(t: Any, y: Any, phase: Any) -> Any:
    """Positive while the distance from Jupiter shrinks."""
    p, u = planet(t, phase)
    return -dot(y[0] - p, y[1] - u)


@dataclass(frozen=True)
class FlyBy(Scene[Launch, System, Flight]):
    """Launch a spacecraft so that Jupiter throws it to a place far away."""

    name: ClassVar[str] = "fly_by"
    published: ClassVar[Published] = Published(optimizer="adam", iterations=100)
    measure: ClassVar[Measure] = Measure("squared miss and penalty", "AU^2")
    ranges: ClassVar[Mapping[str, Range]] = {
        "phase": Range(0.0, 6.28, "rad", "Jupiter at the launch"),
        "safe": Range(0.005, 0.1, "AU", "Safe distance"),
    }
    extent: ClassVar[tuple[float, float, float, float]] = (-16.0, -9.0, 7.0, 9.0)
    colours: ClassVar[Mapping[str, str]] = {
        "space": "#10141f",
        "orbit": "#39435c",
        "sun": "#ffd75e",
        "earth": "#6fb1ff",
        "planet": "#e0a46c",
        "craft": "#ffffff",
        "trail": "#9fd0ff",
        "ghost": "#7c88a6",
        "goal": "#6fe08a",
        "letters": "#cfd6e6",
    }

    steps: int = 125
    years: float = 5.0
    """The duration of the flight."""
    rtol: float = 1e-10
    """The relative error that a step may make."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.years < 100:
            raise ValueError(f"years is positive and below 100; it was {self.years}")
        if not 1e-14 <= self.rtol <= 1e-2:
            raise ValueError(f"rtol is between 1e-14 and 0.01; it was {self.rtol}")

    def inputs(self) -> System:
        """A launch window towards Jupiter."""
        return System()

    def params(self, rng: np.random.Generator) -> Launch:
        """Along the Earth's motion, whatever the seed."""
        return Launch()

    def initial(self, params: Launch, inputs: System) -> Flight:
        """Away from the Earth's place, but not from its gravity, which the launch has overcome."""
        v = params.speed
        velocity = stack([v * sin(params.angle), v * cos(params.angle)])
        return Flight(Real(0.0), stack([Real(1.0), Real(0.0)]), velocity, Real(FAR))

    def step(self, state: Flight, t: Index, params: Launch, inputs: System) -> Flight:
        """Fly to the end of the frame, or to the closest approach, if that comes first."""
        h = self.years / self.steps
        end, (x, v), went = integrate.until(
            acceleration, (state.position, state.velocity), approach, state.time, h * (t + 1.0), args=(inputs.phase,),
            rtol=self.rtol, atol=1e-2 * self.rtol, first_step=h, limit=150, full=True, check=False,
        )  # fmt: skip
        distance = norm(x - planet(end, inputs.phase)[0])
        return Flight(end, x, v, select(went.reached, minimum(state.closest, distance), state.closest))

    def loss(self, state: Flight, params: Launch, inputs: System) -> Real:
        """The squared distance from the goal, AU², and a penalty for coming too near to Jupiter."""
        miss = state.position - inputs.goal
        return dot(miss, miss) + 10.0 * maximum(0.0, 1.0 - state.closest / inputs.safe) ** 2

    def handles(self, params: Launch, inputs: System) -> dict[str, Any]:
        """The goal, and the tip of the launch's velocity (a fifth of a year ahead)."""
        ahead, angle = 0.2 * params.speed, params.angle
        return {"goal": inputs.goal, "launch": (1.0 + ahead * sin(angle), ahead * cos(angle))}

    def drag(self, handle: str, to: Vec[Real, 2], params: Launch, inputs: System) -> tuple[Launch, System]:
        """Move the goal, or turn and lengthen the launch."""
        if handle == "goal":
            return params, replace(inputs, goal=to)
        velocity = to - [1.0, 0.0]
        return Launch(norm(velocity) / 0.2, atan2(velocity[0], velocity[1])), inputs

    def trail(self, state: Flight) -> Any:
        """The craft's path."""
        return state.position[None]

    def backdrop(self, canvas: Canvas, params: Launch, inputs: System) -> None:
        """The Sun, and the orbits of the Earth and of Jupiter."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "space")
        canvas.circle((0.0, 0.0), 1.0, "orbit", width=0.03)
        canvas.circle((0.0, 0.0), ORBIT, "orbit", width=0.03)
        canvas.circle((0.0, 0.0), 0.25, "sun")
        canvas.circle(inputs.goal, 0.35, "goal", width=0.08)

    def ghost(self, canvas: Canvas, state: Flight, params: Launch, inputs: System) -> None:
        """The craft."""
        canvas.circle(state.position, 0.12, "ghost")

    def draw(self, canvas: Canvas, state: Flight, params: Launch, inputs: System) -> None:
        """The planets, the craft, and how near it has come."""
        t, year = state.time, 2.0 * math.pi * state.time
        canvas.circle((cos(year), sin(year)), 0.12, "earth")
        canvas.circle(planet(t, inputs.phase)[0], 0.2, "planet")
        canvas.circle(state.position, 0.12, "craft")
        speed = norm(state.velocity) * KM_S
        passed = OneOf(("", f", closest {state.closest * AU_KM / 1e6:.1f} million km"), state.closest != FAR)
        canvas.text((-15.5, 8.1), f"{t:.2f} years, {speed:.1f} km/s{passed}", "letters", size=0.6)
