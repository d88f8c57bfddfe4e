"""Where NumPy, threads and hostile numbers meet compiled programs: right results, or a clear refusal."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import interpreted

from rosesim import (
    ArgumentError,
    Bool,
    Index,
    Real,
    Struct,
    Vec,
    fn,
    grad,
    opaque,
    scan,
    select,
    sin,
    value_and_grad,
    vec,
    vjp,
)
from rosesim import sum as total


@fn
def mixed(x: Vec[Real, 6], k: Vec[Index[4], 3], p: Vec[Bool, 3]) -> Any:
    """Reads every element of every argument; its result is as long as x."""
    s = total(3, lambda j: select(p[j], x[k[j]], 1.0) * (j + 1.0))
    return vec(6, lambda i: x[i] * x[Index[6].wrap(i + 1)] + s)


X = np.array([0.5, -1.5, 2.0, 3.0, -0.25, 7.0])
K = np.array([3, 0, 2], np.uint8)
P = np.array([True, False, True])


def expected(x: Any, k: Any = K, p: Any = P) -> Any:
    x = np.asarray(x, float)
    s = (np.where(p, x[np.asarray(k, int)], 1.0) * [1, 2, 3]).sum()
    return x * np.roll(x, -1) + s


# -------------------------------------------------------------------------------- arrays that lie badly


def unaligned(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same array at an address that is no multiple of anything."""
    raw = np.zeros(a.nbytes + 1, np.uint8)
    out = raw[1:].view(a.dtype).reshape(a.shape)
    out[...] = a
    assert a.dtype.itemsize == 1 or not out.flags.aligned
    return out


def read_only(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    out = a.copy()
    out.flags.writeable = False
    return out


def every_other(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    wide = np.zeros(2 * len(a), a.dtype)
    wide[::2] = a
    wide[1::2] = 99
    return wide[::2]


def backwards(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return a[::-1].copy()[::-1]


def column(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.stack([a * 0, a, a * 0], axis=1)[:, 1]


def big_endian(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return a.astype(a.dtype.newbyteorder(">"))


def at_odd_offset(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Aligned to 8 bytes and to nothing more."""
    wide = np.zeros(len(a) + 9, a.dtype)
    for k in range(9):
        if (wide[k:].ctypes.data // max(a.dtype.itemsize, 1)) % 8 == 1:
            wide[k : k + len(a)] = a
            return wide[k : k + len(a)]
    return a.copy()


LIES = [unaligned, read_only, every_other, backwards, column, big_endian, at_odd_offset]


@pytest.mark.parametrize("lie", LIES, ids=lambda f: f.__name__)
def test_an_array_is_read_right_however_it_lies(lie: Any) -> None:
    x, k = lie(X), lie(K)
    p = P.copy() if lie in (column, big_endian) else lie(P)
    np.testing.assert_array_equal(mixed(x, k, p), expected(X))
    gradient = grad(lambda x: total(6, lambda i: mixed(x, K, P)[i]))
    np.testing.assert_array_equal(gradient(x), gradient(X))
    np.testing.assert_array_equal(x, X)  # and left as it was


def test_a_fortran_matrix_and_a_transposed_one() -> None:
    @fn
    def f(m: Vec[Vec[Real, 3], 2]) -> Any:
        return vec(2, lambda i: m[i][0] + 10.0 * m[i][1] + 100.0 * m[i][2])

    m = np.arange(6.0).reshape(2, 3)
    for other in (m, np.asfortranarray(m), m.T.copy().T, np.tile(m, (2, 2))[:2, :3], m.tolist()):
        np.testing.assert_array_equal(f(other), m @ [1.0, 10.0, 100.0])


def test_overlapping_arguments() -> None:
    @fn
    def f(x: Vec[Real, 5], y: Vec[Real, 5]) -> Any:
        z = x.at[0].set(y[4])
        w = y.at[4].set(x[0])
        return vec(5, lambda i: z[i] * 10.0 + w[i])

    base = np.arange(8.0)
    for x, y in ((base[:5], base[:5]), (base[:5], base[3:]), (base[4::-1], base[:5])):
        a, b = x.copy(), y.copy()
        want = np.concatenate([b[4:], a[1:]]) * 10.0 + np.concatenate([b[:4], a[:1]])
        np.testing.assert_array_equal(f(x, y), want)
        np.testing.assert_array_equal(base, np.arange(8.0))


def test_results_are_fresh_arrays() -> None:
    @fn
    def same(x: Vec[Real, 5]) -> Any:
        return x, x, vec(5, lambda i: 2.0 * x[i])

    x = np.arange(5.0)
    a, b, c = same(x)
    again = same(x + 1.0)
    a[:] = -1.0
    np.testing.assert_array_equal(x, np.arange(5.0))
    np.testing.assert_array_equal(b, x)
    np.testing.assert_array_equal(c, 2.0 * x)
    np.testing.assert_array_equal(again[0], x + 1.0)
    assert a.flags.owndata
    assert a.flags.writeable


# ---------------------------------------------------------------------------------- dtypes and shapes


@pytest.mark.parametrize("dtype", ["f4", "f2", "i1", "i4", "u4"])
def test_numbers_that_fit_a_real_exactly_are_converted_in_a_copy(dtype: str) -> None:
    x = np.array([1, 0, 1, 3, -2 if dtype[0] in "fi" else 2, 0]).astype(dtype)
    before = x.copy()
    np.testing.assert_array_equal(mixed(x, K, P), expected(x))
    np.testing.assert_array_equal(x, before)
    assert x.dtype == before.dtype


def test_whole_numbers_of_any_dtype_are_indices() -> None:
    for dtype in ("i8", "u2", ">i4", "i1", "u8"):
        np.testing.assert_array_equal(mixed(X, K.astype(dtype), P), expected(X))


class Untouched:
    """An opaque function that tells whether anything ran."""

    def __init__(self) -> None:
        self.ran = False

        @opaque
        def probe(x: Real) -> Real:
            self.ran = True
            return x

        @fn
        def f(x: Vec[Real, 3], k: Vec[Index[4], 3], p: Vec[Bool, 3], s: Real, i: Index[4], b: Bool) -> Real:
            return probe(x[0]) + probe(s) + select(p[0] & b, x[Index[3].clamp(k[0])], x[Index[3].clamp(i)])

        self.f = f


GOOD: dict[str, Any] = {
    "x": [1.0, 2.0, 3.0], "k": [0, 1, 3], "p": [True, False, True], "s": 1.5, "i": 2, "b": True,
}  # fmt: skip
BAD: list[tuple[str, Any]] = [
    ("x", [1.0, 2.0]), ("x", np.ones(4)), ("x", np.ones((3, 1))), ("x", 1.0), ("x", None), ("x", "abc"),
    ("x", [1.0, [2.0], 3.0]), ("x", np.ones(3, complex)), ("x", np.array(["a", "b", "c"])), ("x", [1.0, None, 2.0]),
    ("x", np.ones(3, object)), ("x", np.array(["2020-01-01"] * 3, "M8[D]")), ("x", {"a": 1.0}),
    ("k", [0, 1, 4]), ("k", [-1, 0, 0]), ("k", [0.0, 1.0, 2.0]), ("k", np.array([0, 1, 2**63], np.uint64)),
    ("k", [True, False, True]), ("k", [0, 1]), ("k", np.array([0, 256, 0])),
    ("p", [1, 0, 1]), ("p", [1.0, 0.0, 1.0]), ("p", [True, False]),
    ("s", [1.0]), ("s", "1.0"), ("s", None), ("s", 1j), ("s", np.ones(2)),
    ("i", 4), ("i", -1), ("i", 2.0), ("i", True), ("i", 2**70), ("i", None), ("i", [1]),
    ("b", 1), ("b", 1.0), ("b", None), ("b", "yes"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda v: repr(v)[:30])
def test_what_does_not_fit_is_refused_before_anything_runs(name: str, value: Any) -> None:
    made = Untouched()
    with pytest.raises(ArgumentError, match=rf"argument {name}: found .*, expected ") as e:
        made.f(**{**GOOD, name: value})
    assert (e.value.where or "").startswith(__file__)
    assert not made.ran
    made.f(**GOOD)
    assert made.ran


def test_numbers_of_numpys_are_numbers() -> None:
    f = Untouched().f
    usual = f(**GOOD)
    others = {"s": np.float64(1.5), "i": np.int8(2), "b": np.bool_(True), "x": tuple(GOOD["x"])}
    for name, value in others.items():
        assert f(**{**GOOD, name: value}) == usual, name
    assert f(**{**GOOD, "s": np.float32(1.5)}) == usual
    assert f(**{**GOOD, "s": np.array(1.5)}) == usual


@dataclass
class Pair(Struct):
    a: Vec[Real, 2]
    k: Index[3]


def test_a_struct_with_a_field_that_does_not_fit_is_refused_by_name() -> None:
    @fn
    def f(p: Pair, many: Vec[Pair, 2]) -> Real:
        second: Any = many[1]  # pyright: ignore[reportIndexIssue] -- a struct is no number to it
        return p.a[0] + second.a[1]

    ok = Pair(np.array([1.0, 2.0]), 1)  # pyright: ignore[reportArgumentType] -- plain values from outside
    both = Pair(np.ones((2, 2)), np.array([0, 2]))  # pyright: ignore[reportArgumentType]
    assert f(ok, both) == 2.0
    assert f(ok, [ok, ok]) == 3.0
    with pytest.raises(ArgumentError, match=r"argument p\.k: found int 3, expected an integer from 0 to 2"):
        f(Pair(ok.a, 3), both)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match=r"argument many\.a: found an array of shape \(3, 2\)"):
        f(ok, Pair(np.ones((3, 2)), both.k))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="many: 3 elements were found; expected 2"):
        f(ok, [ok, ok, ok])
    with pytest.raises(ArgumentError, match="p: a dict with a was found"):
        f({"a": ok.a}, both)


# ---------------------------------------------------------------------------------------- pullbacks


def test_a_pullback_kept_while_others_are_made_and_called_still_answers_right() -> None:
    @fn
    def f(x: Vec[Real, 50]) -> Any:
        return vec(50, lambda i: sin(x[i]) * x[Index[50].wrap(i + 1)])

    def by_hand(x: Any, ct: Any) -> Any:
        return ct * np.cos(x) * np.roll(x, -1) + np.roll(ct * np.sin(x), 1)

    rng = np.random.default_rng(0)
    points = rng.normal(size=(5, 50))
    pullbacks = []
    for x in points:
        mine = x.copy()
        pullbacks.append(vjp(f)(mine)[1])
        mine[:] = np.nan  # a pullback owns what it needs
    for x, pullback in reversed(list(zip(points, pullbacks, strict=True))):
        for _ in range(2):
            ct = rng.normal(size=50)
            kept = ct.copy()
            np.testing.assert_allclose(pullback(ct), by_hand(x, ct), rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(ct, kept)
            value_and_grad(lambda x: total(50, lambda i: f(x)[i]))(points[0])


def test_pullbacks_from_other_threads() -> None:
    @fn
    def f(x: Vec[Real, 2000]) -> Any:
        return vec(2000, lambda i: sin(x[i]) * x[i])

    rng = np.random.default_rng(1)
    points = rng.normal(size=(4, 2000))
    pullbacks = [vjp(f)(x)[1] for x in points]
    wrong: list[Any] = []

    def work(k: int) -> None:
        try:
            for n in range(40):
                j = (k + n) % 4
                x, ct = points[j], np.full(2000, k + 1.0)
                right = ct * (np.cos(x) * x + np.sin(x))
                if not np.allclose(pullbacks[j](ct), right, rtol=1e-12, atol=1e-13):
                    wrong.append((k, n))
        except BaseException as e:
            wrong.append(e)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_functions_traced_and_compiled_from_many_threads_at_once() -> None:
    @fn
    def leaf(x: Real) -> Real:
        return sin(x) * x

    @fn
    def f(x: Vec[Real, 20]) -> Real:
        return total(20, lambda i: leaf(x[i]))

    x = np.linspace(0.0, 1.0, 20)
    results: list[Any] = []
    go = threading.Barrier(6)

    def work() -> None:
        go.wait()
        try:
            results.append((f(x), tuple(grad(f)(x))))
        except BaseException as e:
            results.append(e)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 6
    assert len(set(results)) == 1
    np.testing.assert_allclose(results[0][1], np.cos(x) * x + np.sin(x), rtol=1e-12)


# ------------------------------------------------------------------------------------ hostile indices

HOSTILE = [
    math.nan, -math.nan, math.inf, -math.inf,
    1e308, -1e308, 1e19, -1e19, 9.3e18, 2.0**63, -(2.0**63), 2.0**64,
    2.0**53, 2.0**32, -(2.0**31), 5e-324, -5e-324, -0.0, 0.0, 4.999999999999999, 5.0, -1.0, -0.5,
    4.0, 3.999999999, 1e5,
]  # fmt: skip


@fn
def gather_and_scatter(x: Vec[Real, 5], big: Vec[Real, 300], at: Vec[Real, 26], how: Index[3]) -> Any:
    """Reads and writes at places made of each number, by clamp (0), wrap (1) or check (2)."""

    def place(n: int, v: Any) -> Any:
        one = select(how == 0, Index[n].clamp(v), Index[n].wrap(v))
        return Index[n].clamp(one)

    read = vec(26, lambda k: x[place(5, at[k])] + big[place(300, at[k])])
    written = scan(lambda y, k: y.at[place(300, at[k])].set(k * 1.0), big, 26)
    return read, written, vec(26, lambda k: place(5, at[k]))


@fn
def checked(x: Vec[Real, 5], at: Real) -> Real:
    return x[Index[5].check(at)]


def read_sum(how: int) -> Any:
    return lambda x, big, at: total(26, lambda k: gather_and_scatter(x, big, at, how)[0][k])


def hostile() -> None:
    """Run in a process of its own: memory outside would end it."""
    x, big, at = np.arange(5.0), np.arange(300.0), np.array(HOSTILE)
    for how in (0, 1):
        got, want = gather_and_scatter(x, big, at, how), interpreted(gather_and_scatter, x, big, at, how)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)
        assert set(got[2]) <= set(range(5))
        loss = read_sum(how)
        back = grad(loss, wrt=[0, 1])
        for a, b in zip(back(x, big, at), interpreted(back, x, big, at), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(gather_and_scatter(x, big, at, 0)[2][:6], [0, 0, 4, 0, 4, 0])
    np.testing.assert_array_equal(gather_and_scatter(x, big, at, 1)[2][:4], [0, 0, 0, 0])
    for f in (checked, grad(checked, wrt="x")):
        for v in HOSTILE:
            fits = 0.0 <= v < 5.0
            for run in (f, lambda *a, f=f: interpreted(f, *a)):
                try:
                    run(x, v)
                    assert fits, v
                except ArithmeticError as e:
                    assert not fits, v
                    assert "outside of 0 .. 4" in str(e)
    print("survived")


def test_hostile_indices_never_touch_memory_outside() -> None:
    here = Path(__file__)
    code = f"import sys; sys.path[:0] = {[str(here.parent), *sys.path]!r}; import {here.stem}; {here.stem}.hostile()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr[-2000:]


def test_every_hostile_index_through_every_entry_is_refused() -> None:
    """Integers given from outside are checked in our own copy."""

    @fn
    def f(x: Vec[Real, 5], k: Vec[Index[5], 3], i: Index[5]) -> Real:
        return x[k[0]] + x[i]

    x = np.arange(5.0)
    for bad in (-1, 5, 2**31, 2**32, 2**63 - 1, -(2**63), 256):
        with pytest.raises(ArgumentError, match="argument k"):
            f(x, np.array([0, bad, 0], np.int64), 0)
        with pytest.raises(ArgumentError, match="argument i"):
            f(x, np.zeros(3, np.int64), bad)
        with pytest.raises(ArgumentError, match="argument k"):
            grad(f, wrt="x")(x, [0, 0, bad], 0)


def test_an_opaque_function_cannot_give_a_wrong_index() -> None:
    @opaque
    def pick(x: Real) -> Index[5]:
        return int(x)  # pyright: ignore[reportReturnType] -- run by Python

    @fn
    def f(x: Vec[Real, 5], at: Real) -> Real:
        return x[pick(at)]

    x = np.arange(5.0)
    assert f(x, 3.0) == 3.0
    for bad in (5.0, -1.0, 1e15):
        with pytest.raises(ArithmeticError, match="integers from 0 to 4"):
            f(x, bad)
