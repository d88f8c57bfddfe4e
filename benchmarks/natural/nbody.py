"""Stars that attract each other, every one every other: softened gravity, symplectic Euler.

The loss is the mean squared distance from the origin at the end. Gradient by places, velocities and masses.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, dot, fn, scan, sqrt, sum, vec

SIZES = {"nbody 64": {"n": 64, "steps": 100}, "nbody 1000": {"n": 1000, "steps": 10}}
SMALL = {"n": 9, "steps": 5}
DT = 0.002
SOFT = 0.01  # the squared distance below which gravity weakens

C = """
double run(const double *place, const double *velocity, const double *mass) {
  static double x[N], y[N], z[N], u[N], v[N], w[N];
  for (int i = 0; i < N; i++) {
    x[i] = place[3 * i], y[i] = place[3 * i + 1], z[i] = place[3 * i + 2];
    u[i] = velocity[3 * i], v[i] = velocity[3 * i + 1], w[i] = velocity[3 * i + 2];
  }
  for (int t = 0; t < STEPS; t++) {
    for (int i = 0; i < N; i++) {
      double a = 0, b = 0, c = 0;
      for (int j = 0; j < N; j++) {
        double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
        double q = dx * dx + dy * dy + dz * dz + SOFT;
        double pull = mass[j] / (q * sqrt(q));
        a += pull * dx, b += pull * dy, c += pull * dz;
      }
      u[i] += DT * a, v[i] += DT * b, w[i] += DT * c;
    }
    for (int i = 0; i < N; i++) x[i] += DT * u[i], y[i] += DT * v[i], z[i] += DT * w[i];
  }
  double total = 0;
  for (int i = 0; i < N; i++) total += x[i] * x[i] + y[i] * y[i] + z[i] * z[i];
  return total / N;
}
"""


def program(n: int, steps: int) -> Program:
    """n stars over so many steps."""

    @fn
    def loss(place: Vec[Vec[Real, 3], n], velocity: Vec[Vec[Real, 3], n], mass: Vec[Real, n]) -> Real:
        def step(state, t):
            x, v = state

            def pull(i, j):
                away = x[j] - x[i]
                q = dot(away, away) + SOFT
                return away * (mass[j] / (q * sqrt(q)))

            v = vec(n, lambda i: v[i] + DT * sum(n, lambda j: pull(i, j)))
            return vec(n, lambda i: x[i] + DT * v[i]), v

        x, _ = scan(step, (place, velocity), steps)
        return sum(n, lambda i: dot(x[i], x[i])) / n

    def by_numpy(x: Any, v: Any, mass: Any) -> Any:
        for _ in range(steps):
            away = x[None] - x[:, None]
            q = np.einsum("ijk,ijk->ij", away, away) + SOFT
            v = v + DT * np.einsum("ij,ijk->ik", mass / (q * np.sqrt(q)), away)
            x = x + DT * v
        return np.sum(x * x) / n

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def step(state: Any, _: Any) -> Any:
            x, v, mass = state
            away = x[None] - x[:, None]
            q = (away**2).sum(-1) + SOFT
            v = v + DT * ((mass / (q * jnp.sqrt(q)))[..., None] * away).sum(1)
            return (x + DT * v, v, mass), None

        return lambda x, v, mass: (jax.lax.scan(step, (x, v, mass), None, steps)[0][0] ** 2).sum() / n

    rng = np.random.default_rng(1)
    args = (rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) / 5.0, rng.uniform(0.2, 1.8, n) / n)
    macros = {"n": n, "steps": steps, "dt": DT, "soft": SOFT}
    return Program(loss, args, (0, 1, 2), C, macros, numpy=by_numpy, jax=by_jax)
