"""The primal part of a function with tangents: the function without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rosesim.ad.derive.reverse.pair import is_tan
from rosesim.ad.passes.tidy import tidied_primal
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    unknown,
)
from rosesim.ad.program.rewrite import fresh

Versions = dict[Let, tuple[Let, ...]]
"""The primal versions of lets that also return what their reverse reads."""


def primal_lets(lets: Sequence[Let], versions: Versions) -> tuple[Let, ...]:
    """The primal part of lets, with their `versions` where there are some."""
    out: list[Let] = []
    for let in lets:
        known = versions.get(let)
        if known is not None:
            out += known
            continue
        new = _primal_let(let, versions)
        if new is not None:
            out.append(new)
    return tuple(out)


def _primal_let(let: Let, versions: Versions) -> Let | None:
    e = let.expr
    match e:
        case Loop() | Cond() | Accum():
            return primal_nested(let, versions, (), {})
        case Call(func, args):
            if not any(map(is_tan, args)):
                return let
            if isinstance(func.body, Opaque):
                return None  # a function that is declared linear computes tangents alone
            outs = tuple(o for o in let.outs if not is_tan(o))
            return Let(outs, Call(primal_of(func), tuple(a for a in args if not is_tan(a))), let.where)
        case Add(ref, _, _):
            return None if is_tan(ref) else let
        case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | SubRef() | Guard():
            return None if any(map(is_tan, let.outs)) else let
        case _:
            unknown(e)


def primal_nested(let: Let, versions: Versions, extra_outs: Sequence[Var], extra: dict[Block, Sequence[Atom]]) -> Let:
    """The primal version of a let with blocks; each block returns its `extra` after its own results."""

    def side(block: Block) -> Block:
        return Block(
            primal_lets(block.lets, versions),
            (*(r for r in block.results if not is_tan(r)), *extra.get(block, ())),
        )

    e = let.expr
    kept = tuple(o for o in let.outs if not is_tan(o))
    match e:
        case Loop():
            pairs = [(c, a) for c, a in zip(e.carries, e.inits, strict=True) if not is_tan(c)]
            carries, inits = tuple(c for c, _ in pairs), tuple(a for _, a in pairs)
            new = replace(e, inits=inits, carries=carries, body=side(e.body))
            end = len(kept) - (e.test is not None)
            return Let((*kept[:end], *extra_outs, *kept[end:]), new, let.where)
        case Cond(p, then, orelse):
            return Let((*kept, *extra_outs), Cond(p, side(then), side(orelse)), let.where)
        case Accum():
            pairs = [(r, a) for r, a in zip(e.refs, e.inits, strict=True) if not is_tan(r)]
            new = Accum(tuple(a for _, a in pairs), tuple(r for r, _ in pairs), side(e.body))
            m = len(kept) - len(pairs)
            return Let((*kept[:m], *extra_outs, *kept[m:]), new, let.where)
        case _:
            raise AssertionError(e)


def primal_of(func: Func) -> Func:
    """The primal part of a function with tangents."""
    if "primal" not in func.memo:
        assert isinstance(func.body, Block)
        lets = primal_lets(func.body.lets, {})
        params = tuple(p for p in func.params if not is_tan(p))
        results = tuple(r for r in func.body.results if not is_tan(r))
        body = Func(func.name, params, Block(lets, results), func.where)
        func.memo["primal"] = tidied_primal(fresh(body))
    return func.memo["primal"]
