"""The reasons of verdicts, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rosesim.ad.instrument.decisions import COUNT, Flip
from rosesim.checks.causes import NAMED, Cause
from rosesim.checks.growth import Growth


def not_finite() -> str:
    """The reason for a gradient that is not finite."""
    return "the gradient is NaN or infinite, though the value is a number"


def no_value(output: str, arose: str | None) -> str:
    """The reason where the value itself is not finite; `arose` is the first operation that gave such a number."""
    first = "" if arose is None else f"; first {arose}"
    if arose is not None and re.search(r"(^|: )-?0\.0 / -?0\.0 gave nan", arose):
        first += _SMOOTHLY
    return f"{output} is NaN or infinite here, so that nothing can be said of its derivative{first}"


def another_value(off: float) -> str:
    """The reason for a rule that computes a value other than its function's."""
    return (
        f"where it is differentiated the value differs by {off:.1e}: a rule given by defjvp gives a `re` "
        "that is not the value of its function"
    )


def missing(side: str) -> str:
    """The reason where the program has no value on one side."""
    return (
        f"just to the {side} of the point the value is not a number (NaN or infinite), or the program stops: the "
        "derivative here exists only by convention"
    )


def smooth(off: float, said: str, so: str) -> str:
    """The reason for a gradient that is wrong where differences settle: it is `said`, they are `so`."""
    return (
        f"the gradient and differences differ by {off:.1e} of this input's part, where no decision flips: the "
        f"gradient says {said}, differences say {so}"
    )


def one_side(off: float, side: int, said: str, so: str) -> str:
    """The reason for a gradient that is wrong on one side of a kink."""
    where = "left" if side < 0 else "right"
    return (
        f"the gradient and differences differ by {off:.1e} to the {where} of the point: the gradient says {said}, "
        f"differences say {so}"
    )


_SMOOTHLY = (
    ": expected a formula that is smooth there, such as one of dot(v, v) instead of norm(v); for a rotation vector, "
    "rosesim.rotations.exp(w)"
)


def at_the_point(off: float, said: str, so: str, what: Flip | None) -> str:
    """The reason for a gradient that is wrong at the point and right beside it."""
    alone = "" if what is None else f"; {what} goes another way at the point alone{_SMOOTHLY}"
    return (
        f"the gradient and differences differ by {off:.1e}: on both sides the slope is {so}, at the point the "
        f"gradient says {said}{alone}"
    )


def kinked(left: str, right: str, what: Flip | None, flips: bool) -> str:
    """The slopes on both sides of a kink, and the decision that makes it."""
    how = "" if what is None else f"; {what} flips" if flips else f"; {what} is at its tip here"
    return f"the slopes on both sides, such as {left} and {right}, are those of the branches there{how}"


def jumps(by: float, what: Flip | None) -> str:
    """The reason for a value that differs between the two sides of the point."""
    way = "" if what is None else f": {what} goes another way on each side"
    return f"the value itself jumps by {by:.3g} here, so that it has no derivative{way}"


def exploding(growth: Growth) -> str:
    """The reason for a tangent that grows."""
    return (
        f"the tangent grows by a factor of {growth.a_step:.4g} per step, 1e{growth.log10:.0f} over the rollout: the "
        "gradient is that of a chaotic or unstable map, and no step of a descent is short enough for it"
    )


def rounding(noise: float) -> str:
    """The reason for a gradient that is nothing but the program's rounding."""
    return (
        f"rounding alone moves the gradient by {noise:.1e} of its size, though both modes agree: its exact "
        "derivative tells nothing"
    )


def stationary(noise: float) -> str:
    """The reason for a gradient that is zero within rounding."""
    return f"the point is stationary: the gradient here is rounding, which moves it by {noise:.1g} of its size"


_SOLVER = (
    "; if the loop solves an equation, expected root, fixed_point, minimize or linear_solve, which have the "
    "derivative of the solution"
)


def jagged(flips: Sequence[Flip], causes: Sequence[Cause]) -> str:
    """The reason for a map without a slope that a step could follow; `causes`: of what it does over a step."""
    if not flips:
        return (
            "forward and reverse mode agree, but differences settle at no step length (1e-1 to 1e-8 of the input's "
            "scale), though no decision flips: the value is rounded or rough at every scale, and its exact "
            "derivative tells nothing"
        )
    most = next((c for c in causes if c.flip is not None and c.share >= NAMED), None)
    how = f"first {flips[0]}" if most is None else f"most of all {most}"
    blamed = flips[0] if most is None or most.flip is None else most.flip
    return (
        "forward and reverse mode agree, but no step length (1e-1 to 1e-8 of the input's scale) gives their value: "
        f"decisions flip within the steps, {how}; the exact derivative is that of a piece shorter than "
        f"any useful step{_SOLVER if blamed.what == COUNT else ''}"
    )


def another_count(step: float, what: Flip) -> str:
    """The note on a loop whose number of iterations depends on the input."""
    return f"from steps of {step:.0e} on {what} is another"
