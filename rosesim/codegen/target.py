"""What a machine is: one record of everything that passes, backends and runtimes ask about it.

A second machine is a second record: see `targets`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rosesim.codegen.artifact import Artifact
from rosesim.codegen.planned import Options, Planned


class Backend(Protocol):
    """Writes programs."""

    def lower(self, planned: Planned, target: Target) -> Artifact:
        """The program in the form that the target runs."""
        ...

    def final_text(self, artifact: Artifact, target: Target, options: Options) -> str:
        """The program's text after the backend's own optimisations, for people to read."""
        ...


class Runtime(Protocol):
    """Runs what a backend has written."""

    def load(self, artifact: Artifact, names: Sequence[str], threads: int) -> Callable[..., tuple[Any, ...]]:
        """A function of flat arguments that runs the artifact. `names` are the parameters' names in messages."""
        ...


@dataclass(frozen=True, slots=True)
class StackLimits:
    """How much of the stack arrays may use. All others are in the workspace."""

    buffer_bytes: int
    """The largest array on the stack, in bytes. LLVM may turn such an array into registers."""
    total_bytes: int
    """The most bytes for the arrays of a whole chain of calls."""


@dataclass(frozen=True, slots=True)
class Target:
    """A machine."""

    name: str
    triple: str
    cpu: str
    features: str
    backend: Backend
    runtime: Runtime | None
    """None if this process cannot run the target's code."""

    fma: bool
    """Whether a fused multiply-add is a single instruction."""
    vector_bytes: int
    """Bytes that the loop vectoriser processes at once; 0 if the machine has no vectors."""
    lanes: int
    """Runs of a batch that share vector registers, in double precision; 1 if each runs alone."""
    grid: bool
    """Whether each run of a batch is a separate thread of a grid. Then `lanes` is 1."""
    shares: bool
    """Whether threads may share the groups of a batch. The entry then takes the groups to run as arguments."""

    poll: str
    """The text of `rosesim_poll`, which long loops call to learn whether to stop. Empty: they never poll."""
    reports: bool
    """Whether a failing guard can report its numbers."""
    opaque: bool
    """Whether code can call Python functions."""
    direct: bool
    """Whether the entry of a program of a few doubles may be a C function of doubles."""
    loads_data: bool
    """Whether large captured arrays are bound by address when the code is loaded; if not, the text contains them."""

    stack: StackLimits
    memory: float
    """The most bytes that a program may use altogether."""
    relocation: str
    code_model: str
    emits: Literal["object", "assembly"]

    def lanes_of(self, precision: str) -> int:
        """Runs of a batch at once. Single precision has twice as many lanes, if there are lanes at all."""
        return self.lanes * 2 if precision == "f32" and self.lanes > 1 else self.lanes
