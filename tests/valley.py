"""A scene whose training is quick and takes many iterations: the tests of training share it."""

import json
import pathlib
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, vec
from rosesim.scenes import Canvas, Published, Scene, value


@dataclass(frozen=True)
class Throw:
    """What is tuned."""

    push: Vec[Real, 3] = value((1.0, 0.5, -0.5))
    lift: Real = value(0.2)


@dataclass(frozen=True)
class Field:
    """What is given."""

    drag: Real = value(0.1)
    wind: Vec[Real, 3] = value((0.0, 0.1, 0.0))
    learning_rate: Real = value(0.002)


@dataclass(frozen=True)
class Path:
    """The state."""

    x: Vec[Real, 3]
    speed: Real


@dataclass(frozen=True)
class Valley(Scene[Throw, Field, Path]):
    """Rosenbrock's valley at the end of a short path: gradients point across it, the way leads along it."""

    name: ClassVar[str] = "valley"
    published: ClassVar[Published] = Published("gd", 40)

    steps: int = 8
    bend: float = 20.0
    kind: Literal["plain", "blunt"] = "plain"
    weights: tuple[float, ...] = (1.0, 1.0)
    note: str | None = None

    def inputs(self) -> Field:
        return Field()

    def params(self, rng: np.random.Generator) -> Throw:
        return Throw(push=np.array([1.0, 0.5, -0.5]) + 0.3 * rng.normal(size=3))  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere

    def initial(self, params: Throw, inputs: Field) -> Path:
        return Path(x=vec(3, lambda i: 0.1 * params.push[i]), speed=params.lift + 0.0)

    def step(self, state: Path, t: Index, params: Throw, inputs: Field) -> Path:
        v = vec(3, lambda i: params.push[i] - inputs.drag * state.x[i] + inputs.wind[i])
        speed = 0.9 * state.speed + 0.1 * params.lift
        return Path(x=state.x + v / self.steps, speed=speed)

    def loss(self, state: Path, params: Throw, inputs: Field) -> Real:
        a, b, c = state.x
        total = self.weights[0] * (1 - a) ** 2 + self.bend * (b - a * a) ** 2 + self.bend * (c - b * b) ** 2
        return total + self.weights[1] * (state.speed - 1) ** 2

    def draw(self, canvas: Canvas, state: Path, params: Throw, inputs: Field) -> None:
        canvas.circle(np.asarray(state.x)[:2], 0.1, "target")


def records(folder: pathlib.Path) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """What a run's folder holds but for times: the rows of its metrics, the arrays of last.npz and best.npz.

    With the arrays of last.npz, the record of evaluations where there is one.
    """
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        del row["seconds"]
    arrays: list[dict[str, Any]] = []
    for name in ("last.npz", "best.npz"):
        with np.load(folder / name, allow_pickle=False) as archive:
            arrays.append({k: (a := archive[k]).dtype.str + str(a.shape) + a.tobytes().hex() for k in archive.files})
    for name in ("seconds", "compile_seconds"):
        del arrays[0][name]
    if (record := folder / "evaluations.bin").exists():
        arrays[0]["evaluations"] = record.read_bytes().hex()
    return rows, arrays[0], arrays[1]
