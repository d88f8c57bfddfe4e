"""Structs of numbers and arrays (dataclasses, tuples, dicts) as their leaves, and as one flat vector."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

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
    """The struct with f(name, leaf, *the others' leaves) in the place of each leaf.

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


def _parts(struct: Any) -> list[tuple[str, Any]] | None:
    if dataclasses.is_dataclass(struct) and not isinstance(struct, type):
        return [(f.name, getattr(struct, f.name)) for f in dataclasses.fields(struct)]
    if isinstance(struct, dict):
        return [(str(k), v) for k, v in struct.items()]
    if isinstance(struct, tuple):
        names = getattr(struct, "_fields", None) or map(str, range(len(struct)))
        return list(zip(names, struct, strict=True))
    return None


@dataclass(frozen=True)
class FlatView(Generic[T]):
    """A struct of reals seen as one vector: for optimisers, SciPy, and files.

    >>> view = FlatView.of({"a": 1.0, "b": np.array([2.0, 3.0])})
    >>> view.flatten({"a": 1.0, "b": np.array([2.0, 3.0])})
    array([1., 2., 3.])
    >>> view.unflatten(np.array([4.0, 5.0, 6.0]))
    {'a': 4.0, 'b': array([5., 6.])}
    >>> view.slices
    {'a': slice(0, 1, None), 'b': slice(1, 3, None)}
    """

    like: T
    shapes: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, like: T) -> FlatView[T]:
        """The view of all structs of the shape of `like`."""
        return cls(like, {name: np.shape(leaf) for name, leaf in leaves(like).items()})

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
        """The vector of a struct's numbers."""
        found = leaves(struct)
        if {k: np.shape(v) for k, v in found.items()} != self.shapes:
            raise ValueError(f"a struct with {_shown(found)} was given; expected {self.shapes}")
        return np.concatenate([np.ravel(np.asarray(v, dtype=np.float64)) for v in found.values()] or [np.zeros(0)])

    def unflatten(self, vector: NDArray[np.float64]) -> T:
        """The struct of a vector: scalars as Python floats, arrays as fresh arrays."""
        if np.shape(vector) != (self.size,):
            raise ValueError(f"a vector of shape {np.shape(vector)} was given; expected {(self.size,)}")
        slices = self.slices

        def leaf(name: str, _: Any) -> Any:
            part = np.array(vector[slices[name]], dtype=np.float64).reshape(self.shapes[name])
            return part if part.shape else float(part)

        return map_leaves(leaf, self.like)

    def stack(self, rows: NDArray[np.float64]) -> T:
        """The struct of n vectors, of shape (n, size): n of each leaf's arrays, along a new first dimension."""
        return map_leaves(
            lambda name, _: rows[:, self.slices[name]].reshape((len(rows), *self.shapes[name])), self.like
        )

    def unstack(self, struct: T, n: int) -> NDArray[np.float64]:
        """The n vectors of such a struct, of shape (n, size)."""
        parts = [np.reshape(np.asarray(a, dtype=np.float64), (n, -1)) for a in leaves(struct).values()]
        return np.concatenate([*parts, np.zeros((n, 0))], axis=1)


def _shown(found: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {k: np.shape(v) for k, v in found.items()}
