"""`Real`: a traced real number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.scalar import SIGNS, Scalar, to_real, try_real
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.builder import real
from rosesim.ad.program.ir import Atom
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_boolean

if TYPE_CHECKING:
    from rosesim.ad.language.values.index import Number
    from rosesim.ad.language.values.scalar import Many


class Real(Scalar):
    """A real number, 64-bit. `Real(x)` makes one from a number, an Index or a Bool (0 or 1);
    of a vector of these it makes the vector of Reals.

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
        if is_boolean(value):
            return Real.of(real(float(value)))
        atom = try_real(value)
        if atom is None and is_vector(value):
            from rosesim.ad.language.values.broadcast import elementwise  # late: it makes vectors

            return elementwise("Real", Real, value)
        return Real.of(to_real(value) if atom is None else atom)

    if TYPE_CHECKING:

        def __init__(self, value: Any = 0.0) -> None: ...
        def __set__(self, owner: Any, value: Real | float | Many) -> None: ...
        def __matmul__(self, o: Any) -> Real: ...
        def __rmatmul__(self, o: Any) -> Real: ...

    def as_real(self) -> Atom:
        """Its atom."""
        return self.atom

    def _op(self, name: str, other: Any) -> Real:
        atom = try_real(other)
        return self._operand(SIGNS[name], other) if atom is None else Real.of(trace.op(name, self.atom, atom))

    def _reflected_op(self, name: str, other: Any) -> Real:
        atom = try_real(other)
        if atom is None:
            return self._operand(SIGNS[name], other, flip=True)
        return Real.of(trace.op(name, atom, self.atom))

    def _compare(self, name: str, other: Any) -> Bool:
        atom = try_real(other)
        if atom is not None:
            return Bool.of(trace.op(name, self.atom, atom))
        if is_vector(other):
            return self._operand(SIGNS[name], other)
        raise TypeMismatch(f"a comparison of a Real with {kind(other)} was found; expected a number", here())

    def __add__(self, o: Number | Many) -> Real:
        return self._op("add", o)

    def __radd__(self, o: float | Many) -> Real:
        return self._reflected_op("add", o)

    def __sub__(self, o: Number | Many) -> Real:
        return self._op("sub", o)

    def __rsub__(self, o: float | Many) -> Real:
        return self._reflected_op("sub", o)

    def __mul__(self, o: Number | Many) -> Real:
        return self._op("mul", o)

    def __rmul__(self, o: float | Many) -> Real:
        return self._reflected_op("mul", o)

    def __truediv__(self, o: Number | Many) -> Real:
        return self._op("div", o)

    def __rtruediv__(self, o: float | Many) -> Real:
        return self._reflected_op("div", o)

    def __pow__(self, o: Number | Many) -> Real:
        if isinstance(o, int | float) and not isinstance(o, bool) and o in (-2, -1, 0.5, 0, 1, 2, 3, 4):
            return _small_power(self, o)
        return self._op("pow", o)

    def __rpow__(self, o: float | Many) -> Real:
        return self._reflected_op("pow", o)

    def __mod__(self, o: Number | Many) -> Real:
        """Python's remainder, which has the sign of the divisor. (fmod(x, y) has the sign of x.)"""
        if is_vector(o):
            return self._operand("%", o)
        y = Real.of(to_real(o))
        return self - y * Real.of(trace.op("floor", (self / y).atom))

    def __rmod__(self, o: Number | Many) -> Real:
        if is_vector(o):
            return self._operand("%", o, flip=True)
        return Real.of(to_real(o)) % self

    def __floordiv__(self, o: Number | Many) -> Real:
        """The floor of the quotient, a Real. Its derivative is 0."""
        if is_vector(o):
            return self._operand("//", o)
        return Real.of(trace.op("floor", (self / Real.of(to_real(o))).atom))

    def __rfloordiv__(self, o: Number | Many) -> Real:
        if is_vector(o):
            return self._operand("//", o, flip=True)
        return Real.of(to_real(o)) // self

    def __neg__(self) -> Real:
        return Real.of(trace.op("neg", self.atom))

    def __pos__(self) -> Real:
        return self

    def __abs__(self) -> Real:
        return Real.of(trace.op("abs", self.atom))

    def __lt__(self, o: Number | Many) -> Bool:
        return self._compare("lt", o)

    def __le__(self, o: Number | Many) -> Bool:
        return self._compare("le", o)

    def __gt__(self, o: Number | Many) -> Bool:
        return self._compare("gt", o)

    def __ge__(self, o: Number | Many) -> Bool:
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
