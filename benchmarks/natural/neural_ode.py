"""A neural ordinary differential equation, x' = w2 tanh(w1 x + b1), a batch of states, Euler's method.

Written in two ways: the batch as a matrix, as in NumPy, or a function of one state and the mean over the batch. The
loss is the mean squared length at the end. Gradient by the weights.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, dot, fn, scan, sum, tanh, transpose, vec

BATCH = {"batch": 256, "d": 16, "width": 64, "steps": 10}
SIZES = {
    "neural_ode": {**BATCH, "by_state": 0},
    "neural_ode by state": {**BATCH, "by_state": 1},
    "neural_ode 256": {**BATCH, "d": 64, "width": 256, "by_state": 0},
    "neural_ode 256 by state": {**BATCH, "d": 64, "width": 256, "by_state": 1},
}
SMALL = {"batch": 8, "d": 3, "width": 5, "steps": 3}
DT = 0.1

C = """
double run(const double *w1, const double *b1, const double *w2, const double *start) {
  static double x[BATCH][D], a[D][WIDTH], b[WIDTH][D];
  memcpy(x, start, sizeof x);
  for (int i = 0; i < WIDTH; i++) for (int j = 0; j < D; j++) a[j][i] = w1[D * i + j], b[i][j] = w2[WIDTH * j + i];
  for (int t = 0; t < STEPS; t++) for (int s = 0; s < BATCH; s += 4) {
    double h[4][WIDTH], y[4][D] = {{0}};
    for (int r = 0; r < 4; r++) memcpy(h[r], b1, sizeof h[r]);
    for (int j = 0; j < D; j++) for (int i = 0; i < WIDTH; i++) for (int r = 0; r < 4; r++)
      h[r][i] += a[j][i] * x[s + r][j];
    for (int r = 0; r < 4; r++) for (int i = 0; i < WIDTH; i++) h[r][i] = tanh(h[r][i]);
    for (int i = 0; i < WIDTH; i++) for (int j = 0; j < D; j++) for (int r = 0; r < 4; r++)
      y[r][j] += b[i][j] * h[r][i];
    for (int r = 0; r < 4; r++) for (int j = 0; j < D; j++) x[s + r][j] += DT * y[r][j];
  }
  double total = 0;
  for (int s = 0; s < BATCH; s++) for (int j = 0; j < D; j++) total += x[s][j] * x[s][j];
  return total / BATCH;
}
"""


def program(batch: int, d: int, width: int, steps: int, by_state: int) -> Program:
    """So many states of d numbers through a hidden layer of a width."""

    @fn
    def of_batch(
        w1: Vec[Vec[Real, d], width],
        b1: Vec[Real, width],
        w2: Vec[Vec[Real, width], d],
        start: Vec[Vec[Real, d], batch],
    ) -> Real:
        def step(x, t):
            z = x @ transpose(w1)
            h = vec(batch, lambda s: vec(width, lambda k: tanh(z[s, k] + b1[k])))
            return x + DT * (h @ transpose(w2))

        x = scan(step, start, steps)
        return sum(batch, lambda s: dot(x[s], x[s])) / batch

    @fn
    def state_by_state(
        w1: Vec[Vec[Real, d], width],
        b1: Vec[Real, width],
        w2: Vec[Vec[Real, width], d],
        start: Vec[Vec[Real, d], batch],
    ) -> Real:
        def one(x):
            def step(x, t):
                z = w1 @ x + b1
                return x + DT * (w2 @ vec(width, lambda k: tanh(z[k])))

            x = scan(step, x, steps)
            return dot(x, x)

        return sum(batch, lambda s: one(start[s])) / batch

    def by_numpy(w1: Any, b1: Any, w2: Any, x: Any) -> Any:
        for _ in range(steps):
            x = x + DT * np.tanh(x @ w1.T + b1) @ w2.T
        return np.sum(x * x) / batch

    def by_jax(jax: Any) -> Any:
        def loss(w1: Any, b1: Any, w2: Any, x: Any) -> Any:
            step = lambda x, _: (x + DT * jax.numpy.tanh(x @ w1.T + b1) @ w2.T, None)
            return (jax.lax.scan(step, x, None, steps)[0] ** 2).sum() / batch

        return loss

    rng = np.random.default_rng(11)
    args = (
        rng.normal(size=(width, d)) / d**0.5,
        0.1 * rng.normal(size=width),
        rng.normal(size=(d, width)) / width**0.5,
        rng.normal(size=(batch, d)),
    )
    macros = {"batch": batch, "d": d, "width": width, "steps": steps, "dt": DT}
    loss = state_by_state if by_state else of_batch
    return Program(loss, args, (0, 1, 2), C, macros, numpy=by_numpy, jax=by_jax)
