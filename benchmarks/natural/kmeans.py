"""k-means, as GradBench has it: the sum over points of the squared distance to the nearest centre.

Gradient by the centres.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, dot, fn, min, sum

SIZES = {"kmeans": {"n": 10_000, "k": 100, "d": 16}}
SMALL = {"n": 12, "k": 3, "d": 2}

C = """
double run(const double *centres, const double *points) {
  double total = 0;
  for (int i = 0; i < N; i++) {
    double least = INFINITY;
    for (int c = 0; c < K; c++) {
      double square = 0;
      for (int j = 0; j < D; j++) {
        double off = points[D * i + j] - centres[D * c + j];
        square += off * off;
      }
      if (square < least) least = square;
    }
    total += least;
  }
  return total;
}
"""


def program(n: int, k: int, d: int) -> Program:
    """n points in d dimensions, k centres."""

    @fn
    def loss(centres: Vec[Vec[Real, d], k], points: Vec[Vec[Real, d], n]) -> Real:
        def distance(i, c):
            off = points[i] - centres[c]
            return dot(off, off)

        return sum(n, lambda i: min(k, lambda c: distance(i, c)))

    @fn
    def arithmetic(centres: Vec[Vec[Real, d], k], points: Vec[Vec[Real, d], n]) -> Real:
        return sum(n, lambda i: min(k, lambda c: sum((points[i] - centres[c]) ** 2)))

    def by_numpy(centres: Any, points: Any) -> Any:
        # All n x k x d differences at once would take 128 MB; people square the binomial instead.
        squares = (points**2).sum(1)[:, None] - 2.0 * points @ centres.T + (centres**2).sum(1)
        return squares.min(1).sum()

    def by_jax(jax: Any) -> Any:
        def loss(centres: Any, points: Any) -> Any:
            nearest = lambda point: ((point - centres) ** 2).sum(1).min()
            return jax.vmap(nearest)(points).sum()

        return loss

    rng = np.random.default_rng(21)
    args = (rng.normal(size=(k, d)), rng.normal(size=(n, d)))
    # Within a longer step some points would have another nearest centre.
    return Program(
        loss, args, (0,), C, {"n": n, "k": k, "d": d}, numpy=by_numpy, jax=by_jax, arithmetic=arithmetic, step=1e-6
    )
