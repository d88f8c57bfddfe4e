"""Long blocks are cut into functions, because LLVM's time grows faster than the length of a function.

A run of lets becomes a function. Its parameters are the variables that the run reads from before, its results those
that are read later. The computation is the same; only the optimiser no longer sees across the cut.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from rosesim.ad.derive.reverse.tape import packed_tape, placed
from rosesim.ad.program import ir
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Lit,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
)
from rosesim.ad.program.rewrite import with_blocks, with_lets
from rosesim.codegen.passes.whole_program import SMALL

LONG_LETS = 2_000
"""The most lets in a block that is not cut, including nested ones."""

PIECE_LETS = 600
"""The approximate number of lets in a piece."""

SMALL_VIEW_ELEMENTS = 64
"""Parts of arrays with at most so many elements are read again by each piece that needs them. Larger parts are views,
which stay outside of pieces."""


def split(func: Func) -> tuple[Func, set[Func]]:
    """The same program without long blocks, and the pieces, which must not be inlined again."""
    pieces: set[Func] = set()
    made: dict[Func, Func] = {}
    for f in ir.reachable(func):
        if isinstance(f.body, Opaque) or not (_is_long(f.body) or any(made[g] is not g for g in ir.callees(f))):
            made[f] = f
            continue
        body = _block(f.body, made, pieces, f)
        made[f] = f if body is f.body else Func(f.name, f.params, body, f.where)
    return made[func], pieces


def _is_long(block: Block) -> bool:
    """Whether some block of a function must be cut. None must if all the function's lets together are few."""
    return sum(_weight(let) for let in block.lets) > LONG_LETS


def _block(block: Block, made: dict[Func, Func], pieces: set[Func], f: Func) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        expr = with_blocks(let.expr, lambda b: _block(b, made, pieces, f), made)
        lets.append(let if expr is let.expr else Let(let.outs, expr, let.where))
    weights = [_weight(let) for let in lets]
    if sum(weights) > LONG_LETS:
        lets = _cut(lets, weights, block.results, pieces, f)
    return with_lets(block, lets)


def _weight(let: Let) -> int:
    """The number of lets that it stands for, including nested ones and those of small functions, which are
    inlined."""
    if not isinstance(let.expr, Call) and not ir.nests(let.expr):  # most are
        return 1
    nested = [inner for b in ir.blocks(let.expr) for inner in ir.all_lets(b)]
    return 1 + len(nested) + sum(_if_small(x.expr.func) for x in (let, *nested) if isinstance(x.expr, Call))


def _if_small(f: Func) -> int:
    """The number of lets of a function that is inlined into its callers; 0 if it is not."""
    if "length" not in f.memo:
        f.memo["length"] = 0 if isinstance(f.body, Opaque) else sum(1 for _ in ir.all_lets(f.body))
    return f.memo["length"] if f.memo["length"] <= SMALL else 0


def _stays(let: Let) -> bool:
    """Whether a let stays outside of pieces: its result is a ref or a large view, which a function cannot return."""
    match let.expr:
        case SubRef():
            return True
        case Get() | Stop():
            return let.outs[0].ty.size > SMALL_VIEW_ELEMENTS
        case Op() | Put() | Stack() | Fill() | Data() | Loop() | Cond() | Accum() | Add() | Guard() | Call():
            return False
        case _:
            ir.unknown(let.expr)


@dataclass(slots=True)
class _Run:
    """Consecutive lets, and whether they are long enough for a function of their own."""

    lets: list[Let]
    is_piece: bool


class _Repeated:
    """Lets that cost nothing and are repeated wherever their results are read, so that no piece has to return them.

    Each piece makes the views that it reads. If it were given both an array and a part of it, it could not overwrite
    the array, and a stack of a gigabyte would be copied each step. And thousands of scalars that are passed one by
    one cost LLVM more than everything else.
    """

    def __init__(self, lets: Iterable[Let]):
        self._lets: dict[Var, tuple[int, Let]] = {}
        self.add(lets)

    def add(self, lets: Iterable[Let]) -> None:
        """Add lets. Each must come after those that it reads."""
        for let in lets:
            self._lets[let.outs[0]] = len(self._lets), let

    def read_by(self, lets: Sequence[Let]) -> list[Let]:
        """The lets whose results these lets need, directly or not."""
        return self.making(ir.free_vars(Block(tuple(lets), ())))

    def making(self, variables: Iterable[Var]) -> list[Let]:
        """The lets that make these variables, and those whose results they need."""
        found: dict[Var, tuple[int, Let]] = {}
        pending = list(variables)
        while pending:
            v = pending.pop()
            if v in self._lets and v not in found:
                found[v] = self._lets[v]
                pending += [a for a in ir.operands(found[v][1].expr) if isinstance(a, Var)]
        return [let for _, let in sorted(found.values(), key=lambda known: known[0])]


def _cut(
    lets: Sequence[Let], weights: Sequence[int], results: Sequence[ir.Atom], pieces: set[Func], f: Func
) -> list[Let]:
    """The lets, with runs of them replaced by calls."""
    elements = _elements(lets, results)
    views = {let.outs[0]: let for let in lets if _stays(let) and isinstance(let.expr, Get | Stop)}
    repeated = _Repeated(let for let in lets if let.outs and (let.outs[0] in views or let.outs[0] in elements))
    runs = _runs(lets, weights, elements)
    # Constants come first. They are available everywhere, and in between they would interrupt runs.
    out = [let for let in lets if isinstance(let.expr, Data)]
    for run, back in zip(runs, _read_later(runs, results, repeated), strict=True):
        reads = repeated.read_by(run.lets)
        if not run.is_piece:
            out += placed(run.lets, [elements.pop(o) for let in reads if (o := let.outs[0]) in elements])
            continue
        stored, pack, unpack = _packed(back)
        body = Block((*placed(run.lets, reads), *pack), stored)
        given = tuple(ir.free_vars(body))
        piece = Func(f"{f.name}_piece", given, body, f.where)
        pieces.add(piece)
        out.append(Let(stored, Call(piece, given), run.lets[0].where))
        repeated.add(unpack)
        elements.update((let.outs[0], let) for let in unpack)
    return out + [elements[a] for a in dict.fromkeys(results) if isinstance(a, Var) and a in elements]


def _elements(lets: Sequence[Let], results: Sequence[ir.Atom]) -> dict[Var, Let]:
    """The lets that read a small part at constant places from an array of which only parts are read.

    Nothing overwrites such an array, so these lets may be written anywhere.
    """
    consumed: set[ir.Atom] = set(results)
    for let in ir.all_lets(Block(tuple(lets), ())):
        if not isinstance(let.expr, Get):
            consumed.update(ir.operands(let.expr))
        for block in ir.blocks(let.expr):
            consumed.update(block.results)
    found: dict[Var, Let] = {}
    for let in lets:
        match let.expr:
            case Get(x, idx) if x not in consumed and all(isinstance(i, Lit) for i in idx):
                if let.outs[0].ty.size <= SMALL_VIEW_ELEMENTS:
                    found[let.outs[0]] = let
            case _:
                pass
    return found


def _runs(lets: Sequence[Let], weights: Sequence[int], elements: Container[Var]) -> list[_Run]:
    """The lets in order, without constants and without those that are repeated where they are read."""
    runs: list[_Run] = []
    run: list[Let] = []
    total = 0

    def close() -> None:
        nonlocal run, total
        if run:
            runs.append(_Run(run, total > PIECE_LETS // 4))
        run, total = [], 0

    for let, weight in zip(lets, weights, strict=True):
        if isinstance(let.expr, Data) or (let.outs and let.outs[0] in elements):
            continue
        if _stays(let):
            close()
            runs.append(_Run([let], False))
            continue
        run.append(let)
        total += weight
        if total >= PIECE_LETS:
            close()
    close()
    return runs


def _read_later(runs: Sequence[_Run], results: Sequence[ir.Atom], repeated: _Repeated) -> list[list[Var]]:
    """For each run, the variables that it makes and that are read later."""
    later = set(ir.free_vars(Block((), tuple(results))))
    later.update(ir.free_vars(Block(tuple(repeated.making(later)), ())))
    found: list[list[Var]] = []
    for run in reversed(runs):
        found.append([v for let in run.lets for v in let.outs if v in later])
        later.update(ir.free_vars(Block((*repeated.read_by(run.lets), *run.lets), ())))
    return found[::-1]


def _packed(values: Sequence[Var]) -> tuple[tuple[Var, ...], list[Let], list[Let]]:
    """Many scalars of a type packed into one array: what a piece returns, the lets that pack and that unpack."""
    arrays = [v for v in values if v.ty.shape]
    packs = packed_tape([v for v in values if not v.ty.shape])
    return (*packs.stored, *arrays), packs.pack, packs.unpack
