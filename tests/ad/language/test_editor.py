"""What an editor's type checker says: nothing about natural programs, and that elements are numbers.

pyright runs in its basic mode over the examples of the pages and the docstrings, and over a file of
`reveal_type`s; over the apps it runs, in that mode, as `./test`'s check of types.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doc_examples import PAGES, ROOT, blocks, docstrings, source

PYRIGHT = [sys.executable, "-m", "basedpyright"]
SETTINGS = {
    "typeCheckingMode": "basic",
    "pythonVersion": "3.11",
    "extraPaths": [str(ROOT)],
    "reportUnusedExpression": False,  # an example names a value to show it, as at Python's prompt
    "reportMissingImports": False,  # PyTorch and JAX need not be there
}

TYPES = """
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rosesim import (
    Bool, Dual, Index, Real, Struct, Vec, accumulate, all, any, argmin, cond, const, dot, fn, grad, linspace,
    logsumexp, max, mean, min, opaque, prod, scan, select, softmax, sqrt, value_and_grad, vec, vjp, where,
    while_loop, zeros,
)
from rosesim import sum as total


@dataclass(frozen=True)
class Ball(Struct):
    x: Vec[Real, 2]
    mass: Real
    tag: Index[3]


@fn
def f(x: Vec[Real, 3], m: Vec[Vec[Real, 2], 11], i: Index[3], p: Bool, balls: Vec[Ball, 4], t: tuple[Real, Bool]):
    reveal_type(x[i])  # Real
    reveal_type(x[0] * 2.0 + i)  # Real
    reveal_type(m[10][1])  # Real
    reveal_type(m[10, 1])  # Real
    reveal_type(i * 2 + 1)  # Index
    reveal_type(0.5 * i)  # Real
    reveal_type((i < 2) & ~p)  # Bool
    reveal_type(Index[5].clamp(x[0]))  # Index
    reveal_type(x.at[i].set(1.0))  # Real
    reveal_type(sqrt(x * x + m[0, 0]) ** 2 / x - [1.0, 2.0, 3.0])  # Real
    reveal_type(x * np.ones(3) @ x + 2.0**x)  # Real
    reveal_type((x > 0.0) & (x[::-1] <= x))  # Bool
    reveal_type(where(x > 0.0, x, 0.0))  # Real
    reveal_type(total(x) + total(m, axis=0) + mean(m, axis=1) + total(x > 0.0))  # Real
    reveal_type(max(x) + max(m, axis=1) + min(3, lambda k: x[k]) + prod(x))  # Real
    reveal_type(any(x > 0.0) | all(3, lambda k: x[k] > 0.0))  # Bool
    reveal_type(argmin(x) + argmin(3, lambda k: x[k]))  # Index
    reveal_type(zeros(3) + linspace(0.0, x[0], 3))  # Real
    reveal_type(total(balls).mass)  # Real
    reveal_type(logsumexp(x) + total(softmax(x)))  # Real
    reveal_type([y for y in x])  # list[Real]
    reveal_type(balls[i].x[0])  # Real
    reveal_type(balls.at[0].set(balls[1]).mass)  # Real
    reveal_type(t[1])  # Bool
    reveal_type(x @ x)  # Real
    reveal_type(dot(x, x) + sqrt(2.0))  # Real
    reveal_type(vec(3, lambda i: x[i]))  # Real
    reveal_type(vec(3, lambda i: 1.0))  # Real
    reveal_type(vec(4, lambda i: balls[i]))  # Ball
    reveal_type(total(3, lambda i: x[i]))  # Real
    reveal_type(total(3, lambda i: i))  # Real
    reveal_type(total(3, lambda i: balls[i].x))  # Real
    reveal_type(argmin(3, lambda i: x[i]))  # Index
    reveal_type(scan(lambda c, i: c * x[i], 1.0, 3))  # Real
    reveal_type(scan(lambda c, i: (c * x[i], i), 1.0, 3))  # tuple[Real, Index]
    reveal_type(scan(lambda b, i: Ball(2 * b.x, b.mass, 0), balls[0], 3))  # Ball
    reveal_type(scan(lambda c, i: (c[1], c[0]), (x[0], 0.0), 3))  # Any
    reveal_type(scan(lambda c, i: anything(c), x[0], 3))  # Any
    reveal_type(cond(p, lambda: x[0], lambda: 0.0))  # Real
    reveal_type(cond(p, lambda: 1.0, lambda: 0.0))  # Real
    reveal_type(cond(p, lambda: balls[0], lambda: balls[1]))  # Ball
    reveal_type(cond(p, lambda: anything(x), lambda: 0.0))  # Any
    reveal_type(select(p, 0.0, x[0]))  # Real
    reveal_type(select(p, x, x))  # Real
    reveal_type(select(p, anything(x), anything(x)))  # Any
    reveal_type(while_loop(lambda c: c > 1.0, lambda c: 0.5 * c, x[0], limit=9))  # Real
    reveal_type(const(np.zeros(3))[i])  # Real
    reveal_type(select(const(np.array([True, False, True]))[i], x[0], 0.0))  # Real
    reveal_type(accumulate(Vec[Real, 3], lambda acc: acc.at[0].add(1.0)))  # Any
    return x[i]


def anything(x):
    return globals()[x]


@opaque
def half(x: float) -> float:
    return x / 2


@half.defjvp
def _(x: Dual) -> Dual:
    return Dual(half(x.re), 0.5 * x.du)


reveal_type(half(3.0))  # Real
reveal_type(f(np.zeros(3), [[1.0]], 1, True, [Ball([0.0, 0.0], 1.0, 2)], (1.0, False)))  # Real
reveal_type(Ball(np.zeros(2), 1.0, 2).x[0])  # Real
reveal_type(value_and_grad(half)(1.0))  # tuple[Real, Any]
reveal_type(vjp(half)(1.0)[0])  # Real
reveal_type(grad(half)(1.0))  # Any
reveal_type(round(half(1.0), 3))  # float
reveal_type(float(half(1.0)))  # float
"""

MISTAKES = """
from rosesim import Real, Vec, fn, sqrt

@fn
def f(x: Vec[Real, 3]) -> Real:
    x.mean()  # no method of a vector
    sqrt("x")  # no number
    return x[0] > 1.0  # a Bool
"""


Report = dict[str, Any]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Report]]:
    """What it reports about each kind of file, from one run over all of them."""
    folder = tmp_path_factory.mktemp("editor")
    for page in PAGES:
        name = "_".join(page.relative_to(ROOT).with_suffix("").parts)
        write(folder / "pages" / f"{name}.py", source("\n".join(blocks(page))))
    for module in (ROOT / "rosesim").rglob("*.py"):
        for name, text in docstrings(module).items():
            write(folder / "docstrings" / f"{name.replace('.', '_')}.py", text)
    write(folder / "types" / "revealed.py", TYPES)
    write(folder / "mistakes" / "made.py", MISTAKES)
    assert len(list((folder / "docstrings").iterdir())) > 60
    write(folder / "pyrightconfig.json", json.dumps(SETTINGS))
    command = [*PYRIGHT, "--outputjson", "--pythonpath", sys.executable, "--project", str(folder)]
    roomy = {**os.environ, "NODE_OPTIONS": "--max-semi-space-size=64"}  # takes an eighth less, as in ./test
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=roomy)
    out: dict[str, list[Report]] = {d.name: [] for d in folder.iterdir() if d.is_dir()}
    for d in json.loads(run.stdout)["generalDiagnostics"]:
        out[Path(d["file"]).relative_to(folder).parts[0]].append(d)
    return out


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def told(found: list[Report]) -> list[str]:
    """Reports as lines that a person can follow."""
    return [f"{Path(d['file']).name}:{d['range']['start']['line'] + 1}: {d['message']}" for d in found]


@pytest.mark.parametrize("kind", ["pages", "docstrings"])
def test_it_reports_nothing(reports: dict[str, list[Report]], kind: str) -> None:
    assert told(reports[kind]) == []


def test_it_knows_the_types_of_elements_and_results(reports: dict[str, list[Report]]) -> None:
    assert all(d["severity"] == "information" for d in reports["types"]), told(reports["types"])
    found = {d["range"]["start"]["line"]: d["message"].rpartition(' is "')[2][:-1] for d in reports["types"]}
    assert {k: t.replace("Unknown", "Any") for k, t in found.items()} == commented(TYPES)


def test_it_still_finds_mistakes(reports: dict[str, list[Report]]) -> None:
    assert {d["range"]["start"]["line"] for d in reports["mistakes"]} == set(commented(MISTAKES))


def commented(text: str) -> dict[int, str]:
    """The lines of a text that have a comment, and it."""
    return {k: line.partition("  # ")[2] for k, line in enumerate(text.splitlines()) if "  # " in line}
