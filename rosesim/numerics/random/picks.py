"""Random elements and random orders."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.structures import is_traced
from rosesim.ad.language.values.vector import as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer
from rosesim.numerics.random.draws import Shape, below, drawn, unit
from rosesim.numerics.random.keys import DRAWS, Key, block, to_key


def choice(key: Key, of: Any, shape: Shape = (), weights: Any = None) -> Any:
    """Random elements of a vector, or indices below n where `of` is an integer n; an element may come again
    (`permutation` draws without). With weights, a vector of as many numbers that are not negative, each comes with
    the probability of its share. Negative weights, NaN and zeros alone are refused; a running program stops at them.

    A draw reads the sums of the weights as often as n has bits. It has no derivative by the weights.

    >>> from rosesim import fn, random
    >>> @fn
    ... def coins(key: random.Key):
    ...     return random.choice(key, [-1.0, 1.0], 4), random.choice(key, 3, 4, weights=[0.0, 1.0, 0.0])
    >>> steps, certain = coins(random.key(0))
    >>> abs(steps).tolist(), certain.tolist()
    ([1.0, 1.0, 1.0, 1.0], [1, 1, 1, 1])
    """
    n, x = _elements(of, "choice")
    if weights is None:
        return drawn(key, shape, "choice", lambda a, b: _at(x, below(a, b, n)))
    w = as_vec(weights)
    if w is None or len(w) != n:
        raise TypeMismatch(
            f"{kind(weights) if w is None else w.type} was found in choice for the weights; expected a vector of {n}",
            here(),
        )
    _refuse_weights(w, weights)
    sums = scan(lambda total, i: (total + w[i], total + w[i]), 0.0, n)[1]

    return drawn(key, shape, "choice", lambda a, b: _at(x, weighted(a, b, sums)))


def _refuse_weights(w: Any, weights: Any) -> None:
    """Raise for constant weights that are no shares; stop the program for such weights of its run."""
    message = "{} was found in choice for the weights; expected numbers that are not negative, with a positive sum"
    if not is_traced(weights):
        known = np.asarray(weights, float)
        if not (known >= 0.0).all() or not 0.0 < known.sum() < math.inf:
            raise TypeMismatch(message.format(known.tolist()), here())
        return
    n = len(w)
    bad = ~((sum(n, lambda i: w[i]) > 0.0) & (sum(n, lambda i: select(w[i] >= 0.0, 0.0, Real(1.0))) == 0.0))
    b = trace.building()
    b.where = here()
    b.guard(trace.frame().resolve(bad.atom), message.format("a negative number, NaN or only zeros"))


def permutation(key: Key, of: Any) -> Any:
    """The elements of a vector in random order, or the indices below n where `of` is an integer n (Fisher and Yates's
    shuffle). Its first m elements are m different ones.

    >>> from rosesim import fn, random
    >>> @fn
    ... def order(key: random.Key):
    ...     return random.permutation(key, 5)
    >>> sorted(order(random.key(0)).tolist())
    [0, 1, 2, 3, 4]
    """
    to_key(key, "permutation")
    n, x = _elements(of, "permutation")

    def swap(order: Any, i: Index) -> Any:
        j = Index[n].clamp(i + below(*block(key, i, DRAWS), n - i))
        here_, there = order[i], order[j]
        return order.at[i].set(there).at[j].set(here_)

    order = scan(swap, vec(n, lambda i: i), n)
    return order if x is None else vec(n, lambda i: x[order[i]])


def weighted(a: Index, b: Index, sums: Any) -> Index:
    """The index of the first sum of weights that is at least t, by halving. t is in (0, total], so that no element of
    weight zero is taken."""
    n = len(sums)
    t = (1.0 - unit(a, b)) * sums[n - 1]
    at: Any = 0
    for k in reversed(range((n - 1).bit_length())):
        next = at + 2**k
        behind = (next <= n - 1) & (sums[Index[n].clamp(next - 1)] < t)
        at = select(behind, next, at)
    return Index[n].clamp(at)


def _at(x: Any, i: Index) -> Any:
    return i if x is None else x[i]


def _elements(of: Any, what: str) -> tuple[int, Any]:
    """How many there are to choose from, and the vector of them."""
    x = None if is_integer(of) else as_vec(of)
    n = int(of) if is_integer(of) else 0 if x is None else len(x)
    if n < 1:
        found = f"{of}" if is_integer(of) else kind(of) if x is None else "a vector without elements"
        raise TypeMismatch(f"{found} was found in {what}; expected a vector, or an integer of at least 1", here())
    return n, x
