"""Blocks as LLVM text: the lets of one function, one after the other.

Results are placed by *destination passing*: whoever needs a block's result in a certain buffer says so before the
block is written, and the let that makes the result writes directly to that buffer. A destination is always memory
that no variable in scope uses (a loop's spare buffer, an element of its output, a buffer that the caller gave), so
writing to it early harms nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

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
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Put,
    Scalar,
    Stack,
    Stop,
    SubRef,
    Ty,
    Var,
    nbytes,
    unknown,
)
from rosesim.ad.support import recursion
from rosesim.codegen.llvm import arrays, calls, guards, layout, long_arrays, loops, lower_ops, per_lane, runs, shared
from rosesim.codegen.llvm.arrays import Arr, Value
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.tables import ModuleTables
from rosesim.codegen.passes.buffers import Buffer, Sharing


class Emitter:
    """Writes the body of one function."""

    def __init__(self, tables: ModuleTables, func: Func, sharing: Sharing, code: Code):
        self.tables, self.func, self.sharing, self.code = tables, func, sharing, code
        self.env: dict[Var, Value] = {}
        self.placed: dict[Buffer, str] = {}
        self.owned: set[Buffer] = set()
        self.parts: set[Var] = set()
        """Refs that are parts of other refs."""
        self.told: set[Atom] = set()
        """Integers that reals or arrays say: no loop counts them."""
        self.settled: dict[Var, Atom] = {}
        """What is decided between the borders of the loop that is written (see `borders`)."""
        self.is_part = False
        """Whether it writes what threads share."""

    def nested(self, code: Code) -> Emitter:
        """The writer of a part of this function that becomes a function of its own."""
        inner = Emitter(self.tables, self.func, self.sharing, code)
        inner.parts, inner.told = self.parts, self.told
        inner.is_part = True
        return inner

    # -------------------------------------------------------------------------------- values

    def value(self, a: Atom) -> Value:
        """The value of an atom."""
        return layout.literal(a) if isinstance(a, Lit) else self.env[a]

    def scalar(self, a: Atom) -> str:
        """The register of a scalar atom."""
        v = self.value(a)
        assert isinstance(v, str)
        return v

    def places(self, idx: Sequence[Atom]) -> list[tuple[str, Scalar]]:
        """The registers of indices, with their types. Some hold a value for each lane."""
        return [(self.scalar(i), i.ty.scalar) for i in idx]

    def array(self, a: Atom) -> Arr:
        """The value of an array atom."""
        v = self.value(a)
        assert isinstance(v, Arr)
        return v

    def bind(self, v: Var, value: Value) -> None:
        """Bind v to a value, and write it to memory if its address will be needed."""
        if isinstance(value, Arr) and value.pointer is None and v in self.sharing.addressed:
            to = self.place(v)
            arrays.write(self.code, value, to, v.ty)
            value = Arr(v.ty, to, value.items, value.uniform)
        self.env[v] = value

    def buffer(self, ty: Ty) -> str:
        """A new buffer."""
        return self.code.alloc(layout.aggregate(Ty(ty.scalar, ty.shape)), nbytes(ty))

    def place(self, v: Var) -> str:
        """The buffer that an array lies in. It is made now, unless a destination was given."""
        buffer = self.sharing.root[v]
        if buffer not in self.placed:
            self.placed[buffer] = self.buffer(v.ty)
            self.owned.add(buffer)
        return self.placed[buffer]

    def are_apart(self, refs: Collection[Var]) -> bool:
        """Whether no two of these refs can overlap, because they are known not to be parts of one ref."""
        distinct = self.tables.infos[self.func].distinct_refs
        return len(refs) == 1 or not any(v in self.parts or not distinct and v in self.func.params for v in refs)

    # -------------------------------------------------------------------------------- blocks

    def block(self, block: Block, destinations: Sequence[str | None]) -> list[Value]:
        """Write a block. Afterwards, array results are at their destinations, where there are any."""
        for a, to in zip(block.results, destinations, strict=True):
            if to is not None and self.sharing.is_whole(a):
                assert isinstance(a, Var)
                buffer = self.sharing.root[a]
                if buffer.block is block and buffer not in self.placed:
                    self.placed[buffer] = to
        self.lets(block)
        values = [self.value(a) for a in block.results]
        for k, (value, to) in enumerate(zip(values, destinations, strict=True)):
            if to is not None:
                assert isinstance(value, Arr)
                long_arrays.write(self, value, to, value.ty)
                values[k] = Arr(value.ty, to)
        return values

    def lets(self, block: Block) -> None:
        """Write the lets of a block, and free each of its buffers after its last use."""
        dead = self.sharing.dead.get(block, {})
        for k, let in enumerate(block.lets):
            self.let(let)
            for buffer in dead.get(k, ()):
                if buffer in self.owned:
                    self.code.free(self.placed[buffer])

    def let(self, let: Let) -> None:
        """Write one let."""
        c = self.code
        match let.expr:
            case Op() if let.outs[0] in self.settled:
                self.env[let.outs[0]] = self.value(self.settled[let.outs[0]])
            case Op(name, args):
                (out,) = let.outs
                texts = [self.scalar(a) for a in args]
                tys = [a.ty for a in args]
                told = not self.told.isdisjoint(args)
                if isinstance(out.ty.scalar, IntT) and (told or not isinstance(args[0].ty.scalar, IntT)):
                    self.told.add(out)
                self.env[out] = lower_ops.lower(c, self.tables.flags, name, texts, tys, out.ty, told=told)
            case Get(x, idx) if per_lane.is_wide(idx):
                self.env[let.outs[0]] = per_lane.get(c, self.array(x), self.places(idx), let.outs[0].ty.scalar)
            case Get(x, idx):
                if isinstance(let.outs[0].ty.scalar, IntT) and not let.outs[0].ty.shape:
                    self.told.add(let.outs[0])
                self.bind(let.outs[0], arrays.get(c, self.array(x), [self.scalar(i) for i in idx]))
            case Stop(x):
                self.bind(let.outs[0], self._same(x))
            case Put():
                self._put(let, let.expr)
            case Stack(items):
                self._stack(let.outs[0], items)
            case Fill(value):
                self.bind(let.outs[0], Arr(let.outs[0].ty, uniform=self.scalar(value)))
            case Data(array):
                (out,) = let.outs
                self.env[out] = Arr(out.ty, self.tables.constant(array, out.ty))
            case Loop() as loop if loop in self.tables.planned.shared:
                shared.emit(self, let, loop)
            case Loop() as loop:
                (runs if runs.is_batch(self, loop) else loops).emit(self, let, loop)
            case Cond():
                self._cond(let, let.expr)
            case Accum():
                self._accum(let, let.expr)
            case Add(ref, idx, v) if per_lane.is_wide(idx):
                at, ty = self.array(ref).address(), ref.ty
                per_lane.add(c, self.tables.flags, at, ty, self.places(idx), self.scalar(v))
            case Add(ref, idx, v):
                to = arrays.place_of(c, self.array(ref).address(), ref.ty, [self.scalar(i) for i in idx])
                long_arrays.add(self, to, ref.ty.at(len(idx)), self.value(v))
            case SubRef(ref, idx):
                (out,) = let.outs
                at = arrays.place_of(c, self.array(ref).address(), ref.ty, [self.scalar(i) for i in idx])
                self.env[out] = Arr(out.ty, at)
                self.parts.add(out)
            case Guard(bad, _, values):
                reported = [(a.ty, self.scalar(a)) for a in values]
                guards.fail_if(c, self.scalar(bad), str(self.tables.failure(let.expr, let.where)), reported)
            case Call():
                calls.emit(self, let, let.expr)
            case _:
                unknown(let.expr)

    def _same(self, x: Atom) -> Value:
        """x under another name. Scalars that are also in memory get memory of their own if they need an address."""
        value = self.value(x)
        if isinstance(value, Arr) and x in self.sharing.elements:
            return Arr(value.ty, None, value.items, value.uniform)
        return value

    def _put(self, let: Let, put: Put) -> None:
        c, (out,) = self.code, let.outs
        x, v = self.array(put.x), self.value(put.v)
        idx = [self.scalar(i) for i in put.idx]
        if out in self.sharing.elements:
            start = arrays.flat(x.ty, [int(i) for i in idx])
            new = list(arrays.scalars(c, x))
            part = (v,) if isinstance(v, str) else arrays.scalars(c, v)
            new[start : start + len(part)] = part
            self.bind(out, Arr(out.ty, items=tuple(new)))
            return
        if let in self.sharing.reuses:
            to = x.address()
        else:
            to = self.place(out)
            arrays.write(c, x, to, x.ty)
        self.env[out] = Arr(out.ty, to)
        if per_lane.is_wide(put.idx):
            per_lane.put(c, to, out.ty, self.places(put.idx), self.scalar(put.v))
            return
        at = arrays.place_of(c, to, out.ty, idx)
        arrays.write(c, v, at, out.ty.at(len(idx)), overlap=let in self.sharing.reuses)

    def _stack(self, out: Var, items: Sequence[Atom]) -> None:
        c = self.code
        if out in self.sharing.elements:
            texts: list[str] = []
            for a in items:
                v = self.value(a)
                texts.extend((v,) if isinstance(v, str) else arrays.scalars(c, v))
            self.bind(out, Arr(out.ty, items=tuple(texts)))
            return
        to = self.place(out)
        for k, a in enumerate(items):
            arrays.write(c, self.value(a), arrays.place_of(c, to, out.ty, [str(k)]), a.ty)
        self.env[out] = Arr(out.ty, to)

    # ------------------------------------------------------------------------------- control

    def _cond(self, let: Let, cond: Cond) -> None:
        c, sharing = self.code, self.sharing
        destinations: list[str | None] = []
        for v, a in zip(let.outs, cond.then.results, strict=True):
            # If both sides leave the result in the same existing place, nothing needs to be done.
            there = isinstance(a, Var) and sharing.root.get(v) is sharing.root.get(a)
            destinations.append(self.place(v) if v.ty.shape and v not in sharing.elements and not there else None)
        then, orelse, join = c.fresh("then"), c.fresh("else"), c.fresh("join")
        c.branch(self.scalar(cond.p), then, orelse)
        sides: list[tuple[list[Value], str]] = []
        for label, block in ((then, cond.then), (orelse, cond.orelse)):
            c.open(label)
            mark = c.mark()
            values = recursion.nested(self.block, block, destinations)
            for k, v in enumerate(let.outs):
                value = values[k]
                if v in sharing.elements and isinstance(value, Arr):
                    values[k] = Arr(v.ty, items=arrays.scalars(c, value))
            c.release(mark)
            sides.append((values, c.label))
            c.jump(join)
        c.open(join)
        (first, label1), (second, label2) = sides

        def phi(kind: str, x: str, y: str) -> str:
            return x if x == y else c.let(f"phi {kind} [ {x}, %{label1} ], [ {y}, %{label2} ]")

        merged: list[Value] = []
        for v, x, y in zip(let.outs, first, second, strict=True):
            if isinstance(x, str):
                assert isinstance(y, str)
                merged.append(phi(layout.register(v.ty.scalar), x, y))
            elif v in sharing.elements:
                assert isinstance(y, Arr) and x.items is not None and y.items is not None
                kind = layout.register(v.ty.scalar)
                merged.append(Arr(v.ty, items=tuple(map(phi, [kind] * v.ty.size, x.items, y.items))))
            else:
                merged.append(Arr(v.ty, x.address()))
        for v, value in zip(let.outs, merged, strict=True):
            self.bind(v, value)

    def _accum(self, let: Let, accum: Accum) -> None:
        c = self.code
        finals = let.outs[len(accum.body.results) :]
        reused = self.sharing.reuses.get(let, set())
        for k, (ref, init, out) in enumerate(zip(accum.refs, accum.inits, finals, strict=True)):
            if k in reused:
                to = self.array(init).address()
            else:
                to = self.place(out) if out.ty.shape else self.buffer(out.ty)
                long_arrays.write(self, self.value(init), to, out.ty)
            self.env[ref] = Arr(ref.ty, to)
        recursion.nested(self.lets, accum.body)
        for v, a in zip(let.outs, accum.body.results, strict=False):
            self.bind(v, self._same(a))
        for ref, out in zip(accum.refs, finals, strict=True):
            pointer = self.array(ref).address()
            self.bind(out, Arr(out.ty, pointer) if out.ty.shape else c.load(pointer, out.ty.scalar))
