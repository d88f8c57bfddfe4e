"""`Tan`: a traced tangent, which only linear operations take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.scalar import Scalar, is_number, to_real
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.ir import Lit, Ty
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_boolean

if TYPE_CHECKING:
    from rosesim.ad.language.values.scalar import Many


_TANGENT_HINT = (
    "; a tangent takes linear operations only: add and subtract tangents, multiply or divide one by a Real, "
    "negate, select, gather; linear_solve, and a function marked by linear(f), take one too"
)


class Tan(Scalar):
    """A tangent. It can be added to tangents and scaled by Reals; no other operation takes it.

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
                f"Tan({kind(value)}) was found; expected Tan(0.0): a number cannot become a tangent, only scale one",
                here(),
            )
        if is_boolean(value) or value != 0:
            raise TypeMismatch(f"Tan({value!r}) was found; only the zero tangent Tan(0.0) has a literal", here())
        return Tan.of(Lit(0.0, Ty(T.flatten(T.TAN)[0].scalar)))

    def _number_hint(self) -> str:
        return _TANGENT_HINT

    def _refuse_nonlinear(self, what: str) -> NoReturn:
        raise TypeMismatch(f"{what} was found{_TANGENT_HINT}", here())

    def _sum(self, name: str, o: Any) -> Tan:
        if is_number(o) and o == 0:
            return self
        if is_vector(o):
            return self._operand("+" if name == "add" else "-", o)
        if not isinstance(o, Tan):
            self._refuse_nonlinear(f"Tan {'+' if name == 'add' else '-'} {kind(o)}")
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
            self._refuse_nonlinear("the product of two tangents")
        if is_vector(o):
            return self._operand("*", o)
        return Tan.of(trace.op("mul", self.atom, to_real(o)))

    __rmul__ = __mul__

    def __truediv__(self, o: Real | float) -> Tan:
        if isinstance(o, Tan):
            self._refuse_nonlinear("a division by a tangent")
        if is_vector(o):
            return self._operand("/", o)
        return Tan.of(trace.op("div", self.atom, to_real(o)))

    def __rtruediv__(self, o: Any) -> Tan:
        self._refuse_nonlinear("a division by a tangent")

    def _compare(self, o: object) -> NoReturn:
        self._refuse_nonlinear("a comparison of a tangent")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _compare  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType] -- they only raise

    def _nonlinear(self, *_: object) -> NoReturn:
        self._refuse_nonlinear("a power, remainder or absolute value of a tangent")

    __pow__ = __rpow__ = __mod__ = __rmod__ = __abs__ = _nonlinear
    __hash__ = Value.__hash__
