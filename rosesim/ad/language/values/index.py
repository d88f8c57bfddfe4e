"""`Index`: a traced integer with bounds, and how other numbers become one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import VECTOR_FIRST, Value, kind
from rosesim.ad.language.values.scalar import SIGNS, Scalar, is_number, to_real, try_integer, try_real
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.builder import FAR, integer, real
from rosesim.ad.program.ir import Atom, FloatT, IntT, Lit, Ty
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer

if TYPE_CHECKING:
    from rosesim.ad.language.values.scalar import Many


class _IndexMeta(type):
    def __getitem__(cls, n: Any) -> type[Index]:
        if not is_integer(n) or n < 0:
            raise TypeMismatch(f"Index[{n!r}] was found; expected a Python integer n >= 0", here())
        if n >= FAR:
            raise TypeMismatch(f"Index of 2**{int(n).bit_length() - 1} or more was found; expected n < 2**62", here())
        return _sized_index(int(n))


_FLIPPED = {"ilt": ">", "ile": ">="}
"""How a comparison is written whose operands change places."""

_sizes: dict[int, type[Index]] = {}


def _sized_index(n: int) -> type[Index]:
    if n not in _sizes:
        _sizes[n] = _IndexMeta(f"Index[{n}]", (Index,), {"__slots__": (), "__rose_type__": T.index(n), "_n": n})
    return _sizes[n]


class Index(Scalar, metaclass=_IndexMeta):
    """An integer from 0 to n - 1: `Index[n]`. Sums, differences and products keep exact bounds.

    `Index[n].clamp(x)`, `.wrap(x)` and `.check(x)` make one of a Real (its floor) or of any integer. Each is total:
    NaN becomes 0, and `check` stops the program, naming the line, if x does not fit.

    >>> from rosesim import fn, Index, Real, Vec
    >>> @fn
    ... def cell(x: Vec[Real, 4], place: Real) -> Real:
    ...     return x[Index[4].clamp(place)]
    >>> cell([10.0, 11.0, 12.0, 13.0], 2.7), cell([10.0, 11.0, 12.0, 13.0], 99.0)
    (12.0, 13.0)
    """

    __slots__ = ()
    _n = -1

    def __new__(cls, value: Any) -> Index:
        """An Index of an integer that is known to fit: `Index[3](1)`."""
        n, a = cls._sized(), try_integer(value)
        s = None if a is None else a.ty.scalar
        if a is None or not isinstance(s, IntT) or s.lo < 0 or s.hi >= n:
            raise TypeMismatch(
                f"Index[{n}]({kind(value)}) was found; expected an integer known to be in 0 .. {n - 1}: "
                f"Index[{n}].clamp(x), .wrap(x) or .check(x) makes one of any number",
                here(),
            )
        ty = Ty(IntT(0, n - 1))
        return Index.of(Lit(a.value, ty) if isinstance(a, Lit) else a if a.ty == ty else trace.op("cast", a, ty=ty))

    if TYPE_CHECKING:

        def __init__(self, value: Any) -> None: ...

        def __class_getitem__(cls, n: int) -> type[Index]: ...
        def __set__(self, owner: Any, value: Index | int | np.integer[Any] | Many) -> None: ...

    def as_real(self) -> Atom:
        """The atom of its value as a Real."""
        return trace.op("real", self.atom)

    def as_integer(self) -> Atom:
        """Its atom."""
        return self.atom

    def _kind(self) -> str:
        s = self.atom.ty.scalar
        return str(T.IntType(s.lo, s.hi)) if isinstance(s, IntT) else "Index"

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse(
            "a NumPy array indexed by, or a NumPy function on,",
            VECTOR_FIRST,
        )

    @classmethod
    def _sized(cls) -> int:
        if cls._n < 0:
            raise TypeMismatch("Index without a size was found; expected Index[n], as in Index[4].clamp(x)", here())
        if cls._n == 0:
            raise TypeMismatch("a value of Index[0], which has none, was asked for; expected n >= 1", here())
        return cls._n

    @classmethod
    def clamp(cls, x: Number | Many) -> Index:
        """The nearest index to floor(x); NaN gives 0."""
        if is_vector(x):
            return cls._of_each(x, cls.clamp)
        n, a = cls._sized(), _number(x)
        name = "floor_clamp" if isinstance(a.ty.scalar, FloatT) else "int_clamp"
        return Index.of(trace.op(name, a, integer(n), ty=Ty(IntT(0, n - 1))))

    @classmethod
    def wrap(cls, x: Number | Many) -> Index:
        """floor(x) modulo n; NaN and infinities give 0."""
        if is_vector(x):
            return cls._of_each(x, cls.wrap)
        n, a = cls._sized(), _number(x)
        name = "floor_wrap" if isinstance(a.ty.scalar, FloatT) else "int_wrap"
        return Index.of(trace.op(name, a, integer(n), ty=Ty(IntT(0, n - 1))))

    @classmethod
    def check(cls, x: Number | Many) -> Index:
        """floor(x). Stops the program, naming this line, if that is not in 0 .. n - 1 (or is NaN)."""
        if is_vector(x):
            return cls._of_each(x, cls.check)
        n, a = cls._sized(), _number(x)
        if isinstance(a.ty.scalar, FloatT):
            low, high = trace.op("ge", a, real(0.0)), trace.op("lt", a, real(float(n)))
        else:
            low, high = trace.op("ile", integer(0), a), trace.op("ilt", a, integer(n))
        bad = trace.op("not", trace.op("and", low, high))
        b = trace.building()
        b.guard(
            trace.frame().resolve(bad),
            f"an index outside of 0 .. {n - 1} was computed; expected one inside: Index[{n}].clamp(x) and "
            f"Index[{n}].wrap(x) always give one",
        )
        return cls.clamp(x)

    @staticmethod
    def _of_each(x: Any, f: Callable[[Any], Index]) -> Any:
        from rosesim.ad.language.values.broadcast import elementwise  # late: it makes vectors

        return elementwise(f.__name__, f, x)

    def _arith(self, name: str, o: Any, flip: bool = False) -> Any:
        other = try_integer(o)
        if other is None:
            names = {"iadd": "add", "isub": "sub", "imul": "mul"}
            as_real = try_real(o)
            if name not in names or as_real is None:
                return self._operand(SIGNS[name], o, flip=flip)
            pair = (to_real(self), as_real)
            return Real.of(trace.op(names[name], *(pair[::-1] if flip else pair)))
        pair = (self.atom, other)
        return Index.of(trace.op(name, *(pair[::-1] if flip else pair)))

    @overload
    def __add__(self, o: Index | int) -> Index: ...
    @overload
    def __add__(self, o: Real | float | Many) -> Real: ...
    def __add__(self, o: Any) -> Any:
        return self._arith("iadd", o)

    @overload
    def __radd__(self, o: int) -> Index: ...  # pyright: ignore[reportOverlappingOverload] -- ints count as floats
    @overload
    def __radd__(self, o: float) -> Real: ...
    def __radd__(self, o: Any) -> Any:
        return self._arith("iadd", o, True)

    @overload
    def __sub__(self, o: Index | int) -> Index: ...
    @overload
    def __sub__(self, o: Real | float | Many) -> Real: ...
    def __sub__(self, o: Any) -> Any:
        return self._arith("isub", o)

    @overload
    def __rsub__(self, o: int) -> Index: ...  # pyright: ignore[reportOverlappingOverload] -- ints count as floats
    @overload
    def __rsub__(self, o: float) -> Real: ...
    def __rsub__(self, o: Any) -> Any:
        return self._arith("isub", o, True)

    @overload
    def __mul__(self, o: Index | int) -> Index: ...
    @overload
    def __mul__(self, o: Real | float | Many) -> Real: ...
    def __mul__(self, o: Any) -> Any:
        return self._arith("imul", o)

    @overload
    def __rmul__(self, o: int) -> Index: ...  # pyright: ignore[reportOverlappingOverload] -- ints count as floats
    @overload
    def __rmul__(self, o: float) -> Real: ...
    def __rmul__(self, o: Any) -> Any:
        return self._arith("imul", o, True)

    def __neg__(self) -> Index:
        return self._arith("isub", 0, True)

    def __pos__(self) -> Index:
        return self

    def __abs__(self) -> Index:
        s = self.atom.ty.scalar
        assert isinstance(s, IntT)
        if s.lo >= 0:
            return self
        most = max(-s.lo, s.hi)
        either = trace.op("select", (self < 0).atom, (-self).atom, self.atom)
        return Index.of(trace.op("int_clamp", either, integer(most + 1), ty=Ty(IntT(0, most))))  # its type says >= 0

    def _divide(self, name: str, o: Any, *, flip: bool = False) -> Any:
        if is_vector(o):
            return self._operand(SIGNS[name], o, flip=flip)
        n, d = (o, self) if flip else (self, o)
        a, b = try_integer(n), try_integer(d)
        if a is None:
            raise TypeMismatch(f"{kind(n)} {SIGNS[name]} {kind(d)} was found; expected integers, or Real(i)", here())
        if b is None or not (isinstance(b.ty.scalar, IntT) and b.ty.scalar.lo > 0):
            raise TypeMismatch(
                f"an integer divided by {kind(d)} was found; expected a divisor known to be 1 or more, such as i + 1",
                here(),
            )
        return Index.of(trace.op(name, a, b))

    def __floordiv__(self, o: Index | int) -> Index:
        return self._divide("idiv", o)

    def __rfloordiv__(self, o: int) -> Index:
        return self._divide("idiv", o, flip=True)

    def __mod__(self, o: Index | int) -> Index:
        return self._divide("imod", o)

    def __rmod__(self, o: int) -> Index:
        return self._divide("imod", o, flip=True)

    def _bitwise(self, name: str, o: Any, *, flip: bool = False) -> Any:
        if is_vector(o):
            return self._operand(SIGNS[name], o, flip=flip)
        a, b = map(try_integer, (o, self) if flip else (self, o))
        if a is None or b is None:
            n, m = (o, self) if flip else (self, o)
            raise TypeMismatch(f"{kind(n)} {SIGNS[name]} {kind(m)} was found; expected integers", here())
        if name in ("ishl", "ishr") and not (isinstance(b.ty.scalar, IntT) and b.ty.scalar.lo >= 0):
            raise TypeMismatch(
                f"an integer shifted by {kind(self if flip else o)} was found; expected a shift known to be 0 or "
                "more, such as Index[32].clamp(i)",
                here(),
            )
        return Index.of(trace.op(name, a, b))

    def __and__(self, o: Index | int | Many) -> Index:
        return self._bitwise("iand", o)

    def __or__(self, o: Index | int | Many) -> Index:
        return self._bitwise("ior", o)

    def __xor__(self, o: Index | int | Many) -> Index:
        return self._bitwise("ixor", o)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self, o: Index | int | Many) -> Index:
        return self._bitwise("ishl", o)

    def __rlshift__(self, o: int) -> Index:
        return self._bitwise("ishl", o, flip=True)

    def __rshift__(self, o: Index | int | Many) -> Index:
        return self._bitwise("ishr", o)

    def __rrshift__(self, o: int) -> Index:
        return self._bitwise("ishr", o, flip=True)

    def __invert__(self) -> Index:
        return -1 - self  # every bit, of two's complement

    def __truediv__(self, o: Number | Many) -> Real:
        return Real(self) / o

    def __rtruediv__(self, o: float) -> Real:
        return o / Real(self)

    def __pow__(self, o: Any) -> Any:
        is_square = is_number(o) and o == 2
        return self * self if is_square else Real(self) ** cast("Any", o)

    def _compare(self, name: str, o: Any, flip: bool = False) -> Bool:
        other = try_integer(o)
        if other is None:
            if is_vector(o):
                return self._operand(_FLIPPED[name] if flip else SIGNS[name], o)
            reals = {"ieq": "eq", "ilt": "lt", "ile": "le"}
            pair = (to_real(self), to_real(o))
            return Bool.of(trace.op(reals[name], *(pair[::-1] if flip else pair)))
        pair = (self.atom, other)
        return Bool.of(trace.op(name, *(pair[::-1] if flip else pair)))

    def __lt__(self, o: Number | Many) -> Bool:
        return self._compare("ilt", o)

    def __le__(self, o: Number | Many) -> Bool:
        return self._compare("ile", o)

    def __gt__(self, o: Number | Many) -> Bool:
        return self._compare("ilt", o, True)

    def __ge__(self, o: Number | Many) -> Bool:
        return self._compare("ile", o, True)

    def __eq__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._compare("ieq", o)

    def __ne__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._operand("!=", o) if is_vector(o) else ~self._compare("ieq", o)

    __hash__ = Value.__hash__


Number = Real | Index | float
"""What the functions of real numbers take. An Index counts as the Real of its value."""


def checked_index(i: Any, n: int, what: str) -> Atom:
    """The atom of an index that is known to be below n."""
    a = try_integer(i)
    if a is None:
        raise TypeMismatch(f"{what} indexed by {kind(i)} was found; expected an Index[{n}]", here())
    s = a.ty.scalar
    assert isinstance(s, IntT)
    if s.lo < 0 or s.hi >= n:
        if n == 0:
            raise TypeMismatch(f"{what} was indexed; expected a vector with elements, for it has none", here())
        raise TypeMismatch(
            f"{what} indexed by an integer that may be {s.lo if s.lo < 0 else s.hi} was found; expected one "
            f"in 0 .. {n - 1}: Index[{n}].clamp(i), .wrap(i) or .check(i) makes it fit",
            here(),
        )
    return a


def _number(x: Any) -> Atom:
    a = try_integer(x)
    return to_real(x) if a is None else a
