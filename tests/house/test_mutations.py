"""A slice of `mutations`: one wrong derivative of each operator is noticed, and the script finds what it changes."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from mutants import EQUIVALENT, PARTS, operators, rules

from rosesim.ad.program.ops import OPS
from tests.ad.program import test_ops

SMOOTH = [name for name, row in OPS.items() if row.partials is not None]
CHOSEN = [name for name, row in OPS.items() if row.choose is not None]
FLAT = [name for name, row in OPS.items() if row.flat and row.kinds == "r"]


def noticed(name: str) -> None:
    """Whether the operator's test fails."""
    test: Callable[[str], None] = (
        test_ops.test_rule_against_the_complex_step
        if name in test_ops.ANALYTIC
        else test_ops.test_rule_against_differences
    )
    with pytest.raises(AssertionError):
        test(name)


@pytest.mark.parametrize("name", SMOOTH)
def test_a_slope_of_the_other_sign_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = OPS[name]
    assert row.partials is not None
    rule = row.partials

    def wrong(*syms: Any) -> Any:
        first, *others = rule(*syms)
        assert first is not None
        return (-first, *others)

    monkeypatch.setitem(OPS, name, dataclasses.replace(row, partials=wrong))
    noticed(name)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_slope_of_the_other_side_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = OPS[name]
    assert row.choose is not None
    rule = row.choose

    def wrong(*syms: Any) -> Any:
        p, j, k = rule(*syms)
        return p, k, j

    monkeypatch.setitem(OPS, name, dataclasses.replace(row, choose=wrong))
    if name == "select":
        with pytest.raises(AssertionError):
            test_ops.test_the_slope_of_a_select_is_one_for_the_side_chosen()
    else:
        noticed(name)


@pytest.mark.parametrize("name", FLAT)
def test_a_slope_where_there_is_none_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = dataclasses.replace(OPS[name], flat=False, partials=lambda x, z: (1.0,))
    monkeypatch.setitem(OPS, name, wrong)
    noticed(name)


def test_every_row_and_every_rule_has_mutants_which_are_python() -> None:
    table, others = operators(), rules()
    assert {m.label.split(":")[0] for m in table} >= {*SMOOTH, *CHOSEN, *FLAT}
    for file, parts in PARTS.items():
        for part in parts:
            assert any(m.file == file and m.label.startswith(part) for m in others), f"{file}: nothing in {part}"
    for m in (*table, *others)[::20]:  # to parse all takes seconds
        ast.parse(m.source())
    assert len({m.name for m in (*table, *others)}) == len(table) + len(others)
    assert set(EQUIVALENT) <= {m.name for m in (*table, *others)}
