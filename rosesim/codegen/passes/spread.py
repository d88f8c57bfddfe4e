"""The iterations of a heavy, independent loop spread over the lanes of vector registers.

`sum(starts, run)` and `vec(rows, trace)` say what `vmap` says: each iteration is a run by itself. Where a run is made
of loops that go on step by step, no vector unit can help within it; but several runs go on side by side as those of
a batch do. Lane l takes the runs l, lanes + l, 2 lanes + l, ... one after the other; what all runs add to, a sum
carried from run to run or a ref of outside, each lane sums for itself, and the lanes' sums are added at the end. The
few runs that are left go one after the other.

This adds in another order, so strict code does not take it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rosesim.ad.program import ir
from rosesim.ad.program.builder import joining, zero
from rosesim.ad.program.cost import block_work, work
from rosesim.ad.program.effects import effects
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    BoolT,
    Call,
    Cond,
    Fill,
    FloatT,
    Func,
    Get,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Opaque,
    Ty,
    Var,
    index_ty,
)
from rosesim.ad.program.rewrite import Copy, rewritten, with_blocks, with_lets

LEAST_WORK = 20_000
"""The fewest operations, in all runs, for which a loop is spread: with fewer, the private sums cost too much."""

LONG_ENOUGH = 32
"""Iterations from which on LLVM vectorises a loop within a run by itself."""

SHARE_OF_SUMS = 64
"""The numbers that all runs add to must be so many times fewer than the operations of all runs: each lane clears its
own, and four are taken apart and added."""


def spread(func: Func, lanes: int) -> Func:
    """The program with each such loop as a batch loop over the lanes. Each lane executes its share of the runs in
    sequence."""
    return rewritten(func, lambda f, block, made: _block(block, made, lanes), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func], lanes: int) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = let.expr
        if isinstance(e, Loop) and e.batch:
            lets.append(let)
        elif isinstance(e, Loop) and _can_be_spread(let, e, lanes) and _is_worth(e) and not _has_better(e, lanes):
            lets.extend(_spread(let, e, lanes))
        else:
            new = with_blocks(e, lambda b: _block(b, made, lanes), made)
            lets.append(let if new is e else Let(let.outs, new, let.where))
    return with_lets(block, lets)


# ------------------------------------------------------------------------------------- whether


def _can_be_spread(let: Let, e: Loop, lanes: int) -> bool:
    """Whether a loop has enough iterations, they share nothing but what they add to, and none can end the program or
    call opaque code."""
    if e.upto is not None or e.test is not None or e.lanes > 1 or e.n < 2 * lanes:
        return False
    if any(not is_sum(e, k) for k in range(len(e.carries))):
        return False
    outputs = e.body.results[len(e.carries) :]
    kinds = [*(r.ty.scalar for r in outputs), *(v.ty.scalar for v in ir.free_vars(e.body) if v.ty.ref)]
    if any(not isinstance(s, FloatT | BoolT) for s in kinds) or any(x.ref is None for x in effects(e.body.lets)):
        return False
    called = [f for x in ir.all_lets(e.body) if isinstance(x.expr, Call) for f in ir.reachable(x.expr.func)]
    return not any(isinstance(f.body, Opaque) for f in called)


def is_sum(e: Loop, k: int) -> bool:
    """Whether a carry is a scalar that each iteration adds one term to, and does not look at; `or` is the sum of
    booleans."""
    return _term(e, k) is not None


def _term(e: Loop, k: int) -> Atom | None:
    """What an iteration adds to a carry that is a sum."""
    carry, result = e.carries[k], e.body.results[k]
    if carry.ty.shape or not isinstance(carry.ty.scalar, FloatT | BoolT):
        return None
    named = sum(1 for x in ir.all_lets(e.body) for a in ir.operands(x.expr) if a is carry)
    named += sum(1 for x in ir.all_lets(e.body) for b in ir.blocks(x.expr) for a in b.results if a is carry)
    named += sum(1 for a in e.body.results if a is carry)
    for x in e.body.lets:
        match x.expr:
            case Op(name, (a, b)) if x.outs[0] is result and named == 1 and (a is carry) != (b is carry):
                if name != joining(carry.ty):
                    return None
                return b if a is carry else a
            case _:
                pass
    return None


def _is_worth(e: Loop) -> bool:
    """Whether at least half of the work is in loops with a loop-carried dependence, LLVM cannot vectorise at least
    half of it, and the private sums of the lanes cost little beside it."""
    total = block_work(e.body)
    if 2 * _in_steps(e.body) < total:
        return False
    shared = sum(v.ty.size for v in ir.free_vars(e.body) if v.ty.ref)
    return total * e.n >= max(LEAST_WORK, SHARE_OF_SUMS * shared) and 2 * _step_by_step(e.body) >= total


def _in_steps(block: Block) -> int:
    """The work in loops with a loop-carried dependence other than a sum: each iteration waits for the one before
    it."""
    total = 0
    for let in block.lets:
        match let.expr:
            case Loop() as e if e.test is not None or not all(is_sum(e, k) for k in range(len(e.carries))):
                total += work(e)
            case Loop() as e:
                total += e.n * _in_steps(e.body)
            case Cond(_, then, orelse):
                total += max(_in_steps(then), _in_steps(orelse))
            case Accum(_, _, body):
                total += _in_steps(body)
            case Call(func, _) if isinstance(func.body, Block):
                total += _in_steps(func.body)
            case _:  # no loop in it
                pass
    return total


def _step_by_step(block: Block) -> int:
    """The work of a block outside of the loops that LLVM vectorises by itself (see `_is_vectorised`)."""
    total = 0
    for let in block.lets:
        match let.expr:
            case Loop() as e if _is_vectorised(e):
                pass
            case Loop() as e:
                total += e.n * _step_by_step(e.body)
            case Cond(_, then, orelse):
                total += max(_step_by_step(then), _step_by_step(orelse))
            case Accum(_, _, body):
                total += _step_by_step(body)
            case Call(func, _) if isinstance(func.body, Block):
                total += _step_by_step(func.body)
            case e:
                total += work(e)
    return total


def _is_vectorised(e: Loop) -> bool:
    plain = e.test is None and e.n >= LONG_ENOUGH and all(is_sum(e, k) for k in range(len(e.carries)))
    return plain and not any(isinstance(x.expr, Loop | Cond | Call) for x in ir.all_lets(e.body))


def _has_better(e: Loop, lanes: int) -> bool:
    """Whether an inner loop has nearly all of the work and can be spread itself, which is better: the data of its
    runs are closer together in memory."""
    total = block_work(e.body)
    for let in e.body.lets:
        x = let.expr
        if isinstance(x, Loop) and 10 * work(x) >= 9 * total and x.n >= 4 * lanes:
            return _can_be_spread(let, x, lanes) and _is_worth(x)
    return False


# ------------------------------------------------------------------------------------- how


def _spread(let: Let, e: Loop, lanes: int) -> list[Let]:
    """The lets in the place of a loop."""
    each, left = divmod(e.n, lanes)
    m = len(e.carries)
    refs = [v for v in ir.free_vars(e.body) if v.ty.ref]
    lets: list[Let] = []
    sums, rows, private = _batch(lets, let, e, refs, lanes, each)
    for ref, parts in zip(refs, private, strict=True):
        _added(lets, ref, parts, (), let)
    totals: list[Atom] = []
    for k, (init, parts) in enumerate(zip(e.inits, sums, strict=True)):
        total = init
        for n in range(lanes):
            part, new = Var(init.ty), Var(init.ty)
            lets.append(Let((part,), Get(parts, (Lit(n, index_ty(lanes)),)), let.where))
            lets.append(
                Let((new if left or n + 1 < lanes else let.outs[k],), Op(joining(init.ty), (total, part)), let.where)
            )
            total = lets[-1].outs[0]
        totals.append(total)
    rest = tuple(Var(Ty(o.ty.scalar, (left, *o.ty.shape[1:]))) for o in let.outs[m:])
    if left:
        lets.append(_left_over(let, e, totals, (*let.outs[:m], *rest), each * lanes, left))
    if rows:
        lets.extend(_joined(let, let.outs[m:], rows, rest, lanes, each, left))
    return lets


def _batch(
    lets: list[Let], let: Let, e: Loop, refs: Sequence[Var], lanes: int, each: int
) -> tuple[Sequence[Var], Sequence[Var], Sequence[Var]]:
    """Emit the batch loop. Each lane executes its runs in sequence and adds only to its private sums.

    Returns, for all lanes: the sum for each carry, the outputs, and the sum for each ref.
    """
    m = len(e.carries)
    lane, turn = Var(index_ty(lanes), "lane"), Var(index_ty(each), "turn")
    number = Var(index_ty(each * lanes), e.index.name)
    private = {r: Var(r.ty, r.name) for r in refs}
    copy = Copy({e.index: number, **private})
    carries = tuple(map(copy.bind, e.carries))
    body = copy.block(e.body)
    counted = _number(number, turn, lane, lanes, let)
    runs = Loop(
        n=each,
        index=turn,
        inits=tuple(zero(c.ty) for c in carries),
        carries=carries,
        body=Block((*counted, *body.lets), body.results),
    )
    results = (
        *(Var(c.ty) for c in carries),
        *(Var(Ty(r.ty.scalar, (each, *r.ty.shape))) for r in e.body.results[m:]),
    )
    inside = [Let(results, runs, let.where)]
    if refs:
        inside, results = _accumulated(inside, results, refs, private, let)
    batch = Loop(n=lanes, index=lane, inits=(), carries=(), body=Block(tuple(inside), results), batch=True)
    made = tuple(Var(Ty(r.ty.scalar, (lanes, *r.ty.shape))) for r in results)
    lets.append(Let(made, batch, let.where))
    k = len(made) - len(refs)
    return made[:m], made[m:k], made[k:]


def _accumulated(
    lets: Sequence[Let], results: Sequence[Var], refs: Sequence[Var], private: Mapping[Var, Var], let: Let
) -> tuple[list[Let], tuple[Var, ...]]:
    """Wrap lets in an `Accum` whose refs are private and start at zero. Returns the new lets, and the variables for
    the results and the final sums."""
    before: list[Let] = []
    inits = tuple(_zeros(before, Ty(r.ty.scalar, r.ty.shape), let) for r in refs)
    outs = (*(Var(r.ty) for r in results), *(Var(a.ty) for a in inits))
    accum = Accum(inits, tuple(private[r] for r in refs), Block(tuple(lets), tuple(results)))
    return [*before, Let(outs, accum, let.where)], outs


def _zeros(lets: list[Let], ty: Ty, let: Let) -> Atom:
    nothing = zero(Ty(ty.scalar))
    if not ty.shape:
        return nothing
    array = Var(ty)
    lets.append(Let((array,), Fill(nothing), let.where))
    return array


def _number(number: Var, turn: Var, lane: Var, lanes: int, let: Let) -> list[Let]:
    """The number of a run: turn * lanes + lane."""
    assert isinstance(turn.ty.scalar, IntT)
    first = Var(Ty(IntT(0, turn.ty.scalar.hi * lanes)))
    return [
        Let((first,), Op("imul", (turn, _whole(lanes))), let.where),
        Let((number,), Op("iadd", (first, lane)), let.where),
    ]


def _whole(n: int) -> Lit:
    return Lit(n, Ty(IntT(n, n)))


def _added(lets: list[Let], ref: Var, parts: Var, place: tuple[Var, ...], let: Let) -> None:
    """Add the parts of all lanes to a ref, element by element."""
    if len(place) < len(ref.ty.shape):
        n = ref.ty.shape[len(place)]
        index = Var(index_ty(n))
        inner: list[Let] = []
        _added(inner, ref, parts, (*place, index), let)
        lets.append(Let((), Loop(n=n, index=index, inits=(), carries=(), body=Block(tuple(inner), ())), let.where))
        return
    total: Atom | None = None
    joined = joining(ref.ty)
    lanes = parts.ty.shape[0]
    for n in range(lanes):
        part = Var(Ty(ref.ty.scalar))
        lets.append(Let((part,), Get(parts, (Lit(n, index_ty(lanes)), *place)), let.where))
        if total is None:
            total = part
        else:
            new = Var(part.ty)
            lets.append(Let((new,), Op(joined, (total, part)), let.where))
            total = new
    assert total is not None
    lets.append(Let((), Add(ref, place, total), let.where))


def _left_over(let: Let, e: Loop, inits: Sequence[Atom], outs: Sequence[Var], first: int, left: int) -> Let:
    """The remainder loop: the last runs, too few for all lanes, as a scalar loop."""
    index, number = Var(index_ty(left), "turn"), Var(Ty(IntT(first, first + left - 1)), e.index.name)
    copy = Copy({e.index: number})
    carries = tuple(map(copy.bind, e.carries))
    body = copy.block(e.body)
    counted = Let((number,), Op("iadd", (index, _whole(first))), let.where)
    loop = Loop(
        n=left,
        index=index,
        inits=tuple(inits),
        carries=carries,
        body=Block((counted, *body.lets), body.results),
    )
    return Let(tuple(outs), loop, let.where)


def _joined(
    let: Let, outs: Sequence[Var], rows: Sequence[Var], rest: Sequence[Var], lanes: int, each: int, left: int
) -> list[Let]:
    """The outputs in the order of the runs: each added to zeros where it belongs."""
    lane, turn, number = Var(index_ty(lanes)), Var(index_ty(each)), Var(index_ty(each * lanes))
    refs = tuple(Var(replace(o.ty, ref=True)) for o in outs)
    inner: list[Let] = _number(number, turn, lane, lanes, let)
    for ref, row in zip(refs, rows, strict=True):
        value = Var(row.ty.at(2))
        inner.append(Let((value,), Get(row, (lane, turn)), let.where))
        inner.append(Let((), Add(ref, (number,), value), let.where))
    body = Block((Let((), Loop(n=lanes, index=lane, inits=(), carries=(), body=Block(tuple(inner), ()))),), ())
    lets = [Let((), Loop(n=each, index=turn, inits=(), carries=(), body=body), let.where)]
    if left:
        index, last = Var(index_ty(left)), Var(Ty(IntT(each * lanes, each * lanes + left - 1)))
        inner = [Let((last,), Op("iadd", (index, _whole(each * lanes))), let.where)]
        for ref, row in zip(refs, rest, strict=True):
            value = Var(row.ty.at(1))
            inner.append(Let((value,), Get(row, (index,)), let.where))
            inner.append(Let((), Add(ref, (last,), value), let.where))
        lets.append(Let((), Loop(n=left, index=index, inits=(), carries=(), body=Block(tuple(inner), ())), let.where))
    before: list[Let] = []
    inits = tuple(_zeros(before, o.ty, let) for o in outs)
    return [*before, Let(tuple(outs), Accum(inits, refs, Block(tuple(lets), ())), let.where)]
