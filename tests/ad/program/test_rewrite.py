"""Copies of programs: every binder is fresh, names end with their block, and what stays is the very same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ir_kit import ONE, Body, block, func, real, reals, ref, tan
from shown import text

from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    TAN,
    Accum,
    Add,
    Block,
    Call,
    Cond,
    Func,
    Let,
    Loop,
    Op,
    Opaque,
    Rules,
    Ty,
    Var,
    all_lets,
    binders,
    free_vars,
    index_ty,
    reachable,
)
from rosesim.ad.program.rewrite import Copy, fresh, real_type, rewritten, tangents_as_reals, with_blocks, with_lets


def nesting(b: Body, x: Var) -> Any:
    """A loop around an accumulator around a branch, all of x."""
    i, c, r = Var(index_ty(3), "i"), Var(REAL, "c"), Var(ref(REAL), "r")

    def add(b: Body) -> Any:
        b.let(Add(r, (), c))
        return []

    def gathered(b: Body) -> Any:
        p = b.op("lt", c, x, ty=BOOL)
        b.let(Cond(p, block(add), Block((), ())))
        return []

    body = block(lambda b: [b.let(Accum((c,), (r,), block(gathered)), REAL)])
    return b.let(Loop(n=3, index=i, inits=(x,), carries=(c,), body=body), REAL)


def bound(f: Func) -> list[Var]:
    assert isinstance(f.body, Block)
    lets = list(all_lets(f.body))
    return [*f.params, *(v for let in lets for v in (*let.outs, *binders(let.expr)))]


# ------------------------------------------------------------------------------------------ copies


def test_a_copy_has_the_same_text_and_shares_no_variable() -> None:
    f = func([REAL], nesting)
    made = fresh(f)
    assert text(made) == text(f)
    assert not set(bound(made)) & set(bound(f))


def test_a_body_that_was_used_twice_has_every_variable_bound_once_after_it() -> None:
    f = func([REAL], nesting)
    assert isinstance(f.body, Block)
    twice = Func("f", f.params, Block((*f.body.lets, *f.body.lets), f.body.results))
    made = bound(fresh(twice))
    assert len(set(made)) == len(made) == 2 * len(bound(f)) - 1  # the parameter is one


def test_names_replace_what_they_stand_for_and_what_is_not_named_stays() -> None:
    x, y = Var(REAL, "x"), Var(REAL, "y")
    total = block(lambda b: b.op("add", x, y))
    made = Copy({x: ONE}).block(total)
    (added,) = made.lets
    assert isinstance(added.expr, Op) and added.expr.args == (ONE, y)


def test_a_name_ends_with_the_block_that_it_was_given_in() -> None:
    x, y = Var(REAL, "x"), Var(REAL, "y")
    copy = Copy({x: ONE})
    inner = Block((Let((x,), Op("neg", (y,))),), (x,))  # binds x again
    made = copy.block(inner)
    assert made.results == made.lets[0].outs
    assert copy.atom(x) is ONE
    copy.block(Block((Let((y,), Op("neg", (x,))),), ()))
    assert copy.atom(y) is y and copy.names == {x: ONE}


def test_rules_and_the_line_are_kept() -> None:
    f = func([REAL], nesting)
    ruled = Func("f", f.params, f.body, None, Rules())
    assert fresh(ruled).rules is ruled.rules and fresh(ruled).name == "f"


# --------------------------------------------------------------------------------- blocks and lets


def with_calls(body: Block, made: Mapping[Func, Func]) -> Block:
    """A block that calls what functions have become."""

    def let(x: Let) -> Let:
        expr = with_blocks(x.expr, lambda b: with_calls(b, made), made)
        return x if expr is x.expr else Let(x.outs, expr, x.where)

    return with_lets(body, list(map(let, body.lets)))


def test_what_is_not_changed_is_the_very_same() -> None:
    leaf = func([REAL], lambda b, x: b.op("sin", x), "leaf")
    f = func([REAL], lambda b, x: b.let(Call(leaf, (nesting(b, x),)), REAL))
    seen: list[str] = []

    def keep(g: Func, body: Block, made: Mapping[Func, Func]) -> Block:
        seen.append(g.name)
        return with_calls(body, made)

    assert rewritten(f, keep) is f
    assert seen == ["leaf", "f"], "callees before callers"


def test_a_function_that_changes_is_called_by_those_that_called_it() -> None:
    leaf = func([REAL], lambda b, x: b.op("sin", x), "leaf")
    other = func([REAL], lambda b, x: b.op("exp", x), "other")
    f = func([REAL], lambda b, x: b.let(Call(other, (b.let(Call(leaf, (x,)), REAL),)), REAL))

    def cosines(g: Func, body: Block, made: Mapping[Func, Func]) -> Block:
        return block(lambda b: b.op("cos", g.params[0])) if g is leaf else with_calls(body, made)

    made = rewritten(f, cosines)
    assert "cos(a)" in text(made, deep=True) and "sin" not in text(made, deep=True)
    assert other in reachable(made), "a function that stays is the same one"


def test_nested_blocks_are_rewritten_and_the_rest_of_the_node_stays() -> None:
    f = func([REAL], nesting)
    assert isinstance(f.body, Block)
    loop = f.body.lets[0].expr
    made = with_blocks(loop, lambda b: Block((), b.results))
    assert isinstance(made, Loop) and isinstance(loop, Loop)
    assert made.body.lets == ()
    assert (made.index, made.carries, made.inits) == (loop.index, loop.carries, loop.inits)
    assert with_blocks(loop, lambda b: b) is loop


def test_the_lets_of_a_block_are_compared_one_by_one() -> None:
    f = func([REAL], nesting)
    body = f.body
    assert isinstance(body, Block)
    assert with_lets(body, list(body.lets)) is body
    copied = [Let(x.outs, x.expr, x.where) for x in body.lets]
    assert with_lets(body, copied) is not body
    assert with_lets(body, body.lets[:0]).results == body.results


# -------------------------------------------------------------------------------- tangents as reals


def test_tangents_become_reals_in_all_that_a_function_calls() -> None:
    half = func([TAN], lambda b, t: b.op("mul", real(0.5), t, ty=TAN), "half")
    f = func([REAL, TAN], lambda b, x, t: [b.op("mul", x, b.let(Call(half, (t,)), TAN), ty=TAN), tan(0.0)])
    made = tangents_as_reals(f)
    assert "Tan" not in text(made, deep=True) and "0.0t" not in text(made, deep=True)
    assert text(made, deep=True) == text(f, deep=True).replace("Tan", "Real").replace("0.0t", "0.0")
    assert tangents_as_reals(f) is made, "once"


def test_a_function_without_tangents_stays_itself() -> None:
    f = func([REAL], nesting)
    g = Func("g", (Var(REAL),), Opaque(lambda x: (x,), (REAL,)))
    assert tangents_as_reals(f) is f and tangents_as_reals(g) is g


def test_only_the_scalar_of_a_type_changes() -> None:
    assert real_type(Ty(TAN.scalar, (3,), True)) == Ty(REAL.scalar, (3,), True)
    for ty in (REAL, BOOL, index_ty(4), reals(2, 3)):
        assert real_type(ty) is ty


def test_a_copy_of_free_variables_is_open_as_before() -> None:
    x = Var(REAL, "x")
    open_block = block(lambda b: b.op("neg", x))
    assert list(free_vars(Copy().block(open_block))) == [x]
