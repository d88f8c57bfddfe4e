"""A fixed slice of the fuzzer's programs; that it notices what is broken; that a run can be stopped and goes on."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fuzz.case import Case
from fuzz.choices import of_edition
from fuzz.chunk import judge, run_chunk
from fuzz.journal import CHANGED, Journal, report
from fuzz.oracle import Disagreement, Stopped, interpreted
from fuzz.slopes import Slopes
from rosesim import fn, jvp, log, vjp
from rosesim.ad.language import types
from rosesim.ad.language.function import Fn
from rosesim.ad.program.ops import OPS
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import cache, engine
from rosesim.codegen.llvm import products as kernels
from rosesim.codegen.llvm.lower_ops import LOWERING
from rosesim.codegen.passes import fuse
from rosesim.codegen.passes.lanes import writer


def test_random_programs_agree_in_the_common_ways() -> None:
    chunk = run_chunk(1, 24, modes=False)
    assert not chunk["found"], chunk["found"]
    count = chunk["counts"]
    assert count["unoptimised"] == count["optimised, strict"] + count["optimised, fast"] == count["programs"]
    # Most of them are compared in full.
    assert count["reverse = transpose of forward"] > 17
    assert count["forward = differences"] > 11


def test_random_programs_agree_in_the_other_modes() -> None:
    chunk = run_chunk(2, 8, modes=True)
    assert not chunk["found"], chunk["found"]
    count = chunk["counts"]
    assert count["programs"] == count["from the cache"] == count["second derivative"] == 8
    assert count["in lanes, strict"] > 3


def test_random_programs_have_the_bits_of_machine_code_in_wasm() -> None:
    chunk = run_chunk(3, 14, modes=False, wasm=True)
    assert not chunk["found"], chunk["found"]
    count = chunk["counts"]
    refused = count.get("not compiled for WebAssembly: opaque", 0)
    assert count["in WebAssembly"] == count["programs"] - refused >= 12


def test_a_place_that_is_too_small_in_wasm_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def room(plan: Any, ty: Any) -> int:
        plan.end += 8
        return plan.end - 8

    monkeypatch.setattr("rosesim.codegen.wasm.module._Plan._room", room)
    with pytest.raises(Disagreement, match="in WebAssembly differs from strict machine code"):
        for number in range(20):
            judge(random.Random(number).randbytes(64), Counter(), wasm=True)


SLICE = (2073, 2034, 2057, 2095, 2102)
MORE = (2090, 2119, 2091, 2094, 2066, 2011, 2012, 2027, 2045, 2121)
"""Numbers of large programs of little work; those of the slice meet every pass over loops twice."""


def _large(number: int) -> bytes:
    return random.Random(number).randbytes(64)


def test_random_large_programs_agree_and_meet_the_passes_over_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    count: Counter[str] = Counter()
    with of_edition(1):
        for number in SLICE:
            judge(_large(number), count, large=True)
    assert count["optimised, fast"] == len(SLICE)
    names = (
        "unroll-short forward-elements share-copies sum-straight find-products carry-sums part-scatters fuse-loops"
    )
    for name in (*names.split(), "spread-runs"):
        assert count[CHANGED + name] >= 2, name


@pytest.mark.full
def test_more_large_programs_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    with of_edition(1):
        for number in MORE:
            judge(_large(number), Counter(), large=True)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("c51d3800000000000000000000000000f40000c101000000", "a sum of products is beyond the largest number"),
        ("7d407400146b002b5a" + "00" * 7 + "06" + "00" * 5 + "06" + "00" * 33 + "03" + "00" * 8 + "0315" + "00" * 16
         + "0367", "a value times its cotangent is beyond the largest number"),
        ("1d0201000000000000000000000000000000017300005800", "overflow, underflow or NaN"),
        ("00040000000000000000000000000000c00a001501160100000000004d00000497000003", "reads the sign of a zero"),
    ],
)  # fmt: skip
def test_what_the_largest_numbers_do_to_sums_and_products_is_told_apart(row: str, why: str) -> None:
    count: Counter[str] = Counter()
    with of_edition(1):
        judge(bytes.fromhex(row), count)
    assert any(why in what for what in count), count


def test_a_sum_in_an_accumulator_may_be_rounded_in_another_order() -> None:
    """Seven equal cotangents, beside one of a chaotic map that is ten to the eighth times as large."""
    count: Counter[str] = Counter()
    with of_edition(3):
        judge(bytes.fromhex("0014c8010000000000000000000000000d00feff00cb000100a001430000000100000100015c"), count)
    assert count["optimised, fast"] == 1 and any("floor" in c for c in count), count  # compared; that program


def test_a_sum_of_products_is_the_sum_of_these_products_in_fast_code() -> None:
    """The derivative of x -> -(15 x^4 + 21 x^3), of which LLVM made another polynomial, 0.5 % off."""
    case = Case(
        bytes.fromhex("000000000000000000000000000000000c910000ab0500000000000001000100010100000100e90000000001")
    )
    with of_edition(1):
        func = case.traced_whole().func
    arguments = case.arguments(func)
    x, t = arguments[0][0], arguments[1][0]
    assert compile_func(func)(*arguments)[3] == pytest.approx(-(60 * x**3 + 63 * x**2) * t, rel=1e-12)


def _rule(name: str, **changed: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(OPS, name, dataclasses.replace(OPS[name], **changed))


BROKEN: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a slope of the wrong sign": _rule("sub", partials=lambda x, y, z: (1.0, 1.0)),
    "a choice of the wrong side": _rule("minimum", choose=lambda x, y: (x.le(y), 1, 0)),
    "an instruction for another": lambda patch: patch.setitem(LOWERING, "lt", LOWERING["le"]),
    "a lane that takes the other side": lambda patch: patch.setattr(
        writer.LaneWriter, "choose", lambda self, p, a, b, ty: self.vary(a)
    ),
}


BROKEN_LARGE: dict[str, tuple[int, Callable[[pytest.MonkeyPatch], None]]] = {
    "loops fused where the second reads other places": (
        2073,
        lambda patch: patch.setattr(fuse, "_reads_own", lambda *_: True),
    ),
    "a kernel that takes one vector of a row for another": (
        2095,
        lambda patch: patch.setattr(kernels, "places_of", lambda widths: [(0, w) for w in widths]),
    ),
}
"""Each with the number of the slice from which on a program soon shows it."""


SEED = {"a lane that takes the other side": 16}
"""One whose programs show it soon: of those in lanes not many choose."""


def _rows(seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    return (rng.randbytes(rng.randrange(40, 240)) for _ in range(30))


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_noticed_within_a_few_programs(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    BROKEN[how](monkeypatch)
    with of_edition(1), pytest.raises(Disagreement):
        for row in _rows(SEED.get(how, 7)):
            judge(row, Counter(), modes="lane" in how)


@pytest.mark.parametrize("how", BROKEN_LARGE)
def test_what_is_broken_in_a_pass_over_loops_is_noticed(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    first, broken = BROKEN_LARGE[how]
    broken(monkeypatch)
    with of_edition(1), pytest.raises(Disagreement):
        for number in SLICE[SLICE.index(first) :]:
            judge(_large(number), Counter(), large=True)


def test_a_run_that_is_stopped_goes_on(tmp_path: Path) -> None:
    def run(*more: str) -> str:
        command = [sys.executable, "-m", "fuzz", "--out", str(tmp_path), "--size", "3", *more]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout

    run("--programs", "3")
    (first,) = Journal(tmp_path).entries()
    with Journal(tmp_path).file.open("a") as f:
        f.write('{"chunk": 1, "size"')  # a line that was cut off
    said = run("--programs", "6")
    again, second = Journal(tmp_path).entries()
    assert (again, second["chunk"]) == (first, 1)
    assert "| programs | 6 |" in said
    assert "0 disagreements" in said


def test_the_report_names_what_was_found() -> None:
    found = {"row": "00ff", "said": "Disagreement: x", "trace": ""}
    entry = {
        "chunk": 4,
        "size": 1,
        "modes": False,
        "counts": {"programs": 1, "has sin": 1, "sin in scan": 1, CHANGED + "fuse-loops": 7},
        "found": found,
    }
    said = report([json.loads(json.dumps(entry))])
    assert "1 disagreements" in said
    assert "chunk 4: row 00ff: Disagreement: x" in said
    assert "| fuse-loops | 7 |" in said
    assert "chunk 4: large row 00ff" in report([{**entry, "large": True}])


INVALID = "ef21a47fbf0af48987a3d6043dda08eef36ff2566cd4b752f6900e540fcbd9de627f0358"
"""The row, as the writer of today reads it, of a program of which LLVM makes an invalid module, as it did of a `pow`
whose base it found to be constant (docs/trust.md)."""


def test_a_program_whose_module_llvm_makes_invalid_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    valid: list[bool] = []
    is_valid = engine._is_valid
    monkeypatch.setattr(engine, "_is_valid", lambda module: valid.append(is_valid(module)) or valid[-1])
    with of_edition(1):
        judge(bytes.fromhex(INVALID), Counter(), modes=True)
    assert not all(valid)  # else another LLVM, or another writer: this row shows nothing any more


def judged_derivatives(x: float, y: float, wrong: bool) -> list[str]:
    """What is said of the derivatives of log(x) y at a point; with `wrong`, of an infinite one in their place."""
    f = fn(lambda x, y: log(x) * y)

    def whole(x: Any, y: Any, dx: Any, dy: Any, ct: Any) -> Any:
        value, back = vjp(f)(x, y)
        again, tangent = jvp(f)(x, y, dx, dy)
        return (value, again, *back(ct), tangent)

    func = Fn(whole).traced((types.REAL,) * 5).func
    args = (x, y, 0.0, 1.0, 1.0)
    judge: Any = SimpleNamespace(func=func, args=args, case=SimpleNamespace(sizes=(1, 2, 1)), count=Counter[str]())
    meant = interpreted(func, args)
    assert not isinstance(meant, Stopped)
    Slopes(judge, (*meant[:2], math.inf, *meant[3:]) if wrong else meant).judged()
    return list(judge.count)


def test_a_derivative_that_is_not_finite_has_to_meet_a_rule() -> None:
    """At x = 0 a slope is infinite, which the rule of docs/language.md allows for; at x = 1 none is."""
    (said,) = judged_derivatives(0.0, 0.0, wrong=False)
    assert said.startswith("derivative not finite, ") and said.endswith(": a value or a slope on the way is not")
    with pytest.raises(Disagreement, match="every slope is"):
        judged_derivatives(1.0, 2.0, wrong=True)
