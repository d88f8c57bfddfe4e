"""Other machines than this one, and another backend: the seam between what writes programs and what runs them."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_programs import Draw, arguments

import rosesim.codegen
from rosesim import Index, Real, Vec, const, fn, grad, opaque, scan, sin, sum, value_and_grad, vec, vmap
from rosesim.ad.language.function import Fn
from rosesim.ad.program import interp
from rosesim.ad.program.ir import Func
from rosesim.ad.program.show import show
from rosesim.ad.support import machine
from rosesim.ad.support.errors import ProgramError, TooLarge, TypeMismatch
from rosesim.codegen import compile_func, lowered
from rosesim.codegen.artifact import Artifact
from rosesim.codegen.llvm import cache as kept
from rosesim.codegen.llvm import engine
from rosesim.codegen.planned import Options, Planned
from rosesim.codegen.target import Target
from rosesim.codegen.targets import TARGETS, host, nvptx64, wasm32
from rosesim.codegen.wasm.binary import MAGIC, Damaged
from rosesim.codegen.wasm.link import read
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.tree import leaves

ELSEWHERE = [make() for make in TARGETS.values() if make().runtime is None]
QUICK = Options(optimise=False)
FAST = 100.0
"""Times the speed of the published shot, the cue ball reaches the others within twelve steps."""


def program(f: Any, *args: Any) -> Func:
    """The program of a function at arguments like these."""
    f = f if isinstance(f, Fn) else fn(f)
    return f.traced(f.types_of(args)).func


def scene_gradient(name: str, *settings: str) -> tuple[Any, Any, Any]:
    """The function of a scene's gradient, and what it takes."""
    scene, inputs = configure(find_scene(name), list(settings))
    return value_and_grad(compiled(scene).loss, wrt=0), scene.params(np.random.default_rng(0)), inputs


def flat(*args: Any) -> list[Any]:
    """The numbers and arrays of structured arguments, in order."""
    return list(leaves(args).values())


def bits(results: Sequence[Any]) -> list[bytes]:
    """What results look like in memory, whether Python's numbers or NumPy's."""
    return [(r if isinstance(r, np.ndarray) else np.asarray(np.asarray(r).item())).tobytes() for r in results]


# ------------------------------------------------------------------------------------ the interpreter


class Interpreted:
    """The plain interpreter as a backend and as a runtime."""

    def lower(self, planned: Planned, target: Target) -> Artifact:
        return Artifact(planned.func, "", text=show(planned.func))

    def final_text(self, artifact: Artifact, target: Target, options: Options) -> str:
        return artifact.text

    def load(self, artifact: Artifact, names: Sequence[str], threads: int) -> Any:
        return lambda *args: interp.run(artifact.func, args)


@cache
def interpreter() -> Target:
    way = Interpreted()
    return replace(host(), name="interpreter", backend=way, runtime=way, lanes=1, shares=False, poll="", direct=False)


def agrees(func: Func, *args: Any, **how: Any) -> None:
    """Demand that the interpreter, compiled for like any machine, gives the bits of strict machine code."""
    there = compile_func(func, math="strict", target=interpreter(), **how)
    here = compile_func(func, math="strict", optimise=False, **how)
    assert bits(there(*args)) == bits(here(*args))
    assert there.llvm.startswith("fn ") and there.workspace_bytes == 0


def test_the_interpreter_is_a_backend_whose_results_are_the_strict_bits() -> None:
    for seed in range(8):
        f = Draw(seed).program()
        if not any(p.ty.ref for p in f.params):
            agrees(f, *arguments(f, seed))
    gradient, params, inputs = scene_gradient("billiards", "steps=12", "layers=1")
    params = replace(params, velocity=FAST * np.asarray(params.velocity))
    agrees(program(gradient, params, inputs), *flat(params, inputs))


def test_the_interpreter_computes_in_single_precision_what_the_machine_does() -> None:
    agrees(program(lambda x: scan(lambda c, i: c / 3.0 + x * i, x, 9), 0.1), 0.1, precision="f32")


def test_a_guard_ends_the_interpreter_as_it_ends_the_machine() -> None:
    @fn
    def f(x: Real) -> Real:
        return vec(3, lambda i: x * i)[Index[3].check(x)]

    run = compile_func(program(f, 1.0), target=interpreter())
    assert run(2.0) == (4.0,)
    with pytest.raises(ProgramError, match=r"an index outside of 0 .. 2 was computed"):
        run(7.0)


# -------------------------------------------------------------------------------------- WebAssembly


@pytest.mark.parametrize("name", ["bounce", "growth", "billiards", "wave", "electric"])
def test_an_object_for_webassembly_exports_its_entry_and_imports_no_function(name: str) -> None:
    gradient, params, inputs = scene_gradient(name)
    for f in (gradient, compiled(configure(find_scene(name), [])[0]).loss):
        made = lowered(program(f, params, inputs), QUICK, wasm32())
        (code,) = made.code
        assert code.startswith(MAGIC)
        found = read(code)
        assert made.entry in found.functions and not found.imported
        assert not made.data and not made.opaques and not made.polls and not made.reports and not made.direct


def test_a_batch_for_webassembly_has_two_lanes_and_one_entry_for_all_runs() -> None:
    xs = np.ones(6)
    f = vmap(lambda x: scan(lambda c, i: sin(c) + x, x, 100_000))
    made = lowered(program(f, xs), QUICK, wasm32())
    assert "<2 x double>" in made.text and "<4 x double>" not in made.text and made.groups == 0
    assert "<4 x float>" in lowered(program(f, xs), Options(precision="f32", optimise=False), wasm32()).text


def test_captured_arrays_travel_in_the_code_where_nobody_can_bind_them() -> None:
    table = np.random.default_rng(0).normal(size=3000)
    f = program(lambda x: x * sum(3000, lambda i: const(table)[i]), 1.0)
    there, here = lowered(f, QUICK, wasm32()), lowered(f, QUICK, host())
    assert table.tobytes() in there.code[0] and not there.data
    assert table.tobytes() not in here.code[0] and [a.tobytes() for a in here.data.values()] == [table.tobytes()]


def test_what_is_no_object_for_webassembly_is_refused() -> None:
    with pytest.raises(Damaged, match=r"was found; expected an object for WebAssembly"):
        read(lowered(program(lambda x: x, 1.0), QUICK, host()).code[0])


# ----------------------------------------------------------------------------------------- a grid

RUNS = 5


@cache
def shots() -> tuple[Any, list[Any], Artifact]:
    """A batch of billiards' gradients: the function, what it takes, and the kernel."""
    gradient, params, inputs = scene_gradient("billiards", "steps=12")
    factors = FAST * (1.0 + 0.01 * np.arange(RUNS))
    velocities = np.multiply.outer(factors, np.asarray(params.velocity))
    stacked = replace(params, position=np.stack([params.position] * RUNS), velocity=velocities)
    batch = vmap(gradient, over=(0,))
    func = program(batch, stacked, inputs)
    return func, flat(stacked, inputs), lowered(func, replace(QUICK, math="strict"), nvptx64())


def test_a_batch_is_a_grid_with_a_thread_for_each_run() -> None:
    _, _, kernel = shots()
    text = kernel.code[0].decode()
    assert kernel.groups == RUNS and kernel.workspace_bytes > 0
    assert f".visible .entry {kernel.entry}(" in text and "%tid.x" in text and "%ctaid.x" in text
    assert ".extern" not in text


def test_the_threads_of_a_grid_give_each_run_the_strict_bits() -> None:
    """They run here, one after another: the kernel's text, with a thread's numbers in memory instead of in special
    registers. Blocks are of two, so that the last thread is one too many."""
    func, args, kernel = shots()
    want = compile_func(func, math="strict", optimise=False)(*args)
    assert len(set(want[0].tolist())) == RUNS, "runs differ"
    text = kernel.text.replace("ptx_kernel ", "")
    numbers = {name: ctypes.c_int32() for name in ("ctaid", "ntid", "tid")}
    for name in numbers:
        register = f"i32 @llvm.nvvm.read.ptx.sreg.{name}.x()"
        read_it = f"{{\n  %n = load i32, ptr @{name}\n  ret i32 %n\n}}\n@{name} = external global i32"
        text = text.replace(f"declare {register}", f"define {register} {read_it}").replace(
            f"llvm.nvvm.read.ptx.sreg.{name}.x", f"read.{name}"
        )
    code = engine.target_code(text, host(), "none")
    loaded = engine.load([code], kernel.entry, {n: ctypes.addressof(v) for n, v in numbers.items()})
    entry = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(loaded.address)
    results = [np.full(np.shape(w), np.nan) for w in want]
    given = [np.ascontiguousarray(a, float) if np.ndim(a) else float(a) for a in args]
    row = np.array([a.ctypes.data if isinstance(a, np.ndarray) else np.float64(a).view(np.int64) for a in given]
                   + [r.ctypes.data for r in results], np.int64)  # fmt: skip
    workspaces = np.zeros((RUNS + 1, kernel.workspace_bytes), np.uint8)
    statuses = np.full(RUNS + 1, -9, np.int32)
    numbers["ntid"].value = 2
    for block in reversed(range(-(-RUNS // 2))):
        for thread in range(2):
            numbers["ctaid"].value, numbers["tid"].value = block, thread
            entry(row.ctypes.data, None, workspaces.ctypes.data, statuses.ctypes.data)
    assert statuses.tolist() == [0] * RUNS + [-9]
    assert workspaces.any(axis=1).tolist() == [True] * RUNS + [False], "each thread works in a part of its own"
    assert bits(results) == bits(want)


def ptxas() -> str | None:
    """NVIDIA's assembler: of an installed CUDA, or of the wheel nvidia-cuda-nvcc."""
    spec = find_spec("nvidia")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    found = [str(p) for folder in folders for p in Path(folder).glob("*/bin/ptxas*")]
    return shutil.which("ptxas") or (found[0] if found else None)


@pytest.mark.skipif(ptxas() is None, reason="ptxas is not installed; the extra `ptx` brings it")
def test_nvidias_assembler_takes_the_kernel(tmp_path: Path) -> None:
    _, _, kernel = shots()
    source, made = tmp_path / "kernel.ptx", tmp_path / "kernel.cubin"
    source.write_bytes(kernel.code[0])
    done = subprocess.run(
        [str(ptxas()), f"-arch={nvptx64().cpu}", "-O0", "-o", str(made), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert made.read_bytes().startswith(b"\x7fELF")


def test_a_machine_without_vectors_is_told_of_no_vector_functions() -> None:
    f = program(lambda x: sum(100, lambda i: sin(x * i)), 1.0)
    for word in ("vector-function-abi-variant", "llvm.compiler.used"):
        assert word in lowered(f, QUICK, wasm32()).text and word not in lowered(f, QUICK, nvptx64()).text


def test_a_program_that_is_no_batch_is_one_thread() -> None:
    made = lowered(program(grad(lambda x: x * x * x), 1.0), QUICK, nvptx64())
    assert made.groups == 0 and made.workspace_bytes == 0 and b".entry" in made.code[0]


# ---------------------------------------------------------------------------------------- targets


def test_a_target_states_what_the_budget_of_histories_reckons_with() -> None:
    assert host().lanes == machine.LANES and machine.runs_at_once() == machine.LANES * machine.cores()
    assert host().lanes_of("f32") == 2 * host().lanes and nvptx64().lanes_of("f32") == 1
    assert {name: make().name for name, make in TARGETS.items()} == {n: n for n in TARGETS}


def test_a_target_refuses_what_its_machine_cannot() -> None:
    @opaque
    def measured(x: float) -> float:
        return x

    for target in ELSEWHERE:
        with pytest.raises(TypeMismatch, match=rf"measured is opaque: it calls Python, which {target.name} does not"):
            lowered(program(lambda x: measured(x), 1.0), QUICK, target)
        with pytest.raises(
            ValueError, match=rf"reports numbers, which {target.name} cannot take; expected debug=False"
        ):
            lowered(program(lambda x: x, 1.0), replace(QUICK, debug=True), target)
        with pytest.raises(ValueError, match=rf"{target.name} does not run here"):
            compile_func(program(lambda x: x, 1.0), target=target)

    @fn
    def huge(x: Vec[Vec[Real, 2**15], 2**15]) -> Real:
        return x[0][0]

    with pytest.raises(TooLarge, match=r"take 8 GiB, which is more than the memory of wasm32, 4 GiB"):
        lowered(huge.traced(huge.signature().required()).func, QUICK, wasm32())


def test_long_loops_poll_where_the_machine_says_how() -> None:
    f = program(lambda x: scan(lambda c, i: sin(sin(sin(sin(c)))) + x, x, 10**7), 0.5)
    assert lowered(f, QUICK, host()).polls
    for target in ELSEWHERE:
        made = lowered(f, QUICK, target)
        assert not made.polls and "rosesim_poll" not in made.text


def test_all_of_a_target_that_code_depends_on_is_in_the_caches_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "kept"))
    text = "define double @f(double %x) {\n  ret double %x\n}\n"
    base = wasm32()
    others = [
        base,
        replace(base, features=""),
        replace(base, cpu="lime1"),
        replace(base, relocation="pic"),
        replace(base, emits="assembly"),
        nvptx64(),
        host(),
    ]
    for target in others:
        engine.target_code(text, target, "none")
    assert len(list((tmp_path / "kept").iterdir())) == len(others)


def test_every_field_of_a_target_is_read() -> None:
    """A field that nothing asks for would be a question without an answer, or a machine described twice."""
    sources = "".join(p.read_text(encoding="utf-8") for p in Path(rosesim.codegen.__file__).parent.rglob("*.py"))
    unread = [f.name for f in fields(Target) if f"target.{f.name}" not in sources and f"self.{f.name}" not in sources]
    assert unread == []
