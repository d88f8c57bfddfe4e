"""A program and its derivatives in WebAssembly: wasmtime has to give the bits of strict machine code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fuzz.case import Case
from fuzz.oracle import Disagreement, Flat, Judge, Stopped, same, told
from rosesim.ad.passes.inline import inlined
from rosesim.ad.program.ir import Opaque, reachable
from rosesim.ad.support.errors import ProgramError, TooLarge, TypeMismatch
from rosesim.codegen import compile_func
from rosesim.codegen.planned import Options
from rosesim.codegen.wasm.module import Root, WasmModule, module_of

_NAMES = ("arguments", "tangents", "cotangent")


def judge_in_wasm(case: Case, count: Counter[str]) -> None:
    """Value, gradient and forward derivative in WebAssembly and by strict machine code: the same bits, or the same
    message. A program that WebAssembly refuses is counted, and not compared."""
    from fuzz.wasm_run import Instance  # wasmtime is needed for this alone

    traced = case.traced_whole()
    args = case.arguments(traced.func)
    flat = inlined(traced.func)
    root = Root(flat, list(zip(_NAMES, case.whole_types, strict=True)), traced.result)
    module = _module(root, count)
    if module is None:
        return
    instance = Instance(module)
    meant = _without_line(compile_func(flat, math="strict"), args)
    for how in ("in WebAssembly", "in WebAssembly, run twice"):
        found = _without_line(lambda *a: instance.run("whole", *a), args)
        count[how] += 1
        if not same(meant, found):
            if Judge(case, count).reads_the_sign_of_nan():
                count["not compared: reads the sign of a NaN, which the language does not say"] += 1
                return
            raise Disagreement(f"{how} differs from strict machine code\n  {told(meant)}\n  {told(found)}")
    if isinstance(meant, Stopped):
        count["stopped itself"] += 1


def _module(root: Root, count: Counter[str]) -> WasmModule | None:
    """The module, or None where the target refuses the program; only what has a reason may be refused."""
    try:
        return module_of({"whole": root}, Options("strict"))
    except TypeMismatch:
        if not any(isinstance(f.body, Opaque) for f in reachable(root.func)):
            raise
        count["not compiled for WebAssembly: opaque"] += 1
    except TooLarge:
        count["not compiled for WebAssembly: too large"] += 1
    return None


def _without_line(run: Any, args: Sequence[Any]) -> Flat | Stopped:
    """The outcome with a message alone: a module's description has no lines."""
    try:
        return tuple(run(*args))
    except ProgramError as e:
        said = str(e)
        return Stopped(ProgramError(said if e.where is None else said.removeprefix(f"{e.where}: ")))
