"""Arrays that a program captures: read where they lie, compared as little as can be, and never part of its text."""

from __future__ import annotations

import time
import wave  # noqa: F401 -- a case puts another module in its place
from typing import Any

import numpy as np
import pytest

from rosesim import Index, Real, Vec, const, fn, grad, scan, vec, vjp
from rosesim import scan as scan_
from rosesim import sum as total
from rosesim.ad.dependencies import parts
from rosesim.ad.program import ir
from rosesim.ad.program.ir import Data, all_lets, reachable
from rosesim.codegen.pipeline import without


def test_a_large_array_that_is_handed_over_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ten million numbers is copied or compared; what is in them counts when the program runs."""
    compared: list[int] = []
    same = parts._same_numbers  # pyright: ignore[reportPrivateUsage] -- what is counted
    monkeypatch.setattr(parts, "_same_numbers", lambda a: compared.append(a.size) or same(a))
    terrain = np.zeros(10_000_000)

    class Map:
        def __init__(self, table: Any):
            self.table = table

    m = Map(terrain)

    @fn
    def height(x: Real) -> Real:
        return const(terrain)[Index[10_000_000].clamp(x)] + const(m.table)[0] * len(terrain) * 1e-7

    assert height(3.0) == 0.0
    terrain[3] = 5.0
    assert height(3.0) == 5.0
    terrain[0] = 1.0
    assert (height(3.0), height(4.0)) == (6.0, 1.0)
    assert compared == []


def test_an_array_in_a_dict_is_not_read_either(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    same = parts._same_numbers  # pyright: ignore[reportPrivateUsage] -- what is counted
    monkeypatch.setattr(parts, "_same_numbers", lambda a: compared.append(a.size) or same(a))
    data = {"terrain": np.zeros(100_000), "scale": 2.0}
    f = fn(lambda x: const(data["terrain"])[3] * x)
    assert f(1.0) == 0.0
    data["terrain"][3] = 5.0
    assert f(1.0) == 5.0
    data["terrain"] = np.full(100_000, 7.0)
    assert f(1.0) == 7.0
    assert compared == []
    rows = np.zeros((1000, 100))
    of_row = fn(lambda x: const(rows[1])[3] * x)  # a row of an array is a new array: what it holds was read
    assert of_row(1.0) == 0.0
    rows[1, 3] = 5.0
    assert of_row(1.0) == 5.0


def test_what_nobody_can_write_to_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    same = parts._same_numbers  # pyright: ignore[reportPrivateUsage] -- what is counted
    monkeypatch.setattr(parts, "_same_numbers", lambda a: compared.append(a.size) or same(a))
    places = np.arange(1000)
    frozen = np.frombuffer(places.tobytes(), places.dtype).reshape(10, 100)
    f = fn(lambda x: x * float(frozen[1, 2]))
    assert (f(1.0), compared) == (102.0, [])
    with pytest.raises(ValueError, match="WRITEABLE"):
        frozen.flags.writeable = True


def test_a_pullback_keeps_the_numbers_that_its_value_was_computed_with() -> None:
    """x times the product of all numbers, which the way back multiplies once more."""
    table = np.ones(100)
    f = fn(lambda x: scan_(lambda c, i: c * const(table)[i], x, 100))
    total, pullback = vjp(f)(1.0)
    table[7] = 3.0
    assert (total, pullback(1.0)) == (1.0, 1.0)
    assert vjp(f)(1.0)[1](1.0) == 3.0


def test_arrays_whose_form_changes() -> None:
    table = np.arange(100.0)

    @fn
    def f(x: Real) -> Real:
        return const(table)[len(table) - 1] * x + table.shape[0]

    assert f(1.0) == 199.0
    table.resize(80, refcheck=False)
    assert f(1.0) == 79.0 + 80.0


def test_equal_arrays_in_two_places_stay_two() -> None:
    a, b = np.ones(100), np.ones(100)
    f = fn(lambda x: const(a)[1] * x + const(b)[1] * 100.0)
    assert f(1.0) == 101.0
    b[1] = 2.0
    assert f(1.0) == 201.0


def test_an_array_that_is_read_besides_being_handed_over() -> None:
    table = np.ones(100)
    alias = {"same": table}

    def largest() -> float:
        return float(alias["same"].max())

    f = fn(lambda x: const(table)[1] * x * largest())
    assert f(1.0) == 1.0
    table[1] = 3.0
    assert f(1.0) == 9.0


def test_an_array_that_is_handed_to_somebody_beside_const() -> None:
    table = np.ones(100)

    def both(give: Any, array: Any) -> Any:
        return give(array)[1] * float(array.max())

    f = fn(lambda x: both(const, table) * x)
    assert f(1.0) == 1.0
    table[1] = 3.0
    assert f(1.0) == 9.0


def test_const_of_another_name_is_not_taken_for_ours() -> None:
    table = np.ones(100)
    space: dict[str, Any] = {"table": table, "const": lambda a: float(a[0])}
    exec("def f(x):\n    return const(table) * x\n", space)
    f = fn(space["f"])
    assert f(1.0) == 1.0
    table[0] = 5.0
    assert f(1.0) == 5.0


def test_indices_in_an_array_keep_their_bounds() -> None:
    """Read where they lie they could point anywhere: they are compared."""
    places = np.zeros(1000, np.int64)
    table = np.arange(1000.0)

    @fn
    def f(x: Real) -> Real:
        return const(table)[const(places)[7]] * x

    assert f(1.0) == 0.0
    places[7] = 900
    assert f(1.0) == 900.0


def test_arrays_of_other_kinds() -> None:

    def third(table: Any) -> Any:
        return fn(lambda x: const(table)[3] * x)

    for table in (np.ones(200, np.float32), np.ones((200, 2))[:, 1], np.ones(200, ">f8"), np.ones(200)[::-1]):
        g = third(table)
        assert g(1.0) == 1.0
        table[3] = 5.0
        assert g(1.0) == 5.0


def test_a_captured_array_of_a_million_numbers_costs_no_program_text() -> None:
    def program(n: int) -> Any:
        table = np.linspace(0.0, 1.0, n)

        @fn
        def f(x: Vec[Real, 3]) -> Real:
            t = const(table)
            return total(n, lambda i: t[i] * x[0]) + x[1] * t[n - 1]

        return f, table

    def size(f: Any) -> tuple[int, int]:
        with without("share-loops"):  # only a long loop has a second function for its chunks
            compiled = grad(f).compile()
        func = compiled.traced.func
        lets = [let for g in reachable(func) if isinstance(g.body, ir.Block) for let in all_lets(g.body)]
        assert sum(isinstance(let.expr, Data) for let in lets) <= 2
        return len(lets), len(compiled.compiled.llvm)

    small, large = program(1000)[0], program(1_000_000)[0]
    (lets, text), (more_lets, more_text) = size(small), size(large)
    assert more_lets == lets
    assert more_text < 1.5 * text  # a million numbers are millions of characters
    f, table = program(1_000_000)
    x = np.array([2.0, 3.0, 0.0])
    assert f(x) == pytest.approx(table.sum() * 2.0 + 3.0, rel=1e-12)
    np.testing.assert_allclose(grad(f)(x), [table.sum(), 1.0, 0.0], rtol=1e-12)


def test_changing_such_an_array_is_noticed_and_costs_no_compiling_of_its_size() -> None:
    table = np.zeros(1_000_000)

    @fn
    def f(x: Real) -> Real:
        t = const(table)
        return scan(lambda c, i: c + t[i] * x, 0.0, 1_000_000)

    assert f(1.0) == 0.0
    table[999_999] = 3.0
    began = time.perf_counter()
    assert f(2.0) == 6.0
    # As program text a million numbers take LLVM minutes; copying and comparing them takes milliseconds.
    assert time.perf_counter() - began < 5.0


def test_a_captured_array_is_a_copy() -> None:
    """A frozen program keeps the numbers that it was compiled with."""
    table = np.arange(1000.0)

    @fn
    def f(x: Real) -> Any:
        t = const(table)
        return vec(1000, lambda i: t[i] * x)

    program = f.compile()
    before = program(1.0)
    table[:] = -1.0
    np.testing.assert_array_equal(program(1.0), before)
    np.testing.assert_array_equal(f(1.0), table)
