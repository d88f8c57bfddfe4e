"""LLVM at work: text in, machine code out. The only module that touches llvmlite."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

import llvmlite
import llvmlite.binding as llvm
from llvmlite.binding.newpassmanagers import NewPassManager

from rosesim.codegen import cache

PIPELINE = 1
"""Of the options below that are not arguments: another number where they change, for code that is kept."""

PROGRAMS_PER_LINKER = 32
"""A linker keeps 9 KB for each program that it ever linked, until it goes itself, with the last of its programs.
Making one takes 0.2 ms, and each holds 0.1 MB."""

_lock = threading.RLock()
_numbers = count()
_jit: llvm.LLJIT | None = None
_speed: dict[int, llvm.TargetMachine] = {}


def _before_fork() -> None:
    """A child begins with what no other thread was in the middle of: compiling, or freeing machine code."""
    _lock.acquire()
    llvm.ffi.lib._lock.__enter__()  # pyright: ignore[reportPrivateUsage] -- held in every call; llvmlite forgets forks


def _after_fork() -> None:
    llvm.ffi.lib._lock.__exit__()  # pyright: ignore[reportPrivateUsage] -- as above
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def _machine(level: int) -> llvm.TargetMachine:
    """The host's target machine."""
    if level not in _speed:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.initialize_native_asmparser()
        _speed[level] = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=level,
            # Far addresses (arrays, callbacks) are reached through a table, which needs this model.
            reloc="pic",
        )
    return _speed[level]


def _linker(number: int) -> llvm.LLJIT:
    global _jit
    if _jit is None or number % PROGRAMS_PER_LINKER == 0:
        _jit = llvm.create_lljit_compiler(_machine(3))  # what the last one has linked keeps it
    return _jit


@dataclass(slots=True)
class Loaded:
    """Machine code in memory; it is freed with the last reference to this."""

    address: int
    tracker: llvm.ResourceTracker


def load(text: str, entry: str, symbols: Mapping[str, int], *, optimise: bool, straight: bool) -> Loaded:
    """Compile a module and link it against the process, the C library and `symbols`.

    `straight` asks for the straight-line vectoriser.
    """
    with _lock:
        unit = llvm.JITLibraryBuilder().add_object_img(_code(text, optimise, straight))
        for name, address in symbols.items():
            unit.import_symbol(name, address)
        unit.add_current_process().export_symbol(entry)
        number = next(_numbers)
        tracker = unit.link(_linker(number), f"rosesim{number}")
        return Loaded(tracker[entry], tracker)


def _code(text: str, optimise: bool, straight: bool) -> bytes:
    """The module's machine code, from the cache where it is there; emitting it twice gives the same bytes."""
    kept = cache.store()
    if kept is None:
        return _machine(_level(optimise)).emit_object(_module(text, optimise, straight))
    host = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvm.get_default_triple()
    versions = llvmlite.__version__, llvm.llvm_version_info
    key = cache.key_of(text, PIPELINE, optimise, straight, *host, *versions)
    code = kept.load(key)
    if code is None:
        code = _machine(_level(optimise)).emit_object(_module(text, optimise, straight))
        kept.save(key, code)
    return code


@lru_cache
def fuses() -> bool:
    """Whether a fused multiply-add is one instruction here."""
    host = llvm.get_host_cpu_features()
    return bool(host.get("fma")) or llvm.get_default_triple().startswith(("aarch64", "arm64"))


@lru_cache
def vector_bytes() -> int:
    """How much LLVM's vectoriser takes at a time here."""
    return 32 if llvm.get_host_cpu_features().get("avx") else 16


def as_compiled(text: str, *, optimise: bool, straight: bool) -> str:
    """The text of a module as machine code is made of it."""
    with _lock:
        return str(_module(text, optimise, straight))


def _level(optimise: bool) -> int:
    return 3 if optimise else 0


def _module(text: str, optimise: bool, straight: bool) -> llvm.ModuleRef:
    module, machine = _parsed(text, optimise)
    if not optimise:
        return module
    _optimise(module, machine, straight)
    # LLVM 22 at times makes an invalid module, of which code generation would end the process: its straight-line
    # vectoriser writes a use before its definition, and a function whose parameter it has found to be constant keeps
    # the name of the vector variant with that parameter. Such a program does without the one, or without both.
    plain = text.replace('"vector-function-abi-variant"', '"variant-left-away"')
    for less in (text, plain) if straight else (plain,):
        if _is_valid(module):
            return module
        module, machine = _parsed(less, optimise)
        _optimise(module, machine, straight=False)
    module.verify()
    return module


def _is_valid(module: llvm.ModuleRef) -> bool:
    try:
        module.verify()
    except RuntimeError:
        return False
    return True


def _parsed(text: str, optimise: bool) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    # A context of its own: types and constants live as long as the context does.
    module = llvm.parse_assembly(text, context=llvm.create_context())
    machine = _machine(_level(optimise))
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
