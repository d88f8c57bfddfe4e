"""From texts to a laid out diagram: read, match, evaluate, compile, solve, and say how well the constraints hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rosesim.diagrams import solver
from rosesim.diagrams.energy import Array, Blocks, Energy, energy
from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels import Labels, Measured, measure_into
from rosesim.diagrams.language import read_domain, read_style, read_substance
from rosesim.diagrams.picture import shown, svg
from rosesim.diagrams.problem import Problem, Term
from rosesim.diagrams.style.compile import compile_problem
from rosesim.diagrams.style.inputs import redrawn
from rosesim.diagrams.syntax import Domain, Style, Substance
from rosesim.diagrams.values import Shape

HOLDS = 1e-2
"""A constraint holds where its value is at most this: a hundredth of a pixel for most."""
EVEN = 1e-3
"""Two ends whose violations differ by less are told apart by their objectives. It is less than `HOLDS`, since among
several ends there is a choice."""


class Text(NamedTuple):
    """A text and the name of its file."""

    text: str
    file: str


def text_of(path: Path) -> Text:
    """A file's text. Raises DiagramError if it cannot be read."""
    try:
        return Text(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DiagramError(Fault("FileError", f"{path} cannot be read: {why}; expected a text file")) from None


@dataclass(frozen=True, slots=True)
class Broken:
    """A constraint that does not hold."""

    term: Term
    by: float

    def __str__(self) -> str:
        return f"{self.term.written()} by {self.by:.3g}"


@dataclass(frozen=True, slots=True)
class StageEnd:
    """How a stage of the layout ended."""

    name: str
    x: Array
    """All inputs of the problem at its end."""
    weight: float
    energy: float
    """phi one step before the end, as the schedule compares it."""
    calls: tuple[int, ...]
    """How often each round asked for phi."""
    steps: int
    settled: bool
    """Whether x or phi stayed; otherwise a bound ended it, or it goes on."""


Watch = Callable[[Sequence[StageEnd]], None]
"""Hears how a layout goes on: of the stages so far, of which the last may go on, too. What it raises ends the
layout."""


def _nobody(_: Sequence[StageEnd]) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A diagram as the solver left it."""

    problem: Problem
    x: Array
    """All inputs."""
    stages: tuple[StageEnd, ...]
    values: Array
    """Of all terms at x: objectives, then constraints."""

    @property
    def objective(self) -> float:
        """The sum of the last stage's objectives."""
        last = len(self.problem.stages) - 1
        return float(sum(v for t, v in zip(self.problem.objectives, self.values, strict=False) if last in t.stages))

    @property
    def broken(self) -> list[Broken]:
        """The constraints of the last stage that do not hold, the worst first."""
        last, n = len(self.problem.stages) - 1, len(self.problem.objectives)
        found = [
            Broken(t, float(v))
            for t, v in zip(self.problem.constraints, self.values[n:], strict=True)
            if last in t.stages and not v <= HOLDS
        ]
        return sorted(found, key=lambda b: -b.by)

    @property
    def violation(self) -> float:
        """The largest value of a constraint of the last stage; 0 where all hold."""
        last, n = len(self.problem.stages) - 1, len(self.problem.objectives)
        inside = [v for t, v in zip(self.problem.constraints, self.values[n:], strict=True) if last in t.stages]
        return float(max([0.0, *inside]))

    def verdict(self) -> str:
        """What became of the constraints, in one sentence."""
        broken, count = self.broken, len(self.problem.constraints)
        settled = all(stage.settled for stage in self.stages)
        late = "" if settled else f"not settled after {sum(stage.steps for stage in self.stages):,} steps; "
        if not broken:
            return late + (f"all {count} constraints hold" if count else "there are no constraints")
        return f"{late}{len(broken)} of {count} constraints are violated; the worst is {broken[0]}"

    def rank(self) -> tuple[float, float]:
        """The smaller the better: the violation first, in steps of `EVEN`, then the objective."""
        return round(self.violation / EVEN), self.objective

    def shapes(self) -> list[Shape]:
        """The shapes with their numbers, in drawing order."""
        return shown(self.problem, self.x.tolist())


@dataclass(slots=True)
class Diagram:
    """A diagram that was read: its problem, its compiled energy, and where pictures are looked for."""

    problem: Problem
    labels: Labels
    folder: Path | Sequence[Path] | None = None
    compiled: Energy | None = None
    reread: Callable[[str], Diagram] | None = None
    """Reads it again with another variation. Only where expressions cut polygons where they start is it asked."""

    @property
    def energy(self) -> Energy:
        """Its terms in machine code, made when first needed."""
        if self.compiled is None:
            self.compiled = energy(self.problem)
        return self.compiled

    def restarted(self, variation: str) -> Diagram:
        """The diagram with the start that another variation draws: what reading it with that variation would give.

        Nothing is read again: x0 is drawn anew, and the compiled terms serve both. There are two exceptions. Where
        terms cut polygons into convex parts, they are made anew. Where expressions do (a function of polygons in
        Style), its texts are matched and evaluated anew; a canvas's expressions stay cut where they were built.
        """
        problem = self.problem
        if problem.cut_at_start and self.reread is not None:
            return self.reread(variation)
        x0 = redrawn(problem.inputs, problem.x0, variation)
        compiled = self.energy if not self.energy.cut_at_start else None
        return replace(self, problem=replace(problem, x0=x0), compiled=compiled)

    def prepare(self) -> None:
        """Compile or load all that a layout needs, so that it only runs."""
        e = self.energy
        for blocks in {id(b): b for b in (*e.stages, e.everything)}.values():
            solver.solver(capacity_of(e, blocks))
        solver.values(capacity_of(e, e.everything))

    def phi(self, x: Sequence[float] | Array, weight: float = solver.FIRST_WEIGHT, stage: int | None = None) -> Any:
        """phi, and its gradient by all inputs, of a stage (None: all terms, all inputs free)."""
        e = self.energy
        blocks = e.everything if stage is None else e.stages[stage]
        value, slopes = solver.phi(capacity_of(e, blocks))(e.numbers(x), weight, *arguments(blocks))
        gradient = np.zeros(len(x))
        gradient[list(e.live)] = slopes[: len(e.live)]
        return value, gradient

    def values(self, x: Sequence[float] | Array) -> Array:
        """All terms at x: objectives, then constraints."""
        e, blocks = self.energy, self.energy.everything
        (found,) = solver.values(capacity_of(e, blocks))(e.numbers(x), *arguments(blocks))
        out = np.zeros(len(e.rows))
        used = blocks.terms >= 0
        out[blocks.terms[used]] = found[used]
        return out

    def layout(
        self,
        x: Sequence[float] | Array | None = None,
        fixed: Collection[int] = (),
        *,
        steps: int | None = None,
        watch: Watch = _nobody,
    ) -> Layout:
        """Lay the diagram out, from its start or from x. `fixed` are inputs that stay where they start.

        `steps` is the most that a stage may take; the verdict tells when it was not enough. `watch` hears how a long
        layout goes on.

        Raises DiagramError if phi or its gradient becomes NaN.
        """
        e = self.energy
        at = np.array(self.problem.x0 if x is None else x, float)
        ends: list[StageEnd] = []
        for name, stage in zip(self.problem.stages, e.stages, strict=True):
            blocks = e.holding(stage, fixed) if fixed else stage
            solve = solver.solver(capacity_of(e, blocks))
            ends.append(StageEnd(name, at, solver.FIRST_WEIGHT, float("inf"), (), 0, False))
            for now in solver.rounds(solve, e.numbers(at), arguments(blocks), steps):
                at = at.copy()
                at[list(e.live)] = now.x[: len(e.live)]
                if not (np.isfinite(now.energy) and np.isfinite(now.x).all()):
                    raise DiagramError(Fault("NaNError", self._not_finite(at, name)))
                ends[-1] = StageEnd(name, at, now.weight, now.energy, now.calls, now.steps, now.settled)
                watch(ends)
        return self.ended(ends)

    def ended(self, stages: Sequence[StageEnd]) -> Layout:
        """The layout whose stages are these: one that was stopped, too."""
        return Layout(self.problem, stages[-1].x, tuple(stages), self.values(stages[-1].x))

    def _not_finite(self, x: Array, stage: str) -> str:
        values, n = self.values(x), len(self.problem.objectives)
        terms = [*self.problem.objectives, *self.problem.constraints]
        bad = [str(Broken(t, float(v))) for t, v in zip(terms, values, strict=True) if not np.isfinite(v)]
        where = f" in stage {stage}" if stage else ""
        named = f"; {bad[0].rsplit(' by ', 1)[0]} is not a number there" if bad else ""
        return f"the energy became infinite or NaN{where}{named}; expected terms with finite slopes ({n} objectives)"

    def svg(self, layout: Layout) -> str:
        """The picture of a layout."""
        return svg(layout.shapes(), self.problem.canvas, labels=self.labels, folder=self.folder)


def continued(problem: Problem, before: Problem, x: Sequence[float] | Array) -> list[float]:
    """A start for an edited problem: what both have stays where it was, all else starts as drawn.

    Inputs are the same where their path, their name and their number within it are. Labels are as measured now.
    """
    at: dict[tuple[str, str, int], float] = {}
    for key, value in zip(names_of(before), x, strict=True):
        at[key] = value
    return [
        start if i.kind == "label" else float(at.get(key, start))
        for key, i, start in zip(names_of(problem), problem.inputs, problem.x0, strict=True)
    ]


def names_of(problem: Problem) -> list[tuple[str, str, int]]:
    """For each input what it is called in other diagrams of the same Style, too: path, name, and number within it."""
    counts: dict[tuple[str, str], int] = {}
    names: list[tuple[str, str, int]] = []
    for i in problem.inputs:
        owner, dot, rest = i.path.partition(".")
        path = f"{problem.matched.get(owner, owner)}{dot}{rest}"
        k = counts[path, i.what] = counts.get((path, i.what), -1) + 1
        names.append((path, i.what, k))
    return names


def capacity_of(e: Energy, blocks: Blocks) -> solver.Capacity:
    """For which sizes a solver of these terms is compiled."""
    return solver.Capacity(e.size, len(blocks.address), len(blocks.table), e.widest)


def arguments(blocks: Blocks) -> tuple[Any, ...]:
    """The fields of `solver.Terms`."""
    b = blocks
    return b.count, b.address, b.at, b.leaves, b.objective, b.constraint, b.table, b.moves


def read(
    domain: Text,
    substance: Text,
    styles: Sequence[Text],
    *,
    variation: str = "",
    labels: Labels | None = None,
    folder: Path | Sequence[Path] | None = None,
) -> Diagram:
    """A diagram from its texts. `variation` seeds the start, `labels` measure (by default the fonts of the extra).

    Raises DiagramError with all mistakes that were found together.
    """
    checked = read_domain(domain.text, domain.file)
    objects = read_substance(substance.text, substance.file, checked)
    return of_syntax(checked, objects, read_style(list(styles)), variation, labels or Measured(), folder)


def of_syntax(
    domain: Domain,
    substance: Substance,
    style: Style,
    variation: str,
    labels: Labels,
    folder: Path | Sequence[Path] | None,
) -> Diagram:
    """A diagram from its texts, parsed.

    Raises DiagramError with all mistakes that were found together.
    """

    def made(variation: str) -> Diagram:
        problem = compile_problem(domain, substance, style, variation)
        measure_into(problem, labels)
        return Diagram(problem, labels, folder, reread=made)

    return made(variation)
