"""Loops over a long range, in three parts: what lies at its borders first and last, and all between.

`x[clamp(i - 1)]`, `x[around(i + 1)]` and `where(i == 0, ...)` decide something in each iteration, but decide the
same everywhere except at the borders. LLVM takes the first iterations out of a loop for that, and never the last: its
vector loop collects such numbers one by one, and computes masks, of which WebAssembly has few operations. So the
loop is written three times, and between the borders what is decided is known: the place is i plus a number, and a
mask is true or false. Iterations keep their order and their arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rosesim.ad.program.cost import block_work
from rosesim.ad.program.ir import Atom, Lit, Loop, Op, Var
from rosesim.codegen.llvm.code import Code

SHORTEST = 32
"""Iterations from which on it is worth three loops."""
LONGEST = 2
"""Work of the body for each iteration, up to which it is. With longer ones, as of a lattice of streams in rows of
128, the iterations outside of the vectors cost what is saved."""
BORDER = 8
"""The most iterations at both borders together."""


@dataclass(frozen=True, slots=True)
class Middle:
    """The iterations from `begin` to below `end`, and what is settled there: a choice, or an index's other name."""

    begin: int
    end: int
    settled: dict[Var, Atom]


@dataclass(frozen=True, slots=True)
class _Decision:
    """Something that is decided by the index: as `then` says from `begin` to below `end`, as `orelse` says elsewhere.

    Where `orelse` is None, it is not known there.
    """

    out: Var
    begin: int
    end: int
    then: Atom
    orelse: Atom | None

    def narrowed(self, low: int, high: int) -> tuple[int, int]:
        """The largest part of a range in which it is known, or all of the range where none is large."""
        found = [(max(low, self.begin), min(high, self.end))]
        if self.orelse is not None:
            found += [(low, min(high, self.begin)), (max(low, self.end), high)]
        begin, end = max(found, key=lambda r: r[1] - r[0])
        return (begin, end) if high - low - (end - begin) <= BORDER else (low, high)

    def known(self, low: int, high: int) -> Atom | None:
        """What it is throughout a range."""
        if self.begin <= low and high <= self.end:
            return self.then
        return self.orelse if high <= self.begin or self.end <= low else None


def middle(loop: Loop, vector: int) -> Middle | None:
    """What lies between the borders of a loop; None where it has no borders.

    Borders are as long as a vector of so many numbers, or two, so that what lies between is whole vectors. With two
    numbers to a vector that would cost as much as what is left over.
    """
    if loop.reverse or loop.upto is not None or loop.test is not None or loop.lanes > 1:
        return None
    if loop.n < max(SHORTEST, block_work(loop.body) / LONGEST):
        return None
    decisions = list(_decisions(loop))
    begin, end = 0, loop.n
    for d in decisions:
        begin, end = d.narrowed(begin, end)
    if begin + loop.n - end not in range(1, BORDER + 1):
        return None
    if vector > 2 and loop.n >= 8 * vector:
        begin, end = -(-begin // vector) * vector, end if end == loop.n else end // vector * vector
    if begin >= end:
        return None
    known = {d.out: d.known(begin, end) for d in decisions}
    return Middle(begin, end, {v: a for v, a in known.items() if a is not None})


def _decisions(loop: Loop) -> Iterator[_Decision]:
    steps: dict[Var, int] = {loop.index: 0}
    """Indices that are the loop's plus a number."""

    def affine(a: Atom) -> tuple[bool, int] | None:
        """Whether an atom moves with the index, and the number that it is, or is beside the index."""
        if isinstance(a, Lit):
            return False, int(a.value)
        return (True, steps[a]) if a in steps else None

    for let in loop.body.lets:
        match let.expr:
            case Op("iadd" | "isub" as name, (a, b)):
                x, y = affine(a), affine(b)
                if x is not None and y is not None and x[0] + y[0] == 1 and (name == "iadd" or x[0]):
                    steps[let.outs[0]] = x[1] + y[1] if name == "iadd" else x[1] - y[1]
            case Op("cast", (Var() as a,)) if a in steps:
                steps[let.outs[0]] = steps[a]
            case Op("int_clamp" | "int_wrap" | "imod", (Var() as a, Lit(value=n))) if a in steps:
                yield _Decision(let.outs[0], -steps[a], int(n) - steps[a], a, None)
            case Op("ieq" | "ilt" | "ile" as name, (a, b)):
                x, y = affine(a), affine(b)
                if x is None or y is None or x[0] == y[0]:
                    continue
                true, false = Lit(True, let.outs[0].ty), Lit(False, let.outs[0].ty)
                at = y[1] - x[1] if x[0] else x[1] - y[1]  # the index where the two are equal
                match name:
                    case "ieq":
                        yield _Decision(let.outs[0], at, at + 1, true, false)
                    case _:
                        after = at + (name == "ile") if x[0] else at + (name == "ilt")
                        less, more = (true, false) if x[0] else (false, true)
                        yield _Decision(let.outs[0], after, max(after, loop.n), more, less)
            case _:
                pass


def cuts(c: Code, at: Middle, span: tuple[str, str] | None, n: int) -> tuple[str, str, str, str]:
    """Where a range begins, enters what lies between the borders, leaves that, and ends."""
    if span is None:
        return "0", str(at.begin), str(at.end), str(n)
    begin, end = span
    inner = _least(c, _most(c, begin, str(at.begin)), end)
    return begin, inner, _most(c, _least(c, end, str(at.end)), inner), end


def _least(c: Code, a: str, b: str) -> str:
    return c.let(f"select i1 {c.let(f'icmp ult i64 {a}, {b}')}, i64 {a}, i64 {b}")


def _most(c: Code, a: str, b: str) -> str:
    return c.let(f"select i1 {c.let(f'icmp ult i64 {a}, {b}')}, i64 {b}, i64 {a}")
