"""`integrate.adaptive` beside Diffrax on three problems, at equal error: values, gradients, compile times. One core.

    pip install diffrax 'jax[cpu]'          # in an environment of its own
    python benchmarks/integrators.py

The error is that of the end against a solution by SciPy to 1e-12. Ours has the tolerance of `PROBLEMS`; each of
Diffrax's solvers gets the largest of a row of tolerances with which its error is at most ours, and the fastest solver
counts. The gradient is that of the end's first number by the parameters, by default means on both sides
(RecursiveCheckpointAdjoint there). Both run in turns, in double precision; the least processor time counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["ROSESIM_CACHE_DIR"] = ""

from products import least  # isort: skip  it sets the number of threads before NumPy is loaded
import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

import rosesim as rs

CHAIN = 32


@dataclass(frozen=True)
class Problem:
    """y' = f(t, y, p) from y0 to t1. `f` takes the module whose functions it uses."""

    f: Callable[..., Any]
    y0: Any
    p: Any
    t1: float
    method: str
    rtol: float
    solvers: tuple[str, ...]
    steps: int
    scale: float = 1.0
    """atol over rtol."""


def arenstorf(m: Any, t: Any, y: Any, p: Any) -> Any:
    """A satellite between the Earth and the Moon (Hairer, Nørsett and Wanner I, II.0); p is the Moon's mass."""
    mu = p[0]
    a, b = y[0] + mu, y[0] - (1.0 - mu)
    d1, d2 = (a * a + y[1] * y[1]) ** 1.5, (b * b + y[1] * y[1]) ** 1.5
    return [
        y[2],
        y[3],
        y[0] + 2.0 * y[3] - (1.0 - mu) * a / d1 - mu * b / d2,
        y[1] - 2.0 * y[2] - (1.0 - mu) * y[1] / d1 - mu * y[1] / d2,
    ]


def robertson(m: Any, t: Any, y: Any, p: Any) -> Any:
    """A stiff reaction (Hairer and Wanner II, IV.10)."""
    a, b, c = p[0] * y[0], p[2] * y[1] * y[2], p[1] * y[1] * y[1]
    return [b - a, a - b - c, c]


def pendulums(m: Any, t: Any, y: Any, p: Any) -> Any:
    """A row of pendulums, joined by springs, the first and the last to walls: angles, then speeds."""
    q, v, n = y[:CHAIN], y[CHAIN:], CHAIN
    if m is rs:
        left, right = rs.concatenate([[0.0], q[: n - 1]]), rs.concatenate([q[1:], [0.0]])
    else:
        left, right = m.concatenate([m.zeros(1), q[: n - 1]]), m.concatenate([q[1:], m.zeros(1)])
    return m.concatenate([v, p[0] * (left - 2.0 * q + right) - p[1] * m.sin(q)])


ARENSTORF = [0.994, 0.0, 0.0, -2.00158510637908252240537862224]
EXPLICIT = ("Dopri5", "Tsit5")
IMPLICIT = ("Kvaerno3", "Kvaerno4", "Kvaerno5")
PROBLEMS = {
    "three bodies": Problem(arenstorf, ARENSTORF, [0.012277471], 15.0, "dopri5", 1e-9, EXPLICIT, 4096),
    "Robertson": Problem(
        robertson, [1.0, 0.0, 0.0], [0.04, 3e7, 1e4], 1e4, "rodas4", 1e-7, IMPLICIT, 4096, 1e-4
    ),
    "32 pendulums": Problem(
        pendulums, [*np.linspace(0.1, 2.0, CHAIN), *np.zeros(CHAIN)], [4.0, 1.0], 20.0, "dopri5", 1e-8, EXPLICIT, 4096
    ),
}  # fmt: skip


def ours(problem: Problem) -> tuple[Any, Any]:
    """The end, and value and gradient of its first number."""

    def end(y0: Any, p: Any) -> Any:
        return rs.integrate.adaptive(
            lambda t, y: problem.f(rs, t, y, p), y0, 0.0, problem.t1, method=problem.method, rtol=problem.rtol,
            atol=problem.scale * problem.rtol, limit=problem.steps,
        )  # fmt: skip

    return rs.fn(end), rs.value_and_grad(rs.fn(lambda y0, p: end(y0, p)[0]), wrt=1)


def theirs(problem: Problem, solver: str, rtol: float) -> tuple[Any, Any]:
    """The same by Diffrax."""

    def end(y0: Any, p: Any) -> Any:
        term = diffrax.ODETerm(lambda t, y, p: jnp.asarray(problem.f(jnp, t, y, p)))
        control = diffrax.PIDController(rtol=rtol, atol=problem.scale * rtol)
        found = diffrax.diffeqsolve(
            term, getattr(diffrax, solver)(), 0.0, problem.t1, None, y0, p, stepsize_controller=control,
            max_steps=problem.steps,
        )  # fmt: skip
        return found.ys[0]

    return jax.jit(end), jax.jit(jax.value_and_grad(lambda y0, p: end(y0, p)[0], argnums=1))


def seconds(f: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes, and what it gives."""
    start = time.perf_counter()
    value = f()
    return time.perf_counter() - start, value


def compare(name: str, problem: Problem) -> str:
    """A line of the table."""
    y0, p = np.array(problem.y0), np.array(problem.p)
    exact = solve_ivp(
        lambda t, y: np.asarray(problem.f(np, t, y, p)), (0.0, problem.t1), y0,
        method="Radau" if problem.method == "rodas4" else "DOP853", rtol=1e-12, atol=1e-14,
    ).y[:, -1]  # fmt: skip

    def error(y: Any) -> float:
        return float(np.max(np.abs(np.asarray(y) - exact) / (problem.scale + np.abs(exact))))

    end, gradient = ours(problem)
    value_program = end.compile(y0, p)
    grad_program = gradient.compile(y0, p)
    wanted = error(value_program(y0, p))
    slope = grad_program(y0, p)[1]
    for solver in problem.solvers:
        for rtol in 10.0 ** -np.arange(5.0, 12.5, 0.5):
            e = theirs(problem, solver, float(rtol))[0]
            try:
                if error(e(y0, p)) <= wanted:
                    break
            except Exception:  # more than max_steps: no smaller tolerance will do either
                e = None
                break
        else:
            e = None
        if e is None:
            continue
        fresh = theirs(problem, solver, float(rtol))
        jax.clear_caches()
        by_value = seconds(lambda fresh=fresh: jax.block_until_ready(fresh[0](y0, p)))[0]
        by_grad, (_, their_slope) = seconds(lambda fresh=fresh: jax.block_until_ready(fresh[1](y0, p)))
        assert np.allclose(their_slope, slope, rtol=1e-3), (name, solver, their_slope, slope)
        times = least({
            "value": lambda: value_program(y0, p),
            "gradient": lambda: grad_program(y0, p),
            "their value": lambda fresh=fresh: jax.block_until_ready(fresh[0](y0, p)),
            "their gradient": lambda fresh=fresh: jax.block_until_ready(fresh[1](y0, p)),
        })  # fmt: skip
        shown = ", ".join(f"{what} {1e3 * t:.3f} ms" for what, t in times.items())
        compiled = f"{by_value:.2f} and {by_grad:.2f} s"
        print(
            f"  {solver}, rtol {rtol:.0e}, error {error(e(y0, p)):.1e}, compiled in {compiled}; {shown}", flush=True
        )
    compiled = f"{value_program.seconds:.2f} and {grad_program.seconds:.2f} s"
    return f"{name}: ours {problem.method}, error {wanted:.1e}, compiled in {compiled}"


if __name__ == "__main__":
    for name, problem in PROBLEMS.items():
        print(compare(name, problem), flush=True)
