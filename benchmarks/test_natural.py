"""Every natural program, small, has the value of its C and NumPy, and the gradient of differences. Needs gcc.

python -m pytest benchmarks/test_natural.py
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from benchmarks.natural.arithmetic import NAMES as ARITHMETIC
from benchmarks.natural.arithmetic import in_arithmetic
from benchmarks.natural.catalogue import NAMES, program
from benchmarks.natural.measure import compiled, disagreements, others
from rosesim import fn

if shutil.which("gcc") is None:
    pytest.skip("no gcc", allow_module_level=True)


@pytest.mark.parametrize("name", NAMES)
def test_value_is_that_of_the_other_languages_and_gradient_that_of_differences(name: str, tmp_path: Path):
    it = program(name, small=True)
    assert disagreements(it, *compiled(it), others(it, tmp_path)) == []


@pytest.mark.parametrize("name", ARITHMETIC)
def test_vector_arithmetic_is_the_same_program(name: str, tmp_path: Path):
    it = in_arithmetic(program(name, small=True))
    assert disagreements(it, *compiled(it), others(it, tmp_path)) == []


def test_another_value_and_another_gradient_are_noticed(tmp_path: Path):
    it = program("nbody 64", small=True)
    more = dataclasses.replace(it, loss=fn(lambda x, v, m: it.loss(x, v, m) + 1e-6 * m[0]))
    (wrong,) = disagreements(more, *compiled(more), {"C": others(it, tmp_path)["C"]})
    assert wrong.startswith("C differs by")
    value, both = compiled(it)
    twice = lambda *args: (value(*args), tuple(2.0 * part for part in both(*args)[1]))
    (wrong,) = disagreements(it, value, twice, {})
    assert wrong.startswith("gradient differs from differences by")
