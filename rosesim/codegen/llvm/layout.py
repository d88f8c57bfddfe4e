"""How the types of a program look in LLVM: in registers, in memory, and as text.

A scalar with several lanes is a vector, in registers and in memory.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from rosesim.ad.program.ir import BoolT, FloatT, IntT, Lit, Scalar, TanT, Ty, storage


def one_lane(s: Scalar) -> Scalar:
    """The scalar in a single lane."""
    return s if s.lanes == 1 else replace(s, lanes=1)


def in_lanes(kind: str, lanes: int) -> str:
    """The LLVM type of this many values of a kind."""
    return kind if lanes == 1 else f"<{lanes} x {kind}>"


def register(s: Scalar) -> str:
    """The LLVM type of a scalar held in a register."""
    match s:
        case FloatT(width) | TanT(width):
            kind = "float" if width == 32 else "double"
        case BoolT():
            kind = "i1"
        case IntT():
            kind = "i64"
    return in_lanes(kind, s.lanes)


def memory(s: Scalar) -> str:
    """The LLVM type of a scalar that lies in an array."""
    match s:
        case FloatT() | TanT():
            return register(s)
        case BoolT():
            return in_lanes("i8", s.lanes)
        case IntT():
            return in_lanes(f"i{8 * storage(s).itemsize}", s.lanes)


def itemsize(s: Scalar) -> int:
    """Bytes of a scalar in an array."""
    return storage(s).itemsize * s.lanes


def alignment(s: Scalar) -> int:
    """The address of a scalar in an array is a multiple of this."""
    return min(itemsize(s), 32)


def width(s: Scalar) -> int:
    """Bits of a real or a tangent."""
    assert isinstance(s, FloatT | TanT)
    return s.width


def is_float(s: Scalar) -> bool:
    """Whether a scalar is a real or a tangent."""
    return isinstance(s, FloatT | TanT)


def aggregate(ty: Ty) -> str:
    """The nested LLVM array type of a value in memory."""
    text = memory(ty.scalar)
    for d in reversed(ty.shape):
        text = f"[{d} x {text}]"
    return text


def real(x: float, s: Scalar) -> str:
    """A float constant. LLVM writes a single as the bits of the double with the same value."""
    if register(s) == "float":
        x = struct.unpack("<f", struct.pack("<f", x))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


def constant(value: float | bool | int, s: Scalar) -> str:
    """A constant in a register."""
    if s.lanes > 1:
        one = one_lane(s)
        return f"splat ({register(one)} {constant(value, one)})"
    match s:
        case FloatT() | TanT():
            return real(float(value), s)
        case BoolT():
            return "true" if value else "false"
        case IntT():
            return str(int(value))


def literal(a: Lit) -> str:
    """A literal in a register."""
    return constant(a.value, a.ty.scalar)


def is_zero_bits(text: str, s: Scalar) -> bool:
    """Whether a constant's bytes in memory are all zero, so that a memset writes it."""
    zeros = (constant(v, s) for v in ((0.0,) if is_float(s) else (0, False)))
    return text in zeros
