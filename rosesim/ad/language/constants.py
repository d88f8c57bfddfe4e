"""Python values that a trace takes as constants: `const`, defaults that a call leaves out, arguments of a partial."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from rosesim.ad.dependencies.reach import TAKERS
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import fitted, is_traced, typeof
from rosesim.ad.language.values.vector import lift, of_atoms, to_atoms
from rosesim.ad.support.errors import RosesimError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import class_of, holds_boolean, is_array, is_dict, is_list, is_tuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    class UnclearNumber(np.void):
        """The type of no array's elements. Only an array of Any matches it, which may hold booleans: NumPy's own
        annotations say no more of `np.array([True, False])`."""


@overload
def const(array: NDArray[UnclearNumber]) -> Any: ...
@overload
def const(array: NDArray[np.floating[Any]]) -> Real: ...
@overload
def const(array: NDArray[np.bool_]) -> Bool: ...
@overload
def const(array: NDArray[np.integer[Any]]) -> Index: ...
@overload
def const(array: Any) -> Any: ...
def const(array: Any) -> Any:
    """A constant array as a traced vector. A large array is passed to the program at run time, not written into it.

    Floats become Real, integers Index[max + 1], booleans Bool.

    >>> import numpy as np
    >>> from rosesim import fn, const, sum, Real
    >>> table = np.array([1.0, 2.0, 4.0])
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return sum(3, lambda i: const(table)[i]) * x
    >>> f(2.0)
    14.0
    """
    if is_traced(array):
        raise TypeMismatch("const of traced values was found; expected numbers: stack([a, b]) makes a vector of them",
                           here())  # fmt: skip
    a = np.asarray(array)
    if a.dtype != np.bool_ and holds_boolean(array):
        raise TypeMismatch("const of numbers with a boolean among them was found; expected numbers: float(p) makes a "
                           "number of a boolean", here())  # fmt: skip
    t = typeof(a)
    if a.dtype.kind in "iu" and a.size and a.min() >= 0:
        t = T.swap_scalars(t, T.RealType, T.from_annotation(Index[int(a.max()) + 1]))
    return lift(a, t)


TAKERS.append(const)


def constant(v: Any, d: T.Declared | None) -> Any:
    """v as a function under trace sees it, if it is no argument of the program.

    With an annotated type, v is a traced constant. Without one, numbers stay Python's, so that they can decide a
    `range` or an `if`, and so does whatever is no value of the language. Arrays and lists become vectors, as they
    would as arguments: `k + k` must not add in one case and concatenate in the other. If nothing needs to change, the
    result is v itself.
    """
    if d is not None:
        t = fitted(d, v, "a default")
        return of_atoms(t, to_atoms(v, t))
    if is_array(v) or is_list(v):
        try:
            if is_array(v) and v.dtype.names is None and v.ndim:
                return const(v)
            t = typeof(v)
        except RosesimError:
            return v  # a list of strings or functions, or an empty one, stays Python's
        return of_atoms(t, to_atoms(v, t)) if isinstance(t, T.VecType) else v
    if T.is_struct_class(class_of(v)):
        fields = T.fields_of(class_of(v))
        names = list(fields)
        was = [getattr(v, n) for n in names]
        kept = [None if isinstance(d, T.Unknown) or not (is_array(x) or is_list(x)) else d
                for d, x in zip(fields.values(), was, strict=True)]  # fmt: skip
        now = [constant(x, d) for x, d in zip(was, kept, strict=True)]
        return v if _all_same(now, was) else _replaced(v, dict(zip(names, now, strict=True)))
    if is_tuple(v) and type(v) is tuple:
        now = [constant(x, None) for x in v]
        return v if _all_same(now, v) else tuple(now)
    if is_dict(v) and type(v) is dict:
        new = {k: constant(x, None) for k, x in v.items()}
        return v if _all_same(list(new.values()), list(v.values())) else new
    return v


def is_same(a: Any, b: Any) -> bool:
    """Whether a trace sees no difference between two equal objects: `==` may skip fields, and 0.0 == -0.0."""
    kind = class_of(a)
    if a is b:
        return True
    if kind is not class_of(b):
        return False
    if isinstance(a, int | float | str | bytes | None):
        return repr(a) == repr(b)
    if is_tuple(a) and is_tuple(b) and kind is tuple:
        return len(a) == len(b) and all(is_same(a[k], b[k]) for k in range(len(a)))
    if T.is_struct_class(kind) and hasattr(a, "__dict__"):
        held, other = dict[str, Any](vars(a)), dict[str, Any](vars(b))
        return held.keys() == other.keys() and all(is_same(v, other[n]) for n, v in held.items())
    return False


def _all_same(now: Any, was: Any) -> bool:
    return all(a is b for a, b in zip(now, was, strict=True))


def _replaced(v: Any, fields: dict[str, Any]) -> Any:
    """A copy with other fields. The class's `__init__` and `__post_init__` do not run."""
    if is_tuple(v):
        return class_of(v)(**fields)
    made = copy.copy(v)
    for name, x in fields.items():
        object.__setattr__(made, name, x)
    return made
