"""The gradient check: reverse mode against forward mode, and against central differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import compiled

FLOOR = 1e-8
"""A gradient shorter than this is compared absolutely: relative to nothing, rounding would look large."""
JVP_TOLERANCE = 1e-10
"""Forward and reverse mode do the same arithmetic in another order."""
FD_TOLERANCE = 1e-4
"""Differences through collisions lose half of the digits and more; a wrong derivative is off by far."""
COORDINATES = 8
"""A param of at most so many numbers is checked along each, a longer one along as many random directions."""
STEPS = 10.0 ** -np.arange(3.0, 9.0)
"""Step lengths of the differences, of which the one is taken where two successive ones agree best."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class GradientCheck:
    """The largest errors, over the larger of the gradient's norm and FLOOR, and a verdict for each param."""

    max_rel_error_jvp_vjp: float
    max_rel_error_fd: float
    verdicts: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether every verdict is `right` or begins with `zero because`."""
        return all(v == "right" or v.startswith("zero because") for v in self.verdicts.values())


def check_gradient(scene: Scene[Any, Any, Any], inputs: Any = None, seed: int = 0) -> GradientCheck:
    """Check the gradient at the params where tuning begins, for the given or the default inputs."""
    program = compiled(scene)
    given = scene.inputs() if inputs is None else inputs
    flat = program.flat
    rng = np.random.default_rng(seed)
    x = flat.flatten(scene.params(rng))
    _, gradient = program.value_and_grad(flat.unflatten(x), given)
    g = flat.flatten(gradient)
    scale = max(float(np.linalg.norm(g)), FLOOR)

    def value(at: Vector) -> float:
        return float(program.value(flat.unflatten(at), given))

    errors: dict[str, tuple[float, float]] = {}
    for name, part in flat.slices.items():
        worst = (0.0, 0.0)
        for direction in _directions(part, flat.size, rng):
            reverse = float(g @ direction)
            forward = float(program.forward(flat.unflatten(x), given, flat.unflatten(direction))[1])
            difference = _central(value, x, direction)
            worst = (
                _larger(abs(forward - reverse) / scale, worst[0]),
                _larger(abs(difference - reverse) / scale, worst[1]),
            )
        errors[name] = worst
    because = None
    if not g.any():
        because = scene.why_no_gradient(program.trajectory(flat.unflatten(x), given), flat.unflatten(x), given)
    verdicts = {name: _verdict(*e, because) for name, e in errors.items()}
    both = np.array(list(errors.values())) if errors else np.zeros((1, 2))
    return GradientCheck(float(both[:, 0].max()), float(both[:, 1].max()), verdicts)  # max keeps a NaN


def _larger(a: float, b: float) -> float:
    """The larger one, or NaN: max() would lose it, and it must fail the check."""
    return a if a > b or a != a else b


def _verdict(jvp: float, fd: float, because: str | None) -> str:
    if not jvp <= JVP_TOLERANCE:
        return f"wrong: reverse and forward mode differ by {jvp:.1e}"
    if not fd <= FD_TOLERANCE:
        return f"wrong: the gradient and differences differ by {fd:.1e}"
    return f"zero because {because}" if because else "right"


def _directions(part: slice, size: int, rng: np.random.Generator) -> list[Vector]:
    """Unit vectors within a part of the params."""
    length = part.stop - part.start
    inside = np.eye(length) if length <= COORDINATES else rng.normal(size=(COORDINATES, length))
    found = np.zeros((len(inside), size))
    found[:, part] = inside / np.linalg.norm(inside, axis=1, keepdims=True)
    return list(found)


def _central(value: Callable[[Vector], float], x: Vector, direction: Vector) -> float:
    """The derivative along a direction by central differences.

    Long steps cross from one pattern of contacts to another, short ones drown in rounding; in between two
    successive estimates agree, and there the later one is taken.
    """
    unit = max(1.0, float(np.abs(x).max(initial=0.0)))
    found = [(value(x + h * unit * direction) - value(x - h * unit * direction)) / (2 * h * unit) for h in STEPS]
    gaps = [abs(a - b) for a, b in itertools.pairwise(found)]
    return found[int(np.argmin(gaps)) + 1] if np.isfinite(gaps).all() else float("nan")
