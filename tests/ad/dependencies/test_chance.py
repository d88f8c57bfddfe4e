"""Random numbers and clocks that are read while a function is traced are warned of, at their line, and no others."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.random import normal

import rosesim as rs
from rosesim import Real, TraceError, fn, grad, scan
from rosesim.scenes import Published, Scene, rollout

GENERATOR = np.random.default_rng(3)
LEGACY = np.random.RandomState(3)


class Noisy:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def force(self, x: Real) -> Real:
        return x * self.rng.normal()


NOISY = Noisy()


def by_helper(x: Real) -> Real:
    return x + np.random.rand()


def warned(use: Callable[[], Any]) -> list[Any]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        use()
    return caught


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda x: x + np.random.normal(), "np.random.normal"),
        (lambda x: x + normal(), "normal"),
        (lambda x: scan(lambda y, i: y + np.random.randn(), x, 3), "np.random.randn"),
        (lambda x: x + GENERATOR.normal(), "GENERATOR.normal"),
        (lambda x: x + LEGACY.uniform(), "LEGACY.uniform"),
        (lambda x: x + random.random(), "random.random"),
        (lambda x: x + random.gauss(0.0, 1.0), "random.gauss"),
        (lambda x: NOISY.force(x), "normal"),
        (lambda x: by_helper(x), "np.random.rand"),
    ],
)
def test_a_number_drawn_while_tracing_is_warned_of_once_at_its_line(f: Any, name: str):
    traced = fn(f)
    caught = warned(lambda: [traced(1.0) for _ in range(3)])
    assert [str(w.message).partition(" was called")[0] for w in caught] == [name]
    assert "rosesim.random.normal(key)" in str(caught[0].message)
    inner = {"normal": Noisy.force, "np.random.rand": by_helper}
    code = inner.get(name, f).__code__ if name != "normal" or "NOISY" in f.__code__.co_names else f.__code__
    line = code.co_firstlineno + (code.co_name != "<lambda>")
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_numpys_generator_is_seen_before_it_has_been_loaded():
    """`import numpy` leaves numpy.random out until it is used: here, while the function is traced."""
    program = """
import sys, warnings
import numpy as np
from rosesim import fn, Real
assert "random" not in np.__dict__
warnings.simplefilter("error")
try:
    fn(lambda x: x + np.random.normal()).traced((fn(lambda x: x).types_of((1.0,))))
except UserWarning as e:
    print(str(e)[:16])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "np.random.normal", done.stderr


@pytest.mark.parametrize("read", [time.perf_counter_ns, time.time])
def test_a_clock_is_warned_of_where_it_makes_another_program(read: Any):
    if read is time.time:
        f, used = fn(lambda x: x + time.time()), "time.time"
    else:
        f, used = fn(lambda x: x * np.random.default_rng().normal()), "numpy.random.default_rng"
    assert warned(lambda: f(1.0)) == []
    (caught,) = warned(lambda: (f(1.0), f(1.0)))
    assert str(caught.message).startswith(f"{used} was called while <lambda> was traced")
    timed = fn(lambda x: (time.time(), x)[1])  # it goes into no program
    assert warned(lambda: (timed(1.0), timed(1.0))) == []


def test_a_callees_draw_is_told_of_once():
    @fn
    def inner(x: Real) -> Real:
        return x + np.random.normal()

    @fn
    def outer(x: Real) -> Real:
        return inner(x) * by_scale(x)

    def by_scale(x: Real) -> Real:
        return x if x is not None else x + np.random.normal()

    assert len(warned(lambda: (outer(1.0), grad(outer)(1.0)))) == 1


def never(x: Real) -> Real:
    return x + np.random.normal() if x is None else x


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + np.random.default_rng(0).normal(),  # a constant as it is meant
        lambda x: never(x),
        lambda x: x + rs.random.normal(rs.random.key(0)),
    ],
)
def test_what_is_not_drawn_while_tracing_is_not_warned_of(f: Any):
    traced = fn(f)

    def use() -> None:
        for _ in range(3):
            traced(np.random.normal())
            GENERATOR.normal()

    assert warned(use) == []


@dataclass(frozen=True)
class Thrown(Scene[Any, Any, Any]):
    """A ball whose start is drawn."""

    name: ClassVar[str] = "thrown"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=1)
    steps: int = 2

    def inputs(self) -> Any:
        return {"h": float(GENERATOR.uniform())}

    def params(self, rng: np.random.Generator) -> Any:
        return {"speed": rng.normal() + np.random.normal()}

    def initial(self, params: Any, inputs: Any) -> Any:
        return {"x": Real(0.0)}

    def step(self, state: Any, t: Any, params: Any, inputs: Any) -> Any:
        return {"x": state["x"] + inputs["h"] * params["speed"]}

    def loss(self, state: Any, params: Any, inputs: Any) -> Real:
        return state["x"] ** 2

    def draw(self, canvas: Any, state: Any, params: Any, inputs: Any) -> None:
        pass


def test_a_scenes_params_and_inputs_may_draw():
    assert warned(lambda: rollout(Thrown())) == []


def test_a_traced_number_given_to_numpys_generator_is_refused_with_the_name_of_ours():
    with pytest.raises(TraceError, match=r"of random numbers: rosesim\.random") as caught:
        fn(lambda x: np.random.normal(x))(1.0)
    assert str(caught.value.where).startswith(__file__)
