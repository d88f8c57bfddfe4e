"""Loops over a long ring, in three parts: the first place, those between, the last.

`x[around(i - 1)]` in a loop over all i of a ring is next to `x[i]` everywhere but at the first place. LLVM does not
see that: the place is a choice in each iteration, so a vector loop collects its numbers one by one. In a part the
place is i plus a number that is the same for the whole part: -1, or n - 1 in the first part. So the loop is written
once, within one over the three parts, and reads whole vectors. Iterations keep their order and their arithmetic.
"""

from __future__ import annotations

from rosesim.ad.program.ir import Lit, Loop, Op, Var
from rosesim.codegen.llvm.code import Code

SHORTEST = 1024
"""Places from which on it is worth three beginnings of a loop. The first, the last and what is left of the vectors
run one by one; with long bodies in rows of 128, as of a lattice of streams, that cost more than it saved."""


def neighbours(loop: Loop) -> dict[Var, int]:
    """The indices in a loop that are the next or the previous place of its ring: 1 or -1 for each."""
    ends_early = loop.upto is not None or loop.test is not None
    if loop.inits or loop.reverse or ends_early or loop.lanes > 1 or loop.n < SHORTEST:
        return {}
    moved: dict[Var, int] = {}
    found: dict[Var, int] = {}
    for let in loop.body.lets:
        match let.expr:
            case Op("iadd", (Var() as i, Lit(value=1))) | Op("iadd", (Lit(value=1), Var() as i)) if i is loop.index:
                moved[let.outs[0]] = 1
            case Op("isub", (Var() as i, Lit(value=1))) if i is loop.index:
                moved[let.outs[0]] = -1
            case Op("int_wrap" | "imod", (Var() as i, Lit(value=n))) if i in moved and n == loop.n:
                found[let.outs[0]] = moved[i]
            case _:
                pass
    return found


def ends(c: Code, part: str, span: tuple[str, str] | None, n: int) -> tuple[str, str]:
    """Where a part of a range begins and ends, in a ring of n. Without a span the range is the ring."""
    if span is None:
        begin, inner, last, end = "0", "1", str(n - 1), str(n)
    else:
        begin, end = span
        inner = _least(c, _most(c, begin, "1"), end)
        last = _most(c, _least(c, end, str(n - 1)), inner)
    return by_part(c, part, (begin, inner, last)), by_part(c, part, (inner, last, end))


def by_part(c: Code, part: str, of: tuple[str, str, str]) -> str:
    """The one of three numbers that belongs to a part."""
    first, last = c.let(f"icmp eq i64 {part}, 0"), c.let(f"icmp eq i64 {part}, 2")
    other = c.let(f"select i1 {last}, i64 {of[2]}, i64 {of[1]}")
    return c.let(f"select i1 {first}, i64 {of[0]}, i64 {other}")


def offset(c: Code, part: str, by: int, n: int) -> str:
    """What is added to an index of a part to reach the next or the previous place."""
    return by_part(c, part, (str(n - 1), "-1", "-1") if by < 0 else ("1", "1", str(1 - n)))


def _least(c: Code, a: str, b: str) -> str:
    return c.let(f"select i1 {c.let(f'icmp ult i64 {a}, {b}')}, i64 {a}, i64 {b}")


def _most(c: Code, a: str, b: str) -> str:
    return c.let(f"select i1 {c.let(f'icmp ult i64 {a}, {b}')}, i64 {b}, i64 {a}")
