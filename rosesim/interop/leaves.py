"""Arguments that hold another framework's arrays: which type each has for us, and their leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import flat_args
from rosesim.ad.language.function import Fn
from rosesim.ad.support.errors import ArgumentError
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import class_of, is_dict, is_list, is_tuple
from rosesim.codegen.runtime.conversion import is_batch
from rosesim.interop.flat import Flat, taken_apart


class TakenApart:
    """f as functions of leaves, one for each combination of types: made once, and remembered."""

    def __init__(self, f: Fn[..., Any], stand_in: Callable[[Any], Any], vmap: str):
        self.f = f
        self._vmap = vmap
        self._stand_in = stand_in
        self._made: dict[Any, Flat] = {}

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Flat, list[Any], T.Type]:
        """The function of leaves for a call like this one, the leaves of its arguments as they were given, and the
        type of its result.

        Raises what a call of f raises for arguments that do not fit.
        """
        signature = self.f.signature()
        row, keywords = signature.bind(args, kwargs)
        types = signature.types_of([mapped(self._stand_in, v) for v in row], keywords)
        flat = self._made.get(types)
        if flat is None:
            flat = self._made[types] = taken_apart(self.f, types)
        names = signature.names(len(row), keywords)
        each = zip(row, types, names, strict=True)
        leaves = [leaf for v, t, n in each for leaf in flat_args(v, t, f"argument {n}")]
        for k, (leaf, ty) in enumerate(zip(leaves, flat.params, strict=True)):
            # Here, where the user's line is known: the program runs within the framework's own code.
            if (shape := tuple(getattr(leaf, "shape", ty.shape))) != ty.shape:
                which = [leaf for t, n in zip(types, names, strict=True) for leaf in T.leaf_names(t, n)][k]
                batch = f"; {self._vmap}(f) takes a batch of them" if is_batch(shape, ty.shape) else ""
                raise ArgumentError(
                    f"{self.f.name}, argument {which}: an array of shape {shape} was found; expected one of shape "
                    f"{ty.shape}{batch}",
                    here(),
                )
        return flat, leaves, self.f.traced(types).result


def mapped(f: Callable[[Any], Any], v: Any) -> Any:
    """A structure of Python with f of each thing in it that is no structure."""
    if is_list(v):
        return [mapped(f, x) for x in v]
    if is_dict(v):
        return {k: mapped(f, x) for k, x in v.items()}
    cls = class_of(v)
    if T.is_struct_class(cls) and not isinstance(v, type):
        names = [d.name for d in dataclasses.fields(v)] if dataclasses.is_dataclass(v) else list(v._fields)
        return T.StructType(cls, tuple(names), ()).build([mapped(f, getattr(v, n)) for n in names])
    if is_tuple(v):
        return tuple(mapped(f, x) for x in v)
    return f(v)


def array_like(shape: Sequence[int], kind: str) -> Any:
    """What has the type of an array of this shape and NumPy's kind of dtype (`f`, `i`, `u` or `b`), and no numbers of
    its own: enough to find which program is meant."""
    number = {"f": np.float64(0.0), "b": np.bool_(False)}.get(kind, np.int64(0))
    return np.broadcast_to(number, tuple(shape)) if shape else number.item()


__all__ = ["TakenApart", "array_like", "mapped"]
