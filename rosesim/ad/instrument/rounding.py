"""Adds random noise to every rounding of a program: its results move about as far as rounding can move them.

The result of every operator that rounds is multiplied by 1 + size * r, where r lies between -1 and 1. The derivative
of such a program is disturbed at every step too, because a tangent is multiplied by the same factors. After Vignes,
"A stochastic arithmetic for reliable scientific computation" (1993); `fuzz` does the same in the interpreter.

A program has no random generator, so r comes from the fractional part of a phase times an irrational number. The
phase is a parameter, and a loop makes a new one for each iteration. A block computes FACTORS factors, and its
operators use them in turn: one factor for each operator would make the program five times as long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from rosesim.ad.program.builder import Builder, real
from rosesim.ad.program.elementwise import zipped
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
    Let,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    Where,
    reachable,
    unknown,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.rewrite import Copy

ROUNDED = frozenset(name for name, row in OPS.items() if row.result == "r" and not row.exact) - {"unit"}
"""The operators whose results get noise: all that round, except `unit`."""
FACTORS = 8
"""The factors of a block; its operators use them in turn."""
LEAST_PHASE = 1e4
"""A phase lies between this and twice this: far more than 1, yet its fractional part keeps ten digits."""
TURNS = tuple(math.sqrt(p) for p in (2, 3, 5, 7, 11, 13, 17, 19))
"""Irrational numbers: the fractional parts of a phase times each are practically independent."""
CALLS = tuple(math.sqrt(p) for p in (23, 29, 31, 37, 41, 43, 47, 53))
"""Others, for the phases of calls and loops."""
MADE = Where("noise", 0)
"""The line of the code that makes the noise, so that its `floor`s are not taken for decisions of the program."""
STEP = (math.sqrt(5.0) - 1.0) / 2.0
"""The golden ratio's fractional part: the phases of successive iterations are spread evenly."""


def noisy(func: Func) -> Func:
    """The program with two more parameters, Reals: a phase between LEAST_PHASE and twice that, and the noise size.

    The body of a function with a derivative rule gets no noise, because the rule stays as it is; its results do.
    """
    if func.rules is not None or not isinstance(func.body, Block):
        func = _calling(func)
    made: dict[Func, Func] = {}
    for f in reachable(func):
        if isinstance(f.body, Block) and f.rules is None:
            made[f] = _Rounder(made).function(f)
    return made[func]


def _calling(func: Func) -> Func:
    """A function that only calls another."""
    params = tuple(Var(p.ty, p.name) for p in func.params)
    b = Builder(where=func.where)
    outs = b.call(func, params)
    return Func(func.name, params, b.block(outs), func.where)


def _fraction(b: Builder, x: Atom) -> Atom:
    return b.op("sub", x, b.op("floor", x))


class _Rounder(Copy):
    """Copies one function."""

    def __init__(self, made: dict[Func, Func]):
        super().__init__()
        self._made = made
        self._phase: Atom = Var(REAL, "phase")
        self._size = Var(REAL, "size")
        self._factors: list[Atom] = []
        self._count = 0

    def function(self, f: Func) -> Func:
        """The copy."""
        assert isinstance(f.body, Block)
        phase = self._phase
        assert isinstance(phase, Var)
        params = (*map(self.bind, f.params), phase, self._size)
        b = Builder(where=MADE)
        self._begin(b)
        body = self.block(f.body)
        return Func(f.name, params, Block((*b.lets, *body.lets), body.results), f.where)

    def _begin(self, b: Builder) -> None:
        """Write the factors of a block, made of the current phase."""
        self._factors = []
        for turn in TURNS:
            r = b.op("sub", b.op("mul", real(2.0), _fraction(b, b.op("mul", self._phase, real(turn)))), real(1.0))
            self._factors.append(b.op("add", real(1.0), b.op("mul", self._size, r)))

    def _next(self) -> int:
        self._count += 1
        return self._count % FACTORS

    def lets(self, lets: Sequence[Let]) -> tuple[Let, ...]:
        """Copies of lets, with noise after each that rounds."""
        out: list[Let] = []
        for let in lets:
            match let.expr:
                case Op(name) if name in ROUNDED and isinstance(let.outs[0].ty.scalar, FloatT):
                    out += self._disturbed(let, self._expr(let.expr))
                case Call(func, args) if func in self._made:
                    b = Builder(where=MADE)
                    fraction = _fraction(b, b.op("mul", self._phase, real(CALLS[self._next()])))
                    phase = b.op("mul", real(LEAST_PHASE), b.op("add", real(1.0), fraction))
                    call = Call(self._made[func], (*map(self.atom, args), phase, self._size))
                    out += [*b.lets, Let(tuple(map(self.bind, let.outs)), call, let.where)]
                case Call():
                    out += self._disturbed(let, self._expr(let.expr))
                case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond() | Accum():
                    out += super().lets((let,))
                case Add() | SubRef() | Guard():
                    out += super().lets((let,))
                case _:
                    unknown(let.expr)
        return tuple(out)

    def _disturbed(self, let: Let, expr: Expr) -> list[Let]:
        exact = tuple(Var(o.ty, o.name) for o in let.outs)
        b = Builder(where=let.where)
        for o, x in zip(let.outs, exact, strict=True):
            factor = self._factors[self._next()]
            is_real = isinstance(o.ty.scalar, FloatT) and not o.ty.ref
            self.rename(o, zipped(b, lambda b, v, w=factor: b.op("mul", v, w), x) if is_real else x)
        return [Let(exact, expr, let.where), *b.lets]

    def _expr(self, e: Expr) -> Expr:
        if not isinstance(e, Loop):
            return super()._expr(e)
        inits = tuple(map(self.atom, e.inits))
        upto = None if e.upto is None else self.atom(e.upto)
        index, carries = self.bind(e.index), tuple(map(self.bind, e.carries))
        test = None if e.test is None else self.block(e.test)
        outer = self._phase, self._factors
        b = Builder(where=MADE)
        at = b.op("mul", b.op("real", index), real(STEP))
        fraction = _fraction(b, b.op("add", b.op("mul", self._phase, real(CALLS[self._next()])), at))
        self._phase = b.op("mul", real(LEAST_PHASE), b.op("add", real(1.0), fraction))
        self._begin(b)
        inner = self.block(e.body)
        self._phase, self._factors = outer
        body = Block((*b.lets, *inner.lets), inner.results)
        return replace(e, index=index, inits=inits, carries=carries, body=body, upto=upto, test=test)
