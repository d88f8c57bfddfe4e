"""A cloth of masses and springs, hung at two corners: springs along the threads, across, and to the second neighbour.

Each spring adds its force to its two ends. The loss is the squared distance of the middle from a goal. Gradient by
places, and by the stiffness and rest length of each spring.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, accumulate, const, dot, fn, for_each, norm, scan, vec

SIZES = {"cloth": {"side": 64, "steps": 100}}
SMALL = {"side": 5, "steps": 6}
DT = 0.002
GRAVITY, DRAG = 9.8, 0.5
GOAL = (0.4, 0.5, -0.3)
REACHES = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))
"""From a node to those that its springs lead to: along the threads, across, and against bending."""

C = """
double run(const double *place, const double *stiff, const double *rest, const double *held, const int *ends) {
  static double x[3 * N], v[3 * N], f[3 * N];
  memcpy(x, place, sizeof x), memset(v, 0, sizeof v);
  for (int t = 0; t < STEPS; t++) {
    memset(f, 0, sizeof f);
    for (int s = 0; s < SPRINGS; s++) {
      int a = 3 * ends[2 * s], b = 3 * ends[2 * s + 1];
      double d[3] = {x[b] - x[a], x[b + 1] - x[a + 1], x[b + 2] - x[a + 2]};
      double length = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      double pull = stiff[s] * (length - rest[s]) / length;
      for (int k = 0; k < 3; k++) f[a + k] += pull * d[k], f[b + k] -= pull * d[k];
    }
    for (int i = 0; i < N; i++) for (int k = 0; k < 3; k++) {
      int m = 3 * i + k;
      v[m] = held[i] * (v[m] + DT * (f[m] - DRAG * v[m] - (k == 1 ? GRAVITY : 0)));
      x[m] += DT * v[m];
    }
  }
  const double *m = x + 3 * (N / 2);
  return (m[0] - 0.4) * (m[0] - 0.4) + (m[1] - 0.5) * (m[1] - 0.5) + (m[2] + 0.3) * (m[2] + 0.3);
}
"""


def springs(side: int) -> Any:
    """The two ends of each spring."""
    nodes = [(i, j) for i in range(side) for j in range(side)]
    inside = lambda i, j: 0 <= i < side and 0 <= j < side
    pairs = [((i, j), (i + p, j + q)) for p, q in REACHES for i, j in nodes if inside(i + p, j + q)]
    return np.array([[side * a + b, side * c + d] for (a, b), (c, d) in pairs])


def program(side: int, steps: int) -> Program:
    """side x side masses of one unit over so many steps."""
    n, table = side**2, springs(side)
    m = len(table)
    held = np.ones(n)  # 0 where a node is held
    held[[0, side - 1]] = 0.0

    @fn
    def loss(place: Vec[Vec[Real, 3], n], stiff: Vec[Real, m], rest: Vec[Real, m], free: Vec[Real, n]) -> Real:
        ends = const(table)

        def step(state, t):
            x, v = state

            def pull_all(force):
                def pull(s):
                    a, b = ends[s]
                    d = x[b] - x[a]
                    length = norm(d)
                    f = (stiff[s] * (length - rest[s]) / length) * d
                    force.at[a].add(f)
                    force.at[b].add(-f)

                for_each(m, pull)

            force = accumulate(Vec[Vec[Real, 3], n], pull_all)
            v = vec(n, lambda i: free[i] * (v[i] + DT * (force[i] - DRAG * v[i] - [0.0, GRAVITY, 0.0])))
            return vec(n, lambda i: x[i] + DT * v[i]), v

        still = vec(n, lambda i: vec(3, lambda k: 0.0))
        x, _ = scan(step, (place, still), steps)
        off = x[n // 2] - list(GOAL)
        return dot(off, off)

    a, b = table.T

    def ahead(x: Any, v: Any, stiff: Any, rest: Any, free: Any, xp: Any, added: Any) -> Any:
        d = x[b] - x[a]
        length = xp.sqrt((d * d).sum(1))
        f = (stiff * (length - rest) / length)[:, None] * d
        v = free[:, None] * (v + DT * (added(f) - DRAG * v - xp.array([0.0, GRAVITY, 0.0])))
        return x + DT * v, v

    def by_numpy(x: Any, stiff: Any, rest: Any, free: Any) -> Any:
        def added(f: Any) -> Any:
            columns = [np.bincount(a, c, n) - np.bincount(b, c, n) for c in f.T]
            return np.stack(columns, 1)

        v = np.zeros_like(x)
        for _ in range(steps):
            x, v = ahead(x, v, stiff, rest, free, np, added)
        return ((x[n // 2] - GOAL) ** 2).sum()

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy
        added = lambda f: jnp.zeros((n, 3)).at[a].add(f).at[b].add(-f)

        def loss(x: Any, stiff: Any, rest: Any, free: Any) -> Any:
            step = lambda s, _: (ahead(s[0], s[1], stiff, rest, free, jnp, added), None)
            x, _ = jax.lax.scan(step, (x, jnp.zeros_like(x)), None, steps)[0]
            return ((x[n // 2] - jnp.array(GOAL)) ** 2).sum()

        return loss

    rng = np.random.default_rng(8)
    flat = np.stack([*np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), np.zeros((side, side))], -1)
    x0 = flat.reshape(n, 3) / (side - 1) + 0.002 * rng.normal(size=(n, 3))
    rest = np.linalg.norm(x0[b] - x0[a], axis=1) * rng.uniform(0.95, 1.0, m)
    args = (x0, rng.uniform(500.0, 2000.0, m), rest, held)
    macros = {"n": n, "springs": m, "steps": steps, "dt": DT, "gravity": GRAVITY, "drag": DRAG}
    # A random direction of full size would tear the springs: their length is a hundredth of the cloth's.
    return Program(loss, args, (0, 1, 2), C, macros, (table,), numpy=by_numpy, jax=by_jax, step=1e-7, tolerance=1e-4)
