"""The passes that run on each function after it is traced or transposed, in their order.

Forward mode needs none: a forward derivative is either transposed or simplified together with the trace that contains
it. Scatter-to-gather also runs inside transposition, on each block as soon as its reverse is written, because its
output shows which cotangents provably count everywhere.
"""

from __future__ import annotations

from rosesim.ad.passes.direction import forwards
from rosesim.ad.passes.scatter_to_gather import gathered
from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program.ir import Func
from rosesim.ad.program.program_pass import Pass, in_order


def _simplified(func: Func) -> Func:
    return simplified(func)


def _narrowed(func: Func) -> Func:
    return simplified(func, narrow=True)


TRACED = (Pass("simplify-trace", "removes what no result of a traced function needs", _simplified, required=True),)
"""Run on each function after it is traced."""

PRIMAL = (
    Pass("simplify-primal", "removes what neither a result nor the residuals need", _simplified, required=True),
)
"""Run on the forward half of each transposed function, which keeps the residuals."""

REVERSE = (
    Pass(
        "narrow-reverse", "removes cotangents that nothing reads, in called functions too", _narrowed, required=True
    ),
    Pass("gather-reverse", "turns additions at shifted places into reads at shifted places", gathered, required=True),
    Pass("forward-loops", "turns backward loops forward where their order is free", forwards, required=True),
    Pass("simplify-reverse", "removes what these have left without a reader", _simplified, required=True),
)
"""Run on the reverse half of each transposed function."""

STEPS = (
    ("each function that is traced", TRACED),
    ("each function that is transposed, the forward half", PRIMAL),
    ("each function that is transposed, the reverse half", REVERSE),
)
"""What each list of passes runs on, in the order in which differentiation reaches them."""


def tidied_trace(func: Func) -> Func:
    """A traced function after its passes."""
    return in_order(TRACED, func)


def tidied_primal(func: Func) -> Func:
    """The forward half of a transposed function after its passes."""
    return in_order(PRIMAL, func)


def tidied_reverse(func: Func) -> Func:
    """The reverse half of a transposed function after its passes."""
    return in_order(REVERSE, func)
