"""The log-likelihood of a Gaussian mixture with a Wishart prior, after Srajer, Kukelova and Fitzgibbon (2018).

Each inverse covariance has a triangular factor, given by the logarithms of its diagonal and, column by column, by
what is below. Gradient by the weights' logarithms, the means and the factors.
"""

import math
from typing import Any

import numpy as np
from scipy.special import gammaln
from scipy.special import logsumexp as by_scipy

from benchmarks.natural.program import Program
from rosesim import Real, Vec, const, dot, exp, fn, log, max, select, sum, vec, where
from rosesim import logsumexp as lse

SIZES = {"gmm": {"n": 1000, "k": 25, "d": 10}}
SMALL = {"n": 6, "k": 3, "d": 3}
GAMMA, M = 1.0, 0
"""The prior's parameters, as the benchmark has them."""

C = """
double run(const double *alphas, const double *means, const double *icf, const double *x) {
  static double diagonal[K][D], start[K];
  double total = CONSTANT, most = -INFINITY, s = 0;
  for (int c = 0; c < K; c++) {
    const double *f = icf + ICF * c;
    double logs = 0, squares = 0;
    for (int i = 0; i < D; i++) logs += f[i], diagonal[c][i] = exp(f[i]), squares += diagonal[c][i] * diagonal[c][i];
    for (int i = D; i < ICF; i++) squares += f[i] * f[i];
    start[c] = alphas[c] + logs;
    total += 0.5 * GAMMA * GAMMA * squares - M * logs;
    most = fmax(most, alphas[c]);
  }
  for (int c = 0; c < K; c++) s += exp(alphas[c] - most);
  total -= N * (most + log(s));
  for (int n = 0; n < N; n++) {
    double terms[K], top = -INFINITY, s = 0;
    for (int c = 0; c < K; c++) {
      double off[D], z[D], square = 0;
      const double *below = icf + ICF * c + D;
      for (int i = 0; i < D; i++) off[i] = x[D * n + i] - means[D * c + i], z[i] = diagonal[c][i] * off[i];
      for (int j = 0; j < D; j++) for (int i = j + 1; i < D; i++) z[i] += *below++ * off[j];
      for (int i = 0; i < D; i++) square += z[i] * z[i];
      terms[c] = start[c] - 0.5 * square;
      top = fmax(top, terms[c]);
    }
    for (int c = 0; c < K; c++) s += exp(terms[c] - top);
    total += top + log(s);
  }
  return total;
}
"""


def program(n: int, k: int, d: int) -> Program:
    """n points in d dimensions, k Gaussians."""
    icf_size = d * (d + 1) // 2
    column, row = np.triu_indices(d, 1)
    place = np.zeros((d, d), int)
    place[row, column] = d + np.arange(icf_size - d)
    freedom = d + M + 1
    gammas = 0.25 * d * (d - 1) * math.log(math.pi) + gammaln(0.5 * (freedom - np.arange(d))).sum()
    constant = -0.5 * n * d * math.log(2.0 * math.pi)
    constant -= k * (freedom * d * (math.log(GAMMA) - 0.5 * math.log(2.0)) - float(gammas))

    @fn
    def logsumexp(x: Vec[Real, k]) -> Real:
        top = max(k, lambda c: x[c])
        return top + log(sum(k, lambda c: exp(x[c] - top)))

    @fn
    def loss(
        alphas: Vec[Real, k], means: Vec[Vec[Real, d], k], icf: Vec[Vec[Real, icf_size], k], x: Vec[Vec[Real, d], n]
    ) -> Real:
        at = const(place)

        def factor(c):
            below = lambda i, j: select(j < i, icf[c, at[i, j]], 0.0)
            return vec(d, lambda i: vec(d, lambda j: select(i == j, exp(icf[c, i]), below(i, j))))

        factors = vec(k, factor)
        logs = vec(k, lambda c: sum(d, lambda i: icf[c, i]))

        def term(i, c):
            z = factors[c] @ (x[i] - means[c])
            return alphas[c] + logs[c] - 0.5 * dot(z, z)

        def prior(c):
            squares = sum(d, lambda i: dot(factors[c, i], factors[c, i]))
            return 0.5 * GAMMA**2 * squares - M * logs[c]

        likelihood = sum(n, lambda i: logsumexp(vec(k, lambda c: term(i, c))))
        return constant + likelihood - n * logsumexp(alphas) + sum(k, prior)

    strict, unit = np.tri(d, k=-1) > 0, np.eye(d)

    @fn
    def arithmetic(
        alphas: Vec[Real, k], means: Vec[Vec[Real, d], k], icf: Vec[Vec[Real, icf_size], k], x: Vec[Vec[Real, d], n]
    ) -> Real:
        at, logs = const(place), sum(icf[:, :d], axis=1)
        below = vec(k, lambda c: vec(d, lambda i: vec(d, lambda j: icf[c, at[i, j]])))
        factors = where(strict, below, 0.0) + exp(icf[:, :d])[:, :, None] * unit

        def likelihood(p):
            return lse(vec(k, lambda c: alphas[c] + logs[c] - 0.5 * sum((factors[c] @ (p - means[c])) ** 2)))

        prior = 0.5 * GAMMA**2 * sum(factors**2) - M * sum(logs)
        return constant + sum(n, lambda i: likelihood(x[i])) - n * lse(alphas) + prior

    def by_arrays(xp: Any, lse: Any, alphas: Any, means: Any, icf: Any, x: Any) -> Any:
        factors = xp.where(xp.tri(d, k=-1), icf[:, place], 0.0) + xp.exp(icf[:, :d, None]) * xp.eye(d)
        logs = icf[:, :d].sum(1)
        z = xp.einsum("cij,ncj->nci", factors, x[:, None] - means)
        terms = alphas + logs - 0.5 * (z**2).sum(2)
        prior = 0.5 * GAMMA**2 * (factors**2).sum() - M * logs.sum()
        return constant + lse(terms, axis=1).sum() - n * lse(alphas) + prior

    rng = np.random.default_rng(22)
    args = (
        rng.normal(size=k),
        rng.uniform(size=(k, d)),
        0.3 * rng.normal(size=(k, icf_size)),
        rng.normal(size=(n, d)),
    )
    macros = {"n": n, "k": k, "d": d, "icf": icf_size, "gamma": GAMMA, "m": M, "constant": constant}
    return Program(
        loss,
        args,
        (0, 1, 2),
        C,
        macros,
        numpy=lambda *args: by_arrays(np, by_scipy, *args),
        arithmetic=arithmetic,
        jax=lambda jax: lambda *args: by_arrays(jax.numpy, jax.scipy.special.logsumexp, *args),
    )
