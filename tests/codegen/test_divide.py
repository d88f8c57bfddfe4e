"""Long modules are cut, and compiled as several: the same bits, on any number of cores."""

from typing import Any

import numpy as np
import pytest
from shown import program

from rosesim import Real, Vec, cond, fn, scan, sin, sum, value_and_grad, vec
from rosesim.codegen import compile_func, lowered
from rosesim.codegen.llvm import cache, divide, engine
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import host, wasm32

STRICT = Options(math="strict", optimise=False)


@fn
def part(x: Real, y: Real) -> Real:
    """A function of its own, small enough to be inlined."""
    return x + 0.1 * sin(x * y)


def chain(k: int) -> Any:
    """A function that calls others, with a branch and a loop."""

    @fn
    def link(v: Vec[Real, 8], y: Real) -> Vec[Real, 8]:
        moved = vec(8, lambda i: part(v[i], y) * (1.0 + 0.01 * k))
        total = sum(8, lambda i: moved[i] * moved[7 - i])
        return cond(total > k, lambda: moved, lambda: vec(8, lambda i: moved[i] - 0.01 * total))

    return link


@fn
def loss(v: Vec[Real, 8], y: Real) -> Real:
    """Twelve links, no two alike."""

    def step(state: Any, t: Any) -> Any:
        for k in range(12):
            state = chain(k)(state, y)
        return state

    end = scan(step, v, 5)
    return end @ end


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a few hundred lines were many."""
    monkeypatch.setattr(divide, "LONG", 500)
    monkeypatch.setattr(divide, "PART", 400)


ARGS = np.linspace(-0.5, 0.8, 8), 0.7


def gradient() -> Any:
    """The program of the value and the gradient."""
    return program(value_and_grad(loss, wrt=(0, 1)), *ARGS)


def test_a_short_module_stays_whole():
    text = lowered(gradient(), STRICT, host()).text
    assert divide.divided(text) == [text]


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("optimise", [False, True])
def test_parts_give_the_bits_of_the_whole(optimise: bool, monkeypatch: pytest.MonkeyPatch):
    func = gradient()
    assert len(lowered(func, STRICT, host()).code) > 2
    parts = compile_func(func, math="strict", optimise=optimise)(*ARGS)
    monkeypatch.undo()
    assert len(lowered(func, STRICT, host()).code) == 1
    whole = compile_func(func, math="strict", optimise=optimise)(*ARGS)
    for a, b in zip(parts, whole, strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.usefixtures("cut")
def test_each_function_is_defined_once_for_others():
    texts = divide.divided(lowered(gradient(), STRICT, host()).text)
    defined = [_name(line) for text in texts for line in text.split("\n") if line.startswith("define hidden")]
    wanted = {_name(line) for text in texts for line in text.split("\n") if line.startswith("declare hidden")}
    assert len(defined) == len(set(defined)) and wanted == set(defined) != set()
    for text in texts:  # what a call inlines is there
        lines = text.split("\n")
        inlined = {_name(line) for line in lines if line.endswith(" #2") and "call " in line}
        assert inlined <= {_name(line) for line in lines if line.startswith("define")}


def _name(line: str) -> str:
    return line.split("@")[1].split("(")[0]


@pytest.mark.usefixtures("cut")
def test_the_number_of_cores_changes_no_bit_and_the_cache_has_each_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
):
    monkeypatch.setenv("ROSESIM_CACHE_DIR", str(tmp_path / "one"))
    func, found = gradient(), list[Any]()
    for count in (1, 3):
        monkeypatch.setenv("ROSESIM_CACHE_DIR", str(tmp_path / str(count)))
        monkeypatch.setattr(engine, "cores", lambda count=count: count)
        found.append(lowered(func, STRICT, host()).code)
    assert found[0] == found[1] and len(found[0]) > 2
    assert cache.store() is not None

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("what is kept is not compiled again")

    monkeypatch.setattr(engine, "_emitted", never)
    assert lowered(func, STRICT, host()).code == found[1]


@pytest.mark.usefixtures("cut")
def test_where_nothing_links_parts_there_is_one():
    assert len(lowered(gradient(), STRICT, wasm32()).code) == 1
