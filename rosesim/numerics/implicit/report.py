"""How a solver ended, and what happens if it has not converged."""

from __future__ import annotations

from typing import Any, NamedTuple

from rosesim.ad.language import trace
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.real import Real
from rosesim.ad.program.ir import Where
from rosesim.ad.support.locate import here


class Report(NamedTuple):
    """How a solver ended: `full=True` gives it beside the solution. It has no derivative."""

    converged: Bool
    """Whether it reached its tolerance."""
    residual: Real
    """What is left, as the solver's documentation says. It is 0 for an exact solution."""
    iterations: Any
    """The count of iterations, an Index."""


def require(report: Report, where: Where | None, message: str) -> None:
    """Stop the running program with this message if a solver has not converged."""
    stop_if(~report.converged, where, message)


def stop_if(bad: Bool, where: Where | None, message: str) -> None:
    """Stop the running program with this message if something is true."""
    condition = trace.frame().resolve(bad.atom)
    b = trace.building()
    b.where = where or here()
    b.guard(condition, message)
