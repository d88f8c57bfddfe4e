"""Which loops threads share within one run, and how they are cut.

A loop of independent iterations that takes some 50 microseconds or more is cut into *chunks*, ranges of its
iterations, and threads take one chunk after the other (`codegen.llvm.shared`, `codegen.runtime.workers`). Iterations
are independent if they share nothing but what they add to. There are three kinds of that:

- elements of an iteration's own, as in `ref[i] += ...`: any chunks may run at once;
- elements nearby, as in `ref[(i + 1) % n] += ...`: chunks that are not neighbours may run at once, so every second
  one runs first, then the others;
- anything else, such as a sum that is carried or a ref of all: each chunk sums for itself, and the chunks' sums are
  added at the end, in the order of the chunks.

How a loop is cut depends on the program alone, so results are the same on any number of threads. Strict code shares
only loops of the first kind: the others add in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from rosesim.ad.program import ir
from rosesim.ad.program.cost import work
from rosesim.ad.program.effects import effects
from rosesim.ad.program.ir import Atom, Block, BoolT, Call, FloatT, Func, Lit, Loop, Op, Opaque, SubRef, Var
from rosesim.codegen.passes.spread import is_sum

LEAST_WORK = 100_000
"""A loop with less work than this, some 50 microseconds, is over before it pays to wake another thread for it."""

CHUNK_WORK = 25_000
"""The least work of a chunk, about 10 microseconds: taking one costs a fraction of a microsecond."""

MOST_CHUNKS = 32
"""The most chunks of a loop. Two threads then wait for each other a thirty-second of the loop, eight an eighth."""

PRIVATE_CHUNKS = 8
"""The most chunks of a loop that sums in arrays of each chunk's own."""

SHARE_OF_SUMS = 64
"""The numbers in all private arrays must be so many times fewer than the operations of the loop: they are cleared and
added."""


@dataclass(frozen=True, slots=True)
class Shared:
    """How a loop is cut."""

    size: int
    """Iterations of a chunk, of a batch in lanes groups of them; the last chunk may have fewer."""
    chunks: int
    private: Set[Var]
    """The refs of outside of which each chunk has one of its own."""
    rounds: int = 1
    """2 if iterations also add beside their own elements: then every second chunk comes first, the others after
    these, so that no two chunks that run at once are neighbours."""


def shared_loops(func: Func, math: str, overlapping: Set[Func], products: Set[Func]) -> Mapping[Loop, Shared]:
    """The loops of a program that are shared: the outermost ones that can be."""
    found: dict[Loop, Shared] = {}
    seen: set[Func] = {*products}
    waiting = [func]
    while waiting:
        f = waiting.pop()
        if f in seen or not isinstance(f.body, Block):
            continue
        seen.add(f)
        roots = _roots(f.body)
        outside = [f.body]  # of shared loops
        while outside:
            for let in outside.pop().lets:
                e = let.expr
                how = _cut(e, math, roots, f in overlapping) if isinstance(e, Loop) else None
                if how is not None and isinstance(e, Loop):
                    found[e] = how
                    continue
                outside.extend(ir.blocks(e))
                if isinstance(e, Call):
                    waiting.append(e.func)
    return found


def _roots(body: Block) -> dict[Var, Var]:
    """For each ref that is a part of another one: which."""
    made = {let.outs[0]: let.expr.ref for let in ir.all_lets(body) if isinstance(let.expr, SubRef)}
    roots: dict[Var, Var] = {}
    for part, ref in made.items():
        while ref in made:
            ref = made[ref]
        roots[part] = ref
    return roots


def _cut(e: Loop, math: str, roots: Mapping[Var, Var], overlap: bool) -> Shared | None:
    """How a loop is cut; None if it is not shared."""
    total = work(e)
    units = -(-e.n // e.lanes)
    if total < LEAST_WORK or e.upto is not None or e.test is not None or units < 2:
        return None
    if any(not is_sum(e, k) for k in range(len(e.carries))):
        return None
    called = [f for x in ir.all_lets(e.body) if isinstance(x.expr, Call) for f in ir.reachable(x.expr.func)]
    if any(isinstance(f.body, Opaque) for f in called):
        return None
    reaches = _reaches(e, roots, overlap)
    if e.lanes > 1 and reaches:
        return None  # lanes repeat runs where these are no multiple of theirs
    private = {ref for ref, reach in reaches.items() if reach is None}
    reach = max((r.steps for r in reaches.values() if r is not None), default=0)
    around = any(r.around for r in reaches.values() if r is not None)
    if math == "strict" and (private or reach or e.carries):
        return None
    if any(not isinstance(ref.ty.scalar, FloatT | BoolT) for ref in private):
        return None
    most = min(MOST_CHUNKS, total // CHUNK_WORK, units)
    if private:
        numbers = sum(ref.ty.size for ref in private)
        most = min(most, PRIVATE_CHUNKS, total // max(1, SHARE_OF_SUMS * numbers))
        most = 1 << max(0, most.bit_length() - 1)  # few chunks: as many for each of two threads, or of four
    if not reach:
        size = -(-units // max(1, most))
        return Shared(size, -(-units // size), private) if most > 1 else None
    for count in range(most, 3, -1):
        size = -(-e.n // count)
        chunks = -(-e.n // size)
        last = e.n - (chunks - 1) * size
        if min(size, last if around else size) >= 2 * reach and (chunks % 2 == 0 or not around):
            return Shared(size, chunks, private, rounds=2)
    return None


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far from an iteration's own number it adds to a ref, along one dimension."""

    steps: int
    around: bool
    """Whether the last number is beside the first."""


def _reaches(e: Loop, roots: Mapping[Var, Var], overlap: bool) -> dict[Var, _Reach | None]:
    """How far iterations reach in each ref of outside that they add to; None if they may add to the same places."""
    made = {let.outs[0]: let.expr for let in ir.all_lets(e.body) if isinstance(let.expr, Op)}
    places: dict[Var, list[tuple[Atom, ...]]] = {}
    for x in effects(e.body.lets):
        if x.ref is not None:
            places.setdefault(x.ref, []).append(x.place)
    whole = [roots.get(ref, ref) for ref in places]
    found: dict[Var, _Reach | None] = {}
    for ref, where in places.items():
        found[ref] = None
        if whole.count(roots.get(ref, ref)) > 1 or (overlap and len(places) > 1):
            continue
        for k in range(min(map(len, where))):
            steps = [_reach(e, place[k], ref.ty.shape[k], made) for place in where]
            if None not in steps:
                known = [r for r in steps if r is not None]
                found[ref] = _Reach(max(r.steps for r in known), any(r.around for r in known))
                break
    return found


def _reach(e: Loop, place: Atom, size: int, made: Mapping[Var, Op]) -> _Reach | None:
    """How far a place in a dimension of some size is from the loop's index: i + 1, or (i + 1) mod n of n iterations,
    or i + 1 clamped to the dimension."""
    if place is e.index:
        return _Reach(0, False)
    match made.get(place) if isinstance(place, Var) else None:
        case Op("iadd" | "isub", (x, Lit(value=int(steps)))) | Op("iadd", (Lit(value=int(steps)), x)):
            inner = _reach(e, x, size, made)
            return None if inner is None or inner.around else _Reach(inner.steps + abs(steps), False)
        case Op("int_wrap" | "imod", (x, Lit(value=n))) if n == size == e.n:
            inner = _reach(e, x, size, made)
            return None if inner is None else _Reach(inner.steps, True)
        case Op("int_clamp", (x, Lit(value=n))) if n == size >= e.n:
            return _reach(e, x, size, made)
        case _:
            return None
