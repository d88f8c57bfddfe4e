"""Light in two dimensions by Yee's scheme: the electric field on the nodes, the magnetic between, metal walls.

A source in the middle rings. The loss is the mean squared electric field at the end; gradient by the material's
permittivity in each cell and the source's strength.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Index, Real, Vec, fn, scan, select, sin, sum, vec

SIZES = {"fdtd": {"n": 200, "steps": 300}}
SMALL = {"n": 8, "steps": 12}
COURANT = 0.5  # time step times the speed of light over a cell's width
RATE = 0.3  # of the source, radians a step

C = """
double run(const double *permittivity, const double *strength) {
  static double e[N][N], hx[N][N], hy[N][N], gain[N][N];
  memset(e, 0, sizeof e), memset(hx, 0, sizeof hx), memset(hy, 0, sizeof hy);
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) gain[i][j] = COURANT / permittivity[N * i + j];
  for (int t = 0; t < STEPS; t++) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N - 1; j++) hx[i][j] -= COURANT * (e[i][j + 1] - e[i][j]);
    for (int i = 0; i < N - 1; i++) for (int j = 0; j < N; j++) hy[i][j] += COURANT * (e[i + 1][j] - e[i][j]);
    for (int i = 1; i < N - 1; i++) for (int j = 1; j < N - 1; j++)
      e[i][j] += gain[i][j] * (hy[i][j] - hy[i - 1][j] - hx[i][j] + hx[i][j - 1]);
    e[N / 2][N / 2] += strength[0] * sin(RATE * t);
  }
  double total = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) total += e[i][j] * e[i][j];
  return total / (N * N);
}
"""


def program(n: int, steps: int) -> Program:
    """An n x n grid over so many steps."""
    middle = n // 2
    nearest = Index[n - 1].clamp

    @fn
    def loss(permittivity: Vec[Vec[Real, n], n], strength: Real) -> Real:
        def step(fields, t):
            e, hx, hy = fields
            hx = vec(n, lambda i: vec(n - 1, lambda j: hx[i, j] - COURANT * (e[i, j + 1] - e[i, j])))
            hy = vec(n - 1, lambda i: vec(n, lambda j: hy[i, j] + COURANT * (e[i + 1, j] - e[i, j])))

            def node(i, j):
                inside = (i > 0) & (i < n - 1) & (j > 0) & (j < n - 1)
                below, left = nearest(i - 1), nearest(j - 1)
                curl = hy[nearest(i), j] - hy[below, j] - hx[i, nearest(j)] + hx[i, left]
                return e[i, j] + select(inside, COURANT / permittivity[i, j] * curl, 0.0)

            e = vec(n, lambda i: vec(n, lambda j: node(i, j)))
            return e.at[middle, middle].add(strength * sin(RATE * t)), hx, hy

        zeros = lambda rows, columns: vec(rows, lambda i: vec(columns, lambda j: 0.0))
        e, _, _ = scan(step, (zeros(n, n), zeros(n, n - 1), zeros(n - 1, n)), steps)
        return sum(n, lambda i: sum(n, lambda j: e[i, j] ** 2)) / n**2

    def by_numpy(permittivity: Any, strength: Any) -> Any:
        e, hx, hy = np.zeros((n, n)), np.zeros((n, n - 1)), np.zeros((n - 1, n))
        gain = COURANT / permittivity[1:-1, 1:-1]
        for t in range(steps):
            hx -= COURANT * (e[:, 1:] - e[:, :-1])
            hy += COURANT * (e[1:] - e[:-1])
            e[1:-1, 1:-1] += gain * (hy[1:, 1:-1] - hy[:-1, 1:-1] - hx[1:-1, 1:] + hx[1:-1, :-1])
            e[middle, middle] += strength * np.sin(RATE * t)
        return np.sum(e * e) / n**2

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def loss(permittivity: Any, strength: Any) -> Any:
            gain = COURANT / permittivity[1:-1, 1:-1]

            def step(fields: Any, t: Any) -> Any:
                e, hx, hy = fields
                hx = hx - COURANT * (e[:, 1:] - e[:, :-1])
                hy = hy + COURANT * (e[1:] - e[:-1])
                e = e.at[1:-1, 1:-1].add(gain * (hy[1:, 1:-1] - hy[:-1, 1:-1] - hx[1:-1, 1:] + hx[1:-1, :-1]))
                return (e.at[middle, middle].add(strength * jnp.sin(RATE * t)), hx, hy), None

            start = jnp.zeros((n, n)), jnp.zeros((n, n - 1)), jnp.zeros((n - 1, n))
            e, _, _ = jax.lax.scan(step, start, jnp.arange(steps, dtype=float))[0]
            return (e**2).sum() / n**2

        return loss

    args = (np.random.default_rng(5).uniform(1.0, 2.0, (n, n)), 1.5)
    macros = {"n": n, "steps": steps, "courant": COURANT, "rate": RATE}
    return Program(loss, args, (0, 1), C, macros, numpy=by_numpy, jax=by_jax)
