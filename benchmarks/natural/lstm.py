"""A recurrent network that predicts the next character, after Srajer, Kukelova and Fitzgibbon (2018).

Each gate of a layer of long short-term memory has a weight and a bias for each number of it. The loss is the mean
negative logarithm of the likelihood. Gradient by the layers' parameters and those of input and output.
"""

from typing import Any

import numpy as np

from benchmarks.natural.program import Program
from rosesim import Real, Vec, dot, exp, fn, log, scan, sum, tanh, vec

SIZES = {"lstm": {"layers": 2, "width": 14, "characters": 1024}}
SMALL = {"width": 3, "characters": 5}

C = """
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
double run(const double *main, const double *extra, const double *start, const double *text) {
  double state[LAYERS][2][B], total = 0;
  memcpy(state, start, sizeof state);
  for (int t = 0; t < CHARACTERS - 1; t++) {
    double x[B], s = 2;
    for (int i = 0; i < B; i++) x[i] = text[B * t + i] * extra[i];
    for (int l = 0; l < LAYERS; l++) {
      const double *w = main + 8 * B * l, *bias = w + 4 * B;
      double *hidden = state[l][0], *cell = state[l][1];
      for (int i = 0; i < B; i++) {
        double forget = sigmoid(x[i] * w[i] + bias[i]);
        double in = sigmoid(hidden[i] * w[B + i] + bias[B + i]);
        double out = sigmoid(x[i] * w[2 * B + i] + bias[2 * B + i]);
        double change = tanh(hidden[i] * w[3 * B + i] + bias[3 * B + i]);
        cell[i] = cell[i] * forget + in * change;
        x[i] = hidden[i] = out * tanh(cell[i]);
      }
    }
    for (int i = 0; i < B; i++) x[i] = x[i] * extra[B + i] + extra[2 * B + i], s += exp(x[i]);
    s = log(s);
    for (int i = 0; i < B; i++) total += text[B * (t + 1) + i] * (x[i] - s);
  }
  return -total / (B * (CHARACTERS - 1));
}
"""


def program(layers: int, width: int, characters: int) -> Program:
    """So many layers; a character has `width` bits, and so has each layer."""

    @fn
    def sigmoid(x: Real) -> Real:
        return 1.0 / (1.0 + exp(-x))

    @fn
    def loss(
        main: Vec[Vec[Vec[Vec[Real, width], 4], 2], layers],
        extra: Vec[Vec[Real, width], 3],
        start: Vec[Vec[Vec[Real, width], 2], layers],
        text: Vec[Vec[Real, width], characters],
    ) -> Real:
        def layer(k, x, hidden, cell):
            weight, bias = main[k]
            forget = vec(width, lambda i: sigmoid(x[i] * weight[0, i] + bias[0, i]))
            ingate = vec(width, lambda i: sigmoid(hidden[i] * weight[1, i] + bias[1, i]))
            outgate = vec(width, lambda i: sigmoid(x[i] * weight[2, i] + bias[2, i]))
            change = vec(width, lambda i: tanh(hidden[i] * weight[3, i] + bias[3, i]))
            cell = vec(width, lambda i: cell[i] * forget[i] + ingate[i] * change[i])
            return vec(width, lambda i: outgate[i] * tanh(cell[i])), cell

        def step(carry, t):
            states, total = carry
            x = vec(width, lambda i: text[t, i] * extra[0, i])
            after = []
            for k in range(layers):
                hidden, cell = layer(k, x, states[k, 0], states[k, 1])
                after.append([hidden, cell])
                x = hidden
            y = vec(width, lambda i: x[i] * extra[1, i] + extra[2, i])
            logs = log(2.0 + sum(width, lambda i: exp(y[i])))
            return (after, total + dot(text[t + 1], vec(width, lambda i: y[i] - logs))), None

        (_, total), _ = scan(step, (start, 0.0), characters - 1)
        return -total / (width * (characters - 1))

    @fn
    def arithmetic(
        main: Vec[Vec[Vec[Vec[Real, width], 4], 2], layers],
        extra: Vec[Vec[Real, width], 3],
        start: Vec[Vec[Vec[Real, width], 2], layers],
        text: Vec[Vec[Real, width], characters],
    ) -> Real:
        squash = lambda x: 1.0 / (1.0 + exp(-x))

        def step(carry, t):
            (states, total), x, after = carry, text[t] * extra[0], []
            for (w, b), (hidden, cell) in zip(main, states, strict=True):
                change = squash(hidden * w[1] + b[1]) * tanh(hidden * w[3] + b[3])
                cell = cell * squash(x * w[0] + b[0]) + change
                x = squash(x * w[2] + b[2]) * tanh(cell)
                after.append([x, cell])
            y = x * extra[1] + extra[2]
            return after, total + text[t + 1] @ (y - log(2.0 + sum(exp(y))))

        return -scan(step, (start, 0.0), characters - 1)[1] / (width * (characters - 1))

    def ahead(xp: Any, main: Any, extra: Any, states: Any, x: Any) -> Any:
        """The states after a character, and the logarithms of what is predicted."""
        sigmoid = lambda x: 1.0 / (1.0 + xp.exp(-x))
        x, after = x * extra[0], []
        for (weight, bias), (hidden, cell) in zip(main, states, strict=True):
            forget, outgate = sigmoid(x * weight[0] + bias[0]), sigmoid(x * weight[2] + bias[2])
            ingate, change = sigmoid(hidden * weight[1] + bias[1]), xp.tanh(hidden * weight[3] + bias[3])
            cell = cell * forget + ingate * change
            x = outgate * xp.tanh(cell)
            after.append((x, cell))
        y = x * extra[1] + extra[2]
        return after, y - xp.log(2.0 + xp.exp(y).sum())

    def by_numpy(main: Any, extra: Any, states: Any, text: Any) -> Any:
        total = 0.0
        for t in range(characters - 1):
            states, y = ahead(np, main, extra, states, text[t])
            total += text[t + 1] @ y
        return -total / (width * (characters - 1))

    def by_jax(jax: Any) -> Any:
        jnp = jax.numpy

        def loss(main: Any, extra: Any, start: Any, text: Any) -> Any:
            def step(states: Any, seen: Any) -> Any:
                after, y = ahead(jnp, main, extra, states, seen[0])
                return jnp.array(after), seen[1] @ y

            return -jax.lax.scan(step, start, (text[:-1], text[1:]))[1].sum() / (width * (characters - 1))

        return loss

    rng = np.random.default_rng(23)
    args = (
        rng.normal(size=(layers, 2, 4, width)),
        rng.normal(size=(3, width)),
        rng.normal(size=(layers, 2, width)),
        rng.integers(0, 2, (characters, width)).astype(float),
    )
    macros = {"layers": layers, "b": width, "characters": characters}
    return Program(loss, args, (0, 1), C, macros, numpy=by_numpy, jax=by_jax, arithmetic=arithmetic)
