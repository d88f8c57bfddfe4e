"""Calls of compiled programs from Python: every kind of signature gives what plain Python does, or refuses."""

import gc
import threading
import weakref
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rosesim import ArgumentError, Bool, Index, ProgramError, Real, Vec, const, fn, scan, select, value_and_grad, vec


@dataclass
class Pair:
    x: Any
    y: Any


def product(count: int) -> Any:
    """x0 + 2 x1 + 3 x2 + ..., times x0."""

    def f(*xs: Real) -> Real:
        total = xs[0]
        for k, x in enumerate(xs[1:]):
            total = total + (k + 2.0) * x
        return total * xs[0]

    return fn(f).compile(*[Real] * count)


@pytest.mark.parametrize("count", range(1, 10))
def test_reals_arrive_in_their_order_whatever_their_number(count: int) -> None:
    program = product(count)
    xs = [0.5 * k - 1.25 for k in range(count)]
    expected = xs[0] * sum((k + 1) * x for k, x in enumerate(xs))
    assert program(*xs) == expected and type(program(*xs)) is float
    assert program.compiled(*xs) == (expected,) == program.compiled.call(*xs)
    assert (program.compiled.number is not None) == (count <= 6)


def test_a_program_without_arguments_gives_its_number() -> None:
    assert fn(lambda: 2.5).compile()() == 2.5


@pytest.mark.parametrize("given", [2, np.float64(2.0), np.float32(2.0), np.int8(2), np.array(2.0), True + 1])
def test_numbers_of_other_kinds_are_taken_as_before(given: Any) -> None:
    program = fn(lambda x, y: x * y).compile(Real, Real)
    for result in (program(given, 1.5), program(1.5, given)):
        assert result == 3.0 and type(result) is float


@pytest.mark.parametrize("given", ["1", None, 1j, [1.0], np.zeros(1), 10**400, Fraction(1, 2), object()])
def test_what_is_no_number_is_refused_in_words(given: Any) -> None:
    program = fn(lambda speed, time: speed * time).compile(Real, Real)
    for args, name in (((given, 1.0), "speed"), ((1.0, given), "time")):
        with pytest.raises(ArgumentError, match=f"argument {name}: found .*, expected a real number"):
            program(*args)
        with pytest.raises(ArgumentError, match=f"argument {name}: found .*, expected a real number"):
            program.compiled(*args)


@pytest.mark.parametrize("args", [(), (1.0,), (1.0, 2.0, 3.0), (1.0, "x", 3.0)])
def test_too_few_or_too_many_arguments_are_refused(args: Any) -> None:
    program = fn(lambda x, y: x * y).compile(Real, Real)
    with pytest.raises(ArgumentError, match=f"{len(args)} arguments were found; expected 2"):
        program(*args)
    with pytest.raises(ArgumentError, match=f"was given {len(args)} arguments, expected 2: x, y"):
        program.compiled(*args)


def test_numbers_that_are_no_numbers_pass() -> None:
    program = fn(lambda x: x * 1.0).compile(Real)
    assert np.isnan(program(np.nan)) and program(np.inf) == np.inf
    assert np.copysign(1.0, program(-0.0)) == -1.0


def test_every_other_kind_of_signature_gives_what_python_does() -> None:
    @fn
    def mixed(p: Bool, i: Index[3], x: Real) -> Real:
        return select(p, x + const([1.0, 2.0, 4.0])[i], -x)

    assert mixed.compile()(True, 2, 1.5) == 5.5 and mixed.compile()(False, 2, 1.5) == -1.5
    with pytest.raises(ArgumentError, match="an integer from 0 to 2"):
        mixed.compile()(True, 3, 1.5)
    assert fn(lambda x: x > 1.0).compile(Real)(2.0) is True
    assert fn(lambda x: (x, 2.0 * x)).compile(Real)(2.0) == (2.0, 4.0)
    assert fn(lambda p: p.x - p.y).compile(Pair(1.0, 1.0))(Pair(5.0, 3.0)) == 2.0
    assert fn(lambda x: Pair(x, -x)).compile(Real)(2.0) == Pair(2.0, -2.0)
    np.testing.assert_array_equal(fn(lambda x: vec(3, lambda i: x)).compile(Real)(2.0), [2.0] * 3)
    assert fn(lambda v: v[0] * v[1]).compile(Vec[Real, 2])([2.0, 4.0]) == 8.0
    # One real, in a record, a dict or a tuple: the record comes back, not the number.
    assert fn(lambda x: {"a": x}).compile(Real)(2.0) == {"a": 2.0}
    assert fn(lambda x: (x,)).compile(Real)(2.0) == (2.0,)
    assert fn(lambda d: d["a"] * 2.0).compile({"a": 1.0})({"a": 3.0}) == 6.0


def test_a_program_that_may_stop_itself_still_does() -> None:
    @fn
    def looked_up(x: Real) -> Real:
        return const([1.0, 2.0, 4.0, 8.0])[Index[4].check(x)]

    program = looked_up.compile()
    assert program.compiled.number is None
    assert program(2.0) == 4.0
    with pytest.raises(ProgramError):
        program(9.0)


def test_a_program_that_needs_memory_has_it() -> None:
    n = 20_000

    @fn
    def f(x: Real) -> Real:
        v = vec(n, lambda i: x)
        w = scan(lambda c, i: c.at[i].add(1.0), v, n)
        return w[n - 1] + w[0]

    assert f.compile()(2.0) == 6.0
    value, gradient = value_and_grad(f).compile()(2.0)
    assert (value, gradient) == (6.0, 2.0)


def test_machine_code_lives_as_long_as_what_calls_it() -> None:
    program = fn(lambda x: x * 3.0).compile(Real)
    number, call = program.compiled.number, program.compiled.call
    alive = weakref.ref(number.__dict__["held"][0])  # pyright: ignore[reportOptionalMemberAccess]
    del program
    gc.collect()
    assert alive() is not None and number is not None and number(2.0) == 6.0 and call(2.0) == (6.0,)
    del number, call
    gc.collect()
    assert alive() is None


def test_many_threads_may_call_one_program() -> None:
    program = product(3)
    wrong: list[float] = []

    def work(k: int) -> None:
        for j in range(2000):
            x = float(k * 7 + j % 5)
            if program(x, 1.0, 2.0) != x * (x + 8.0):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_strict_programs_are_strict_however_they_are_called() -> None:
    strict = fn(lambda x, y: x / y - 0.1).compile(Real, Real, math="strict")
    assert strict.compiled.number is not None
    assert strict(1.0, 3.0) == 1.0 / 3.0 - 0.1 == strict(1, 3)
