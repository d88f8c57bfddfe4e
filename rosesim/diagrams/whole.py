"""A diagram's energy and its solver as programs of their own, for machines that call nothing by an address.

Here terms are calls by name: for each template a loop over its rows, which reads the numbers of a row by a table. The
programs know the diagram, all of its stages and whatever is held: which terms a stage has and which inputs move in it
are arguments.

    phi(x, weight, objective, constraint, moves) -> (value, gradient)
    solve(x, weight, energy, rounds, most, objective, constraint, moves) -> solver.End

`x` are the live inputs, which reach a term. `objective` and `constraint` have 1 for the rows that are such terms,
`moves` for the inputs that move. A row that is neither is not evaluated, since a term may be NaN in a stage that is
not its own. With a single row as objective, phi is the value of this term. `weight` to
`most` are those of `solver.Begin`, so that nobody has to wait for a layout that takes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.language.arrays import concatenate
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import vjp
from rosesim.diagrams.energy import Array, Energy
from rosesim.diagrams.kernels import function, loops_of
from rosesim.diagrams.solver import MOST_ROUNDS, Begin, rounds_of
from rosesim.diagrams.templates import Template


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage says of rows and inputs, as the programs take it: ones and zeros."""

    objective: Array
    constraint: Array
    moves: Array


@dataclass(frozen=True, slots=True)
class Whole:
    """The programs of a diagram, and what they take."""

    phi: Fn[..., Any]
    solve: Fn[..., Any]
    stages: tuple[Stage, ...]
    terms: tuple[int, ...]
    """For each row, the number of its term: objectives, then constraints."""


@dataclass(frozen=True, slots=True)
class _Block:
    """All rows of a template."""

    template: Template
    first: int
    """The number of its first row."""
    table: Array
    """[row, leaf]: the place of a number among the inputs and constants."""
    slopes: tuple[int, ...]
    """The leaves where some row reads an input. The others need no slope."""


def whole(e: Energy) -> Whole:
    """The programs of all terms.

    >>> from rosesim.diagrams import Canvas
    >>> d = Canvas(200, 100)
    >>> a, b = (d.circle(r=10, center=(d.free(start=x), 0)) for x in (-30, 20))
    >>> term = d.ensure.touching(a, b, 10)
    >>> diagram = d.diagram()
    >>> made, x = whole(diagram.energy), [diagram.problem.x0[i] for i in diagram.energy.live]
    >>> stage = made.stages[0]
    >>> made.phi(x, 1000.0, stage.objective, stage.constraint, stage.moves)
    (400000.0, array([-40000.,  40000.]))
    """
    groups: dict[str, list[int]] = {}
    for k, row in enumerate(e.rows):
        groups.setdefault(row.template.key, []).append(k)
    blocks: list[_Block] = []
    terms: list[int] = []
    for ks in groups.values():
        leaves = [e.rows[k].leaves for k in ks]
        table = np.array([[e.place(leaf) for leaf in row] for row in leaves])
        slopes = np.flatnonzero((table < len(e.live)).any(axis=0)).tolist()
        blocks.append(_Block(e.rows[ks[0]].template, len(terms), table, tuple(slopes)))
        terms += ks
    phi, solve = _programs(blocks, len(e.live), e.constants, len(terms))
    return Whole(phi, solve, tuple(_stage(e, k, terms) for k in range(len(e.problem.stages))), tuple(terms))


def _stage(e: Energy, stage: int, terms: Sequence[int]) -> Stage:
    problem = e.problem
    all_terms, objectives = [*problem.objectives, *problem.constraints], len(problem.objectives)
    inside = [stage in all_terms[k].stages for k in terms]
    return Stage(
        np.array([float(i and k < objectives) for i, k in zip(inside, terms, strict=True)]),
        np.array([float(i and k >= objectives) for i, k in zip(inside, terms, strict=True)]),
        np.array([float(stage in problem.inputs[i].stages) for i in e.live]),
    )


def _programs(blocks: Sequence[_Block], n: int, constants: Array, rows: int) -> tuple[Fn[..., Any], Fn[..., Any]]:
    both = [_value_and_slopes(block) for block in blocks]
    size = n + len(constants)

    @fn
    def phi(
        x: Vec[Real, n], weight: Real, objective: Vec[Real, rows], constraint: Vec[Real, rows], moves: Vec[Real, n]
    ):
        numbers = concatenate([x, const(constants)]) if len(constants) else x

        def add_all(gradient: Any) -> Any:
            total: Any = 0.0
            for block, value_and_slopes in zip(blocks, both, strict=True):
                total = total + _sum(block, value_and_slopes, numbers, weight, objective, constraint, gradient)
            return total

        gradient, total = accumulate(Vec[Real, size], add_all)
        return total, vec(n, lambda i: select(moves[i] > 0.5, gradient[i], 0.0))

    @fn
    def solve(
        x: Vec[Real, n],
        weight: Real,
        energy: Real,
        rounds: Index[MOST_ROUNDS + 1],
        most: Real,
        objective: Vec[Real, rows],
        constraint: Vec[Real, rows],
        moves: Vec[Real, n],
    ):
        @fn
        def evaluate(x: Vec[Real, n], weight: Real):
            return phi(x, weight, objective, constraint, moves)

        return rounds_of(n, Begin(x, weight, energy, rounds, most, most), evaluate)

    return phi, solve


def _value_and_slopes(block: _Block) -> Fn[..., Any]:
    """A term's value, and its slopes at the leaves that read inputs: a function of the vector of its leaves."""
    template, slopes = block.template, block.slopes
    term, in_loops = function(template), bool(loops_of(template))

    def value_and_slopes(leaves: Any) -> Any:
        given = [leaves] if in_loops else [leaves[k] for k in range(template.leaves)]
        if not slopes:
            return term(*given), ()
        value, pullback = vjp(term, wrt=None if in_loops else slopes)(*given)
        found = pullback(1.0)
        if in_loops:
            return value, found
        return value, found if isinstance(found, tuple) else (found,)

    value_and_slopes.__name__ = f"of_{template.name}"
    value_and_slopes.__annotations__ = {"leaves": Vec[Real, template.leaves]}
    return fn(value_and_slopes)


def _sum(
    block: _Block,
    value_and_slopes: Fn[..., Any],
    numbers: Any,
    weight: Any,
    objective: Any,
    constraint: Any,
    gradient: Any,
) -> Any:
    """What the rows of a block add to phi, and to its gradient."""
    table, n = const(block.table), block.template.leaves

    def row(total: Any, r: Any) -> Any:
        is_objective, is_constraint = objective[block.first + r], constraint[block.first + r]

        def add() -> Any:
            value, slopes = value_and_slopes(vec(n, lambda k: numbers[table[r, k]]))
            broken = select(value > 0.0, value, 0.0)
            part = is_objective * value + weight * is_constraint * broken * broken
            factor = is_objective + 2.0 * weight * is_constraint * broken

            def spread() -> Any:
                if isinstance(slopes, tuple):
                    for k, slope in zip(block.slopes, slopes, strict=True):
                        gradient.at[table[r, k]].add(factor * slope)
                else:
                    for_each(n, lambda k: gradient.at[table[r, k]].add(factor * slopes[k]))
                return 0.0

            cond(factor != 0.0, spread, lambda: 0.0)
            return part

        return total + cond(is_objective + is_constraint > 0.5, add, lambda: 0.0)

    return scan(row, 0.0, len(block.table))
