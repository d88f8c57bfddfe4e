"""The optimisers' rules in the language, for a page: what `rosesim.optimise` computes with NumPy, to the bit.

`tests/web/test_rules.py` holds the two together, in strict mode. A rule works on the real numbers of params one array
after the other; only the norm is over all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.mathematics import maximum, minimum, sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import FloatT
from rosesim.optimise.optimizers import Adam, Bounded, GradientDescent, Momentum, Normalized, Optimizer, Rule
from rosesim.scenes.errors import SceneError

MOST_ITERATIONS = 2**31 - 1
"""The largest number of an iteration, and so the powers that Adam's corrections can be."""

Arrays = list[Any]
"""The real numbers of params or of something like them: a number or an array for each leaf."""


def optimiser(made: Optimizer, params: T.Type, inputs: T.Type, gradient: T.Type, iterations: int) -> tuple[Any, ...]:
    """The optimiser's step as a function of (params, gradient, memory, iteration, inputs), with the types of these.

    It gives the next (params, memory). Memory begins as zeros. The rate is the inputs' `learning_rate` times the
    schedule's factor, which stays as it is after `iterations`. Iterations count from where memory was empty.
    """
    of, slope = params, gradient  # the step's own names say which places of a module it shares
    names = _memory_of(made.rule)
    memory = T.StructType(dict, names, (gradient,) * len(names)) if names else T.NULL
    factors = np.array([made.schedule.factor(i) for i in range(iterations + 1)])
    constant = bool((factors == 1.0).all())

    def step(params: Any, gradient: Any, memory: Any, iteration: Any, inputs: Any) -> Any:
        atoms, slopes = to_atoms(params, of), _arrays(gradient, slope)
        real = [k for k, ty in enumerate(T.flatten(of)) if isinstance(ty.scalar, FloatT)]
        points = [of_atoms(T.of_flat(T.flatten(of)[k]), [atoms[k]]) for k in real]
        rate = inputs.learning_rate
        if not constant:
            rate = rate * const(factors)[Index[len(factors)].clamp(iteration)]
        if made.clip is not None:
            slopes = _clipped(slopes, made.clip)
        before = {name: _arrays(memory[name], slope) for name in names}
        after, rest = _step(made.rule, rate, iteration, points, slopes, before)
        if made.bounds is not None:
            after = _bounded(after, *made.bounds)
        for k, v in zip(real, after, strict=True):
            atoms[k] = to_atoms(v, T.of_flat(T.flatten(of)[k]))[0]
        return of_atoms(of, atoms), {name: _struct(rest[name], slope) for name in names} or None

    types = params, gradient, memory, T.index(MOST_ITERATIONS + 1), inputs
    f: Fn[..., Any] = fn(step)
    return f, *types


def _memory_of(rule: Rule) -> tuple[str, ...]:
    match rule:
        case GradientDescent() | Normalized() | Bounded():
            return ()
        case Momentum():
            return ("velocity",)
        case Adam():
            return ("first", "second")
        case _:
            raise SceneError(
                f"{type(rule).__name__} is known to NumPy alone; a page expects gd, normalized, bounded, momentum, "
                "adam or adamw"
            )


def _step(
    rule: Rule, rate: Any, i: Any, x: Arrays, g: Arrays, memory: dict[str, Arrays]
) -> tuple[Arrays, dict[str, Arrays]]:
    """The rules of `rosesim.optimise.optimizers`, operation by operation."""
    match rule:
        case GradientDescent():
            return [a - rate * b for a, b in zip(x, g, strict=True)], {}
        case Normalized():
            scale = rate / (_norm(g) + rule.softening)
            return [a - scale * b for a, b in zip(x, g, strict=True)], {}
        case Bounded():
            scale = minimum(1.0, rate / (_norm(g) + rule.softening))
            return [a - scale * b for a, b in zip(x, g, strict=True)], {}
        case Momentum():
            velocity = [rule.decay * v + b for v, b in zip(memory["velocity"], g, strict=True)]
            return [a - rate * v for a, v in zip(x, velocity, strict=True)], {"velocity": velocity}
        case Adam():
            first = [rule.beta1 * m + (1.0 - rule.beta1) * b for m, b in zip(memory["first"], g, strict=True)]
            second = [rule.beta2 * m + (1.0 - rule.beta2) * (b * b) for m, b in zip(memory["second"], g, strict=True)]
            one, two = (1.0 - _power(beta, i + 1) for beta in (rule.beta1, rule.beta2))

            def moved(a: Any, m: Any, s: Any) -> Any:
                return a - rate * (m / one / (sqrt(s / two) + rule.epsilon) + rule.weight_decay * a)

            return [moved(*parts) for parts in zip(x, first, second, strict=True)], {"first": first, "second": second}
        case _:
            raise AssertionError(rule)


def _arrays(struct: Any, t: T.Type) -> Arrays:
    """The arrays that a struct consists of."""
    return [of_atoms(T.of_flat(ty), [a]) for ty, a in zip(T.flatten(t), to_atoms(struct, t), strict=True)]


def _struct(arrays: Arrays, t: T.Type) -> Any:
    atoms = [to_atoms(v, T.of_flat(ty))[0] for v, ty in zip(arrays, T.flatten(t), strict=True)]
    return of_atoms(t, atoms)


def _folded(f: Callable[[Any, Any], Any], start: Any, arrays: Arrays) -> Any:
    """f over all numbers, one after the other."""
    for v in arrays:
        start = _folded_one(f, start, v)
    return start


def _folded_one(f: Callable[[Any, Any], Any], start: Any, v: Any) -> Any:
    if isinstance(v, Real):
        return f(start, v)
    return scan(lambda s, i: _folded_one(f, s, v[i]), start, len(v))


def _norm(arrays: Arrays) -> Any:
    plain = sqrt(_folded(lambda s, a: s + a * a, Real(0.0), arrays))

    def scaled() -> Any:
        largest = _folded(lambda s, a: maximum(s, abs(a)), Real(0.0), arrays)

        def by_largest() -> Any:
            return largest * sqrt(_folded(lambda s, a: s + (a / largest) * (a / largest), Real(0.0), arrays))

        usual = (largest > 0.0) & (largest < float("inf"))
        return cond(usual, by_largest, lambda: largest)

    return cond((plain > 1e-150) & (plain < 1e150), lambda: plain, scaled)


def _clipped(g: Arrays, longest: float) -> Arrays:
    length = _norm(g)
    scale = longest / length
    return [select(length <= longest, b, b * scale) for b in g]


def _bounded(x: Arrays, least: Any, greatest: Any) -> Arrays:
    made: Arrays = []
    at = 0
    for v in x:
        shape = _shape(v)
        size = int(np.prod(shape, dtype=int))
        low, high = (b[at : at + size].reshape(shape) for b in (least, greatest))
        at += size
        if not (np.isfinite(low).any() or np.isfinite(high).any()):
            made.append(v)
            continue
        least_here, greatest_here = (const(b) if shape else float(b) for b in (low, high))
        made.append(minimum(maximum(v, least_here), greatest_here))
    return made


def _shape(v: Any) -> tuple[int, ...]:
    return () if isinstance(v, Real) else (len(v), *_shape(v[0]))


def _power(base: float, n: Any) -> Any:
    """As `rosesim.optimise.optimizers.power`, for up to MOST_ITERATIONS."""
    result: Any = Real(1.0)
    for bit in range(31):
        result = select(((n >> bit) & 1) == 1, result * base, result)
        base *= base
    return result
