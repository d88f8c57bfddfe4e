"""This process as a runtime: it links an artifact for this computer and calls it."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.codegen.artifact import Artifact
from rosesim.codegen.llvm import engine
from rosesim.codegen.runtime import interrupt, opaque, report
from rosesim.codegen.runtime.call import Call, make_call


def load(artifact: Artifact, names: Sequence[str], threads: int) -> Call:
    """The Python function that runs an artifact, on up to `threads` threads."""
    callbacks = [opaque.callback(f) for f in artifact.opaques]
    symbols = {
        **{f"opaque{k}": opaque.address(c) for k, c in enumerate(callbacks)},
        **{name: a.ctypes.data for name, a in artifact.data.items()},
        **(interrupt.symbols() if artifact.polls else {}),
        **(report.symbols() if artifact.reports else {}),
    }
    loaded = engine.load(artifact.code, artifact.entry, symbols)
    # These must live as long as the code: the code itself, callbacks, and arrays that it refers to.
    held = loaded.tracker, callbacks, list(artifact.data.values())
    return make_call(artifact, names, loaded.address, threads, held)
