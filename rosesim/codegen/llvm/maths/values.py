"""The operands of a mathematics function while its text is written: a scalar, or a value for each lane.

The operators + - * of `Doubles` may be contracted into fused multiply-adds if the program allows it. `plus`, `minus`
and `times` are never contracted: an error term relies on the rounding of that one operation.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from rosesim.codegen.llvm.code import Code


@dataclass(frozen=True, slots=True)
class Kind:
    """`double`, `float`, or a vector of one of them."""

    base: str
    lanes: int
    """0 for a scalar."""

    @staticmethod
    def of(text: str) -> Kind:
        """The kind that LLVM writes as `text`, such as `double` or `<4 x float>`."""
        found = re.fullmatch(r"(?:<(\d+) x )?(double|float)>?", text)
        assert found, text
        return Kind(found[2], int(found[1] or 0))

    def holding(self, scalar: str) -> str:
        """The LLVM type of equally many values of another scalar type."""
        return f"<{self.lanes} x {scalar}>" if self.lanes else scalar

    @property
    def text(self) -> str:
        """The type as LLVM writes it."""
        return self.holding(self.base)

    @property
    def suffix(self) -> str:
        """The type in the names of LLVM's intrinsics, such as `f64` or `v4f32`."""
        return f"{f'v{self.lanes}' if self.lanes else ''}f{64 if self.base == 'double' else 32}"

    @property
    def wide(self) -> Kind:
        """The kind of equally many doubles."""
        return Kind("double", self.lanes)


class Writer:
    """The body of a function of some kind, while it is written."""

    def __init__(self, kind: Kind, *, contract: bool, fma: bool, short: bool):
        self.kind = kind
        self.fma = fma
        """Whether a fused multiply-add is a single instruction. Only then is it used explicitly."""
        self.short = short
        """Whether the result is rounded to a float, so that shorter polynomials suffice."""
        self.code = Code(0)
        self._flags = "contract " if contract else ""

    def real(self, x: Doubles | float) -> Doubles:
        """A number; a constant becomes one in all lanes."""
        if isinstance(x, Doubles):
            return x
        return Doubles(self, self._all(f"double 0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"))

    def integer(self, i: Integers | int) -> Integers:
        """An integer; a constant becomes one in all lanes."""
        return i if isinstance(i, Integers) else Integers(self, self._all(f"i64 {i}"))

    def contracted(self, instruction: str, x: Doubles, y: Doubles | float) -> Doubles:
        """An operation that may be contracted into a fused one."""
        return self._real(instruction, self._flags, x, y)

    def rounded(self, instruction: str, x: Doubles, y: Doubles | float) -> Doubles:
        """An operation that is rounded as it is written."""
        return self._real(instruction, "", x, y)

    def bitwise(self, instruction: str, i: Integers, j: Integers | int) -> Integers:
        """An operation on 64-bit integers."""
        kind = self.kind.holding("i64")
        return Integers(self, self.code.let(f"{instruction} {kind} {i.name}, {self.integer(j).name}"))

    def compared(self, predicate: str, x: Doubles, y: Doubles | float) -> Booleans:
        """A comparison."""
        return Booleans(self, self.code.let(f"fcmp {predicate} {self.kind.text} {x.name}, {self.real(y).name}"))

    def logical(self, instruction: str, p: Booleans, q: str) -> Booleans:
        """An operation on booleans."""
        return Booleans(self, self.code.let(f"{instruction} {self.kind.holding('i1')} {p.name}, {q}"))

    def choose(self, p: Booleans, x: Doubles | float, y: Doubles | float) -> Doubles:
        """x where p, else y."""
        a, b = self.real(x).name, self.real(y).name
        t = self.kind.text
        return Doubles(self, self.code.let(f"select {self.kind.holding('i1')} {p.name}, {t} {a}, {t} {b}"))

    def intrinsic(self, name: str, *args: Doubles | float) -> Doubles:
        """A call of one of LLVM's own functions."""
        given = ", ".join(f"{self.kind.text} {self.real(a).name}" for a in args)
        return Doubles(self, self.code.let(f"call {self.kind.text} @llvm.{name}.{self.kind.suffix}({given})"))

    def size(self, x: Doubles) -> Doubles:
        """|x|."""
        return self.intrinsic("fabs", x)

    def signed(self, x: Doubles, sign: Doubles) -> Doubles:
        """|x| with the sign of another number."""
        return self.intrinsic("copysign", x, sign)

    def polynomial(self, x: Doubles, tables: tuple[tuple[float, ...], tuple[float, ...]]) -> Doubles:
        """A polynomial, lowest coefficient first, from its tables for double and for float.

        Neighbouring terms are combined, then neighbouring pairs, and so on. The chain of dependent operations then is
        as long as the logarithm of the number of terms (Estrin, Organization of computer systems, 1960).
        """
        terms: list[Doubles | float] = list(tables[self.short])
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            alone = terms[len(terms) // 2 * 2 :]
            terms = [*(x * b + a for a, b in pairs), *alone]
            x = x * x
        return self.real(terms[0])

    def _real(self, instruction: str, flags: str, x: Doubles, y: Doubles | float) -> Doubles:
        return Doubles(self, self.code.let(f"{instruction} {flags}{self.kind.text} {x.name}, {self.real(y).name}"))

    def _all(self, constant: str) -> str:
        return f"splat ({constant})" if self.kind.lanes else constant.split()[1]


@dataclass(frozen=True, slots=True)
class Doubles:
    """Doubles."""

    w: Writer
    name: str

    def __add__(self, y: Doubles | float) -> Doubles:
        return self.w.contracted("fadd", self, y)

    def __sub__(self, y: Doubles | float) -> Doubles:
        return self.w.contracted("fsub", self, y)

    def __rsub__(self, y: float) -> Doubles:
        return self.w.contracted("fsub", self.w.real(y), self)

    def __mul__(self, y: Doubles | float) -> Doubles:
        return self.w.contracted("fmul", self, y)

    def __truediv__(self, y: Doubles | float) -> Doubles:
        return self.w.rounded("fdiv", self, y)

    def plus(self, y: Doubles | float) -> Doubles:
        """The sum, rounded."""
        return self.w.rounded("fadd", self, y)

    def minus(self, y: Doubles | float) -> Doubles:
        """The difference, rounded."""
        return self.w.rounded("fsub", self, y)

    def times(self, y: Doubles | float) -> Doubles:
        """The product, rounded."""
        return self.w.rounded("fmul", self, y)

    def __lt__(self, y: Doubles | float) -> Booleans:
        return self.w.compared("olt", self, y)

    def __gt__(self, y: Doubles | float) -> Booleans:
        return self.w.compared("ogt", self, y)

    def equals(self, y: Doubles | float) -> Booleans:
        """Whether equal; false of NaN."""
        return self.w.compared("oeq", self, y)

    def unordered(self, y: Doubles | float) -> Booleans:
        """Whether either is NaN."""
        return self.w.compared("uno", self, y)

    @property
    def bits(self) -> Integers:
        """The same bits as an integer."""
        k = self.w.kind
        return Integers(self.w, self.w.code.let(f"bitcast {k.text} {self.name} to {k.holding('i64')}"))


@dataclass(frozen=True, slots=True)
class Integers:
    """64-bit integers."""

    w: Writer
    name: str

    def __add__(self, j: Integers | int) -> Integers:
        return self.w.bitwise("add", self, j)

    def __sub__(self, j: Integers | int) -> Integers:
        return self.w.bitwise("sub", self, j)

    def __rsub__(self, j: int) -> Integers:
        return self.w.bitwise("sub", self.w.integer(j), self)

    def __lshift__(self, j: int) -> Integers:
        return self.w.bitwise("shl", self, j)

    def __rshift__(self, j: int) -> Integers:
        return self.w.bitwise("lshr", self, j)

    def __and__(self, j: int) -> Integers:
        return self.w.bitwise("and", self, j)

    def __or__(self, j: Integers | int) -> Integers:
        return self.w.bitwise("or", self, j)

    def __xor__(self, j: Integers | int) -> Integers:
        return self.w.bitwise("xor", self, j)

    @property
    def odd(self) -> Booleans:
        """Whether the lowest bit is set."""
        kind = self.w.kind.holding("i64")
        return Booleans(self.w, self.w.code.let(f"icmp ne {kind} {(self & 1).name}, {self.w.integer(0).name}"))

    @property
    def real(self) -> Doubles:
        """The same bits as a double."""
        k = self.w.kind
        return Doubles(self.w, self.w.code.let(f"bitcast {k.holding('i64')} {self.name} to {k.text}"))


@dataclass(frozen=True, slots=True)
class Booleans:
    """Booleans."""

    w: Writer
    name: str

    def __and__(self, q: Booleans) -> Booleans:
        return self.w.logical("and", self, q.name)

    def __or__(self, q: Booleans) -> Booleans:
        return self.w.logical("or", self, q.name)

    def __xor__(self, q: Booleans) -> Booleans:
        return self.w.logical("xor", self, q.name)

    def __invert__(self) -> Booleans:
        return self.w.logical("xor", self, "splat (i1 true)" if self.w.kind.lanes else "true")
