"""The known machines. `host()` is this computer, which runs its code here. Code for the
others is written here and runs elsewhere, so they have no runtime.
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
        fma=facts.fma,
        vector_bytes=facts.vector_bytes,
        lanes=machine.LANES,  # defined there because the memory budget of histories depends on it too
        grid=False,
        shares=True,
        poll=interrupt.POLL,
        reports=True,
        opaque=True,
        direct=True,
        loads_data=True,
        stack=StackLimits(2048, 256 * 1024),  # threads have as little as 512 KiB
        memory=machine.memory(),
        # Arrays and callbacks may be far away. This code model reaches their addresses through a table.
        relocation="pic",
        code_model="jitdefault",
        emits="object",
    )


@cache
def wasm32() -> Target:
    """WebAssembly with 128-bit vectors, which every engine has had since 2023.

    A page stops a worker from outside, so nothing polls. The entry takes pointers only: JavaScript would have to pass
    64-bit counters as BigInt.
    """

    return Target(
        name="wasm32",
        triple="wasm32-unknown-unknown",
        cpu="generic",
        features="+simd128",
        backend=backend,
        runtime=None,
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
        stack=StackLimits(2048, 256 * 1024),  # the page allocates the stack, as `Artifact.stack_bytes` says
        memory=2.0**32,
        relocation="static",
        code_model="default",
        emits="object",
    )


@cache
def nvptx64() -> Target:
    """NVIDIA's graphics processors, as PTX text. Each run of a batch is a thread."""

    return Target(
        name="nvptx64",
        triple="nvptx64-nvidia-cuda",
        cpu="sm_75",  # Turing, the oldest that CUDA 13 supports
        features="+ptx63",  # the first version of PTX that supports it
        backend=backend,
        runtime=None,
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
        # "Local" memory. The driver reserves it for every thread that could be resident.
        stack=StackLimits(512, 16 * 1024),
        memory=2.0**36,
        relocation="static",
        code_model="default",
        emits="assembly",
    )


TARGETS: dict[str, Callable[[], Target]] = {"host": host, "wasm32": wasm32, "nvptx64": nvptx64}
"""The machines, by name."""
