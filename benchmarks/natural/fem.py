"""An elastic plate of triangles (neo-Hookean, plane), clamped on its left and pulled down by its weight.

Each triangle adds a force to its three corners. The loss is the squared distance of the last node from a goal.
Gradient by places and by the two elastic constants of each triangle.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, accumulate, const, det, dot, fn, for_each, inv, log, scan, transpose, vec

SIZES = {"fem": {"side": 40, "steps": 100}}
SMALL = {"side": 3, "steps": 6}
DT = 0.001
GRAVITY = 9.8
GOAL = (0.9, 0.8)

C = """
double run(const double *place, const double *mu, const double *lambda, const double *held, const int *tri,
           const double *inverse, const double *area) {
  static double x[2 * N], v[2 * N], f[2 * N];
  memcpy(x, place, sizeof x), memset(v, 0, sizeof v);
  for (int t = 0; t < STEPS; t++) {
    memset(f, 0, sizeof f);
    for (int e = 0; e < TRIANGLES; e++) {
      int a = 2 * tri[3 * e], b = 2 * tri[3 * e + 1], c = 2 * tri[3 * e + 2];
      const double *q = inverse + 4 * e;
      double px = x[b] - x[a], py = x[b + 1] - x[a + 1], qx = x[c] - x[a], qy = x[c + 1] - x[a + 1];
      double A = px * q[0] + qx * q[2], B = px * q[1] + qx * q[3];
      double D = py * q[0] + qy * q[2], E = py * q[1] + qy * q[3];
      double J = A * E - B * D, k = (lambda[e] * log(J) - mu[e]) / J;
      double P = mu[e] * A + k * E, Q = mu[e] * B - k * D, R = mu[e] * D - k * B, S = mu[e] * E + k * A;
      double w = -area[e];
      double gx = w * (P * q[0] + Q * q[1]), gy = w * (R * q[0] + S * q[1]);
      double hx = w * (P * q[2] + Q * q[3]), hy = w * (R * q[2] + S * q[3]);
      f[b] += gx, f[b + 1] += gy, f[c] += hx, f[c + 1] += hy, f[a] -= gx + hx, f[a + 1] -= gy + hy;
    }
    for (int i = 0; i < N; i++) {
      v[2 * i] = held[i] * (v[2 * i] + DT * N * f[2 * i]);
      v[2 * i + 1] = held[i] * (v[2 * i + 1] + DT * (N * f[2 * i + 1] - GRAVITY));
      x[2 * i] += DT * v[2 * i], x[2 * i + 1] += DT * v[2 * i + 1];
    }
  }
  double p = x[2 * N - 2] - 0.9, q = x[2 * N - 1] - 0.8;
  return p * p + q * q;
}
"""


def triangles(side: int) -> Any:
    """The corners of each triangle, two in each square of a grid of side x side squares."""
    at = lambda i, j: (side + 1) * i + j
    squares = [(i, j) for i in range(side) for j in range(side)]
    lower = [(at(i, j), at(i + 1, j), at(i, j + 1)) for i, j in squares]
    return np.array(lower + [(at(i + 1, j + 1), at(i, j + 1), at(i + 1, j)) for i, j in squares])


def program(side: int, steps: int) -> Program:
    """A plate of side x side squares over so many steps; its mass is one."""
    n, corners = (side + 1) ** 2, triangles(side)
    m = len(corners)
    rows, columns = np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="ij")
    rest = np.stack([rows, columns], -1).reshape(n, 2) / side
    edges = np.stack([rest[corners[:, k]] - rest[corners[:, 0]] for k in (1, 2)], -1)
    area, inverse = 0.5 * np.linalg.det(edges), np.linalg.inv(edges)
    held = (rest[:, 0] > 0.0).astype(float)

    @fn
    def loss(place: Vec[Vec[Real, 2], n], mu: Vec[Real, m], lame: Vec[Real, m], free: Vec[Real, n]) -> Real:
        nodes, undeformed, areas = const(corners), const(inverse), const(area)

        def stress(f, e):
            """The first Piola-Kirchhoff stress of a deformation."""
            turned = transpose(inv(f))
            pressure = lame[e] * log(det(f)) - mu[e]
            return vec(2, lambda i: mu[e] * f[i] + pressure * turned[i])

        def step(state, t):
            x, v = state

            def push_all(force):
                def push(e):
                    a, b, c = nodes[e]
                    p, q = x[b] - x[a], x[c] - x[a]
                    f = transpose([p, q]) @ undeformed[e]
                    h = transpose((stress(f, e) * -areas[e]) @ transpose(undeformed[e]))
                    force.at[a].add(-h[0] - h[1])
                    force.at[b].add(h[0])
                    force.at[c].add(h[1])

                for_each(m, push)

            force = accumulate(Vec[Vec[Real, 2], n], push_all)
            v = vec(n, lambda i: free[i] * (v[i] + DT * (n * force[i] - [0.0, GRAVITY])))
            return vec(n, lambda i: x[i] + DT * v[i]), v

        x, _ = scan(step, (place, vec(n, lambda i: vec(2, lambda k: 0.0))), steps)
        off = x[-1] - list(GOAL)
        return dot(off, off)

    def forces(x: Any, mu: Any, lame: Any, xp: Any) -> Any:
        a, b, c = (x[corners[:, k]] for k in range(3))
        f = xp.stack([b - a, c - a], -1) @ inverse
        volume = f[:, 0, 0] * f[:, 1, 1] - f[:, 0, 1] * f[:, 1, 0]
        minor = [xp.stack([f[:, 1, 1], -f[:, 1, 0]], -1), xp.stack([-f[:, 0, 1], f[:, 0, 0]], -1)]
        pressure = (lame * xp.log(volume) - mu) / volume
        stress = mu[:, None, None] * f + pressure[:, None, None] * xp.stack(minor, 1)
        return -area[:, None, None] * stress @ inverse.transpose(0, 2, 1)

    def by_numpy(x: Any, mu: Any, lame: Any, free: Any) -> Any:
        v = np.zeros_like(x)
        for _ in range(steps):
            h = forces(x, mu, lame, np)
            force = np.zeros_like(x)
            np.add.at(force, corners[:, 0], -h.sum(2))
            np.add.at(force, corners[:, 1], h[..., 0])
            np.add.at(force, corners[:, 2], h[..., 1])
            v = free[:, None] * (v + DT * (n * force - [0.0, GRAVITY]))
            x = x + DT * v
        return ((x[-1] - GOAL) ** 2).sum()

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def loss(x: Any, mu: Any, lame: Any, free: Any) -> Any:
            def step(state: Any, _: Any) -> Any:
                x, v = state
                h = forces(x, mu, lame, jnp)
                force = jnp.zeros_like(x).at[corners[:, 0]].add(-h.sum(2))
                force = force.at[corners[:, 1]].add(h[..., 0]).at[corners[:, 2]].add(h[..., 1])
                v = free[:, None] * (v + DT * (n * force - jnp.array([0.0, GRAVITY])))
                return (x + DT * v, v), None

            x, _ = jax.lax.scan(step, (x, jnp.zeros_like(x)), None, steps)[0]
            return ((x[-1] - jnp.array(GOAL)) ** 2).sum()

        return loss

    rng = np.random.default_rng(10)
    x0 = rest + 0.02 / side * rng.normal(size=(n, 2))
    args = (x0, rng.uniform(5.0, 10.0, m), rng.uniform(5.0, 15.0, m), held)
    macros = {"n": n, "triangles": m, "steps": steps, "dt": DT, "gravity": GRAVITY}
    beside = (corners, inverse, area)
    # A random direction of full size would turn triangles over: their edges are a fortieth of the plate's.
    return Program(loss, args, (0, 1, 2), C, macros, beside, numpy=by_numpy, jax=by_jax, step=1e-6, tolerance=1e-5)
