"""What is decided of a whole program: who polls, who may fail, what LLVM inlines, what threads share."""

from __future__ import annotations

import re
from typing import Any

import pytest
from compiled_kit import loop_over
from ir_kit import TRUE, Body, at, func, real, reals, ref

from rosesim.ad.program.ir import (
    REAL,
    Add,
    Block,
    Call,
    Func,
    Guard,
    Loop,
    Opaque,
    SubRef,
    Var,
    reachable,
)
from rosesim.codegen import compile_func
from rosesim.codegen.passes import whole_program
from rosesim.codegen.passes.whole_program import (
    CALLER,
    COPIES,
    ONCE,
    POLL_FROM,
    SMALL,
    STRAIGHT_SHARE,
    TIGHT,
    TIGHT_LIMIT,
    TINY,
    UNROLLED,
    UNROLLED_TOGETHER,
    fallible,
    inlined_calls,
    is_straight,
    overlapping_refs,
    polled_loops,
    rolled_loops,
    straight_work,
)


def chain(n: int, name: str = "g") -> Func:
    """A function of n lets, each of the work of an addition."""

    def write(b: Body, x: Var) -> Any:
        for _ in range(n):
            x = b.op("add", x, x)
        return x

    return func([REAL], write, name)


def calling(*callees: Func, name: str = "f") -> Func:
    def write(b: Body, x: Var) -> Any:
        for g in callees:
            x = b.let(Call(g, (x,)), REAL)
        return x

    return func([REAL], write, name)


def looping(n: int, work: int) -> Func:
    """A loop whose body is so many additions."""

    def step(b: Body, i: Var, c: Var) -> Any:
        for _ in range(work):
            c = b.op("add", c, real(1.0))
        return c

    return func([REAL], lambda b, x: loop_over(b, n, [x], step))


def test_a_program_is_straight_if_its_loops_have_hardly_any_of_its_work() -> None:
    def program(work: int, n: int) -> Func:
        """A chain and a loop, in two functions that another calls."""
        return calling(chain(work), looping(n, 9))

    assert is_straight(reachable(calling(chain(100))))
    assert not is_straight(reachable(looping(10, 9)))
    assert is_straight(reachable(program(STRAIGHT_SHARE * 100, 10)))
    assert not is_straight(reachable(program(STRAIGHT_SHARE * 100 // 2, 10)))


# ---------------------------------------------------------------------------------------- unrolling


def in_a_row(*sizes: tuple[int, int]) -> Func:
    """Loops one after the other: of so many iterations, of so much work each."""

    def write(b: Body, x: Var) -> Any:
        for n, work in sizes:
            x = loop_over(b, n, [x], lambda b, i, c, work=work: chain_of(b, c, work))
        return x

    return func([REAL], write)


def chain_of(b: Body, x: Var, n: int) -> Any:
    for _ in range(n):
        x = b.op("add", x, real(1.0))
    return x


def rolled(f: Func) -> list[int]:
    """The iterations of the loops that stay loops."""
    return sorted(e.n for e in rolled_loops([f]))


def test_the_short_loops_of_a_function_are_unrolled_if_they_are_few() -> None:
    short = (UNROLLED // 10, 9)
    assert rolled(in_a_row(short)) == []
    assert rolled(in_a_row(*[short] * (UNROLLED_TOGETHER // UNROLLED))) == []
    many = in_a_row(*[short] * 5)
    assert rolled(many) == [short[0]] * (5 - UNROLLED_TOGETHER // UNROLLED)
    text = compile_func(many, optimise=False).llvm
    (note,) = re.findall(r'(!\d+) = !{!"llvm.loop.unroll.disable"}', text)
    told = re.findall(rf"(!\d+) = distinct !{{\1, .*{note}}}", text)
    assert len(told) == len(rolled(many)) and all(f"!llvm.loop {loop}\n" in text for loop in told)


def test_of_many_loops_the_shortest_are_unrolled() -> None:
    assert rolled(in_a_row((400, 9), (3, 9), (300, 9), (350, 9), (4, 9))) == [400]


def test_long_loops_are_none_that_llvm_unrolls_whole() -> None:
    assert rolled(in_a_row(*[(UNROLLED // 10 + 1, 9)] * 5)) == []


# ------------------------------------------------------------------------------------------- polls


@pytest.mark.parametrize(
    ("n", "work", "polls"),
    [
        (POLL_FROM // (2 * TIGHT), TIGHT, False),  # ends before anyone can press a key
        (POLL_FROM // TIGHT, TIGHT, True),
        (POLL_FROM, 1, False),  # tight: a poll would keep it from vectors
        (TIGHT_LIMIT, 1, True),  # and takes too long without
    ],
)
def test_long_loops_poll_unless_they_are_tight_and_soon_done(n: int, work: int, polls: bool) -> None:
    f = looping(n, work)
    assert bool(polled_loops([f])) is polls
    assert fallible([f], polled_loops([f])) == ({f} if polls else set())


def test_of_two_loops_the_one_that_is_long_polls() -> None:
    def outer(b: Body, x: Var) -> Any:
        return loop_over(b, POLL_FROM // 100, [x], lambda b, i, c: loop_over(b, 100, [c], one))

    def one(b: Body, i: Var, c: Var) -> Any:
        return b.op("add", c, c)

    f = func([REAL], outer)
    (found,) = polled_loops([f])
    assert isinstance(f.body, Block) and found is f.body.lets[0].expr


def test_who_calls_what_may_fail_may_fail() -> None:
    guarded = func([REAL], lambda b, x: (b.let(Guard(TRUE, "no")), [x])[1], "guarded")
    python = Func("python", (Var(REAL),), Opaque(lambda x: (x,), (REAL,)))
    safe = chain(1)
    for inner in (guarded, python):
        f = calling(safe, inner)
        assert fallible(reachable(f), set()) == {inner, f}
    assert fallible(reachable(calling(safe)), set()) == set()


# ---------------------------------------------------------------------------------------- inlining


def inlines(f: Func, pieces: set[Func] | None = None) -> list[str]:
    """The names of the functions whose calls are inlined, a name for each call."""
    calls, _ = inlined_calls(reachable(f), pieces or set())
    return sorted(call.func.name for call in calls)


def test_small_functions_are_inlined_everywhere_and_longer_ones_where_they_are_called_once() -> None:
    small, longer, once, never = (
        chain(n, name) for n, name in ((SMALL, "a"), (SMALL + 1, "b"), (ONCE, "c"), (ONCE + 1, "d"))
    )
    assert inlines(calling(small, small, longer, longer, once, never)) == ["a", "a", "c"]


def test_no_function_grows_beyond_its_limit_but_by_what_is_tiny() -> None:
    small, tiny = chain(SMALL, "a"), chain(TINY, "t")
    f = calling(*[small] * 60, *[tiny] * 5)
    assert inlines(f) == ["a"] * ((CALLER - 65) // SMALL) + ["t"] * 5


@pytest.mark.parametrize("size", [TINY, SMALL])
def test_what_many_places_call_stays_a_call_in_all_of_them(size: int) -> None:
    g, most = chain(size), COPIES // size
    assert len(inlines(calling(*[g] * 5))) == 5
    halves = [calling(*[g] * (most // 2 + k), name="h") for k in (0, 1)]
    assert inlines(calling(*halves)).count("g") == 0


def test_what_was_cut_out_of_something_long_stays_out() -> None:
    piece = chain(SMALL)
    assert inlines(calling(piece)) == ["g"] and inlines(calling(piece), {piece}) == []


def test_a_long_program_is_not_inlined_into_its_entry() -> None:
    assert inlined_calls([chain(SMALL)], set())[1] and not inlined_calls([chain(SMALL + 1)], set())[1]


def test_the_straight_line_vectoriser_is_reckoned_by_the_squares_of_blocks() -> None:
    g = chain(10)
    f = calling(g, g)
    calls, _ = inlined_calls(reachable(f), set())
    assert straight_work([g, f], calls) == 10**2 + 20**2
    assert straight_work([g, f], set()) == 10**2 + 2**2
    assert straight_work([looping(5, 30)], set()) == 1 + 30**2


# -------------------------------------------------------------------------------------------- refs


def test_refs_overlap_where_two_come_of_one() -> None:
    both = func([ref(REAL), ref(REAL)], lambda b, r, s: (b.let(Add(r, (), real(1.0))), [])[1], "both")
    whole = ref(reals(3))

    def parts(b: Body, r: Var, s: Var) -> Any:
        first = b.let(SubRef(r, (at(0, 3),)), ref(REAL))
        b.let(Call(both, (first, b.let(SubRef(s, (at(1, 3),)), ref(REAL)))))
        return []

    apart = func([whole, whole], parts)
    assert overlapping_refs(reachable(apart)) == set()
    same = func([whole], lambda b, r: parts(b, r, r))
    assert overlapping_refs(reachable(same)) == {both}
    handed = func([whole], lambda b, r: (b.let(Call(apart, (r, r))), [])[1])
    assert overlapping_refs(reachable(handed)) == {apart, both}, "and so do its callees'"


# ------------------------------------------------------------------------------------------ batches


def batch(n: int, lanes: int, work: int) -> Func:
    """A batch of so many runs, each of so many additions."""
    return func(
        [REAL],
        lambda b, x: loop_over(b, n, [], lambda b, i: chained(b, x, work), [REAL], batch=True, lanes=lanes),
    )


def chained(b: Body, x: Var, n: int) -> Var:
    """So many additions, one after the other."""
    return loop_over(b, n, [x], lambda b, i, c: b.op("add", c, c))


def test_threads_share_a_batch_in_lanes_that_is_long_and_all_of_the_work() -> None:
    long = whole_program.SHARED_FROM // 10
    shared = whole_program.shared_batch(batch(4 * 20, 4, long))
    assert shared is not None and shared.lanes == 4
    assert whole_program.shared_batch(batch(4 * 20, 1, long)) is None  # each run alone
    assert whole_program.shared_batch(batch(4, 4, 100 * long)) is None  # one group
    assert whole_program.shared_batch(batch(4 * 20, 4, 10)) is None  # done too soon

    def beside(b: Body, x: Var) -> Any:
        out = loop_over(b, 80, [], lambda b, i: chained(b, x, long), [REAL], batch=True, lanes=4)
        chained(b, x, 20 * long // 50)  # two hundredths
        return out

    assert whole_program.shared_batch(func([REAL], beside)) is None


def test_a_grid_takes_the_batch_that_gives_all_results() -> None:
    f = batch(5, 1, 3)
    loop = whole_program.whole_batch(f)
    assert isinstance(loop, Loop) and loop.n == 5
    more = func([REAL], lambda b, x: [loop_over(b, 5, [], lambda b, i: x, [REAL], batch=True), b.op("add", x, x)])
    assert whole_program.whole_batch(more) is None
    plain = func([REAL], lambda b, x: loop_over(b, 5, [], lambda b, i: x, [REAL]))
    assert whole_program.whole_batch(plain) is None
