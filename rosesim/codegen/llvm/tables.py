"""A whole program in LLVM: its functions in order, and the tables that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.ir import INLINE_DATA, Func, Guard, Loop, Scalar, Ty, Where
from rosesim.codegen.artifact import Failure
from rosesim.codegen.llvm import layout
from rosesim.codegen.planned import Planned
from rosesim.codegen.target import Target

RARELY, MOSTLY = '!0 = !{!"branch_weights", i32 1, i32 1000000}', '!1 = !{!"branch_weights", i32 1000000, i32 1}'
"""Branch weights: a branch that refers to !0 rarely takes its first side, one that refers to !1 mostly does."""


@dataclass(slots=True, eq=False)
class FuncInfo:
    """What callers need to know about a function after it has been written."""

    name: str
    func: Func
    in_out: Mapping[int, int]
    fallible: bool
    frame_bytes: int = 0
    stack_bytes: int = 0
    distinct_refs: bool = True
    """Whether no two refs that are passed to the function can overlap."""
    shared: Loop | None = None
    """The batch that is the function's whole work. Its caller passes the groups of runs to do, from %first to below
    %last, so that threads can share them, or can each be one run."""

    @property
    def out_pointers(self) -> list[int]:
        """The array results that are written to an address from the caller."""
        inside = set(self.in_out.values())
        return [k for k, t in enumerate(self.func.results) if t.shape and k not in inside]

    @property
    def returned(self) -> list[str]:
        """The register types that a call returns: scalar results, then the status."""
        kinds = [layout.register(t.scalar) for t in self.func.results if not t.shape]
        return [*kinds, "i32"] if self.fallible else kinds

    @property
    def return_type(self) -> str:
        """The LLVM type of the returned registers."""
        kinds = self.returned
        return "void" if not kinds else kinds[0] if len(kinds) == 1 else "{ " + ", ".join(kinds) + " }"


@dataclass(slots=True)
class ModuleTables:
    """The tables that the functions of a program fill while they are written."""

    planned: Planned
    target: Target
    flags: str
    infos: dict[Func, FuncInfo] = field(default_factory=dict[Func, FuncInfo])
    globals: list[str] = field(default_factory=list[str])
    regions: list[str] = field(default_factory=list[str])
    """The functions of what threads share within a run."""
    metadata: list[str] = field(default_factory=lambda: [RARELY, MOSTLY])
    failures: list[Failure] = field(default_factory=list[Failure])
    opaques: list[Func] = field(default_factory=list[Func])
    data: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    _statuses: dict[Failure, int] = field(default_factory=dict[Failure, int])
    _placed: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def vector(self) -> int:
        """Reals that LLVM's loop vectoriser processes at once."""
        return max(1, self.target.vector_bytes // (4 if self.planned.options.precision == "f32" else 8))

    @property
    def reports(self) -> bool:
        """Whether a guard reports numbers."""
        return any(f.values for f in self.failures)

    def failure(self, guard: Guard, where: Where | None) -> int:
        """The status of a guard. Equal guards have one: programs of one module share the functions that have them."""
        made = Failure(guard.message, where, tuple(a.ty for a in guard.values))
        if made not in self._statuses:
            self.failures.append(made)
            self._statuses[made] = len(self.failures)
        return self._statuses[made]

    def note(self, text: str) -> str:
        """The name of a new metadata node. In the text, `@` stands for that name."""
        name = f"!{len(self.metadata)}"
        self.metadata.append(f"{name} = {text.replace('@', name)}")
        return name

    def constant(self, array: np.ndarray, ty: Ty) -> str:
        """The address of a captured array."""
        if array.size == 0:
            return "null"
        if id(array) in self._placed:
            return self._placed[id(array)]
        name = f"data{len(self._placed)}"
        if array.size <= INLINE_DATA:
            kind = layout.memory(ty.scalar)
            values = ", ".join(f"{kind} {_in_memory(v, ty.scalar)}" for v in array.ravel().tolist())
            self.globals.append(
                f"@{name} = private unnamed_addr constant [{array.size} x {kind}] [{values}], align 64"
            )
        elif not self.target.loads_data:
            whole = np.ascontiguousarray(array, ir.storage(ty.scalar))
            written = "".join(f"\\{b:02X}" for b in whole.tobytes())  # little endian, here and on every target
            self.globals.append(
                f'@{name} = private unnamed_addr constant [{whole.nbytes} x i8] c"{written}", align 64'
            )
        else:
            whole = np.ascontiguousarray(array, ir.storage(ty.scalar))
            # Aligned as an element only: NumPy decides where the array lies.
            self.globals.append(
                f"@{name} = external constant {layout.aggregate(ty)}, align {layout.itemsize(ty.scalar)}"
            )
            self.data[name] = whole
        self._placed[id(array)] = f"@{name}"
        return f"@{name}"


def _in_memory(value: float | bool | int, s: Scalar) -> str:
    return str(int(value)) if not layout.is_float(s) else layout.real(value, s)
