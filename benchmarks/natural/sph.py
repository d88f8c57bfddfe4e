"""Smoothed particles: a block of water falls into a box, density and pressure over all pairs that are near.

The equation of state is linear, walls are springs. The loss is the squared distance of the centre from a goal.
Gradient by places, velocities, and the fluid's stiffness and viscosity.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, cond, dot, fn, maximum, scan, sum, vec

SIZES = {"sph": {"side": 20, "steps": 30}}
SMALL = {"side": 4, "steps": 5}
DT = 0.002
REACH = 0.1  # of the kernel, metres
MASS = 1.0 * 0.05**2  # of a square of the block
WALL = 2000.0  # acceleration per metre within a wall

C = """
double run(const double *place, const double *velocity, const double *fluid) {
  static double x[N], y[N], u[N], v[N], density[N];
  for (int i = 0; i < N; i++)
    x[i] = place[2 * i], y[i] = place[2 * i + 1], u[i] = velocity[2 * i], v[i] = velocity[2 * i + 1];
  double unit = 4 / (M_PI * pow(REACH, 8)), slope = -24 / (M_PI * pow(REACH, 8));
  for (int t = 0; t < STEPS; t++) {
    for (int i = 0; i < N; i++) {
      double sum = 0;
      for (int j = 0; j < N; j++) {
        double dx = x[i] - x[j], dy = y[i] - y[j], left = REACH * REACH - dx * dx - dy * dy;
        if (left > 0) sum += MASS * unit * left * left * left;
      }
      density[i] = sum;
    }
    static double a[N], b[N];
    for (int i = 0; i < N; i++) {
      double fx = 0, fy = -9.8, p = fluid[0] * (density[i] - 1) / (density[i] * density[i]);
      for (int j = 0; j < N; j++) {
        double dx = x[i] - x[j], dy = y[i] - y[j], left = REACH * REACH - dx * dx - dy * dy;
        if (left > 0) {
          double q = fluid[0] * (density[j] - 1) / (density[j] * density[j]);
          double push = -MASS * (p + q) * slope * left * left, drag = fluid[1] * MASS * unit * left * left * left;
          fx += push * dx - drag * (u[i] - u[j]) / density[j];
          fy += push * dy - drag * (v[i] - v[j]) / density[j];
        }
      }
      a[i] = fx + WALL * (fmax(-x[i], 0) - fmax(x[i] - 2, 0));
      b[i] = fy + WALL * fmax(-y[i], 0);
    }
    for (int i = 0; i < N; i++) {
      u[i] += DT * a[i], v[i] += DT * b[i];
      x[i] += DT * u[i], y[i] += DT * v[i];
    }
  }
  double cx = 0, cy = 0;
  for (int i = 0; i < N; i++) cx += x[i] / N, cy += y[i] / N;
  return (cx - 1.5) * (cx - 1.5) + (cy - 0.2) * (cy - 0.2);
}
"""


def program(side: int, steps: int) -> Program:
    """A block of side x side particles over so many steps."""
    n = side**2
    unit, steep = 4.0 / (np.pi * REACH**8), -24.0 / (np.pi * REACH**8)

    @fn
    def loss(place: Vec[Vec[Real, 2], n], velocity: Vec[Vec[Real, 2], n], fluid: Vec[Real, 2]) -> Real:
        stiffness, viscosity = fluid

        def kernel(q):
            return unit * (REACH**2 - q) ** 3

        def step(state, t):
            x, v = state

            def share(i, j):
                d = x[i] - x[j]
                q = dot(d, d)
                return cond(q < REACH**2, lambda: MASS * kernel(q), lambda: 0.0)

            density = vec(n, lambda i: sum(n, lambda j: share(i, j)))
            pressure = vec(n, lambda i: stiffness * (density[i] - 1.0) / density[i] ** 2)

            def force(i, j):
                d = x[i] - x[j]
                q = dot(d, d)

                def near():
                    push = -MASS * (pressure[i] + pressure[j]) * steep * (REACH**2 - q) ** 2
                    drag = viscosity * MASS * kernel(q) / density[j]
                    return push * d - drag * (v[i] - v[j])

                return cond(q < REACH**2, near, lambda: [0.0, 0.0])

            def acceleration(i):
                inner = sum(n, lambda j: force(i, j))
                side_walls = maximum(-x[i, 0], 0.0) - maximum(x[i, 0] - 2.0, 0.0)
                outer = [WALL * side_walls, WALL * maximum(-x[i, 1], 0.0) - 9.8]
                return inner + outer

            v = vec(n, lambda i: v[i] + DT * acceleration(i))
            return vec(n, lambda i: x[i] + DT * v[i]), v

        x, _ = scan(step, (place, velocity), steps)
        centre = sum(n, lambda i: x[i]) / n
        return (centre[0] - 1.5) ** 2 + (centre[1] - 0.2) ** 2

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def loss(x: Any, v: Any, fluid: Any) -> Any:
            def step(state: Any, _: Any) -> Any:
                x, v = state
                d = x[:, None] - x[None]
                q = (d**2).sum(-1)
                left = jnp.maximum(REACH**2 - q, 0.0)
                density = (MASS * unit * left**3).sum(1)
                p = fluid[0] * (density - 1.0) / density**2
                push = -MASS * (p[:, None] + p[None]) * steep * left**2
                drag = fluid[1] * MASS * unit * left**3 / density[None]
                a = (push[..., None] * d - drag[..., None] * (v[:, None] - v[None])).sum(1)
                walls = jnp.maximum(-x[:, 0], 0.0) - jnp.maximum(x[:, 0] - 2.0, 0.0)
                floor = jnp.maximum(-x[:, 1], 0.0)
                v = v + DT * (a + jnp.stack([WALL * walls, WALL * floor - 9.8], 1))
                return (x + DT * v, v), None

            x, _ = jax.lax.scan(step, (x, v), None, steps)[0]
            return ((x.mean(0) - jnp.array([1.5, 0.2])) ** 2).sum()

        return loss

    rng = np.random.default_rng(3)
    square = 0.05 * np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1).reshape(n, 2)
    args = (
        square + rng.uniform(0.0, 0.005, (n, 2)),
        np.tile([1.0, -1.0], (n, 1)) + 0.1 * rng.normal(size=(n, 2)),
        np.array([20.0, 0.5]),
    )
    macros = {"n": n, "steps": steps, "dt": DT, "reach": REACH, "mass": MASS, "wall": WALL}
    # The force's slope has a kink where a particle enters a wall.
    return Program(loss, args, (0, 1, 2), C, macros, jax=by_jax, step=1e-6, tolerance=1e-5)
