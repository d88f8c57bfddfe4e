"""LLVM at work: text in, a target's code out, which for this computer can be loaded. The only module that touches
llvmlite."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import llvmlite
import llvmlite.binding as llvm
from llvmlite.binding.newpassmanagers import NewPassManager

from rosesim.codegen.llvm import cache
from rosesim.codegen.target import Target

PIPELINE = 2
"""Of the options below that are not arguments: another number where they change, for code that is kept."""

PROGRAMS_PER_LINKER = 32
"""A linker keeps 9 KB for each program that it ever linked, until it goes itself, with the last of its programs.
Making one takes 0.2 ms, and each holds 0.1 MB."""

_lock = threading.RLock()
_numbers = count()
_jit: llvm.LLJIT | None = None
_machines: dict[tuple[str | int, ...], llvm.TargetMachine] = {}


def _before_fork() -> None:
    """A child begins with what no other thread was in the middle of: compiling, or freeing machine code."""
    _lock.acquire()
    llvm.ffi.lib._lock.__enter__()  # pyright: ignore[reportPrivateUsage] -- held in every call; llvmlite forgets forks


def _after_fork() -> None:
    llvm.ffi.lib._lock.__exit__()  # pyright: ignore[reportPrivateUsage] -- as above
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What LLVM knows of this computer."""

    triple: str
    cpu: str
    features: str
    fma: bool
    vector_bytes: int


def host_facts() -> HostFacts:
    """Ask LLVM about this computer."""
    triple, features = llvm.get_default_triple(), llvm.get_host_cpu_features()
    return HostFacts(
        triple,
        llvm.get_host_cpu_name(),
        features.flatten(),
        fma=bool(features.get("fma")) or triple.startswith(("aarch64", "arm64")),
        vector_bytes=32 if features.get("avx") else 16,
    )


def _machine(target: Target, level: int) -> llvm.TargetMachine:
    """LLVM's machine of a target."""
    key = *_how(target), level
    if key not in _machines:
        if target.triple == llvm.get_default_triple():
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            llvm.initialize_native_asmparser()
        else:
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
        _machines[key] = llvm.Target.from_triple(target.triple).create_target_machine(
            cpu=target.cpu,
            features=target.features,
            opt=level,
            reloc=target.relocation,
            codemodel=target.code_model,
        )
    return _machines[key]


def _host_machine() -> llvm.TargetMachine:
    """LLVM's machine of this computer, for a linker: code generation asks `_machine`."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    facts = host_facts()
    return llvm.Target.from_triple(facts.triple).create_target_machine(
        cpu=facts.cpu, features=facts.features, opt=3, reloc="pic", codemodel="jitdefault"
    )


def _how(target: Target) -> tuple[str, ...]:
    """All of a target that machine code depends on besides the text."""
    return target.triple, target.cpu, target.features, target.relocation, target.code_model, target.emits


def _linker(number: int) -> llvm.LLJIT:
    global _jit
    if _jit is None or number % PROGRAMS_PER_LINKER == 0:
        _jit = llvm.create_lljit_compiler(_host_machine())  # what the last one has linked keeps it
    return _jit


@dataclass(slots=True)
class Loaded:
    """Machine code in memory; it is freed with the last reference to this."""

    address: int
    tracker: llvm.ResourceTracker


def load(code: bytes, entry: str, symbols: Mapping[str, int]) -> Loaded:
    """Link this computer's object code against the process, the C library and `symbols`."""
    with _lock:
        unit = llvm.JITLibraryBuilder().add_object_img(code)
        for name, address in symbols.items():
            unit.import_symbol(name, address)
        unit.add_current_process().export_symbol(entry)
        number = next(_numbers)
        tracker = unit.link(_linker(number), f"rosesim{number}")
        return Loaded(tracker[entry], tracker)


def target_code(text: str, target: Target, *, optimise: bool, straight: bool) -> bytes:
    """What a target makes of a module, from the cache where it is there; emitting it twice gives the same bytes.

    `straight` asks for the straight-line vectoriser.
    """
    with _lock:
        kept = cache.store()
        if kept is None:
            return _emitted(text, target, optimise, straight)
        versions = llvmlite.__version__, llvm.llvm_version_info
        key = cache.key_of(text, PIPELINE, optimise, straight, *_how(target), *versions)
        code = kept.load(key)
        if code is None:
            code = _emitted(text, target, optimise, straight)
            kept.save(key, code)
        return code


def _emitted(text: str, target: Target, optimise: bool, straight: bool) -> bytes:
    module, machine = _module(text, target, optimise, straight), _machine(target, _level(optimise))
    return machine.emit_object(module) if target.emits == "object" else machine.emit_assembly(module).encode()


def as_compiled(text: str, target: Target, *, optimise: bool, straight: bool) -> str:
    """The text of a module as machine code is made of it."""
    with _lock:
        return str(_module(text, target, optimise, straight))


def _level(optimise: bool) -> int:
    return 3 if optimise else 0


def _module(text: str, target: Target, optimise: bool, straight: bool) -> llvm.ModuleRef:
    module = _optimised(text, target, straight) if optimise else _parsed(text, target, optimise)[0]
    # LLVM 22 miscomputes some sums of products, by far more than rounding, where code generation may both reorder
    # the sum and fuse it with the products. The optimiser has reordered what it wanted; from here on sums keep their
    # order. tests/house/test_fuzz.py has the program that the fuzzer found.
    final = str(module)
    if (kept := _REORDERED.sub(r"\1 ", final)) != final:
        module = _parsed(kept, target, optimise)[0]
    return module


_REORDERED = re.compile(r"\b(fadd|fsub) reassoc ")


def _optimised(text: str, target: Target, straight: bool) -> llvm.ModuleRef:
    module, machine = _parsed(text, target, True)
    _optimise(module, machine, straight)
    # LLVM 22 at times makes an invalid module, of which code generation would end the process: its straight-line
    # vectoriser writes a use before its definition, and a function whose parameter it has found to be constant keeps
    # the name of the vector variant with that parameter. Such a program does without the one, or without both.
    plain = text.replace('"vector-function-abi-variant"', '"variant-left-away"')
    for less in (text, plain) if straight else (plain,):
        if _is_valid(module):
            return module
        module, machine = _parsed(less, target, True)
        _optimise(module, machine, straight=False)
    module.verify()
    return module


def _is_valid(module: llvm.ModuleRef) -> bool:
    try:
        module.verify()
    except RuntimeError:
        return False
    return True


def _parsed(text: str, target: Target, optimise: bool) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    # A context of its own: types and constants live as long as the context does.
    module = llvm.parse_assembly(text, context=llvm.create_context())
    machine = _machine(target, _level(optimise))
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    return module, machine


def _optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine, straight: bool) -> None:
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.slp_vectorization = straight
    tuning.loop_vectorization = True
    tuning.loop_interleaving = True
    tuning.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, tuning)
    passes = builder.getModulePassManager()
    try:
        passes.run(module, builder)
    finally:
        # llvmlite 0.50 never frees it by itself, for of the two `_dispose` that it inherits the first does nothing.
        NewPassManager._dispose(passes)  # pyright: ignore[reportPrivateUsage] -- there is no other way
        passes.detach()
