"""Kernels beside the interpreter of scalars and the tests' own reverse pass."""

import math
from collections.abc import Callable
from pathlib import Path

import diagrams_kit as kit
import numpy as np
import pytest

from rosesim.diagrams import kernels, scalars
from rosesim.diagrams.scalars import Number, Scalar, evaluated
from rosesim.diagrams.templates import Template

LANES = kernels.LANES


def template(make: Callable[..., Number], leaves: int) -> Template:
    root = make(*(Scalar("input", index=k) for k in range(leaves)))
    return Template(make.__name__, f"test {make.__name__}", root, leaves)


def every_operator(a: Number, b: Number, c: Number) -> Number:
    s = scalars
    total = s.sqrt(a) + s.absolute(b) + s.sin(a) * s.cos(b) + s.atan2(a, c) + s.exp(-a) * s.log(c)
    total = total + s.maximum(a, b) / s.minimum(b, c) + s.power(a, c) + s.tan(a) - s.floor(b) + s.sign(b)
    near = s.div(a, 1.0 + a * a)
    total = total + s.acos(near) * s.asin(near) + s.atan(b) + s.ceil(c) * s.trunc(b)
    inside = s.both(s.less(a, c), s.negation(s.at_most(b, a)))
    return total + s.choose(s.either(inside, s.same(a, b)), a * b, a - c)


ROWS = [[0.7, 1.3, 2.4], [1.9, -0.4, 0.8], [0.25, 3.5, 1.5], [2.2, 0.6, 3.1]]


def test_four_rows_at_once_have_the_values_and_slopes_of_each():
    made = template(every_operator, 3)
    values, slopes = kit.run(made, ROWS)
    for lane, row in enumerate(ROWS):
        assert values[lane] == pytest.approx(evaluated([made.root], row)[0], rel=1e-13)
        assert slopes[lane] == pytest.approx(kit.gradient([made.root], [1.0], row)[1], rel=1e-11, abs=1e-12)


def test_slopes_at_kinks_are_penroses():
    """sqrt at 0 has slope 1 / (2 eps), ties of max and min go to the second, |0| has slope 1."""

    def kinks(a: Number, b: Number, c: Number, d: Number) -> Number:
        s = scalars
        return s.sqrt(a) + 10.0 * s.maximum(b, c) + 100.0 * s.minimum(b, c) + 1000.0 * s.absolute(d)

    _, slopes = kit.run(template(kinks, 4), [[0.0, 2.0, 2.0, 0.0], [4.0, 3.0, 2.0, -1.0]] * 2)
    assert slopes[0] == pytest.approx([0.5 / scalars.EPS, 0.0, 110.0, 1000.0])
    assert slopes[1] == pytest.approx([0.25, 10.0, 100.0, -1000.0])


def test_a_row_with_nan_leaves_the_others_alone():
    def roots(a: Number) -> Number:
        return scalars.sqrt(a)

    values, slopes = kit.run(template(roots, 1), [[4.0], [-1.0], [9.0], [math.nan]])
    assert np.isnan(values[[1, 3]]).all()
    assert values[[0, 2]].tolist() == [2.0, 3.0]
    assert slopes[[0, 2], 0] == pytest.approx([0.25, 1 / 6])


def test_kernels_are_kept_under_their_template(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("ROSESIM_CACHE_DIR", str(tmp_path))
    kernels.forget()

    def product(a: Number, b: Number) -> Number:
        return a * b

    made = template(product, 2)
    (first,) = kernels.kernels([made])
    kernels.forget()
    monkeypatch.setattr(kernels, "_code", lambda t: pytest.fail(f"{t.name} was compiled again"))
    (again,) = kernels.kernels([made])
    assert again is not first
    values, _ = kit.run(made, [[2.0, 3.0]] * 4)
    assert values.tolist() == [6.0] * 4
