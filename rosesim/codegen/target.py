"""What a machine is: all that passes, backends and runtimes ask about where a program will run, in one record.

A second machine is a second record. `host()` is this computer; `wasm32()` and `nvptx64()` are machines for which
code is written here and run elsewhere, so they have no runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from rosesim.ad import machine
from rosesim.codegen.artifact import Artifact
from rosesim.codegen.planned import Options, Planned


class Backend(Protocol):
    """Writes programs."""

    def lower(self, planned: Planned, target: Target) -> Artifact:
        """The program in the form in which the target runs it."""
        ...

    def final_text(self, artifact: Artifact, target: Target, options: Options) -> str:
        """The program as its code was made of it, for a person."""
        ...


class Runtime(Protocol):
    """Runs what a backend wrote."""

    def load(self, artifact: Artifact, names: Sequence[str], threads: int) -> Callable[..., tuple[Any, ...]]:
        """The function of flat arguments that runs it; `names` are the parameters' names in messages."""
        ...


@dataclass(frozen=True, slots=True)
class StackLimits:
    """How arrays may use the machine's stack; the others lie in the workspace."""

    buffer_bytes: int
    """The largest array that lies there, where LLVM can turn it into registers."""
    total_bytes: int
    """What the arrays of a chain of calls may take together."""


@dataclass(frozen=True, slots=True)
class Target:
    """A machine."""

    name: str
    triple: str
    cpu: str
    features: str
    backend: Backend
    runtime: Runtime | None
    """None where what is written here runs elsewhere."""

    pointer_bits: int
    fma: bool
    """Whether a fused multiply-add is one instruction."""
    vector_bytes: int
    """How much the loop vectoriser takes at a time; 0 where there are no vectors."""
    lanes: int
    """Runs of a batch that share vector registers, in double precision; 1 where each runs alone."""
    grid: bool
    """Whether each run of a batch is a thread of its own, launched from outside: then `lanes` is 1."""
    shares: bool
    """Whether threads may share the groups of a batch, the entry being told which ones to do."""

    poll: str
    """The text that defines `rosesim_poll`, by which long loops ask whether to stop; empty: they never ask."""
    reports: bool
    """Whether a failing guard can report its numbers."""
    opaque: bool
    """Whether functions of Python's can be called."""
    direct: bool
    """Whether the entry of a program of a few doubles may be a C function of doubles."""
    loads_data: bool
    """Whether large captured arrays are bound by address when the program is loaded, or else are part of the text."""

    stack: StackLimits
    memory: float
    """Bytes that a program may take in all."""
    relocation: str
    code_model: str
    emits: Literal["object", "assembly"]

    def lanes_of(self, precision: str) -> int:
        """Runs of a batch at once: single precision has twice as many, if any."""
        return self.lanes * 2 if precision == "f32" and self.lanes > 1 else self.lanes


@cache
def host() -> Target:
    """This computer."""
    from rosesim.codegen import engine, in_process, interrupt, llvm_backend  # they stand above the record they get

    facts = engine.host_facts()
    return Target(
        name="host",
        triple=facts.triple,
        cpu=facts.cpu,
        features=facts.features,
        backend=llvm_backend,
        runtime=in_process,
        pointer_bits=64,
        fma=facts.fma,
        vector_bytes=facts.vector_bytes,
        lanes=machine.LANES,  # stated there: the budget of histories reckons with it, too
        grid=False,
        shares=True,
        poll=interrupt.POLL,
        reports=True,
        opaque=True,
        direct=True,
        loads_data=True,
        stack=StackLimits(2048, 256 * 1024),  # threads have as little as 512 KiB
        memory=machine.memory(),
        # Far addresses (arrays, callbacks) are reached through a table, which needs this model.
        relocation="pic",
        code_model="jitdefault",
        emits="object",
    )


@cache
def wasm32() -> Target:
    """WebAssembly with vectors of 128 bits, as every engine since 2023 has them.

    A worker is terminated from outside, so nothing polls. What the entry takes are pointers alone: JavaScript would
    have to pass 64-bit counters as BigInt.
    """
    from rosesim.codegen import llvm_backend  # stands above the record it gets

    return Target(
        name="wasm32",
        triple="wasm32-unknown-unknown",
        cpu="generic",
        features="+simd128",
        backend=llvm_backend,
        runtime=None,
        pointer_bits=32,
        fma=False,
        vector_bytes=16,
        lanes=2,
        grid=False,
        shares=False,
        poll="",
        reports=False,
        opaque=False,
        direct=False,
        loads_data=False,
        stack=StackLimits(2048, 256 * 1024),  # the page lays out the stack: it has what `Artifact.stack_bytes` says
        memory=2.0**32,
        relocation="static",
        code_model="default",
        emits="object",
    )


@cache
def nvptx64() -> Target:
    """NVIDIA's graphics processors, as PTX text: each run of a batch is a thread."""
    from rosesim.codegen import llvm_backend  # stands above the record it gets

    return Target(
        name="nvptx64",
        triple="nvptx64-nvidia-cuda",
        cpu="sm_75",  # Turing, the oldest that CUDA 13 assembles for
        features="+ptx63",  # the first version of PTX that knows it
        backend=llvm_backend,
        runtime=None,
        pointer_bits=64,
        fma=True,
        vector_bytes=0,
        lanes=1,
        grid=True,
        shares=False,
        poll="",
        reports=False,
        opaque=False,
        direct=False,
        loads_data=False,
        # "Local" memory, which is set aside for every thread that could be under way.
        stack=StackLimits(512, 16 * 1024),
        memory=2.0**36,
        relocation="static",
        code_model="default",
        emits="assembly",
    )


TARGETS: dict[str, Callable[[], Target]] = {"host": host, "wasm32": wasm32, "nvptx64": nvptx64}
"""The machines that have a name."""
