"""Python's operators on vectors: element by element."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rosesim.ad.language import types as T
from rosesim.ad.language.values.refused import Value
from rosesim.ad.support.typeguards import is_array, is_list

if TYPE_CHECKING:
    from rosesim.ad.language.values.vector import VecValue


class VectorOperators(Value):
    """Python's operators on vectors. They work element by element, and broadcast as NumPy's (`broadcast`)."""

    __slots__ = ()
    type: T.VecType

    def _zip(self, sign: str, o: Any, *, flip: bool = False) -> VecValue:
        from rosesim.ad.language.values.broadcast import OPERATORS, elementwise  # late: it makes vectors

        f = OPERATORS[sign]
        return elementwise(sign, f, o, self) if flip else elementwise(sign, f, self, o)

    def _map(self, sign: str, f: Callable[[Any], Any]) -> VecValue:
        from rosesim.ad.language.values.broadcast import elementwise  # late: it makes vectors

        return elementwise(sign, f, self)

    def __add__(self, o: Any) -> VecValue:
        return self._zip("+", o)

    def __radd__(self, o: Any) -> VecValue:
        return self._zip("+", o, flip=True)

    def __sub__(self, o: Any) -> VecValue:
        return self._zip("-", o)

    def __rsub__(self, o: Any) -> VecValue:
        return self._zip("-", o, flip=True)

    def __mul__(self, o: Any) -> VecValue:
        return self._zip("*", o)

    def __rmul__(self, o: Any) -> VecValue:
        return self._zip("*", o)  # the same product for a number on either side, so that it is computed once

    def __truediv__(self, o: Any) -> VecValue:
        return self._zip("/", o)

    def __rtruediv__(self, o: Any) -> VecValue:
        return self._zip("/", o, flip=True)

    def __pow__(self, o: Any) -> VecValue:
        return self._zip("**", o)

    def __rpow__(self, o: Any) -> VecValue:
        return self._zip("**", o, flip=True)

    def __mod__(self, o: Any) -> VecValue:
        return self._zip("%", o)

    def __rmod__(self, o: Any) -> VecValue:
        return self._zip("%", o, flip=True)

    def __floordiv__(self, o: Any) -> VecValue:
        return self._zip("//", o)

    def __rfloordiv__(self, o: Any) -> VecValue:
        return self._zip("//", o, flip=True)

    def __and__(self, o: Any) -> VecValue:
        return self._zip("&", o)

    def __or__(self, o: Any) -> VecValue:
        return self._zip("|", o)

    def __xor__(self, o: Any) -> VecValue:
        return self._zip("^", o)

    def __rand__(self, o: Any) -> VecValue:
        return self._zip("&", o, flip=True)

    def __ror__(self, o: Any) -> VecValue:
        return self._zip("|", o, flip=True)

    def __rxor__(self, o: Any) -> VecValue:
        return self._zip("^", o, flip=True)

    def __lshift__(self, o: Any) -> VecValue:
        return self._zip("<<", o)

    def __rlshift__(self, o: Any) -> VecValue:
        return self._zip("<<", o, flip=True)

    def __rshift__(self, o: Any) -> VecValue:
        return self._zip(">>", o)

    def __rrshift__(self, o: Any) -> VecValue:
        return self._zip(">>", o, flip=True)

    def __neg__(self) -> VecValue:
        return self._map("-", operator.neg)

    def __abs__(self) -> VecValue:
        return self._map("abs", operator.abs)

    def __invert__(self) -> VecValue:
        return self._map("~", operator.invert)

    def __lt__(self, o: Any) -> VecValue:
        return self._zip("<", o)

    def __le__(self, o: Any) -> VecValue:
        return self._zip("<=", o)

    def __gt__(self, o: Any) -> VecValue:
        return self._zip(">", o)

    def __ge__(self, o: Any) -> VecValue:
        return self._zip(">=", o)

    def __eq__(self, o: object) -> Any:
        return self._zip("==", o)

    def __ne__(self, o: object) -> Any:
        return self._zip("!=", o)

    def __matmul__(self, o: Any) -> Any:
        from rosesim.ad.language.linalg import matmul  # late: it is written on top of vectors

        return matmul(self, o)

    def __rmatmul__(self, o: Any) -> Any:
        from rosesim.ad.language.linalg import matmul  # late: it is written on top of vectors

        return matmul(o, self)

    __hash__ = Value.__hash__


def is_vector(v: object) -> bool:
    """Whether operators take v for a vector: a traced one, a list, or an array that is not a number."""
    return isinstance(v, VectorOperators) or is_list(v) or (is_array(v) and v.ndim > 0)
