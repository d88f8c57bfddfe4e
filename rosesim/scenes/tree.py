"""Structs of numbers and arrays (dataclasses, tuples, dicts) as their leaves, and as one flat vector."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.kinds import leaf_kinds
from rosesim.scenes.kinds import struct_parts as _parts

T = TypeVar("T")
OfLeaf = Callable[[str, Any], Any] | Callable[[str, Any, Any], Any]


def leaves(struct: Any, name: str = "") -> dict[str, Any]:
    """The numbers and arrays of a struct by dotted name, in order.

    >>> leaves({"a": 1.0, "b": (2.0, 3.0)})
    {'a': 1.0, 'b.0': 2.0, 'b.1': 3.0}
    """
    parts = _parts(struct)
    if parts is None:
        return {} if struct is None else {name: struct}
    return {
        path: leaf for key, part in parts for path, leaf in leaves(part, f"{name}.{key}" if name else key).items()
    }


def map_leaves(f: OfLeaf, struct: T, *others: T, name: str = "") -> T:
    """The struct with each leaf replaced by f(name, leaf, *the same leaf of the others).

    >>> map_leaves(lambda name, x, y: x + y, (1.0, {"a": 2.0}), (10.0, {"a": 20.0}))
    (11.0, {'a': 22.0})
    """
    if struct is None:
        return struct
    parts = _parts(struct)
    if parts is None:
        return f(name, struct, *others)
    rest = [dict(_parts(o) or ()) for o in others]
    made = {
        key: map_leaves(f, part, *(r[key] for r in rest), name=f"{name}.{key}" if name else key)
        for key, part in parts
    }
    if isinstance(struct, dict):
        return made  # pyright: ignore[reportReturnType] -- a dict of the same keys
    if dataclasses.is_dataclass(struct) and not isinstance(struct, type):
        return dataclasses.replace(struct, **made)
    if isinstance(struct, tuple) and hasattr(struct, "_fields"):
        return type(struct)(*made.values())
    return tuple(made.values())  # pyright: ignore[reportReturnType] -- a tuple of the same length


@dataclass(frozen=True)
class FlatView(Generic[T]):
    """The real numbers of a struct as one vector: for optimisers, SciPy, and files.

    Booleans and fields of type `Index` are not coordinates of that vector: they stay as they are in
    `like`.

    >>> view = FlatView.of({"a": 1.0, "b": np.array([2.0, 3.0]), "on": True})
    >>> view.flatten({"a": 1.0, "b": np.array([2.0, 3.0]), "on": True})
    array([1., 2., 3.])
    >>> view.unflatten(np.array([4.0, 5.0, 6.0]))
    {'a': 4.0, 'b': array([5., 6.]), 'on': True}
    >>> view.slices
    {'a': slice(0, 1, None), 'b': slice(1, 3, None)}
    """

    like: T
    shapes: dict[str, tuple[int, ...]]
    """The shapes of the leaves in the vector, in order."""

    @classmethod
    def of(cls, like: T) -> FlatView[T]:
        """The view of all structs that have the shape of `like`."""
        kinds = leaf_kinds(like)
        return cls(like, {name: np.shape(leaf) for name, leaf in leaves(like).items() if kinds[name] is float})

    @functools.cached_property
    def kept(self) -> dict[str, Any]:
        """The leaves of `like` that are not in the vector: booleans and integers."""
        return {name: leaf for name, leaf in leaves(self.like).items() if name not in self.shapes}

    def keeping(self, kept: Mapping[str, Any]) -> FlatView[T]:
        """The same view with these booleans and integers, by name, beside the vector."""
        return FlatView(map_leaves(lambda name, old: kept.get(name, old), self.like), self.shapes)

    @functools.cached_property
    def slices(self) -> dict[str, slice]:
        """Where each leaf lies in the vector."""
        found: dict[str, slice] = {}
        at = 0
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            found[name] = slice(at, at + size)
            at += size
        return found

    @functools.cached_property
    def size(self) -> int:
        """The length of the vector."""
        return sum(map(math.prod, self.shapes.values()))

    def flatten(self, struct: T) -> NDArray[np.float64]:
        """The vector of a struct's real numbers. A gradient, which has only real numbers, is such a struct too."""
        found = leaves(struct)
        others = {k: np.shape(v) for k, v in found.items() if k not in self.kept}
        if others != self.shapes:
            raise ValueError(f"a struct with {others} was given; expected {self.shapes}")
        return np.concatenate(
            [np.ravel(np.asarray(found[k], dtype=np.float64)) for k in self.shapes] or [np.zeros(0)]
        )

    def unflatten(self, vector: NDArray[np.float64], like: T | None = None) -> T:
        """The struct of a vector: scalars as Python floats, arrays as new arrays.

        Leaves that are not in the vector come from `like`, a struct of the same shape, if it is given.
        """
        if np.shape(vector) != (self.size,):
            raise ValueError(f"a vector of shape {np.shape(vector)} was given; expected {(self.size,)}")
        slices = self.slices

        def leaf(name: str, old: Any) -> Any:
            if name not in slices:
                return old
            part = np.array(vector[slices[name]], dtype=np.float64).reshape(self.shapes[name])
            return part if part.shape else float(part)

        return map_leaves(leaf, self.like if like is None else like)

    def stack(self, rows: NDArray[np.float64], likes: Sequence[T] | None = None) -> T:
        """The struct of n vectors, of shape (n, size): each leaf has n arrays along a new first dimension.

        Leaves that are not in the vectors come from `likes`, one struct for each vector, if they are given.
        """
        n = len(rows)

        def leaf(name: str, old: Any, *others: Any) -> Any:
            if name in self.slices:
                return rows[:, self.slices[name]].reshape((n, *self.shapes[name]))
            return np.stack([np.asarray(a) for a in (others or (old,) * n)])

        return map_leaves(leaf, self.like, *(likes if likes is not None and self.kept else ()))

    def unstack(self, struct: T, n: int) -> NDArray[np.float64]:
        """The n vectors of such a struct, of shape (n, size)."""
        found = leaves(struct)
        parts = [np.reshape(np.asarray(found[k], dtype=np.float64), (n, -1)) for k in self.shapes]
        return np.concatenate([*parts, np.zeros((n, 0))], axis=1)
