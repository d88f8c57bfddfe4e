"""What the tests share: running a function by the interpreter, and gradient checks from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim import fn, jvp, vjp
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import build, flat_args
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import Fn
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Ty, storage
from rosesim.ad.transforms.derivatives import gradient_type


def interpreted(f: Callable[..., Any], *args: Any, types: Any = None) -> Any:
    """f(*args) by the interpreter, after the checker has accepted the program."""
    g = f if isinstance(f, Fn) else fn(f)
    g.signature()
    traced = g.traced(types or g.types_of(args))
    check(traced.func)
    flat = [a for v, t in zip(args, traced.params, strict=True) for a in flat_args(v, t, "argument")]
    ready = [as_flat(a, p.ty) for a, p in zip(flat, traced.func.params, strict=True)]
    return build(traced.result, list(interp.run(traced.func, ready)))


def compiled(f: Callable[..., Any], *args: Any, types: Any = None) -> Any:
    """f(*args) by machine code."""
    g = f if isinstance(f, Fn) else fn(f)
    g.signature()
    return Program(g, types or g.types_of(args))(*args)


def as_flat(a: Any, ty: Ty) -> Any:
    """An argument as the interpreter takes it."""
    if ty.shape:
        return np.asarray(a, dtype=storage(ty.scalar))
    return storage(ty.scalar).type(a)


def numbers(t: T.Type, value: Any) -> np.ndarray:
    """All the reals of a value of a gradient type, in a row."""
    if t == T.NULL:
        return np.zeros(0)
    if isinstance(t, T.StructType):
        parts = [numbers(p, v) for p, v in zip(t.types, t.parts(value), strict=True)]
        return np.concatenate([np.zeros(0), *parts])
    if isinstance(t, T.VecType) and not isinstance(value, np.ndarray | list):
        assert isinstance(t.elem, T.StructType)
        columns = zip(t.elem.types, t.elem.parts(value), strict=True)
        rows = [numbers(p if p == T.NULL else T.VecType(t.n, p), v) for p, v in columns]
        return np.concatenate([np.zeros(0), *rows])
    return np.asarray(value, dtype=float).ravel()


def filled(t: T.Type, row: np.ndarray) -> Any:
    """The reverse of `numbers`: takes from the front of a row and gives (value, rest)."""
    if t == T.NULL:
        return None, row
    if isinstance(t, T.StructType):
        parts = []
        for p in t.types:
            v, row = filled(p, row)
            parts.append(v)
        return t.build(parts), row
    shape: list[int] = []
    elem = t
    while isinstance(elem, T.VecType):
        shape.append(elem.n)
        elem = elem.elem
    if isinstance(elem, T.StructType):
        parts = []
        for p in elem.types:
            full: T.Type = p
            for n in reversed(shape) if p != T.NULL else ():
                full = T.VecType(n, full)
            v, row = filled(full, row)
            parts.append(v)
        return elem.build(parts), row
    size = int(np.prod(shape, dtype=int))
    head, rest = row[:size], row[size:]
    return (head.reshape(shape) if shape else float(head[0])), rest


def moved(t: T.Type, value: Any, step: np.ndarray) -> Any:
    """A value with its reals moved by a row of steps (its Index and Bool parts as they are)."""
    if isinstance(t, T.StructType):
        parts = []
        for p, v in zip(t.types, t.parts(value), strict=True):
            size = len(numbers(gradient_type(p), _reals(p, v)))
            parts.append(moved(p, v, step[:size]))
            step = step[size:]
        return t.build(parts)
    if isinstance(t, T.VecType) and isinstance(t.elem, T.StructType):
        columns = tuple(T.VecType(t.n, p) for p in t.elem.types)
        return moved(T.StructType(t.elem.kind, t.elem.names, columns), value, step)
    if gradient_type(t) == T.NULL:
        return value
    return filled(t, numbers(t, value) + step)[0]


def _reals(t: T.Type, value: Any) -> Any:
    if isinstance(t, T.StructType):
        return t.build([_reals(p, v) for p, v in zip(t.types, t.parts(value), strict=True)])
    if isinstance(t, T.VecType) and isinstance(t.elem, T.StructType) and not isinstance(value, list):
        columns = tuple(T.VecType(t.n, p) for p in t.elem.types)
        return _reals(T.StructType(t.elem.kind, t.elem.names, columns), value)
    return None if gradient_type(t) == T.NULL else value


def check_gradients(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    seed: int = 0,
    tolerance: float = 1e-10,
    differences: float | None = 2e-6,
    run: Callable[..., Any] = interpreted,
) -> None:
    """Reverse against forward (the dot-product test), forward against Richardson-extrapolated differences.

    The extrapolated central difference has an error of about h^4 = 1e-14 and rounding of about 1e-16/h = 3e-13
    for functions of size 1: 2e-6 leaves room for large higher derivatives.
    """
    g = f if isinstance(f, Fn) else fn(f)
    g.signature()
    types = g.types_of(args)
    rng = np.random.default_rng(seed)
    grads = [gradient_type(t) for t in types]
    sizes = [len(numbers(gt, _reals(t, a))) for gt, t, a in zip(grads, types, args, strict=True)]
    steps = [rng.normal(size=n) for n in sizes]
    tangents = [filled(gt, s)[0] if n else None for gt, s, n in zip(grads, steps, sizes, strict=True)]
    out = gradient_type(g.traced(types).result)
    _, tangent = run(jvp(g), *args, *tangents)
    forward = numbers(out, tangent)
    cotangent = rng.normal(size=forward.shape)

    @fn
    def reverse(*values: Any) -> Any:
        _, pullback = vjp(g)(*values[:-1])
        return pullback(values[-1])

    back = run(reverse, *args, filled(out, cotangent)[0], types=(*types, out))
    backs = [back] if len(args) == 1 else list(back)
    right = sum(float(numbers(gt, b) @ s) for gt, b, s in zip(grads, backs, steps, strict=True))
    left = float(forward @ cotangent)
    scale = max(abs(left), abs(right), float(np.abs(forward * cotangent).max(initial=0.0)), 1e-3)
    assert abs(left - right) <= tolerance * scale, (left, right)
    if differences is not None:
        result = g.traced(types).result

        def value(h: float) -> np.ndarray:
            places = [moved(t, a, h * s) for t, a, s in zip(types, args, steps, strict=True)]
            return numbers(out, _reals(result, run(g, *places)))

        def central(h: float) -> np.ndarray:
            return (value(h) - value(-h)) / (2 * h)

        h = 3e-4
        estimate = (4 * central(h) - central(2 * h)) / 3
        np.testing.assert_allclose(forward, estimate, rtol=differences, atol=differences)
