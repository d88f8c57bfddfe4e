"""The page on many cores quotes what its script computes, and the script computes what the page says."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scaling() -> Any:
    spec = importlib.util.spec_from_file_location("scaling", ROOT / "benchmarks" / "scaling.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_tables_of_the_recorded_numbers(scaling: Any):
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    for table in scaling.tables(json.loads(scaling.DATA.read_text())).split("\n\n"):
        assert table in page


def test_a_sweep_takes_whole_rounds_or_as_long_as_it_is_handed_out(scaling: Any):
    # 10 trials of 2 s on 4 cores are three rounds, after a start of 1 s: 20 of 28 core-seconds.
    assert scaling.sweep_efficiency(4, 10, 2.0, 1.0, 0.1) == pytest.approx(20 / 28)
    # Handing out one each second takes 10 s, whatever the cores: 20 of 100 * 11.
    assert scaling.sweep_efficiency(100, 10, 2.0, 1.0, 1.0) == pytest.approx(20 / 1100)


def test_a_step_pays_for_every_core_or_for_every_level_of_a_tree(scaling: Any):
    assert scaling.step_efficiency(1, 1, 0.01, 0.1, 0.1, "star") == 1.0
    assert scaling.step_efficiency(8, 2, 0.01, 0.005, 9.0, "star") == pytest.approx(0.02 / (0.02 + 8 * 0.005))
    assert scaling.step_efficiency(9, 2, 0.01, 9.0, 0.005, "tree") == pytest.approx(0.02 / (0.02 + 2 * 4 * 0.005))
