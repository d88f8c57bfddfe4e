"""Waves in a box, three dimensions, seven points, fixed walls.

The loss is the mean squared difference from a wanted field at the end. Gradient by the field at the start and the
squared speed of the waves in each cell.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Index, Real, Vec, fn, scan, select, sum, vec

SIZES = {"wave3d": {"n": 48, "steps": 100}}
SMALL = {"n": 5, "steps": 4}
DT = 0.3  # in units of the cell's width over the unit of speed

C = """
static double old[N + 2][N + 2][N + 2], now[N + 2][N + 2][N + 2];
double run(const double *start, const double *speed2, const double *wanted) {
  memset(old, 0, sizeof old), memset(now, 0, sizeof now);
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) for (int k = 0; k < N; k++)
    old[i + 1][j + 1][k + 1] = now[i + 1][j + 1][k + 1] = start[(i * N + j) * N + k];
  double (*p)[N + 2][N + 2] = old, (*q)[N + 2][N + 2] = now;
  for (int t = 0; t < STEPS; t++) {
    for (int i = 1; i <= N; i++) for (int j = 1; j <= N; j++) for (int k = 1; k <= N; k++) {
      double lap = q[i - 1][j][k] + q[i + 1][j][k] + q[i][j - 1][k] + q[i][j + 1][k]
        + q[i][j][k - 1] + q[i][j][k + 1] - 6 * q[i][j][k];
      p[i][j][k] = 2 * q[i][j][k] - p[i][j][k] + DT * DT * speed2[((i - 1) * N + j - 1) * N + k - 1] * lap;
    }
    double (*h)[N + 2][N + 2] = p; p = q, q = h;
  }
  double total = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) for (int k = 0; k < N; k++) {
    double d = q[i + 1][j + 1][k + 1] - wanted[(i * N + j) * N + k];
    total += d * d;
  }
  return total / (N * N * N);
}
"""


def program(n: int, steps: int) -> Program:
    """A cube of n x n x n cells over so many steps."""
    inside = Index[n].clamp

    @fn
    def loss(
        start: Vec[Vec[Vec[Real, n], n], n],
        speed2: Vec[Vec[Vec[Real, n], n], n],
        wanted: Vec[Vec[Vec[Real, n], n], n],
    ) -> Real:
        def step(fields, t):
            old, now = fields

            def at(i, j, k):
                """The field there; zero within the walls."""
                ours = (i >= 0) & (i < n) & (j >= 0) & (j < n) & (k >= 0) & (k < n)
                return select(ours, now[inside(i), inside(j), inside(k)], 0.0)

            def cell(i, j, k):
                lap = at(i - 1, j, k) + at(i + 1, j, k) + at(i, j - 1, k) + at(i, j + 1, k)
                lap = lap + at(i, j, k - 1) + at(i, j, k + 1) - 6.0 * now[i, j, k]
                return 2.0 * now[i, j, k] - old[i, j, k] + DT**2 * speed2[i, j, k] * lap

            return now, vec(n, lambda i: vec(n, lambda j: vec(n, lambda k: cell(i, j, k))))

        _, now = scan(step, (start, start), steps)
        error = lambda i, j, k: (now[i, j, k] - wanted[i, j, k]) ** 2
        return sum(n, lambda i: sum(n, lambda j: sum(n, lambda k: error(i, j, k)))) / n**3

    def ahead(old: Any, now: Any, speed2: Any, xp: Any) -> Any:
        p = xp.pad(now, 1)
        lap = p[:-2, 1:-1, 1:-1] + p[2:, 1:-1, 1:-1] + p[1:-1, :-2, 1:-1] + p[1:-1, 2:, 1:-1]
        lap = lap + p[1:-1, 1:-1, :-2] + p[1:-1, 1:-1, 2:] - 6.0 * now
        return 2.0 * now - old + DT**2 * speed2 * lap

    def by_numpy(start: Any, speed2: Any, wanted: Any) -> Any:
        old, now = start, start
        for _ in range(steps):
            old, now = now, ahead(old, now, speed2, np)
        return np.mean((now - wanted) ** 2)

    def by_jax(jax: Any) -> Any:
        def loss(start: Any, speed2: Any, wanted: Any) -> Any:
            step = lambda s, _: ((s[1], ahead(s[0], s[1], speed2, jax.numpy)), None)
            _, now = jax.lax.scan(step, (start, start), None, steps)[0]
            return ((now - wanted) ** 2).mean()

        return loss

    rng = np.random.default_rng(6)
    args = (rng.normal(size=(n, n, n)), rng.uniform(0.5, 1.5, (n, n, n)), rng.normal(size=(n, n, n)))
    return Program(loss, args, (0, 1), C, {"n": n, "steps": steps, "dt": DT}, numpy=by_numpy, jax=by_jax)
