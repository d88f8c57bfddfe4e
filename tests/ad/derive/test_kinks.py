"""The conventions at kinks (docs/language.md, ad/program/ops.py), each by every way there is to a derivative.

All rows stand in one program, in which each has arguments of its own: the gradient of the sum of all values
holds every row's slopes, and a column of its Jacobian every row's second derivatives.
"""

import functools
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from rosesim import (
    Index,
    Real,
    Vec,
    acos,
    argmin,
    asin,
    atan2,
    ceil,
    clamp,
    cond,
    copysign,
    floor,
    fmod,
    fn,
    grad,
    hypot,
    jacobian,
    jvp,
    max,
    maximum,
    min,
    minimum,
    norm,
    select,
    sign,
    sqrt,
    trunc,
)
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.program import ops
from rosesim.ad.program.interp import run
from rosesim.ad.program.ir import BOOL, REAL, Atom, Var
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.sym import Sym


class Row(NamedTuple):
    """A function, where it has a kink, and the slopes that are taken there."""

    name: str
    f: Callable[..., Any]
    at: tuple[float, ...]
    slopes: tuple[float, ...]
    second: tuple[tuple[float, ...], ...] | None = None
    """The second derivatives, rows by the first one taken; all 0 where not given."""


def least(*x: Any) -> Any:
    return min(3, lambda i: _picked(x, i))


def greatest(*x: Any) -> Any:
    return max(3, lambda i: _picked(x, i))


def at_the_least(*x: Any) -> Any:
    return _picked(x, argmin(3, lambda i: _picked(x, i)))


def _picked(x: Any, i: Any) -> Any:
    return select(i == 0, x[0], select(i == 1, x[1], x[2]))


def indexed(make: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x, a, b, c: _picked((a, b, c), make(x))


ROWS = [
    Row("sqrt", sqrt, (0.0,), (0.0,)),
    Row("sqrt", sqrt, (-0.0,), (0.0,)),
    Row("hypot", hypot, (0.0, 0.0), (0.0, 0.0)),
    Row("hypot", hypot, (-0.0, 0.0), (0.0, 0.0)),
    Row("norm", lambda x, y, z: norm([x, y, z]), (0.0, -0.0, 0.0), (0.0, 0.0, 0.0)),
    Row("abs", abs, (0.0,), (0.0,)),
    Row("abs", abs, (-0.0,), (0.0,)),
    Row("copysign", copysign, (0.0, -1.0), (0.0, 0.0)),
    Row("copysign", copysign, (3.0, -0.0), (-1.0, 0.0)),
    Row("copysign", copysign, (-3.0, 0.0), (-1.0, 0.0)),
    Row("sign", sign, (0.0,), (0.0,)),
    Row("floor", floor, (2.0,), (0.0,)),
    Row("ceil", ceil, (2.0,), (0.0,)),
    Row("trunc", trunc, (-0.0,), (0.0,)),
    Row("minimum", minimum, (1.5, 1.5), (1.0, 0.0)),
    Row("minimum", minimum, (0.0, -0.0), (1.0, 0.0)),
    Row("maximum", maximum, (1.5, 1.5), (1.0, 0.0)),
    Row("maximum", maximum, (-0.0, 0.0), (1.0, 0.0)),
    Row("clamp", clamp, (0.5, 0.5, 1.0), (1.0, 0.0, 0.0)),
    Row("clamp", clamp, (1.0, 0.5, 1.0), (1.0, 0.0, 0.0)),
    Row("clamp", clamp, (1.5, 0.5, 1.0), (0.0, 0.0, 1.0)),
    Row("min", least, (2.0, 1.0, 1.0), (0.0, 1.0, 0.0)),
    Row("max", greatest, (3.0, 1.0, 3.0), (1.0, 0.0, 0.0)),
    Row("argmin", at_the_least, (2.0, 1.0, 1.0), (0.0, 1.0, 0.0)),
    Row("fmod", fmod, (6.0, 3.0), (1.0, -2.0)),
    Row("fmod", fmod, (-6.0, 3.0), (1.0, 2.0)),
    Row("fmod", fmod, (-7.0, 4.0), (1.0, 1.0)),
    Row("%", lambda x, y: x % y, (6.0, 3.0), (1.0, -2.0)),
    Row("%", lambda x, y: x % y, (-7.0, 4.0), (1.0, 2.0)),
    Row("asin", asin, (1.0,), (0.0,)),
    Row("asin", asin, (-1.0,), (0.0,)),
    Row("acos", acos, (1.0,), (0.0,)),
    Row("acos", acos, (-1.0,), (0.0,)),
    Row("atan2", atan2, (0.0, 0.0), (0.0, 0.0)),
    Row("atan2", atan2, (-0.0, -0.0), (0.0, 0.0)),
    # By x it is as smooth as y says; by y at x <= 0 it is taken as constant.
    Row("pow", lambda x, y: x**y, (-2.0, 3.0), (12.0, 0.0), ((-12.0, 4.0), (0.0, 0.0))),
    Row("pow", lambda x, y: x**y, (0.0, 2.0), (0.0, 0.0), ((2.0, 0.0), (0.0, 0.0))),
    Row("pow", lambda x, y: x**y, (-2.0, 0.0), (0.0, 0.0)),
    Row("pow", lambda x, y: x**y, (0.0, 0.0), (0.0, 0.0)),
    Row("select", lambda x: select(x > 1.0, x, 2.0 * x), (1.0,), (2.0,)),
    Row("cond", lambda x: cond(x > 1.0, lambda: x, lambda: 2.0 * x), (1.0,), (2.0,)),
    Row("select", lambda x: select(x > 0.0, sqrt(x), 0.0), (0.0,), (0.0,)),
    Row("Index", indexed(lambda x: Index[3].clamp(x)), (1.0, 7.0, 8.0, 9.0), (0.0, 0.0, 1.0, 0.0)),
    Row("Index", indexed(lambda x: Index[3].wrap(x)), (-1.0, 7.0, 8.0, 9.0), (0.0, 0.0, 0.0, 1.0)),
    Row("real", lambda x: x * Real(Index[3].clamp(x)), (2.0,), (2.0,)),
]

STARTS = np.cumsum([0, *(len(r.at) for r in ROWS)])
N = int(STARTS[-1])
AT = np.array([v for r in ROWS for v in r.at])
SLOPES = np.array([v for r in ROWS for v in r.slopes])


@fn
def everything(x: Vec[Real, N]) -> Real:  # pyright: ignore[reportInvalidTypeForm] -- the length is that of the table
    whole = Real(0.0)
    for row, start in zip(ROWS, STARTS, strict=False):
        whole = whole + row.f(*(x[int(start) + k] for k in range(len(row.at))))
    return whole


def interpreted(f: Any, *args: Any) -> Any:
    results = run(f.traced(tuple(map(typeof, args))).func, args)
    return results[-1]


@functools.cache
def first(way: str, mode: str) -> np.ndarray:
    """The slopes of all rows."""
    f = grad(everything) if way == "reverse" else jvp(everything)
    args = [AT] if way == "reverse" else [AT, AT]
    call: Any = functools.partial(interpreted, f) if mode == "interpreter" else f.compile(*args, math=mode)
    if way == "reverse":
        return call(AT)
    out = (call(AT, e) for e in np.eye(N))
    return np.array([float(d[1] if isinstance(d, tuple) else d) for d in out])


@functools.cache
def second(way: str, mode: str) -> np.ndarray:
    """The Jacobian of the gradient, the argument of the second derivative along the columns."""
    f = jacobian(grad(everything)) if way == "reverse" else jvp(grad(everything))
    args = [AT] if way == "reverse" else [AT, AT]
    call: Any = functools.partial(interpreted, f) if mode == "interpreter" else f.compile(*args, math=mode)
    if way == "reverse":
        return call(AT)
    return np.stack([d[1] if isinstance(d, tuple) else d for d in (call(AT, e) for e in np.eye(N))], axis=1)


def names(row: Row) -> str:
    return f"{row.name}{row.at}"


@pytest.mark.parametrize("way", ["forward", "reverse"])
@pytest.mark.parametrize("mode", ["interpreter", "strict", "fast"])
def test_the_slope_at_every_kink(way: str, mode: str):
    found = first(way, mode)
    wrong = [names(r) for r, a in zip(ROWS, STARTS, strict=False) if tuple(found[a : a + len(r.at)]) != r.slopes]
    assert wrong == []


@pytest.mark.parametrize(("way", "mode"), [("forward", "interpreter"), ("forward", "fast"), ("reverse", "strict")])
def test_the_second_derivatives_at_every_kink(way: str, mode: str):
    found = second(way, mode)
    wrong: list[str] = []
    for r, a in zip(ROWS, STARTS, strict=False):
        n = len(r.at)
        expected = np.zeros((n, n)) if r.second is None else np.array(r.second)
        if not np.array_equal(found[a : a + n, a : a + n], expected):
            wrong.append(names(r))
    assert wrong == []
    outside = found.copy()
    for a, b in itertools.pairwise(STARTS):
        outside[a:b, a:b] = 0.0
    assert not outside.any()  # a row says nothing of another's arguments


# ------------------------------------------------------------------------------------- completeness


def kinked() -> set[str]:
    """The operators whose derivative has a convention: it is a choice, a constant, or chooses in its formula."""
    found: set[str] = set()
    for row in OPS.values():
        used: list[str] = []

        def emit(name: str, args: tuple[Atom, ...], used: list[str] = used) -> Atom:
            used.append(name)
            return Var(BOOL if OPS[name].result == "b" else REAL)

        if row.partials is not None:
            row.partials(*(Sym(Var(REAL), emit) for _ in row.kinds), Sym(Var(REAL), emit))
        if row.choose is not None or row.flat or {"select", "sign", "floor"} & set(used):
            found.add(row.name)
    return found


def test_every_operator_with_a_kink_is_tested_and_in_both_tables():
    doc = ops.__doc__
    assert doc is not None
    page = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
    table = page.split("## Derivatives at kinks")[1].split("```")[0]
    wanted = kinked()
    assert {"sqrt", "abs", "minimum", "floor", "atan2", "pow", "fmod"} <= wanted
    assert not {"sin", "mul", "exp", "tanh"} & wanted
    for name in sorted(wanted):
        assert name in {r.name for r in ROWS}, name
        # An integer turned into a real: the table speaks of all integers.
        assert name == "real" or re.search(rf"\b{name}\b", table), name
        assert name == "real" or re.search(rf"\b{name}\b", doc.split("Conventions at kinks")[1]), name


def test_what_the_table_names_is_tested():
    page = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
    table = page.split("## Derivatives at kinks")[1].split("```")[0]
    lines = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {word for line in lines for word in re.findall(r"`(\w+)", line)} - {"x"}
    assert named <= {r.name for r in ROWS}
    assert len(lines) >= 14
    assert all(math.isfinite(s) for s in SLOPES)
