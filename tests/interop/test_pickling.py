"""Functions, programs and scenes go to other processes: by name or by their parts, never as machine code."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pickled_kit
import pytest

from rosesim import Fn, Program, Real, RosesimError, fn, grad
from rosesim.scenes import compiled, configure, find_scene

ROOT = Path(__file__).parents[2]


def same(a: Any, b: Any) -> bool:
    if hasattr(a, "toarray"):
        return same(a.toarray(), b.toarray())
    if isinstance(a, tuple):
        return all(map(same, a, b))
    return bool(np.array_equal(a, b))


@pytest.mark.parametrize("what", pickled_kit.THINGS)
def test_a_function_comes_back_and_computes_the_same(what: str):
    f, args = pickled_kit.THINGS[what]
    written = pickle.dumps(f)
    assert len(written) < 500  # names, no program and no machine code
    assert same(pickle.loads(written)(*args), f(*args))


def test_a_function_of_a_module_comes_back_as_itself():
    assert pickle.loads(pickle.dumps(pickled_kit.energy)) is pickled_kit.energy
    assert pickle.loads(pickle.dumps(pickled_kit.Spring.energy)) is pickled_kit.Spring.energy


def test_a_program_is_compiled_again_in_its_own_way():
    program = pickled_kit.slope.compile(math="strict", precision="f32")
    back: Program = pickle.loads(pickle.dumps(program))
    found = np.asarray(back([3.0, 4.0], 2.0))
    assert found.dtype == np.float32 and found.tolist() == [6.0, 8.0]
    by_name: Program = pickle.loads(pickle.dumps(pickled_kit.energy.compile([1.0, 2.0], k=3.0)))
    assert by_name([3.0, 4.0], k=2.0) == 25.0


def test_copies_of_functions_and_programs_are_themselves():
    program = pickled_kit.energy.compile()
    for thing in (pickled_kit.energy, program):
        assert copy.copy(thing) is thing and copy.deepcopy(thing) is thing
    held = copy.deepcopy({"f": [pickled_kit.slope]})
    assert held["f"][0] is pickled_kit.slope


def test_a_scene_and_its_programs_come_back():
    scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=8"])
    assert copy.deepcopy(scene) == scene
    assert pickle.loads(pickle.dumps(scene)) == scene
    params = scene.params(np.random.default_rng(0))
    expected = compiled(scene).value(params, inputs)
    for program in (compiled(scene), compiled(scene).held()):
        assert pickle.loads(pickle.dumps(program)).value(params, inputs) == expected


def test_a_function_that_pickle_cannot_find_is_refused_in_one_sentence():
    @fn
    def local(x: Real) -> Real:
        return x

    words = r"test_pickling.py:\d+: local was to be pickled, .*; expected a function at the top of a module, or cloud"
    for f in (local, grad(local), local.compile()):
        with pytest.raises(RosesimError, match=words):
            pickle.dumps(f)


def test_cloudpickle_writes_a_function_of_a_function_with_what_it_needs():
    cloudpickle = pytest.importorskip("cloudpickle")

    def make(k: float) -> Fn[..., Any]:
        Number = Real

        @fn
        def scaled(x: Number) -> Number:  # pyright: ignore[reportInvalidTypeForm] -- a string here, which names a local
            return k * x * x

        @scaled.defjvp
        def _(x: Any) -> Any:
            return type(x)(scaled(x.re), 7.0 * x.du)

        return scaled

    back = pickle.loads(cloudpickle.dumps(make(3.0)))
    assert back(2.0) == 12.0 and grad(back)(2.0) == 7.0  # its own rule has come along


NOTEBOOK = """
import multiprocessing, pickle, sys
import cloudpickle
from rosesim import Real, fn, grad, scan

k = 4.0

@fn
def force(x: Real) -> Real:
    return -k * x

@fn
def end(x: Real) -> Real:
    def step(s, i):
        return s[0] + 0.1 * s[1], s[1] + 0.1 * force(s[0])
    return scan(step, (x, 0.0), 5)[0]

slope = grad(end)

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(slope, [1.0]) == [slope(1.0)], pool.map(end, [2.0]) == [end(2.0)])
    with open(sys.argv[1], "wb") as file:
        cloudpickle.dump((slope, slope(1.0)), file)
"""


def test_functions_of_a_notebook_reach_other_processes(tmp_path: Path):
    """By name with multiprocessing, which loads the script again; with cloudpickle where there is no script."""
    pytest.importorskip("cloudpickle")
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    run = [sys.executable, "notebook.py", "pickled"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=_with_root())
    assert done.stdout.split() == ["True", "True"], done.stderr
    load = "import pickle; slope, expected = pickle.load(open('pickled', 'rb')); print(slope(1.0) == expected)"
    run = [sys.executable, "-c", load]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=_with_root())
    assert done.stdout.split() == ["True"], done.stderr


def _with_root() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
