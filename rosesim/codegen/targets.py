"""The machines that there are: `host()` is this computer, and runs what is written for it; for `wasm32()` and
`nvptx64()` code is written here and run elsewhere, so they have no runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from rosesim.ad.support import machine
from rosesim.codegen.llvm import backend, engine
from rosesim.codegen.runtime import in_process, interrupt
from rosesim.codegen.target import StackLimits, Target


@cache
def host() -> Target:
    """This computer."""
    facts = engine.host_facts()
    return Target(
        name="host",
        triple=facts.triple,
        cpu=facts.cpu,
        features=facts.features,
        backend=backend,
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

    return Target(
        name="wasm32",
        triple="wasm32-unknown-unknown",
        cpu="generic",
        features="+simd128",
        backend=backend,
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

    return Target(
        name="nvptx64",
        triple="nvptx64-nvidia-cuda",
        cpu="sm_75",  # Turing, the oldest that CUDA 13 assembles for
        features="+ptx63",  # the first version of PTX that knows it
        backend=backend,
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
