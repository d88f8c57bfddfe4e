"""A small network balances a pole on a cart, from many starts at once.

The loss is the mean over the starts of what the pole's angle, the cart's place and the force cost, summed over time.
Gradient by the network's weights.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, cos, dot, fn, scan, sin, sum, tanh, vec

SIZES = {"policy": {"starts": 4096, "hidden": 16, "steps": 100}}
SMALL = {"starts": 5, "hidden": 3, "steps": 6}
DT = 0.02
GRAVITY, POLE, CART, HALF = 9.8, 0.1, 1.0, 0.5  # masses in kg, half of the pole's length in m
FORCE = 10.0

C = """
double run(const double *w1, const double *b1, const double *w2, const double *start) {
  double total = 0;
  for (int s = 0; s < STARTS; s++) {
    double x = start[4 * s], v = start[4 * s + 1], q = start[4 * s + 2], w = start[4 * s + 3], cost = 0;
    for (int t = 0; t < STEPS; t++) {
      double u = 0;
      for (int h = 0; h < HIDDEN; h++)
        u += w2[h] * tanh(w1[4 * h] * x + w1[4 * h + 1] * v + w1[4 * h + 2] * q + w1[4 * h + 3] * w + b1[h]);
      double force = FORCE * tanh(u), sn = sin(q), cs = cos(q), all = CART + POLE;
      double push = (force + POLE * HALF * w * w * sn) / all;
      double turn = (GRAVITY * sn - cs * push) / (HALF * (4 / 3. - POLE * cs * cs / all));
      double go = push - POLE * HALF * turn * cs / all;
      v += DT * go, w += DT * turn, x += DT * v, q += DT * w;
      cost += DT * (q * q + 0.1 * x * x + 0.001 * force * force);
    }
    total += cost;
  }
  return total / STARTS;
}
"""


def program(starts: int, hidden: int, steps: int) -> Program:
    """So many starts, hidden numbers and steps."""

    @fn
    def loss(
        w1: Vec[Vec[Real, 4], hidden], b1: Vec[Real, hidden], w2: Vec[Real, hidden], start: Vec[Vec[Real, 4], starts]
    ) -> Real:
        def cost(first):
            def step(state, t):
                x, v, q, w, total = state
                z = w1 @ [x, v, q, w] + b1
                force = FORCE * tanh(dot(w2, vec(hidden, lambda h: tanh(z[h]))))
                push = (force + POLE * HALF * w**2 * sin(q)) / (CART + POLE)
                inertia = HALF * (4.0 / 3.0 - POLE * cos(q) ** 2 / (CART + POLE))
                turn = (GRAVITY * sin(q) - cos(q) * push) / inertia
                v = v + DT * (push - POLE * HALF * turn * cos(q) / (CART + POLE))
                w = w + DT * turn
                x, q = x + DT * v, q + DT * w
                return x, v, q, w, total + DT * (q**2 + 0.1 * x**2 + 0.001 * force**2)

            return scan(step, (*first, 0.0), steps)[4]

        return sum(starts, lambda s: cost(start[s])) / starts

    def ahead(state: Any, w1: Any, b1: Any, w2: Any, xp: Any) -> Any:
        x, v, q, w, total = state
        force = FORCE * xp.tanh(xp.tanh(xp.stack([x, v, q, w], -1) @ w1.T + b1) @ w2)
        push = (force + POLE * HALF * w**2 * xp.sin(q)) / (CART + POLE)
        inertia = HALF * (4.0 / 3.0 - POLE * xp.cos(q) ** 2 / (CART + POLE))
        turn = (GRAVITY * xp.sin(q) - xp.cos(q) * push) / inertia
        v = v + DT * (push - POLE * HALF * turn * xp.cos(q) / (CART + POLE))
        w = w + DT * turn
        x, q = x + DT * v, q + DT * w
        return x, v, q, w, total + DT * (q**2 + 0.1 * x**2 + 0.001 * force**2)

    def by_numpy(w1: Any, b1: Any, w2: Any, start: Any) -> Any:
        state = (*start.T, np.zeros(starts))
        for _ in range(steps):
            state = ahead(state, w1, b1, w2, np)
        return state[4].mean()

    def by_jax(jax: Any) -> Any:
        def loss(w1: Any, b1: Any, w2: Any, start: Any) -> Any:
            step = lambda state, _: (ahead(state, w1, b1, w2, jax.numpy), None)
            return jax.lax.scan(step, (*start.T, jax.numpy.zeros(starts)), None, steps)[0][4].mean()

        return loss

    rng = np.random.default_rng(18)
    args = (
        0.5 * rng.normal(size=(hidden, 4)),
        0.1 * rng.normal(size=hidden),
        rng.normal(size=hidden) / hidden,
        rng.uniform(-0.2, 0.2, (starts, 4)),
    )
    macros = {"starts": starts, "hidden": hidden, "steps": steps, "dt": DT, "force": FORCE}
    macros |= {"gravity": GRAVITY, "pole": POLE, "cart": CART, "half": HALF}
    return Program(loss, args, (0, 1, 2), C, macros, numpy=by_numpy, jax=by_jax)
