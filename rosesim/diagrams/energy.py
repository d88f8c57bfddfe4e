"""The energy of a problem: its terms as rows of kernels, a table that says what each row reads, and phi.

    phi(x; w) = sum of f_i(x)  +  w * sum of max(0, g_j(x))^2

The numbers that terms read stand in one vector: the *live* inputs, which reach a term, then the constants. Inputs
that reach no term are dead, and dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim.ad.support.collector import uncollected
from rosesim.diagrams import library
from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.kernels import LANES, MOST_ENTRIES, MOST_NUMBERS, Kernel, kernels
from rosesim.diagrams.problem import Problem, Term
from rosesim.diagrams.templates import Leaf, Row, Templates

Array = np.ndarray[Any, Any]
STEPS = 4
"""Capacities are 2^k (1 + j / STEPS): a solver that is compiled for one serves all diagrams up to it."""


def capacity(n: int, least: int = 64) -> int:
    """The next size for which solvers are compiled.

    >>> [capacity(n) for n in (3, 65, 100, 1000)]
    [64, 80, 112, 1024]
    """
    size = least
    while size < n:
        step = 2 ** (size.bit_length() - 1) // STEPS
        size += step
    return size


@dataclass(slots=True)
class Blocks:
    """The terms of a stage, four rows a block. All arrays have a capacity of blocks, or of entries."""

    count: int
    address: Array
    at: Array
    """Where a block's entries begin in the table."""
    leaves: Array
    objective: Array
    """[block, lane]: 1 where the row is an objective."""
    constraint: Array
    """[block, lane]: 1 where the row is a constraint."""
    table: Array
    terms: Array
    """[block, lane]: the term's number, constraints after objectives; -1 where the lane repeats another."""
    moves: Array
    """For each number: whether it moves in this stage."""


@dataclass(slots=True)
class Energy:
    """All terms of a problem, compiled."""

    problem: Problem
    live: tuple[int, ...]
    """The inputs that reach a term, in order."""
    rows: list[Row]
    """Of all terms: objectives, then constraints."""
    kernels: dict[str, Kernel]
    """By the template's key."""
    constants: Array
    stages: list[Blocks]
    everything: Blocks
    """All terms of all stages, all inputs free."""
    size: int
    """The capacity of the vector of numbers."""
    widest: int
    """The capacity of a kernel's gradients."""
    input_places: dict[int, int]
    """Where a live input stands among the numbers."""
    constant_places: dict[float, int]
    cut_at_start: bool = False
    """Whether a term cuts a polygon into convex parts where it starts: another start may have other kernels."""

    def place(self, leaf: Leaf) -> int:
        """Where a leaf stands among the numbers."""
        return self.input_places[leaf] if isinstance(leaf, int) else self.constant_places[leaf]

    def holding(self, blocks: Blocks, fixed: Collection[int]) -> Blocks:
        """The terms of a stage in which some inputs do not move."""
        moves = blocks.moves.copy()
        moves[[self.input_places[i] for i in fixed if i in self.input_places]] = 0.0
        return replace(blocks, moves=moves)

    def numbers(self, x: Sequence[float] | Array) -> Array:
        """The vector that terms read, for all inputs of the problem."""
        out = np.zeros(self.size)
        out[: len(self.live)] = np.asarray(x, float)[list(self.live)]
        out[len(self.live) : len(self.live) + len(self.constants)] = self.constants
        return out


def energy(problem: Problem, threads: int = 1) -> Energy:
    """Compile the terms of a problem.

    Raises DiagramError if a term has no value: a library function refused its arguments.
    """
    with uncollected():  # which would take a third of the time
        return _energy(problem, threads)


def _energy(problem: Problem, threads: int) -> Energy:
    templates, rows, faults = Templates(), list[Row](), list[Fault]()
    for verb, terms, find in (
        ("objective", problem.objectives, library.objective),
        ("constraint", problem.constraints, library.constraint),
    ):
        for term in terms:
            item = find(term.name)
            assert item is not None, term.name
            try:
                rows.append(templates.row(term, verb, item, problem.x0))
            except library.CallError as error:
                faults.append(Fault(error.kind, str(error), term.place))
    if faults:
        raise DiagramError(faults)
    known = {f.sentence for f in problem.warnings}
    problem.warnings += [Fault(kind, s) for s, kind in templates.warnings.items() if s not in known]
    found = {k.template.key: k for k in kernels({r.template.key: r.template for r in rows}.values(), threads)}
    live = tuple(sorted({leaf for r in rows for leaf in r.leaves if isinstance(leaf, int)}))
    constants: dict[float, int] = {}
    for r in rows:
        for leaf in r.leaves:
            if isinstance(leaf, float):
                constants.setdefault(leaf, len(live) + len(constants))
    numbers = len(live) + len(constants)
    if numbers > MOST_NUMBERS:
        sentence = f"the diagram has {numbers} inputs and constants; expected at most {MOST_NUMBERS}"
        raise DiagramError(Fault("TooLarge", sentence))
    size = capacity(max(1, numbers))
    made = Energy(
        problem,
        live,
        rows,
        found,
        np.array([*constants], float),
        [],
        None,  # pyright: ignore[reportArgumentType] -- set below
        size,
        LANES * capacity(max((r.template.leaves for r in rows), default=1), 16),
        {i: k for k, i in enumerate(live)},
        constants,
        templates.looked,
    )
    terms = [*problem.objectives, *problem.constraints]
    made.everything = _blocks(made, terms, range(len(terms)), set(live))
    for stage in range(len(problem.stages)):
        inside = [k for k, t in enumerate(terms) if stage in t.stages]
        moving = {i for i in live if stage in problem.inputs[i].stages}
        one = len(problem.stages) == 1 and len(inside) == len(terms) and moving == set(live)
        made.stages.append(made.everything if one else _blocks(made, terms, inside, moving))
    return made


def _blocks(e: Energy, terms: Sequence[Term], inside: Sequence[int], moving: set[int]) -> Blocks:
    objectives = len(e.problem.objectives)
    groups: dict[str, list[int]] = {}
    for k in inside:
        groups.setdefault(e.rows[k].template.key, []).append(k)
    blocks = [(key, ks[i : i + LANES]) for key, ks in groups.items() for i in range(0, len(ks), LANES)]
    room = capacity(len(blocks))
    address, at, leaves = np.zeros(room, np.int64), np.zeros(room, np.uint32), np.zeros(room, np.uint32)
    objective, constraint = np.zeros((room, LANES)), np.zeros((room, LANES))
    numbers = np.full((room, LANES), -1)
    parts: list[Array] = []
    begin = 0
    for b, (key, ks) in enumerate(blocks):
        kernel = e.kernels[key]
        n = kernel.template.leaves
        address[b], at[b], leaves[b] = kernel.address, begin, n
        entries = np.zeros((n, LANES), np.uint32)
        for lane in range(LANES):
            k = ks[min(lane, len(ks) - 1)]
            entries[:, lane] = [e.place(leaf) for leaf in e.rows[k].leaves]
            if lane < len(ks):
                numbers[b, lane] = k
                (objective if k < objectives else constraint)[b, lane] = 1.0
        parts.append(entries.ravel())
        begin += entries.size
    if begin > MOST_ENTRIES - e.widest:
        raise DiagramError(Fault("TooLarge", f"the terms read {begin} numbers; expected at most {MOST_ENTRIES}"))
    table = np.zeros(capacity(begin + e.widest, 1024), np.uint32)
    if parts:
        table[:begin] = np.concatenate(parts)
    moves = np.zeros(e.size)
    moves[[k for k, i in enumerate(e.live) if i in moving]] = 1.0
    return Blocks(len(blocks), address, at, leaves, objective, constraint, table, numbers, moves)
