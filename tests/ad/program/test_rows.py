"""What a row of `ad/program/ops.py` says beside its value and derivative, against what these compute.

Each test asks every row, so an operator that is added without one of these columns fails here by name.
"""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from rosesim.ad.program.builder import Builder, result_type, syms
from rosesim.ad.program.ir import BOOL, REAL, Atom, IntT, Lit, Ty, Var
from rosesim.ad.program.ops import OPS, Operator
from tests.ad.program.test_ops import EDGES, number, slopes, sym, value

ROWS = list(OPS.values())
REALS = [row for row in ROWS if row.result in "ra"]
INTEGERS = [row for row in ROWS if row.result == "i"]


def named(row: Operator) -> str:
    return row.name


# ------------------------------------------------------------------------------------ spelling


def test_no_two_operators_of_the_same_kinds_of_arguments_are_printed_alike():
    printed = [
        (row.kinds.translate(str.maketrans("pnu", "iii")), row.written(*"xyz"[: len(row.kinds)])) for row in ROWS
    ]
    assert len(set(printed)) == len(printed)
    assert all(all(x in text for x in "xyz"[: len(kinds)]) for kinds, text in printed)


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_python_has_a_sign_for_is_printed_with_it(row: Operator):
    """An operator of two numbers that computes what Python's own sign does is spelled so."""
    if set(row.kinds) & set("bna") or len(row.kinds) != 2:
        return
    if set(row.kinds) == {"r"}:
        pairs: list[tuple[Any, Any]] = [
            (np.float64(x), np.float64(y)) for x, y in ((5.5, 2.0), (-1.0, 3.0), (2.0, 2.0))
        ]
        signs = ("+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=")
    else:
        pairs = [(7, 2), (-7, 3), (2, 2), (1, 5)]
        signs = ("+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=")
    found = [value(row.name, x, y) for x, y in pairs]
    same = [s for s in signs if found == [eval(f"x {s} y", {"x": x, "y": y}) for x, y in pairs]]
    assert [row.spelling] == (same or [""])


# -------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("row", INTEGERS, ids=named)
def test_an_integer_result_has_bounds_which_hold_it_and_are_reached(row: Operator):
    assert row.bounds is not None, f"the row of {row.name} has no bounds"
    rng = random.Random(5)
    exact = 0
    for _ in range(60):
        arguments: list[list[Any]] = []
        for kind in row.kinds:
            low = rng.randint(kind != "u", 4) if kind in "pnu" else rng.randint(-6, 5)
            high = low if kind == "n" else low + rng.randint(0, 6)
            reals = [np.float64(x) for x in (*EDGES, -2.5, 1.5, 2.5, 3.5)]
            arguments.append(reals if kind == "r" else list(range(low, high + 1)))
        given = [None if k == "r" else (a[0], a[-1]) for k, a in zip(row.kinds, arguments, strict=True)]
        low, high = row.bounds(*given)
        values = [row.value(*args) for args in itertools.product(*arguments)]
        assert low <= min(values) and max(values) <= high, (given, low, high)
        exact += (low, high) == (min(values), max(values))
    # Remainders and clamps are bounded by their divisor alone; where nothing is known to be least, this is 0.
    assert exact > 0


@pytest.mark.parametrize("row", INTEGERS, ids=named)
def test_the_builder_gives_an_integer_result_the_bounds_of_its_row(row: Operator):
    assert row.bounds is not None
    types = {"r": REAL, "i": Ty(IntT(-2, 3)), "p": Ty(IntT(2, 4)), "u": Ty(IntT(0, 3)), "n": Ty(IntT(5, 5))}
    args: list[Atom] = [Lit(5, types[k]) if k == "n" else Var(types[k]) for k in row.kinds]
    expected = row.bounds(*((s.lo, s.hi) if isinstance(s := a.ty.scalar, IntT) else None for a in args))
    assert result_type(row.name, args) == Ty(IntT(*expected))


# --------------------------------------------------------------------------------------- kinks


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_chooses_or_does_not_pass_a_real_on_says_what_is_lost(row: Operator):
    """A tangent that an operator takes and drops: of a constant result, or of an argument without a slope."""
    dropped = "r" in row.kinds and (row.flat or row.result in "bi")
    if row.partials is not None:
        dropped = None in row.partials(*(sym(0.5) for _ in row.kinds), sym(1.0))
    lost = row.kink is not None and row.kink.lost is not None
    assert lost == (dropped or row.choose is not None), f"the row of {row.name}: kink.lost"


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_makes_steps_of_reals_or_chooses_has_a_decision(row: Operator):
    """Comparisons take none: what is chosen by their result does."""
    steps = "r" in row.kinds and (row.flat or row.result == "i")
    if steps or row.choose is not None:
        assert row.kink is not None and row.kink.decision is not None, f"the row of {row.name}: kink.decision"


NEAR = [k + d for k in (-2.0, -1.0, 0.0, 1.0, 2.0) for d in (-1e-9, 1e-9)]


@pytest.mark.parametrize("row", [r for r in ROWS if set(r.kinds) == {"r"} and r.result == "r"], ids=named)
def test_where_a_value_or_a_slope_jumps_there_is_a_kink_and_the_decision_changes(row: Operator):
    for at in itertools.product(range(0, len(NEAR), 2), repeat=len(row.kinds)):
        corners = list(itertools.product(*((NEAR[k], NEAR[k + 1]) for k in at)))
        for one, other in itertools.combinations(corners, 2):
            sides = [[float(value(row.name, *map(np.float64, x))), *slopes(row.name, *x)] for x in (one, other)]
            jump = max(abs(p - q) for p, q in zip(*sides, strict=True))
            if not np.isfinite(sides).all() or jump < 0.1:
                continue
            kink = row.kink
            assert kink is not None, f"the row of {row.name} has no kink, and jumps between {one} and {other}"
            if kink.decision is None:
                assert kink.side is not None, f"the row of {row.name}: kink.decision or kink.side"
                continue
            went = [kink.decision(*map(sym, x), sym(value(row.name, *map(np.float64, x)))) for x in (one, other)]
            assert number(went[0]) != number(went[1]), (one, other)
            assert kink.jumps or abs(sides[0][0] - sides[1][0]) < 0.1, f"the row of {row.name}: kink.jumps"


@pytest.mark.parametrize("row", [r for r in ROWS if r.kink is not None], ids=named)
def test_formulas_of_kinks_give_reals_of_arguments_and_result(row: Operator):
    types = {"r": REAL, "b": BOOL, "a": REAL, "n": Ty(IntT(5, 5))}
    out = {"i": Ty(IntT(0, 4)), "b": BOOL}.get(row.result, REAL)
    kink, atoms = row.kink, [Var(types[k]) for k in row.kinds]
    assert kink is not None and kink.word
    formulas = [f for f in (kink.decision, kink.lost, kink.side) if f is not None]
    assert formulas
    assert all(f(*syms(Builder(), *atoms, Var(out))).atom.ty == REAL for f in formulas)


def test_one_word_is_of_one_sort_of_decision():
    """Reports look a decision up by its word: whether it jumps, whether it is a choice of two."""
    sorts: dict[str, set[tuple[bool, bool]]] = {}
    for row in ROWS:
        if row.kink is not None and row.kink.decision is not None:
            sorts.setdefault(row.kink.word, set()).add((row.kink.jumps, row.choose is not None))
    assert all(len(s) == 1 for s in sorts.values()), sorts


# --------------------------------------------------------------------------- rounding and badness


def given(row: Operator, numbers: list[float]) -> list[list[Any]]:
    sets = {"r": [np.float64(x) for x in numbers], "b": [False, True], "i": [-3, 0, 7]}
    return [sets["r" if k == "a" else k] for k in row.kinds]


@pytest.mark.parametrize("row", REALS, ids=named)
def test_a_result_is_bad_of_good_numbers_exactly_where_the_row_says_so(row: Operator):
    def bad(*args: Any) -> bool:
        z, reals = value(row.name, *args), [x for x in args if isinstance(x, np.float64)]
        nan = math.isnan(z) and not any(map(math.isnan, reals))
        return nan or (math.isinf(z) and all(map(math.isfinite, reals)))

    found = any(bad(*args) for args in itertools.product(*given(row, EDGES)))
    assert found != (row.exact or row.harmless), f"the row of {row.name}: harmless"


@pytest.mark.parametrize("row", REALS, ids=named)
def test_a_row_is_exact_where_its_result_is_always_an_argument_or_an_integer(row: Operator):
    rng = random.Random(7)

    def is_exact(*args: Any) -> bool:
        z = value(row.name, *args)
        return z == math.floor(z) or any(abs(z) == abs(x) for x in args)

    numbers = [rng.uniform(-0.9, 0.9) for _ in range(12)]
    cases = [args for args in itertools.product(*given(row, numbers)) if math.isfinite(value(row.name, *args))]
    assert all(is_exact(*args) for args in cases) == row.exact, f"the row of {row.name}: exact"
