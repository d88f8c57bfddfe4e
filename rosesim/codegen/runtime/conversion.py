"""Arguments of a compiled call: NumPy arrays are read in place, converted, or refused with a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from rosesim.ad.program.ir import REAL, BoolT, FloatT, IntT, Ty, storage
from rosesim.ad.support.errors import ArgumentError
from rosesim.ad.support.typeguards import holds_boolean, is_array

Converter = Callable[[Any], Any]


def expected(ty: Ty) -> str:
    """A type as an error message names it."""
    match ty.scalar:
        case IntT(lo, hi):
            what = f"integers from {lo} to {hi}" if ty.shape else f"an integer from {lo} to {hi}"
        case BoolT():
            what = "booleans (dtype bool)" if ty.shape else "True or False"
        case _:
            what = f"real numbers (dtype {storage(ty.scalar)})" if ty.shape else "a real number"
    return f"an array of shape {ty.shape} of {what}" if ty.shape else what


def found(value: Any) -> str:
    """A value as an error message names it."""
    if is_array(value) and value.ndim:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


_BOOLEAN = "; a boolean is no number: float(p) converts it, a.astype(float) an array"
_INFINITE = ", which single precision would make infinite"
_TOO_MUCH_FOR_SINGLE = (2.0 - 2.0**-24) * 2.0**127
"""From here on single precision rounds to infinity (half a last place above its greatest number)."""


def is_batch(shape: tuple[int, ...], of: tuple[int, ...]) -> bool:
    """Whether an array of this shape holds several of that shape, along its first axis."""
    return len(shape) == len(of) + 1 and shape[1:] == of


def _refuse(name: str, value: Any, ty: Ty, why: str = "", remedy: str = "") -> ArgumentError:
    if not remedy and is_array(value) and is_batch(value.shape, ty.shape):
        remedy = "; vmap(f) takes a batch of them"
    return ArgumentError(f"argument {name}: found {found(value)}{why}, expected {expected(ty)}{remedy}")


def scalar(name: str, ty: Ty) -> Converter:
    """A function that converts an argument to a Python number of a scalar type, or refuses it."""
    match ty.scalar:
        case BoolT():
            kinds = "b"
        case IntT():
            kinds = "iu"
        case _:
            kinds = "iuf"

    def convert(value: Any) -> Any:
        if double and type(value) is float:
            return value
        try:
            a = np.asarray(value)
        except ValueError:
            raise _refuse(name, value, ty) from None
        if a.ndim or a.dtype.kind not in kinds:
            if isinstance(value, int) and not isinstance(value, bool) and kinds == "iuf":
                return fit(_huge(name, value, ty), value)  # NumPy makes an object of an integer beyond 64 bits
            raise _refuse(name, value, ty, remedy=_BOOLEAN if kinds == "iuf" and a.dtype.kind == "b" else "")
        plain = a.item()
        if isinstance(ty.scalar, IntT):
            if not ty.scalar.lo <= plain <= ty.scalar.hi:
                raise _refuse(name, value, ty)
            return plain
        return plain if kinds == "b" else fit(float(plain), value)

    def fit(x: float, value: Any) -> float:
        if single and abs(x) >= _TOO_MUCH_FOR_SINGLE and np.isfinite(x):
            raise _refuse(name, value, ty, _INFINITE)
        return x

    real = isinstance(ty.scalar, FloatT)
    single = real and storage(ty.scalar) == np.float32
    double = real and not single
    return convert


def _huge(name: str, value: int, ty: Ty) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _refuse(name, value, ty, " (too large)") from None


def array(name: str, ty: Ty) -> Converter:
    """A function that converts an argument to an array that machine code can read, or refuses it.

    An array with the right layout is used as it is, unless it holds integers. Those are checked in a copy, because
    another thread may change the caller's array while the program runs, and an index out of bounds must never
    reach memory.
    """
    dtype, shape, s = storage(ty.scalar), ty.shape, ty.scalar

    def convert(value: Any) -> np.ndarray[Any, Any]:
        if (
            type(value) is np.ndarray
            and value.dtype == dtype
            and value.shape == shape
            and value.flags.c_contiguous
            and value.flags.aligned
            and value.dtype.isnative
            and not isinstance(s, IntT)
        ):
            return value
        try:
            a = np.asarray(value)
        except (ValueError, TypeError):
            raise _refuse(name, value, ty, " (not an array)") from None
        if a.shape != shape:
            if shape[0] or not (isinstance(value, list | tuple) and a.shape == (0,)):
                raise _refuse(name, a, ty)
            a = np.zeros(shape, dtype)  # an empty list does not say what its elements are
        if not isinstance(s, BoolT) and (a.dtype == bool or holds_boolean(cast("object", value))) and a.size:
            raise _refuse(name, a, ty, "" if a.dtype == bool else " with a boolean in it", _BOOLEAN)
        if isinstance(s, IntT):
            return _indices(a, s)
        # Single precision accepts doubles too.
        widest = storage(REAL.scalar) if isinstance(s, FloatT) else dtype
        if not np.can_cast(a.dtype, widest, "safe") or (isinstance(s, BoolT) and a.dtype.kind != "b"):
            if a.size or isinstance(value, np.ndarray):
                raise _refuse(name, a, ty)
        if dtype == np.float32 and a.dtype != dtype and a.size:
            # The fewest passes over the array. Both comparisons skip NaN, and infinities are accepted.
            least, most = np.nanmin(a, initial=0.0), np.nanmax(a, initial=0.0)
            if max(-least, most) >= _TOO_MUCH_FOR_SINGLE and _grows(a):
                raise _refuse(name, a, ty, " with a number" + _INFINITE)
        return np.require(a, dtype, ["C", "A"])

    def _grows(a: np.ndarray[Any, Any]) -> bool:
        return bool((np.isfinite(a) & (np.abs(a) >= _TOO_MUCH_FOR_SINGLE)).any())

    def _indices(a: np.ndarray[Any, Any], s: IntT) -> np.ndarray[Any, Any]:
        own = np.array(a, order="C")
        if own.size:
            if own.dtype.kind not in "iu":
                raise _refuse(name, own, ty)
            low, high = int(own.min()), int(own.max())
            if low < s.lo or high > s.hi:
                raise _refuse(name, own, ty, f" with values from {low} to {high}")
        return own.astype(dtype)

    return convert
