"""Lattice Boltzmann in two dimensions, nine velocities, one relaxation time, on a torus.

The loss is the mean squared difference of the velocity at the end from a wanted one. Gradient by the populations at
the start and the relaxation rate.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Index, Real, Vec, fn, scan, sum, vec

SIZES = {"lbm": {"n": 128, "steps": 200}}
SMALL = {"n": 6, "steps": 5}
TO_X = (0, 1, 0, -1, 0, 1, -1, -1, 1)
TO_Y = (0, 0, 1, 0, -1, 1, 1, -1, -1)
WEIGHT = (4 / 9, *[1 / 9] * 4, *[1 / 36] * 4)

C = """
static const int to_x[9] = {0, 1, 0, -1, 0, 1, -1, -1, 1}, to_y[9] = {0, 0, 1, 0, -1, 1, 1, -1, -1};
static const double weight[9] = {4/9., 1/9., 1/9., 1/9., 1/9., 1/36., 1/36., 1/36., 1/36.};
double run(const double *start, const double *rate, const double *wanted) {
  static double a[9][N][N], b[9][N][N];
  double (*f)[N][N] = a, (*g)[N][N] = b;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) for (int k = 0; k < 9; k++)
    f[k][i][j] = start[9 * (N * i + j) + k];
  for (int t = 0; t < STEPS; t++) {
    for (int k = 0; k < 9; k++) for (int i = 0; i < N; i++) {
      const double *from = f[k][(i - to_x[k] + N) % N];
      double *to = g[k][i];
      int s = to_y[k];
      for (int j = 1; j < N - 1; j++) to[j] = from[j - s];
      to[0] = from[(N - s) % N], to[N - 1] = from[(2 * N - 1 - s) % N];
    }
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) {
      double r = 0, u = 0, v = 0;
      for (int k = 0; k < 9; k++) { double q = g[k][i][j]; r += q, u += to_x[k] * q, v += to_y[k] * q; }
      u /= r, v /= r;
      double rest = 1 - 1.5 * (u * u + v * v);
      for (int k = 0; k < 9; k++) {
        double along = to_x[k] * u + to_y[k] * v;
        g[k][i][j] += rate[0] * (weight[k] * r * (rest + 3 * along + 4.5 * along * along) - g[k][i][j]);
      }
    }
    double (*h)[N][N] = f; f = g, g = h;
  }
  double total = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) {
    double r = 0, u = 0, v = 0;
    for (int k = 0; k < 9; k++) { double q = f[k][i][j]; r += q, u += to_x[k] * q, v += to_y[k] * q; }
    double p = u / r - wanted[2 * (N * i + j)], q = v / r - wanted[2 * (N * i + j) + 1];
    total += p * p + q * q;
  }
  return total / (N * N);
}
"""


def equilibrium(r: Any, u: Any, v: Any) -> list[Any]:
    """The nine populations of a fluid of that density and velocity; of numbers, arrays or traced values."""
    rest = 1.0 - 1.5 * (u * u + v * v)
    along = [cx * u + cy * v for cx, cy in zip(TO_X, TO_Y, strict=True)]
    return [w * r * (rest + 3.0 * a + 4.5 * a * a) for w, a in zip(WEIGHT, along, strict=True)]


def moments(f: Any) -> tuple[Any, Any, Any]:
    """Density and velocity of nine populations, as one adds them up."""
    r, u, v = f[0], 0.0 * f[0], 0.0 * f[0]
    for k in range(1, 9):
        r, u, v = r + f[k], u + TO_X[k] * f[k], v + TO_Y[k] * f[k]
    return r, u / r, v / r


def program(n: int, steps: int) -> Program:
    """An n x n torus over so many steps."""
    around = Index[n].wrap

    @fn
    def loss(start: Vec[Vec[Vec[Real, 9], n], n], rate: Real, wanted: Vec[Vec[Vec[Real, 2], n], n]) -> Real:
        def step(f, t):
            def cell(i, j):
                came = [f[around(i - TO_X[k]), around(j - TO_Y[k]), k] for k in range(9)]
                rests = equilibrium(*moments(came))
                return [came[k] + rate * (rests[k] - came[k]) for k in range(9)]

            return vec(n, lambda i: vec(n, lambda j: cell(i, j)))

        f = scan(step, start, steps)

        def error(i, j):
            _, u, v = moments(f[i, j])
            return (u - wanted[i, j, 0]) ** 2 + (v - wanted[i, j, 1]) ** 2

        return sum(n, lambda i: sum(n, lambda j: error(i, j))) / n**2

    def by_arrays(f: Any, rate: Any, xp: Any) -> Any:
        came = [xp.roll(f[..., k], (TO_X[k], TO_Y[k]), (0, 1)) for k in range(9)]
        rests = equilibrium(*moments(came))
        return xp.stack([c + rate * (e - c) for c, e in zip(came, rests, strict=True)], -1)

    def error(f: Any, wanted: Any) -> Any:
        _, u, v = moments([f[..., k] for k in range(9)])
        return ((u - wanted[..., 0]) ** 2 + (v - wanted[..., 1]) ** 2).sum() / n**2

    def by_numpy(f: Any, rate: Any, wanted: Any) -> Any:
        for _ in range(steps):
            f = by_arrays(f, rate, np)
        return error(f, wanted)

    def by_jax(jax: Any) -> Any:
        def loss(f: Any, rate: Any, wanted: Any) -> Any:
            step = lambda f, _: (by_arrays(f, rate, jax.numpy), None)
            return error(jax.lax.scan(step, f, None, steps)[0], wanted)

        return loss

    rng = np.random.default_rng(4)
    y = 2.0 * np.pi * np.arange(n) / n
    shear = np.broadcast_to(0.1 * np.sin(y)[None], (n, n)), 0.02 * rng.normal(size=(n, n))
    start = np.stack(equilibrium(1.0 + 0.01 * rng.normal(size=(n, n)), *shear), -1)
    args = (start, 1.2, 0.05 * rng.normal(size=(n, n, 2)))
    return Program(loss, args, (0, 1), C, {"n": n, "steps": steps}, numpy=by_numpy, jax=by_jax)
