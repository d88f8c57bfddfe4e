"""What a machine is: all that passes, backends and runtimes ask about where a program will run, in one record.

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
