"""Where a derivative ends: the places where a value may carry a tangent and the tangent is not passed on.

The program records the values that are lost there: the argument of `floor`, of an index and of `stop_gradient`; the
difference of the two sides of a comparison; what the test of a `while_loop` reads; the argument that `minimum`,
`maximum` or `select` does not choose; what the side of a `cond` that does not run would have read. The forward
derivative of this table is nonzero exactly where a tangent arrived and was lost.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from rosesim.ad.instrument.decisions import COUNT
from rosesim.ad.instrument.record import Name, Recording, recorded
from rosesim.ad.program.builder import Builder, syms
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    FloatT,
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
    free_vars,
    unknown,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.reduce import total

SUMMED = 64
"""Arrays of more numbers are not summed at every branch: their elements are recorded at the comparisons."""

_LOST = {
    name: (row.kink.lost_word, row.kink.lost)
    for name, row in OPS.items()
    if row.kink is not None and row.kink.lost is not None
}
"""For each operator that ends a derivative: its word in reports, and the value that is lost."""
FLAT = frozenset(word for name, (word, _) in _LOST.items() if OPS[name].result != "b" and not OPS[name].choose)
"""The words of the operators that are constant between their steps."""


class _Lost:
    """Records each real value at the place where its derivative ends."""

    def enters(self, func: Func) -> bool:
        """Not functions with a derivative rule: the rule is used instead of the derivative of the body."""
        return isinstance(func.body, Block) and func.rules is None

    def columns(self, let: Let) -> tuple[str, ...]:
        match let.expr:
            case Op("select", (p, _, _)) if isinstance(p, Lit) or not isinstance(let.outs[0].ty.scalar, FloatT):
                return ()
            case Op(name, args) if name in _LOST and any(isinstance(a, Var) for a in args):
                return (_LOST[name][0],)
            case Stop(x) if isinstance(x.ty.scalar, FloatT):
                return ("stop_gradient",)
            case Cond() as e if (_read(e.then) or _read(e.orelse)) and _gives_reals(let):
                return ("the branch of cond",)
            case Loop(test=test) if test is not None and _read(test):
                return (COUNT,)
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond() | Accum():
                return ()
            case Add() | SubRef() | Guard() | Call():
                return ()
            case _:
                unknown(let.expr)

    def values(self, let: Let, b: Builder, of: Name) -> Sequence[Atom]:
        match let.expr:
            case Op(name, args):
                return (_LOST[name][1](*syms(b, *map(of, args), of(let.outs[0]))).atom,)
            case Stop(x):
                return (total(b, of(x)),)
            case Loop(carries=carries, test=test) if test is not None:
                # The last values that the test read are the final carries.
                last = dict(zip(carries, let.outs, strict=False))
                read = [total(b, of(last.get(v, v))) for v in _read(test)]
                return (functools.reduce(lambda x, y: b.op("add", x, y), read),)
            case Get() | Put() | Stack() | Fill() | Data() | Loop() | Cond() | Accum():
                return ()
            case Add() | SubRef() | Guard() | Call():
                return ()
            case _:
                unknown(let.expr)

    def sides(self, let: Let, b: Builder, of: Name, then: bool) -> Sequence[tuple[int, Atom]]:
        assert isinstance(let.expr, Cond)
        return [(0, total(b, of(v))) for v in _read(let.expr.orelse if then else let.expr.then)]

    def step(self, loop: Loop, b: Builder, of: Name) -> Atom | None:
        return None


def _gives_reals(let: Let) -> bool:
    """Whether a branch gives real numbers, or only adds to refs. If it only gives booleans, such as whether a
    `while_loop` reached its limit, it ends no derivative."""
    return not let.outs or any(isinstance(o.ty.scalar, FloatT) for o in let.outs)


def _read(block: Block) -> list[Var]:
    """The reals and small arrays of reals that a block reads."""
    return [v for v in free_vars(block) if isinstance(v.ty.scalar, FloatT) and not v.ty.ref and v.ty.size <= SUMMED]


def lost(func: Func) -> Recording:
    """The program that gives, after its results, the table of the values that its derivative loses."""
    return recorded(func, _Lost())
