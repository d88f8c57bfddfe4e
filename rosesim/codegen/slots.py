"""The rows of 8-byte slots in which Python and machine code pass numbers and addresses to each other."""

from __future__ import annotations

from collections.abc import Iterable

from rosesim.ad.program.ir import BoolT, IntT, Ty


def codes(tys: Iterable[Ty], *, address: str) -> str:
    """The `struct` format of a row. `address` is the code for a slot that holds an array's address."""
    return "=" + "".join(address if t.shape else _code(t) for t in tys)


def _code(ty: Ty) -> str:
    match ty.scalar:
        case BoolT():
            return "?7x"
        case IntT():
            return "q"
        case _:
            return "d"
