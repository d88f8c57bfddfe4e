"""Arithmetic on vectors is one loop, however many operations it has.

Each operation element by element would be a loop of its own, with an array between each two: `x * y + 1.0` would
write and read all products. Here an operation on vectors of the same shape goes into the body of the loop that the
last one has written, as long as that loop can still run later: nothing since has read what it gives. A chain of
operations is then the program that `vec(n, lambda i: x[i] * y[i] + 1.0)` writes, also for the derivatives, which are
taken of that one loop. An array that only the chain itself reads is not made (`passes/simplify`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.scalar import Scalar
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import VecValue, to_atoms
from rosesim.ad.passes.simplify import nested_free
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.effects import acts
from rosesim.ad.program.ir import Atom, Let, Loop, Ty, Var, index_ty

LONGEST = 200
"""The most lets of a body: longer ones need more registers than there are, and compile slowly."""
NEAR = 64
"""How many lets may stand behind a loop that goes on: it bounds what one operation costs while tracing."""


class Chain:
    """A loop whose body may still grow: the block that is its body, and what each of its outputs is there."""

    __slots__ = ("body", "index", "let", "outs", "results")

    def __init__(self, n: int):
        self.index = Var(index_ty(n), "i")
        self.body: Builder = trace.opened((self.index,))
        self.outs: list[Var] = []
        self.results: list[Atom] = []
        self.let: Let | None = None

    def can_go_on(self, b: Builder, others: set[Atom]) -> bool:
        """Whether the loop may run at the end of block b instead, and then read `others` at any place."""
        outs = set(self.outs)
        if len(self.body.lets) > LONGEST or others & outs:
            return False
        for let in reversed(b.lets[-NEAR:]):
            if let is self.let:
                return True
            if nested_free(let.expr) & outs:
                return False
        return False

    def write(self, b: Builder, n: int) -> None:
        """Write the loop, as it is now, to the end of block b."""
        loop = Loop(n=n, index=self.index, inits=(), carries=(), body=self.body.block(self.results))
        if self.let is not None:
            del b.lets[next(k for k in reversed(range(len(b.lets))) if b.lets[k] is self.let)]
        self.let = Let(tuple(self.outs), loop, b.where)
        b.lets.append(self.let)


def chained(shape: tuple[int, ...], own: Sequence[Any], others: Sequence[Any], f: Callable[[Index], Any]) -> VecValue:
    """The vector of f(0), ..., whose elements have this shape. f reads the vectors `own` at its index alone, and
    `others` at any place."""
    read_elsewhere = {a for v in others for a in _atoms(v)}
    for v in own:
        _atoms(v)  # what a list of values becomes an array by has to stand in front of the loop
    fr, b, n = trace.frame(), trace.building(), shape[0]
    chain = fr.chains.get((b, shape))
    if chain is None or not chain.can_go_on(b, read_elsewhere):
        chain = fr.chains[b, shape] = Chain(n)
    before = len(chain.body.lets)
    with trace.within(chain.body):
        value = trace.deeper(lambda: f(Index.of(chain.index)))
        t = typeof(value)
        atoms = [fr.resolve(a) for a in to_atoms(value, t)]
    outs = [_output(chain, a, n) for a in atoms]
    chain.write(b, n)
    fr.own(outs)
    if acts(chain.body.lets[before:]):
        del fr.chains[b, shape]  # a loop with an effect stays where it is
    return VecValue(T.VecType(n, t), leaves=tuple(outs))


def _output(chain: Chain, a: Atom, n: int) -> Var:
    if a in chain.results:
        return chain.outs[chain.results.index(a)]
    out = Var(Ty(a.ty.scalar, (n, *a.ty.shape)))
    chain.outs.append(out)
    chain.results.append(a)
    chain.body.known(out, chain.index, a)
    return out


def _atoms(v: Any) -> list[Atom]:
    if isinstance(v, VecValue):
        return [trace.frame().resolve(a) for a in v.leaves()]
    return [v.atom] if isinstance(v, Scalar) else []
