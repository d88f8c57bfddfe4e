"""What the functions of this room take, checked: vectors and matrices of known size."""

from __future__ import annotations

from typing import Any, NoReturn

from rosesim.ad.language import types as T
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.vector import VecValue, as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


def vector(v: Any, n: int, what: str) -> VecValue:
    """v as a vector of n numbers."""
    x = as_vec(v)
    if x is None or len(x) != n or isinstance(x.type.elem, T.VecType):
        refuse(v, what, f"a vector of {n}")
    return x


def matrix(m: Any, n: int, what: str) -> VecValue:
    """m as a matrix of n rows and columns."""
    x = as_vec(m)
    if x is None or x.type != T.VecType(n, T.VecType(n, T.REAL)):
        refuse(m, what, f"a matrix of {n} rows and columns")
    return x


def refuse(v: Any, what: str, expected: str) -> NoReturn:
    """Raise: v was found where something else was expected."""
    x = as_vec(v)
    found = kind(v) if x is None else str(x.type)
    raise TypeMismatch(f"{found} was found in {what}; expected {expected}", here())
