"""The values that user code computes with while it is traced: scalars.

Each wraps an atom of the program. Python's operators append to the block that is open; what Python
itself would decide (a truth value, a float, an array) is refused with the line and what to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol, Self, TypeGuard, TypeVar, overload

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.program.builder import FAR, real, whole
from rosesim.ad.program.ir import BOOL as BOOL_TY
from rosesim.ad.program.ir import Atom, FloatT, IntT, Lit, Ty
from rosesim.ad.program.ops import OPS
from rosesim.ad.support.errors import MissingAttribute, TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array, is_list, is_truth, is_whole

_UFUNCS = {
    "add": "__add__", "subtract": "__sub__", "multiply": "__mul__", "divide": "__truediv__", "power": "__pow__",
    "less": "__lt__", "less_equal": "__le__", "greater": "__gt__", "greater_equal": "__ge__",
    "equal": "__eq__", "not_equal": "__ne__", "matmul": "__matmul__", "floor_divide": "__floordiv__",
    "remainder": "__mod__", "logical_and": "__and__", "bitwise_and": "__and__", "bitwise_or": "__or__",
    "bitwise_xor": "__xor__",
}  # fmt: skip
SIGNS = {name: row.spelling for name, row in OPS.items() if row.spelling} | {"pow": "**"}
"""Operators as the user writes them: as programs show them, but for a power."""
BOOL_HINT = "; a Bool becomes a number by Real(p)"
_TANGENT_HINT = (
    "; a tangent takes linear operations only: add and subtract tangents, multiply or divide one by a Real, "
    "negate, select, gather"
)
VECTOR_FIRST = (
    "make it a vector first, const(array)[i] of numbers or stack(values)[i] of traced ones, or loop with vec, sum "
    "or scan"
)
_MIRRORED = {"__lt__": "__gt__", "__le__": "__ge__", "__gt__": "__lt__", "__ge__": "__le__"}


class Value:
    """Anything traced. The methods here are the doors that Python and NumPy would take, and are shut."""

    __slots__ = ()
    _takes_scalars: ClassVar[bool] = True
    """Whether its own operators say what it makes with a scalar; else the scalar's say so."""

    def _refuse(self, did: str, instead: str) -> NoReturn:
        raise TraceError(f"{did} a traced {kind(self)} was found, whose value is known only when the program "
                         f"runs; {instead}", here())  # fmt: skip

    def __bool__(self) -> bool:
        self._refuse(
            "Python's `if`, `while`, `and`, `or`, `not`, `assert` or a chained comparison on",
            "write cond(p, then, orelse) or select(p, a, b) to choose, while_loop to repeat, `&`, `|`, `~` to "
            "combine truths",
        )

    def __float__(self) -> float:
        self._refuse("float() or a function of `math` on", "keep it a Real and use rosesim's functions (sqrt, ...)")

    def __round__(self, digits: Any = None) -> float:
        self._refuse("round() on", "write floor(x + 0.5)")

    def __complex__(self) -> complex:
        self._refuse("complex() on", "compute with the two parts as Reals")

    def __int__(self) -> int:
        self._refuse("int() on", "write Index[n].clamp(x), Index[n].wrap(x) or Index[n].check(x)")

    def __index__(self) -> int:
        self._refuse(
            "a Python sequence, a NumPy array or range() indexed by",
            VECTOR_FIRST,
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse("a NumPy function on", "use rosesim's functions and Python's operators")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = _UFUNCS.get(ufunc.__name__)
        if method != "__call__" or name is None or len(inputs) != 2 or kwargs:
            self._refuse(f"NumPy's {ufunc.__name__} on", f"use rosesim.{ufunc.__name__} or Python's operators")
        left, right = inputs
        if isinstance(left, Value):
            return getattr(left, name)(right)
        if name in _MIRRORED:
            return getattr(right, _MIRRORED[name])(left)
        if name in ("__eq__", "__ne__"):
            return getattr(right, name)(left)
        return getattr(right, name.replace("__", "__r", 1))(left)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        self._refuse(f"NumPy's {func.__name__} on", "use rosesim's functions (sum, min, max, norm, dot, ...)")

    def __hash__(self) -> int:
        return id(self)

    def _kind(self) -> str:
        """How an error message names this."""
        return type(self).__name__

    def _as_number(self) -> str:
        """What to write where a number is expected and this is none, as a clause of an error message."""
        return ""

    if not TYPE_CHECKING:  # an editor would take every misspelt attribute for one that exists

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)  # Python and NumPy ask for these to find out what an object can do
            raise MissingAttribute(
                f"the attribute {name!r} of a traced {kind(self)} was found, which has none of that name; expected "
                "elements x[i], new vectors x.at[i].set(v), len(x) and rosesim's functions (sum, norm, "
                "transpose, ...)",
                here(),
            )

    def __setattr__(self, name: str, value: object) -> None:
        self._refuse(f"setting the attribute {name!r} of", "build a new value instead")

    def __setitem__(self, i: object, v: object) -> None:
        self._refuse("assigning to an element of", "write x = x.at[i].set(v), which gives a new vector")

    def __delitem__(self, i: object) -> None:
        self._refuse("deleting an element of", "build the shorter vector: x[1:], or vec(n, lambda i: ...)")

    def __format__(self, spec: str) -> str:
        if spec:
            self._refuse(
                "formatting the number in", "print it by an @opaque function, which runs when the program does"
            )
        return repr(self)


class Scalar(Value):
    """A traced scalar."""

    __slots__ = ("atom",)
    atom: Atom

    @classmethod
    def of(cls, atom: Atom) -> Self:
        """The value of an atom."""
        v = object.__new__(cls)
        object.__setattr__(v, "atom", atom)
        return v

    def as_real(self) -> Atom | None:
        """The atom of its value where a Real is expected; None of what is no number."""
        return None

    def as_whole(self) -> Atom | None:
        """The atom of its value where a whole number is expected; None of what is none."""
        return None

    def __repr__(self) -> str:
        return f"<traced {kind(self)}>"

    def _operand(self, sign: str, other: Any) -> Any:
        """What an operator answers to what is no number: a vector, a tangent or the user's own class may know."""
        if isinstance(other, Value) and other._takes_scalars:
            return NotImplemented
        if not isinstance(other, Value) and type(other).__module__ not in ("builtins", "numpy"):
            return NotImplemented
        hint = number_hint(other)
        hint = "; const(a) makes it a vector" if is_array(other) and other.shape else hint
        hint = "; stack(a) makes it a vector" if is_list(other) else hint
        raise TypeMismatch(f"{kind(self)} {sign} {kind(other)} was found; expected a number{hint}", here())

    if TYPE_CHECKING:
        # What an annotation `Vec[Real, 3]` means to an editor: see `Vec`.
        def __getitem__(self, i: Any) -> Self: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Self]: ...
        @property
        def at(self) -> Place[Self]:
            """Updates of an element: see `Vec`."""
            ...

        # A dataclass's field of this type, to an editor: what is read is one, and what may be given to the
        # dataclass is what __set__ of the class takes.
        def __get__(self, owner: Any, kind: Any = None) -> Self: ...


if TYPE_CHECKING:
    from numpy.typing import NDArray

    V = TypeVar("V", covariant=True)

    class Place(Protocol[V]):
        """`x.at[i]`, to an editor."""

        def __getitem__(self, i: Any) -> Place[V]: ...
        def set(self, v: Any) -> V:
            """See `At`."""
            ...

        def add(self, v: Any) -> V:
            """See `At`."""
            ...

    Many = NDArray[Any] | list[Any] | tuple[Any, ...]
    """What may be given for a vector where a scalar's type is written, for `Vec[Real, 3]` is a Real there."""


class Bool(Scalar):
    """A truth. `&`, `|`, `^`, `~` combine; `cond` and `select` choose by it.

    >>> from rosesim import fn, Bool, Real
    >>> @fn
    ... def inside(x: Real, lo: Real, hi: Real) -> Bool:
    ...     return (lo < x) & (x < hi)
    >>> inside(0.5, 0.0, 1.0)
    True
    """

    __slots__ = ()
    __rose_type__ = T.BOOL
    _takes_scalars = False

    def __new__(cls, value: Any = False) -> Bool:
        """A Bool of a truth; a number is none."""
        return Bool.of(to_bool(value))

    def _as_number(self) -> str:
        return BOOL_HINT

    def _no_number(self, *_: object) -> NoReturn:
        raise TypeMismatch(f"arithmetic on a Bool was found; expected a number{BOOL_HINT}", here())

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _no_number
    __pow__ = __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = _no_number
    __neg__ = __pos__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _no_number

    if TYPE_CHECKING:

        def __init__(self, value: Any = False) -> None: ...
        def __set__(self, owner: Any, value: Bool | bool | np.bool_ | Many) -> None: ...

    def _both(self, name: str, other: Any) -> Bool:
        return Bool.of(trace.op(name, self.atom, to_bool(other)))

    def __and__(self, o: Bool | bool) -> Bool:
        return self._both("and", o)

    def __or__(self, o: Bool | bool) -> Bool:
        return self._both("or", o)

    def __xor__(self, o: Bool | bool) -> Bool:
        return self._both("xor", o)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Bool:
        return Bool.of(trace.op("not", self.atom))

    def __eq__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return ~self._both("xor", o)

    def __ne__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._both("xor", o)

    __hash__ = Value.__hash__


class Real(Scalar):
    """A real number, 64-bit. `Real(x)` makes one of a number, an Index or a Bool (0 or 1).

    >>> from rosesim import fn, Real
    >>> @fn
    ... def square(x: Real) -> Real:
    ...     return x * x
    >>> square(3.0)
    9.0
    """

    __slots__ = ()
    __rose_type__ = T.REAL

    def __new__(cls, value: Any = 0.0) -> Real:
        """A Real of a number, an Index or a Bool."""
        if isinstance(value, Bool):
            return Real.of(trace.op("select", value.atom, real(1.0), real(0.0)))
        return Real.of(real(float(value)) if is_truth(value) else to_real(value))

    if TYPE_CHECKING:

        def __init__(self, value: Any = 0.0) -> None: ...
        def __set__(self, owner: Any, value: Real | float | Many) -> None: ...
        def __matmul__(self, o: Any) -> Real: ...
        def __rmatmul__(self, o: Any) -> Real: ...

    def as_real(self) -> Atom:
        """Its atom."""
        return self.atom

    def _with(self, name: str, other: Any) -> Real:
        atom = try_real(other)
        return self._operand(SIGNS[name], other) if atom is None else Real.of(trace.op(name, self.atom, atom))

    def _after(self, name: str, other: Any) -> Real:
        atom = try_real(other)
        return self._operand(SIGNS[name], other) if atom is None else Real.of(trace.op(name, atom, self.atom))

    def _compare(self, name: str, other: Any) -> Bool:
        atom = try_real(other)
        if atom is None:
            raise TypeMismatch(f"a comparison of a Real with {kind(other)} was found; expected a number", here())
        return Bool.of(trace.op(name, self.atom, atom))

    def __add__(self, o: Number | Many) -> Real:
        return self._with("add", o)

    def __radd__(self, o: float | Many) -> Real:
        return self._after("add", o)

    def __sub__(self, o: Number | Many) -> Real:
        return self._with("sub", o)

    def __rsub__(self, o: float | Many) -> Real:
        return self._after("sub", o)

    def __mul__(self, o: Number) -> Real:
        return self._with("mul", o)

    def __rmul__(self, o: float) -> Real:
        return self._after("mul", o)

    def __truediv__(self, o: Number) -> Real:
        return self._with("div", o)

    def __rtruediv__(self, o: float) -> Real:
        return self._after("div", o)

    def __pow__(self, o: Number) -> Real:
        if isinstance(o, int | float) and not isinstance(o, bool) and o in (-2, -1, 0.5, 0, 1, 2, 3, 4):
            return _small_power(self, o)
        return self._with("pow", o)

    def __rpow__(self, o: float) -> Real:
        return self._after("pow", o)

    def __mod__(self, o: Number) -> Real:
        """Python's remainder: of the divisor's sign. fmod(x, y) is the one of x's sign."""
        y = Real.of(to_real(o))
        return self - y * Real.of(trace.op("floor", (self / y).atom))

    def __rmod__(self, o: float) -> Real:
        return Real.of(to_real(o)) % self

    def __neg__(self) -> Real:
        return Real.of(trace.op("neg", self.atom))

    def __pos__(self) -> Real:
        return self

    def __abs__(self) -> Real:
        return Real.of(trace.op("abs", self.atom))

    def __lt__(self, o: Number) -> Bool:
        return self._compare("lt", o)

    def __le__(self, o: Number) -> Bool:
        return self._compare("le", o)

    def __gt__(self, o: Number) -> Bool:
        return self._compare("gt", o)

    def __ge__(self, o: Number) -> Bool:
        return self._compare("ge", o)

    def __eq__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._compare("eq", o)

    def __ne__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._compare("ne", o)

    __hash__ = Value.__hash__


def _small_power(x: Real, n: float) -> Real:
    if n == 0:
        return Real(1.0)
    if n == 0.5:
        return Real.of(trace.op("sqrt", x.atom))
    if n < 0:
        return 1.0 / _small_power(x, -n)
    if n == 4:
        return (x * x) * (x * x)
    return x if n == 1 else _small_power(x, n - 1) * x


class Tan(Scalar):
    """A tangent: it adds to tangents, and is scaled by reals; nothing else takes one.

    >>> from rosesim import opaque, Dual, grad
    >>> import math
    >>> @opaque
    ... def ln(x: float) -> float:
    ...     return math.log(x)
    >>> @ln.defjvp
    ... def _(x: Dual) -> Dual:
    ...     return Dual(ln(x.re), x.du / x.re)
    >>> grad(ln)(2.0)
    0.5
    """

    __slots__ = ()
    __rose_type__ = T.TAN

    if TYPE_CHECKING:

        def __init__(self, value: float = 0.0) -> None: ...
        def __set__(self, owner: Any, value: Tan | float | Many) -> None: ...

    def __new__(cls, value: float = 0.0) -> Tan:
        """The zero tangent: Tan(0.0)."""
        if isinstance(value, Value):
            raise TypeMismatch(
                f"Tan({kind(value)}) was found; expected Tan(0.0): no number becomes a tangent, it scales one", here()
            )
        if is_truth(value) or value != 0:
            raise TypeMismatch(f"Tan({value!r}) was found; only the zero tangent Tan(0.0) has a literal", here())
        return Tan.of(Lit(0.0, Ty(T.flatten(T.TAN)[0].scalar)))

    def _as_number(self) -> str:
        return _TANGENT_HINT

    def _refuse_linear(self, what: str) -> NoReturn:
        raise TypeMismatch(f"{what} was found{_TANGENT_HINT}", here())

    def _sum(self, name: str, o: Any) -> Tan:
        if is_number(o) and o == 0:
            return self
        if not isinstance(o, Tan):
            self._refuse_linear(f"Tan {'+' if name == 'add' else '-'} {kind(o)}")
        return Tan.of(trace.op(name, self.atom, o.atom))

    def __add__(self, o: Tan | float) -> Tan:
        return self._sum("add", o)

    def __sub__(self, o: Tan | float) -> Tan:
        return self._sum("sub", o)

    def __radd__(self, o: float) -> Tan:
        return self._sum("add", o)

    def __rsub__(self, o: float) -> Tan:
        return -self._sum("sub", o)

    def __neg__(self) -> Tan:
        return Tan.of(trace.op("neg", self.atom))

    def __mul__(self, o: Real | float) -> Tan:
        if isinstance(o, Tan):
            self._refuse_linear("the product of two tangents")
        return Tan.of(trace.op("mul", self.atom, to_real(o)))

    __rmul__ = __mul__

    def __truediv__(self, o: Real | float) -> Tan:
        if isinstance(o, Tan):
            self._refuse_linear("a division by a tangent")
        return Tan.of(trace.op("div", self.atom, to_real(o)))

    def __rtruediv__(self, o: Any) -> Tan:
        self._refuse_linear("a division by a tangent")

    def _compare(self, o: object) -> NoReturn:
        self._refuse_linear("a comparison of a tangent")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _compare  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType] -- they only raise

    def _curved(self, *_: object) -> NoReturn:
        self._refuse_linear("a power, remainder or absolute value of a tangent")

    __pow__ = __rpow__ = __mod__ = __rmod__ = __abs__ = _curved
    __hash__ = Value.__hash__


class _IndexMeta(type):
    def __getitem__(cls, n: Any) -> type[Index]:
        if not is_whole(n) or n < 0:
            raise TypeMismatch(f"Index[{n!r}] was found; expected a Python whole number n >= 0", here())
        if n >= FAR:
            raise TypeMismatch(f"Index of 2**{int(n).bit_length() - 1} or more was found; expected n < 2**62", here())
        return _sized_index(int(n))


_sizes: dict[int, type[Index]] = {}


def _sized_index(n: int) -> type[Index]:
    if n not in _sizes:
        _sizes[n] = _IndexMeta(f"Index[{n}]", (Index,), {"__slots__": (), "__rose_type__": T.index(n), "_n": n})
    return _sizes[n]


class Index(Scalar, metaclass=_IndexMeta):
    """A natural number below n: `Index[n]`. Sums, differences and products keep exact bounds.

    `Index[n].clamp(x)`, `.wrap(x)` and `.check(x)` make one of a Real (its floor) or of any whole number;
    each is total: NaN becomes 0, and `check` stops the program with the line where x does not fit.

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
        """An Index of a whole number that is known to fit: `Index[3](1)`."""
        n, a = cls._sized(), try_whole(value)
        s = None if a is None else a.ty.scalar
        if a is None or not isinstance(s, IntT) or s.lo < 0 or s.hi >= n:
            raise TypeMismatch(
                f"Index[{n}]({kind(value)}) was found; expected a whole number known to be in 0 .. {n - 1}: "
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

    def as_whole(self) -> Atom:
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
            raise TypeMismatch("a value of Index[0] was asked for, which has none; expected n >= 1", here())
        return cls._n

    @classmethod
    def clamp(cls, x: Number) -> Index:
        """The nearest index to floor(x); NaN gives 0."""
        n, a = cls._sized(), _number(x)
        name = "floor_clamp" if isinstance(a.ty.scalar, FloatT) else "int_clamp"
        return Index.of(trace.op(name, a, whole(n), ty=Ty(IntT(0, n - 1))))

    @classmethod
    def wrap(cls, x: Number) -> Index:
        """floor(x) modulo n; NaN and infinities give 0."""
        n, a = cls._sized(), _number(x)
        name = "floor_wrap" if isinstance(a.ty.scalar, FloatT) else "int_wrap"
        return Index.of(trace.op(name, a, whole(n), ty=Ty(IntT(0, n - 1))))

    @classmethod
    def check(cls, x: Number) -> Index:
        """floor(x); stops the program, naming this line, where that is not in 0 .. n - 1 (or is NaN)."""
        n, a = cls._sized(), _number(x)
        if isinstance(a.ty.scalar, FloatT):
            low, high = trace.op("ge", a, real(0.0)), trace.op("lt", a, real(float(n)))
        else:
            low, high = trace.op("ile", whole(0), a), trace.op("ilt", a, whole(n))
        bad = trace.op("not", trace.op("and", low, high))
        b = trace.building()
        b.guard(
            trace.frame().resolve(bad),
            f"an index outside of 0 .. {n - 1} was computed; expected one inside: Index[{n}].clamp(x) and "
            f"Index[{n}].wrap(x) always give one",
        )
        return cls.clamp(x)

    def _arith(self, name: str, o: Any, flip: bool = False) -> Any:
        other = try_whole(o)
        if other is None:
            names = {"iadd": "add", "isub": "sub", "imul": "mul"}
            as_real = try_real(o)
            if name not in names or as_real is None:
                return self._operand(SIGNS[name], o)
            pair = (to_real(self), as_real)
            return Real.of(trace.op(names[name], *(pair[::-1] if flip else pair)))
        pair = (self.atom, other)
        return Index.of(trace.op(name, *(pair[::-1] if flip else pair)))

    @overload
    def __add__(self, o: Index | int) -> Index: ...
    @overload
    def __add__(self, o: Real | float) -> Real: ...
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
    def __sub__(self, o: Real | float) -> Real: ...
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
    def __mul__(self, o: Real | float) -> Real: ...
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
        return Index.of(trace.op("int_clamp", either, whole(most + 1), ty=Ty(IntT(0, most))))  # says that it is >= 0

    @staticmethod
    def _divide(name: str, n: Any, d: Any) -> Any:
        a, b = try_whole(n), try_whole(d)
        if a is None:
            raise TypeMismatch(
                f"{kind(n)} {SIGNS[name]} {kind(d)} was found; expected whole numbers, or Real(i)", here()
            )
        if b is None or not (isinstance(b.ty.scalar, IntT) and b.ty.scalar.lo > 0):
            raise TypeMismatch(
                f"a whole number divided by {kind(d)} was found; expected a divisor known to be 1 or more, such as "
                "i + 1",
                here(),
            )
        return Index.of(trace.op(name, a, b))

    def __floordiv__(self, o: Index | int) -> Index:
        return self._divide("idiv", self, o)

    def __rfloordiv__(self, o: int) -> Index:
        return self._divide("idiv", o, self)

    def __mod__(self, o: Index | int) -> Index:
        return self._divide("imod", self, o)

    def __rmod__(self, o: int) -> Index:
        return self._divide("imod", o, self)

    def __truediv__(self, o: Number) -> Real:
        return Real(self) / o

    def __rtruediv__(self, o: float) -> Real:
        return o / Real(self)

    def __pow__(self, o: Any) -> Any:
        return self * self if o == 2 else Real(self) ** o

    def _compare(self, name: str, o: Any, flip: bool = False) -> Bool:
        other = try_whole(o)
        if other is None:
            reals = {"ieq": "eq", "ilt": "lt", "ile": "le"}
            pair = (to_real(self), to_real(o))
            return Bool.of(trace.op(reals[name], *(pair[::-1] if flip else pair)))
        pair = (self.atom, other)
        return Bool.of(trace.op(name, *(pair[::-1] if flip else pair)))

    def __lt__(self, o: Number) -> Bool:
        return self._compare("ilt", o)

    def __le__(self, o: Number) -> Bool:
        return self._compare("ile", o)

    def __gt__(self, o: Number) -> Bool:
        return self._compare("ilt", o, True)

    def __ge__(self, o: Number) -> Bool:
        return self._compare("ile", o, True)

    def __eq__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._compare("ieq", o)

    def __ne__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return ~self._compare("ieq", o)

    __hash__ = Value.__hash__


Number = Real | Index | float
"""What the functions of real numbers take: an Index counts as the Real of its value."""

# ------------------------------------------------------------------------------- conversions


def kind(v: object) -> str:
    """How an error message names a value."""
    if isinstance(v, Value):
        return v._kind()  # pyright: ignore[reportPrivateUsage] -- same concept, same file
    return f"{type(v).__name__} {v!r}" if isinstance(v, int | float | str | bool) else type(v).__name__


def number_hint(v: object) -> str:
    """What to write where a number is expected and v is none, as a clause of an error message."""
    if isinstance(v, Value):
        return v._as_number()  # pyright: ignore[reportPrivateUsage] -- same concept, same file
    return BOOL_HINT if is_truth(v) or (is_array(v) and v.shape == () and v.dtype == bool) else ""


def is_number(v: object) -> TypeGuard[int | float | np.integer[Any] | np.floating[Any]]:
    """Whether it is a Python or NumPy number; a truth is none."""
    return isinstance(v, int | float | np.integer | np.floating) and not isinstance(v, bool)


def try_real(v: Any) -> Atom | None:
    """The atom of a Real, an Index or a Python number; None of anything else."""
    if isinstance(v, Scalar):
        return v.as_real()
    if is_number(v):
        try:
            return real(float(v))
        except OverflowError:
            digits = len(str(abs(v))) if abs(v) < 10**4000 else "thousands of"
            raise TypeMismatch(
                f"a whole number of {digits} digits was found where a Real was expected; expected one that a 64-bit "
                "float can hold, less than 1.8e308",
                here(),
            ) from None
    if is_array(v) and v.shape == ():
        return try_real(v[()])
    return None


def to_real(v: Any) -> Atom:
    """The atom of a Real, or an error with the line."""
    atom = try_real(v)
    if atom is None:
        raise TypeMismatch(f"{kind(v)} was found where a Real was expected{number_hint(v)}", here())
    return atom


def try_whole(v: Any) -> Atom | None:
    """The atom of an Index or a Python int; None of anything else."""
    if isinstance(v, Scalar):
        return v.as_whole()
    if is_whole(v):
        return whole(_in_range(int(v)))
    if is_array(v) and v.shape == () and v.dtype.kind in "iu":
        return whole(_in_range(int(v)))
    return None


def _in_range(v: int) -> int:
    if abs(v) >= FAR:
        raise TypeMismatch(
            f"a whole number beyond 2**{abs(v).bit_length() - 1} was found; whole numbers here stay below 2**62: "
            "compute with Real",
            here(),
        )
    return v


def to_bool(v: Any) -> Atom:
    """The atom of a Bool, or an error with the line."""
    if isinstance(v, Bool):
        return v.atom
    if is_truth(v):
        return Lit(bool(v), BOOL_TY)
    raise TypeMismatch(f"{kind(v)} was found where a Bool was expected; write a comparison, such as x > 0", here())


def _number(x: Any) -> Atom:
    a = try_whole(x)
    return to_real(x) if a is None else a
