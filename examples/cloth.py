"""How stiff is a cloth, and how much does the air slow it down? Found from its shape at one moment.

    python examples/cloth.py [--n 32]

A cloth of n x n masses, held at two corners, falls from a horizontal plane for 0.6 s. Springs join neighbours along
the threads (stretching) and across (shearing). A step is backward Euler, linearised (Baraff and Witkin, Large steps
in cloth simulation, SIGGRAPH 1998): a linear system for the change of all velocities, which conjugate gradients solve
by products with its matrix. Its derivative is one more such system; nothing of the iterations is stored.

The measured shape is that of a cloth whose properties the search does not know. It begins with others, and finds
them from the shape to 1e-10 in 38 values and gradients. A gradient takes twice the time of a value.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import rosesim as rs
from rosesim import Fn, Real, Vec

SIDE = 1.0
"""Metres."""
MASS = 0.2
"""Of the cloth, kilograms."""
GRAVITY = np.array([0.0, 0.0, -9.81])
H = 0.01
"""Time step, seconds."""
STEPS = 60
TOLERANCE = 1e-12
"""Of conjugate gradients: the properties are to be found to 1e-6, and the loss is a square."""
NAMES = "stretching, N/m", "shearing, N/m", "damping, 1/s"
TRUE = np.array([100.0, 20.0, 1.0])
FIRST = np.array([60.0, 40.0, 2.0])


def springs(x: Any) -> Any:
    """The differences between neighbours: along both threads, and along both diagonals."""
    return x[1:] - x[:-1], x[:, 1:] - x[:, :-1], x[1:, 1:] - x[:-1, :-1], x[1:, :-1] - x[:-1, 1:]


def onto_masses(pulls: Any, x: Any) -> Any:
    """The forces of springs on masses: the transpose of `springs`, which is linear."""
    return rs.vjp(springs)(x)[1](pulls)


def step(x: Any, v: Any, stiffness: Any, damping: Any) -> tuple[Any, Any]:
    """Places and velocities after a step. The corners of the first row do not move."""
    n = len(x)
    gap, m = SIDE / (n - 1), MASS / n**2
    free = np.ones((n, n, 1))
    free[0, 0] = free[0, -1] = 0.0
    pulls: list[Any] = []
    along: list[Any] = []
    across: list[Any] = []
    directions: list[Any] = []
    for k, rest, d in zip(stiffness, (gap, gap, gap * 2**0.5, gap * 2**0.5), springs(x), strict=True):
        length = rs.sqrt(rs.sum(d * d, axis=2))[..., None]
        directions.append(d / length)
        pulls.append(k * (length - rest) * directions[-1])
        # What is compressed would give way sideways and make the matrix indefinite: that part is left out.
        across.append(k * rs.maximum(0.0, 1.0 - rest / length))
        along.append(k)

    def stiffened(w: Any) -> Any:
        """The derivative of the springs' forces along w, without what is left out."""
        changes: list[Any] = []
        for u, k, c, d in zip(directions, along, across, springs(w), strict=True):
            part = u * rs.sum(u * d, axis=2)[..., None]
            changes.append(k * part + c * (d - part))
        return onto_masses(tuple(changes), w)

    def matrix(w: Any) -> Any:
        moved = free * w
        return w + free * (H * damping * moved + (H**2 / m) * stiffened(moved))

    force = -onto_masses(tuple(pulls), x) / m + GRAVITY - damping * v - (H / m) * stiffened(v)
    v = v + rs.linear_solve(matrix, free * (H * force), tolerance=TOLERANCE)
    return x + H * v, v


def fallen(n: int) -> Fn[..., Any]:
    """The shape after the fall as a function of the logarithms of stretching, shearing and damping."""
    s = np.linspace(0.0, SIDE, n)
    flat = np.stack([*np.meshgrid(s, s, indexing="xy"), np.zeros((n, n))], axis=2)

    @rs.fn
    def shape(logs: Vec[Real, 3]) -> Any:
        stretching, shearing, damping = rs.exp(logs[0]), rs.exp(logs[1]), rs.exp(logs[2])
        stiffness = stretching, stretching, shearing, shearing

        def advance(state: Any, t: Any) -> Any:
            x, v = state
            return step(x, v, stiffness, damping), None

        x: Any = rs.const(flat)
        return rs.scan(advance, (x, 0.0 * x), STEPS)[0][0]

    return shape


def mismatch(n: int) -> Fn[..., Any]:
    """The mean squared distance of the masses from where they were seen."""
    shape = fallen(n)

    @rs.fn
    def loss(logs: Vec[Real, 3], seen: Vec[Vec[Vec[Real, 3], n], n]) -> Real:  # pyright: ignore[reportInvalidTypeForm]  n is a variable
        return rs.sum((shape(logs) - seen) ** 2) / n**2

    return loss


def identified(n: int, seen: NDArray[np.float64]) -> Any:
    """SciPy's result: x are the logarithms that BFGS finds by our gradient."""
    both = rs.value_and_grad(mismatch(n), wrt=0)
    return minimize(lambda x: both(x, seen), np.log(FIRST), jac=True, method="BFGS", options={"gtol": 1e-13})


def main() -> None:
    """Measure a cloth, and find what it is made of."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=32)
    given = parser.parse_args()
    seen = np.asarray(fallen(given.n)(np.log(TRUE)))
    found = identified(given.n, seen)
    print(f"{found.nfev} values and gradients, {1e3 * np.sqrt(found.fun):.2g} mm apart")
    for name, first, true, value in zip(NAMES, FIRST, TRUE, np.exp(found.x), strict=True):
        print(f"{name}: from {first:g} to {value:.9f}, off by {abs(value / true - 1):.1e}")


if __name__ == "__main__":
    main()
