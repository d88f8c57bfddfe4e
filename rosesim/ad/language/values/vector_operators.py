"""Python's operators on vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from rosesim.ad.language import types as T
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array, is_list

if TYPE_CHECKING:
    from rosesim.ad.language.values.vector import VecValue


class VectorOperators(Value):
    """Python's operators on vectors. They work element by element, or are refused with what to write instead."""

    __slots__ = ()
    type: T.VecType

    def _zip(self, o: Any, f: Callable[[Any, Any], Any], sign: str) -> VecValue:
        """The vector of f(a, b) for the elements a and b of both."""
        raise NotImplementedError

    def _map(self, f: Callable[[Any], Any]) -> VecValue:
        """The vector of f(a) for each element a."""
        raise NotImplementedError

    def __add__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: a + b, "+")

    def __radd__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: b + a, "+")

    def __sub__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: a - b, "-")

    def __rsub__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: b - a, "-")

    def __neg__(self) -> VecValue:
        return self._map(lambda a: -a)

    def __mul__(self, o: Any) -> VecValue:
        if _is_vector(o):
            raise TypeMismatch(
                f"{self.type} * {kind(o)} was found; expected a number: dot(a, b) and a @ b are the products of "
                "vectors, vec(n, lambda i: a[i] * b[i]) multiplies element by element",
                here(),
            )
        return self._map(lambda a: a * o)

    def __rmul__(self, o: Any) -> VecValue:
        return self.__mul__(o)

    def __truediv__(self, o: Any) -> VecValue:
        if _is_vector(o):
            raise TypeMismatch(f"{self.type} / {kind(o)} was found; expected a number", here())
        return self._map(lambda a: a / o)

    def __matmul__(self, o: Any) -> Any:
        from rosesim.ad.language.linalg import matmul  # late: it is written on top of vectors

        return matmul(self, o)

    def __rmatmul__(self, o: Any) -> Any:
        from rosesim.ad.language.linalg import matmul  # late: it is written on top of vectors

        return matmul(o, self)

    def _not_at_once(self, found: str, instead: str) -> NoReturn:
        raise TypeMismatch(
            f"{found} was found; expected numbers: vec({self.type.n}, lambda i: {instead}) computes element by "
            "element",
            here(),
        )

    def __pow__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{self.type} ** {kind(o)}", "x[i] ** p")

    def __rpow__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} ** {self.type}", "a ** x[i]")

    def __rtruediv__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} / {self.type}", "a / x[i]")

    def __mod__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{self.type} % {kind(o)}", "x[i] % y")

    def __rmod__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} % {self.type}", "a % x[i]")

    def __floordiv__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{self.type} // {kind(o)}", "x[i] // y")

    def __rfloordiv__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} // {self.type}", "a // x[i]")

    def __abs__(self) -> NoReturn:
        self._not_at_once(f"abs of {self.type}", "abs(x[i])")

    def __invert__(self) -> NoReturn:
        self._not_at_once(f"~ {self.type}", "~x[i]")

    def _logical(self, o: Any) -> NoReturn:
        self._not_at_once(f"&, | or ^ of {self.type} and {kind(o)}", "x[i] & y[i]")

    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _logical

    def _ordered(self, o: object) -> NoReturn:
        raise TypeMismatch(
            f"a comparison of {self.type} with {kind(o)} was found; expected numbers: all({self.type.n}, lambda i: "
            f"x[i] > c) is one boolean, vec({self.type.n}, lambda i: x[i] > c) one for each element",
            here(),
        )

    __lt__ = __le__ = __gt__ = __ge__ = _ordered

    def __eq__(self, o: object) -> Any:
        raise TypeMismatch(
            f"{self.type} == {kind(o)} was found; expected a comparison of numbers: all(n, lambda i: a[i] == b[i])",
            here(),
        )

    def __ne__(self, o: object) -> Any:
        raise TypeMismatch(
            f"{self.type} != {kind(o)} was found; expected a comparison of numbers: any(n, lambda i: a[i] != b[i])",
            here(),
        )

    __hash__ = Value.__hash__


def _is_vector(v: Any) -> bool:
    return isinstance(v, VectorOperators) or is_list(v) or (is_array(v) and v.ndim > 0)
