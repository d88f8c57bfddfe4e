"""The lists "How to add ..." of CONTRIBUTING.md: one more of each kind needs the files named there, and no other.

What is added is written into a copy of the package, as a contributor would write it, and used from there.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from doc_examples import ROOT
from random_programs import Draw

from fuzz import writer
from fuzz.writer import Writer
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn
from rosesim.ad.program import ir
from rosesim.ad.program.ops import OPS, Operator
from rosesim.optimise.optimizers import RULES, GradientDescent
from rosesim.scenes import canvas
from tests.ad.derive import test_kinks
from tests.ad.program import test_nothing_falls_through as falls
from tests.ad.program import test_ops, test_slopes
from tests.codegen import test_operators, test_pipeline
from tests.optimise import test_optimise

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def steps(kind: str) -> str:
    """The list of how to add something of a kind."""
    (found,) = re.findall(rf"^### {re.escape(kind)}\n(.*?)(?=^##)", GUIDE, re.M | re.S)
    return found


class Checkout:
    """A copy of the package in which files are edited."""

    def __init__(self, folder: Path):
        shutil.copytree(ROOT / "rosesim", folder / "rosesim")
        self.folder = folder
        self.touched: list[str] = []

    def insert(self, file: str, before: str, text: str) -> None:
        """Write text into a file, above the first place where something stands."""
        path = self.folder / file
        old = path.read_text(encoding="utf-8")
        assert before in old
        path.write_text(old.replace(before, text + before, 1), encoding="utf-8")
        self.touched.append(file)

    def run(self, *command: str) -> str:
        """What Python prints if its packages are these."""
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (self.folder, ROOT, ROOT / "tests")))}
        done = subprocess.run(
            [sys.executable, *command], cwd=self.folder, env=env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_there_is_a_list_for_each_kind_and_each_is_short() -> None:
    kinds = re.findall(r"^### (.*)$", GUIDE.split("## How to add")[1].split("\n## Tests")[0], re.M)
    assert [k.split(" (")[0] for k in kinds] == [
        "an operator",
        "a construct",
        "a pass",
        "a target",
        "an optimiser",
        "a drawing primitive",
        "a scene",
    ]
    assert all(3 <= len(re.findall(r"^\d+\. ", steps(k), re.M)) <= 8 for k in kinds)


# -------------------------------------------------------------------- an operator, a construct (see also
# tests/ad/program/test_rows.py, test_nothing_falls_through.py)

NOT_DRAWN = {
    "cast": "widens the bounds of an index; the language writes it where two sides of a choice have others",
    "unit": "has the value of tanh, and a slope for networks that is less exact: tests/ad/program/test_ops.py has it",
    "SubRef": "a part of an accumulator that is handed to a function: the reverse of calls writes it",
}
"""What the fuzzer does not write itself, and why it need not."""

PROGRAMS = 300
"""At most so many are written; some fifty are enough while nothing is missing."""


def drawn() -> set[str]:
    """The operators and constructs of what the fuzzer writes: each of its tables' functions, and whole programs."""
    seen: set[str] = set()
    tables = ((writer.UNARY, 1), (writer.BINARY, 2), (writer.COMPARE, 2))
    for table, count in tables:
        for f in table:
            look(Fn(lambda *args, f=f: f(*args)).traced((T.REAL,) * count).func, seen)
    rng = random.Random(3)
    types = (T.REAL, T.BOOL, T.index(3), T.VecType(3, T.REAL))
    for k in range(PROGRAMS):
        if not missing(seen):
            break
        row = rng.randbytes(rng.randrange(40, 240))

        result = (T.REAL, T.index(5))[k % 2]

        def program(*args: Any, row: bytes = row, result: T.Type = result) -> Any:
            return Writer(row, wild=False).make(result, tuple(zip(types, args, strict=True)), writer.DEPTH)

        look(Fn(program).traced(types).func, seen)
    return seen


def look(func: ir.Func, seen: set[str]) -> None:
    for f in ir.reachable(func):
        for let in ir.all_lets(f.body) if isinstance(f.body, ir.Block) else ():
            seen.add(let.expr.name if isinstance(let.expr, ir.Op) else type(let.expr).__name__)


def missing(seen: set[str]) -> set[str]:
    """What random programs should be made of, and are not."""
    there = {*OPS, *(c.__name__ for c in get_args(ir.Expr) if c is not ir.Op)}
    return there - seen - NOT_DRAWN.keys()


def test_the_fuzzer_draws_every_operator_and_construct_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn()
    assert not missing(seen), "fuzz/writer.py draws none of these; see CONTRIBUTING.md"
    assert not NOT_DRAWN.keys() & seen, "these are drawn: they need no reason"

    @ir.node
    class Made:
        """A made-up construct."""

    monkeypatch.setitem(OPS, "made_up", Operator("made_up", "r", "r", lambda x: x))
    monkeypatch.setattr(ir, "Expr", ir.Expr | Made)
    assert missing(seen) == {"made_up", "Made"}


def test_random_programs_without_the_language_have_every_construct() -> None:
    """But a guard, which would stop most of them."""
    seen: set[str] = set()
    for seed in range(60):
        look(Draw(seed).program(), seen)
    assert {c.__name__ for c in get_args(ir.Expr)} - {"Op", "Guard"} <= seen


def test_an_operator_that_is_a_row_alone_is_asked_for_the_rest_of_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smooth one for its machine code, derivative and accuracy; one with a kink for its slopes there as well."""
    made = {
        "made_up": Operator("made_up", "r", "r", lambda x: x, partials=lambda x, z: (1.0,)),
        "made_up_step": Operator("made_up_step", "r", "r", lambda x: x, flat=True),
    }
    for name, row in made.items():
        monkeypatch.setitem(OPS, name, row)
    for asks in (
        test_operators.test_every_operator_has_a_lowering_and_no_other,
        test_ops.test_every_rule_has_a_test,
        test_slopes.test_every_operator_with_a_slope_is_asked,
        test_kinks.test_every_operator_with_a_kink_is_tested_and_in_both_tables,
    ):
        with pytest.raises(AssertionError, match="made_up"):
            asks()


def test_each_file_of_the_compiler_that_the_list_of_a_construct_names_refuses_a_made_up_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ir, "Expr", ir.Expr | falls.Made)
    refusing: set[Path] = set()
    for ask in falls.REFUSING.values():
        with pytest.raises(TypeError) as caught:
            ask()
        refusing.add(Path(caught.traceback[-2].path))  # the last is `unknown`
    listed = steps("a construct (a node of the program)")
    # What stands in brackets is a part of what stands before.
    meaning_derivative_code = re.sub(r"\(.*?\)", "", "".join(re.findall(r"^[235]\. .*$", listed, re.M)))
    named = re.findall(r"`((?:ad/|codegen/)?[\w/]+\.py)`", meaning_derivative_code)
    assert len(named) >= 8
    for name in named:
        assert any(str(p).endswith("/" + name) for p in refusing), f"{name} takes a new construct in silence"


# ------------------------------------------------------------------------------------------ a pass


PRINTED = """
import runpy, sys
from rosesim.cli import run
run(["info", "--passes"])
sys.argv[1:] = ["--rounds", "1", "--passes", "made-up", "bounce"]
runpy.run_path(sys.orig_argv[-1], run_name="__main__")
"""


def test_a_pass_is_a_row_and_is_printed_run_watched_and_left_out_by_its_name(checkout: Checkout) -> None:
    checkout.insert(
        "rosesim/codegen/pipeline.py",
        '    Stage(\n        Pass("split"',
        '    Stage(Pass("made-up", "gives the program back as it is", lambda f, _: f), "always", lambda _: True),\n',
    )
    listed = checkout.run("-c", PRINTED, str(ROOT / "benchmarks" / "passes.py"))
    assert re.search(r"^  made-up +gives the program back as it is", listed, re.M)
    names = re.findall(r"^  ([a-z-]+) ", listed, re.M)
    assert names.index("made-up") + 1 == names.index("split")
    assert json.loads(listed.splitlines()[-1])["without"].keys() == {"made-up"}
    assert checkout.touched == ["rosesim/codegen/pipeline.py"]
    assert "rosesim/codegen/pipeline.py" in steps("a pass")


def test_a_pass_that_the_manual_does_not_list_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (*test_pipeline.pipeline.passes(), ("always", test_pipeline.PRIMAL[0]))
    monkeypatch.setattr(test_pipeline.pipeline, "passes", lambda: more)
    with pytest.raises(AssertionError):
        test_pipeline.test_the_manual_lists_the_passes_in_their_order()
    assert "docs/performance.md" in steps("a pass")


TESTED_IN = {
    "loop_fission": "tests/codegen/test_products.py",
    "renaming": "tests/ad/passes/test_copies.py",
    "single_precision": "tests/codegen/test_precision.py",
    "lanes": "tests/codegen/test_lanes.py",
    "stops": "tests/ad/instrument/test_decisions.py",
    "tidy": "tests/codegen/test_pipeline.py",
}
"""Passes, or folders of them, whose tests have another name than theirs."""


def test_every_pass_has_its_tests_in_a_file_of_its_name_or_in_one_that_is_named_here() -> None:
    of: dict[str, str] = {}
    for folder in ("ad/passes", "codegen/passes"):
        for path in (ROOT / "rosesim" / folder).iterdir():
            if path.stem not in ("__init__", "__pycache__"):
                of[path.stem] = f"tests/{folder.split('/')[0]}"
    assert len(of) >= 13 and of.keys() >= TESTED_IN.keys()
    for name, folder in of.items():
        files = [ROOT / TESTED_IN[name]] if name in TESTED_IN else [*(ROOT / folder).rglob(f"test_{name}.py")]
        assert files and all(f.is_file() for f in files), f"{name}: no file of tests is called test_{name}.py"


# ---------------------------------------------------------------------------------------- a target

EMITTED = """
import numpy as np
from rosesim.cli import run
from rosesim.codegen import lowered
from rosesim.codegen.llvm import module
from rosesim.codegen.pipeline import planned
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import TARGETS
from rosesim.scenes import compiled, configure, find_scene, scene_names
target = TARGETS["made-up"]()
small = {"diffmpm3d": ["n=24"], "volume_renderer": ["n=16", "pixels=16"]}
for name in scene_names():
    scene, inputs = configure(find_scene(name), small.get(name, []))
    loss, params = compiled(scene).loss, scene.params(np.random.default_rng(0))
    func = loss.traced(loss.types_of((params, inputs))).func
    text = module.write(planned(func, Options(optimise=False), target), target).text
    print(name, "define" in text, "<4 x double>" in text, "rosesim_poll" in text)
print(lowered(func, Options(optimise=False), target).code[0][:4] == b"\\0asm")
run(["info", "--passes", "bounce", "--target", "made-up"])
"""

MADE_UP_TARGET = """
@cache
def made_up() -> Target:
    \"\"\"WebAssembly without vectors.\"\"\"
    from dataclasses import replace

    return replace(wasm32(), name="made-up", triple="wasm32-wasi", features="", vector_bytes=0, lanes=1)


"""


def test_a_target_is_a_record_for_which_the_text_of_all_scenes_is_written(checkout: Checkout) -> None:
    checkout.insert("rosesim/codegen/targets.py", "TARGETS: dict", MADE_UP_TARGET)
    checkout.insert("rosesim/codegen/targets.py", '"host": host, ', '"made-up": made_up, ')
    scenes, shown = re.split("^True$", checkout.run("-c", EMITTED), flags=re.M)
    lines = scenes.splitlines()
    assert len(lines) >= 15 and all(line.split()[1:] == ["True", "False", "False"] for line in lines), lines
    assert "split" in shown and "vectorize-batches" not in shown
    assert set(checkout.touched) == {"rosesim/codegen/targets.py"}
    assert "rosesim/codegen/targets.py" in steps("a target")


def test_nothing_else_in_the_compiler_names_a_machine() -> None:
    words = re.compile(r"wasm32|nvptx|win32|sys\.platform|import platform\b|x86|aarch64|arm64")
    found = {
        str(p.relative_to(ROOT / "rosesim"))
        for folder in ("ad", "codegen")
        for p in sorted((ROOT / "rosesim" / folder).rglob("*.py"))
        if words.search(p.read_text(encoding="utf-8"))
    }
    assert found == {
        "codegen/targets.py",
        "codegen/llvm/engine.py",  # says what this computer is, for `host`
        "codegen/wasm/module.py",  # makes modules for the one machine that has them
        "codegen/runtime/worker_code.py",  # of this computer: how a thread waits
        "codegen/runtime/interrupt.py",  # of this process: the size of the C library's clock
    }


# ------------------------------------------------------------------------------------ an optimiser

MADE_UP_RULE = '''@dataclass(frozen=True)
class Signs:
    """x - rate * the signs of the gradient."""

    def start(self, x: Vector) -> State:
        """Nothing is remembered."""
        return {}

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Against the signs."""
        return x - rate * np.sign(gradient), {}


'''

TRAINED = """
import json, sys
import numpy as np
from pathlib import Path
from valley import Valley
from rosesim.cli import run as command
from rosesim.cli.watch import _optimizer
from rosesim.optimise.descent import norm
from rosesim.train import resume, train, train_starts
scene = Valley()
whole = train(scene, iterations=6, optimizer="signs")
train(scene, iterations=4, optimizer="signs", out=Path("run"))
resumed = resume(Path("run"), iterations=6, scene=scene)
batch = train_starts(scene, 2, iterations=6, optimizer="signs")
status = command(["train", "bounce", "--optimizer", "signs", "--iterations", "1", "--headless", "--json"])
viewer = type(_optimizer(scene, "signs", scene.inputs()).rule).__name__
print(json.dumps([whole.losses == resumed.losses, len(whole.losses), len(batch.runs), status, viewer]))
"""


def test_a_rule_is_a_dataclass_and_a_row_and_everything_that_trains_takes_it(checkout: Checkout) -> None:
    checkout.insert("rosesim/optimise/optimizers.py", "RULES: dict", MADE_UP_RULE)
    checkout.insert("rosesim/optimise/optimizers.py", '    "adam": Adam(),', '    "signs": Signs(),\n')
    same, count, runs, status, viewer = json.loads(checkout.run("-c", TRAINED).splitlines()[-1])
    assert (same, count, runs, status, viewer) == (True, 7, 2, 0, "Signs")
    assert set(checkout.touched) == {"rosesim/optimise/optimizers.py"}
    assert "rosesim/optimise/optimizers.py" in steps("an optimiser")


def test_a_rule_that_lacks_its_formula_its_name_or_its_line_in_the_manual_is_asked_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Signs(GradientDescent):
        pass

    monkeypatch.setitem(RULES, "signs", Signs())
    monkeypatch.setattr(test_optimise, "OPTIMIZERS", ("signs", *test_optimise.OPTIMIZERS))
    for test in (
        test_optimise.test_every_rule_has_a_formula,
        test_optimise.test_every_rule_is_public,
        test_optimise.test_the_manuals_table_has_every_optimiser_in_order,
    ):
        with pytest.raises(AssertionError):
            test()


# ----------------------------------------------------------------------------- a drawing primitive

PRIMITIVES = {c.__name__ for c in get_args(canvas.Primitive)}


def loose_matches(source: str) -> Iterator[int]:
    """The lines of matches on primitives that do not end by refusing what they do not name.

    The type checker finds those that end so and do not name all: what is left over is no `Never`.
    """
    for tree in ast.walk(ast.parse(source)):
        if isinstance(tree, ast.Match):
            named = {
                ast.unparse(p.cls) for c in tree.cases for p in ast.walk(c.pattern) if isinstance(p, ast.MatchClass)
            }
            ends = ast.unparse(tree.cases[-1].body[-1])
            if named & PRIMITIVES and not ends.startswith("assert_never("):
                yield tree.lineno


def test_the_type_checker_names_each_match_on_primitives_that_lacks_one() -> None:
    for path in (ROOT / "rosesim").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "scenes.canvas import" in source or path.name == "canvas.py":
            assert not list(loose_matches(source)), path
    painter = (ROOT / "rosesim" / "view" / "painter.py").read_text(encoding="utf-8")
    assert painter.count("assert_never(p)") == 2
    assert len(list(loose_matches(painter.replace("assert_never(p)", "pass")))) == 2
    assert "rosesim/view/painter.py" in steps("a drawing primitive")


# ------------------------------------------------------------------------- a scene (see also tests/cli/test_new.py,
# tests/house/test_packaging.py, which installs what `rosesim new` makes, and tests/house/test_gallery.py)


def lacking(name: str) -> list[str]:
    """What a scene of this repository should have, and has not."""
    files = [f"apps/{name}/{f}" for f in ("scene.py", "__init__.py", "README.md")] + [f"tests/apps/test_{name}.py"]
    lines = {
        "pyproject.toml": f'{name} = "rosesim_apps.{name}:',
        "docs/gradients.md": f"\n| `{name}` ",
        "docs/figures/gallery.py": name,
    }
    assert all(f.replace(name, "NAME") in steps("a scene") for f in (files[0], files[1], files[3], *lines))
    texts = {f: (ROOT / f).read_text(encoding="utf-8") for f in lines}
    return [f for f in files if not (ROOT / f).is_file()] + [f for f, line in lines.items() if line not in texts[f]]


def test_every_scene_has_all_that_the_list_names() -> None:
    names = [p.parent.name for p in sorted((ROOT / "apps").glob("*/scene.py"))]
    assert len(names) >= 15 and {name: lacking(name) for name in names} == {name: [] for name in names}
    assert len(lacking("made_up")) == 7
