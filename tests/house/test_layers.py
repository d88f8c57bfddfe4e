"""The layers: imports point one way, and heavy packages are loaded when they are needed, not before."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import layers
import pytest

ROOT = Path(__file__).parents[2]
OWNERS = {  # heavy packages, and the layer or layers that import each
    "llvmlite": "codegen",
    "platformdirs": "codegen",
    "pygame": "view",
    "imageio": "view",
    "PIL": ("scenes", "view", "diagrams"),  # pictures in, pictures out, glyphs
    "scipy": ("ad", "optimise", "robots"),  # a sparse matrix as one of SciPy's, for who asks for it; least squares
    "cmaes": "optimise",
    "tomli_w": "train",
    "dask": "train",
    "distributed": "train",
    "lark": "diagrams",
    "anywidget": "web",
    "traitlets": "web",
    "ziamath": "diagrams",
    "resvg_py": "diagrams",
    "typer": "cli",
    "torch": "interop",
    "jax": "interop",
    "gymnasium": "interop",
    "rich": "cli",
}

IMPORT_SECONDS = 0.15  # over bare Python; NumPy takes half of it
HELP_SECONDS = 0.3
TRIES = 20  # of which the quickest counts: other processes only ever add time


def imports() -> layers.Imports:
    """Not read when this file is collected, which each process of a run does."""
    return layers.imports()


def imported(tree: ast.AST) -> list[str]:
    """The dotted names of all modules that a file imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which layer is meant"
            module = node.module or ""
            names += [f"{module}.{a.name}" if module == "rosesim" else module for a in node.names]
    return names


def test_a_room_imports_only_itself_and_what_is_below():
    assert layers.uphill(imports()) == []


def test_every_file_is_in_a_room_and_every_room_has_one():
    rooms = {layers.room(name) for name in imports()} - {"rosesim", "__main__", "ad"}
    assert rooms == set(layers.ROOMS)


def test_no_files_import_each_other_in_a_circle():
    assert layers.circle(imports()) == []


def test_an_import_within_a_function_that_would_close_a_circle_says_why():
    files = layers.modules()
    for name, late in layers.closes_a_circle(imports()):
        line = files[name].read_text(encoding="utf-8").splitlines()[late.line - 1]
        assert "  # " in line, f"{name}:{late.line} imports {late.of} without a reason on the line"


def test_the_drawing_is_of_these_imports():
    assert layers.PICTURE.read_text(encoding="utf-8") == layers.drawing(imports()), "run docs/figures/layers.py"


def reached(start: str) -> set[str]:
    """The rooms of what importing a module imports (late imports left out), its own among them."""
    of, found, todo = imports(), set[str](), [start]
    while todo:
        if (name := todo.pop()) not in found:
            found.add(name)
            todo += [i.of for i in of[name] if not i.is_late and not i.is_for_types]
    return set(map(layers.room, found))


def test_what_runs_programs_and_what_plans_them_knows_no_writer_of_text():
    assert "codegen.llvm" in reached("rosesim.codegen.llvm.backend")
    for module in ("runtime.call", "pipeline"):
        assert "codegen.llvm" not in reached(f"rosesim.codegen.{module}")


@pytest.mark.parametrize("layer", sorted({name.split(".")[1] for name in layers.modules() if name.count(".") > 1}))
def test_a_heavy_package_is_imported_by_its_owner_alone(layer: str):
    for file in (ROOT / "rosesim" / layer).rglob("*.py"):
        for name in imported(ast.parse(file.read_text(encoding="utf-8"))):
            top = name.partition(".")[0]
            assert layer in OWNERS.get(top, layer), f"{file} imports {name}"
            assert top != "rosesim_apps", f"{file} imports an app"


def test_apps_import_only_the_public_surface():
    for file in (ROOT / "apps").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rosesim"):
                assert node.module in ("rosesim", "rosesim.scenes", "rosesim.scenes.kit"), (
                    f"{file} imports from {node.module}"
                )
            if isinstance(node, ast.Import):
                assert not [a.name for a in node.names if a.name.startswith("rosesim.")], f"{file}"


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def loaded_after(program: str) -> set[str]:
    out = python("-c", f"{program}\nimport sys\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}))")
    return set(out.splitlines()[-1].split())


def test_importing_rosesim_loads_no_heavy_package():
    assert not set(OWNERS) & loaded_after("import rosesim")


def test_declaring_and_configuring_a_scene_loads_no_heavy_package():
    program = "from rosesim.scenes import *; configure(find_scene('billiards'), ['steps=64'])"
    assert not set(OWNERS) & loaded_after(program)


def test_llvm_is_loaded_at_the_first_compilation_and_no_picture_package_with_it():
    define = "import rosesim\n@rosesim.fn\ndef f(x: rosesim.Real) -> rosesim.Real: return x * x\n"
    assert "llvmlite" not in loaded_after(define)
    found = set(OWNERS) & loaded_after(define + "assert f(3.0) == 9.0")
    assert {"llvmlite"} <= found <= {"llvmlite", "platformdirs"}  # the latter asks where caches are kept


def test_help_loads_only_typer():
    program = "from rosesim.cli import run; assert run(['--help']) == 0"
    assert set(OWNERS) & loaded_after(program) == {"typer"}


def seconds(*arguments: str) -> float:
    """Processor time of a Python process: on an idle machine its duration, and steadier on a busy one."""
    before = os.times()
    python(*arguments)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def slowness(numpy: float) -> float:
    """How much slower than when idle the machine is now, by the import of NumPy (0.075 s, half of the limit)."""
    return max(1.0, numpy / 0.075)


@pytest.mark.skipif(os.name == "nt", reason="children's times are not kept there")
def test_rosesim_is_imported_quickly():
    bare, found, numpy = [], [], []
    for _ in range(TRIES):
        bare.append(seconds("-c", "pass"))
        found.append(seconds("-c", "import rosesim"))
        numpy.append(seconds("-c", "import numpy"))
        if min(found) - min(bare) < IMPORT_SECONDS * slowness(min(numpy) - min(bare)):
            return
    pytest.fail(f"import rosesim takes {min(found) - min(bare):.3f} s over bare Python")


@pytest.mark.skipif(os.name == "nt", reason="children's times are not kept there")
def test_help_comes_quickly():
    bare, found, numpy = [], [], []
    for _ in range(TRIES):
        bare.append(seconds("-c", "pass"))
        found.append(seconds("-m", "rosesim", "--help"))
        numpy.append(seconds("-c", "import numpy"))
        if min(found) < HELP_SECONDS * slowness(min(numpy) - min(bare)):
            return
    pytest.fail(f"--help takes {min(found):.3f} s")
