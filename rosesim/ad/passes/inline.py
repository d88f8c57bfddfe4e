"""Writes the bodies of called functions into their callers, before machine code is made.

Differentiation keeps functions apart. After it, a function that is very small or called from only one place is better
as a part of its caller: no array is copied at the call (a loop whose step is a function that sets one element can
work in place), and LLVM need not decide whether to inline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod

from rosesim.ad.passes.share_calls import called_once
from rosesim.ad.program.ir import Block, Call, Func, Let, Opaque, all_lets, reachable
from rosesim.ad.program.rewrite import Copy

CALLER_LETS = 400
"""Inlining stops when the caller has this many lets: LLVM's time grows faster than a function's size."""

LONG_CALLER_LETS = 1_000
"""The same where the callee takes many short vectors, as a reverse pass takes a history. Only within one function can
they be stored apart, which is worth more than the time."""

MANY_VECTORS = 4_096
LONGEST_VECTOR = 16

CALLEE_LETS = 12
"""Functions of at most this many lets are inlined into every caller."""

COPIES_LETS = 4_000
"""The most lets that all copies of a function may have together. Beyond that, code costs more than calls."""


def inlined(func: Func) -> Func:
    """The same program with small functions, and functions called only once, inlined. Calls that repeat each other in
    one block then are one, and their function may be called only once."""
    new = _inlined(func)
    once = called_once(new)
    return new if once is new else _inlined(once)


def _inlined(func: Func) -> Func:
    order = [f for f in reachable(func) if not isinstance(f.body, Opaque)]
    sites = Counter(let.expr.func for f in order for let in _lets(f) if isinstance(let.expr, Call))
    new: dict[Func, Func] = {}
    size: dict[Func, int] = {}
    for f in order:
        assert isinstance(f.body, Block)
        calls = [let.expr.func for let in _lets(f) if isinstance(let.expr, Call)]
        if all(new.get(g, g) is g and not _is_better_inlined(g, size, sites) for g in calls):
            new[f] = f
            size[f] = len(_lets(f))
            continue
        writer = _Inliner(new, size, sites, len(_lets(f)))
        params = tuple(map(writer.bind, f.params))
        new[f] = Func(f.name, params, writer.block(f.body), f.where)
        size[f] = writer.size
    return new.get(func, func)


def _is_better_inlined(f: Func, size: dict[Func, int], sites: Counter[Func]) -> bool:
    """Whether a function should be inlined: it has only one call site, or it is small and its sites are few."""
    if f not in size:
        return False
    return sites[f] == 1 or (size[f] <= CALLEE_LETS and size[f] * sites[f] <= COPIES_LETS)


def _takes_vectors(f: Func) -> bool:
    """Whether a function is given an array of many short vectors."""
    shapes = [p.ty.shape for p in f.params if len(p.ty.shape) > 2 and not p.ty.ref]
    return any(1 < s[-1] <= LONGEST_VECTOR and prod(s) >= MANY_VECTORS for s in shapes)


def _lets(f: Func) -> list[Let]:
    return list(all_lets(f.body)) if isinstance(f.body, Block) else []


class _Inliner(Copy):
    """Copies a caller and replaces calls by the bodies of their callees."""

    def __init__(self, new: dict[Func, Func], size: dict[Func, int], sites: Counter[Func], own: int):
        super().__init__(func=lambda g: new.get(g, g))
        self._new, self._sizes, self._sites = new, size, sites
        self.size = own

    def lets(self, lets: Sequence[Let]) -> tuple[Let, ...]:
        """Copies of lets, with calls inlined where that pays."""
        out: list[Let] = []
        for let in lets:
            e = let.expr
            if isinstance(e, Call) and self._pays(e.func):
                out += self._body(let, e)
            else:
                out += super().lets((let,))
        return tuple(out)

    def _pays(self, f: Func) -> bool:
        most = LONG_CALLER_LETS if _takes_vectors(f) else CALLER_LETS
        if not _is_better_inlined(f, self._sizes, self._sites) or self.size + self._sizes[f] > most:
            return False
        self.size += self._sizes[f]
        return True

    def _body(self, let: Let, e: Call) -> tuple[Let, ...]:
        callee = self._new[e.func]
        assert isinstance(callee.body, Block)
        copy = Copy(dict(zip(callee.params, map(self.atom, e.args), strict=True)))
        lets = copy.lets(callee.body.lets)
        for o, r in zip(let.outs, callee.body.results, strict=True):
            self.rename(o, copy.atom(r))
        return lets
