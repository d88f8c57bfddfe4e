"""Why a gradient is exactly zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.cuts import FLAT
from rosesim.ad.instrument.decisions import CHOICES, CONTINUOUS, COUNT, never
from rosesim.ad.instrument.dependence import depends
from rosesim.ad.program.ir import Where
from rosesim.checks.programs import Programs, Vector
from rosesim.checks.slopes import Slopes

LINES = 3
"""At most this many places are named; a program of many contacts may have hundreds."""
Lost = tuple[str, Where | None]


def why_zero(
    programs: Programs, output: str, name: str, table: NDArray[np.float64], slopes: list[Slopes], direction: Vector
) -> str:
    """The words that follow `zero because`, for an output whose gradient by an input is exactly zero.

    `table` holds the decisions at the point, `slopes` the output's differences. `direction` is a random one among
    the input's.
    """
    func = programs.alone(output)
    if not any(depends(func, tuple(n == name for n in programs.leaf_names))):
        return f"{output} does not depend on {name} in the program at all"
    found = programs.lost(output, name, direction)
    reason = _reason(found, never(programs.recorded, table))
    if reason is not None:
        return reason
    if any(s.changes() for s in slopes):
        return (
            "the point is stationary: the value changes with longer steps, and its slope is zero on both sides, as "
            "at a minimum, a maximum or a saddle"
        )
    return (
        "the value is the same at every step of the ladder (1e-1 to 1e-8 of the input's scale): it reads the input, "
        "but multiplies it by zero or adds it to something that rounds it away"
    )


def _reason(found: list[Lost], taken: dict[tuple[str, Where | None], bool | None]) -> str | None:
    """The most telling of the places where the derivative ends."""
    branches = [f for f in found if f[0] in ("the branch of cond", "select")]
    unmet = [f for f in branches if taken.get(f) is not None]
    if unmet:
        words = [
            f"{what}{_line(where)} (its condition was {'always true' if taken[what, where] else 'never true'})"
            for what, where in unmet
        ]
        return "it reaches the value only through a branch that was never taken: " + _some(words)
    for words, kinds in (
        ("the value was clamped: the other argument was taken by ", CONTINUOUS & CHOICES),
        ("it goes on only as an integer, which is constant between its steps: ", FLAT),
        ("it goes on only through ", {"stop_gradient"}),
        ("the branch through which it would reach the value was not taken: ", {"the branch of cond", "select"}),
        ("it only decides which branch is taken: ", {"a comparison"}),
        ("it only decides how often a loop runs: ", {COUNT}),
    ):
        places = [f"{what}{_line(where)}" for what, where in found if what in kinds]
        if places:
            return words + _some(places)
    return None


def _line(where: Where | None) -> str:
    if where is None:
        return ""
    return f" ({where.name}) in {where}" if where.name else f" in {where}"


def _some(words: list[str]) -> str:
    distinct = list(dict.fromkeys(words))
    more = len(distinct) - LINES
    return ", ".join(distinct[:LINES]) + (f" and {more} more" if more > 0 else "")
