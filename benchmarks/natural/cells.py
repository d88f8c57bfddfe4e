"""A cellular automaton whose rule is a network: a cell of a torus sees its two numbers, their slopes and Laplacian.

The loss is the mean squared difference from a wanted pattern at the end. Gradient by the network's weights.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Index, Real, Vec, dot, fn, scan, sum, tanh, vec

SIZES = {"cells": {"n": 64, "hidden": 16, "steps": 50}}
SMALL = {"n": 5, "hidden": 3, "steps": 4}
RATE = 0.1

C = """
double run(const double *w1, const double *b1, const double *w2, const double *start, const double *wanted) {
  static double a[2][N][N], b[2][N][N];
  double (*u)[N][N] = a, (*v)[N][N] = b;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) for (int k = 0; k < 2; k++)
    u[k][i][j] = start[2 * (N * i + j) + k];
  for (int t = 0; t < STEPS; t++) {
    for (int i = 0; i < N; i++) {
      int up = (i + N - 1) % N, down = (i + 1) % N;
      for (int j = 0; j < N; j++) {
        int left = j ? j - 1 : N - 1, right = j < N - 1 ? j + 1 : 0;
        double s[8], y0 = 0, y1 = 0;
        for (int k = 0; k < 2; k++) {
          double here = u[k][i][j], n = u[k][up][j], o = u[k][down][j], l = u[k][i][left], r = u[k][i][right];
          s[4 * k] = here, s[4 * k + 1] = 0.5 * (o - n), s[4 * k + 2] = 0.5 * (r - l);
          s[4 * k + 3] = n + o + l + r - 4 * here;
        }
        for (int h = 0; h < HIDDEN; h++) {
          double z = b1[h];
          for (int m = 0; m < 8; m++) z += w1[8 * h + m] * s[m];
          z = tanh(z);
          y0 += w2[h] * z, y1 += w2[HIDDEN + h] * z;
        }
        v[0][i][j] = u[0][i][j] + RATE * y0, v[1][i][j] = u[1][i][j] + RATE * y1;
      }
    }
    double (*h)[N][N] = u; u = v, v = h;
  }
  double total = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) for (int k = 0; k < 2; k++) {
    double d = u[k][i][j] - wanted[2 * (N * i + j) + k];
    total += d * d;
  }
  return total / (N * N);
}
"""


def program(n: int, hidden: int, steps: int) -> Program:
    """n x n cells under a network with so many hidden numbers."""
    around = Index[n].wrap

    @fn
    def loss(
        w1: Vec[Vec[Real, 8], hidden],
        b1: Vec[Real, hidden],
        w2: Vec[Vec[Real, hidden], 2],
        start: Vec[Vec[Vec[Real, 2], n], n],
        wanted: Vec[Vec[Vec[Real, 2], n], n],
    ) -> Real:
        def step(u, t):
            def sense(i, j, k):
                here, up, down = u[i, j, k], u[around(i - 1), j, k], u[around(i + 1), j, k]
                left, right = u[i, around(j - 1), k], u[i, around(j + 1), k]
                return [here, 0.5 * (down - up), 0.5 * (right - left), up + down + left + right - 4.0 * here]

            def cell(i, j):
                z = w1 @ [*sense(i, j, 0), *sense(i, j, 1)] + b1
                return u[i, j] + RATE * (w2 @ vec(hidden, lambda h: tanh(z[h])))

            return vec(n, lambda i: vec(n, lambda j: cell(i, j)))

        u = scan(step, start, steps)

        def error(i, j):
            off = u[i, j] - wanted[i, j]
            return dot(off, off)

        return sum(n, lambda i: sum(n, lambda j: error(i, j))) / n**2

    def ahead(u: Any, w1: Any, b1: Any, w2: Any, xp: Any) -> Any:
        up, down, left, right = (xp.roll(u, s, a) for s, a in ((1, 0), (-1, 0), (1, 1), (-1, 1)))
        sensed = [u, 0.5 * (down - up), 0.5 * (right - left), up + down + left + right - 4.0 * u]
        together = xp.stack(sensed, -1).reshape(n, n, 8)
        return u + RATE * xp.tanh(together @ w1.T + b1) @ w2.T

    def by_numpy(w1: Any, b1: Any, w2: Any, u: Any, wanted: Any) -> Any:
        for _ in range(steps):
            u = ahead(u, w1, b1, w2, np)
        return np.sum((u - wanted) ** 2) / n**2

    def by_jax(jax: Any) -> Any:
        def loss(w1: Any, b1: Any, w2: Any, u: Any, wanted: Any) -> Any:
            step = lambda u, _: (ahead(u, w1, b1, w2, jax.numpy), None)
            return ((jax.lax.scan(step, u, None, steps)[0] - wanted) ** 2).sum() / n**2

        return loss

    rng = np.random.default_rng(16)
    args = (
        0.4 * rng.normal(size=(hidden, 8)),
        0.1 * rng.normal(size=hidden),
        rng.normal(size=(2, hidden)) / hidden,
        rng.normal(size=(n, n, 2)),
        rng.normal(size=(n, n, 2)),
    )
    macros = {"n": n, "hidden": hidden, "steps": steps, "rate": RATE}
    return Program(loss, args, (0, 1, 2), C, macros, numpy=by_numpy, jax=by_jax)
