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


def fitted(value: Any, like: Any, what: str) -> Any:
    """A user's struct of the kind of `like`, with lists and tuples of numbers as arrays.

    Raises SceneError where a leaf has another shape, or an integer is beyond its bounds, which a page would not
    notice.

    >>> fitted({"x": (1.0, 2.0)}, {"x": np.zeros(2)}, "inputs")
    {'x': array([1., 2.])}
    """

    def leaf(name: str, old: Any, new: Any) -> Any:
        array = np.asarray(new)
        if array.shape != np.shape(old) or array.dtype.kind not in "fiub":
            expected = f"numbers of the shape {np.shape(old)}" if np.shape(old) else "a number"
            raise SceneError(f"{what}.{name}: {new!r} was given; expected {expected}")
        return array if isinstance(new, tuple | list) else new

    if type(value) is not type(like):
        raise SceneError(f"{what}: {type(value).__name__} was given; expected {type(like).__name__}")
    try:
        made = map_leaves(leaf, like, value)
    except KeyError as e:
        raise SceneError(f"{what} without {e.args[0]} were given; expected {', '.join(leaves(like))}") from None
    for name, (low, high) in index_ranges(made).items():
        numbers = np.asarray(leaves(made)[name])
        if ((numbers < low) | (numbers > high)).any():
            raise SceneError(f"{what}.{name}: {numbers} was given; expected integers from {low} to {high}")
    kept = all(a is b for a, b in zip(leaves(made).values(), leaves(value).values(), strict=False))
    return value if kept else made


def same(a: Any, b: Any) -> bool:
    """Whether two structs of one kind have the same numbers.

    >>> same({"x": np.array([1.0, np.nan])}, {"x": np.array([1.0, np.nan])})
    True
    """
    return all(
        np.array_equal(x, y, equal_nan=True) for x, y in zip(leaves(a).values(), leaves(b).values(), strict=True)
    )
