"""What constructs are given: sizes, functions and limits, or the refusal of what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.vector import to_atoms
from rosesim.ad.program.ir import Atom
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer

if TYPE_CHECKING:
    Truth = Bool | bool
    Upto = Index | int | None

    class Unclear:
        """Nothing is one of these but what a type checker knows nothing of."""

# The overloads tell editors what becomes of plain numbers. They give up (Any) where a list stands for a
# vector and where a function's result is unknown: there the first overload that fits would be a guess.


MOST = 2**52
"""Elements of a loop or a vector: a Real still tells them apart, and no computer is done with as many."""


def to_size(n: Any, what: str) -> int:
    """How many elements `what` goes over, or an error with the line."""
    if isinstance(n, Value):
        raise TraceError(
            f"{what} over a traced number of elements was found; expected a Python whole number, known while "
            "tracing: give the largest number and end earlier by upto=k",
            here(),
        )
    if not is_integer(n) or n < 0:
        raise TypeMismatch(f"{what} over {kind(n)} elements was found; expected a whole number >= 0", here())
    if n > MOST:
        raise TypeMismatch(
            f"{what} over 2^{int(n).bit_length() - 1} or more elements was found; expected at most 2^52", here()
        )
    return int(n)


def to_function(f: Any, call: str, instead: str = "") -> Any:
    """f, which a construct calls, or an error with the line."""
    if not callable(f):
        raise TypeMismatch(f"{kind(f)} was found in {call}; expected a function{instead}", here())
    return f


def to_function_of_index(f: Any, name: str) -> Any:
    """f, which `name` calls with each index."""
    other = {"min": "; minimum(x, y) is of two numbers", "max": "; maximum(x, y) is of two numbers"}.get(name, "")
    return to_function(f, f"{name}(n, f) for f", f" of an Index, as in {name}(n, lambda i: x[i]){other}")


def to_limit(upto: Any, n: int) -> Atom | None:
    """The number of elements after which a loop over n ends: `upto`, where it is given."""
    if upto is None:
        return None
    if isinstance(upto, Index | int) and not isinstance(upto, bool):
        return to_atoms(upto, T.index(n + 1))[0]
    raise TypeMismatch(f"upto={kind(upto)} was found; expected an Index[{n + 1}]", here())
