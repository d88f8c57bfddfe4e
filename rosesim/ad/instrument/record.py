"""Recording programs: a copy of a program that records numbers by let and by step while it runs.

A `Probe` says what is recorded at which let. The numbers are added to one table of Reals, [rows, columns]. Each
number that a let records has a column. Each step of an outermost loop has a row, or several steps share one if the
table would become too large. Each straight-line run outside of loops has a row as well. So the row says when, and the
column says which line.

Within a step each number is weighted by square roots of the indices of the loops around it, so that two changes in
one step do not cancel. A function is copied at most twice: for calls outside of all loops it takes the table, for
calls inside a loop it takes a row and the weight there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rosesim.ad.program.builder import Builder, integer, real
from rosesim.ad.program.ir import (
    REAL,
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    FloatT,
    Func,
    Get,
    Guard,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    Ty,
    Var,
    Where,
    all_lets,
    blocks,
    reachable,
    unknown,
)
from rosesim.ad.program.rewrite import Copy
from rosesim.ad.support import recursion

CELLS = 2**19
"""The size of a table: 4 MiB, so that the tables of two runs fit into a cache. If there are more steps, they share
rows."""

Name = Callable[[Atom], Atom]
"""From an atom of the program to the atom of its copy."""


class Probe(Protocol):
    """What is recorded of a program."""

    def columns(self, let: Let) -> tuple[str, ...]:
        """A word for each number that is recorded at a let; most lets have none."""
        ...

    def values(self, let: Let, b: Builder, of: Name) -> Sequence[Atom]:
        """Those numbers, as Reals; they are recorded after the let."""
        ...

    def sides(self, let: Let, b: Builder, of: Name, then: bool) -> Sequence[tuple[int, Atom]]:
        """Pairs (column among the let's own, number) that are recorded where a side of a Cond begins."""
        ...

    def step(self, loop: Loop, b: Builder, of: Name) -> Atom | None:
        """A Real that is recorded in column 0 at the end of each step of an outermost loop."""
        ...

    def enters(self, func: Func) -> bool:
        """Whether the lets of a function are recorded."""
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """The meaning of a column: a word for it, its line, and its let."""

    what: str
    where: Where | None
    let: Let


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows first .. first + count - 1 hold the n steps of a loop, `chunk` steps each; outside of loops n = 0."""

    first: int
    count: int
    n: int
    chunk: int
    where: Where | None
    carries: bool
    """Whether the loop has carries; if not, its iterations are elements of a vector."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A program with the table [rows, columns] as its last result, and what the rows and columns mean."""

    func: Func
    columns: tuple[Column, ...]
    rows: tuple[Rows, ...]

    def at(self, row: int) -> tuple[Rows, int]:
        """The loop of a row and the first step that it holds."""
        for r in self.rows:
            if r.first <= row < r.first + r.count:
                return r, (row - r.first) * r.chunk
        raise IndexError(row)


def recorded(
    func: Func, probe: Probe, ty: Callable[[Ty], Ty] = lambda t: t, plain: Callable[[Func], Func] = lambda f: f
) -> Recording:
    """The program that also records what a probe says. `ty` maps types, as in `Copy`; `plain` maps the functions that
    record nothing."""
    layout = _Layout(func, probe)
    table = Ty(FloatT(), (max(layout.row, 1), max(len(layout.columns), 1)))
    made: dict[tuple[Func, bool], Func] = {}
    for f in reachable(func):
        if f not in layout.writing:
            continue
        assert isinstance(f.body, Block)
        for outside in (True, False):
            if not outside and f not in layout.within or outside and f not in layout.outside:
                continue
            copy = _Recorder(layout, probe, made, ty, plain, table, outside)
            made[f, outside] = copy.function(f)
    params = tuple(Var(ty(p.ty), p.name) for p in func.params)
    b = Builder(where=func.where)
    inner = Builder(b)
    ref = Var(Ty(table.scalar, table.shape, ref=True), "table")
    if func in layout.writing:
        outs = inner.call(made[func, True], [*params, ref])
    else:
        outs = inner.call(plain(func), params)
    ends = b.let(Accum((b.zeros(table),), (ref,), inner.block(outs)), *(o.ty for o in outs), table)
    program = Func(func.name, params, b.block(ends), func.where)
    return Recording(program, tuple(layout.columns), tuple(layout.rows))


class _Layout:
    """The layout of the table: who records anything, the columns of lets, the rows of outermost loops.

    `writing` has the functions that record anything. `outside` has those that are called outside of loops, `within`
    those called inside.
    """

    def __init__(self, func: Func, probe: Probe) -> None:
        self.probe = probe
        self.writing: set[Func] = set()
        self.columns: list[Column] = []
        self.column: dict[Let, int] = {}
        self.spread: set[Let] = set()
        """Those whose iterations have names, and columns, of their own."""
        self.within: set[Func] = set()
        self.outside: set[Func] = set()
        self.rows: list[Rows] = []
        self.rows_of: dict[Let, Rows] = {}
        self.row_of: dict[Let, int] = {}
        self.row = 0
        self._straight: int | None = None
        for f in reachable(func):  # callees first
            if isinstance(f.body, Block) and probe.enters(f) and self.writes(f.body):
                self.writing.add(f)
        if func not in self.writing:
            return
        self._number(func, set())
        loops = max(1, self._count(func))
        self._most = max(1, CELLS // max(1, len(self.columns)) // loops)
        self._outside(func)

    def writes(self, block: Block) -> bool:
        """Whether a block records anything."""
        for let in all_lets(block):
            e = let.expr
            if isinstance(e, Call):
                if e.func in self.writing:
                    return True
            elif self.probe.columns(let):
                return True
        return False

    def _count(self, func: Func) -> int:
        """The number of loops, an upper bound of the number of outermost ones."""
        bodies = [f.body for f in reachable(func) if f in self.writing and isinstance(f.body, Block)]
        return sum(isinstance(let.expr, Loop) for body in bodies for let in all_lets(body))

    def _number(self, func: Func, seen: set[Func]) -> None:
        """Assign columns in the order of the program; those of a callee come where it is first called. A
        branch whose decision has a name comes before its sides: it is to be told, not what flips with it there."""
        seen.add(func)

        def own(let: Let, n: int) -> None:
            if words := self.probe.columns(let):
                self.column[let] = len(self.columns)
                lines = [let.where]
                if let.where is not None and n and len(let.where.names) == n:
                    self.spread.add(let)
                    lines = [replace(let.where, name=name, names=()) for name in let.where.names]
                self.columns += [Column(w, line, let) for line in lines for w in words]

        def block(at: Block, n: int) -> None:
            """`n`: the iterations of the loop that it is the body of, or a part of; 0 outside of loops."""
            for let in at.lets:
                e = let.expr
                if isinstance(e, Call):
                    if e.func in self.writing and e.func not in seen:
                        recursion.nested(self._number, e.func, seen)
                    continue
                is_named = isinstance(e, Cond) and let.where is not None and let.where.names
                if is_named:
                    own(let, n)
                for nested in blocks(e):
                    recursion.nested(block, nested, e.n if isinstance(e, Loop) else n)
                if not is_named:
                    own(let, n)

        assert isinstance(func.body, Block)
        block(func.body, 0)

    def _outside(self, func: Func) -> None:
        """Assign rows, in order, to outermost loops and to what runs outside of all loops; each function once."""
        self.outside.add(func)

        def block(at: Block) -> None:
            for let in at.lets:
                e = let.expr
                match e:
                    case Call(func, _):
                        if func in self.writing and func not in self.outside:
                            self._straight = None
                            recursion.nested(self._outside, func)
                            self._straight = None
                    case Loop():
                        if self.probe.columns(let) or self.writes(e.body):
                            self._loop(let, e)
                    case Cond() | Accum():  # each block runs at most once, so a row is enough
                        for nested in blocks(e):
                            recursion.nested(block, nested)
                    case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | SubRef() | Guard():
                        pass
                    case _:
                        unknown(e)
                if self.probe.columns(let):
                    self.row_of[let] = self._straight_row(let)

        assert isinstance(func.body, Block)
        block(func.body)

    def _loop(self, let: Let, e: Loop) -> None:
        chunk = -(-max(e.n, 1) // self._most)
        count = -(-max(e.n, 1) // chunk)
        self.rows_of[let] = Rows(self.row, count, e.n, chunk, let.where, bool(e.carries))
        self.rows.append(self.rows_of[let])
        self.row += count
        self._straight = None
        stack = [e.body]
        while stack:
            for inner in all_lets(stack.pop()):
                called = inner.expr.func if isinstance(inner.expr, Call) else None
                if called in self.writing and called not in self.within:
                    self.within.add(called)
                    assert isinstance(called.body, Block)
                    stack.append(called.body)

    def _straight_row(self, let: Let) -> int:
        if self._straight is None:
            self._straight = self.row
            self.rows.append(Rows(self.row, 1, 0, 1, let.where, False))
            self.row += 1
        return self._straight


class _Recorder(Copy):
    """Copies one function and adds what it records."""

    def __init__(
        self,
        layout: _Layout,
        probe: Probe,
        made: dict[tuple[Func, bool], Func],
        ty: Callable[[Ty], Ty],
        plain: Callable[[Func], Func],
        table: Ty,
        outside: bool,
    ):
        super().__init__(ty=ty, func=plain)
        self._layout, self._probe, self._made, self._plain = layout, probe, made, plain
        self._outside = outside
        ref = table if outside else table.at(1)
        self._table = Var(Ty(ref.scalar, ref.shape, ref=True), "table" if outside else "row")
        self._weight: Atom = real(1.0) if outside else Var(REAL, "w")
        self._index: Atom | None = None
        """Of the innermost loop."""
        self._loops_written = 0

    def function(self, f: Func) -> Func:
        """The copy."""
        params = [*map(self.bind, f.params), self._table]
        if isinstance(self._weight, Var):
            params.append(self._weight)
        assert isinstance(f.body, Block)
        return Func(f.name, tuple(params), self.block(f.body), f.where)

    def lets(self, lets: Sequence[Let]) -> tuple[Let, ...]:
        """Copies of lets, each followed by what it records."""
        out: list[Let] = []
        for let in lets:
            first = self._layout.column.get(let)
            match let.expr:
                case Call(func, _) if func in self._layout.writing:
                    expr = self._call(let.expr)
                # A loop with a test also if its body records nothing, because its test must not record either.
                case Loop() as e if self._layout.writes(e.body) or e.test is not None or let in self._layout.rows_of:
                    expr = self._loop(let, e, out)
                case Cond() as e if first is not None:
                    expr = Cond(self.atom(e.p), self._side(let, e.then, True), self._side(let, e.orelse, False))
                case _:
                    expr = self._expr(let.expr)
            out.append(Let(tuple(self.bind(o) for o in let.outs), expr, let.where))
            if first is not None:
                b = Builder(where=let.where)
                for k, v in enumerate(self._probe.values(let, b, self.atom)):
                    self._write(b, let, first + k, v)
                out += b.lets
        return tuple(out)

    def _write(self, b: Builder, let: Let, column: int, value: Atom) -> None:
        at: Atom = integer(column)
        if let in self._layout.spread:
            assert self._index is not None
            words = integer(len(self._probe.columns(let)))
            at = b.op("iadd", b.op("imul", self._index, words), at)
        place = [at] if not self._outside else [integer(self._layout.row_of[let]), at]
        b.let(Add(self._table, tuple(place), b.op("mul", value, self._weight)))

    def _call(self, e: Call) -> Call:
        func = self._made[e.func, self._outside]
        args = [self.atom(a) for a in e.args]
        return Call(func, (*args, self._table) if self._outside else (*args, self._table, self._weight))

    def _side(self, let: Let, block: Block, then: bool) -> Block:
        b = Builder(where=let.where)
        for k, v in self._probe.sides(let, b, self.atom, then):
            self._write(b, let, self._layout.column[let] + k, v)
        copied = self.block(block)
        return Block((*b.lets, *copied.lets), copied.results)

    def _loop(self, let: Let, e: Loop, out: list[Let]) -> Expr:
        inits = tuple(map(self.atom, e.inits))
        upto = None if e.upto is None else self.atom(e.upto)
        index, carries = self.bind(e.index), tuple(map(self.bind, e.carries))
        test = None if e.test is None else self._quiet(e.test)
        b = Builder(where=let.where)
        outer = self._table, self._weight, self._outside, self._index
        self._index = index
        rows = self._layout.rows_of[let] if self._outside else None
        if rows is not None:
            at: Atom = index
            if rows.chunk > 1:
                at = b.op("idiv", index, Lit(rows.chunk, Ty(IntT(rows.chunk, rows.chunk))))
            self._table = b.subref(self._table, (b.op("iadd", at, integer(rows.first)),))
            self._outside = False
        if rows is None or rows.chunk > 1:
            # The square root of an integer plus a fraction that differs between loops: sums of a few never cancel.
            self._loops_written += 1
            shifted = b.op("add", b.op("real", index), real(1.0 + 0.1 * (self._loops_written % 9)))
            self._weight = b.op("mul", b.op("sqrt", shifted), self._weight)
        start = tuple(b.lets)
        body = self.block(e.body)
        end: tuple[Let, ...] = ()
        if rows is not None:
            names = dict(zip(e.body.results, body.results, strict=True))
            b = Builder(where=let.where)
            value = self._probe.step(e, b, lambda a: names.get(a, a))
            if value is not None:
                b.let(Add(self._table, (integer(0),), value))
            end = tuple(b.lets)
        self._table, self._weight, self._outside, self._index = outer
        body = Block((*start, *body.lets, *end), body.results)
        # Not a `batch`: runs that are computed at once would add to the same elements.
        return replace(e, index=index, inits=inits, carries=carries, body=body, upto=upto, test=test, batch=False)

    def _quiet(self, block: Block) -> Block:
        """A copy of a loop's test that records nothing, because the loop's count already says how often it held."""
        copy = Copy(self.names, self._ty, self._plain)
        return copy.block(block)
