"""What a check says of an output and an input, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["right", "kinked", "zero because", "jagged", "exploding", "jumps", "not finite", "wrong"]

PASSING: frozenset[Kind] = frozenset({"right", "kinked", "zero because"})
"""The kinds of gradient that are what they should be."""


NEAR = 0.5e-3
"""A reach below this part of the input's scale is reported: the usual steps of a descent leave it at once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on the derivative of one output by one input.

    Each error is relative to the norm of that output's gradient, each input measured in its own scale. Where
    rounding leaves more than that norm open, it is relative to the smallest size that can be judged: see `Report`.
    """

    kind: Kind
    why: str = ""
    input: str = ""
    output: str = "value"
    error_jvp_vjp: float = 0.0
    error_fd: float = 0.0
    growth_a_step: float = 1.0
    """The factor by which the tangent of the rollout grows with a step."""
    reach: float = 0.0
    """The longest step, in scales of the input, up to which differences stay within 1 % of the gradient: how far the
    gradient can be trusted. Longer steps meet curvature and other patterns of decisions."""
    scale: float = 1.0
    """The scale of the input, in which its steps were measured; of an array, the scale of its largest number."""
    count: str = ""
    """Where a `while_loop` runs a different number of times beside the point: the shortest such step, and the
    line."""
    noise: float = float("nan")
    """How far rounding may move the gradient, relative to its norm; NaN where the verdict did not depend on it."""

    @property
    def passed(self) -> bool:
        """Whether the gradient is what it should be."""
        return self.kind in PASSING

    @property
    def text(self) -> str:
        """The kind and the reason: `kinked: ...`, `zero because ...`."""
        if not self.why:
            return self.kind
        return f"{self.kind} {self.why}" if self.kind == "zero because" else f"{self.kind}: {self.why}"

    def __str__(self) -> str:
        of = f"{self.input}" if self.output == "value" else f"{self.output} by {self.input}"
        notes: list[str] = []
        if self.kind == "right" and 0 < self.reach < NEAR:
            notes.append(f"differences follow it up to steps of {self.reach:.0e} of its scale")
        if self.count:
            notes.append(self.count)
        return f"{of}: {self.text}{' (' + '; '.join(notes) + ')' if notes else ''}"
