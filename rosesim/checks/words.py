"""The reasons of verdicts, in words."""

from __future__ import annotations

from rosesim.ad.instrument.decisions import Flip
from rosesim.checks.growth import Growth


def not_finite() -> str:
    """Of a gradient."""
    return "the gradient is NaN or infinite, though the value is a number"


def another_value(off: float) -> str:
    """Of a rule that computes another value than its function."""
    return (
        f"where it is differentiated the value is another one, by {off:.1e}: a rule given by defjvp gives a `re` "
        "that is not the value of its function"
    )


def missing(side: str) -> str:
    """Where the program has no value on one side."""
    return (
        f"just to the {side} of the point the value is no number (NaN or infinite), or the program stops: it has no "
        "derivative here, but by convention"
    )


def smooth(off: float, said: str, so: str) -> str:
    """Of a wrong gradient where differences settle."""
    return (
        f"the gradient and differences differ by {off:.1e} of this input's part, where no decision flips: {said} is "
        f"said, {so} is so"
    )


def one_side(off: float, side: int, said: str, so: str) -> str:
    """Of a wrong gradient on one side of a kink."""
    where = "left" if side < 0 else "right"
    return f"the gradient and differences differ by {off:.1e} to the {where} of the point: {said} is said, {so} is so"


def at_the_point(off: float, said: str, so: str, what: Flip | None) -> str:
    """Of a gradient that is wrong at the point and right beside it."""
    alone = "" if what is None else f"; {what} goes another way at the point alone"
    return (
        f"the gradient and differences differ by {off:.1e}: on both sides the slope is {so}, at the point {said} is "
        f"said{alone}"
    )


def kinked(left: str, right: str, what: Flip | None, flips: bool) -> str:
    """The slopes on both sides of a kink, and what makes it."""
    how = "" if what is None else f"; {what} flips" if flips else f"; {what} is at its tip here"
    return f"the slopes on both sides, such as {left} and {right}, are those of the branches there{how}"


def jumps(by: float, what: Flip | None) -> str:
    """Of a value that is another on both sides of the point."""
    way = "" if what is None else f": {what} goes another way on each side"
    return f"the value itself jumps by {by:.3g} here, so that it has no derivative{way}"


def exploding(growth: Growth) -> str:
    """Of a tangent that grows."""
    return (
        f"the tangent grows by a factor of {growth.a_step:.4g} a step, 1e{growth.log10:.0f} over the rollout: the "
        "gradient is that of a chaotic or unstable map, which no step of a descent is short enough for"
    )


def rounding(noise: float) -> str:
    """Of a gradient that is nothing but the program's rounding."""
    return (
        f"rounding alone moves the gradient by {noise:.1e} of it, though both modes agree: its exact derivative "
        "tells nothing"
    )


def stationary(noise: float) -> str:
    """Of a gradient that is zero within rounding."""
    return f"the point is stationary: what the gradient has here is rounding, which moves it by {noise:.1g} of it"


def jagged(flips: Flip | None) -> str:
    """Of a map without a slope that a step could follow."""
    if flips is None:
        return (
            "forward and reverse mode agree, but differences settle at no step length (1e-1 to 1e-8 of the input's "
            "scale), though no decision flips: the value is rounded or rough at every scale, and its exact "
            "derivative tells nothing"
        )
    return (
        "forward and reverse mode agree, but no step length (1e-1 to 1e-8 of the input's scale) gives their value: "
        f"decisions flip within the steps, first {flips}; the exact derivative is of a piece that is shorter than "
        "any useful step"
    )


def another_count(step: float, what: Flip) -> str:
    """Of a loop whose length depends on the input."""
    return f"from steps of {step:.0e} on {what} is another"
