"""Heat in a rod, implicit Euler: each step solves a tridiagonal system by elimination (Thomas).

The loss is the mean squared difference from a wanted temperature at the end. Gradient by the temperature at the start
and the conductivity of each cell's left wall.
"""

from typing import Any

import numpy as np
from scipy.linalg import solve_banded

from benchmarks.natural.program import Program
from rosesim import Real, Vec, cond, fn, scan, select, sum, vec

SIZES = {"heat": {"n": 512, "steps": 200}}
SMALL = {"n": 6, "steps": 4}
DT = 0.5  # in units of the square of the cell's width over the unit of conductivity

C = """
double run(const double *start, const double *wall, const double *wanted) {
  double u[N], b[N], c[N];
  memcpy(u, start, sizeof u);
  for (int t = 0; t < STEPS; t++) {
    b[0] = 1 + DT * wall[1];
    for (int i = 1; i < N; i++) {
      double left = -DT * wall[i], right = i + 1 < N ? -DT * wall[i + 1] : 0;
      double m = left / b[i - 1];
      b[i] = 1 - left - right - m * left;
      u[i] -= m * u[i - 1];
      c[i] = left;
    }
    u[N - 1] /= b[N - 1];
    for (int i = N - 2; i >= 0; i--) u[i] = (u[i] - c[i + 1] * u[i + 1]) / b[i];
  }
  double total = 0;
  for (int i = 0; i < N; i++) total += (u[i] - wanted[i]) * (u[i] - wanted[i]);
  return total / N;
}
"""


def program(n: int, steps: int) -> Program:
    """A rod of n cells, isolated at its ends, over so many steps."""

    @fn
    def solve(lower: Vec[Real, n], diagonal: Vec[Real, n], upper: Vec[Real, n], right: Vec[Real, n]) -> Vec[Real, n]:
        """The solution of a tridiagonal system; lower[0] and upper[n - 1] count for nothing."""

        def eliminate(carry, i):
            c, d = carry
            pivot = diagonal[i] - lower[i] * c
            c, d = upper[i] / pivot, (right[i] - lower[i] * d) / pivot
            return (c, d), [c, d]

        _, rows = scan(eliminate, (0.0, 0.0), n)

        def substitute(x, k):
            i = n - 1 - k
            x = rows[i, 1] - rows[i, 0] * x
            return x, x

        _, backwards = scan(substitute, 0.0, n)
        return vec(n, lambda i: backwards[n - 1 - i])

    @fn
    def loss(start: Vec[Real, n], wall: Vec[Real, n], wanted: Vec[Real, n]) -> Real:
        lower = vec(n, lambda i: select(i > 0, -DT * wall[i], 0.0))
        upper = vec(n, lambda i: cond(i < n - 1, lambda: -DT * wall[(i + 1) % n], lambda: 0.0))
        diagonal = vec(n, lambda i: 1.0 - lower[i] - upper[i])
        u = scan(lambda u, t: solve(lower, diagonal, upper, u), start, steps)
        return sum(n, lambda i: (u[i] - wanted[i]) ** 2) / n

    def by_scipy(u: Any, wall: Any, wanted: Any) -> Any:
        bands = np.zeros((3, n))
        bands[0, 1:] = bands[2, :-1] = -DT * wall[1:]
        bands[1] = 1.0
        bands[1, 1:] += DT * wall[1:]
        bands[1, :-1] += DT * wall[1:]
        for _ in range(steps):
            u = solve_banded((1, 1), bands, u)
        return np.mean((u - wanted) ** 2)

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def loss(u: Any, wall: Any, wanted: Any) -> Any:
            lower = -DT * wall.at[0].set(0.0)
            upper = jnp.append(lower[1:], 0.0)
            diagonal = 1.0 - lower - upper

            def solve(u: Any, _: Any) -> Any:
                def eliminate(carry: Any, row: Any) -> Any:
                    lower, diagonal, upper, right = row
                    pivot = diagonal - lower * carry[0]
                    carry = upper / pivot, (right - lower * carry[1]) / pivot
                    return carry, carry

                def substitute(x: Any, row: Any) -> Any:
                    x = row[1] - row[0] * x
                    return x, x

                _, rows = jax.lax.scan(eliminate, (0.0, 0.0), (lower, diagonal, upper, u))
                return jax.lax.scan(substitute, 0.0, rows, reverse=True)[1], None

            return ((jax.lax.scan(solve, u, None, steps)[0] - wanted) ** 2).mean()

        return loss

    rng = np.random.default_rng(9)
    args = (rng.normal(size=n), rng.uniform(0.5, 2.0, n), rng.normal(size=n))
    return Program(loss, args, (0, 1), C, {"n": n, "steps": steps, "dt": DT}, numpy=by_scipy, jax=by_jax)
