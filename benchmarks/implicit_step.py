"""The whip's gradient by the implicit function theorem beside gradients through the iterations of its solvers.

    python benchmarks/implicit_step.py [--steps 400] [--n 32]

All solve the same equation of backward Euler in each step, by Newton's method to the same tolerance, and have the
same loss and gradient, which is checked first:

- implicit: the scene itself. `root` with the block-tridiagonal solve, and the derivative of the equation.
- implicit, cg: `root` with conjugate gradients on products with the Jacobian, and the derivative of the equation.
- unrolled, blocks: Newton's method as a loop, differentiated as one; each of its systems by blocks.
- unrolled, cg: Newton's method as a loop, each system by conjugate gradients as a loop, both differentiated as such:
  what reverse mode makes of a solver that nobody told it about.

The programs take turns on one core; the least processor time counts. Prints JSON: milliseconds of value and gradient,
their ratios to the first, and the mebibytes that a program works in.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from products import least  # isort: skip  it sets the number of threads before NumPy is loaded
import numpy as np

from rosesim import Real, jvp, root, sqrt, sum, while_loop
from rosesim.scenes import compiled, find_scene

Whip: Any = find_scene("whip")

TOLERANCE = 1e-10
"""Of Newton's method, as `root` has it."""
INNER = 1e-12
"""Of conjugate gradients: two digits more than Newton's method is to have."""


@dataclass(frozen=True)
class ImplicitCG(Whip):
    """Products with the Jacobian, and the implicit derivative."""

    def solved(self, guess: Any, given: Any) -> Any:
        """By `root`."""
        return root(self.imbalance, guess, (given,), solver="cg")


@dataclass(frozen=True)
class UnrolledBlocks(Whip):
    """Newton's method as a loop, each system by blocks."""

    def solved(self, guess: Any, given: Any) -> Any:
        """The last step, which is within the tolerance, is taken too, as by `root`."""

        def goes_on(state: Any) -> Any:
            _, d, scale = state
            return size(d) > TOLERANCE * scale

        def iterate(state: Any) -> Any:
            x, d, _ = state
            x = x - d
            return x, self.system(x, self.imbalance(x, given), given), size(x)

        first = self.system(guess, self.imbalance(guess, given), given)
        x, d, _ = while_loop(goes_on, iterate, (guess, first, size(guess)), limit=50)
        return x - d

    def system(self, x: Any, r: Any, given: Any) -> Any:
        """d with J d = r."""
        return self.newton_step(x, r, given)


@dataclass(frozen=True)
class UnrolledCG(UnrolledBlocks):
    """Newton's method as a loop, each system by conjugate gradients as a loop."""

    def system(self, x: Any, r: Any, given: Any) -> Any:
        """By Hestenes and Stiefel's recurrence."""

        def times_jacobian(d: Any) -> Any:
            return jvp(lambda x: self.imbalance(x, given))(x, d)[1]

        enough = INNER**2 * sum(r * r)

        def iterate(state: Any) -> Any:
            d, r, p, rr = state
            q = times_jacobian(p)
            alpha = rr / sum(p * q)
            r = r - alpha * q
            new = sum(r * r)
            return d + alpha * p, r, r + (new / rr) * p, new

        start = (0.0 * r, r, r, sum(r * r))
        return while_loop(lambda state: state[3] > enough, iterate, start, limit=1000)[0]


Runs = dict[str, Callable[[], Any]]
KINDS: dict[str, Any] = {
    "implicit": Whip,
    "implicit, cg": ImplicitCG,
    "unrolled, blocks": UnrolledBlocks,
    "unrolled, cg": UnrolledCG,
}


def size(x: Any) -> Real:
    """The Euclidean norm of all numbers."""
    return sqrt(sum(x * x))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--n", type=int, default=32)
    given = parser.parse_args()
    values: Runs = {}
    gradients: Runs = {}
    facts: dict[str, dict[str, float]] = {}
    reference: Any = None
    for name, kind in KINDS.items():
        scene = kind(steps=given.steps, n=given.n)
        program, params, inputs = compiled(scene), scene.params(np.random.default_rng(0)), scene.inputs()
        loss, gradient = program.value_and_grad(params, inputs)
        found = np.append(np.asarray(gradient.points), loss)
        reference = found if reference is None else reference
        bytes_used = program.value_and_grad.compiled.workspace_bytes
        facts[name] = {
            "difference": float(np.abs(found / reference - 1).max()),
            "gradient MiB": round(bytes_used / 2**20, 2),
        }
        assert facts[name]["difference"] < 1e-6, (name, facts[name])
        values[name] = lambda p=program, a=params, b=inputs: p.value(a, b)
        gradients[name] = lambda p=program, a=params, b=inputs: p.value_and_grad(a, b)
    for what, runs in (("value", values), ("gradient", gradients)):
        times = least(runs)
        for name, seconds in times.items():
            facts[name] |= {
                f"{what} ms": round(1e3 * seconds, 3),
                f"{what} ratio": round(seconds / times["implicit"], 2),
            }
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
