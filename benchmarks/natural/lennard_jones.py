"""A Lennard-Jones fluid in a periodic box, forces from a list of neighbours, velocity Verlet.

An atom's list holds the nearest others within the cutoff and a skin, filled up with itself; the force is zero where
the distance is beyond the cutoff. The loss is the mean kinetic energy at the end. Gradient by places, velocities, and
the two constants of the potential.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, const, dot, floor, fn, scan, select, sum, vec

SIZES = {"lennard_jones": {"side": 10, "near": 80, "steps": 50}}
SMALL = {"side": 3, "near": 26, "steps": 5}
DT = 0.002
SPACING = 1.15  # of the lattice at the start, in units of the potential's length
CUTOFF, SKIN = 2.5, 0.3

C = """
static void forces(const double *x, const double *pot, const int *list, double *f) {
  double s2 = pot[1] * pot[1];
  for (int i = 0; i < N; i++) {
    double a = 0, b = 0, c = 0;
    for (int k = 0; k < NEAR; k++) {
      int j = list[NEAR * i + k];
      double d[3];
      for (int m = 0; m < 3; m++) {
        d[m] = x[3 * i + m] - x[3 * j + m];
        d[m] -= BOX * floor(d[m] / BOX + 0.5);
      }
      double q = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
      int counts = q < CUTOFF * CUTOFF && j != i;
      double r = s2 / (counts ? q : 1.0), r6 = r * r * r;
      double push = counts ? 24 * pot[0] * r6 * (2 * r6 - 1) * r / s2 : 0.0;
      a += push * d[0], b += push * d[1], c += push * d[2];
    }
    f[3 * i] = a, f[3 * i + 1] = b, f[3 * i + 2] = c;
  }
}
double run(const double *place, const double *velocity, const double *pot, const int *list) {
  static double x[3 * N], v[3 * N], f[3 * N];
  memcpy(x, place, sizeof x), memcpy(v, velocity, sizeof v);
  forces(x, pot, list, f);
  for (int t = 0; t < STEPS; t++) {
    for (int i = 0; i < 3 * N; i++) v[i] += 0.5 * DT * f[i], x[i] += DT * v[i];
    forces(x, pot, list, f);
    for (int i = 0; i < 3 * N; i++) v[i] += 0.5 * DT * f[i];
  }
  double total = 0;
  for (int i = 0; i < 3 * N; i++) total += 0.5 * v[i] * v[i];
  return total / N;
}
"""


def neighbours(x: Any, box: float, near: int) -> Any:
    """For each atom the `near` nearest others within reach, and itself in the places that remain."""
    away = x[:, None] - x[None]
    away -= box * np.round(away / box)
    distance = np.sqrt((away**2).sum(-1))
    order = np.argsort(distance, axis=1)[:, 1 : near + 1]
    within = np.take_along_axis(distance, order, axis=1) < CUTOFF + SKIN
    return np.where(within, order, np.arange(len(x))[:, None])


def program(side: int, near: int, steps: int) -> Program:
    """side^3 atoms with lists of so many neighbours."""
    n, box = side**3, SPACING * side
    rng = np.random.default_rng(2)
    lattice = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), -1).reshape(n, 3)
    x0 = SPACING * lattice + rng.uniform(-0.05, 0.05, (n, 3))
    table = neighbours(x0, box, near)

    @fn
    def loss(place: Vec[Vec[Real, 3], n], velocity: Vec[Vec[Real, 3], n], potential: Vec[Real, 2]) -> Real:
        depth, sigma = potential
        listed = const(table)

        def push(x, i, k):
            j = listed[i, k]
            apart = x[i] - x[j]
            d = vec(3, lambda m: apart[m] - box * floor(apart[m] / box + 0.5))
            q = dot(d, d)
            counts = (q < CUTOFF**2) & (j != i)
            r = sigma**2 / select(counts, q, 1.0)
            size = 24.0 * depth * r**3 * (2.0 * r**3 - 1.0) * r / sigma**2
            return select(counts, size, 0.0) * d

        def forces(x):
            return vec(n, lambda i: sum(near, lambda k: push(x, i, k)))

        def step(state, t):
            x, v, f = state
            v = vec(n, lambda i: v[i] + 0.5 * DT * f[i])
            x = vec(n, lambda i: x[i] + DT * v[i])
            f = forces(x)
            return x, vec(n, lambda i: v[i] + 0.5 * DT * f[i]), f

        _, v, _ = scan(step, (place, velocity, forces(place)), steps)
        return sum(n, lambda i: 0.5 * dot(v[i], v[i])) / n

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy
        others = table != np.arange(n)[:, None]

        def forces(x: Any, potential: Any) -> Any:
            depth, sigma = potential
            d = x[:, None] - x[table]
            d = d - box * jnp.floor(d / box + 0.5)
            q = (d**2).sum(-1)
            counts = (q < CUTOFF**2) & others
            r = sigma**2 / jnp.where(counts, q, 1.0)
            size = 24.0 * depth * r**3 * (2.0 * r**3 - 1.0) * r / sigma**2
            return (jnp.where(counts, size, 0.0)[..., None] * d).sum(1)

        def loss(x: Any, v: Any, potential: Any) -> Any:
            def step(state: Any, _: Any) -> Any:
                x, v, f = state
                v = v + 0.5 * DT * f
                x = x + DT * v
                f = forces(x, potential)
                return (x, v + 0.5 * DT * f, f), None

            _, v, _ = jax.lax.scan(step, (x, v, forces(x, potential)), None, steps)[0]
            return 0.5 * (v**2).sum() / n

        return loss

    args = (x0, rng.normal(size=(n, 3)), np.array([1.0, 1.0]))
    macros = {"n": n, "near": near, "steps": steps, "dt": DT, "box": box, "cutoff": CUTOFF}
    # The force jumps at the cutoff by 4 % of its greatest value: only few pairs may cross it between two differences.
    return Program(loss, args, (0, 1, 2), C, macros, (table,), jax=by_jax, step=1e-8, tolerance=1e-4)
