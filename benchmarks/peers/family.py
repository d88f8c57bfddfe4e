"""A family of random small simulations: a few bodies, random pairs under random laws, a few to tens of steps.

`small(seed)` is one of them as data. Each tool makes its program from that with the laws below, which are written
once and take the tool's own module as `m` (sqrt, exp, tanh, sin on its numbers or arrays).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from given import Array

H = 0.02
"""Time step, seconds."""


@dataclass(frozen=True)
class Group:
    """Pairs (p, q) of bodies under one law with two constants each."""

    law: str
    p: Any
    q: Any
    a: Array
    b: Array


@dataclass(frozen=True)
class Small:
    """n bodies of mass 1; their initial positions and velocities are tuned."""

    n: int
    steps: int
    groups: tuple[Group, ...]
    drag: float
    """Coefficient of the square of the speed."""
    drive: float
    """Coefficient of a sideways force sin(5 t + y)."""
    ground: float
    """Stiffness of the ground at y = 0; 0 where there is none."""
    goal: Array
    start: Array
    """x (n, 2) and v (n, 2) as one vector."""


def spring(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    length = m.sqrt(q + 1e-6)
    return -a * (length - b) / length


def stiffening(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    length = m.sqrt(q + 1e-6)
    e = length - b
    return -a * (e + 4.0 * e * e * e) / length


def gravity(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    r = q + 0.1 * b
    return -0.1 * a / (r * m.sqrt(r))


def damper(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    return -0.1 * a * approach / (q + b)


def muscle(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    length = m.sqrt(q + 1e-6)
    return -a * m.tanh(3.0 * (length - b)) / length


def morse(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    length = m.sqrt(q + 1e-6)
    e = m.exp(b - length)
    return -a * (1.0 - e) * e / length


def contact(m: Any, q: Any, approach: Any, a: Any, b: Any) -> Any:
    length = m.sqrt(q + 1e-6)
    return 5.0 * a * (b - length) / length


LAWS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (spring, stiffening, gravity, damper, muscle, morse, contact)
}
"""From the squared distance q, the dot product of distance and relative velocity, and two constants: the force on the
first body along the vector from the second to it, divided by that vector's length."""
REACHES = {"contact"}
"""Laws that act only where the distance is below b."""


def small(seed: int) -> Small:
    """The program of a seed, 0 or more (that of -1 is for warming up)."""
    rng = np.random.default_rng(1000 + seed)
    n, steps = int(rng.integers(2, 9)), round(2 ** rng.uniform(2, 6))
    every = np.array([(i, j) for i in range(n) for j in range(i)])
    groups: list[Group] = []
    for law in rng.choice(list(LAWS), int(rng.integers(1, 5)), replace=False):
        k = int(rng.integers(1, len(every) + 1))
        p, q = every[rng.choice(len(every), k, replace=False)].T
        groups.append(Group(str(law), p, q, rng.uniform(1, 10, k), rng.uniform(0.3, 1.0, k)))
    drag, drive, ground = (float(rng.uniform(0.1, hi) * rng.integers(0, 2)) for hi in (1.0, 2.0, 50.0))
    start = np.concatenate([rng.uniform(0, 1, 2 * n), rng.normal(0, 1, 2 * n)])
    return Small(n, steps, tuple(groups), drag, drive, ground, rng.uniform(0, 1, 2), start)
