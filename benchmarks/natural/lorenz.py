"""Lorenz's equations where they come to rest, a million steps of Runge and Kutta's method of fourth order.

The loss is the mean height. Gradient by the three constants and the start; also with little memory for the history,
where only some states are kept and the steps between are computed again.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, fn, scan, stack

SIZES = {"lorenz": {"steps": 1_000_000, "mib": 1024}, "lorenz within 1 MiB": {"steps": 1_000_000, "mib": 1}}
SMALL = {"steps": 100}
DT = 0.001

C = """
double run(const double *constant, const double *start) {
  double x = start[0], y = start[1], z = start[2], s = constant[0], r = constant[1], b = constant[2], total = 0;
  for (int t = 0; t < STEPS; t++) {
    double dx = 0, dy = 0, dz = 0, kx = 0, ky = 0, kz = 0;
    static const double at[4] = {0, 0.5, 0.5, 1}, weight[4] = {1 / 6., 1 / 3., 1 / 3., 1 / 6.};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      double p = x + DT * at[k] * kx, q = y + DT * at[k] * ky, o = z + DT * at[k] * kz;
      kx = s * (q - p), ky = p * (r - o) - q, kz = p * q - b * o;
      dx += weight[k] * kx, dy += weight[k] * ky, dz += weight[k] * kz;
    }
    x += DT * dx, y += DT * dy, z += DT * dz;
    total += z;
  }
  return total / STEPS;
}
"""


def program(steps: int, mib: int) -> Program:
    """So many steps with a history of so many MiB."""

    def stepped(constant: Any, x: Any, vector: Any) -> Any:
        s, r, b = constant
        slope = lambda x: vector([s * (x[1] - x[0]), x[0] * (r - x[2]) - x[1], x[0] * x[1] - b * x[2]])
        k1 = slope(x)
        k2 = slope(x + 0.5 * DT * k1)
        k3 = slope(x + 0.5 * DT * k2)
        k4 = slope(x + DT * k3)
        return x + DT / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    @fn
    def loss(constant: Vec[Real, 3], start: Vec[Real, 3]) -> Real:
        def step(state, t):
            x, total = state
            x = stepped(constant, x, stack)
            return x, total + x[2]

        return scan(step, (start, 0.0), steps)[1] / steps

    def by_jax(jax: Any) -> Any:
        jnp, scanned, few = jax.numpy, jax.lax.scan, int(steps**0.5)

        def loss(constant: Any, start: Any) -> Any:
            def step(state: Any, _: Any) -> Any:
                x = stepped(constant, state[0], jnp.stack)
                return (x, state[1] + x[2]), None

            many = jax.checkpoint(lambda state, _: scanned(step, state, None, few))
            return scanned(many, (start, 0.0), None, steps // few)[0][1] / steps

        return loss

    args = (np.array([10.0, 14.0, 8.0 / 3.0]), np.array([1.0, 1.0, 10.0]))
    return Program(loss, args, (0, 1), C, {"steps": steps, "dt": DT}, jax=by_jax, budget=mib << 20)
