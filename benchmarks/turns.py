"""Tools that take turns: each waits in a process of its own (peers/serve.py) and runs on request.

The machine's fluctuations affect all alike, and no tool's threads or libraries disturb another's. A tool that dies
ends no other: the reason why it could not be measured is recorded instead. All are held to one core.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import platform
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

PEERS = Path(__file__).parent / "peers"
TURN = 0.1
"""Approximate seconds that a tool runs before it is the next one's turn."""
PATIENCE = 120.0
"""Most seconds for a tool to get ready, or for one turn."""


@dataclass
class Tool:
    """One tool on one task of one size."""

    name: str
    """The tool's name in the data and the pictures."""
    module: str
    """The tool's file in peers/, without the ending."""
    task: str
    sizes: dict[str, Any]
    tolerance: float = 1e-8
    """Largest difference of loss and gradient from ours, relative to the largest number of each."""
    cores: int = 1
    engine: Sequence[str] = ("node",)
    """The command that runs JavaScript, if the tool is written in it."""
    runs: int = 1
    """How many runs it does at once; the recorded time is that of one."""
    variables: dict[str, str] = field(default_factory=dict)
    """Environment variables, besides those that make compile times cold."""
    first: dict[str, Any] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    failure: str = ""
    ended: bool = False
    """Whether its process has ended."""
    _process: Any = None

    def start(self) -> None:
        """Import and prepare, alone on the machine."""
        if (PEERS / f"{self.module}.mjs").exists():
            command = [*self.engine, str(PEERS / f"{self.module}.mjs"), *(["--"] if self.engine[0] != "node" else [])]
        else:
            command = [sys.executable, str(PEERS / "serve.py"), self.module]
        cores = sorted(os.sched_getaffinity(0))[-self.cores :]
        cold = {"ROSESIM_CACHE_DIR": "", "TORCHINDUCTOR_CACHE_DIR": _scratch(), "OMP_NUM_THREADS": str(self.cores)}
        try:
            self._process = subprocess.Popen(
                [*command, self.task, json.dumps(self.sizes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | cold | self.variables,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )
        except OSError as e:
            self.failure = f"cannot be started: {type(e).__name__}"
            return
        self.first = self._answer() or {}

    def prepare(self, **sizes: Any) -> None:
        """Prepare the same task again with another size, in the same process."""
        self.sizes, self.times = sizes, []
        if not self.failure:
            self._say(sizes)
            self.first = self._answer() or {}

    def turn(self, count: int) -> None:
        """Run `count` times."""
        if self.failure:
            return
        self._say(count)
        self.times += self._answer() or []

    def _say(self, message: Any) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _answer(self) -> Any:
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        if line:
            return json.loads(line)
        self.failure = f"took over {PATIENCE:.0f} s" if not ready else self._last_words()
        self.stop()
        return None

    def _last_words(self) -> str:
        """The line of its errors that names one; paths are left out, because they are this machine's."""
        said = [s.strip() for s in self._process.stderr.read().decode(errors="replace").splitlines() if s.strip()]
        errors = [s for s in said if "Error" in s or "panic" in s or "No module" in s] or said[-1:]
        return " ".join(w for w in (errors[-1] if errors else "died").split() if "/" not in w)[:160]

    def stop(self) -> None:
        """End its process."""
        self.ended = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def agrees_with(self, reference: Sequence[Any]) -> None:
        """Note a failure where loss or gradient differs at any of the points."""
        for mine, theirs in zip(self.first["results"], reference, strict=True):
            for what, a, b in zip(("losses", "gradients"), mine, theirs, strict=True):
                difference = np.abs(np.asarray(a) - np.asarray(b)).max() / max(np.abs(b).max(), 1e-30)
                if not difference <= self.tolerance:
                    self.failure = f"{what} differ by {difference:.1e} of the largest"

    def record(self) -> dict[str, Any]:
        """The record: quartiles of the milliseconds, compile seconds, or why there are none."""
        known = {"tool": self.name, "task": self.task, **self.sizes, "cores": self.cores}
        if self.failure:
            return {**known, "failed": self.failure}
        low, median, high = (round(float(v), 6) for v in np.percentile(self.times, [25, 50, 75]) / self.runs)
        return {
            **known,
            "version": self.first["version"],
            "ms": {"low": low, "median": median, "high": high, "runs": len(self.times)},
            "import_seconds": round(self.first["import"], 4),
            "compile_seconds": round(max(self.first["ready"] - self.runs * median / 1e3, 0.0), 4),
            **self.first["facts"],
        }


@functools.cache
def _scratch() -> str:
    """A folder for PyTorch's compiled files, empty when a recording begins."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def take_turns(tools: Sequence[Tool], rounds: int) -> list[dict[str, Any]]:
    """Start tools on one task, measure them and end them."""
    with running(tools):
        return measure(tools, rounds)


@contextlib.contextmanager
def running(tools: Sequence[Tool]) -> Generator[None]:
    """Tools started one after the other, and ended at last."""
    try:
        for tool in tools:
            tool.start()
        yield
    finally:
        for tool in tools:
            tool.stop()


def measure(tools: Sequence[Tool], rounds: int) -> list[dict[str, Any]]:
    """Let tools take turns at their prepared tasks; all must have the loss and gradient of the first."""
    first, *others = tools
    if first.failure:
        raise SystemExit(f"{first.name}: {first.failure}")
    for tool in others:
        if not tool.failure:
            tool.agrees_with(first.first["results"])
    for tool in tools:
        tool.turn(1)
        tool.times = []  # its first run after others ran is not counted
        tool.turn(1)
    counts = [1 if t.failure else max(1, min(50, int(1e3 * TURN / t.times[-1]))) for t in tools]
    for tool in tools:
        tool.times = []
    for _ in range(rounds):
        for tool, count in zip(tools, counts, strict=True):
            tool.turn(count)
    return [tool.record() for tool in tools]


def machine() -> dict[str, Any]:
    """The properties of the machine that a reader needs to judge the numbers; nothing that identifies it."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    of = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in text.splitlines())}
    flags = of.get("flags", "").split()
    return {
        "processor": of.get("model name", platform.processor()),
        "cores": os.cpu_count(),
        "vectors": 512 if "avx512f" in flags else 256 if "avx2" in flags else 128,
        "system": platform.system(),
        "python": platform.python_version(),
    }
