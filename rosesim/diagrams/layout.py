"""From texts to a laid out diagram: read, match, evaluate, compile, solve, and say how well the constraints hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
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
from rosesim.diagrams.values import Shape

HOLDS = 1e-2
"""A constraint holds where its value is at most this: a hundredth of a pixel for most."""


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
    """Whether x or phi stayed; otherwise a bound on rounds ended it."""


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
        if not broken:
            return f"all {count} constraints hold" if count else "there are no constraints"
        return f"{len(broken)} of {count} constraints are violated; the worst is {broken[0]}"

    def rank(self) -> tuple[float, float]:
        """The smaller the better: violations first, then the objective."""
        return max(0.0, self.violation - HOLDS), self.objective

    def shapes(self) -> list[Shape]:
        """The shapes with their numbers, in drawing order."""
        return shown(self.problem, self.x.tolist())


@dataclass(slots=True)
class Diagram:
    """A diagram that was read: its problem, its compiled energy, and where pictures are looked for."""

    problem: Problem
    labels: Labels
    folder: Path | None = None
    compiled: Energy | None = None

    @property
    def energy(self) -> Energy:
        """Its terms in machine code, made when first needed."""
        if self.compiled is None:
            self.compiled = energy(self.problem)
        return self.compiled

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

    def layout(self, x: Sequence[float] | Array | None = None, fixed: Collection[int] = ()) -> Layout:
        """Lay the diagram out, from its start or from x. `fixed` are inputs that stay where they start.

        Raises DiagramError if phi or its gradient becomes NaN.
        """
        e = self.energy
        at = np.array(self.problem.x0 if x is None else x, float)
        ends: list[StageEnd] = []
        for name, stage in zip(self.problem.stages, e.stages, strict=True):
            blocks = e.holding(stage, fixed) if fixed else stage
            end = solver.solver(capacity_of(e, blocks))(e.numbers(at), *arguments(blocks))
            at = at.copy()
            at[list(e.live)] = end.x[: len(e.live)]
            calls = tuple(int(c) for c in end.calls[: int(end.rounds)])
            ends.append(StageEnd(name, at, end.w, end.energy, calls, int(end.steps), bool(end.done)))
            if not (np.isfinite(end.energy) and np.isfinite(end.x).all()):
                raise DiagramError(Fault("NaNError", self._not_finite(at, name)))
        return Layout(self.problem, at, tuple(ends), self.values(at))

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


def seeds(seed: str, variations: int) -> list[str]:
    """The seeds of some variations: the seed itself, then numbered ones.

    >>> seeds("word", 3)
    ['word', 'word-1', 'word-2']
    """
    return [seed, *(f"{seed}-{k}" for k in range(1, variations))]


def best_of(
    seeds: Iterable[str], make: Callable[[str], Diagram], layout: Callable[[Diagram], Layout] = Diagram.layout
) -> tuple[Diagram, Layout, str]:
    """The diagram whose layout ends best, of those that `make` makes of seeds; with its layout and its seed."""
    best: tuple[Diagram, Layout, str] | None = None
    for seed in seeds:
        made = make(seed)
        end = layout(made)
        if best is None or end.rank() < best[1].rank():
            best = made, end, seed
    assert best is not None
    return best


def continued(problem: Problem, before: Problem, x: Sequence[float] | Array) -> list[float]:
    """A start for an edited problem: what both have stays where it was, all else starts as drawn.

    Inputs are the same where their path, their name and their number within it are. Labels are as measured now.
    """
    at: dict[tuple[str, str, int], float] = {}
    for key, value in zip(_names(before), x, strict=True):
        at[key] = value
    return [
        start if i.kind == "label" else float(at.get(key, start))
        for key, i, start in zip(_names(problem), problem.inputs, problem.x0, strict=True)
    ]


def _names(problem: Problem) -> list[tuple[str, str, int]]:
    counts: dict[tuple[str, str], int] = {}
    names: list[tuple[str, str, int]] = []
    for i in problem.inputs:
        k = counts[i.path, i.what] = counts.get((i.path, i.what), -1) + 1
        names.append((i.path, i.what, k))
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
    folder: Path | None = None,
) -> Diagram:
    """A diagram from its texts. `variation` seeds the start, `labels` measure (by default the fonts of the extra).

    Raises DiagramError with all mistakes that were found together.
    """
    checked = read_domain(domain.text, domain.file)
    objects = read_substance(substance.text, substance.file, checked)
    problem = compile_problem(checked, objects, read_style(list(styles)), variation)
    labels = labels or Measured()
    measure_into(problem, labels)
    return Diagram(problem, labels, folder)
