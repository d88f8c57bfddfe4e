"""How the types of a program look in LLVM: in registers, in memory, and as text."""

from __future__ import annotations

import struct

from rosesim.ad.ir import BoolT, FloatT, IntT, Lit, Scalar, TanT, Ty, storage


def register(s: Scalar) -> str:
    """The LLVM type of a scalar held in a register."""
    match s:
        case FloatT(width) | TanT(width):
            return "float" if width == 32 else "double"
        case BoolT():
            return "i1"
        case IntT():
            return "i64"


def memory(s: Scalar) -> str:
    """The LLVM type of a scalar that lies in an array."""
    match s:
        case FloatT() | TanT():
            return register(s)
        case BoolT():
            return "i8"
        case IntT():
            return f"i{8 * itemsize(s)}"


def itemsize(s: Scalar) -> int:
    """Bytes of a scalar in an array; also its alignment."""
    return storage(s).itemsize


def is_float(s: Scalar) -> bool:
    """Whether a scalar is a real or a tangent."""
    return isinstance(s, FloatT | TanT)


def nbytes(ty: Ty) -> int:
    """Bytes of a value in memory."""
    return ty.size * itemsize(ty.scalar)


def aggregate(ty: Ty) -> str:
    """The nested LLVM array type of a value in memory."""
    text = memory(ty.scalar)
    for d in reversed(ty.shape):
        text = f"[{d} x {text}]"
    return text


def real(x: float, s: Scalar) -> str:
    """A float constant. LLVM writes singles, too, as the bits of the double of the same value."""
    if register(s) == "float":
        x = struct.unpack("<f", struct.pack("<f", x))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


def constant(value: float | bool | int, s: Scalar) -> str:
    """A constant in a register."""
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
    return text in ("0", "false") or (is_float(s) and text == "0x0000000000000000")
