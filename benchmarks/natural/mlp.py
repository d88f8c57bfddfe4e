"""A network of three hidden layers over a batch of inputs, mean squared error; tanh between.

Written in two ways, as `neural_ode`: by matrices, or sample by sample. Gradient by all weights.
"""

from functools import partial
from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, dot, fn, sum, tanh, transpose, vec

BATCH = {"batch": 256, "width": 256}
SIZES = {"mlp": {**BATCH, "by_sample": 0}, "mlp by sample": {**BATCH, "by_sample": 1}}
SMALL = {"batch": 8, "width": 5}
LAYERS = 3

C = """
double run(const double *weights, const double *bias, const double *x, const double *wanted) {
  static double a[BATCH][WIDTH], b[BATCH][WIDTH], turned[WIDTH][WIDTH];
  memcpy(a, x, sizeof a);
  for (int l = 0; l < LAYERS; l++) {
    const double *w = weights + l * WIDTH * WIDTH;
    for (int i = 0; i < WIDTH; i++) for (int j = 0; j < WIDTH; j++) turned[j][i] = w[WIDTH * i + j];
    for (int s = 0; s < BATCH; s += 4) {
      double z[4][WIDTH];
      for (int r = 0; r < 4; r++) memcpy(z[r], bias + WIDTH * l, sizeof z[r]);
      for (int j = 0; j < WIDTH; j++) for (int i = 0; i < WIDTH; i++) for (int r = 0; r < 4; r++)
        z[r][i] += turned[j][i] * a[s + r][j];
      for (int r = 0; r < 4; r++) for (int i = 0; i < WIDTH; i++) b[s + r][i] = tanh(z[r][i]);
    }
    memcpy(a, b, sizeof a);
  }
  double total = 0;
  for (int s = 0; s < BATCH; s++) for (int i = 0; i < WIDTH; i++) {
    double d = a[s][i] - wanted[WIDTH * s + i];
    total += d * d;
  }
  return total / BATCH;
}
"""


def program(batch: int, width: int, by_sample: int) -> Program:
    """So many samples through layers of one width."""

    @fn
    def of_batch(
        weights: Vec[Vec[Vec[Real, width], width], LAYERS],
        bias: Vec[Vec[Real, width], LAYERS],
        x: Vec[Vec[Real, width], batch],
        wanted: Vec[Vec[Real, width], batch],
    ) -> Real:
        def layer(k, x):
            z = x @ transpose(weights[k])
            return vec(batch, lambda s: vec(width, lambda i: tanh(z[s, i] + bias[k, i])))

        for k in range(LAYERS):
            x = layer(k, x)
        off = x - wanted
        return sum(batch, lambda s: dot(off[s], off[s])) / batch

    @fn
    def sample_by_sample(
        weights: Vec[Vec[Vec[Real, width], width], LAYERS],
        bias: Vec[Vec[Real, width], LAYERS],
        x: Vec[Vec[Real, width], batch],
        wanted: Vec[Vec[Real, width], batch],
    ) -> Real:
        def error(x, wanted):
            def layer(k, x):
                z = weights[k] @ x + bias[k]
                return vec(width, lambda i: tanh(z[i]))

            for k in range(LAYERS):
                x = layer(k, x)
            return dot(x - wanted, x - wanted)

        return sum(batch, lambda s: error(x[s], wanted[s])) / batch

    def by_arrays(xp: Any, weights: Any, bias: Any, x: Any, wanted: Any) -> Any:
        for k in range(LAYERS):
            x = xp.tanh(x @ weights[k].T + bias[k])
        return ((x - wanted) ** 2).sum() / batch

    rng = np.random.default_rng(12)
    args = (
        rng.normal(size=(LAYERS, width, width)) / width**0.5,
        0.1 * rng.normal(size=(LAYERS, width)),
        rng.normal(size=(batch, width)),
        rng.normal(size=(batch, width)),
    )
    macros = {"batch": batch, "width": width, "layers": LAYERS}
    return Program(
        sample_by_sample if by_sample else of_batch,
        args,
        (0, 1),
        C,
        macros,
        numpy=partial(by_arrays, np),
        jax=lambda jax: partial(by_arrays, jax.numpy),
    )
