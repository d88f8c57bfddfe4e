"""Whether two programs differ in nothing but the names of their variables."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.ir import Block, Data, Func, Guard, Let, Lit, Opaque, Var


def alike(a: Func, b: Func) -> bool:
    """Whether b, once compiled, would give what a gives: values, derivatives, messages.

    >>> from rosesim.ad.program.ir import REAL, Op
    >>> def twice(name):
    ...     x, y = Var(REAL, name), Var(REAL)
    ...     return Func("twice", (x,), Block((Let((y,), Op("add", (x, x))),), (y,)))
    >>> alike(twice("x"), twice("y"))
    True
    """
    first, second = ir.reachable(a), ir.reachable(b)
    if len(first) != len(second):
        return False
    known: dict[Any, Any] = {}
    return all(_functions(f, g, known) for f, g in zip(first, second, strict=True))


def _functions(f: Func, g: Func, known: dict[Any, Any]) -> bool:
    known[f] = g
    if f is g:
        return True
    if isinstance(f.body, Opaque) or isinstance(g.body, Opaque) or f.rules or g.rules:
        return False  # Python code, which cannot be compared, says what an opaque function or a derivative rule does
    if f.name != g.name or not _bound(f.params, g.params, known):
        return False
    stack: list[tuple[Block, Block]] = [(f.body, g.body)]
    ended: list[tuple[Block, Block]] = []
    while stack:
        p, q = stack.pop()
        ended.append((p, q))
        if len(p.lets) != len(q.lets):
            return False
        for m, n in zip(p.lets, q.lets, strict=True):
            # Nested blocks are compared after the lets around them, so that every variable that they use is known.
            if not _bound(m.outs, n.outs, known) or not _bound(ir.binders(m.expr), ir.binders(n.expr), known):
                return False
            stack += zip(ir.blocks(m.expr), ir.blocks(n.expr), strict=False)
    return all(_blocks(p, q, known) for p, q in ended)


def _bound(vs: tuple[Var, ...], ws: tuple[Var, ...], known: dict[Any, Any]) -> bool:
    if len(vs) != len(ws):
        return False
    known.update(zip(vs, ws, strict=True))
    return all(v.ty == w.ty for v, w in zip(vs, ws, strict=True))


def _blocks(p: Block, q: Block, known: dict[Any, Any]) -> bool:
    return all(_lets(m, n, known) for m, n in zip(p.lets, q.lets, strict=True)) and _same(p.results, q.results, known)


def _lets(m: Let, n: Let, known: dict[Any, Any]) -> bool:
    d, e = m.expr, n.expr
    if type(d) is not type(e) or len(ir.blocks(d)) != len(ir.blocks(e)):
        return False
    if isinstance(d, Guard) and m.where != n.where:  # its message names the line
        return False
    if isinstance(d, Data) and isinstance(e, Data):
        return d.array is e.array or not (d.live or e.live) and _same_bits(d.array, e.array)
    return all(_same(getattr(d, f.name), getattr(e, f.name), known) for f in fields(d))


def _same(x: Any, y: Any, known: dict[Any, Any]) -> bool:
    match x:
        case Var():
            return known.get(x) is y
        case Func():
            return known.get(x) is y
        case Lit():
            # By its text, which distinguishes 0.0 from -0.0 and takes NaN for NaN.
            return isinstance(y, Lit) and x.ty == y.ty and repr(x.value) == repr(y.value)
        case tuple():
            if not isinstance(y, tuple) or len(x) != len(y):  # pyright: ignore[reportUnknownArgumentType]
                return False
            return all(_same(v, w, known) for v, w in zip(x, y, strict=True))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case Block():
            return True  # it has its own entry on the stack
        case _:
            return type(x) is type(y) and bool(x == y)


def _same_bits(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
