"""A differential equation of many cells: the Brusselator's two reactions and diffusion on a ring, by Runge and Kutta.

The loss is the mean squared difference from a wanted state at the end. Gradient by the start and by the rates.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Index, Real, Vec, fn, integrate, scan, stack, sum, vec

SIZES = {"ode_cells": {"n": 10_000, "steps": 50}}
SMALL = {"n": 6, "steps": 3}
DT = 0.01

C = """
static void slope(const double *r, double u[2][N], double k[2][N]) {
  for (int i = 0; i < N; i++) {
    int left = i ? i - 1 : N - 1, right = i < N - 1 ? i + 1 : 0;
    double x = u[0][i], y = u[1][i], made = x * x * y;
    k[0][i] = r[0] + made - (r[1] + 1) * x + r[2] * (u[0][left] - 2 * x + u[0][right]);
    k[1][i] = r[1] * x - made + r[3] * (u[1][left] - 2 * y + u[1][right]);
  }
}
static double u[2][N], at[2][N], k[4][2][N];
double run(const double *start, const double *rates, const double *wanted) {
  memcpy(u, start, sizeof u);
  double *x = u[0], *z = at[0];
  for (int t = 0; t < STEPS; t++) {
    slope(rates, u, k[0]);
    for (int s = 1; s < 4; s++) {
      double h = s < 3 ? 0.5 * DT : DT, *y = k[s - 1][0];
      for (int i = 0; i < 2 * N; i++) z[i] = x[i] + h * y[i];
      slope(rates, at, k[s]);
    }
    double *a = k[0][0], *b = k[1][0], *c = k[2][0], *d = k[3][0];
    for (int i = 0; i < 2 * N; i++) x[i] += DT / 6 * (a[i] + 2 * b[i] + 2 * c[i] + d[i]);
  }
  double total = 0;
  for (int i = 0; i < 2 * N; i++) total += (x[i] - wanted[i]) * (x[i] - wanted[i]);
  return total / N;
}
"""


def program(n: int, steps: int) -> Program:
    """n cells, so many steps."""
    around = Index[n].wrap

    @fn
    def slope(state: Vec[Vec[Real, n], 2], rates: Vec[Real, 4]) -> Vec[Vec[Real, n], 2]:
        a, b, du, dv = rates
        u, v = state

        def spread(x, i):
            return x[around(i - 1)] - 2.0 * x[i] + x[around(i + 1)]

        by_u = vec(n, lambda i: a + u[i] ** 2 * v[i] - (b + 1.0) * u[i] + du * spread(u, i))
        by_v = vec(n, lambda i: b * u[i] - u[i] ** 2 * v[i] + dv * spread(v, i))
        return stack([by_u, by_v])

    @fn
    def loss(start: Vec[Vec[Real, n], 2], rates: Vec[Real, 4], wanted: Vec[Vec[Real, n], 2]) -> Real:
        def step(x, t):
            k1 = slope(x, rates)
            k2 = slope(x + 0.5 * DT * k1, rates)
            k3 = slope(x + 0.5 * DT * k2, rates)
            k4 = slope(x + DT * k3, rates)
            return x + DT / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

        off = scan(step, start, steps) - wanted
        return sum(n, lambda i: off[0, i] ** 2 + off[1, i] ** 2) / n

    @fn
    def arithmetic(start: Vec[Vec[Real, n], 2], rates: Vec[Real, 4], wanted: Vec[Vec[Real, n], 2]) -> Real:
        (a, b, du, dv), spread = rates, lambda x: vec(n, lambda i: x[around(i - 1)] + x[around(i + 1)]) - 2.0 * x

        def slope(t, state):
            u, v = state
            made = u**2 * v
            return stack([a + made - (b + 1.0) * u + du * spread(u), b * u - made + dv * spread(v)])

        return sum((integrate.fixed(slope, start, 0.0, DT * steps, steps) - wanted) ** 2) / n

    def ahead(xp: Any, x: Any, rates: Any) -> Any:
        a, b, du, dv = rates

        def slope(x: Any) -> Any:
            u, v = x
            u_spread, v_spread = xp.roll(x, 1, 1) - 2.0 * x + xp.roll(x, -1, 1)
            made = u**2 * v
            return xp.stack([a + made - (b + 1.0) * u + du * u_spread, b * u - made + dv * v_spread])

        k1 = slope(x)
        k2 = slope(x + 0.5 * DT * k1)
        k3 = slope(x + 0.5 * DT * k2)
        return x + DT / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + slope(x + DT * k3))

    def by_numpy(x: Any, rates: Any, wanted: Any) -> Any:
        for _ in range(steps):
            x = ahead(np, x, rates)
        return np.sum((x - wanted) ** 2) / n

    def by_jax(jax: Any) -> Any:
        def loss(x: Any, rates: Any, wanted: Any) -> Any:
            x, _ = jax.lax.scan(lambda x, _: (ahead(jax.numpy, x, rates), None), x, None, steps)
            return ((x - wanted) ** 2).sum() / n

        return loss

    rng = np.random.default_rng(25)
    args = (rng.uniform(0.5, 2.0, (2, n)), np.array([1.0, 2.5, 10.0, 20.0]), rng.normal(size=(2, n)))
    return Program(
        loss, args, (0, 1), C, {"n": n, "steps": steps, "dt": DT}, numpy=by_numpy, jax=by_jax, arithmetic=arithmetic
    )
