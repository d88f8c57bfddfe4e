"""The slopes of operators against mpmath: where to ask, what is exact, and how far off they are, in ulp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from maths_kit import places

from rosesim import Real, Vec, fn, grad, jvp, vec
from rosesim.ad.language import trace
from rosesim.ad.program.ops import OPS

LEAST = float(np.finfo(np.float64).tiny)
Exact = Callable[..., Any]

EXACT: dict[str, tuple[Exact | None, ...]] = {
    "neg": (lambda x: -1,),
    "add": (lambda x, y: 1, lambda x, y: 1),
    "sub": (lambda x, y: 1, lambda x, y: -1),
    "mul": (lambda x, y: y, lambda x, y: x),
    "div": (lambda x, y: 1 / y, lambda x, y: -x / y**2),
    "fmod": (lambda x, y: 1, lambda x, y: -mpmath.sign(x / y) * mpmath.floor(abs(x / y))),
    "abs": (mpmath.sign,),
    "copysign": (lambda x, y: mpmath.sign(x) * mpmath.sign(y), None),
    "sqrt": (lambda x: 1 / (2 * mpmath.sqrt(x)),),
    "hypot": (lambda x, y: x / mpmath.sqrt(x * x + y * y), lambda x, y: y / mpmath.sqrt(x * x + y * y)),
    "pow": (lambda x, y: y * mpmath.power(x, y - 1), lambda x, y: mpmath.power(x, y) * mpmath.log(x)),
    "exp": (mpmath.exp,),
    "expm1": (mpmath.exp,),
    "log": (lambda x: 1 / x,),
    "log1p": (lambda x: 1 / (1 + x),),
    "erf": (lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),),
    "sin": (mpmath.cos,),
    "cos": (lambda x: -mpmath.sin(x),),
    "tan": (lambda x: 1 / mpmath.cos(x) ** 2,),
    "asin": (lambda x: 1 / mpmath.sqrt((1 - x) * (1 + x)),),
    "acos": (lambda x: -1 / mpmath.sqrt((1 - x) * (1 + x)),),
    "atan": (lambda x: 1 / (1 + x * x),),
    "atan2": (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
    "sinh": (mpmath.cosh,),
    "cosh": (mpmath.sinh,),
    "tanh": (lambda x: 1 / mpmath.cosh(x) ** 2,),
}
"""The slope of each operator that has one, by each argument."""

DOMAIN: dict[str, Callable[..., Any]] = {
    "sqrt": lambda x, y: x > 0,
    "log": lambda x, y: x > 0,
    "log1p": lambda x, y: x > -1,
    "asin": lambda x, y: np.abs(x) < 1,
    "acos": lambda x, y: np.abs(x) < 1,
    "pow": lambda x, y: x > 0,
    "div": lambda x, y: y != 0,
    "fmod": lambda x, y: (y != 0) & (np.abs(x) < 2.0**53 * np.abs(y)),
}
"""Where an operator has a slope, and one that is no convention."""


def arguments(name: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where to ask: of the operator's own places those in its domain."""
    x, y = places(name if name not in ("add", "sub", "mul", "div", "fmod", "copysign") else "hypot", count, rng)
    inside = np.isfinite(x) & np.isfinite(y) & (np.abs(x) >= LEAST) & (np.abs(y) >= LEAST)
    if name in DOMAIN:
        with np.errstate(all="ignore"):
            inside &= DOMAIN[name](x, y)
    x, y = x[inside], y[inside]
    chosen = rng.permutation(len(x))[:count]
    return x[chosen], y[chosen]


def slopes(name: str, mode: str, math: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of an operator and its slope by each argument: rows."""
    two = len(OPS[name].kinds) == 2

    def op(*v: Any) -> Real:
        return Real.of(trace.op(name, *(a.atom for a in v)))

    f = fn(lambda x, y: op(x, y)) if two else fn(lambda x: op(x))

    @fn
    def each(x: Vec[Real, len(x)], y: Vec[Real, len(x)]):  # pyright: ignore[reportInvalidTypeForm]
        def one(i: Any) -> Any:
            v = (x[i], y[i])[: 1 + two]
            if mode == "grad":
                return [f(*v), *grad(f)(*v)] if two else [f(*v), grad(f)(*v)]
            rows = [(1.0, None), (None, 1.0)] if two else [(1.0,)]
            return [f(*v), *(jvp(f)(*v, *row)[1] for row in rows)]

        return vec(len(x), one)

    found = each.compile(x, y, math=math)(x, y)
    return found[:, 0], found[:, 1:].T


def errors(name: str, k: int, x: np.ndarray, y: np.ndarray, value: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The error of slopes by argument k, in ulp, where value and slope are normal numbers."""
    exact = EXACT[name][k]
    assert exact is not None
    two = len(OPS[name].kinds) == 2
    found = np.zeros(len(x))
    with mpmath.workprec(2400 if name in ("sin", "cos", "tan", "fmod") else 220):
        for i, (a, b, v, s) in enumerate(zip(x, y, value, slope, strict=True)):
            if not LEAST <= abs(v) <= 1e300 and v != 0.0:
                continue
            true = exact(mpmath.mpf(a), mpmath.mpf(b)) if two else exact(mpmath.mpf(a))
            size = abs(float(true))
            if size == 0.0 and s == 0.0 or not LEAST <= size <= 1e300:
                continue
            found[i] = float(abs(mpmath.mpf(float(s)) - true) / float(np.spacing(size))) if np.isfinite(s) else np.inf
    return found


def worst(name: str, x: np.ndarray, y: np.ndarray) -> dict[str, tuple[float, tuple[float, float]]]:
    """For each slope the largest error over both modes and compilations, and the arguments at which it is."""
    found: dict[str, tuple[float, tuple[float, float]]] = {}
    for k in range(len(EXACT[name])):
        if EXACT[name][k] is None:
            continue
        label = name if len(EXACT[name]) == 1 else f"{name} by {'first' if k == 0 else 'second'}"
        known: dict[bytes, np.ndarray] = {}
        for mode in ("jvp", "grad"):
            for math in ("strict", "fast"):
                value, rows = slopes(name, mode, math, x, y)
                key = rows[k].tobytes()
                if key not in known:
                    known[key] = errors(name, k, x, y, value, rows[k])
        e = np.max(list(known.values()), axis=0)
        at = int(np.argmax(e))
        found[label] = float(e[at]), (float(x[at]), float(y[at]))
    return found
