"""What a notebook shows of our objects, and of our errors."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from rosesim import Real, Vec, check_grads, fn
from rosesim.scenes import compiled, configure, find_scene, rollout
from rosesim.scenes.displayed import curve, table
from rosesim.train import train

bounce, inputs = configure(find_scene("bounce"), ["steps=20"])


def test_a_run_is_a_line_and_a_table_with_its_curve() -> None:
    run = train(bounce, inputs=inputs, iterations=3)
    assert repr(run).startswith("<Run: 3 iterations, loss ") and "\n" not in repr(run)
    shown = run._repr_html_()
    assert f"<td>{run.losses[0]:.6g}</td>" in shown and "<polyline" in shown


def test_a_trajectory_says_what_it_has() -> None:
    states = rollout(bounce, inputs=inputs)
    assert repr(states).startswith("<Trajectory: 21 states after 0 to 20 steps: ")
    assert "21 states, after 0 to 20 steps" in states._repr_html_()


def test_programs_and_reports_say_what_they_are() -> None:
    assert repr(compiled(bounce)) == "<Compiled Bounce: its programs, made when first asked for>"

    @fn
    def total(x: Vec[Real, 3]) -> Real:
        return x @ x

    assert re.fullmatch(r"<Program total\(x: .*3.*\), compiled in .* s>", repr(total.compile()))
    assert "passed" in check_grads(total, [1.0, 2.0, 3.0])._repr_html_()


def test_a_curve_is_broken_where_a_number_is_missing() -> None:
    lines = [
        e.get("points", "")
        for e in ElementTree.fromstring(curve([1, 2, math.nan, 4, 3], "loss"))
        if "polyline" in e.tag
    ]
    assert [len(points.split()) for points in lines] == [2, 2]
    heights = [float(p.split(",")[1]) for points in lines for p in points.split()]
    assert heights[2] == min(heights) and heights[0] == max(heights)  # the largest on top
    assert curve([math.nan, 1.0], "loss") == ""


def test_what_stands_in_a_table_is_text() -> None:
    assert "<b>" not in table(["<b>"], [["<b>"]])


CELL = """
from rosesim import fn, Real, grad
@fn
def f(x: Real):
    return helper(x)
def helper(x):
    return 1.0 if x > 0 else -1.0
grad(f)(2.0)
"""


def test_a_notebook_shows_an_error_in_ten_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    capsys.readouterr()
    shell.run_cell(CELL)
    said = capsys.readouterr().out.strip().splitlines()
    assert len(said) <= 10, said
    assert "return 1.0 if x > 0 else -1.0" in said[-2] and "TraceError" in said[-1] and "write cond(" in said[-1]
    monkeypatch.setenv("ROSESIM_DEBUG", "1")
    shell.run_cell(CELL)
    assert len(capsys.readouterr().out.splitlines()) > 15
