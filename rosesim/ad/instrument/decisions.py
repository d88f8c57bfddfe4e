"""Records which way every decision of a program went, so that two runs can be compared.

A real number becomes a choice at a decision: the condition of `cond` and `select`, which argument `minimum` and
`maximum` take, the sign of the argument of `abs`, the cell of `floor` and of an index made of a real, how often a
`while_loop` ran, where `upto` ended a loop. What an operator decides stands in its row (`ops.Kink`). (`argmin` is a
`select` in a loop.) While all decisions stay the same, a program is smooth. So if a derivative and a difference
disagree, either a decision changed within the difference or the derivative is wrong.
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
"""The word of the column after a choice of two; it counts how often the choice was made."""
COUNT = "the count of while_loop"
_KINKS = {name: row.kink for name, row in OPS.items() if row.kink is not None}
CHOICES = frozenset({"the branch of cond", *(kink.word for name, kink in _KINKS.items() if OPS[name].choose)})
"""The words of the choices of two."""
CONTINUOUS = frozenset(kink.word for kink in _KINKS.values() if kink.decision is not None and not kink.jumps)
"""The words of the decisions at which a value has a kink but never jumps."""


class _Decisions:
    """Records each decision as a number that changes with it, except the decisions at the line `aside`."""

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
    """Records for each operator with a singular point on which side of the point it is."""

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
    """The word for an operator with a singular point, and on which side of the point it is; None if it has none."""
    kink = OPS[e.name].kink
    if kink is None or kink.side is None:
        return None
    return kink.word, kink.side(*syms(b, *map(of, e.args), of(out))).atom


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision that differs between two runs: what it is, in which line, and when.

    `step` is the step of the outermost loop around it, None outside of all loops. `chunk` steps from it on were
    recorded together. `of_steps` says whether that loop has carries; if not, its iterations are elements of a vector.
    """

    what: str
    where: Where | None
    step: int | None
    chunk: int = 1
    of_steps: bool = True

    @property
    def words(self) -> str:
        """The name that a library has given it, or else what kind of decision it is."""
        return self.what if self.where is None else self.where.name or self.what

    def __str__(self) -> str:
        line = "" if self.where is None else f" in {self.where}"
        if self.step is None:
            return f"{self.words}{line}"
        when = f"{self.step}" if self.chunk == 1 else f"{self.step} to {self.step + self.chunk - 1}"
        many = "" if self.chunk == 1 else "s"
        return f"{self.words}{line}, at {'step' if self.of_steps else 'element'}{many} {when}"


def decisions(func: Func) -> Recording:
    """The program that gives, after its results, the table of its decisions."""
    return recorded(func, _Decisions())


def tangent_decisions(forward: Func, aside: Where | None = None) -> Recording:
    """The same for a forward derivative, with tangents as plain reals. Code at the line `aside` decides nothing."""
    return recorded(forward, _Decisions(aside), ty=real_type, plain=tangents_as_reals)


def tips(func: Func) -> Recording:
    """The program that gives, after its results, a table of the side of its singular point on which each root, angle,
    power and division is. Such a point is the tip of a cone: no decision is taken there."""
    return recorded(func, _Tips())


def first_flip(
    program: Recording, one: NDArray[Any], other: NDArray[Any], only: str | None = None
) -> Flip | None:  # fmt: skip
    """The earliest decision that differs between two runs, given their tables; None if there is none. `only`
    considers decisions with this word alone."""
    differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
    if only is not None:
        differs &= np.array([c.what == only for c in program.columns], bool)
    if not differs.any():
        return None
    row = int(differs.any(axis=1).argmax())
    return _flip(program, row, int(differs[row].argmax()))


def first_flips(program: Recording, one: NDArray[Any], other: NDArray[Any]) -> list[Flip]:
    """For each decision (a word and a line) that differs between two runs its earliest flip, in the order of the
    run."""
    differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
    columns = np.flatnonzero(differs.any(axis=0))
    rows = differs[:, columns].argmax(axis=0)
    found: dict[tuple[str, Where | None], Flip] = {}
    for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True)):
        flip = _flip(program, row, column)
        found.setdefault((flip.what, flip.where), flip)
    return list(found.values())


def _flip(program: Recording, row: int, column: int) -> Flip:
    rows, step = program.at(row)
    found = program.columns[column]
    if found.what == RAN:
        found = program.columns[column - 1]
    if rows.n == 0:
        return Flip(found.what, found.where, None)
    return Flip(found.what, found.where, step, min(rows.chunk, rows.n - step), rows.carries)


def never(program: Recording, table: NDArray[Any]) -> dict[tuple[str, Where | None], bool | None]:
    """For each choice of two that a run made, by word and line: True if it was always yes, False if always no, None
    if it went both ways."""
    total = table.sum(axis=0)
    found: dict[tuple[str, Where | None], bool | None] = {}
    for k, column in enumerate(program.columns):
        if column.what in CHOICES and total[k + 1] > 0:
            yes, ran = total[k], total[k + 1]
            # Both are sums of the same weights: one choice among n that went the other way changes the sum by 1/n.
            went = False if yes == 0 else True if abs(yes - ran) < 1e-9 * ran else None
            place = (column.what, column.where)
            found[place] = went if found.get(place, went) == went else None
    return found
