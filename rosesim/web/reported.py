"""Params and inputs as a page reports them: the bytes of its module's memory, leaf by leaf."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.program.ir import BoolT, FloatT, Scalar, storage
from rosesim.scenes.errors import SceneError
from rosesim.scenes.kinds import index_ranges
from rosesim.scenes.tree import leaves, map_leaves


def of_bytes(content: bytes, t: T.Type, like: Any, precision: str = "f64") -> Any:
    """The struct of a page's bytes, of the type `t`, as `like` is one.

    A number lies there as a double, whatever its type; an array as its elements.

    >>> pair = T.StructType(dict, ("a", "b"), (T.REAL, T.REAL))
    >>> of_bytes(np.array([2.0, 3.0]).tobytes(), pair, {"a": 0.0, "b": 0.0})
    {'a': 2.0, 'b': 3.0}
    """
    at, atoms = 0, iter(T.flatten(t))

    def leaf(_: str, old: Any) -> Any:
        nonlocal at
        ty = next(atoms)
        dtype = _stored(ty.scalar, precision) if ty.shape else np.dtype("<f8")
        count = math.prod(ty.shape)
        found = np.frombuffer(content, dtype, count, at).reshape(ty.shape)
        at += count * dtype.itemsize
        if ty.shape:
            return found.astype(storage(ty.scalar))
        value = float(found)
        return value if isinstance(ty.scalar, FloatT) else bool(value) if isinstance(ty.scalar, BoolT) else int(value)

    made = map_leaves(leaf, like)
    if at != len(content):
        raise ValueError(f"{len(content)} bytes were found; expected {at}")
    return made


def _stored(scalar: Scalar, precision: str) -> np.dtype[Any]:
    return np.dtype("<f4") if isinstance(scalar, FloatT) and precision == "f32" else storage(scalar)


def check_like(value: Any, like: Any, what: str) -> None:
    """Raise SceneError where a struct has other leaves than `like`, or an integer beyond its bounds, which a page
    would not notice."""
    if type(value) is not type(like):
        raise SceneError(f"{what}: {type(value).__name__} was given; expected {type(like).__name__}")
    found, expected = ({n: np.shape(v) for n, v in leaves(s).items()} for s in (value, like))
    if found != expected:
        raise SceneError(f"{what}: the shapes {found} were given; expected {expected}")
    for name, (low, high) in index_ranges(value).items():
        numbers = np.asarray(leaves(value)[name])
        if ((numbers < low) | (numbers > high)).any():
            raise SceneError(f"{what}.{name}: {numbers} was given; expected integers from {low} to {high}")


def same(a: Any, b: Any) -> bool:
    """Whether two structs of one kind have the same numbers.

    >>> same({"x": np.array([1.0, np.nan])}, {"x": np.array([1.0, np.nan])})
    True
    """
    return all(
        np.array_equal(x, y, equal_nan=True) for x, y in zip(leaves(a).values(), leaves(b).values(), strict=True)
    )
