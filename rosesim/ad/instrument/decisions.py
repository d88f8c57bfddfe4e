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

from rosesim.ad.instrument.record import Name, Recording, recorded
from rosesim.ad.program.builder import Builder, real, syms
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
    Where,
    unknown,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.rewrite import real_type, tangents_as_reals

RAN = "ran"
"""The word of the column beside a choice of two, which counts how often it was met."""
COUNT = "the count of while_loop"
_KINKS = {name: row.kink for name, row in OPS.items() if row.kink is not None}
CHOICES = frozenset({"the branch of cond", *(kink.word for name, kink in _KINKS.items() if OPS[name].choose)})
"""The words of the choices of two."""
CONTINUOUS = frozenset(kink.word for kink in _KINKS.values() if kink.decision is not None and not kink.jumps)
"""The words of the decisions at which a value has a kink, and never jumps."""


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
            case Op(name, _) if (kink := OPS[name].kink) is not None and kink.decision is not None:
                return (kink.word,) if OPS[name].choose is None else (kink.word, RAN)
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
                kink = OPS[name].kink
                assert kink is not None and kink.decision is not None
                went = kink.decision(*syms(b, *map(of, args), of(let.outs[0]))).atom
                return (went,) if OPS[name].choose is None else (went, real(1.0))
            case Cond(p, _, _):
                return (b.op("select", of(p), real(1.0), real(0.0)), real(1.0))
            case Loop(upto=upto) as e:
                count = let.outs[-1] if e.test is not None else upto
                assert count is not None
                return (b.op("real", of(count)),)
            case _:
                raise AssertionError(let.expr)

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
        if not isinstance(e, Op) or not isinstance(let.outs[0].ty.scalar, FloatT):
            return ()
        side = _side(e, let.outs[0], Builder(), lambda a: a)
        # A divisor that is a literal is always on one side.
        return () if side is None or isinstance(side[1], Lit) else (side[0],)

    def values(self, let: Let, b: Builder, of: Name) -> Sequence[Atom]:
        assert isinstance(let.expr, Op)
        side = _side(let.expr, let.outs[0], b, of)
        assert side is not None
        return (side[1],)

    def sides(self, let: Let, b: Builder, of: Name, then: bool) -> Sequence[tuple[int, Atom]]:
        return ()

    def step(self, loop: Loop, b: Builder, of: Name) -> Atom | None:
        return None


def _side(e: Op, out: Atom, b: Builder, of: Name) -> tuple[str, Atom] | None:
    """On which side of its singular point an operator is, after the word for it; None where it has no such point."""
    kink = OPS[e.name].kink
    if kink is None or kink.side is None:
        return None
    return kink.word, kink.side(*syms(b, *map(of, e.args), of(out))).atom


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


def decisions(func: Func) -> Recording:
    """The program that gives, after its results, the table of its decisions."""
    return recorded(func, _Decisions())


def tangent_decisions(forward: Func, aside: Where | None = None) -> Recording:
    """The same of a forward derivative, with its tangents as plain reals; what stands at `aside` decides nothing."""
    return recorded(forward, _Decisions(aside), ty=real_type, plain=tangents_as_reals)


def tips(func: Func) -> Recording:
    """The program that gives, after its results, on which side of its singular point each root, angle, power and
    division is: what makes the tip of a cone, where no decision is taken."""
    return recorded(func, _Tips())


def first_flip(
    program: Recording, one: NDArray[Any], other: NDArray[Any], only: str | None = None
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


def never(program: Recording, table: NDArray[Any]) -> dict[tuple[str, Where | None], bool | None]:
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
