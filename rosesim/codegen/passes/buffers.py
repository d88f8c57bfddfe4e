"""Which arrays share memory, and which `Put`s, loops and calls may overwrite their operand.

In a program, a value never changes. In machine code most arrays lie in buffers, and copying 10^5 numbers to replace
one would be absurd. This pass decides, before anything is written, in which `Buffer` each array lies, and which let
may *reuse* the buffer of an operand, that is, write its result over it. A reuse needs three things, all of which
follow from the program; none is guessed:

- The buffer is ours: it was made in this block, or in a block around it with no loop in between (a loop's body runs
  again and would find its operand gone), or it is the loop's own copy of a carry, or an in-out parameter.
- The operand is the whole buffer, not a part of it.
- No variable that lies in it (including views by `Get` and `Stop`) is read afterwards: later in this block, in its
  results, or later in the blocks around it up to the one that made the buffer.

A short array whose elements are all known as scalars (`elements`) is not in memory, nor is an array of any size whose
elements are all the same scalar (`uniform`), unless something needs its address (`addressed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rosesim.ad.program import ir
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
    Lit,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    nbytes,
)
from rosesim.ad.support import recursion

SHORT = 16
"""The most scalars of an array that is kept as scalars: about the registers that a machine has."""


@dataclass(slots=True, eq=False)
class Buffer:
    """A buffer: the block that it lasts for (None: we must not write to it), and the variables that lie in it."""

    block: Block | None
    names: list[Var] = field(default_factory=list[Var])
    reused: bool = False
    pinned: bool = False
    """Whether a loop exchanges it with other buffers. Then the variables do not say how long it is used."""


@dataclass(slots=True, eq=False)
class LoopBuffers:
    """The buffers of a loop's carries, by position.

    `source[k] = j`: after the body, the next carry k lies in the buffer of carry j (j = k: in place). None: the body
    writes it to a spare buffer. `dropped[k] = j`: the buffer of carry j becomes the next spare of k. Carries without
    a buffer of their own have neither. `steals[k]`: carry k reuses the buffer of its init.
    """

    buffered: list[bool]
    source: list[int | None]
    dropped: dict[int, int]
    steals: list[bool]


@dataclass(slots=True, eq=False)
class Sharing:
    """What the analysis found out about a function."""

    root: dict[Var, Buffer] = field(default_factory=dict[Var, Buffer])
    part: set[Var] = field(default_factory=set[Var])
    elements: set[Var] = field(default_factory=set[Var])
    """Arrays whose elements are known as scalars."""
    uniform: set[Var] = field(default_factory=set[Var])
    """Those of them, of any size, whose elements are all the same scalar."""
    addressed: set[Var] = field(default_factory=set[Var])
    """Arrays that must be in memory, even if their elements are known."""
    reuses: dict[Let, set[int]] = field(default_factory=dict[Let, set[int]])
    """For a let, the positions among its inits or arguments (0 for a Put) whose buffers it reuses."""
    loops: dict[Loop, LoopBuffers] = field(default_factory=dict[Loop, LoopBuffers])
    dead: dict[Block, dict[int, list[Buffer]]] = field(default_factory=dict[Block, dict[int, list[Buffer]]])
    """For a block and the number of a let: the buffers that nothing needs after that let."""
    in_out: dict[int, int] = field(default_factory=dict[int, int])
    """Array parameters that the function overwrites, each with the result that it leaves in the same buffer."""

    def is_whole(self, a: Atom) -> bool:
        """Whether an atom is an array that fills its buffer."""
        return isinstance(a, Var) and a in self.root and a not in self.part and self.has_buffer(a)

    def has_buffer(self, v: Var) -> bool:
        """Whether an array is in memory."""
        return v not in self.elements or v in self.addressed


def analyse(func: Func, in_out: Mapping[Func, Mapping[int, int]]) -> Sharing:
    """The sharing of a function. `in_out` has the in-out parameters of the functions that it calls."""
    assert isinstance(func.body, Block)
    # At first every array parameter counts as ours. A parameter that is overwritten must also be returned in its
    # buffer, because the caller still needs the others. If one is not, repeat with only those that are.
    owned = {k for k, p in enumerate(func.params) if p.ty.shape and not p.ty.ref}
    while True:
        sharing = _Analysis(func, func.body, in_out, owned).run()
        written = {k for k in owned if sharing.root[func.params[k]].reused}
        if written == set(sharing.in_out):
            return sharing
        owned = written & set(sharing.in_out)


def last_uses(block: Block) -> dict[Block, dict[Var, int]]:
    """For a block and each block inside it: the number of the last let that reads a variable (results: one more)."""
    table: dict[Block, dict[Var, int]] = {}

    def visit(b: Block) -> dict[Var, int]:
        last: dict[Var, int] = {}
        for k, let in enumerate(b.lets):
            for a in ir.operands(let.expr):
                if isinstance(a, Var):
                    last[a] = k
            for nested in ir.blocks(let.expr):
                for v in recursion.nested(visit, nested):
                    last[v] = k
        for a in b.results:
            if isinstance(a, Var):
                last[a] = len(b.lets)
        table[b] = last
        return last

    visit(block)
    return table


def _addressed(block: Block) -> set[Var]:
    """The arrays that must be in memory: they are indexed by variables (for reads, constant arrays are exempt), or
    passed to a function."""
    found: set[Var] = set()
    fills = {let.outs[0] for let in ir.all_lets(block) if isinstance(let.expr, Fill)}
    for let in ir.all_lets(block):
        match let.expr:
            case Get(x, idx) if isinstance(x, Var) and not _constant(idx) and x not in fills:
                found.add(x)
            case Put(x, idx, _) if isinstance(x, Var) and not _constant(idx):
                found.add(x)
            case Call(_, args):
                found.update(a for a in args if isinstance(a, Var) and a.ty.shape and not a.ty.ref)
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond() | Accum():
                pass
            case Add() | SubRef() | Guard():
                pass
            case _:
                ir.unknown(let.expr)
    return found


class _Analysis:
    def __init__(self, func: Func, body: Block, in_out: Mapping[Func, Mapping[int, int]], owned: set[int]):
        self.func, self.body, self.in_out = func, body, in_out
        self.out = Sharing(addressed=_addressed(body))
        self.last = last_uses(body)
        self.parent: dict[Block, tuple[Block, int]] = {}
        self.carried: dict[Block, dict[Var, Atom]] = {}
        """For a loop's body: its array carries, each with its next value."""
        for k, p in enumerate(func.params):
            if p.ty.shape and not p.ty.ref:
                self._place(p, Buffer(body if k in owned else None))

    def run(self) -> Sharing:
        """Walk the function; then find its in-out parameters, and after which let each buffer is dead."""
        self._block(self.body)
        params = {self.out.root[p]: k for k, p in enumerate(self.func.params) if p in self.out.root}
        for k, a in enumerate(self.body.results):
            if isinstance(a, Var) and self.out.is_whole(a):
                p = params.get(self.out.root[a])
                if p is not None and self.out.root[a].reused and p not in self.out.in_out:
                    self.out.in_out[p] = k
        for buffer in dict.fromkeys(self.out.root.values()):
            if buffer.block is not None and buffer.names and not buffer.pinned:
                last = self.last[buffer.block]
                k = max(last.get(v, -1) for v in buffer.names)
                if k >= 0:
                    self.out.dead.setdefault(buffer.block, {}).setdefault(k, []).append(buffer)
        return self.out

    # ------------------------------------------------------------------------- bookkeeping

    def _place(self, v: Var, buffer: Buffer, *, part: bool = False) -> None:
        self.out.root[v] = buffer
        buffer.names.append(v)
        if part:
            self.out.part.add(v)

    def _new(self, v: Var, block: Block) -> None:
        if v.ty.shape:
            self._place(v, Buffer(block))

    def _new_elements(self, v: Var, block: Block, *, like: Atom) -> None:
        self.out.elements.add(v)
        if like in self.out.uniform:
            self.out.uniform.add(v)
        self._new(v, block)

    def _alias(self, v: Var, x: Atom, block: Block) -> None:
        """v is x: it lies in x's buffer, or is the same scalars."""
        if v.ty.shape:
            assert isinstance(x, Var)
            if x in self.out.elements:
                self._new_elements(v, block, like=x)
            else:
                self._place(v, self.out.root[x], part=x in self.out.part)

    def _can_reuse(self, x: Atom, block: Block, k: int) -> bool:
        """Whether let k of a block may write over x: x is a whole buffer, the buffer is ours, and no later let reads
        it."""
        if not isinstance(x, Var) or not self.out.is_whole(x):
            return False
        buffer = self.out.root[x]
        if buffer.block is None:
            return False
        while True:
            last = self.last[block]
            if any(last.get(v, -1) > k for v in buffer.names):
                return False
            if block is buffer.block:
                return True
            if block not in self.parent:
                return False
            block, k = self.parent[block]

    def _reuse(self, let: Let, position: int, x: Atom, block: Block) -> Buffer:
        assert isinstance(x, Var)
        buffer = self.out.root[x]
        buffer.reused = True
        if block is buffer.block:
            # None of them is read again. (In a branch this does not hold: the other side may still read them.)
            buffer.names.clear()
        self.out.reuses.setdefault(let, set()).add(position)
        return buffer

    def _is_only_use(self, x: Atom, let: Let, *, parts_apart: bool = False) -> bool:
        """Whether a let reads x's buffer once, and never in its nested blocks. With `parts_apart`, reads of parts do
        not count."""
        assert isinstance(x, Var)
        buffer = self.out.root[x]
        named = [a for a in ir.operands(let.expr) if isinstance(a, Var) and self.out.root.get(a) is buffer]
        if parts_apart:
            named = [a for a in named if a not in self.out.part]
        inner = [self.last[b] for b in ir.blocks(let.expr)]
        return len(named) == 1 and not any(v in b for v in buffer.names for b in inner)

    def _is_elements(self, a: Atom) -> bool:
        return not a.ty.shape or a in self.out.elements

    # -------------------------------------------------------------------------------- walk

    def _block(self, block: Block) -> None:
        for k, let in enumerate(block.lets):
            self._let(let, block, k)

    def _let(self, let: Let, block: Block, k: int) -> None:
        out = let.outs[0] if let.outs else None
        elements = self.out.elements
        match let.expr:
            case Op() | Add() | SubRef() | Guard():
                return
            case Get(x, idx):
                assert out is not None
                if out.ty.shape and x in elements and (_constant(idx) or x in self.out.uniform):
                    self._new_elements(out, block, like=x)
                elif out.ty.shape:
                    assert isinstance(x, Var)
                    self._place(out, self.out.root[x], part=True)
            case Stop(x):
                assert out is not None
                self._alias(out, x, block)
            case Data():
                assert out is not None
                self._place(out, Buffer(None))
            case Stack(items):
                assert out is not None
                if out.ty.size <= SHORT and all(map(self._is_elements, items)):
                    elements.add(out)
                self._new(out, block)
            case Fill():
                assert out is not None
                self._new_elements(out, block, like=out)
                self.out.uniform.add(out)
            case Put(x, idx, v):
                assert out is not None
                if out.ty.size <= SHORT and x in elements and self._is_elements(v) and _constant(idx):
                    elements.add(out)
                    self._new(out, block)
                elif self._can_reuse(x, block, k):
                    self._place(out, self._reuse(let, 0, x, block))
                else:
                    self._new(out, block)
            case Loop() as loop:
                self._loop(let, loop, block, k)
            case Cond() as cond:
                self._cond(let, cond, block, k)
            case Accum() as accum:
                self._accum(let, accum, block, k)
            case Call(func, args):
                outs: dict[int, Buffer] = {}
                for j, result in self.in_out.get(func, {}).items():
                    if self._can_reuse(args[j], block, k) and self._is_only_use(args[j], let):
                        outs[result] = self._reuse(let, j, args[j], block)
                for r, v in enumerate(let.outs):
                    if r in outs:
                        self._place(v, outs[r])
                    else:
                        self._new(v, block)
            case _:
                ir.unknown(let.expr)

    def _cond(self, let: Let, cond: Cond, block: Block, k: int) -> None:
        for branch in (cond.then, cond.orelse):
            self.parent[branch] = (block, k)
            recursion.nested(self._block, branch)
        for v, a, b in zip(let.outs, cond.then.results, cond.orelse.results, strict=True):
            if v.ty.shape and v.ty.size <= SHORT and v not in self.out.addressed:
                self.out.elements.add(v)
                self._new(v, block)
                continue
            if isinstance(a, Var) and isinstance(b, Var) and self.out.is_whole(a) and self.out.is_whole(b):
                buffer = self.out.root[a]
                if buffer is self.out.root[b] and buffer.block not in (cond.then, cond.orelse):
                    self._place(v, buffer)
                    continue
            self._new(v, block)

    def _accum(self, let: Let, accum: Accum, block: Block, k: int) -> None:
        # The body runs once, as part of the block around it, so the buffers of its results may belong to that block.
        homes: list[Buffer] = []
        for position, init in enumerate(accum.inits):
            ours = bool(init.ty.shape) and self._can_reuse(init, block, k) and self._is_only_use(init, let)
            homes.append(self._reuse(let, position, init, block) if ours else Buffer(block))
        self.parent[accum.body] = (block, k)
        recursion.nested(self._block, accum.body)
        results = accum.body.results
        for v, a in zip(let.outs, results, strict=False):
            buffer = self.out.root.get(a) if isinstance(a, Var) else None
            if buffer is not None and buffer.block is accum.body:
                buffer.block = block
            self._alias(v, a, block)
        for v, buffer in zip(let.outs[len(results) :], homes, strict=True):
            if v.ty.shape:
                self._place(v, buffer)

    def _loop(self, let: Let, loop: Loop, block: Block, k: int) -> None:
        n = len(loop.carries)
        buffered = [bool(c.ty.shape) for c in loop.carries]
        reuses = [False] * n
        for j, (carry, init) in enumerate(zip(loop.carries, loop.inits, strict=True)):
            if not carry.ty.shape:
                continue
            self._place(carry, Buffer(loop.body))
            if carry.ty.size <= SHORT and carry not in self.out.addressed:
                self.out.elements.add(carry)
                buffered[j] = False
            elif self._can_reuse(init, block, k) and self._is_only_use(init, let, parts_apart=True):
                reuses[j] = True  # carries that start as parts of the same buffer are copied before the loop begins
        homes = [
            self._reuse(let, j, init, block) if reuses[j] else Buffer(block) for j, init in enumerate(loop.inits)
        ]
        if loop.test is not None:
            recursion.nested(self._block, loop.test)
        self.carried[loop.body] = {c: a for c, a in zip(loop.carries, loop.body.results, strict=False) if c.ty.shape}
        recursion.nested(self._block, loop.body)
        buffers = LoopBuffers(buffered, self._sources(loop, buffered), {}, reuses)
        buffers.dropped = _dropped(loop, buffers)
        self.out.loops[loop] = buffers
        for j, moving in enumerate(buffers.source):
            if reuses[j] and moving != j:
                homes[j].pinned = True
        for j, v in enumerate(let.outs):
            if not v.ty.shape:
                continue
            if j < n and buffered[j] and buffers.source[j] == j:
                self._place(v, homes[j])
                continue
            if j < n and not buffered[j]:
                self.out.elements.add(v)
            over = self._replaced(v, let, loop, block, k) if j >= n else None
            if over is not None:
                self._place(v, self.out.root[over])
            else:
                self._new(v, block)

    def _replaced(self, v: Var, let: Let, loop: Loop, block: Block, k: int) -> Var | None:
        """The carry of the surrounding loop whose buffer the output v may reuse, element by element.

        Each iteration reads from that carry only the element that it then overwrites, and nothing needs the carry
        afterwards: a wave's new height replaces the one of two states ago.
        """
        carries = self.carried.get(block, {})
        if v not in carries.values() or loop.carries:
            return None
        for c in carries:
            alike = c.ty == v.ty and c not in self.out.elements and self.out.root[c].names == [c]
            if alike and self._can_reuse(c, block, k) and _reads_own_element(loop, c):
                return c
        return None

    def _sources(self, loop: Loop, buffered: list[bool]) -> list[int | None]:
        carry_of = {self.out.root[c]: j for j, c in enumerate(loop.carries) if buffered[j]}
        source: list[int | None] = [None] * len(loop.carries)
        taken: set[int] = set()

        def claim(may_take: Callable[[int, int], bool]) -> None:
            for j, a in enumerate(loop.body.results[: len(loop.carries)]):
                if buffered[j] and source[j] is None and isinstance(a, Var) and self.out.is_whole(a):
                    i = carry_of.get(self.out.root[a])
                    same = i is not None and nbytes(loop.carries[i].ty) == nbytes(a.ty)
                    if i is not None and same and i not in taken and may_take(j, i):
                        source[j] = i
                        taken.add(i)

        claim(lambda j, i: j == i)  # first those that stay in place: LLVM knows less about a buffer that moves
        claim(lambda j, i: True)
        return source


def _reads_own_element(loop: Loop, x: Var) -> bool:
    """Whether a nest of loops that makes an output reads x only at the element of the same iteration."""
    nest: list[Var] = []
    made: Atom | None = None
    below = loop
    while True:
        if loop.upto is not None or loop.test is not None or loop.carries:
            return False
        nest.append(loop.index)
        for let in loop.body.lets:
            match let.expr:
                case Loop() as inner if made is None and let.outs == loop.body.results:
                    made = let.outs[0]
                    below = inner
                case Get(y, idx) if y is x and idx == tuple(nest) and len(nest) == len(x.ty.shape):
                    pass
                case e if x in ir.operands(e) or any(x in ir.free_vars(b) for b in ir.blocks(e)):
                    return False
                case _:
                    pass
        if len(nest) == len(x.ty.shape):
            return True
        if made is None:
            return False
        loop, made = below, None


def _constant(idx: tuple[Atom, ...]) -> bool:
    return all(isinstance(i, Lit) for i in idx)


def _dropped(loop: Loop, buffers: LoopBuffers) -> dict[int, int]:
    """For each carry that is written to a spare: the carry of equal size whose buffer becomes the next spare."""
    kept = {j for j in buffers.source if j is not None}
    need = [j for j, s in enumerate(buffers.source) if buffers.buffered[j] and s is None]
    free = [j for j, b in enumerate(buffers.buffered) if b and j not in kept]
    out = {j: j for j in need if j in free}
    free = [j for j in free if j not in out]
    for j in need:
        if j not in out:
            size = nbytes(loop.carries[j].ty)
            other = next(i for i in free if nbytes(loop.carries[i].ty) == size)
            free.remove(other)
            out[j] = other
    return out
