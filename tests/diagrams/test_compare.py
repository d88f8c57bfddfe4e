"""The comparison with references: one agrees with itself, and each change is found by its own check."""

import copy
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pictures_kit as kit
import pytest

NAME = "Dynamics__Lyapunov"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def compare() -> Any:
    file = Path(__file__).parents[2] / "benchmarks" / "diagrams_compare.py"
    spec = importlib.util.spec_from_file_location("diagrams_compare", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up their annotations
    spec.loader.exec_module(module)
    return module


def failed(compare: Any, found: Json) -> set[str]:
    return {c.what for c in compare.checks(found, kit.reference(NAME), NAME) if c.agrees is False}


def test_a_reference_agrees_with_itself(compare: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("ziamath")
    assert failed(compare, kit.reference(NAME)) == set()
    other = copy.deepcopy(kit.reference(NAME))
    other["phi_all"] *= 1.0 + 1e-6
    for name, data in (("a", kit.reference(NAME)), ("b", other)):
        (tmp_path / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    assert compare.main([str(tmp_path / "a.json")]) == 0
    assert "| x0 | yes | 56 |" in capsys.readouterr().out
    assert compare.main([str(tmp_path / "b.json")]) == 1
    assert "| energy of all terms | **no** | 1.0e-06 |" in capsys.readouterr().out


CHANGES: dict[str, Callable[[Json], Any]] = {
    "inputs": lambda d: d["inputs"].append(["`a`.icon", "r", 1]),
    "live inputs": lambda d: d["live"].pop(),
    "constraints": lambda d: d["constraints"][3].__setitem__(0, "lessThan"),
    "arguments of constraints": lambda d: d["constraints"][0].__setitem__(2, 151.0),
    "x0": lambda d: d["x0"].__setitem__(5, d["x0"][5] + 1e-13),
    "constraint values": lambda d: d["constraint_values"].__setitem__(0, 1e9),
    "gradient of all terms": lambda d: d["grad_all"].__setitem__(0, "NaN"),
    "energy": lambda d: d["per_stage"][0].update(phi=0.0),
    "fixed": lambda d: d["per_stage"][0].update(fixed=[2]),
    "shapes": lambda d: d["end"]["shapes"].reverse(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_found(compare: Any, what: str):
    pytest.importorskip("ziamath")
    found = copy.deepcopy(kit.reference(NAME))
    CHANGES[what](found)
    assert what in failed(compare, found)


def test_numbers_of_arguments_may_be_written_in_other_ways(compare: Any):
    assert compare.arguments([["f", "(a + 0.10)", 2]]) == compare.arguments([["f", "(a+.1)", 2.0]])


@pytest.mark.parametrize(
    ("objective", "violation", "verdict"),
    [
        (1000.09, 0.0, "same"),  # within 1e-4 of the objective's size
        (999.0, 0.0009, "better"),
        (999.0, 0.0011, "mixed"),
        (1001.0, 0.0, "worse"),
        (1000.0, 0.0011, "worse"),
        (float("nan"), 0.0, "worse"),
    ],
)
def test_ends_are_judged_by_objective_and_violation(compare: Any, objective: float, violation: float, verdict: str):
    expected = {"objective": 1000.0, "max_violation": 0.0}
    assert compare.verdict({"objective": objective, "max_violation": violation}, expected) == verdict
