"""The passes of differentiation, in their order: what a function goes through once it is traced or transposed.

Forward mode is written anew and needs none: what it makes is either transposed or simplified with the trace that
asked for it. (Scatter-to-gather also runs inside transposition, on each block as soon as its reverse is written:
which cotangents are surely overwritten is seen from what it makes.)
"""

from __future__ import annotations

from rosesim.ad.passes.direction import forwards
from rosesim.ad.passes.scatter_to_gather import turned
from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program.ir import Func
from rosesim.ad.program.program_pass import Pass, in_order


def _simplified(func: Func) -> Func:
    return simplified(func)


def _narrowed(func: Func) -> Func:
    return simplified(func, narrow=True)


TRACED = (Pass("simplify-trace", "removes what no result of a traced function needs", _simplified, required=True),)
"""Of each function, when it has been traced."""

PRIMAL = (
    Pass("simplify-primal", "removes what neither a result nor the residuals need", _simplified, required=True),
)
"""Of the half of each transposed function that runs forward and keeps the residuals."""

REVERSE = (
    Pass("narrow-reverse", "removes cotangents that nobody reads, in called functions too", _narrowed, required=True),
    Pass("gather-reverse", "turns additions at shifted places into reads at shifted places", turned, required=True),
    Pass("forward-loops", "turns backward loops forward where their order is free", forwards, required=True),
    Pass("simplify-reverse", "removes what these have left without a reader", _simplified, required=True),
)
"""Of the half that runs backward."""

STEPS = (
    ("each function that is traced", TRACED),
    ("each function that is transposed, the forward half", PRIMAL),
    ("each function that is transposed, the reverse half", REVERSE),
)
"""When each list of passes runs, in the order in which a gradient meets them."""


def tidied_trace(func: Func) -> Func:
    """A function as it was traced, without what nobody reads."""
    return in_order(TRACED, func)


def tidied_primal(func: Func) -> Func:
    """The forward half of a transposed function, without what nobody reads."""
    return in_order(PRIMAL, func)


def tidied_reverse(func: Func) -> Func:
    """The reverse half of a transposed function, its additions and loops in the form that runs best."""
    return in_order(REVERSE, func)
