"""The numbers that a failing guard reports. Machine code passes them to Python, separately for each thread."""

from __future__ import annotations

import ctypes
import struct
import threading

import numpy as np

from rosesim.ad.program.ir import FloatT, Ty
from rosesim.ad.support.errors import NumericalError, plain
from rosesim.codegen.artifact import MOST_REPORTED, REPORT, Failure
from rosesim.codegen.slots import codes

_reported = threading.local()


def _store(row: int) -> None:
    _reported.row = ctypes.string_at(row, 8 * MOST_REPORTED)


_callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_store)


def symbols() -> dict[str, int]:
    """The address of the function that machine code calls."""
    address = ctypes.cast(_callback, ctypes.c_void_p).value
    assert address is not None
    return {REPORT: address}


def error(failure: Failure) -> NumericalError:
    """The exception for a guard that has reported numbers on this thread."""
    layout = struct.Struct(codes(failure.values, address="Q"))
    numbers = layout.unpack(_reported.row[: layout.size])
    texts = [plain(_of_width(v, t)) for v, t in zip(numbers, failure.values, strict=True)]
    return NumericalError(failure.message.format(*texts), failure.where)


def _of_width(value: float, ty: Ty) -> object:
    """A number in its own precision, so that it is printed with as many digits."""
    return np.float32(value) if isinstance(ty.scalar, FloatT) and ty.scalar.width == 32 else value
