"""The gradient check: reverse mode against forward mode, and against differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
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
BESIDE = 1e-6
"""How far from a kink the derivative on one side of it is taken: among the step lengths, below most curvature."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class GradientCheck:
    """The largest errors, over the larger of the gradient's norm and FLOOR, and a verdict for each param."""

    max_rel_error_jvp_vjp: float
    max_rel_error_fd: float
    verdicts: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether every verdict is `right` or begins with `kinked` or `zero because`."""
        return all(v == "right" or v.startswith(("kinked", "zero because")) for v in self.verdicts.values())


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

    def along(at: Vector, direction: Vector) -> float:
        return float(program.forward(flat.unflatten(at), given, flat.unflatten(direction))[1])

    errors: dict[str, tuple[float, float]] = {}
    kinks: dict[str, tuple[float, float]] = {}
    for name, part in flat.slices.items():
        worst = (0.0, 0.0)
        for direction in _directions(part, flat.size, rng):
            reverse = float(g @ direction)
            modes = abs(along(x, direction) - reverse) / scale
            differences = abs(_central(value, x, direction) - reverse) / scale
            if not differences <= FD_TOLERANCE and np.isfinite(reverse):
                sides, beside = _kink(value, along, x, direction, scale)
                if beside <= FD_TOLERANCE:
                    kinks[name], differences = sides, beside
            worst = (_larger(modes, worst[0]), _larger(differences, worst[1]))
        errors[name] = worst
    because = None
    if not g.any():
        because = scene.why_no_gradient(program.trajectory(flat.unflatten(x), given), flat.unflatten(x), given)
    verdicts = {name: _verdict(*e, because, kinks.get(name)) for name, e in errors.items()}
    both = np.array(list(errors.values())) if errors else np.zeros((1, 2))
    return GradientCheck(float(both[:, 0].max()), float(both[:, 1].max()), verdicts)  # max keeps a NaN


def _larger(a: float, b: float) -> float:
    """The larger one, or NaN: max() would lose it, and it must fail the check."""
    return a if a > b or a != a else b


def _verdict(jvp: float, fd: float, because: str | None, kink: tuple[float, float] | None) -> str:
    if not jvp <= JVP_TOLERANCE:
        return f"wrong: reverse and forward mode differ by {jvp:.1e}"
    if not fd <= FD_TOLERANCE:
        return f"wrong: the gradient and differences differ by {fd:.1e}"
    if kink is not None:
        left, right = kink
        return (
            f"kinked: the slopes on both sides, such as {left:.3g} and {right:.3g}, are those of the branches there"
        )
    if because is not None:
        return f"zero because {because}"
    return "right"


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
    unit = _unit(x)
    return _agreed(
        (value(x + h * unit * direction) - value(x - h * unit * direction)) / (2 * h * unit) for h in STEPS
    )


def _unit(x: Vector) -> float:
    """What step lengths are relative to."""
    return max(1.0, float(np.abs(x).max(initial=0.0)))


def _agreed(estimates: Iterable[float]) -> float:
    """Of estimates with ever shorter steps the one that agrees best with the one before it."""
    found = list(estimates)
    gaps = [abs(a - b) for a, b in itertools.pairwise(found)]
    return found[int(np.argmin(gaps)) + 1] if np.isfinite(gaps).all() else float("nan")


def _kink(
    value: Callable[[Vector], float],
    along: Callable[[Vector, Vector], float],
    x: Vector,
    direction: Vector,
    scale: float,
) -> tuple[tuple[float, float], float]:
    """The slopes to the left and to the right of x, and how far they are from the derivatives just beside x.

    Where floor jumps, two bodies touch or a minimum ties, the function has a slope of its own on each side,
    and the derivative at x is by convention that of one branch: no difference through x can judge it. But
    each one-sided difference has to be the derivative of the branch that is taken on that side. Both sides
    alike is no kink, and no excuse: the error is then infinite.
    """
    unit = _unit(x)
    slopes: list[float] = []
    error = 0.0
    for side in (-1.0, 1.0):
        slope = _agreed((value(x + side * h * unit * direction) - value(x)) / (side * h * unit) for h in STEPS)
        there = along(x + side * BESIDE * unit * direction, direction)
        error = _larger(abs(slope - there) / scale, error)
        slopes.append(slope + 0.0)  # no -0
    left, right = slopes
    return (left, right), error if abs(left - right) > FD_TOLERANCE * scale else float("inf")
