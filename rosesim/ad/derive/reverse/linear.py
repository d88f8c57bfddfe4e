"""Scalar operators that are linear, transposed."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.derive.reverse.cotangent import Ct, Gather
from rosesim.ad.derive.reverse.pair import is_tan
from rosesim.ad.program.ir import (
    Atom,
    Lit,
)


def linear(g: Gather, name: str, args: Sequence[Atom], ct: Ct) -> None:
    """Pass the cotangent of an operator's result on to its arguments."""
    b = g.b
    match name:
        case "neg":
            g.add(args[0], ct.scaled(b.op("neg", ct.value), True))
        case "add":
            g.add(args[0], ct)
            g.add(args[1], ct)
        case "sub":
            g.add(args[0], ct)
            if not isinstance(args[1], Lit):
                g.add(args[1], ct.scaled(b.op("neg", ct.value), True))
        case "mul":
            factor, t = args if is_tan(args[1]) else args[::-1]
            if not isinstance(t, Lit):
                g.add(t, ct.scaled(b.op("mul", factor, ct.value), g.outside.is_finite(factor)))
        case "div":
            g.add(
                args[0],
                ct.scaled(b.op("div", ct.value, args[1]), isinstance(args[1], Lit) and abs(args[1].value) > 0),
            )
        case "select":
            p, x, y = args
            for side, truth in ((x, p), (y, b.op("not", p))):
                if not isinstance(side, Lit):
                    g.add(side, ct.where(b, truth))
        case _:
            raise AssertionError(f"{name} is not linear")
