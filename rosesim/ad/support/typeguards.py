"""`isinstance` for values of the user's, with elements of any type.

After `isinstance(v, list)` a strict type checker takes the elements for unknown and complains about each use. After
`is_list(v)` they are of type Any.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np


def class_of(v: object) -> type[Any]:
    """Its class."""
    return type(v)


def is_array(v: object) -> TypeGuard[np.ndarray[Any, Any]]:
    """Whether it is a NumPy array."""
    return isinstance(v, np.ndarray)


def is_list(v: object) -> TypeGuard[list[Any]]:
    """Whether it is a list."""
    return isinstance(v, list)


def is_tuple(v: object) -> TypeGuard[tuple[Any, ...]]:
    """Whether it is a tuple, a named one too."""
    return isinstance(v, tuple)


def is_slice(v: object) -> TypeGuard[slice[Any, Any, Any]]:
    """Whether it is a slice."""
    return isinstance(v, slice)


def is_dict(v: object) -> TypeGuard[dict[Any, Any]]:
    """Whether it is a dict."""
    return isinstance(v, dict)


def is_boolean(v: object) -> TypeGuard[bool | np.bool_[Any]]:
    """Whether it is a Python or NumPy boolean."""
    return isinstance(v, bool | np.bool_)


def is_integer(v: object) -> TypeGuard[int | np.integer[Any]]:
    """Whether it is a Python or NumPy integer; a boolean is not one."""
    return isinstance(v, int | np.integer) and not isinstance(v, bool)


def holds_boolean(v: object) -> bool:
    """Whether nested sequences hold a boolean, which NumPy would turn into a number where numbers stand beside it."""
    if is_list(v) or is_tuple(v):
        return any(map(holds_boolean, v))
    return is_boolean(v) or (is_array(v) and v.dtype == np.bool_)
