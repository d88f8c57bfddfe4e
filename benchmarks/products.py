"""Products of matrices beside NumPy's (OpenBLAS, one thread): billions of operations a second, in one sitting.

    python benchmarks/products.py [SIZE ...]

The three forms are a b, a bᵀ and aᵀ b. "gradient" is value and gradient of the sum of squares of a b by both factors:
three products. Each tool takes turns; the least processor time of the turns counts.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

for variable in ("ROSESIM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  NumPy counts its threads when it is loaded

from rosesim import Fn, Real, Vec, sum, transpose, value_and_grad  # noqa: E402  after NumPy

TURNS = 15
FORMS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "a b": (lambda a, b: a @ b, lambda a, b: a @ b),
    "a bT": (lambda a, b: a @ transpose(b), lambda a, b: a @ b.T),
    "aT b": (lambda a, b: transpose(a) @ b, lambda a, b: a.T @ b),
}


def least(tools: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least seconds of each, taking turns; short ones run several times a turn."""
    often: dict[str, int] = {}
    for name, run in tools.items():
        run()
        begun = time.process_time()
        run()
        often[name] = max(1, int(2e-3 / max(time.process_time() - begun, 1e-7)))
    found = dict.fromkeys(tools, float("inf"))
    for _ in range(TURNS):
        for name, run in tools.items():
            begun = time.process_time()
            for _ in range(often[name]):
                run()
            found[name] = min(found[name], (time.process_time() - begun) / often[name])
    return found


def tools(n: int, form: str) -> dict[str, Callable[[], object]]:
    """Ours in both modes, ours with the gradient, and NumPy's, on the same matrices."""
    ours, theirs = FORMS[form]
    matrix = Vec[Vec[Real, n], n]
    a, b = np.random.default_rng(0).normal(size=(2, n, n))

    def loss(a: Any, b: Any) -> Any:
        c = ours(a, b)
        return sum(n, lambda i: sum(n, lambda j: c[i, j] * c[i, j]))

    fast, strict = (Fn(ours).compile(matrix, matrix, math=math) for math in ("fast", "strict"))
    gradient = value_and_grad(Fn(loss), wrt=(0, 1)).compile(matrix, matrix)
    np.testing.assert_allclose(fast(a, b), theirs(a, b), rtol=1e-10, atol=1e-10)
    return {
        "fast": lambda: fast(a, b),
        "strict": lambda: strict(a, b),
        "gradient": lambda: gradient(a, b),
        "numpy": lambda: theirs(a, b),
    }


def main() -> None:
    print(f"{'n':>5} {'form':5} {'fast':>7} {'strict':>7} {'gradient':>9} {'NumPy':>7}  fast over NumPy")
    for n in [int(x) for x in sys.argv[1:]] or [16, 64, 100, 256, 512]:
        for form in FORMS:
            seconds = least(tools(n, form))
            rate = {k: (3 if k == "gradient" else 1) * 2e-9 * n**3 / s for k, s in seconds.items()}
            print(
                f"{n:5} {form:5} {rate['fast']:7.1f} {rate['strict']:7.1f} {rate['gradient']:9.1f} "
                f"{rate['numpy']:7.1f}  {rate['fast'] / rate['numpy']:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
