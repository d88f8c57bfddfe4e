"""A loop that updates one element of a large array a step costs a step's work a step, and so does its reverse."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import check_gradients

from rosesim import Index, Real, Vec, cond, fn, scan, sin, value_and_grad, while_loop

STEPS = 20_000
SMALL, LARGE = 1_000, 100_000


def set_an_element(n: int, x: Any, a: Any) -> Any:
    def step(y: Any, i: Any) -> Any:
        k = Index[n].wrap(i * 7 + 1)
        return y.at[k].set(a * y[Index[n].wrap(i * 7)] + sin(y[k]))

    return scan(step, x, STEPS)


def set_an_element_of_a_struct(n: int, x: Any, a: Any) -> Any:
    def step(s: Any, i: Any) -> Any:
        k = Index[n].wrap(i * 7 + 1)
        return {"y": s["y"].at[k].set(a * s["y"][Index[n].wrap(i * 7)] * s["t"]), "t": s["t"] * 0.999}

    return scan(step, {"y": x, "t": Real(1.0)}, STEPS)["y"]


def add_to_an_element(n: int, x: Any, a: Any) -> Any:
    return scan(lambda y, i: y.at[Index[n].wrap(i * 7)].add(a * y[Index[n].wrap(i)]), x, STEPS)


def set_an_element_until(n: int, x: Any, a: Any) -> Any:
    def step(s: Any) -> Any:
        k = Index[n].wrap(s[1])
        return s[0].at[k].set(a * sin(s[0][k])), s[1] + 1.0

    return while_loop(lambda s: s[1] < STEPS, step, (x, Real(0.0)), limit=STEPS + 1)[0]


def set_an_element_in_a_function(n: int, x: Any, a: Any) -> Any:
    @fn
    def step(y: Any, i: Any, a: Any) -> Any:
        k = Index[n].wrap(i * 7 + 1)
        return y.at[k].set(a * y[Index[n].wrap(i * 7)] + sin(y[k]))

    return scan(lambda y, i: step(y, i, a), x, STEPS)


def set_an_element_in_a_branch(n: int, x: Any, a: Any) -> Any:
    def step(y: Any, i: Any) -> Any:
        return cond(y[Index[n].wrap(i)] > 0.5, lambda: y.at[Index[n].wrap(i * 7)].set(a), lambda: y)

    return scan(step, x, STEPS)


def swap_two_elements(n: int, x: Any, a: Any) -> Any:
    def step(y: Any, i: Any) -> Any:
        j, k = Index[n].wrap(i * 7), Index[n].wrap(i * 3)
        return y.at[j].set(y[k] * a).at[k].set(y[j])

    return scan(step, x, STEPS)


UPDATES = [
    set_an_element, set_an_element_of_a_struct, add_to_an_element, set_an_element_until,
    set_an_element_in_a_function, set_an_element_in_a_branch, swap_two_elements,
]  # fmt: skip

# Of these the arrays are still copied once a step: in the value where an old element is read after a
# put, in the gradient where the put stands in a function or a branch (docs/language.md, "Vectors").
COPIED = {
    (swap_two_elements, False),
    (swap_two_elements, True),
    (set_an_element_in_a_function, True),
    (set_an_element_in_a_branch, True),
}
IN_PLACE = [(f, gradient) for f in UPDATES for gradient in (False, True) if (f, gradient) not in COPIED]


def function(update: Any, n: int) -> Any:
    @fn
    def f(x: Vec[Real, n], a: Real) -> Real:  # pyright: ignore[reportInvalidTypeForm] -- a size chosen here
        y = update(n, x, a)
        return y[0] + y[n - 1] * y[n // 2]

    return f


def seconds(call: Callable[[], Any]) -> float:
    """The least of three: other processes only add."""
    times: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.parametrize(("update", "gradient"), IN_PLACE, ids=lambda v: getattr(v, "__name__", str(v)))
def test_time_and_memory_grow_with_steps_and_not_with_steps_times_length(update: Any, gradient: bool) -> None:
    def measured(n: int) -> tuple[float, int]:
        f = function(update, n)
        program = (value_and_grad(f) if gradient else f).compile()
        x = np.linspace(0.0, 1.0, n)
        return seconds(lambda: program(x, 0.5)), program.compiled.workspace_bytes

    (small, small_bytes), (large, large_bytes) = measured(SMALL), measured(LARGE)
    # Copying 800 kB a step would take 20,000 times 20 microseconds or more; once or a few times is free.
    assert large < 10 * small + 0.05
    array = 8 * LARGE
    assert large_bytes < small_bytes + 6 * array
    # Nor is there a history of the array: a step keeps a few numbers.
    assert small_bytes < 20 * 8 * STEPS


@pytest.mark.parametrize("update", UPDATES, ids=lambda f: f.__name__)
def test_the_gradient_of_it_is_right(update: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "STEPS", 40)
    x = np.linspace(0.3, 1.2, 12)
    check_gradients(lambda x, a: update(12, x, a), [x, 0.7])
