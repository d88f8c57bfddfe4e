"""Values in JavaScript, by the types of a module's description."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.errors import SceneError
from rosesim.scenes.kinds import struct_parts

FEW = 16
"""Up to so many numbers are written as lists, in the array's shape. More are a typed array: without a list for each
row, and in a word where all are zero."""


def constant(type: Mapping[str, Any], value: Any, name: str) -> str:
    """A value as an argument of that type. Raises SceneError where it does not fit.

    >>> constant({"fields": {"a": {"at": 0, "scalar": "f64", "shape": [2]}}}, {"a": np.array([0.1, np.inf])}, "x")
    '{ a: [0.1, Infinity] }'
    """
    if "fields" in type or "items" in type:
        fields = type.get("fields") or {str(k): t for k, t in enumerate(type["items"])}
        parts = dict(struct_parts(value) or ())
        if parts.keys() != fields.keys():
            found = ", ".join(parts) or repr(value)
            raise SceneError(f"{name}: {found} was found; expected {', '.join(fields)}")
        texts = {n: constant(t, parts[n], f"{name}.{n}") for n, t in fields.items()}
        if "items" in type:
            return f"[{', '.join(texts.values())}]"
        return f"{{ {', '.join(f'{_key(n)}: {text}' for n, text in texts.items())} }}"
    if "at" not in type:
        return "null"
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or [*array.shape] != type["shape"]:
        expected = f"numbers of the shape {tuple(type['shape'])}" if type["shape"] else "a number"
        raise SceneError(f"{name}: {value!r} was found; expected {expected}")
    if array.size <= FEW:
        return _nested(array, type["scalar"])
    kind = _class(type["scalar"])
    if not array.any() and not np.signbit(array).any():
        return f"new {kind}({array.size})"
    return f"{kind}.from([{', '.join(_number(v, type['scalar'], listed=True) for v in array.ravel().tolist())}])"


def some(type: Mapping[str, Any]) -> str:
    """An argument of that type for an example: halves, ones, true."""
    if "fields" in type:
        return f"{{ {', '.join(f'{_key(n)}: {some(t)}' for n, t in type['fields'].items())} }}"
    if "items" in type:
        return f"[{', '.join(map(some, type['items']))}]"
    if "at" not in type:
        return "null"
    scalar, shape, size = type["scalar"], type["shape"], math.prod(type["shape"])
    number: Any = min(max(1, type["low"]), type["high"]) if "low" in type else True if scalar == "bool" else 0.5
    if size <= FEW:
        return _nested(np.full(shape, number), scalar)
    return f"new {_class(scalar)}({size}).fill({_number(number, scalar, listed=True)})"


def _nested(array: NDArray[Any], scalar: str) -> str:
    if not array.ndim:
        return _number(array.item(), scalar)
    rows = (_nested(r, scalar) if r.ndim else _number(r.item(), scalar, listed=True) for r in array)
    return f"[{', '.join(rows)}]"


def _number(value: float | bool, scalar: str, listed: bool = False) -> str:
    """A number, to the bit. 64-bit integers in an array are JavaScript's own; alone, each is a double."""
    if scalar == "bool":
        return "true" if value else "false"
    if scalar in ("i64", "u64"):
        return f"{int(value)}n" if listed else str(int(value))
    if scalar in ("f64", "f32"):
        value = float(value)
    text = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
    return text.removesuffix(".0")


def _class(scalar: str) -> str:
    return {"i64": "BigInt64Array", "u64": "BigUint64Array"}.get(scalar, "Float64Array")


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else json.dumps(name)
