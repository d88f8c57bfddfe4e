"""The solver, in rosesim's language: exterior point, L-BFGS, and a line search by Armijo and weak Wolfe conditions.

It is Penrose's schedule. A round minimises phi(x; w) by L-BFGS (Nocedal 1980; 17 pairs, no test of curvature) and
then multiplies w by 10, until x or phi stays. The solver knows no diagram: it calls kernels by their addresses, over
a table, so one compiled solver serves all diagrams up to its capacities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from rosesim.ad.language.arrays import stack, zeros
from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.function import Fn, fn, opaque
from rosesim.ad.language.linalg import dot
from rosesim.ad.language.mathematics import isfinite
from rosesim.ad.language.totals import any
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.codegen.runtime import linked
from rosesim.diagrams import stored
from rosesim.diagrams.kernels import LANES, MOST_NUMBERS

PAIRS = 17
"""Pairs (step, change of gradient) that L-BFGS keeps."""
TINY = 1e-11
"""What keeps its quotients finite."""
ARMIJO, WOLFE = 1e-3, 0.9
SHORTEST, MOST_TRIALS = 1e-9, 10
"""A line search ends when its interval is this short, or after one more evaluation than this."""
STILL = 1e-2
"""L-BFGS ends when gradient . H gradient is below."""
SAME = 1e-3
"""A stage ends when x or phi changes less."""
FIRST_WEIGHT, GROWTH = 1e3, 10.0
MOST_ROUNDS, MOST_STEPS = 32, 20_000
"""The most rounds of a stage, and steps of a round. Penrose has no such bounds."""
ROUNDING = 2.0**-52
"""Of phi, relative to it."""
FREE_STEPS = 200
"""A stage of fewer steps is one call; one of more tells after each round how it goes on."""

MOST_ADDRESS = 2**62 - 1


@dataclass(frozen=True, slots=True)
class Capacity:
    """For how many numbers, blocks, table entries and leaves (times lanes) a solver is compiled."""

    numbers: int
    blocks: int
    entries: int
    widest: int


def _kernel(c: Capacity) -> Fn[..., Any]:
    """A kernel by its address, as a function of the language."""

    def kernel(address: Any, x: Any, table: Any, at: Any) -> Any:
        raise NotImplementedError("a kernel is machine code")

    kernel.__annotations__ = {
        "address": Index[MOST_ADDRESS],
        "x": Vec[Real, c.numbers],
        "table": Vec[Index[MOST_NUMBERS], c.entries],
        "at": Index[c.entries - c.widest],
        "return": tuple[Vec[Real, LANES], Vec[Real, c.widest]],
    }
    kernel.machine = linked.dispatcher()  # pyright: ignore[reportFunctionMemberAccess] -- see `ir.Opaque.machine`
    return opaque(kernel)


@dataclass(frozen=True, slots=True)
class Terms:
    """`energy.Blocks` as traced values."""

    count: Any
    address: Any
    at: Any
    leaves: Any
    objective: Any
    constraint: Any
    table: Any
    moves: Any


def _types(c: Capacity) -> dict[str, Any]:
    return {
        "count": Index[c.blocks + 1],
        "address": Vec[Index[MOST_ADDRESS], c.blocks],
        "at": Vec[Index[c.entries - c.widest], c.blocks],
        "leaves": Vec[Index[c.widest // LANES + 1], c.blocks],
        "objective": Vec[Vec[Real, LANES], c.blocks],
        "constraint": Vec[Vec[Real, LANES], c.blocks],
        "table": Vec[Index[MOST_NUMBERS], c.entries],
        "moves": Vec[Real, c.numbers],
    }


def phi_at(c: Capacity, terms: Terms, x: Any, w: Any) -> tuple[Any, Any]:
    """phi and its gradient. Numbers that do not move have the gradient 0."""
    call = _kernel(c)

    def add_all(gradient: Any) -> Any:
        def block(total: Any, b: Any) -> Any:
            at = terms.at[b]
            values, slopes = call(terms.address[b], x, terms.table, at)
            weights: list[Any] = []
            for lane in range(LANES):
                objective, constraint = terms.objective[b, lane], w * terms.constraint[b, lane]
                value = values[lane]
                broken = select(value > 0.0, value, 0.0)
                part = select(objective > 0.5, value, constraint * broken * broken)
                total = total + part
                weights.append(objective + 2.0 * constraint * broken)

            def add(k: Any) -> None:
                for lane, weight in enumerate(weights):
                    entry = LANES * k + lane
                    place = Index[c.numbers].clamp(terms.table[at + entry])
                    gradient.at[place].add(weight * slopes[entry])

            def spread() -> Any:
                for_each(c.widest // LANES, add, upto=terms.leaves[b])
                return 0.0

            used = any(LANES, lambda lane: stack(weights)[lane] != 0.0)
            cond(used, spread, lambda: 0.0)
            return total

        return scan(block, 0.0, c.blocks, upto=terms.count)

    gradient, total = accumulate(Vec[Real, c.numbers], add_all)
    return total, vec(c.numbers, lambda i: select(terms.moves[i] > 0.5, gradient[i], 0.0))


class Search(NamedTuple):
    """A line search: the interval (low, high), the length t to try, and what was found where it was tried last."""

    low: Any
    high: Any
    t: Any
    trials: Any
    done: Any
    tried: Any
    """Whether phi was evaluated at the last t."""
    value: Any
    gradient: Any


def _line_search(
    evaluate: Any, x: Any, direction: Any, value: Any, gradient: Any, w: Any
) -> tuple[Any, Any, Any, Any]:
    """The next x along -direction; phi and its gradient there; and how often phi was asked for."""
    slope = -dot(direction, gradient)

    def step(s: Search) -> Search:
        ended = (abs(s.high - s.low) < SHORTEST) | (s.trials > MOST_TRIALS)

        def end() -> Search:
            return s._replace(done=True, tried=False)

        def trial() -> Search:
            f, g = evaluate(x - s.t * direction, w)
            long = ~(f <= value + ARMIJO * s.t * slope)
            short = ~long & ~(-dot(direction, g) >= WOLFE * slope)
            low, high = select(short, s.t, s.low), select(long, s.t, s.high)
            t = select(long | short, select(isfinite(high), 0.5 * (low + high), 2.0 * low), s.t)
            return Search(low, high, t, s.trials + 1.0, ~(long | short), True, f, g)

        return cond(ended, end, trial)

    first = Search(0.0, float("inf"), 1.0, 0.0, False, False, value, gradient)
    last = while_loop(lambda s: ~s.done, step, first, limit=MOST_TRIALS + 3)
    there = x - last.t * direction
    f, g = cond(last.tried, lambda: (last.value, last.gradient), lambda: evaluate(there, w))
    return there, f, g, last.trials


class Pairs(NamedTuple):
    """What L-BFGS remembers, in a ring: steps s, changes y of the gradient, 1 / (y . s), how many, and the newest."""

    steps: Any
    changes: Any
    rho: Any
    count: Any
    newest: Any


def _direction(pairs: Pairs, gradient: Any) -> Any:
    """H gradient, by the two-loop recursion."""

    def place(j: Any) -> Any:
        """Of the j-th newest pair."""
        return Index[PAIRS].wrap(pairs.newest + PAIRS - j)

    def back(q: Any, j: Any) -> Any:
        k = place(j)
        alpha = pairs.rho[k] * dot(pairs.steps[k], q)
        return q - alpha * pairs.changes[k], alpha

    q, alphas = scan(back, gradient, PAIRS, upto=pairs.count)
    s, y = pairs.steps[pairs.newest], pairs.changes[pairs.newest]
    q = q * (dot(s, y) / (dot(y, y) + TINY))

    def forth(q: Any, i: Any) -> Any:
        j = Index[PAIRS].clamp(pairs.count - 1 - i)
        k = place(j)
        beta = pairs.rho[k] * dot(pairs.changes[k], q)
        return q + (alphas[j] - beta) * pairs.steps[k]

    return scan(forth, q, PAIRS, upto=pairs.count)


class Descent(NamedTuple):
    """L-BFGS between two steps: where it stands, where it was, and what it remembers."""

    x: Any
    value: Any
    gradient: Any
    x_before: Any
    gradient_before: Any
    pairs: Pairs
    energy: Any
    """phi one step before x."""
    calls: Any
    steps: Any
    done: Any


def _minimise(evaluate: Any, numbers: int, x: Any, w: Any, most: Any) -> tuple[Any, Any, Any, Any]:
    """x after at most `most` steps of L-BFGS at one weight, phi one step before, how often phi was asked for, and the
    steps."""
    value, gradient = evaluate(x, w)
    there, f, g, calls = _line_search(evaluate, x, gradient, value, gradient, w)
    none = Pairs(zeros((PAIRS, numbers)), zeros((PAIRS, numbers)), zeros(PAIRS), Index[PAIRS + 1](0), Index[PAIRS](0))

    def step(d: Descent) -> Descent:
        s, y = d.x - d.x_before, d.gradient - d.gradient_before
        newest = Index[PAIRS].wrap(d.pairs.newest + 1)
        pairs = Pairs(
            d.pairs.steps.at[newest].set(s),
            d.pairs.changes.at[newest].set(y),
            d.pairs.rho.at[newest].set(1.0 / (dot(y, s) + TINY)),
            Index[PAIRS + 1].clamp(d.pairs.count + 1),
            newest,
        )
        r = _direction(pairs, d.gradient)
        there, f, g, calls = _line_search(evaluate, d.x, r, d.value, d.gradient, w)
        going = dot(d.gradient, r) >= STILL
        return Descent(there, f, g, d.x, d.gradient, pairs, d.value, d.calls + calls + 1.0, d.steps + 1.0, ~going)

    start = Descent(there, f, g, x, gradient, none, value, calls + 1.0, 0.0, False)
    end = while_loop(lambda d: ~d.done & (d.steps < most), step, start, limit=MOST_STEPS, on_limit="stop")
    return end.x, end.energy, end.calls, end.steps


class Round(NamedTuple):
    """A stage between two rounds."""

    x: Any
    w: Any
    number: Any
    energy: Any
    calls: Any
    """[round]: how often phi was asked for."""
    steps: Any
    done: Any


class End(NamedTuple):
    """Where some rounds ended: x, the next weight (the last one where it is done), phi one step before x, rounds,
    calls of each round, steps, and whether x or phi stayed."""

    x: Any
    w: Any
    energy: Any
    rounds: Any
    calls: Any
    steps: Any
    done: Any


class Begin(NamedTuple):
    """Where they begin, and when they end: after the round in which they have taken `pause` steps, and within one
    after `most`."""

    x: Any
    w: Any
    energy: Any
    rounds: Any
    pause: Any
    most: Any


def is_lost(rounds: Any, energy: Any) -> Any:
    """Whether no further round can settle: phi is so large that its rounding exceeds what L-BFGS asks of a step.

    That is where constraints contradict each other: w times the squared violation grows tenfold a round. Steps are
    then decided by rounding, and rounds end by chance or by their bound.
    """
    return (rounds > 2) & (ROUNDING * abs(energy) > STILL)


def rounds_of(numbers: int, begin: Begin, evaluate: Callable[[Any, Any], Any]) -> End:
    """Some rounds of a stage of so many numbers. `evaluate(x, w)` gives phi and its gradient."""

    def one(r: Round) -> Round:
        x, energy, calls, steps = _minimise(evaluate, numbers, r.x, r.w, begin.most - r.steps)
        moved = x - r.x
        still = (dot(moved, moved) < SAME * SAME) | (abs(energy - r.energy) < SAME)
        finite = isfinite(energy) & isfinite(dot(x, x))
        done = (still & (r.number > 1)) | ~finite
        number = Index[MOST_ROUNDS].clamp(r.number)
        return Round(
            x,
            select(done, r.w, GROWTH * r.w),
            Index[MOST_ROUNDS + 1].clamp(r.number + 1),
            energy,
            r.calls.at[number].set(calls),
            r.steps + steps,
            done,
        )

    def goes_on(r: Round) -> Any:
        within = (r.number < MOST_ROUNDS) & (r.steps < begin.pause) & (r.steps < begin.most)
        return within & ~(r.done | is_lost(r.number, r.energy))

    first = Round(begin.x, begin.w, begin.rounds, begin.energy, zeros(MOST_ROUNDS), 0.0, False)
    end = while_loop(goes_on, one, first, limit=MOST_ROUNDS, on_limit="stop")
    return End(end.x, end.w, end.energy, end.number, end.calls, end.steps, end.done)


Call = Callable[..., tuple[Any, ...]]


def program(name: str, c: Capacity, python: Callable[..., Any], *more: Any) -> Call:
    """A program of x, more, and the fields of `Terms`, from disk or compiled now."""
    types = [Vec[Real, c.numbers], *more, *_types(c).values()]
    return stored.program(f"{name} {c}", lambda: fn(python), types)


@cache
def solver(c: Capacity) -> Callable[..., End]:
    """The program that lays out one stage, or some rounds of it: of the fields of `Begin`, then those of `Terms`."""

    def solve(x: Any, w: Any, energy: Any, rounds: Any, pause: Any, most: Any, *given: Any):
        terms = Terms(*given)

        @fn
        def evaluate(x: Vec[Real, c.numbers], w: Real):
            return phi_at(c, terms, x, w)

        return rounds_of(c.numbers, Begin(x, w, energy, rounds, pause, most), evaluate)

    call = program("solve", c, solve, Real, Real, Index[MOST_ROUNDS + 1], Real, Real)
    return lambda *args: End(*call(*args))


class Reached(NamedTuple):
    """How far a stage has come: x, the weight of the last round, phi one step before x, how often each round asked
    for phi, the steps, and whether it has settled: x or phi stayed."""

    x: Any
    weight: float
    energy: float
    calls: tuple[int, ...]
    steps: int
    settled: bool


def rounds(solve: Callable[..., End], x: Any, terms: tuple[Any, ...], steps: int | None = None) -> Iterator[Reached]:
    """A stage, from x, of at most `steps` steps: where it stands now and then, and last where it ends."""
    most = float("inf") if steps is None else float(steps)
    calls, taken, pause = (), 0, float(FREE_STEPS)
    now = End(x, FIRST_WEIGHT, float("inf"), 0, (), 0.0, False)
    goes_on = True
    while goes_on:
        begun = int(now.rounds)
        now = solve(now.x, now.w, now.energy, begun, pause, most - taken, *terms)
        calls += tuple(int(c) for c in now.calls[begun : int(now.rounds)])
        taken += int(now.steps)
        goes_on = not (now.done or is_lost(now.rounds, now.energy)) and now.rounds < MOST_ROUNDS and taken < most
        weight = now.w if now.done else now.w / GROWTH
        yield Reached(now.x, weight, now.energy, calls, taken, bool(now.done))
        pause = 1.0


@cache
def phi(c: Capacity) -> Call:
    """The program of phi and its gradient: of x and w, then the fields of `Terms`."""

    def value_and_gradient(x: Any, w: Any, *terms: Any):
        return phi_at(c, Terms(*terms), x, w)

    return program("phi", c, value_and_gradient, Real)


@cache
def values(c: Capacity) -> Call:
    """The program of the terms' values, [block][lane]: of x, then the fields of `Terms`."""

    def each(x: Any, *given: Any):
        terms, call = Terms(*given), _kernel(c)
        return vec(c.blocks, lambda b: call(terms.address[b], x, terms.table, terms.at[b])[0], upto=terms.count)

    return program("values", c, each)
