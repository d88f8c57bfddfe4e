"""Scenes in space for tests: a body of every kind, and many spheres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from rosesim import Index, Real, Vec, const, stack, vec
from rosesim.scenes import Camera, Canvas, OneOf, Published, Scene, value
from rosesim.scenes.kit import PALETTE


@dataclass(frozen=True)
class Throw:
    """What is tuned."""

    velocity: Vec[Real, 3] = value((0.8, 0.2, 2.0))


@dataclass(frozen=True)
class World:
    """What is given."""

    goal: Vec[Real, 3] = value((1.2, 0.3, 0.1))
    learning_rate: Real = value(0.5)


@dataclass(frozen=True)
class Flight:
    """The state."""

    x: Vec[Real, 3]
    v: Vec[Real, 3]


@dataclass(frozen=True)
class Lob(Scene[Throw, World, Flight]):
    """Throw a ball over a wall."""

    name: ClassVar[str] = "lob"
    published: ClassVar[Published] = Published("gd", 20)
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 3.0, 2.0)
    colours: ClassVar[dict[str, str]] = {
        "ball": "#2f6fd6", "wall": "#c8342c", "post": "#e9b949", "stone": "#3b8c88", "rod": "#d9742b",
    }  # fmt: skip
    camera: ClassVar[Camera] = Camera((0.6, -4.2, 1.5), (0.0, 0.0, 0.45))
    steps: int = 40

    def inputs(self) -> World:
        return World()

    def params(self, rng: np.random.Generator) -> Throw:
        return Throw()

    def initial(self, params: Throw, inputs: World) -> Flight:
        return Flight(stack([-0.8, 0.0, 0.3]), params.velocity)

    def step(self, state: Flight, t: Index, params: Throw, inputs: World) -> Flight:
        v = state.v - stack([0.0, 0.0, 0.05 * 1.6])
        return Flight(state.x + 0.05 * v, v)

    def loss(self, state: Flight, params: Throw, inputs: World) -> Any:
        off = state.x - inputs.goal
        return off @ off

    def handles(self, params: Throw, inputs: World) -> dict[str, Any]:
        return {"goal": self.camera.seen(inputs.goal, self.extent)}

    def drag(self, handle: str, to: Any, params: Throw, inputs: World) -> tuple[Throw, World]:
        return params, replace(inputs, goal=stack(self.camera.on_plane(to, self.extent, (0, 0, 0.1), (0, 0, 1))))

    def draw(self, canvas: Canvas, state: Flight, params: Throw, inputs: World) -> None:
        space = canvas.space(self.camera)
        space.ground(0.0, cell=0.5)
        space.sphere(state.x, 0.3, "ball")
        space.box((0.5, 0.4, 0.35), (0.06, 0.5, 0.35), "wall", turn=(0.96, 0.0, 0.0, 0.28))
        space.cylinder((1.0, 1.2, 0.0), (1.0, 1.2, 0.9), 0.2, "post")
        space.ellipsoid((-0.1, -0.9, 0.13), (0.26, 0.16, 0.13), "stone", turn=(0.98, 0.0, 0.0, -0.2))
        space.capsule((-1.3, 0.6, 0.1), (-0.6, 1.0, 0.6), 0.1, "rod")
        space.sphere(inputs.goal, 0.1, "goal")


@dataclass(frozen=True)
class Heap(Lob):
    """The same throw onto many small balls, some of them in the colours of values, before and behind a wall."""

    name: ClassVar[str] = "heap"

    def trail(self, state: Flight) -> Any:
        return stack([stack(self.camera.seen(state.x, self.extent))])

    def draw(self, canvas: Canvas, state: Flight, params: Throw, inputs: World) -> None:
        space = canvas.space(self.camera)
        space.ground(0.0, cell=0.5)
        space.sphere(state.x, 0.3, "ball")
        space.box((0.5, 0.4, 0.35), (0.06, 0.5, 0.35), "wall", turn=(0.96, 0.0, 0.0, 0.28))
        x, y, z = np.indices((9, 7, 5)).reshape(3, -1)
        places = np.stack([0.09 * x - 0.5, 0.09 * y - 0.3, 0.09 * z + 0.5], axis=1)
        moved = vec(len(places), lambda i: const(places)[i] + 0.1 * state.x)
        space.spheres(moved, 0.06, OneOf(("post", "stone", "rod"), const((x + y + z) % 3)))
        values = const(np.cos(places[:, 0] * 7.0)) * state.x[2]
        level = places - np.array([-0.5, 0.9, 0.45])
        space.spheres(level, 0.045, values=values, palette=PALETTE, least=-0.3, greatest=0.3)
