"""Debug programs: the first NaN or infinity is told with its line and operands, and nothing else is."""

import math
import threading
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Bool,
    Index,
    NumericalError,
    ProgramError,
    Real,
    Vec,
    cond,
    exp,
    fn,
    grad,
    hypot,
    jvp,
    log,
    opaque,
    scan,
    select,
    sqrt,
    value_and_grad,
    vec,
    vmap,
)
from rosesim import sum as total
from rosesim.ad.instrument.debug import guarded
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.passes.inline import inlined
from rosesim.ad.program.check import check
from rosesim.ad.program.interp import run

pytestmark = pytest.mark.usefixtures("unoptimised")

HERE = __file__


def line_of(f: Any, text: str) -> int:
    """The line of this file, in a function, that holds a text."""
    import inspect

    lines, first = inspect.getsourcelines(f.python)
    return first + next(k for k, line in enumerate(lines) if text in line)


def told(f: Any, *args: Any, **how: Any) -> str | None:
    """What a debug program says of its first bad number, the same in the interpreter and in machine code."""
    program = guarded(inlined(f.traced(tuple(map(typeof, args))).func))
    check(program)
    said: list[str | None] = []
    flat = [a for v in args for a in (v if isinstance(v, tuple) else (v,))]
    calls = [lambda: run(program, flat), lambda: f.compile(*args, debug=True, **how)(*args)]
    for call in calls:
        try:
            call()
            said.append(None)
        except NumericalError as e:
            said.append(str(e))
    assert said[0] == said[1]
    return said[0]


@fn
def root(x: Real) -> Real:
    y = x - 0.5
    return sqrt(y) + 1.0


def test_the_operation_its_line_and_its_operands_are_told():
    for math_ in ("fast", "strict"):
        assert told(root, 0.25, math=math_) == f"{HERE}:{line_of(root, 'sqrt')}: sqrt(-0.25) gave nan"
    assert told(root, 0.75) is None


@pytest.mark.parametrize(
    ("f", "args", "says"),
    [
        (lambda x, y: x / y, (1.0, 0.0), "1.0 / 0.0 gave inf"),
        (lambda x, y: x / y, (0.0, 0.0), "0.0 / 0.0 gave nan"),
        (lambda x, y: x * y, (1e200, -1e200), "1e+200 * -1e+200 gave -inf"),
        (lambda x, y: x + y, (1.5e308, 1.5e308), "1.5e+308 + 1.5e+308 gave inf"),
        (lambda x, y: log(x) + y, (0.0, 1.0), "log(0.0) gave -inf"),
        (lambda x, y: exp(x) - y, (800.0, 1.0), "exp(800.0) gave inf"),
        (lambda x, y: x**y, (-1.0, 0.5), "pow(-1.0, 0.5) gave nan"),
        (lambda x, y: hypot(x, y), (1.5e308, 1.5e308), "hypot(1.5e+308, 1.5e+308) gave inf"),
        (lambda x, y: x * math.inf - y, (0.0, 1.0), "0.0 * inf gave nan"),
        (lambda x, y: x + Index[3].clamp(y * math.nan), (1.0, 1.0), "1.0 * nan"),
    ],
)
def test_what_is_born_bad(f: Any, args: Any, says: str):
    @fn
    def g(x: Real, y: Real) -> Real:
        return f(x, y)

    found = told(g, *args)
    if "* nan" in says:  # a NaN of the program's own text is nobody's birth, but no index may be made of it
        assert found is not None
        assert found.endswith("nan was made an index")
    else:
        assert found is not None
        assert found.endswith(says)
    assert told(g, 0.5, 0.75) is None or "* nan" in says


def test_the_step_of_the_loop_is_told_across_a_call():
    @fn
    def down(x: Real) -> Real:
        for _ in range(14):  # more than is written into a caller
            x = x - 0.125
        return sqrt(x)

    @fn
    def f(x: Real) -> Real:
        return scan(lambda c, t: down(c + 1.75) * down(c + 100.0) * 0.0 + c - 1.0, x, 10)

    found = told(f, 3.5)
    step = line_of(f, "scan")
    assert (
        found == f"{HERE}:{line_of(down, 'sqrt')}: sqrt(-0.5) gave nan, in iteration 4 of the loop at {HERE}:{step}"
    )


def test_a_derivatives_own_infinity_says_that_it_is_one():
    @fn
    def f(x: Real) -> Real:
        return sqrt(x) * 1e200

    line = line_of(f, "sqrt")
    assert told(grad(f), 1e-220) == f"{HERE}:{line}: 5e+109 * 1e+200 gave inf, in its derivative"
    assert told(jvp(f), 1e-220, 1e200) == f"{HERE}:{line}: 5e+109 * 1e+200 gave inf, in its derivative"
    assert told(f, 1e-220) is None
    assert told(grad(f), 4.0) is None


@fn
def inverse(q: Real) -> Real:
    return 1.0 / q


# What the language promises to be harmless: n shared by two selects on one false condition.
def _shared(make: Any, bad: float):
    @fn
    def f(q: Real) -> Real:
        n = make(q)
        return select(q > 0.0, n, 0.0) + select(q > 0.0, n * n, 1.0) * q

    return f, bad


@fn
def long_log(q: Real) -> Real:
    for _ in range(14):
        q = q * 1.0625
    return log(q)


@pytest.mark.parametrize(
    ("make", "bad"),
    [
        (lambda q: 1.0 / q, 0.0),
        (log, 0.0),
        (sqrt, -1.0),
        (inverse, 0.0),
        (long_log, 0.0),
    ],
)
@pytest.mark.parametrize("derive", [lambda f: f, grad, lambda f: grad(grad(f)), jvp])
def test_what_no_select_chooses_is_let_be(make: Any, bad: float, derive: Any):
    f, at = _shared(make, bad)
    args = (at, 1.0) if derive is jvp else (at,)
    assert told(derive(f), *args) is None


def test_the_side_for_false_is_let_be_where_it_is_not_chosen():
    f = fn(lambda q: select(q <= 0.0, 0.0, 1.0 / q))
    assert told(f, 0.0) is None
    assert told(grad(f), 0.0) is None
    assert told(fn(lambda q: select(q > 0.0, 0.0, 1.0 / q)), 0.0) is not None


def test_what_one_select_chooses_is_told():
    f, _ = _shared(lambda q: 1.0 / (q - 1.0), 0.0)
    found = told(f, 1.0)
    assert found is not None
    assert found.endswith("1.0 / 0.0 gave inf")


def test_the_element_is_told_in_an_innermost_loop_which_runs_twice():
    @fn
    def f(x: Vec[Real, 40]) -> Real:
        y = vec(40, lambda i: sqrt(x[i]))
        return total(40, lambda i: y[i] * y[39 - i])

    x = np.linspace(0.5, 1.5, 40)
    assert told(f, x) is None
    assert told(grad(f), x) is None
    x[17] = -2.0
    found = told(grad(f), x)
    line = line_of(f, "sqrt")
    assert found == f"{HERE}:{line}: sqrt(-2.0) gave nan, in iteration 17 of the loop at {HERE}:{line}"
    x[17] = 1e-320  # the slope is finite, the next factor is not
    found = told(grad(fn(lambda x: f(x) * 1e160)), x)
    assert found is not None
    assert found.endswith(f"gave inf, in its derivative, in iteration 17 of the loop at {HERE}:{line}")


def test_what_a_loop_that_runs_twice_adds_is_added_once():
    @fn
    def f(x: Vec[Real, 5]) -> Real:
        return total(5, lambda i: select(x[i] > 0.0, x[Index[5].wrap(i + 2)] / x[i], 0.0))

    x = np.array([0.0, 1.0, 2.0, 4.0, 8.0])  # 2 / 0 is infinite, and wanted by nobody
    assert told(f, x) is None
    assert told(grad(f), x) is None
    expected = grad(f).compile(x, math="strict")(x)
    assert np.array_equal(grad(f).compile(x, math="strict", debug=True)(x), expected)


def test_a_branch_not_taken_is_no_error():
    @fn
    def f(q: Real) -> Real:
        n = 1.0 / q
        return cond(q > 0.0, lambda: n * 2.0, lambda: 0.0)

    assert told(f, 0.0) is None
    assert told(grad(f), 0.0) is None


def test_arguments_are_told_by_name_before_anything_runs():
    @fn
    def f(x: Real, state: Vec[Real, 3]) -> Real:
        return x + state[0]

    program = f.compile(debug=True)
    with pytest.raises(NumericalError, match=r"argument x of f is nan"):
        program(math.nan, np.zeros(3))
    with pytest.raises(NumericalError, match=r"argument state of f holds inf at \[2\]"):
        program(1.0, np.array([0.0, 1.0, np.inf]))
    assert program(1.0, np.array([2.0, 0.0, 0.0])) == 3.0
    assert math.isnan(f.compile()(math.nan, np.zeros(3)))


def test_what_an_opaque_function_gives_is_looked_at():
    @opaque
    def lookup(x: float) -> Vec[Real, 3]:
        return np.array([1.0, math.nan if x < 0 else 2.0, 3.0])  # pyright: ignore[reportReturnType]

    @fn
    def f(x: Real) -> Real:
        return lookup(x)[1] * 2.0

    assert told(f, 1.0) is None
    assert told(f, -1.0) == f"{HERE}:{line_of(f, 'lookup')}: lookup(-1.0) gave nan"


def test_single_precision_overflows_and_says_so_in_its_own_digits():
    @fn
    def f(x: Real) -> Real:
        return x * x

    with pytest.raises(NumericalError, match=r"1e\+30 \* 1e\+30 gave inf"):
        f.compile(debug=True, precision="f32")(1e30)
    assert f.compile(debug=True)(1e30) == 1e30 * 1e30


def test_a_batch_and_threads_tell_their_own_numbers():
    @fn
    def f(x: Real) -> Real:
        return scan(lambda c, t: c * c, x, 4) - sqrt(x)

    with pytest.raises(NumericalError, match=r"sqrt\(-0\.5\) gave nan, in iteration 2 of the loop"):
        vmap(f).compile(np.zeros(4), debug=True)(np.array([0.1, 0.2, -0.5, -0.25]))
    program = f.compile(debug=True)
    said: dict[float, set[str]] = {}

    def work(x: float) -> None:
        for _ in range(50):
            with pytest.raises(NumericalError) as e:
                program(x)
            said.setdefault(x, set()).add(str(e.value).split(": ")[-1])

    threads = [threading.Thread(target=work, args=(-(k + 1.0),)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert said == {-(k + 1.0): {f"sqrt({-(k + 1.0)}) gave nan"} for k in range(4)}


def test_a_debug_program_computes_what_the_other_does():
    @fn
    def f(x: Vec[Real, 5], p: Bool) -> Real:
        y = vec(5, lambda i: select(p, x[i], 1.0 / x[i]))
        return (
            scan(lambda c, i: c * 0.5 + total(5, lambda j: y[j] * c), 1.0, 7) + x.at[Index[5].wrap(y[1])].set(2.0)[0]
        )

    x = np.linspace(0.5, 2.0, 5)
    for p in (True, False):
        value, slope = value_and_grad(f, wrt=0).compile(x, p, math="strict", debug=True)(x, p)
        expected, known = value_and_grad(f, wrt=0).compile(x, p, math="strict")(x, p)
        assert value == expected
        assert np.array_equal(slope, known)


def test_guards_of_the_users_own_still_speak_and_come_after_ours():
    @fn
    def f(x: Real) -> Real:
        y = vec(3, lambda i: x + i)
        return y[Index[3].check(sqrt(x))]

    assert told(f, 1.0) is None
    found = told(f, -1.0)
    assert found is not None
    assert found.endswith("sqrt(-1.0) gave nan")
    with pytest.raises(ProgramError) as e:
        f.compile(debug=True)(16.0)
    assert not isinstance(e.value, NumericalError)


def test_the_environment_asks_for_debug_programs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ROSESIM_DEBUG", "1")
    with pytest.raises(NumericalError):
        root.compile()(0.0)
    assert math.isnan(root.compile(debug=False)(0.0))
    monkeypatch.setenv("ROSESIM_DEBUG", "0")
    assert math.isnan(root.compile()(0.0))
