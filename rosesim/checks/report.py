"""A check from beginning to end: programs, directions, verdicts, and the report on them."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rosesim.checks import words
from rosesim.checks.around import all_over_distance
from rosesim.checks.direction import Direction, directions
from rosesim.checks.distance import OverDistance
from rosesim.checks.judge import JVP_TOLERANCE, Finding
from rosesim.checks.ladder import STEPS
from rosesim.checks.programs import Programs, Vector
from rosesim.checks.scale import Given, scales
from rosesim.checks.slopes import Slopes
from rosesim.checks.verdict import PASSING, Kind, Verdict
from rosesim.checks.zero import why_zero

COORDINATES = 8
"""An input of at most this many numbers is checked along each, a longer one along this many random directions."""

WORK = 2_000_000_000
"""Additions that the differences of one input may take, about two seconds. A program that is too long for all
directions gets fewer: at least one, at random, which involves every number."""

SAME, MOVED = 1e-8, 100.0
"""The value counts as different where it is differentiated if it is off by more than this part of its own size, and
by more than this many times what roundings of the input move it by: two programs of the same function differ by
rounding."""

_WORST: tuple[Kind, ...] = ("right", "zero because", "kinked", "jagged", "exploding", "jumps", "wrong", "not finite")
"""In rising order: several directions together have the last of their verdicts."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: a verdict for each output and input, and the largest errors.

    `str()` of it has a line for each verdict and a line of errors.
    """

    function: str
    verdicts: tuple[Verdict, ...]
    over_distance: tuple[OverDistance, ...] = ()
    """For each output: over what distance its gradient by all inputs together is of use. Empty where there is no
    gradient. It does not affect `passed`."""

    @property
    def passed(self) -> bool:
        """Whether every gradient is what it should be."""
        return all(v.passed for v in self.verdicts)

    @property
    def max_rel_error_jvp_vjp(self) -> float:
        """The largest difference of reverse and forward mode.

        It is relative to the norm of the output's gradient, each input measured in its own scale. Where rounding was
        measured and is more than 1e-10 of that norm, it is relative to the length of which rounding is 1e-10.
        """
        return _largest(v.error_jvp_vjp for v in self.verdicts)

    @property
    def max_rel_error_fd(self) -> float:
        """The largest difference of the gradient and differences (at a kink, one-sided ones), relative to the same
        norm, or to the length of which the doubt of the differences is 1e-4 if that is longer."""
        return _largest(v.error_fd for v in self.verdicts)

    def of(self, name: str, output: str | None = None) -> Verdict:
        """The verdict on an input (and an output, where there are several)."""
        return next(v for v in self.verdicts if v.input == name and output in (None, v.output))

    @property
    def distance_lines(self) -> list[str]:
        """The lines on the gradient over a distance: one for each output, and one more where it is of little use."""
        lines: list[str] = []
        for found in self.over_distance:
            of = "" if len(self.over_distance) == 1 else f"{found.output}: "
            if found.text:
                right = any(v.kind == "right" for v in self.verdicts if v.output == found.output)
                lines.append(f"{of}{'right, but ' if right and self.passed else ''}{found.text}")
            lines.append(f"{of}{found}")
        return lines

    def _repr_html_(self) -> str:
        """For notebooks: what `str` says."""
        return f"<pre>{html.escape(str(self))}</pre>"

    def __str__(self) -> str:
        lines = [str(v) for v in self.verdicts]
        lines += self.distance_lines
        lines.append(
            f"{self.function}: {'passed' if self.passed else 'failed'}; reverse differs from forward by "
            f"{self.max_rel_error_jvp_vjp:.1e}, from differences by {self.max_rel_error_fd:.1e}"
        )
        return "\n".join(lines)


def check(
    programs: Programs, seed: int = 0, rng: np.random.Generator | None = None, scale: Given = None
) -> Report:  # fmt: skip
    """Check programs at the point that they were made for. `rng` gives the directions, else `seed` does.

    `scale` gives the scales of inputs whose own magnitude is not their scale.
    """
    with np.errstate(all="ignore"):  # an infinite value beside the point is a finding, not a warning
        return _Check(programs, np.random.default_rng(seed) if rng is None else rng, scale).report()


class _Check:
    def __init__(self, programs: Programs, rng: np.random.Generator, scale: Given):
        self.programs, self.rng, self.given = programs, rng, scale
        self.scales = scales(programs, scale)
        self.here = programs.run(programs.x)
        self.cotangents = _cotangents(programs, len(self.here.value), rng)
        self.gradients: dict[str, Vector] = {}
        self.unsteady: set[str] = set()
        self.revalued: dict[str, str] = {}

    def report(self) -> Report:
        programs = self.programs
        if not self.here.finite:
            bad = [o for o, s in programs.outputs.items() if not np.isfinite(self.here.value[s]).all()]
            nan = float("nan")
            says = {o: words.no_value(o, programs.arises(programs.x)) for o in bad}
            other = "another output is NaN or infinite here"
            return self._all(lambda o, n: Verdict("not finite", says.get(o, other), n, o, nan, nan))
        self._reverse()
        found: dict[tuple[str, str], Verdict] = {}
        for name, part in programs.inputs.items():
            found.update(self._input(name, part))
        distance = all_over_distance(programs, self.cotangents, self.rng, self.given)
        return replace(self._all(lambda o, n: found[o, n]), over_distance=distance)

    def _all(self, of: Callable[[str, str], Verdict]) -> Report:
        programs = self.programs
        return Report(programs.f.name, tuple(of(o, n) for o in programs.outputs for n in programs.inputs))

    def _reverse(self) -> None:
        """Computes the gradients, and finds the outputs that differ when they are computed a second time."""
        programs, x = self.programs, self.programs.x
        again = programs.run(x)
        for o, c in self.cotangents.items():
            value, self.gradients[o] = programs.reverse(x, c)
            value2, gradient2 = programs.reverse(x, c)
            if value.tobytes() != value2.tobytes() or self.gradients[o].tobytes() != gradient2.tobytes():
                self.unsteady.add(o)
            if programs.has_rules and (off := self._revalued(value, programs.outputs[o])):
                self.revalued[o] = off
        if again.value.tobytes() != self.here.value.tobytes():
            self.unsteady.update(programs.outputs)

    def _revalued(self, value: Vector, part: slice) -> str:
        """How the value differs where it is differentiated, if by more than rounding explains; else ""."""
        own, size = self.here.value[part], float(np.linalg.norm(self.here.value[part]))
        off = float(np.linalg.norm(value[part] - own))
        if off <= SAME * size:
            return ""
        x, half = self.programs.x, 0.5 * np.finfo(np.float64).eps
        beside = [self.programs.run_beside(x * (1.0 + half * self.rng.choice([-1, 1], len(x)))) for _ in range(4)]
        moved = [float(np.linalg.norm(run.value[part] - own)) if run is not None else np.inf for run in beside]
        return words.another_value(off) if off > MOVED * max(moved) else ""

    def _input(self, name: str, part: slice) -> dict[tuple[str, str], Verdict]:
        """The verdicts on one input."""
        programs, x = self.programs, self.programs.x
        if part.stop == part.start:
            return {(o, name): Verdict("zero because", f"{name} is empty", name, o) for o in programs.outputs}
        if not np.isfinite(x[part]).all():
            return {(o, name): Verdict("not finite", f"{name} is NaN or infinite here: nothing is beside it", name, o,
                                       float("nan"), float("nan")) for o in programs.outputs}  # fmt: skip
        most = max(1, WORK // (programs.work * 2 * len(STEPS)))
        units = directions(part, len(x), self.rng, most, COORDINATES)
        assumed = name in self.scales.assumed
        tried = [Direction(programs, self.here, v, self.scales.each, assumed) for v in units]
        return {(o, name): self._verdict(name, part, o, tried) for o in programs.outputs}

    def _verdict(self, name: str, part: slice, o: str, tried: Sequence[Direction]) -> Verdict:
        programs, c = self.programs, self.cotangents[o]
        gradient = self.gradients[o]
        if not c.any():
            return Verdict("zero because", f"{o} is empty", name, o)
        if o in self.unsteady:
            return Verdict("wrong", "two runs with the same arguments gave different bits: an opaque function is not "
                           "pure, or this is a defect of rosesim", name, o)  # fmt: skip
        if o in self.revalued:
            return Verdict("wrong", self.revalued[o], name, o)
        found = _worst([d.finding(c, gradient, part) for d in tried])
        if found.kind == "wrong" and programs.stops:
            found = _with_stops(found, programs, tried, c, gradient, part)
        scale = float(max(d.scales[part].max() for d in tried))
        counts = [at for d in tried if (at := d.ladder.count) is not None]
        count = words.another_count(*min(counts, key=lambda at: at[0])) if counts else ""
        v = Verdict(found.kind, found.why, name, o, found.error_jvp_vjp, found.error_fd, found.growth.a_step,
                    found.reach, scale, count, found.noise)  # fmt: skip
        if v.kind != "right":
            return v
        if not gradient[part].any():
            anywhere = np.zeros(len(programs.x))
            anywhere[part] = self.rng.normal(size=part.stop - part.start)
            why = why_zero(programs, o, name, self.here.table, [Slopes(d.ladder, c) for d in tried], anywhere)
            return replace(v, kind="zero because", why=why)
        if found.noise >= 1.0:
            return replace(v, kind="zero because", why=words.stationary(found.noise))
        return v


def _with_stops(
    found: Finding, programs: Programs, tried: Sequence[Direction], c: Vector, gradient: Vector, part: slice
) -> Finding:
    """Differences see the derivative without any `stop_gradient`: if that one is right, the gradient is too."""
    without = _worst([d.unstopped(c, gradient, part) for d in tried])
    if without.kind not in PASSING or found.error_jvp_vjp > JVP_TOLERANCE:
        lines = ", ".join(dict.fromkeys(f"{let.where}" for let in programs.stops))
        return replace(found, why=f"{found.why} (nor does leaving out stop_gradient in {lines} explain it)")
    return replace(without, error_jvp_vjp=found.error_jvp_vjp, growth=found.growth)


def _worst(findings: Sequence[Finding]) -> Finding:
    """The worst of several findings, with the largest errors of all."""
    noises = [f.noise for f in findings if not np.isnan(f.noise)]
    return replace(
        max(findings, key=lambda f: _WORST.index(f.kind)),
        error_jvp_vjp=_largest(f.error_jvp_vjp for f in findings),
        error_fd=_largest(f.error_fd for f in findings),
        growth=max((f.growth for f in findings), key=lambda g: g.whole),
        reach=min(f.reach for f in findings),
        noise=max(noises, default=float("nan")),
    )


def _largest(errors: Iterable[float]) -> float:
    return float(np.max([0.0, *errors]))  # keeps a NaN, which max() may lose


def _cotangents(programs: Programs, size: int, rng: np.random.Generator) -> dict[str, Vector]:
    """The weights of each output's numbers: 1 for a single number, random ones for an array."""
    found: dict[str, Vector] = {}
    for name, part in programs.outputs.items():
        length = part.stop - part.start
        found[name] = np.zeros(size)
        found[name][part] = 1.0 if length == 1 else rng.normal(size=length)
    return found
