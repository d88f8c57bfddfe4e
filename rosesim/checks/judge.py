"""From differences, derivatives and decisions along one direction to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rosesim.checks.growth import Growth
from rosesim.checks.ladder import Ladder
from rosesim.checks.programs import Vector
from rosesim.checks.verdict import Kind

FLOOR = 1e-8
"""A gradient shorter than this is compared absolutely: relative to nothing, rounding would look large."""
JVP_TOLERANCE = 1e-10
"""Forward and reverse mode do the same arithmetic in another order."""
FD_TOLERANCE = 1e-4
"""Differences through collisions lose half of the digits and more; a wrong derivative is off by far."""
BESIDE = 1e-6
"""How far from a kink the derivative on one side of it is taken: among the step lengths, below most curvature."""
PART_TOLERANCE, PART_DOUBT = 1e-2, 1e-4
"""An input's own gradient, where differences settle well enough to see it beside the others'."""
REACH = 1e-2
"""Up to which steps a gradient is of use is told to so much of its length."""
UNSEEN = 1e5
"""Growth over a whole rollout that explains why differences settle nowhere, or why the two modes part.

Of the fifteen scenes the largest is 5e4 (diffmpm_simple), the next 1e4 (electric), and differences confirm both.
A step h is off by about h times the growth: from 1e4 on the shortest, 1e-8, leaves no more than the tolerance.
"""
USELESS = 1.0 / float(np.finfo(np.float64).eps)
"""Growth from which on the last digit of an input moves the end by the order of 1: no step of a descent is short
enough, whatever the differences say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict along one direction; the worst of an input's directions is the input's."""

    kind: Kind
    why: str
    error_jvp_vjp: float
    error_fd: float
    growth: Growth
    reach: float
    """The longest step up to which differences stay within REACH of the gradient."""


@dataclass(frozen=True, slots=True)
class Derivatives:
    """What both modes say of c . value along a direction, and over what errors are taken."""

    forward: float
    reverse: float
    scale: float
    part: float
    """The norm of that input's part of the gradient: one far shorter than the rest must be right too."""
    beside: Callable[[int], float]
    """By forward mode, BESIDE to the left (-1) or to the right (1) of the point."""


def judge(ladder: Ladder, c: Vector, d: Derivatives, growth: Growth) -> Finding:
    """The verdict on the derivative of c . value along the ladder's direction."""
    modes = abs(d.forward - d.reverse) / d.scale
    estimate = ladder.central(c)
    differences = abs(estimate.slope - d.reverse) / d.scale

    def finding(kind: Kind, why: str = "", error: float = differences) -> Finding:
        return Finding(kind, why, modes, error, growth, ladder.reach(c, d.reverse, REACH * d.scale))

    if not np.isfinite([d.forward, d.reverse]).all():
        return finding("not finite", "the gradient is NaN or infinite, though the value is a number")
    if not modes <= JVP_TOLERANCE:
        # Rounding grows as tangents do: beyond this the two modes may differ by it alone.
        if growth.whole >= UNSEEN:
            return finding("exploding", exploding(growth))
        return finding("wrong", f"reverse and forward mode differ by {modes:.1e}")
    if growth.whole >= USELESS:
        return finding("exploding", exploding(growth))
    if (missing := ladder.missing) is not None:
        return finding("not finite", f"just to the {missing} of the point the value is no number (NaN or infinite), "
                       "or the program stops: it has no derivative here, but by convention")  # fmt: skip
    smooth = ladder.central(c, smooth=True)
    if smooth.doubt <= PART_DOUBT * d.part and abs(smooth.slope - d.reverse) > PART_TOLERANCE * d.part:
        error = abs(smooth.slope - d.reverse) / d.part
        return finding("wrong", f"the gradient and differences differ by {error:.1e} of this input's part, where no "
                       f"decision flips: {d.reverse:.6g} is said, {smooth.slope:.6g} is so")  # fmt: skip
    if differences <= FD_TOLERANCE and not ladder.kink_here:
        return finding("right")
    if smooth.doubt <= FD_TOLERANCE * d.scale:
        error = abs(smooth.slope - d.reverse) / d.scale
        if error <= FD_TOLERANCE:
            return finding("right", error=error)
        return finding("wrong", f"the gradient and differences differ by {error:.1e}, where no decision of the "
                       f"program flips: {d.reverse:.6g} is said, {smooth.slope:.6g} is so", error)  # fmt: skip
    if ladder.kink_here:
        jump = ladder.jump(c)
        if jump is not None:
            return finding("jumps", f"the value itself jumps by {jump:.3g} here, so that it has no derivative: "
                           f"{ladder.flips} goes another way on each side")  # fmt: skip
    return _at_a_kink(ladder, c, d, growth, finding)


def _at_a_kink(ladder: Ladder, c: Vector, d: Derivatives, growth: Growth, finding: Callable[..., Finding]) -> Finding:
    """Where floor jumps, two bodies touch or a minimum ties, the function has a slope of its own on each side.

    The derivative at the point is by convention that of one branch: no difference through it can judge that.
    But each one-sided difference has to be the derivative of the branch that is taken on that side. Both sides
    alike is no kink, and no excuse.
    """
    sides = {side: ladder.side(c, side) for side in (-1, 1)}
    errors = {side: abs(e.slope - d.beside(side)) / d.scale for side, e in sides.items()}
    left, right = sides[-1].slope, sides[1].slope
    if all(e <= FD_TOLERANCE for e in errors.values()):
        worst = max(errors.values())
        if abs(left - right) > FD_TOLERANCE * d.scale:
            flip = f"; {ladder.flips} flips" if ladder.flips is not None else ""
            return finding("kinked", f"the slopes on both sides, such as {left:.3g} and {right:.3g}, are those of "
                           f"the branches there{flip}", worst)  # fmt: skip
        off = abs(left - d.reverse) / d.scale
        if off <= FD_TOLERANCE:
            return finding("right", error=off)
        return finding("wrong", f"the gradient and differences differ by {off:.1e}: on both sides the slope is "
                       f"{left:.6g}, at the point {d.reverse:.6g} is said", off)  # fmt: skip
    if growth.whole >= UNSEEN:
        return finding("exploding", exploding(growth))
    for side, error in errors.items():
        settled = sides[side].doubt <= FD_TOLERANCE * d.scale
        if settled and error > FD_TOLERANCE and ladder.side_is_smooth(side):
            where = "left" if side < 0 else "right"
            return finding("wrong", f"the gradient and differences differ by {error:.1e} to the {where} of the "
                           f"point: {d.beside(side):.6g} is said, {sides[side].slope:.6g} is so", error)  # fmt: skip
    return finding("jagged", jagged(ladder))


def exploding(growth: Growth) -> str:
    """The words for a tangent that grows."""
    return (
        f"the tangent grows by a factor of {growth.a_step:.4g} a step, 1e{growth.log10:.0f} over the rollout: the "
        "gradient is that of a chaotic or unstable map, which no step of a descent is short enough for"
    )


def jagged(ladder: Ladder) -> str:
    """The words for a map without a slope that a step could follow."""
    if ladder.flips is None:
        return (
            "forward and reverse mode agree, but differences settle at no step length (1e-1 to 1e-8), though no "
            "decision flips: the value is rounded or rough at every scale, and its exact derivative tells nothing"
        )
    return (
        "forward and reverse mode agree, but no step length (1e-1 to 1e-8) gives their value: decisions flip within "
        f"the steps, first {ladder.flips}; the exact derivative is of a piece that is shorter than any useful step"
    )
