"""`vmap`: a function applied to each element of vectors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from rosesim.ad.language import types as T
from rosesim.ad.language.control.loops import batch
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import Wrt, as_call
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import VecValue
from rosesim.ad.support.budget import of_each_run
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import as_fn
from rosesim.ad.transforms.signatures import Mapped, length

R = TypeVar("R")


def vmap(f: Callable[..., R], *, over: Wrt = None) -> Fn[..., R]:
    """The function that applies f to each element of its arguments, or of those that `over` names. It gives a vector
    of the results.

    >>> from rosesim import fn, vmap, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x * y
    >>> vmap(f)([1.0, 2.0], [3.0, 4.0]), vmap(f, over=0)([1.0, 2.0], 10.0)
    (array([3., 8.]), array([10., 20.]))
    """
    g = as_fn(f)

    name = f"vmap({g.name})"

    def derived(*args: Any, **kwargs: Any) -> Any:
        row, keywords = (*args, *kwargs.values()), tuple(kwargs)
        positions = signature.mapped(len(row), keywords)
        sizes = {length(typeof(row[p])) for p in positions}
        if len(sizes) != 1 or None in sizes:
            found = ", ".join(str(typeof(row[p])) for p in positions)
            raise TypeMismatch(f"{name} over {found or 'nothing'} was found; expected vectors of one length",
                               here())  # fmt: skip
        (n,) = sizes
        assert n is not None

        def one(i: Any) -> Any:
            args, kwargs = as_call([_element(a, i) if k in positions else a for k, a in enumerate(row)], keywords)
            return g(*args, **kwargs)

        with of_each_run(n):
            return batch(n, one)

    derived.__name__ = name
    signature = Mapped(g.signature(), name, derived, over)
    made: Fn[..., Any] = Fn(derived, signature=signature)
    made.transforms(g, functools.partial(vmap, over=over))
    return made


def _element(v: Any, i: Any) -> Any:
    if isinstance(v, VecValue):
        return v[i]
    t = typeof(v)
    assert isinstance(t, T.StructType)
    return t.build([_element(p, i) for p in t.parts(v)])


__all__ = ["vmap"]
