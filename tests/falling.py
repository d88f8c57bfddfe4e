"""A small scene in a file of its own, as a user writes one: a stone is thrown to a height."""

from pathlib import Path

FALL = '''"""A stone that is thrown."""
from dataclasses import dataclass
from typing import ClassVar

from rosesim import Real
from rosesim.scenes import Published, Range, Scene, value


@dataclass(frozen=True)
class Throw:
    """What is tuned: the throw."""

    speed: Real = value(0.5)
    """Speed upwards [m/s]."""


@dataclass(frozen=True)
class World:
    """What is given: gravity and the goal."""

    gravity: Real = value(1.0)
    """Gravity [m/s^2]."""
    goal: Real = value(0.3)
    """Height to reach [m]."""
    learning_rate: Real = value(0.3)


@dataclass(frozen=True)
class State:
    height: Real
    """Height [m]."""
    speed: Real


@dataclass(frozen=True)
class Fall(Scene[Throw, World, State]):
    """Throw a stone so that it ends at a height."""

    name: ClassVar[str] = "fall"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=20)
    ranges: ClassVar[dict[str, Range]] = {"goal": Range(0.0, 1.0, unit="m", label="goal")}
    steps: int = 5
    h: float = 0.2
    """Time step [s]."""

    def inputs(self):
        return World()

    def params(self, rng):
        return Throw()

    def initial(self, params, inputs):
        return State(0.0 * params.speed, params.speed)

    def step(self, s, t, params, inputs):
        speed = s.speed - self.h * inputs.gravity
        return State(s.height + self.h * speed, speed)

    def loss(self, s, params, inputs):
        return (s.height - inputs.goal) ** 2

    def draw(self, canvas, s, params, inputs):
        canvas.circle((0.5, s.height), 0.05, "ink")
'''
"""With h = 0.2 and 5 steps the height at the end is speed - 0.6: the loss is (speed - 0.9)^2."""


def write_scene(folder: Path, name: str = "fall.py", text: str = FALL) -> Path:
    """The scene's file in a folder."""
    file = folder / name
    file.write_text(text)
    return file
