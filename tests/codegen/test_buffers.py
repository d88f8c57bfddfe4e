"""Arrays that share memory: an update in place is never seen by who still needs what was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compiled_kit import LONG, agree, agree_at_random, loop_over, put, seconds
from ir_kit import FALSE, ONE, ZERO, Body, at, block, func, real, reals, ref

from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Accum,
    Add,
    Block,
    BoolT,
    Call,
    Cond,
    Fill,
    Func,
    Get,
    Let,
    Loop,
    Put,
    Stack,
    Stop,
    SubRef,
    Ty,
    Var,
    all_lets,
    index_ty,
    reachable,
)
from rosesim.codegen import compile_func, targets
from rosesim.codegen.passes import buffers
from rosesim.codegen.passes.buffers import Sharing, analyse
from rosesim.codegen.pipeline import without
from rosesim.codegen.target import StackLimits
from rosesim.codegen.targets import host

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


def test_a_replaced_array_is_still_there_where_it_is_named_later() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        a = put(b, x, i, ONE)
        before = b.let(Get(a, (at(3, LONG),)), REAL)
        c = put(b, a, at(3, LONG), real(7.0))
        d = put(b, c, at(4, LONG), real(8.0))
        return [a, before, d, b.let(Get(a, (i,)), REAL)]

    agree(func([reals(LONG), index_ty(LONG)], write), np.arange(float(LONG)), 3)


def test_a_view_survives_the_replacement_of_what_it_views() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        a = b.let(Put(x, (i, at(0, LONG)), ONE), x.ty)
        row = b.let(Get(a, (i,)), reals(LONG))
        same = b.let(Stop(row), reals(LONG))
        c = b.let(Put(a, (i, at(0, LONG)), real(5.0)), x.ty)
        return [c, b.let(Get(same, (at(0, LONG),)), REAL)]

    agree(func([reals(4, LONG), index_ty(4)], write), np.zeros((4, LONG)), 2)


def test_a_row_moves_within_its_array() -> None:
    def write(b: Body, x: Var, i: Var, j: Var) -> Any:
        a = b.let(Put(x, (i, at(0, LONG)), ONE), x.ty)
        return b.let(Put(a, (j,), b.let(Get(a, (i,)), reals(LONG))), x.ty)

    f = func([reals(4, LONG), index_ty(4), index_ty(4)], write)
    x = np.random.default_rng(0).normal(size=(4, LONG))
    agree(f, x, 1, 3)
    agree(f, x, 2, 2)


def test_an_array_made_before_a_loop_is_fresh_in_every_iteration() -> None:
    def write(b: Body, x: Var) -> Any:
        made = put(b, x, at(0, LONG), ONE)

        def step(b: Body, i: Var, s: Var) -> Any:
            first = b.let(Get(made, (at(0, LONG),)), REAL)
            changed = put(b, made, at(0, LONG), b.op("add", first, ONE))
            return b.op("add", s, b.let(Get(changed, (at(0, LONG),)), REAL))

        return loop_over(b, 3, [ZERO], step)

    assert agree(func([reals(LONG)], write), np.zeros(LONG)) == (6.0,)


def test_carries_change_places_or_double() -> None:
    def write(b: Body, x: Var, y: Var) -> Any:
        def swap(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            return [put(b, q, i, real(1.0)), p, r]

        def rotate(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            return [q, r, put(b, p, i, b.let(Get(q, (i,)), REAL))]

        def double(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            new = put(b, p, i, real(3.0))
            return [new, new, x]

        def wave(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            def cell(b: Body, j: Var) -> Any:
                return b.op("sub", b.let(Get(q, (j,)), REAL), b.let(Get(p, (j,)), REAL))

            return [q, loop_over(b, LONG, [], cell, [REAL]), r]

        out: list[Any] = []
        for step in (swap, rotate, double, wave):
            for n in (4, 5):
                out.extend(loop_over(b, n, [x, y, x], step))
        return out

    rng = np.random.default_rng(0)
    agree(func([reals(LONG), reals(LONG)], write), rng.normal(size=LONG), rng.normal(size=LONG))


@pytest.mark.parametrize("n", [3, 4])
def test_a_carry_is_also_an_output(n: int) -> None:
    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, c: Var) -> Any:
            new = loop_over(b, LONG, [], lambda b, j: b.op("mul", b.let(Get(c, (j,)), REAL), real(1.5)), [REAL])
            return [new, c, new]

        return loop_over(b, n, [x], step, [reals(LONG), reals(LONG)])

    agree(func([reals(LONG)], write), np.arange(float(LONG)))


def test_a_branch_replaces_in_place_or_not() -> None:
    def write(b: Body, x: Var, p: Var) -> Any:
        a = put(b, x, at(0, LONG), ONE)
        then = block(lambda b: put(b, a, at(1, LONG), real(2.0)))
        kept = b.let(Cond(p, then, Block((), (a,))), a.ty)
        c = put(b, kept, at(2, LONG), real(3.0))
        other = b.let(Cond(p, block(lambda b: put(b, c, at(3, LONG), ONE)), Block((), (x,))), a.ty)
        still = b.let(Cond(p, block(lambda b: put(b, other, at(4, LONG), ONE)), Block((), (other,))), a.ty)
        return [still, other]

    f = func([reals(LONG), BOOL], write)
    for p in (True, False):
        agree(f, np.arange(float(LONG)), p)


def test_accumulators_start_from_what_is_still_needed() -> None:
    def write(b: Body, x: Var, i: Var, p: Var) -> Any:
        a = put(b, x, at(0, LONG), ONE)
        r, s, t = Var(ref(reals(LONG))), Var(ref(REAL)), Var(ref(Ty(BoolT(), (3,))))

        def body(b: Body) -> Any:
            def step(b: Body, k: Var) -> Any:
                b.let(Add(r, (i,), b.let(Get(a, (k,)), REAL)))
                b.let(Add(s, (), b.let(Get(a, (k,)), REAL)))
                return []

            loop_over(b, LONG, [], step)
            b.let(Add(r, (), a))
            b.let(Add(t, (at(1, 3),), p))
            sub = b.let(SubRef(r, (i,)), ref(REAL))
            b.let(Add(sub, (), ONE))
            return [b.let(Get(a, (i,)), REAL), a]

        none = b.let(Fill(FALSE), Ty(BoolT(), (3,)))
        made = b.let(Accum((a, ZERO, none), (r, s, t), block(body)), REAL, a.ty, a.ty, REAL, none.ty)
        return [*made, a]

    f = func([reals(LONG), index_ty(LONG), BOOL], write)
    agree(f, np.arange(float(LONG)), 5, True)


def test_refs_pass_through_calls_even_where_they_overlap() -> None:
    g = func(
        [ref(reals(LONG)), ref(reals(LONG)), REAL],
        lambda b, r, s, x: [b.let(Add(r, (at(0, LONG),), x)), b.let(Add(s, (at(0, LONG),), x)), x][2:],
    )

    def write(b: Body, x: Var, i: Var, j: Var) -> Any:
        r = Var(ref(reals(4, LONG)))

        def body(b: Body) -> Any:
            first = b.let(SubRef(r, (i,)), ref(reals(LONG)))
            second = b.let(SubRef(r, (j,)), ref(reals(LONG)))
            return b.let(Call(g, (first, second, x)), REAL)

        zeros = b.let(Fill(ZERO), reals(4, LONG))
        return b.let(Accum((zeros,), (r,), block(body)), REAL, reals(4, LONG))

    f = func([REAL, index_ty(4), index_ty(4)], write)
    agree(f, 2.5, 1, 2)
    agree(f, 2.5, 3, 3)


def test_a_function_overwrites_only_what_its_caller_gives_up() -> None:
    g = func([reals(LONG), index_ty(LONG)], lambda b, x, i: [put(b, x, i, real(9.0)), ONE])
    h = func([reals(LONG), index_ty(LONG)], lambda b, x, i: b.let(Call(g, (x, i)), reals(LONG), REAL)[0])

    def write(b: Body, x: Var) -> Any:
        first = b.let(Call(h, (x, at(0, LONG))), reals(LONG))
        second = b.let(Call(h, (first, at(1, LONG))), reals(LONG))
        third = b.let(Call(h, (second, at(2, LONG))), reals(LONG))
        return [x, first, third]

    agree(func([reals(LONG)], write), np.zeros(LONG))


def test_a_function_called_with_one_array_twice() -> None:
    g = func(
        [reals(LONG), reals(LONG)],
        lambda b, x, y: [put(b, x, at(0, LONG), ONE), b.let(Get(y, (at(0, LONG),)), REAL)],
    )

    def write(b: Body, x: Var) -> Any:
        made = put(b, x, at(5, LONG), ONE)
        return b.let(Call(g, (made, made)), reals(LONG), REAL)

    agree(func([reals(LONG)], write), np.full(LONG, 4.0))


@pytest.mark.parametrize(("careless", "seed"), [("_can_reuse", 301), ("_is_only_use", 488)])
def test_random_programs_notice_a_careless_analysis(
    careless: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above would fail if the analysis did not look who names an array later."""

    def owned(self: Any, x: Any, b: Block, k: int) -> bool:
        return isinstance(x, Var) and self.out.is_whole(x) and self.out.root[x].block is b

    def only(self: Any, x: Any, let: Let, **_: Any) -> bool:
        return True

    monkeypatch.setattr(buffers._Analysis, careless, owned if careless == "_can_reuse" else only)
    fewer_arrays = without("unroll-short", "forward-elements", "share-copies")
    with pytest.raises(AssertionError), fewer_arrays:
        agree_at_random([seed], optimised=1000)  # what it decides shows in unoptimised code already


def _replacing(n: int, *, by_call: bool, branch: bool) -> Func:
    """A loop that replaces one element a step: itself, by a function, in a branch."""
    ty, i_ty = reals(n), index_ty(n)

    def one(b: Body, a: Var, i: Var) -> Any:
        old = b.let(Get(a, (i,)), REAL)
        return put(b, a, i, b.op("add", old, b.op("real", i)))

    g = func([ty, i_ty], one)

    def step(b: Body, i: Var, a: Var) -> Any:
        if branch:
            p = b.op("lt", b.let(Get(a, (i,)), REAL), ONE, ty=BOOL)
            return b.let(Cond(p, block(lambda b: one(b, a, i)), Block((), (a,))), ty)
        return b.let(Call(g, (a, i)), ty) if by_call else one(b, a, i)

    return func([ty], lambda b, x: loop_over(b, n, [x], step))


@pytest.mark.parametrize(("by_call", "branch"), [(False, False), (True, False), (False, True)])
def test_replacing_one_element_a_step_is_linear(by_call: bool, branch: bool) -> None:
    n = 100_000
    compiled = compile_func(_replacing(n, by_call=by_call, branch=branch))
    (out,) = compiled(np.zeros(n))
    np.testing.assert_array_equal(out, np.arange(float(n)))
    # 10^5 copies of 0.8 MB would take seconds; one pass takes well under a millisecond.
    assert seconds(lambda: compiled(np.zeros(n))) < 0.02


def test_buffers_are_used_again_after_their_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 10_000

    def write(b: Body, x: Var) -> Any:
        for _ in range(30):
            x = loop_over(b, n, [], lambda b, i, x=x: b.op("add", b.let(Get(x, (i,)), REAL), ONE), [REAL])
        return loop_over(b, n, [ZERO], lambda b, i, s: b.op("add", s, b.let(Get(x, (i,)), REAL)))

    compiled = compile_func(func([reals(n)], write))
    assert compiled.workspace_bytes < 3 * 8 * n
    assert compiled(np.zeros(n)) == (30.0 * n,)
    in_workspace = replace(host(), stack=StackLimits(0, 0))  # every buffer
    monkeypatch.setattr(targets, "host", lambda: in_workspace)
    agree_at_random(range(400, 440), optimised=4)


# ------------------------------------------------------------------------------------ the analysis


def sharing(f: Func) -> Sharing:
    """What the analysis finds of a function, after those that it calls."""
    in_out: dict[Func, dict[int, int]] = {}
    for g in reachable(f):
        found = analyse(g, in_out)
        in_out[g] = found.in_out
    return found


def lets(f: Func, kind: type) -> list[Let]:
    """The lets of a function whose expression is of a kind, nested ones included, in order."""
    assert isinstance(f.body, Block)
    return [let for let in all_lets(f.body) if isinstance(let.expr, kind)]


def reused(f: Func, kind: type = Put) -> list[bool]:
    """Of each let of a kind, whether it writes over an operand."""
    found = sharing(f)
    return [bool(found.reuses.get(let)) for let in lets(f, kind)]


ARRAY, PLACE = reals(LONG), index_ty(LONG)


def test_the_last_to_name_an_array_writes_over_it() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        first = put(b, x, i, ONE)
        second = put(b, first, i, real(2.0))
        return [put(b, second, i, real(3.0)), b.let(Get(second, (i,)), REAL)]

    # The parameter is the caller's, and the second array is read after the third has been made of it.
    assert reused(func([ARRAY, PLACE], write)) == [False, True, False]


def test_a_parameter_is_written_over_only_if_a_result_lies_there() -> None:
    in_place = func([ARRAY, PLACE], lambda b, x, i: put(b, x, i, ONE))
    assert reused(in_place) == [True] and sharing(in_place).in_out == {0: 0}
    lost = func([ARRAY, PLACE], lambda b, x, i: b.let(Get(put(b, x, i, ONE), (i,)), REAL))
    assert reused(lost) == [False] and sharing(lost).in_out == {}


def test_a_view_keeps_what_it_views() -> None:
    rows = reals(4, LONG)

    def write(b: Body, x: Var, i: Var, *, late: bool) -> Any:
        made = b.let(Put(x, (i,), b.let(Get(x, (at(0, 4),)), ARRAY)), rows)
        row = b.let(Get(made, (i,)), ARRAY)
        read = [] if late else [b.let(Get(row, (at(0, LONG),)), REAL)]
        last = b.let(Put(made, (at(0, 4), at(0, LONG)), ONE), rows)
        return [last, *read, *([b.let(Get(row, (at(0, LONG),)), REAL)] if late else [])]

    for late in (False, True):
        made = func([rows, index_ty(4)], lambda b, x, i, late=late: write(b, x, i, late=late))
        assert reused(made)[1] is not late


def test_what_was_made_before_a_loop_is_not_written_over_in_it() -> None:
    def write(b: Body, x: Var) -> Any:
        made = put(b, x, at(0, LONG), ONE)
        return loop_over(b, 3, [ZERO], lambda b, i, s: b.let(Get(put(b, made, i3(b, i), s), (at(0, LONG),)), REAL))

    def i3(b: Body, i: Var) -> Any:
        return b.op("cast", i, ty=PLACE)

    assert reused(func([ARRAY], write))[-1] is False


@pytest.mark.parametrize(
    ("step", "source"),
    [
        (lambda b, i, p, q: [put(b, p, i, ONE), q], [0, 1]),  # each in its place
        (lambda b, i, p, q: [put(b, q, i, ONE), p], [1, 0]),  # they change places
        (lambda b, i, p, q: [put(b, p, i, ONE), p], [None, 0]),  # the old one is still needed
        (lambda b, i, p, q: [q, q], [None, 1]),  # who stays comes first, the other is a copy
    ],
)
def test_carries_stay_in_place_or_change_places(step: Any, source: list[int | None]) -> None:
    def write(b: Body, x: Var, y: Var) -> Any:
        return loop_over(b, LONG, [put(b, x, at(0, LONG), ONE), put(b, y, at(0, LONG), ONE)], step)

    f = func([ARRAY, ARRAY], write)
    (loop,) = lets(f, Loop)
    assert isinstance(loop.expr, Loop)
    plan = sharing(f).loops[loop.expr]
    assert (plan.buffered, plan.source) == ([True, True], source)


def test_short_arrays_are_scalars_unless_their_address_is_needed() -> None:
    def write(b: Body, x: Var, k: Var) -> Any:
        pair = b.let(Stack((x, ONE)), reals(2))
        fixed = b.let(Put(pair, (at(0, 2),), ZERO), reals(2))
        read = b.let(Get(fixed, (k,)), REAL)
        return [read, b.let(Get(pair, (at(1, 2),)), REAL)]

    f = func([REAL, index_ty(2)], write)
    found = sharing(f)
    pair, fixed = (let.outs[0] for let in (*lets(f, Stack), *lets(f, Put)))
    assert pair in found.elements and not found.has_buffer(pair)
    assert fixed in found.elements and found.has_buffer(fixed), "it is read at a computed place"


def test_all_elements_of_a_filled_array_are_one_scalar_whatever_its_size() -> None:
    f = func([REAL, PLACE], lambda b, x, i: b.let(Get(b.let(Stop(b.let(Fill(x), ARRAY)), ARRAY), (i,)), REAL))
    found = sharing(f)
    made = {let.outs[0] for kind in (Fill, Stop) for let in lets(f, kind)}
    assert made == found.uniform and not any(map(found.has_buffer, made - {lets(f, Stop)[0].outs[0]}))


def test_a_branch_may_write_over_what_the_other_branch_gives_back() -> None:
    def write(b: Body, x: Var, p: Var, *, again: bool) -> Any:
        made = put(b, x, at(0, LONG), ONE)
        then = block(lambda b: put(b, made, at(1, LONG), real(2.0)))
        chosen = b.let(Cond(p, then, Block((), (made,))), ARRAY)
        return [chosen, made] if again else [chosen]

    for again in (False, True):
        f = func([ARRAY, BOOL], lambda b, x, p, again=again: write(b, x, p, again=again))
        assert reused(f)[-1] is not again
        found = sharing(f)
        made, chosen = lets(f, Put)[0].outs[0], lets(f, Cond)[0].outs[0]
        assert (found.root[chosen] is found.root[made]) is not again


def test_an_accumulator_begins_where_its_start_lies_if_nobody_needs_that() -> None:
    def write(b: Body, x: Var, *, again: bool) -> Any:
        start = put(b, x, at(0, LONG), ONE)
        r = Var(ref(ARRAY))
        total = b.let(Accum((start,), (r,), block(lambda b: (b.let(Add(r, (), x)), [])[1])), ARRAY)
        return [total, start] if again else [total]

    for again in (False, True):
        assert reused(func([ARRAY], lambda b, x, again=again: write(b, x, again=again)), Accum) == [not again]


def test_a_function_that_overwrites_an_argument_gets_it_only_from_who_gives_it_up() -> None:
    g = func([ARRAY], lambda b, x: put(b, x, at(0, LONG), ONE), "g")

    def write(b: Body, x: Var) -> Any:
        first = b.let(Call(g, (put(b, x, at(1, LONG), ONE),)), ARRAY)
        return [b.let(Call(g, (first,)), ARRAY), first]

    assert reused(func([ARRAY], write), Call) == [True, False]


def test_a_buffer_is_free_after_the_last_let_that_names_what_lies_in_it() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        made = loop_over(b, LONG, [], lambda b, j: b.let(Get(x, (j,)), REAL), [REAL])
        view = b.let(Get(made, (i,)), REAL)
        same = b.let(Stop(made), ARRAY)
        last = b.let(Get(same, (i,)), REAL)
        return b.op("add", view, last)

    f = func([ARRAY, PLACE], write)
    assert isinstance(f.body, Block)
    found = sharing(f)
    (made,) = (let.outs[0] for let in lets(f, Loop))
    (after,) = (k for k, dead in found.dead[f.body].items() if found.root[made] in dead)
    assert isinstance(f.body.lets[after].expr, Get) and after == 3


def test_a_new_array_takes_the_place_of_the_carry_that_it_replaces_element_by_element() -> None:
    def replaced(step: Callable[..., Any]) -> bool:
        def write(b: Body, x: Var, y: Var) -> Any:
            def next_state(b: Body, t: Var, p: Var, q: Var) -> Any:
                return [q, loop_over(b, LONG, [], lambda b, i: step(b, i, p, q), [REAL])]

            return loop_over(b, 5, [x, y], next_state)

        f = func([ARRAY, ARRAY], write)
        inner = lets(f, Loop)[-1]
        outer = lets(f, Loop)[0].expr
        assert isinstance(outer, Loop)
        found = sharing(f)
        return found.root[inner.outs[0]] is found.root[outer.carries[0]]

    assert replaced(lambda b, i, p, q: b.op("sub", b.let(Get(q, (i,)), REAL), b.let(Get(p, (i,)), REAL)))
    assert not replaced(
        lambda b, i, p, q: b.op("sub", b.let(Get(q, (i,)), REAL), b.let(Get(p, (at(0, LONG),)), REAL))
    )
