"""The one loop.

Scalars carried are phis; so are short arrays whose elements are all known. Other arrays carried lie in
buffers of the loop's own: one each where the body leaves the next carry in place of the last, else the
body writes it into a spare buffer and the two change roles by a phi of pointers (`buffers.LoopBuffers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rosesim.ad.program.cost import block_work, work
from rosesim.ad.program.ir import (
    Add,
    Cond,
    Data,
    Fill,
    Get,
    Let,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    Var,
    all_lets,
    nbytes,
)
from rosesim.ad.support import recursion
from rosesim.codegen.artifact import INTERRUPTED
from rosesim.codegen.llvm import arrays, borders, layout, long_arrays
from rosesim.codegen.llvm.arrays import Arr, Value

if TYPE_CHECKING:
    from rosesim.codegen.llvm.emit import Emitter

WORTH_A_JUMP = 40
"""Work of a side that adds to elements, from which on a loop with it stays scalar: a vector loop would run both sides
always, and store under a mask, which is slow."""

POLL_EVERY = 1_000_000
"""Work, in additions, between two looks for an interrupt: about a millisecond."""


@dataclass(slots=True)
class _Phi:
    """A value that changes from iteration to iteration."""

    slot: int
    name: str
    kind: str
    first: str


@dataclass(slots=True)
class _LoopWriter:
    """A loop being written."""

    e: Emitter
    let: Let
    loop: Loop
    phis: dict[str, _Phi] = field(default_factory=dict[str, _Phi])
    before: str = ""

    def phi(self, kind: str, first: str) -> str:
        """A phi whose other value `close` gives."""
        name = "%" + self.e.code.fresh("p")
        self.phis[name] = _Phi(self.e.code.reserve(), name, kind, first)
        return name

    def close(self, name: str, following: str) -> None:
        """The value of a phi at the end of an iteration, which is where the code is now."""
        c, p = self.e.code, self.phis[name]
        c.fill(p.slot, f"  {name} = phi {p.kind} [ {p.first}, %{self.before} ], [ {following}, %{c.label} ]")


def emit(e: Emitter, let: Let, loop: Loop) -> None:
    """Write a loop and bind what it gives."""
    stacked = let.outs[len(loop.carries) : len(let.outs) - (loop.test is not None)]
    write(e, let, loop, [e.place(v) for v in stacked], [e.value(init) for init in loop.inits])


def write(
    e: Emitter,
    let: Let,
    loop: Loop,
    stacks: Sequence[str],
    inits: Sequence[Value],
    span: tuple[str, str] | None = None,
) -> None:
    """Write a loop whose outputs lie at `stacks`, and bind what it gives.

    With a span it runs those of its iterations alone, counted in the order in which they run.
    """
    at = borders.middle(loop, e.tables.vector) if e.tables.planned.parted else None
    if at is not None and _is_independent(e, loop):
        _in_parts(e, let, loop, stacks, inits, span, at)
    else:
        _write(e, let, loop, stacks, inits, span)


def _write(
    e: Emitter,
    let: Let,
    loop: Loop,
    stacks: Sequence[str],
    inits: Sequence[Value],
    span: tuple[str, str] | None,
) -> None:
    c, sharing = e.code, e.sharing
    w = _LoopWriter(e, let, loop)
    buffers = sharing.loops[loop]
    n = len(loop.carries)
    stacked = let.outs[n : len(let.outs) - (loop.test is not None)]
    whole = str(loop.n) if loop.upto is None else e.scalar(loop.upto)
    begin, end = span or ("0", whole)

    # Buffers, before the loop.
    homes, spares = _buffers(e, let, loop)
    firsts: list[Value] = []
    for j, (init, value) in enumerate(zip(loop.inits, inits, strict=True)):
        if buffers.buffered[j]:
            if not buffers.steals[j]:
                long_arrays.write(e, value, homes[j], init.ty)
        elif isinstance(value, Arr):
            value = Arr(value.ty, items=arrays.scalars(c, value))
        firsts.append(value)

    # Head: what changes, and whether to go on.
    head, test, body, leave = (c.fresh(p) for p in ("head", "test", "body", "exit"))
    w.before = c.label
    c.jump(head)
    c.open(head)
    count = w.phi("i64", begin)
    state: list[Value] = []
    moving = {j for j in range(n) if buffers.buffered[j] and buffers.source[j] != j}
    for j, carry in enumerate(loop.carries):
        kind, first = layout.register(carry.ty.scalar), firsts[j]
        if buffers.buffered[j]:
            state.append(Arr(carry.ty, w.phi("ptr", homes[j]) if j in moving else homes[j]))
        elif isinstance(first, str):
            state.append(w.phi(kind, first))
        else:
            assert first.items is not None
            state.append(Arr(carry.ty, items=tuple(w.phi(kind, x) for x in first.items)))
        e.env[carry] = state[j]
        if buffers.buffered[j]:
            e.placed[sharing.root[carry]] = _address(state[j])
    next_spare = {j: w.phi("ptr", s) for j, s in spares.items()}
    c.branch(c.let(f"icmp ult i64 {count}, {end}"), body if loop.test is None else test, leave)
    mark = c.mark()
    e.env[loop.index] = count
    if loop.test is not None:
        c.open(test)
        (going,) = recursion.nested(e.block, loop.test, [None])
        assert isinstance(going, str)
        c.branch(going, body, leave)

    # Body: results to their destinations.
    c.open(body)
    around, facts = c.group, list[str]()
    if _is_independent(e, loop):
        group = e.tables.note("distinct !{}")
        facts.append(e.tables.note(f'!{{!"llvm.loop.parallel_accesses", {group}}}'))
        c.group = f", !llvm.access.group {group}"
    if loop in e.tables.planned.rolled:
        facts.append(e.tables.note('!{!"llvm.loop.unroll.disable"}'))
    note = f", !llvm.loop {e.tables.note('distinct !{' + ', '.join(['@', *facts]) + '}')}" if facts else ""
    if loop.reverse:
        last = c.let(f"sub nuw nsw i64 {whole}, 1")
        e.env[loop.index] = c.let(f"sub nuw nsw i64 {last}, {count}")
    at = e.scalar(loop.index)
    destinations: list[str | None] = [next_spare.get(j) for j in range(n)]
    for v, pointer in zip(stacked, stacks, strict=True):
        inner = len(v.ty.shape) > 1
        destinations.append(arrays.place_of(c, pointer, v.ty, [at]) if inner else None)
    values = recursion.nested(e.block, loop.body, destinations)
    for v, pointer, value in zip(stacked, stacks, values[n:], strict=True):
        if isinstance(value, str):
            c.store(arrays.place_of(c, pointer, v.ty, [at]), value, v.ty.scalar)
    following: list[tuple[str, ...]] = []
    for j, value in enumerate(values[:n]):
        if buffers.buffered[j]:
            following.append(())
        else:
            following.append((value,) if isinstance(value, str) else arrays.scalars(c, value))
    c.release(mark)
    advanced = c.let(f"add nuw nsw i64 {count}, 1")
    if loop in e.tables.planned.polled:
        poll(e, loop, advanced)
    w.close(count, advanced)
    for j in range(n):
        now = state[j]
        if j in moving:
            source = buffers.source[j]
            w.close(_address(now), next_spare[j] if source is None else _address(state[source]))
        elif isinstance(now, str):
            w.close(now, following[j][0])
        elif now.items is not None:
            for name, x in zip(now.items, following[j], strict=True):
                w.close(name, x)
    for j, name in next_spare.items():
        w.close(name, _address(state[buffers.dropped[j]]))
    c.put(f"br label %{head}{note}")
    c.group = around

    # After it: the phis are the final carries.
    c.open(leave)
    for j, v in enumerate(let.outs[:n]):
        final = state[j]
        if j in moving:
            final = _settle(e, v, _address(final), homes, spares, w, j)
        e.bind(v, final)
    for v, pointer in zip(stacked, stacks, strict=True):
        if (loop.upto is not None or loop.test is not None) and v not in e.tables.planned.unread_rests:
            _clear_rest(e, v, pointer, end if loop.test is None else count, loop.n)
        e.env[v] = Arr(v.ty, pointer)
    if loop.test is not None:
        e.env[let.outs[-1]] = count


def _in_parts(
    e: Emitter,
    let: Let,
    loop: Loop,
    stacks: Sequence[str],
    inits: Sequence[Value],
    span: tuple[str, str] | None,
    at: borders.Middle,
) -> None:
    """Write a loop three times: for its borders, and for what lies between (see `borders`)."""
    begin, inner, last, end = borders.cuts(e.code, at, span, loop.n)
    for low, high, settled in ((begin, inner, {}), (inner, last, at.settled), (last, end, {})):
        if low != high:
            e.settled |= settled
            _write(e, let, loop, stacks, inits, (low, high))
            for v in settled:
                del e.settled[v]
            inits = [e.value(v) for v in let.outs[: len(loop.carries)]]


def _is_independent(e: Emitter, loop: Loop) -> bool:
    """Whether no iteration of the body touches memory that another one writes.

    It reads what the loop does not write, and writes outputs and elements of refs that are its own. LLVM
    cannot see that: it would compare the addresses at run time or give up. It is told for innermost loops
    alone, the ones that it vectorises.
    """
    if not e.tables.planned.independent or loop.test is not None or any(e.sharing.loops[loop].buffered):
        return False
    added: dict[Var, set[int]] = {}
    for let in all_lets(loop.body):
        match let.expr:
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop():
                pass
            case Cond(_, then, orelse) as branch:
                adds = any(isinstance(x.expr, Add) for x in (*then.lets, *orelse.lets))
                if adds and work(branch) > WORTH_A_JUMP:
                    return False
            case Add(ref, idx, _):
                added.setdefault(ref, set()).add(idx.index(loop.index) if loop.index in idx else -1)
            case _:
                return False
        if any(v.ty.shape and v in e.sharing.root and _has_own_memory(e, v, let) for v in let.outs):
            return False
    # Own elements: in each addition to a ref the loop's index stands in the same dimension.
    return not added or e.are_apart(added) and all(len(where) == 1 and -1 not in where for where in added.values())


def _has_own_memory(e: Emitter, v: Var, let: Let) -> bool:
    """Whether a buffer is written for an array: all iterations write that same one."""
    if v in e.sharing.elements:
        return v in e.sharing.addressed
    return not isinstance(let.expr, Get | Stop | Data)


def _address(x: Value) -> str:
    """Where a carry lies."""
    assert isinstance(x, Arr)
    return x.address()


def _lands_in_home(loop: Loop, source: int | None, dropped: dict[int, int], j: int) -> bool | None:
    """Whether a carry that goes to and fro between two buffers ends in the first; None where unknown."""
    if source is not None or dropped.get(j) != j or loop.upto is not None or loop.test is not None:
        return None
    return loop.n % 2 == 0


def _buffers(e: Emitter, let: Let, loop: Loop) -> tuple[list[str], dict[int, str]]:
    """The first buffer of each carry that has one, and the spare ones.

    Where the final carry is wanted somewhere and it is known in which of the two it will end, that one
    is there.
    """
    buffers = e.sharing.loops[loop]
    homes: list[str] = []
    spares: dict[int, str] = {}
    for j, (v, init) in enumerate(zip(let.outs, loop.inits, strict=False)):
        if not buffers.buffered[j]:
            homes.append("")
            continue
        in_place = buffers.source[j] == j
        lands = _lands_in_home(loop, buffers.source[j], buffers.dropped, j)
        destination = e.placed.get(e.sharing.root[v])
        if buffers.steals[j]:
            homes.append(e.array(init).address())
        elif in_place or (lands and destination is not None):
            homes.append(e.place(v))
        else:
            homes.append(e.buffer(init.ty))
        if buffers.source[j] is None:
            there = lands is False and destination is not None
            spares[j] = destination if there and destination is not None else e.buffer(init.ty)
    return homes, spares


def _settle(e: Emitter, v: Var, final: str, homes: list[str], spares: dict[int, str], w: _LoopWriter, j: int) -> Arr:
    """The final carry of buffers that moved; copied where it is wanted elsewhere."""
    buffers = e.sharing.loops[w.loop]
    lands = _lands_in_home(w.loop, buffers.source[j], buffers.dropped, j)
    if lands is not None:
        final, other = (homes[j], spares[j]) if lands else (spares[j], homes[j])
        if not buffers.steals[j]:
            e.code.free(other)
    root = e.sharing.root[v]
    if lands is not None and not buffers.steals[j] and root not in e.placed:
        e.owned.add(root)
    destination = e.placed.setdefault(root, final)
    if destination != final:
        e.code.copy(destination, final, nbytes(v.ty))
    return Arr(v.ty, destination)


def _clear_rest(e: Emitter, v: Var, pointer: str, count: str, n: int) -> None:
    """Zeros for the iterations that did not run."""
    c = e.code
    row = nbytes(v.ty.at(1))
    if row and n:
        rest = c.let(f"sub nuw nsw i64 {n}, {count}")
        c.clear(arrays.place_of(c, pointer, v.ty, [count]), c.let(f"mul nuw nsw i64 {rest}, {row}"))


def poll(e: Emitter, loop: Loop, count: str) -> None:
    """Look for an interrupt once in about POLL_EVERY operations."""
    c = e.code
    each = 1 + block_work(loop.body) + (0 if loop.test is None else block_work(loop.test))
    every = 1 << max(0, (POLL_EVERY // each).bit_length() - 1)
    look, on = c.fresh("look"), c.fresh("on")
    low = c.let(f"and i64 {count}, {every - 1}")
    c.branch(c.let(f"icmp eq i64 {low}, 0"), look, on, ", !prof !0")
    c.open(look)
    stopped = c.let("call i1 @rosesim_poll()")
    c.failures.append((str(INTERRUPTED), c.label))
    c.branch(stopped, "fail", on, ", !prof !0")
    c.open(on)
