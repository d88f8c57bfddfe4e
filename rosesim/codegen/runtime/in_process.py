"""This process as a runtime: it links an artifact for this computer and calls it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from rosesim.codegen.artifact import Artifact
from rosesim.codegen.llvm import engine
from rosesim.codegen.runtime import interrupt, opaque, report, worker_code, workers
from rosesim.codegen.runtime.call import Call, make_call


def load(artifact: Artifact, names: Sequence[str], threads: int) -> Call:
    """The Python function that runs an artifact, on up to `threads` threads."""
    callbacks, addresses = opaque.entries(artifact.opaques)
    symbols = {
        **{f"opaque{k}": address for k, address in enumerate(addresses)},
        **{name: a.ctypes.data for name, a in artifact.data.items()},
        **(interrupt.symbols() if artifact.polls else {}),
        **(report.symbols() if artifact.reports else {}),
    }
    team = None
    if artifact.shares:
        share, worker = _shared()
        team = workers.Team(threads, worker)
        symbols |= team.symbols() | {"rosesim_share": share}
    loaded = engine.load(artifact.code, artifact.entry, symbols)
    # These must live as long as the code: the code itself, callbacks, and arrays that it refers to.
    held = loaded.tracker, callbacks, list(artifact.data.values())
    return make_call(artifact, names, loaded.address, threads, team, held)


_kept: list[engine.Loaded] = []
"""The code of the workers, once it has been needed. It stays, because they run in it."""

_lock = threading.Lock()


def _shared() -> tuple[int, int]:
    """The addresses of `rosesim_share` and `rosesim_worker`."""
    with _lock:
        if not _kept:
            code = engine.code_here(worker_code.text())
            _kept.append(engine.load([code], "rosesim_share", workers.symbols(), also=("rosesim_worker",)))
        return _kept[0].address, _kept[0].others["rosesim_worker"]


def _forked() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
