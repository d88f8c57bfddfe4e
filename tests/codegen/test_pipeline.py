"""The passes in their order: printed, watched, timed, left out; and programs before and after each."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from shown import program

from rosesim import Real, Vec, fn, scan, sum, value_and_grad, vec
from rosesim.ad.passes.tidy import PRIMAL, REVERSE, TRACED
from rosesim.ad.program.ir import Func
from rosesim.ad.program.program_pass import Ran, watched
from rosesim.cli import run
from rosesim.cli.about import TargetName
from rosesim.codegen import pipeline
from rosesim.codegen.pipeline import DECISIONS, SPARED, STAGES, planned, without
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import TARGETS, host, nvptx64

ORDER = [
    "share-functions", "inline", "unroll-short", "split-vectors", "forward-elements", "share-copies", "index-values",
    "single-precision",
    "guard-numbers", "sink-adds", "single-adds", "sum-straight", "find-products", "share-products", "block-adds",
    "absorb-tails", "forward-rows", "stage-scatters", "gather-sums", "scale-carries", "carry-sums",
    "part-scatters", "fuse-loops", "spread-runs", "vectorize-batches", "split",
]  # fmt: skip
FAST = {
    "absorb-tails", "forward-rows", "stage-scatters", "gather-sums", "scale-carries", "carry-sums",
    "part-scatters", "fuse-loops", "spread-runs",
}  # fmt: skip
SPECIAL = {"single-precision", "guard-numbers"}


@fn
def energy(x: Vec[Real, 6], w: Vec[Real, 6]) -> Real:
    """A loop whose gradient adds to what all steps share."""
    return sum(6, lambda k: scan(lambda x, t: vec(6, lambda i: x[i] * w[i] + 0.1 * t), x, 20)[k])


def gradient() -> Func:
    """The program of its gradient, traced anew."""
    f = value_and_grad(fn(energy.python))
    return f.traced(f.types_of((np.ones(6), np.ones(6)))).func


def ran(*, target: Any = None, **options: Any) -> list[Ran]:
    """What runs when a program is traced, differentiated and planned."""
    found: list[Ran] = []
    with watched(found.append):
        planned(gradient(), Options(**options), target or host())
    return found


def test_passes_run_in_the_order_that_is_stated() -> None:
    assert [s.step.name for s in STAGES] == ORDER
    names = [r.name for r in ran()]
    whole = [n for n in names if n in ORDER]
    assert whole == [n for n in ORDER if n not in SPECIAL]
    strict = [r.name for r in ran(math="strict")]
    assert [n for n in strict if n in ORDER] == [n for n in ORDER if n not in SPECIAL | FAST]
    assert names[-len(whole) :] == whole, "a function is differentiated before its program is compiled"
    reverse = [p.name for p in REVERSE]
    assert names[0] == TRACED[0].name
    at = names.index(PRIMAL[0].name)
    assert names[at + 1 : at + 1 + len(reverse)] == reverse


@pytest.mark.parametrize(
    ("options", "with_", "without_"),
    [
        ({"precision": "f32"}, {"single-precision", "sink-adds"}, {"guard-numbers"}),
        ({"debug": True}, {"guard-numbers", "inline", "split"}, {*ORDER} - {"guard-numbers", "inline", "split"}),
        ({"target": nvptx64()}, {"sink-adds", "block-adds"}, {"find-products", "spread-runs", "vectorize-batches"}),
    ],
)
def test_what_runs_depends_on_how_and_for_what_a_program_is_compiled(
    options: dict[str, Any], with_: set[str], without_: set[str]
) -> None:
    names = {r.name for r in ran(**options)}
    assert with_ <= names and not without_ & names


def test_each_pass_begins_with_what_the_one_before_it_gave() -> None:
    whole = [r for r in ran() if r.name in ORDER]
    assert all(a.after is b.before for a, b in pairwise(whole))
    assert all(r.seconds >= 0 for r in whole)
    assert any(r.after is not r.before for r in whole)


def test_nothing_is_watched_outside() -> None:
    found = ran()
    count = len(found)
    planned(gradient(), Options(), host())
    assert len(found) == count


def test_what_is_left_out_changes_no_strict_bit() -> None:
    x, w = np.random.default_rng(0).normal(size=(2, 6))

    def bits() -> list[bytes]:
        value, gradients = value_and_grad(fn(energy.python)).compile(x, w, math="strict", optimise=False)(x, w)
        return [np.float64(value).tobytes(), *(np.asarray(g).tobytes() for g in gradients)]

    want = bits()
    for name in SPARED:
        with without(name):
            assert bits() == want, name


def test_what_is_left_out_does_not_run() -> None:
    with without("sink-adds", "split"):
        names = [r.name for r in ran()]
        plan = planned(gradient(), Options(), host())
    assert "sink-adds" not in names and "split" not in names and "block-adds" in names
    assert plan.effort == "all" and plan.independent
    with without("straight-line-vectoriser", "inline-calls", "independent-loops"):
        plan = planned(gradient(), Options(), host())
    assert plan.effort == "loops" and not (plan.independent or plan.inlines_last)


def test_the_effort_suits_the_program() -> None:
    def long(x: Real) -> Real:
        for k in range(2_000):
            x = x * (0.9 + k) - 0.1
        return x

    def effort(f: Func, **options: Any) -> str:
        return planned(f, Options(**options), host()).effort

    straight = program(long, 1.0)
    steps = program(lambda x: scan(lambda c, _: long(c), x, 2), 1.0)
    assert [effort(f) for f in (gradient(), straight, steps)] == ["all", "once", "loops"]
    assert effort(straight, optimise=False) == "none"
    with without("straight-code"):
        assert effort(straight) == "loops"


@pytest.mark.parametrize("name", ["sunk", "single-precision", "share-memory", "simplify-trace"])
def test_what_cannot_be_left_out_is_refused_with_what_can(name: str) -> None:
    what = rf"'{name}' cannot be left out; expected one of share-functions, inline, .*, independent-loops"
    with pytest.raises(ValueError, match=what), without(name):
        pass


def test_passes_and_decisions_have_names_of_their_own_and_say_what_they_are_for() -> None:
    every = [p for _, p in pipeline.passes()] + [*DECISIONS]
    assert len({p.name for p in every}) == len(every)
    for p in every:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", p.name) and 10 < len(p.purpose) < 80


def test_the_manual_lists_the_passes_in_their_order() -> None:
    text = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `([a-z-]+)` \|", text, re.M)
    assert table == [p.name for _, p in pipeline.passes()] + [d.name for d in DECISIONS]


# ----------------------------------------------------------------------------- the command


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["info", *arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["info", *arguments]) == 2
    return capsys.readouterr().err


def test_info_prints_every_pass_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--passes")
    names = re.findall(r"^  ([a-z-]+) ", out, re.M)
    assert names == [p.name for _, p in pipeline.passes()] + [d.name for d in DECISIONS]


def test_info_times_the_passes_of_a_scene(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--passes", "bounce")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:-1]}
    assert rows["split"][0] == "1" and int(rows["simplify-trace"][1]) >= int(rows["simplify-trace"][2]) > 0
    assert "vectorize-batches" in rows
    assert "vectorize-batches" not in printed(capsys, "--passes", "bounce", "--target", "nvptx64")


def test_info_shows_a_program_before_and_after_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    before = printed(capsys, "--passes", "bounce", "--before", "inline")
    after = printed(capsys, "--passes", "bounce", "--after", "inline")
    assert before.startswith("# before inline") and after.startswith("# after inline")
    # Functions that are called once are then part of their callers.
    assert before.count("\nfn ") > after.count("\nfn ") == 1
    # Each function by itself; of other settings, so that nothing has been traced yet.
    halves = printed(capsys, "--passes", "bounce", "--set", "steps=57", "--after", "simplify-reverse")
    assert halves.count("# after simplify-reverse") == halves.count("\nfn ") > 0
    assert "guard-numbers did not run" in printed(capsys, "--passes", "bounce", "--after", "guard-numbers")


def test_info_dumps_every_program_into_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    printed(capsys, "--passes", "bounce", "--dump", str(tmp_path / "programs"))
    names = [p.name for p in sorted((tmp_path / "programs").iterdir())]
    assert names[0] == "001-simplify-trace.txt" and names[-1].endswith("-split.txt")
    assert "value_and_grad(loss)" in (tmp_path / "programs" / names[-1]).read_text(encoding="utf-8")


def test_the_help_names_every_target() -> None:
    (option,) = get_args(TargetName)[1:]
    assert all(re.search(rf"\b{name}\b", option.help) for name in TARGETS)


def test_info_refuses_in_words_what_there_is_not(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = refused(capsys, "--passes", "bounce", "--before", "sunk")
    assert "no pass is called 'sunk'; expected one of simplify-trace," in said and ORDER[-1] in said
    assert f"expected one of {', '.join(TARGETS)}" in refused(capsys, "--passes", "bounce", "--target", "cuda")
    assert "name a SCENE" in refused(capsys, "--passes", "--after", "split")
    assert "give --passes, too" in refused(capsys, "bounce", "--after", "split")
    both = refused(capsys, "--passes", "bounce", "--after", "split", "--dump", str(tmp_path))
    assert "exclude each other" in both
