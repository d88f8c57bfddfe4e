"""`Bool`: a traced boolean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.refused import BOOL_HINT, Value, kind
from rosesim.ad.language.values.scalar import Scalar
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.ir import BOOL as BOOL_TY
from rosesim.ad.program.ir import Atom, Lit
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_boolean

if TYPE_CHECKING:
    from rosesim.ad.language.values.scalar import Many


class Bool(Scalar):
    """A boolean. `&`, `|`, `^`, `~` combine booleans; `cond` and `select` choose by one.

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
        """A Bool of a boolean. A number is refused."""
        return Bool.of(to_bool(value))

    def _number_hint(self) -> str:
        return BOOL_HINT

    def _refuse_arithmetic(self, *_: object) -> NoReturn:
        raise TypeMismatch(f"arithmetic on a Bool was found; expected a number{BOOL_HINT}", here())

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse_arithmetic
    __pow__ = __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = _refuse_arithmetic
    __neg__ = __pos__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse_arithmetic

    if TYPE_CHECKING:

        def __init__(self, value: Any = False) -> None: ...
        def __set__(self, owner: Any, value: Bool | bool | np.bool_ | Many) -> None: ...

    def _logical(self, name: str, other: Any) -> Bool:
        if is_vector(other):
            return self._operand({"and": "&", "or": "|", "xor": "^"}[name], other)
        return Bool.of(trace.op(name, self.atom, to_bool(other)))

    def __and__(self, o: Bool | bool | Many) -> Bool:
        return self._logical("and", o)

    def __or__(self, o: Bool | bool | Many) -> Bool:
        return self._logical("or", o)

    def __xor__(self, o: Bool | bool | Many) -> Bool:
        return self._logical("xor", o)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Bool:
        return Bool.of(trace.op("not", self.atom))

    def __eq__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._operand("==", o) if is_vector(o) else ~self._logical("xor", o)

    def __ne__(self, o: object) -> Bool:  # pyright: ignore[reportIncompatibleMethodOverride] -- traced
        return self._logical("xor", o)

    __hash__ = Value.__hash__


def to_bool(v: Any) -> Atom:
    """The atom of a Bool. Raises with the user's line if v is no boolean."""
    if isinstance(v, Bool):
        return v.atom
    if is_boolean(v):
        return Lit(bool(v), BOOL_TY)
    raise TypeMismatch(f"{kind(v)} was found where a Bool was expected; write a comparison, such as x > 0", here())
