"""Calls from machine code to Python: the functions that a user marked `@opaque`."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.ad.program.ir import BoolT, Func, IntT, Opaque, Ty, storage
from rosesim.ad.support.errors import ProgramError
from rosesim.ad.support.typeguards import is_array
from rosesim.codegen.slots import codes

_Callback = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)

raised = threading.local()
"""`raised.error` is what a user's function raised, until the compiled call on this thread ends."""


def callback(func: Func) -> Any:
    """The C function by which machine code calls an opaque function. It takes two rows of slots.

    It returns 1 on success. The caller must keep it as long as the machine code.
    """
    body = func.body
    assert isinstance(body, Opaque)
    params = [p.ty for p in func.params]
    arrays = [t for t in body.results if t.shape]
    given = struct.Struct(codes([*params, *arrays], address="Q"))
    back = struct.Struct(codes([t for t in body.results if not t.shape], address="Q"))

    def run(row: int, out: int) -> int:
        try:
            slots = given.unpack(ctypes.string_at(row, given.size))
            args = [_argument(s, t) for s, t in zip(slots, params, strict=False)]
            results = tuple(body.call(*args))
            if len(results) != len(body.results):
                raise ProgramError(
                    f"{func.name} returned {len(results)} values, expected {len(body.results)}", func.where
                )
            checked = [_checked(func, r, t) for r, t in zip(results, body.results, strict=True)]
            for address, r in zip(slots[len(params) :], (r for r in checked if is_array(r)), strict=True):
                ctypes.memmove(address, r.ctypes.data, r.nbytes)
            scalars = back.pack(*(r for r in checked if not isinstance(r, np.ndarray)))
            ctypes.memmove(out, scalars, len(scalars))
            return 1
        except BaseException as error:
            raised.error = error
            return 0

    return _Callback(run)


def entries(funcs: Sequence[Func]) -> tuple[list[Any], list[int]]:
    """The C functions by which machine code calls opaque functions: callbacks, to be kept, and all addresses."""
    callbacks: list[Any] = []
    addresses: list[int] = []
    for f in funcs:
        assert isinstance(f.body, Opaque)
        if f.body.machine:
            addresses.append(f.body.machine)
            continue
        callbacks.append(callback(f))
        at = ctypes.cast(callbacks[-1], ctypes.c_void_p).value
        assert at is not None
        addresses.append(at)
    return callbacks, addresses


def take() -> BaseException:
    """The exception that ended the program. It is given once, then forgotten."""
    error = getattr(raised, "error", None)
    raised.error = None
    # If there is none, the exception came before `run` could keep it. Only a signal handler does that.
    return KeyboardInterrupt() if error is None else error


def _argument(slot: Any, ty: Ty) -> Any:
    """A number, or an array that belongs to the callee."""
    if not ty.shape:
        return slot
    dtype = storage(ty.scalar)
    return np.frombuffer(ctypes.string_at(slot, ty.size * dtype.itemsize), dtype).reshape(ty.shape).copy()


def _checked(func: Func, value: Any, ty: Ty) -> Any:
    """A result in the form in which it is written. Raises if it is not of the declared type."""
    found = np.asarray(value)
    if found.shape != ty.shape:
        raise ProgramError(f"{func.name} returned an array of shape {found.shape}, expected {ty.shape}", func.where)
    if not _fits(found, ty):
        raise ProgramError(f"{func.name} returned {value!r}, expected {_expected(ty)}", func.where)
    if ty.shape:
        return np.ascontiguousarray(found, storage(ty.scalar))
    return found.item()


def _fits(found: np.ndarray[Any, Any], ty: Ty) -> bool:
    match ty.scalar:
        case IntT(lo, hi):
            if found.size == 0:
                return True
            return found.dtype.kind in "iu" and lo <= int(found.min()) and int(found.max()) <= hi
        case BoolT():
            return found.dtype.kind == "b"
        case _:
            return found.dtype.kind != "b" and np.can_cast(found.dtype, np.float64, "safe")


def _expected(ty: Ty) -> str:
    match ty.scalar:
        case IntT(lo, hi):
            return f"integers from {lo} to {hi}"
        case BoolT():
            return "booleans (bool)"
        case _:
            return "real numbers"
