"""A user's test of a gradient is one line; a failure reads as the verdict does; the plugin costs nothing unused."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rosesim import Dual, Real, Vec, check_grads, fn, log, sum
from rosesim.scenes import configure, find_scene
from rosesim.testing import assert_grads, assert_scene

ROOT = Path(__file__).parents[2]


@fn
def energy(x: Vec[Real, 3], stiffness: Real) -> Real:
    return stiffness * sum(x**4)


@fn
def off(x: Real) -> Real:
    return x * x


@off.defjvp
def _(x: Dual) -> Dual:
    return Dual(off(x.re), x.re * x.du)  # half of the true one


def test_a_right_gradient_passes_and_its_report_comes_back():
    assert assert_grads(energy, [1.0, 2.0, 3.0], 2.0, wrt="x", order=2).passed
    named = assert_grads(energy, x=[1.0, 2.0, 3.0], stiffness=2.0)
    assert str(named) == str(check_grads(energy, [1.0, 2.0, 3.0], 2.0))


def test_a_wrong_gradient_fails_in_the_words_of_the_check():
    with pytest.raises(AssertionError) as failure:
        assert_grads(off, 3.0)
    assert str(failure.value) == str(check_grads(off, 3.0))
    assert str(failure.value).startswith("x: wrong: ")


def test_a_scene_is_checked_by_its_name_or_as_an_object():
    scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=20"])
    assert str(assert_scene(scene, inputs=inputs)) == str(assert_scene("mass_spring_simple", "steps=20"))
    with pytest.raises(TypeError, match="steps=20 were given with a scene that is made already"):
        assert_scene(scene, "steps=20")


def test_a_scene_that_is_not_finite_or_whose_picture_fails_does_not_pass():
    plain, _ = configure(find_scene("mass_spring_simple"), ["steps=20"])
    kind: Any = type(plain)

    @dataclass(frozen=True)
    class Bursting(kind):
        def step(self, state: Any, t: Any, params: Any, inputs: Any) -> Any:
            after = super().step(state, t, params, inputs)
            return type(after)(after.position * log(3.5 - Real(t)), after.velocity)

    @dataclass(frozen=True)
    class Unseen(kind):
        def draw(self, canvas: Any, state: Any, params: Any, inputs: Any) -> None:
            canvas.circle(state.centre, 0.1, "ink")

    with pytest.raises(AssertionError, match="the rollout's `position` first is not finite in the state after step"):
        assert_scene(Bursting(steps=20))
    with pytest.raises(AttributeError, match="centre"):
        assert_scene(Unseen(steps=20))


USERS = """
from rosesim import Dual, Real, fn

@fn
def square(x: Real) -> Real:
    return x * x

@fn
def off(x: Real) -> Real:
    return x * x

@off.defjvp
def _(x: Dual) -> Dual:
    return Dual(off(x.re), x.re * x.du)

def test_right(assert_grads): assert_grads(square, 3.0)
def test_wrong(assert_grads):
    assert_grads(off, 3.0)
def test_scene(assert_scene): assert_scene("mass_spring_simple", "steps=5")
"""

UNUSED = """
import sys
def test_nothing_of_rosesim_is_imported():
    assert "rosesim_pytest" in sys.modules
    assert not [m for m in sys.modules if m.split(".")[0] in ("rosesim", "numpy")]
"""


def pytest_of_a_user(folder: Path, text: str) -> str:
    """What pytest prints for a test file of another project, with the plugin."""
    (folder / "test_users.py").write_text(text)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = [sys.executable, "-m", "pytest", "-q", "-p", "rosesim_pytest", "-p", "no:cacheprovider", "test_users.py"]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, timeout=120, env=env)
    return done.stdout + done.stderr


def test_the_fixtures_check_and_a_failure_shows_the_users_line_and_the_verdict(tmp_path: Path):
    said = pytest_of_a_user(tmp_path, USERS)
    assert "1 failed, 2 passed" in said, said
    assert ">       assert_grads(off, 3.0)" in said and "AssertionError: x: wrong: " in said
    assert "rosesim/testing" not in said  # the traceback ends at the user's line


def test_an_unused_plugin_imports_nothing(tmp_path: Path):
    said = pytest_of_a_user(tmp_path, UNUSED)
    assert "1 passed" in said, said


def test_the_plugin_is_registered_under_its_modules_own_name():
    """So that `-p rosesim_pytest` beside an installed rosesim does not register it twice."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"rosesim_pytest": "rosesim_pytest"}
