"""What traced scalars share: each wraps an atom of the program. And the atoms of operands of Python's operators.

Python's operators append to the open block. Whatever would make Python ask for the value itself (a boolean, a float,
an array) is refused, with the line and what to write (`refused`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeGuard, TypeVar

import numpy as np

from rosesim.ad.language.values.refused import Value, kind, number_hint
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.builder import FAR, integer, real
from rosesim.ad.program.ir import Atom
from rosesim.ad.program.ops import OPS
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array, is_integer

SIGNS = {name: row.spelling for name, row in OPS.items() if row.spelling} | {"pow": "**"}
"""Operators as the user writes them. Only the power differs from what programs show."""


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
        """The atom of its value where a Real is expected; None if it is no number."""
        return None

    def as_integer(self) -> Atom | None:
        """The atom of its value where an integer is expected; None if it is no integer."""
        return None

    def __repr__(self) -> str:
        return f"<traced {kind(self)}>"

    def _operand(self, sign: str, other: Any, *, flip: bool = False) -> Any:
        """The answer of an operator to an operand that is no number: a vector, a tangent or the user's class may
        know. A list or an array is taken for a vector; `flip` says that it stands on the left."""
        if isinstance(other, Value) and other._takes_scalars:
            return NotImplemented
        if is_vector(other):
            from rosesim.ad.language.values.broadcast import OPERATORS, elementwise  # late: it makes vectors

            f = OPERATORS[sign]
            return elementwise(sign, f, other, self) if flip else elementwise(sign, f, self, other)
        if not isinstance(other, Value) and type(other).__module__ not in ("builtins", "numpy"):
            return NotImplemented
        raise TypeMismatch(
            f"{kind(self)} {sign} {kind(other)} was found; expected a number{number_hint(other)}", here()
        )

    if TYPE_CHECKING:
        # What an annotation `Vec[Real, 3]` means to an editor: see `Vec`.
        def __getitem__(self, i: Any) -> Self: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Self]: ...
        @property
        def at(self) -> Place[Self]:
            """Updates of an element: see `Vec`."""
            ...

        # A dataclass's field of this type, to an editor: reading gives this type, and the dataclass accepts what
        # __set__ of the class takes.
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
    """What may be given for a vector where an editor expects a scalar's type: to an editor, `Vec[Real, 3]` is a
    Real."""


def is_number(v: object) -> TypeGuard[int | float | np.integer[Any] | np.floating[Any]]:
    """Whether it is a Python or NumPy number. A boolean is neither."""
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
                f"an integer of {digits} digits was found where a Real was expected; expected one that a 64-bit "
                "float can hold, less than 1.8e308",
                here(),
            ) from None
    if is_array(v) and v.shape == ():
        return try_real(v[()])
    return None


def to_real(v: Any) -> Atom:
    """The atom of a Real. Raises with the user's line if v is no number."""
    atom = try_real(v)
    if atom is None:
        raise TypeMismatch(f"{kind(v)} was found where a Real was expected{number_hint(v)}", here())
    return atom


def try_integer(v: Any) -> Atom | None:
    """The atom of an Index or a Python int; None of anything else."""
    if isinstance(v, Scalar):
        return v.as_integer()
    if is_integer(v):
        return integer(_in_range(int(v)))
    if is_array(v) and v.shape == () and v.dtype.kind in "iu":
        return integer(_in_range(int(v)))
    return None


def _in_range(v: int) -> int:
    if abs(v) >= FAR:
        raise TypeMismatch(
            f"an integer beyond 2**{abs(v).bit_length() - 1} was found; integers here stay below 2**62: "
            "compute with Real",
            here(),
        )
    return v
