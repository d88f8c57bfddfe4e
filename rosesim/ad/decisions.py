"""Which way every decision of a program went, so that two runs can be told apart.

A decision is where a real number becomes a choice: the condition of `cond` and `select`, which argument
`minimum` and `maximum` take, the sign that `abs`, `sign` and `copysign` see, the cell of `floor`, `ceil`,
`trunc`, `fmod` and of an index made of a real, how often a `while_loop` ran, where `upto` ended a loop.
(`argmin` is a `select` in a loop.) Between two decisions a program is smooth: where a derivative and a
difference disagree, either a decision went another way within the difference, or the derivative is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.builder import Builder, real
from rosesim.ad.ir import (
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
    Where,
    unknown,
)
from rosesim.ad.record import Name, Recorded, recorded
from rosesim.ad.rewrite import erased, real_type

WORDS = {
    "select": "select", "minimum": "minimum", "maximum": "maximum", "abs": "abs", "sign": "sign",
    "copysign": "copysign", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "fmod": "fmod",
    "floor_clamp": "an index", "floor_wrap": "an index",
}  # fmt: skip
RAN = "ran"
"""The word of the column beside a choice of two, which counts how often it was met."""
COUNT = "the count of while_loop"
CHOICES = frozenset({"the branch of cond", "select", "minimum", "maximum"})


TIPS = {"sqrt": "sqrt", "hypot": "hypot", "atan2": "atan2", "pow": "pow", "div": "a division"}
"""Operators that are smooth but at one point, or across one line."""


class _Decisions:
    """What is written down: each decision as a number that changes with it; none of what stands at `aside`."""

    def __init__(self, aside: Where | None = None):
        self._aside = aside

    def enters(self, func: Func) -> bool:
        return isinstance(func.body, Block)

    def columns(self, let: Let) -> tuple[str, ...]:
        if self._aside is not None and let.where == self._aside:
            return ()
        match let.expr:
            case Op("select", (Lit(), _, _)):
                return ()
            case Op(("select" | "minimum" | "maximum") as name, _) if name == "select" or _real(let):
                return (WORDS[name], RAN)
            case Op(name, _) if name in WORDS:
                return (WORDS[name],)
            case Cond():
                return ("the branch of cond", RAN)
            case Loop(test=test) if test is not None:
                return (COUNT,)
            case Loop(upto=upto) if upto is not None and not isinstance(upto, Lit):
                return ("upto",)
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Accum():
                return ()
            case Add() | SubRef() | Guard() | Call():
                return ()
            case _:
                unknown(let.expr)

    def values(self, let: Let, b: Builder, of: Name) -> Sequence[Atom]:
        match let.expr:
            case Op(name, args):
                return self._op(name, [of(a) for a in args], of(let.outs[0]), b)
            case Cond(p, _, _):
                return (b.op("select", of(p), real(1.0), real(0.0)), real(1.0))
            case Loop(upto=upto) as e:
                count = let.outs[-1] if e.test is not None else upto
                assert count is not None
                return (b.op("real", of(count)),)
            case _:
                raise AssertionError(let.expr)

    def _op(self, name: str, args: Sequence[Atom], out: Atom, b: Builder) -> Sequence[Atom]:
        match name:
            case "select":
                return (b.op("select", args[0], real(1.0), real(0.0)), real(1.0))
            case "minimum" | "maximum":
                p = b.op("le" if name == "minimum" else "ge", *args)
                return (b.op("select", p, real(1.0), real(0.0)), real(1.0))
            case "abs":
                return (b.op("sign", args[0]),)
            case "copysign":
                return (b.op("add", b.op("sign", args[0]), b.op("mul", real(3.0), b.op("sign", out))),)
            case "fmod":
                cell = b.op("div", b.op("sub", args[0], out), args[1])
                return (b.op("floor", b.op("add", cell, real(0.5))),)
            case "floor_clamp" | "floor_wrap":
                return (b.op("real", out),)
            case _:
                return (out,)

    def sides(self, let: Let, b: Builder, of: Name, then: bool) -> Sequence[tuple[int, Atom]]:
        return ()

    def step(self, loop: Loop, b: Builder, of: Name) -> Atom | None:
        return None


class _Tips:
    """What is written down: on which side of its singular point each such operator is."""

    def enters(self, func: Func) -> bool:
        return isinstance(func.body, Block)

    def columns(self, let: Let) -> tuple[str, ...]:
        e = let.expr
        if isinstance(e, Op) and e.name in TIPS and _real(let):
            return () if e.name == "div" and isinstance(e.args[1], Lit) else (TIPS[e.name],)
        return ()

    def values(self, let: Let, b: Builder, of: Name) -> Sequence[Atom]:
        e = let.expr
        assert isinstance(e, Op)
        args = [of(a) for a in e.args]
        match e.name:
            case "sqrt" | "pow":
                return (b.op("sign", args[0]),)
            case "hypot":
                return (b.op("sign", of(let.outs[0])),)
            case "div":
                return (b.op("sign", args[1]),)
            case _:  # atan2 jumps across the negative x-axis
                side = b.op("select", b.op("lt", args[0], real(0.0)), real(-1.0), real(1.0))
                at = b.op("select", b.op("lt", args[1], real(0.0)), side, real(0.0))
                size = b.op("sign", b.op("hypot", args[0], args[1]))
                return (b.op("add", at, b.op("mul", real(3.0), size)),)

    def sides(self, let: Let, b: Builder, of: Name, then: bool) -> Sequence[tuple[int, Atom]]:
        return ()

    def step(self, loop: Loop, b: Builder, of: Name) -> Atom | None:
        return None


def _real(let: Let) -> bool:
    return isinstance(let.outs[0].ty.scalar, FloatT)


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision that went another way in another run: what it is, in which line, when.

    `step` is that of the loop which no other is around, None outside of all loops; `chunk` steps from it on
    were recorded together; `of_steps` says whether that loop hands something on (else they are elements).
    """

    what: str
    where: Where | None
    step: int | None
    chunk: int = 1
    of_steps: bool = True

    def __str__(self) -> str:
        line = "" if self.where is None else f" in {self.where}"
        if self.step is None:
            return f"{self.what}{line}"
        when = f"{self.step}" if self.chunk == 1 else f"{self.step} to {self.step + self.chunk - 1}"
        many = "" if self.chunk == 1 else "s"
        return f"{self.what}{line}, at {'step' if self.of_steps else 'element'}{many} {when}"


def decisions(func: Func) -> Recorded:
    """The program that gives, after its results, the table of its decisions."""
    return recorded(func, _Decisions())


def tangent_decisions(forward: Func, aside: Where | None = None) -> Recorded:
    """The same of a forward derivative, with its tangents as plain reals; what stands at `aside` decides nothing."""
    return recorded(forward, _Decisions(aside), ty=real_type, plain=erased)


def tips(func: Func) -> Recorded:
    """The program that gives, after its results, on which side of its singular point each root, angle, power and
    division is: what makes the tip of a cone, where no decision is taken."""
    return recorded(func, _Tips())


def first_flip(
    program: Recorded, one: NDArray[Any], other: NDArray[Any], only: str | None = None
) -> Flip | None:  # fmt: skip
    """The earliest decision (of those with this word `only`) that two runs took differently, given their tables;
    None where there is none."""
    differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
    if only is not None:
        differs &= np.array([c.what == only for c in program.columns], bool)
    if not differs.any():
        return None
    row = int(differs.any(axis=1).argmax())
    column = int(differs[row].argmax())
    rows, step = program.at(row)
    found = program.columns[column]
    if found.what == RAN:
        found = program.columns[column - 1]
    if rows.n == 0:
        return Flip(found.what, found.where, None)
    return Flip(found.what, found.where, step, min(rows.chunk, rows.n - step), rows.carries)


def never(program: Recorded, table: NDArray[Any]) -> dict[tuple[str, Where | None], bool | None]:
    """Of each choice of two that a run met, by word and line: True where it was always yes, False where never,
    None where it went both ways."""
    total = table.sum(axis=0)
    found: dict[tuple[str, Where | None], bool | None] = {}
    for k, column in enumerate(program.columns):
        if column.what in CHOICES and total[k + 1] > 0:
            yes, ran = total[k], total[k + 1]
            # Sums of the same weights: a single other way among n is 1/n of them.
            went = False if yes == 0 else True if abs(yes - ran) < 1e-9 * ran else None
            place = (column.what, column.where)
            found[place] = went if found.get(place, went) == went else None
    return found
