"""The parts of a program: its operators and constructs, and which of them are nested in, or feed, which."""

from __future__ import annotations

from collections.abc import Iterator

from rosesim.ad.program import ir
from rosesim.ad.program.ir import Block, Expr, Func, Var, reachable


def name(e: Expr) -> str:
    """The construct that an expression is, as the report calls it."""
    match e:
        case ir.Op(op, _):
            return op
        case ir.Loop():
            if e.batch:
                return "vmap"
            if e.test is not None:
                return "while"
            kind = "scan" if e.carries else "vec"
            return kind + (" upto" if e.upto is not None else "")
        case ir.Call(func, _):
            if isinstance(func.body, ir.Opaque):
                return "opaque call"
            if func.rules is None:
                return "call"
            return "call with defjvp" if func.rules.jvp is not None else "call with defvjp"
        case _:
            return type(e).__name__.lower()


def covered(func: Func) -> Iterator[str]:
    """`has x` for each operator or construct, `x in y` for a construct nested in another, `x of y` for an expression
    that takes the result of another; each of them once per program."""
    seen: set[str] = set()
    for f in reachable(func):
        if isinstance(f.body, Block):
            _walk(f.body, "", {}, seen)
    yield from seen


def _walk(block: Block, outer: str, made: dict[Var, str], seen: set[str]) -> None:
    for let in block.lets:
        e = let.expr
        own = name(e)
        seen.add(f"has {own}")
        if outer:
            seen.add(f"{own} in {outer}")
        for a in ir.operands(e):
            if isinstance(a, Var) and a in made:
                seen.add(f"{own} of {made[a]}")
        for nested in ir.blocks(e):
            _walk(nested, own, made, seen)
        made.update(dict.fromkeys(let.outs, own))
