"""Python values that a trace takes as constants: defaults that a call leaves out, what a partial holds."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from rosesim.ad import types as T
from rosesim.ad.errors import RosesimError
from rosesim.ad.narrow import class_of, is_array, is_dict, is_list, is_tuple
from rosesim.ad.vector import lower, typeof, unflatten


def constant(v: Any, t: T.Type | None) -> Any:
    """v as a function under trace sees it, where it is no argument of the program.

    Of an annotated type it is a traced constant. Without one, numbers and whatever is no value of the language
    stay what Python has (so that they can decide a `range` or an `if`); arrays and lists are vectors, as they
    would be if they were given: `k + k` must not add in one case and concatenate in the other. What needs no
    change is v itself.
    """
    if t is not None:
        return unflatten(t, lower(v, t))
    if is_array(v) or is_list(v):
        try:
            t = typeof(v)
        except RosesimError:
            return v  # of strings, of functions, empty: Python's
        return unflatten(t, lower(v, t)) if isinstance(t, T.VecType) else v
    if T.is_struct_class(class_of(v)):
        names = getattr(v, "_fields", None) or [f.name for f in dataclasses.fields(v)]
        was = [getattr(v, n) for n in names]
        now = [constant(x, None) for x in was]
        return v if _all_same(now, was) else _replaced(v, dict(zip(names, now, strict=True)))
    if is_tuple(v) and type(v) is tuple:
        now = [constant(x, None) for x in v]
        return v if _all_same(now, v) else tuple(now)
    if is_dict(v) and type(v) is dict:
        new = {k: constant(x, None) for k, x in v.items()}
        return v if _all_same(list(new.values()), list(v.values())) else new
    return v


def _all_same(now: Any, was: Any) -> bool:
    return all(a is b for a, b in zip(now, was, strict=True))


def _replaced(v: Any, fields: dict[str, Any]) -> Any:
    """A copy with other fields, whatever its class computes when it is made."""
    if is_tuple(v):
        return class_of(v)(**fields)
    made = copy.copy(v)
    for name, x in fields.items():
        object.__setattr__(made, name, x)
    return made
