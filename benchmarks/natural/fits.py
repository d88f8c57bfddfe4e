"""Many curves fitted at once: a decaying exponential through points, by damped steps of Gauss and Newton, for each of
many series.

The loss is the mean of the rates that were found, squared. Gradient by the measured points and the damping.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, exp, fn, scan, sum

SIZES = {"fits": {"series": 10_000, "points": 32, "steps": 20}}
SMALL = {"series": 3, "points": 5, "steps": 4}
DT = 0.1  # between two points

C = """
double run(const double *y, const double *damping) {
  double total = 0;
  for (int s = 0; s < SERIES; s++) {
    double a = 1, k = 1;
    for (int t = 0; t < STEPS; t++) {
      double p = damping[0], q = 0, r = damping[0], g = 0, h = 0;
      for (int i = 0; i < POINTS; i++) {
        double x = DT * i, e = exp(-k * x), off = y[POINTS * s + i] - a * e, d = -a * x * e;
        p += e * e, q += e * d, r += d * d, g += e * off, h += d * off;
      }
      double over = 1 / (p * r - q * q);
      a += (r * g - q * h) * over, k += (p * h - q * g) * over;
    }
    total += k * k;
  }
  return total / SERIES;
}
"""


def program(series: int, points: int, steps: int) -> Program:
    """So many series of points, so many steps."""

    @fn
    def fitted(y: Vec[Real, points], damping: Real) -> Real:
        """The rate of decay."""

        def step(state, t):
            a, k = state

            def share(i):
                x = DT * i
                e = exp(-k * x)
                off, d = y[i] - a * e, -a * x * e
                return [e * e, e * d, d * d, e * off, d * off]

            p, q, r, g, h = sum(points, share)
            p, r = p + damping, r + damping
            determinant = p * r - q * q
            return a + (r * g - q * h) / determinant, k + (p * h - q * g) / determinant

        return scan(step, (1.0, 1.0), steps)[1]

    @fn
    def loss(y: Vec[Vec[Real, points], series], damping: Real) -> Real:
        return sum(series, lambda s: fitted(y[s], damping) ** 2) / series

    def ahead(a: Any, k: Any, y: Any, damping: Any, xp: Any) -> Any:
        x = DT * xp.arange(points)
        e = xp.exp(-k[:, None] * x)
        off, d = y - a[:, None] * e, -a[:, None] * x * e
        p, q, r = (e * e).sum(1) + damping, (e * d).sum(1), (d * d).sum(1) + damping
        g, h = (e * off).sum(1), (d * off).sum(1)
        determinant = p * r - q * q
        return a + (r * g - q * h) / determinant, k + (p * h - q * g) / determinant

    def by_numpy(y: Any, damping: Any) -> Any:
        a, k = np.ones(series), np.ones(series)
        for _ in range(steps):
            a, k = ahead(a, k, y, damping, np)
        return np.mean(k * k)

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def loss(y: Any, damping: Any) -> Any:
            step = lambda s, _: (ahead(s[0], s[1], y, damping, jnp), None)
            _, k = jax.lax.scan(step, (jnp.ones(series), jnp.ones(series)), None, steps)[0]
            return (k**2).mean()

        return loss

    rng = np.random.default_rng(17)
    x = DT * np.arange(points)
    a, k = rng.uniform(0.8, 1.6, (series, 1)), rng.uniform(0.5, 1.8, (series, 1))
    args = (a * np.exp(-k * x) + 0.02 * rng.normal(size=(series, points)), 0.01)
    macros = {"series": series, "points": points, "steps": steps, "dt": DT}
    # A random direction of full size would leave no curve to fit.
    return Program(loss, args, (0, 1), C, macros, numpy=by_numpy, jax=by_jax, step=1e-5)
