"""A Kalman filter: the negative logarithm of the likelihood of a series of measurements, by Cholesky's factors.

Gradient by the dynamics' matrix and by the logarithms of both noises' variances.
"""

from typing import Any

import numpy as np
from scipy.linalg import cholesky as factor
from scipy.linalg import solve_triangular

from benchmarks.natural.program import Program
from rosesim import Real, Vec, dot, exp, fn, identity, log, scan, select, sqrt, stack, sum, transpose, vec

SIZES = {"kalman": {"n": 12, "m": 6, "steps": 200}}
SMALL = {"n": 4, "m": 2, "steps": 5}

C = """
double run(const double *a, const double *q, const double *r, const double *see, const double *seen) {
  double x[N] = {0}, p[N][N] = {{0}}, total = 0;
  for (int i = 0; i < N; i++) p[i][i] = 1;
  for (int t = 0; t < STEPS; t++) {
    double y[N] = {0}, ap[N][N] = {{0}}, hp[M][N] = {{0}}, l[M][M], e[M], w[N][M];
    for (int i = 0; i < N; i++) for (int k = 0; k < N; k++) {
      y[i] += a[N * i + k] * x[k];
      for (int j = 0; j < N; j++) ap[i][j] += a[N * i + k] * p[k][j];
    }
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) {
      double s = i == j ? exp(q[i]) : 0;
      for (int k = 0; k < N; k++) s += ap[i][k] * a[N * j + k];
      p[i][j] = s;
    }
    for (int i = 0; i < M; i++) for (int k = 0; k < N; k++) for (int j = 0; j < N; j++)
      hp[i][j] += see[N * i + k] * p[k][j];
    for (int i = 0; i < M; i++) {
      e[i] = seen[M * t + i];
      for (int k = 0; k < N; k++) e[i] -= see[N * i + k] * y[k];
      for (int j = 0; j <= i; j++) {
        double s = i == j ? exp(r[i]) : 0;
        for (int k = 0; k < N; k++) s += hp[i][k] * see[N * j + k];
        for (int k = 0; k < j; k++) s -= l[i][k] * l[j][k];
        l[i][j] = i == j ? sqrt(s) : s / l[j][j];
      }
    }
    for (int i = 0; i < M; i++) {
      for (int k = 0; k < i; k++) e[i] -= l[i][k] * e[k];
      e[i] /= l[i][i];
      total += 0.5 * e[i] * e[i] + log(l[i][i]);
    }
    for (int j = 0; j < N; j++) for (int i = 0; i < M; i++) {
      double s = hp[i][j];
      for (int k = 0; k < i; k++) s -= l[i][k] * w[j][k];
      w[j][i] = s / l[i][i];
    }
    for (int i = 0; i < N; i++) {
      x[i] = y[i];
      for (int k = 0; k < M; k++) x[i] += w[i][k] * e[k];
      for (int j = 0; j < N; j++) for (int k = 0; k < M; k++) p[i][j] -= w[i][k] * w[j][k];
    }
  }
  return total;
}
"""


def program(n: int, m: int, steps: int) -> Program:
    """n states, of which m combinations are seen at each step."""

    @fn
    def cholesky(a: Vec[Vec[Real, m], m]) -> Vec[Vec[Real, m], m]:
        lower = [[Real(0.0)] * m for _ in range(m)]
        for i in range(m):
            for j in range(i + 1):
                left = a[i, j]
                for k in range(j):
                    left = left - lower[i][k] * lower[j][k]
                lower[i][j] = sqrt(left) if i == j else left / lower[j][j]
        return stack([stack(row) for row in lower])

    @fn
    def forward(lower: Vec[Vec[Real, m], m], b: Vec[Real, m]) -> Vec[Real, m]:
        """The x of lower x = b."""
        x: list[Any] = []
        for i in range(m):
            left = b[i]
            for k in range(i):
                left = left - lower[i, k] * x[k]
            x.append(left / lower[i, i])
        return stack(x)

    @fn
    def loss(
        a: Vec[Vec[Real, n], n],
        q: Vec[Real, n],
        r: Vec[Real, m],
        see: Vec[Vec[Real, n], m],
        seen: Vec[Vec[Real, m], steps],
    ) -> Real:
        def diagonal(x):
            return vec(len(x), lambda i: vec(len(x), lambda j: select(i == j, exp(x[i]), 0.0)))

        def step(state, t):
            x, p, total = state
            x = a @ x
            p = a @ p @ transpose(a) + diagonal(q)
            hp = see @ p
            lower = cholesky(hp @ transpose(see) + diagonal(r))
            e = forward(lower, seen[t] - see @ x)
            columns = transpose(hp)
            w = vec(n, lambda j: forward(lower, columns[j]))
            total = total + 0.5 * dot(e, e) + sum(m, lambda i: log(lower[i, i]))
            return x + w @ e, p - w @ transpose(w), total

        return scan(step, (vec(n, lambda i: 0.0), identity(n), 0.0), steps)[2]

    def by_scipy(a: Any, q: Any, r: Any, see: Any, seen: Any) -> Any:
        x, p, total = np.zeros(n), np.eye(n), 0.0
        for y in seen:
            x, p = a @ x, a @ p @ a.T + np.diag(np.exp(q))
            lower = factor(see @ p @ see.T + np.diag(np.exp(r)), lower=True)
            e = solve_triangular(lower, y - see @ x, lower=True)
            w = solve_triangular(lower, see @ p, lower=True).T
            x, p = x + w @ e, p - w @ w.T
            total += 0.5 * e @ e + np.log(np.diag(lower)).sum()
        return total

    def by_jax(jax: Any) -> Any:
        jnp, triangular = jax.numpy, jax.scipy.linalg.solve_triangular

        def loss(a: Any, q: Any, r: Any, see: Any, seen: Any) -> Any:
            def step(state: Any, y: Any) -> Any:
                x, p, total = state
                x, p = a @ x, a @ p @ a.T + jnp.diag(jnp.exp(q))
                lower = jnp.linalg.cholesky(see @ p @ see.T + jnp.diag(jnp.exp(r)))
                e = triangular(lower, y - see @ x, lower=True)
                w = triangular(lower, see @ p, lower=True).T
                return (x + w @ e, p - w @ w.T, total + 0.5 * e @ e + jnp.log(jnp.diag(lower)).sum()), None

            return jax.lax.scan(step, (jnp.zeros(n), jnp.eye(n), 0.0), seen)[0][2]

        return loss

    rng = np.random.default_rng(13)
    args = (
        0.95 * np.linalg.qr(rng.normal(size=(n, n)))[0],
        np.log(rng.uniform(0.05, 0.2, n)),
        np.log(rng.uniform(0.2, 0.5, m)),
        rng.normal(size=(m, n)) / n**0.5,
        rng.normal(size=(steps, m)),
    )
    return Program(loss, args, (0, 1, 2), C, {"n": n, "m": m, "steps": steps}, numpy=by_scipy, jax=by_jax)
