"""Checks of what constructs are given: sizes, functions and limits. What is unfit is refused."""

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
    BoolLike = Bool | bool
    Upto = Index | int | None

    class Unclear:
        """A class without instances: only what a type checker knows nothing about matches it."""

# The overloads tell editors what plain numbers become. They give up (Any) for a list in place of a vector and for a
# function of unknown result: the first overload that fits would be a guess there.


MOST = 2**52
"""The most elements of a loop or vector: up to here a Real can count them, and no computer finishes as many."""


def to_size(n: Any, what: str) -> int:
    """The number of elements, as an integer. Raises with the user's line if n is no size; `what` is the construct."""
    if isinstance(n, Value):
        raise TraceError(
            f"{what} over a traced number of elements was found; expected a Python integer, known while "
            "tracing: give the largest number and end earlier by upto=k",
            here(),
        )
    if not is_integer(n) or n < 0:
        raise TypeMismatch(f"{what} over {kind(n)} elements was found; expected an integer >= 0", here())
    if n > MOST:
        raise TypeMismatch(
            f"{what} over 2^{int(n).bit_length() - 1} or more elements was found; expected at most 2^52", here()
        )
    return int(n)


def to_function(f: Any, call: str, instead: str = "") -> Any:
    """f, which a construct calls. Raises with the user's line if it is no function."""
    if not callable(f):
        raise TypeMismatch(f"{kind(f)} was found in {call}; expected a function{instead}", here())
    return f


def to_function_of_index(f: Any, name: str) -> Any:
    """f, which the construct `name` calls with each index. Raises if it is no function."""
    return to_function(f, f"{name}(n, f) for f", f" of an Index, as in {name}(n, lambda i: x[i])")


def to_limit(upto: Any, n: int) -> Atom | None:
    """The number of iterations after which a loop over n ends early: `upto`, if it is given."""
    if upto is None:
        return None
    if isinstance(upto, Index | int) and not isinstance(upto, bool):
        return to_atoms(upto, T.index(n + 1))[0]
    raise TypeMismatch(f"upto={kind(upto)} was found; expected an Index[{n + 1}]", here())
