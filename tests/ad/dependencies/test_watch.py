"""What a trace read of the world belongs to it: a change is noticed, and nothing else compiles again."""

from __future__ import annotations

import itertools
import math
import types
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rosesim import Real, const, fn, grad, jvp, opaque, vjp, vmap
from rosesim import sum as total

SCALE = 2.0
TABLE = np.array([1.0, 2.0, 3.0])
LIST = [1.0, 2.0]
DICT = {"k": 3.0}


def helper(x: Any) -> Any:
    return x * SCALE


def calls_helper(x: Any) -> Any:
    return helper(x) + 1.0


@fn
def leaf(x: Real) -> Real:
    return x * SCALE


@fn
def through_fns(x: Real) -> Real:
    return leaf(x) + 1.0


def run_every_way(f: Any) -> list[float]:
    """f(x) = a x + b seen through each entry: value at 3, its derivative several ways."""
    return [
        f(3.0),
        grad(f)(3.0),
        jvp(f)(3.0, 1.0)[1],
        vjp(f)(3.0)[1](1.0),
        vmap(f)([3.0])[0],
        fn(lambda x: f(x) * 1.0)(3.0),
    ]


def line(a: float, b: float) -> list[float]:
    return [3.0 * a + b, a, a, a, 3.0 * a + b, 3.0 * a + b]


# ------------------------------------------------------------------------------------------ noticed


def test_a_global_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    @fn
    def f(x: Real) -> Real:
        return x * SCALE

    g = grad(f)  # a transform made before the change notices it too
    assert (f(3.0), g(3.0)) == (6.0, 2.0)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert (f(3.0), g(3.0)) == (15.0, 5.0)
    assert run_every_way(f) == line(5.0, 0.0)


def test_a_global_constant_read_by_a_helpers_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    @fn
    def f(x: Real) -> Real:
        return calls_helper(x)

    assert run_every_way(f) == line(2.0, 1.0)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert run_every_way(f) == line(5.0, 1.0)


def test_a_redefined_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    @fn
    def f(x: Real) -> Real:
        return calls_helper(x)

    assert run_every_way(f) == line(2.0, 1.0)
    monkeypatch.setitem(globals(), "helper", lambda x: x * 7.0)
    assert run_every_way(f) == line(7.0, 1.0)


def test_a_constant_read_by_a_callee(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_every_way(through_fns) == line(2.0, 1.0)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert run_every_way(through_fns) == line(5.0, 1.0)
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert run_every_way(through_fns) == line(2.0, 1.0)


def test_a_redefined_callee(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_every_way(through_fns) == line(2.0, 1.0)

    @fn
    def other(x: Real) -> Real:
        return x * 9.0

    monkeypatch.setitem(globals(), "leaf", other)
    assert run_every_way(through_fns) == line(9.0, 1.0)


def test_a_closure_cell() -> None:
    a = 2.0

    @fn
    def f(x: Real) -> Real:
        return x * a

    assert run_every_way(f) == line(2.0, 0.0)
    a = 5.0
    assert run_every_way(f) == line(5.0, 0.0)


def test_a_closure_cell_of_a_lambda_inside() -> None:
    a = 2.0

    @fn
    def f(x: Real) -> Real:
        return total(2, lambda i: x * a) * 0.5

    assert run_every_way(f) == line(2.0, 0.0)
    a = 5.0
    assert run_every_way(f) == line(5.0, 0.0)


def test_a_closure_cell_of_a_helper() -> None:
    a = 2.0

    def inner(x: Any) -> Any:
        return x * a

    f = fn(lambda x: inner(x))
    assert run_every_way(f) == line(2.0, 0.0)
    a = 5.0
    assert run_every_way(f) == line(5.0, 0.0)


def test_a_default() -> None:
    def times(x: Any, a: float = 2.0) -> Any:
        return x * a

    @fn
    def f(x: Real) -> Real:
        return times(x)

    assert run_every_way(f) == line(2.0, 0.0)
    times.__defaults__ = (5.0,)
    assert run_every_way(f) == line(5.0, 0.0)


def test_a_keyword_default() -> None:
    def times(x: Any, *, a: float = 2.0) -> Any:
        return x * a

    @fn
    def f(x: Real) -> Real:
        return times(x)

    assert run_every_way(f) == line(2.0, 0.0)
    times.__kwdefaults__ = {"a": 5.0}
    assert run_every_way(f) == line(5.0, 0.0)


def test_an_attribute_of_a_module() -> None:
    space: dict[str, Any] = {"physics": types.ModuleType("physics"), "fn": fn, "Real": Real}
    space["physics"].g = 2.0
    exec("def f(x: Real) -> Real:\n    return x * physics.g\n", space)
    f = fn(space["f"])
    assert run_every_way(f) == line(2.0, 0.0)
    space["physics"].g = 5.0
    assert run_every_way(f) == line(5.0, 0.0)


class Settings:
    a = 2.0


def test_an_attribute_of_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    @fn
    def f(x: Real) -> Real:
        return x * Settings.a

    assert run_every_way(f) == line(2.0, 0.0)
    monkeypatch.setattr(Settings, "a", 5.0)
    assert run_every_way(f) == line(5.0, 0.0)


def test_an_attribute_of_an_object() -> None:
    @dataclass
    class Box:
        a: float

    box = Box(2.0)

    @fn
    def f(x: Real) -> Real:
        return x * box.a

    assert run_every_way(f) == line(2.0, 0.0)
    box.a = 5.0
    assert run_every_way(f) == line(5.0, 0.0)


def test_a_method_reads_its_object() -> None:
    class Spring:
        def __init__(self, k: float):
            self.k = k

        @fn
        def force(self, x: Real) -> Real:
            return x * self.k

    soft, hard = Spring(2.0), Spring(5.0)
    assert run_every_way(soft.force) == line(2.0, 0.0)
    assert run_every_way(hard.force) == line(5.0, 0.0)
    soft.k = 7.0
    assert run_every_way(soft.force) == line(7.0, 0.0)


def test_attributes_of_objects_in_objects_through_methods_and_properties() -> None:
    class Material:
        def __init__(self, k: float):
            self.k = k

        @property
        def twice(self) -> float:
            return 2.0 * self.k

    class Body:
        __slots__ = ("material", "parts")

        def __init__(self, material: Material):
            self.material = material
            self.parts = [material]

        def force(self, x: Any) -> Any:
            return x * self.material.twice + self.parts[0].k

    body = Body(Material(1.0))

    @fn
    def f(x: Real) -> Real:
        return body.force(x)

    assert run_every_way(f) == line(2.0, 1.0)
    body.material.k = 2.0
    assert run_every_way(f) == line(4.0, 2.0)
    body.material = Material(5.0)
    assert run_every_way(f) == line(10.0, 2.0)
    body.parts[0].k = 3.0
    assert run_every_way(f) == line(10.0, 3.0)


def test_a_method_replaced_on_its_class() -> None:
    class Spring:
        @staticmethod
        def stiff(x: Any) -> Any:
            return x * SCALE

        @fn
        def force(self, x: Real) -> Real:
            return self.stiff(x)

    spring = Spring()

    @fn
    def f(x: Real) -> Real:
        return spring.force(x)

    assert run_every_way(f) == line(2.0, 0.0)
    Spring.stiff = staticmethod(lambda x: x * 7.0)  # pyright: ignore[reportAttributeAccessIssue] -- the point
    assert run_every_way(f) == line(7.0, 0.0)
    Spring.force = fn(lambda self, x: x * 9.0)  # pyright: ignore[reportAttributeAccessIssue] -- the point
    assert run_every_way(f) == line(9.0, 0.0)


def test_an_array_in_a_list_in_a_dict_changed_in_place() -> None:
    data = {"tables": [np.array([2.0]), np.array([1.0])]}

    @fn
    def f(x: Real) -> Real:
        a, b = data["tables"]
        return const(a)[0] * x + const(b)[0]

    assert run_every_way(f) == line(2.0, 1.0)
    data["tables"][0][0] = 5.0
    assert run_every_way(f) == line(5.0, 1.0)


def test_a_list_and_a_dict_changed_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "LIST", [1.0, 2.0])
    monkeypatch.setitem(globals(), "DICT", {"k": 3.0})

    @fn
    def f(x: Real) -> Real:
        return x * LIST[1] + DICT["k"]

    assert run_every_way(f) == line(2.0, 3.0)
    LIST[1] = 5.0
    assert run_every_way(f) == line(5.0, 3.0)
    DICT["k"] = 4.0
    assert run_every_way(f) == line(5.0, 4.0)


def test_an_array_changed_in_place() -> None:
    table = np.array([2.0, 1.0])

    @fn
    def f(x: Real) -> Real:
        return const(table)[0] * x + const(table)[1]

    assert run_every_way(f) == line(2.0, 1.0)
    table[0] = 5.0
    assert run_every_way(f) == line(5.0, 1.0)
    table[:] = [2.0, 1.0]
    assert run_every_way(f) == line(2.0, 1.0)


def test_an_array_that_holds_nan_is_known_by_its_bits() -> None:
    table = np.array([2.0, math.nan])
    traces = itertools.count()

    @fn
    def f(x: Real) -> Real:
        next(traces)
        return const(table)[0] * x

    assert [f(3.0), f(3.0), f(4.0)] == [6.0, 6.0, 8.0]
    assert next(traces) == 1  # it was traced once before
    table[0] = -2.0
    assert f(3.0) == -6.0


def test_a_cell_of_a_notebook_run_again() -> None:
    """The cell defines the helper and the function anew under the same names; old users see the new helper."""
    space: dict[str, Any] = {}
    exec("from rosesim import fn, Real, grad", space)
    cell = "def slope(x):\n    return {} * x\n"
    exec(cell.format("2.0"), space)
    exec("@fn\ndef f(x: Real) -> Real:\n    return slope(x)\n", space)
    old = space["f"]
    assert run_every_way(old) == line(2.0, 0.0)
    exec(cell.format("5.0"), space)
    assert run_every_way(old) == line(5.0, 0.0)
    exec("@fn\ndef f(x: Real) -> Real:\n    return slope(x) + 1.0\n", space)
    assert run_every_way(space["f"]) == line(5.0, 1.0)
    assert run_every_way(old) == line(5.0, 0.0)


def test_a_rule_given_later() -> None:
    @fn
    def f(x: Real) -> Real:
        return x * x

    @fn
    def g(x: Real) -> Real:
        return f(x)

    assert grad(g)(3.0) == 6.0

    @f.defvjp
    def _(x: Any, ct: Any) -> Any:
        return 10.0 * ct

    assert grad(f)(3.0) == 10.0
    assert grad(g)(3.0) == 10.0


def test_what_an_opaque_function_reads_it_reads_when_it_runs() -> None:
    a = 2.0

    @opaque
    def probe(x: Real) -> Real:
        return a * x

    f = fn(lambda x: probe(x) + 1.0)
    assert f(3.0) == 7.0
    a = 5.0
    assert f(3.0) == 16.0


def test_a_compiled_program_stays_as_it_is() -> None:
    a = 2.0

    @fn
    def f(x: Real) -> Real:
        return a * x

    program = f.compile()
    assert program(3.0) == 6.0
    a = 5.0
    assert program(3.0) == 6.0
    assert f(3.0) == 15.0


# ---------------------------------------------------------------------------- and nothing else


def test_nothing_is_traced_or_compiled_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    import rosesim.codegen.llvm.engine as engine

    compiled = traces = itertools.count()
    load = engine.load

    def counted(*args: Any, **kwargs: Any) -> Any:
        next(compiled)
        return load(*args, **kwargs)

    monkeypatch.setattr(engine, "load", counted)
    a = 2.0

    def helper(x: Any) -> Any:
        next(traces)
        return a * x

    @fn
    def f(x: Real) -> Real:
        return helper(x)

    g = grad(f)
    for _ in range(2):
        f(1.0)
        g(1.0)
    first = next(traces)
    for k in range(50):
        f(float(k))
        g(float(k))
    a = 4.0 / 2.0  # another object, the same number
    f(1.0)
    g(1.0)
    assert next(traces) == first + 1
