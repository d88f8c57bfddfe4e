"""Records how large the tangent of a rollout becomes, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.instrument.record import Name, Recording, recorded
from rosesim.ad.program.builder import Builder
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
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    TanT,
    unknown,
)
from rosesim.ad.program.reduce import largest_magnitude
from rosesim.ad.program.rewrite import real_type, tangents_as_reals


class _Growth:
    """Records the largest magnitude among the carried tangents at the end of each step."""

    def enters(self, func: Func) -> bool:
        return isinstance(func.body, Block)

    def columns(self, let: Let) -> tuple[str, ...]:
        match let.expr:
            case Loop(carries=carries) if any(isinstance(c.ty.scalar, TanT) for c in carries):
                return ("tangent",)
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond() | Accum():
                return ()
            case Add() | SubRef() | Guard() | Call():
                return ()
            case _:
                unknown(let.expr)

    def values(self, let: Let, b: Builder, of: Name) -> Sequence[Atom]:
        return ()

    def sides(self, let: Let, b: Builder, of: Name, then: bool) -> Sequence[tuple[int, Atom]]:
        assert isinstance(let.expr, Cond)
        return ()

    def step(self, loop: Loop, b: Builder, of: Name) -> Atom | None:
        largest: Atom | None = None
        for c, r in zip(loop.carries, loop.body.results, strict=False):
            if isinstance(c.ty.scalar, TanT):
                here = largest_magnitude(b, of(r))
                largest = here if largest is None else b.op("maximum", largest, here)
        return largest


def growth(forward: Func) -> Recording:
    """A forward derivative with tangents as plain reals that gives, after its results, the table of their norms.

    Column 0 has the norms; a row of several steps has their sum.
    """
    return recorded(forward, _Growth(), ty=real_type, plain=tangents_as_reals)
