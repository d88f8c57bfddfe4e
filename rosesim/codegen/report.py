"""The numbers that a failing guard tells: machine code leaves them with Python, thread by thread."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Sequence

import numpy as np

from rosesim.ad.errors import NumericalError, plain
from rosesim.ad.ir import FloatT, Ty
from rosesim.codegen import calls
from rosesim.codegen.code import Code
from rosesim.codegen.program import Failure
from rosesim.codegen.slots import codes

MOST = 8
"""Numbers that a guard may tell."""

NAME = "rosesim_report"
DECLARED = f"declare void @{NAME}(ptr) cold nounwind"

_told = threading.local()


def _keep(row: int) -> None:
    _told.row = ctypes.string_at(row, 8 * MOST)


_callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_keep)


def symbols() -> dict[str, int]:
    """The address of what machine code calls."""
    address = ctypes.cast(_callback, ctypes.c_void_p).value
    assert address is not None
    return {NAME: address}


def fail_if(c: Code, bad: str, status: str, told: Sequence[tuple[Ty, str]]) -> None:
    """Leave the function with a status where `bad`, the numbers handed over."""
    if not told:
        c.fail_if(bad, status)
        return
    row = c.row(MOST)
    tell, on = c.fresh("tell"), c.fresh("on")
    c.branch(bad, tell, on, ", !prof !0")
    c.open(tell)
    for k, (ty, value) in enumerate(told):
        calls.write_slot(c, row, k, ty, value)
    c.put(f"call void @{NAME}(ptr {row})")
    c.failures.append((status, tell))
    c.jump("fail")
    c.open(on)


def error(failure: Failure) -> NumericalError:
    """The exception of a guard that told numbers, on the thread that ran it."""
    layout = struct.Struct(codes(failure.values, address="Q"))
    numbers = layout.unpack(_told.row[: layout.size])
    texts = [plain(_narrow(v, t)) for v, t in zip(numbers, failure.values, strict=True)]
    return NumericalError(failure.message.format(*texts), failure.where)


def _narrow(value: float, ty: Ty) -> object:
    return np.float32(value) if isinstance(ty.scalar, FloatT) and ty.scalar.width == 32 else value
