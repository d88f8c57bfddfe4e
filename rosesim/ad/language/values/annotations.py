"""The annotations `Vec` and `Struct`, and how an editor understands them."""

# Annotations are not postponed here. Examples inherit the setting from this module, and the fields of the dataclass
# in the example of `Struct` would be strings, looked up among the names of this file.

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from rosesim.ad.language import types as T
from rosesim.ad.language.values.vector import VecValue
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer

if TYPE_CHECKING:
    from typing import Annotated as Vec

    from rosesim.ad.language.values.scalar import Many, Place
else:

    class Vec(VecValue):
        """`Vec[T, n]`: n values of type T. (`Vec[n, T]` means the same, but editors refuse it.)

        To an editor it is `typing.Annotated[T, n]`: a parameter annotated `Vec[Real, 3]` is a Real that can be
        indexed, and `x[i]` is a Real.

        >>> from rosesim import fn, Real, Vec, sum
        >>> @fn
        ... def total(x: Vec[Real, 3]) -> Real:
        ...     return sum(3, lambda i: x[i])
        >>> total([1.0, 2.0, 3.0])
        6.0
        """

        __slots__ = ()

        def __class_getitem__(cls, of):
            if not isinstance(of, tuple) or len(of) != 2:
                raise TypeMismatch(f"Vec[{of}] was found; expected Vec[T, n], as in Vec[Real, 3]", here())
            elem, n = of if not _is_size(of[0]) else of[::-1]
            if n is not Ellipsis and not _is_size(n):
                raise TypeMismatch(
                    f"Vec[{elem}, {n!r}] was found; expected a Python integer n >= 0 known while tracing",
                    here(),
                )
            return T.vector_of(None if n is Ellipsis else int(n), T.declared(elem))


def _is_size(n: object) -> bool:
    return is_integer(n) and int(n) >= 0


class Struct:
    """A base class for dataclasses that are elements of vectors. At run time it is empty. It tells an editor that a
    value annotated `Vec[Ball, n]`, to it a Ball, can be indexed, and that the element is a Ball.

    >>> from dataclasses import dataclass
    >>> from rosesim import fn, sum, Real, Struct, Vec
    >>> @dataclass(frozen=True)
    ... class Ball(Struct):
    ...     mass: Real
    ...     speed: Real
    >>> @fn
    ... def momentum(balls: Vec[Ball, 2]) -> Real:
    ...     return sum(2, lambda i: balls[i].mass * balls[i].speed)
    >>> momentum([Ball(1.0, 2.0), Ball(3.0, 4.0)])
    14.0
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __getitem__(self, i: Any) -> Self: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Self]: ...
        @property
        def at(self) -> Place[Self]:
            """Updates of an element: see `Vec`."""
            ...

        # As a field of another dataclass: what reading gives, and what may be assigned.
        def __get__(self, owner: Any, kind: Any = None) -> Self: ...
        def __set__(self, owner: Any, value: Self | Many) -> None: ...


__all__ = ["Struct", "Vec"]
