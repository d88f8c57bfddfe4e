"""What a builder writes is simplified on the way, to the bit; what is in sight already is not written again."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from ir_kit import FALSE, ONE, TRUE, ZERO, between, integer, real, reals, tan

from rosesim import Bool, Index, Real, cond, fn, vec
from rosesim.ad.program import interp
from rosesim.ad.program.builder import Builder, result_type
from rosesim.ad.program.ir import BOOL, REAL, TAN, Atom, Block, Func, Lit, Op, Ty, Var, index_ty
from rosesim.ad.program.ops import OPS
from rosesim.ad.support.errors import TraceError
from rosesim.codegen import mathematics

x, y, p, q, t = Var(REAL, "x"), Var(REAL, "y"), Var(BOOL, "p"), Var(BOOL, "q"), Var(TAN, "t")
i, k = Var(between(-3, 5), "i"), Var(index_ty(9), "k")


def minus(a: Atom) -> Atom:
    return real(-a.value) if isinstance(a, Lit) else a


# -------------------------------------------------------------------------------- simplification

SIMPLER: dict[str, tuple[str, tuple[Atom, ...], Atom]] = {
    "x * 1": ("mul", (x, ONE), x),
    "1 * x": ("mul", (ONE, x), x),
    "x / 1": ("div", (x, ONE), x),
    "x - 0": ("sub", (x, ZERO), x),
    "i + 0": ("iadd", (i, integer(0)), i),
    "0 + i": ("iadd", (integer(0), i), i),
    "i - 0": ("isub", (i, integer(0)), i),
    "i * 1": ("imul", (i, integer(1)), i),
    "i // 1": ("idiv", (i, integer(1)), i),
    "t + 0": ("add", (t, tan(0.0)), t),
    "t - 0": ("sub", (t, tan(0.0)), t),
    "x * 0 of tangents": ("mul", (x, tan(0.0)), tan(0.0)),
    "0 / x of tangents": ("div", (tan(0.0), x), tan(0.0)),
    "a choice that is made": ("select", (TRUE, x, y), x),
    "a choice of one": ("select", (p, x, x), x),
    "a choice of true or false": ("select", (p, TRUE, FALSE), p),
    "p and true": ("and", (p, TRUE), p),
    "p and false": ("and", (FALSE, p), FALSE),
    "p or true": ("or", (p, TRUE), TRUE),
    "p or p": ("or", (p, p), p),
    "i < 6 within -3 to 5": ("ilt", (i, integer(6)), TRUE),
    "5 < i within -3 to 5": ("ilt", (integer(5), i), FALSE),
    "-3 <= i within -3 to 5": ("ile", (integer(-3), i), TRUE),
    "i == 6 within -3 to 5": ("ieq", (i, integer(6)), FALSE),
    "an index clamped to its own length": ("int_clamp", (k, integer(9)), k),
    "an index wrapped to its own length": ("int_wrap", (k, integer(9)), k),
}


@pytest.mark.parametrize(
    ("name", "args"),
    [("ilt", (i, integer(5))), ("ile", (integer(-2), i)), ("ieq", (i, integer(5))), ("int_clamp", (k, integer(8)))],
)
def test_what_bounds_do_not_say_is_written(name: str, args: tuple[Atom, ...]) -> None:
    b = Builder()
    b.op(name, *args)
    assert len(b.lets) == 1


@pytest.mark.parametrize("what", SIMPLER)
def test_what_is_an_argument_for_every_input_is_not_written(what: str) -> None:
    name, args, expected = SIMPLER[what]
    b = Builder()
    found = b.op(name, *args)
    assert not b.lets and (found is expected or found == expected)


@pytest.mark.parametrize("name", ["neg", "not"])
def test_what_is_undone_is_as_before(name: str) -> None:
    b = Builder()
    v = p if name == "not" else x
    assert b.op(name, b.op(name, v)) is v and len(b.lets) == 1


def test_minus_one_times_a_number_is_its_negative() -> None:
    b = Builder()
    b.op("mul", real(-1.0), x)
    (let,) = b.lets
    assert isinstance(let.expr, Op) and (let.expr.name, let.expr.args) == ("neg", (x,))


SPECIAL = {"r": [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan], "b": [False, True]}
SPECIAL["a"] = SPECIAL["r"]
LITERALS = {"r": [0.0, -0.0, 1.0, -1.0, 2.0], "b": [False, True]}
LITERALS["a"] = LITERALS["r"]
NAMES = [name for name, row in OPS.items() if set(row.kinds) <= set("rba") and len(row.kinds) > 1]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_simplified_that_would_have_other_bits(name: str) -> None:
    """Each operator with one literal argument or more, at zeros of both signs, infinities and NaN."""
    kinds = OPS[name].kinds
    types = {"r": REAL, "a": REAL, "b": BOOL}
    for held in itertools.product(*([None, *LITERALS[k]] for k in kinds)):
        params = [Var(types[k]) for k in kinds]
        args = [v if h is None else Lit(h, v.ty) for v, h in zip(params, held, strict=True)]
        b = Builder()
        simple = Func("simple", tuple(params), b.block([b.op(name, *args)]))
        for given in itertools.product(
            *([h] if h is not None else SPECIAL[k] for k, h in zip(kinds, held, strict=True))
        ):
            with np.errstate(all="ignore"):
                want = OPS[name].value(*(np.float64(g) if isinstance(g, float) else g for g in given))
            (found,) = interp.run(simple, [np.float64(g) if isinstance(g, float) else g for g in given])
            assert same_bits(found, want), (name, held, given)


def same_bits(a: Any, b: Any) -> bool:
    if isinstance(b, float) and math.isnan(b):
        return math.isnan(a)
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


@pytest.mark.parametrize("name", ["add", "fmod", "pow", "floor_clamp", "iadd", "lt", "xor"])
def test_constants_are_computed_at_once(name: str) -> None:
    held = {"r": real(2.5), "b": TRUE, "i": integer(2), "n": integer(3)}
    b = Builder()
    found = b.op(name, *(held[k] for k in OPS[name].kinds))
    assert not b.lets and isinstance(found, Lit)
    values = [
        np.float64(a.value) if isinstance(a.value, float) else a.value for a in (held[k] for k in OPS[name].kinds)
    ]
    assert found.value == (mathematics(name) or OPS[name].value)(*values)


# --------------------------------------------------------------------------------------- sharing


def test_an_expression_in_sight_is_named_and_not_written_again() -> None:
    b = Builder()
    assert b.op("sin", x) is b.op("sin", x)
    assert b.stack([x, y]) is b.stack([x, y])
    assert b.fill(x, reals(9)) is b.fill(x, reals(9))
    assert Builder(b).op("sin", x) is b.op("sin", x), "in a block within, too"
    assert len(b.lets) == 3


def test_what_a_block_made_is_not_in_sight_after_it() -> None:
    b = Builder()
    inside = Builder(b).op("sin", x)
    assert b.op("sin", x) is not inside and Builder(b).op("sin", x) is not inside


def test_zeros_of_either_sign_are_two_numbers() -> None:
    b = Builder()
    assert b.op("copysign", x, ZERO) is not b.op("copysign", x, real(-0.0))
    assert b.op("select", p, ZERO, real(-0.0)) != ZERO


def test_what_adds_or_stops_is_never_shared() -> None:
    b = Builder()
    ref = Var(Ty(REAL.scalar, (), True))
    for _ in range(2):
        b.add(ref, (), x)
        b.guard(p, "no")
    b.guard(FALSE, "never")
    assert len(b.lets) == 4


# ---------------------------------------------------------------------------------------- arrays


def test_reading_what_was_just_put_together_reads_its_parts() -> None:
    b = Builder()
    v, rows, k = b.stack([x, y]), Var(reals(3, 4)), Var(index_ty(4))
    assert b.get(v, (integer(1),)) is y
    assert b.get(b.fill(x, reals(9)), (k,)) is x
    assert b.get(b.get(rows, (integer(2),)), (k,)) is b.get(rows, (integer(2), k))
    assert b.get(rows, ()) is rows and b.put(rows, (), v) is v


def test_a_branch_on_a_constant_is_the_block_that_it_takes() -> None:
    b, inner = Builder(), Builder()
    made = inner.op("sin", x)
    then, other = inner.block([made]), Block((), (y,))
    assert b.cond(TRUE, then, other, [REAL]) == (made,) and list(then.lets) == b.lets
    assert b.cond(FALSE, then, other, [REAL]) == (y,)


def test_integers_that_may_be_too_large_are_refused() -> None:
    far = Var(between(0, 2**40))
    assert result_type("imul", (far, integer(2**20))) == between(0, 2**60)
    with pytest.raises(TraceError, match=r"an integer that may lie anywhere in 0 .. \d+ was found"):
        result_type("imul", (far, far))


# ---------------------------------------------------------------- found by random programs (docs/trust.md)


def test_a_row_that_a_branch_gave_is_read_in_a_block_and_again_after_it() -> None:
    # The row, put together after the branch, was taken for one of the first block that read it.
    @fn
    def f(x: Real, p: Bool) -> Real:
        m = cond(
            p, lambda: vec(2, lambda i: vec(2, lambda j: x + i + j)), lambda: vec(2, lambda i: vec(2, lambda j: x))
        )
        inside = cond(x > 0.0, lambda: m[1][0], lambda: m[1][1])
        return inside + m[1][Index[2].wrap(x)]

    assert f(1.0, True) == 2.0 + 3.0
