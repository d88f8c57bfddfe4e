"""Operators of constants, computed while a program is built.

Arithmetic is exact or rounded in one way. Mathematics functions are not: NumPy's differ from machine code's, and from
one processor to the next, in the last bit. So constants get the bits that machine code would compute, once there is a
compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.program.ops import OPS

Function = Callable[..., float]

LONG = 20
"""The work from which an operator may be a mathematics function."""


def _no_machine(name: str) -> Function | None:
    return None


_machine: Callable[[str], Function | None] = _no_machine


def set_machine(find: Callable[[str], Function | None]) -> None:
    """Attach the compiler: `find(name)` gives the mathematics function of an operator, None where it has none."""
    global _machine
    _machine = find


def value(name: str, numbers: Sequence[Any]) -> Any:
    """The operator's value."""
    made = _machine(name) if OPS[name].work >= LONG else None
    if made is not None:
        return made(*map(float, numbers))
    with np.errstate(all="ignore"):
        return OPS[name].value(*numbers)
