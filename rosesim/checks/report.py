"""A check from beginning to end: programs, directions, verdicts, and the report of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim.checks.around import all_over_distance
from rosesim.checks.distance import OverDistance
from rosesim.checks.growth import Growth, largest_growth
from rosesim.checks.judge import BESIDE, FLOOR, JVP_TOLERANCE, Derivatives, Finding, judge
from rosesim.checks.ladder import STEPS, Ladder
from rosesim.checks.programs import Programs, Vector
from rosesim.checks.verdict import Kind, Verdict
from rosesim.checks.zero import why_zero

COORDINATES = 8
"""An input of at most so many numbers is checked along each, a longer one along as many random directions."""

WORK = 2_000_000_000
"""Additions that the differences of one input may take, about two seconds: a program that is too long for all the
directions gets fewer (one at least, at random, which sees every number)."""

_WORST: tuple[Kind, ...] = ("right", "zero because", "kinked", "jagged", "exploding", "jumps", "wrong", "not finite")
"""Of several directions the verdict is the last of these."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: a verdict for each output and input, and the largest errors.

    `str()` of it is a line a verdict and a line of errors.
    """

    function: str
    verdicts: tuple[Verdict, ...]
    over_distance: tuple[OverDistance, ...] = ()
    """For each output, over what distance its gradient by all inputs together is of use; none where there is no
    gradient to speak of. It changes nothing about `passed`."""

    @property
    def passed(self) -> bool:
        """Whether every gradient is what it should be."""
        return all(v.passed for v in self.verdicts)

    @property
    def max_rel_error_jvp_vjp(self) -> float:
        """The largest difference of reverse and forward mode, over the larger of the norm and 1e-8."""
        return _largest(v.error_jvp_vjp for v in self.verdicts)

    @property
    def max_rel_error_fd(self) -> float:
        """The largest difference of the gradient and differences likewise; at a kink, of one-sided ones."""
        return _largest(v.error_fd for v in self.verdicts)

    def of(self, name: str, output: str | None = None) -> Verdict:
        """The verdict on an input (and an output, where there are several)."""
        return next(v for v in self.verdicts if v.input == name and output in (None, v.output))

    @property
    def distance_lines(self) -> list[str]:
        """What is said of the gradient over a distance: a line an output, and one where it is of little use."""
        lines: list[str] = []
        for found in self.over_distance:
            of = "" if len(self.over_distance) == 1 else f"{found.output}: "
            if found.text:
                right = any(v.kind == "right" for v in self.verdicts if v.output == found.output)
                lines.append(f"{of}{'right, but ' if right and self.passed else ''}{found.text}")
            lines.append(f"{of}{found}")
        return lines

    def __str__(self) -> str:
        lines = [str(v) for v in self.verdicts]
        lines += self.distance_lines
        lines.append(
            f"{self.function}: {'passed' if self.passed else 'failed'}; reverse differs from forward by "
            f"{self.max_rel_error_jvp_vjp:.1e}, from differences by {self.max_rel_error_fd:.1e}"
        )
        return "\n".join(lines)


def check(programs: Programs, seed: int = 0, rng: np.random.Generator | None = None) -> Report:
    """Check programs at the point that they were made for; `rng` gives the directions, else `seed` does."""
    random = np.random.default_rng(seed) if rng is None else rng
    x = programs.x
    here = programs.run(x)
    cotangents = _cotangents(programs, len(here.value), random)
    if not here.finite:
        bad = [o for o, s in programs.outputs.items() if not np.isfinite(here.value[s]).all()]
        return Report(programs.f.name, tuple(
            Verdict("not finite", f"{o} is NaN or infinite here, so that nothing can be said of its derivative"
                    if o in bad else "another output is NaN or infinite here", n, o, float("nan"), float("nan"))
            for o in programs.outputs for n in programs.inputs))  # fmt: skip
    again = programs.run(x)
    gradients: dict[str, Vector] = {}
    unsteady: set[str] = set()
    for o, c in cotangents.items():
        value, gradients[o] = programs.reverse(x, c)
        value2, gradient2 = programs.reverse(x, c)
        if value.tobytes() != value2.tobytes() or gradients[o].tobytes() != gradient2.tobytes():
            unsteady.add(o)
    if again.value.tobytes() != here.value.tobytes():
        unsteady.update(programs.outputs)
    found: dict[tuple[str, str], Verdict] = {}
    for name, part in programs.inputs.items():
        directions = _directions(part, len(x), random, max(1, WORK // (programs.work * 2 * len(STEPS))))
        ladders = [Ladder(programs, x, here, v) for v in directions]
        tangents = [programs.forward(x, v) for v in directions]
        for o, c in cotangents.items():
            if o in unsteady:
                found[o, name] = Verdict("wrong", "two runs with the same arguments gave different bits: an opaque "
                                         "function is not pure, or this is a defect of rosesim", name, o)  # fmt: skip
                continue
            findings = [
                _finding(programs, ladder, v, tangent, c, gradients[o], part)
                for ladder, v, tangent in zip(ladders, directions, tangents, strict=True)
            ]
            v = _worst(findings, name, o)
            if v.kind == "wrong" and programs.stops:
                v = _with_stops(v, programs, ladders, directions, c, gradients[o], part)
            if v.kind == "right" and not gradients[o][part].any():
                anywhere = np.zeros(len(x))
                anywhere[part] = random.normal(size=part.stop - part.start)
                why = why_zero(programs, o, name, again.table, ladders, c, anywhere)
                v = replace(v, kind="zero because", why=why)
            found[o, name] = v
    verdicts = tuple(found[o, n] for o in programs.outputs for n in programs.inputs)
    return Report(programs.f.name, verdicts, all_over_distance(programs, cotangents, random))


def _finding(
    programs: Programs,
    ladder: Ladder,
    direction: Vector,
    tangent: tuple[Vector, Vector],
    c: Vector,
    gradient: Vector,
    part: slice,
) -> Finding:
    outs, table = tangent

    def beside(side: int) -> float:
        at = programs.x + side * BESIDE * ladder.unit * direction
        return float(c @ programs.forward(at, direction)[0])

    d = Derivatives(float(c @ outs), float(gradient @ direction), *_scales(gradient, part), beside)
    return judge(ladder, c, d, largest_growth(programs.growth, table))


def _scales(gradient: Vector, part: slice) -> tuple[float, float]:
    return max(float(np.linalg.norm(gradient)), FLOOR), max(float(np.linalg.norm(gradient[part])), FLOOR)


def _with_stops(
    verdict: Verdict, programs: Programs, ladders: Sequence[Ladder], directions: Sequence[Vector], c: Vector,
    gradient: Vector, part: slice,
) -> Verdict:  # fmt: skip
    """What differences see is the derivative without any `stop_gradient`: where that is right, so is the rest."""
    scale, own = _scales(gradient, part)
    findings: list[Finding] = []
    for ladder, v in zip(ladders, directions, strict=True):

        def beside(side: int, ladder: Ladder = ladder, v: Vector = v) -> float:
            return float(c @ programs.unstopped(programs.x + side * BESIDE * ladder.unit * v, v))

        slope = float(c @ programs.unstopped(programs.x, v))
        findings.append(judge(ladder, c, Derivatives(slope, slope, scale, own, beside), Growth()))
    found = _worst(findings, verdict.input, verdict.output)
    if not found.passed or verdict.error_jvp_vjp > JVP_TOLERANCE:
        lines = ", ".join(dict.fromkeys(f"{let.where}" for let in programs.stops))
        return replace(verdict, why=f"{verdict.why} (nor does leaving out stop_gradient in {lines} explain it)")
    return replace(found, error_jvp_vjp=verdict.error_jvp_vjp, growth_a_step=verdict.growth_a_step)


def _worst(findings: Sequence[Finding], name: str, output: str) -> Verdict:
    """One verdict of several directions."""
    worst = max(findings, key=lambda f: _WORST.index(f.kind))
    modes = _largest(f.error_jvp_vjp for f in findings)
    differences = _largest(f.error_fd for f in findings)
    growth = max((f.growth for f in findings), key=lambda g: g.whole, default=Growth())
    reach = min((f.reach for f in findings), default=0.0)
    return Verdict(worst.kind, worst.why, name, output, modes, differences, growth.a_step, reach)


def _largest(errors: Any) -> float:
    return float(np.max([0.0, *errors]))  # keeps a NaN, which max() might lose


def _cotangents(programs: Programs, size: int, rng: np.random.Generator) -> dict[str, Vector]:
    """For each output what its numbers are weighted by: 1 for a number, at random for an array."""
    found: dict[str, Vector] = {}
    for name, part in programs.outputs.items():
        length = part.stop - part.start
        found[name] = np.zeros(size)
        found[name][part] = 1.0 if length == 1 else rng.normal(size=length)
    return found


def _directions(part: slice, size: int, rng: np.random.Generator, most: int) -> list[Vector]:
    """Unit vectors within a part of x, at most so many."""
    length = part.stop - part.start
    few = length <= COORDINATES and length <= most
    inside = np.eye(length) if few else rng.normal(size=(min(COORDINATES, most), length))
    found = np.zeros((len(inside), size))
    found[:, part] = inside / np.linalg.norm(inside, axis=1, keepdims=True)
    return list(found)
