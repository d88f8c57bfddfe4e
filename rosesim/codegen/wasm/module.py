"""Several programs as one WebAssembly module, with a plan of its memory and a description for whoever calls them.

Everything has its address before the module is written: the stack, then a place for each number that programs take or
give, then a workspace that they share, then captured arrays. An entry takes nothing, because it knows where its
numbers lie, and returns a status. Parameters of one name and type are one place for all programs that have them, so
that what one of them is given is given to all. A scalar lies at its place as a double, whatever its type; an array as
its elements.

The description is JSON in a custom section named `rosesim`, so that the bytes are all that anybody needs:

    {"version": 1, "memory": BYTES, "failures": [TEXT],
     "programs": {NAME: {"parameters": {NAME: TYPE}, "result": TYPE}}}

A failure's number is the status that an entry returns, less 1. A TYPE is one of

    {"at": ADDRESS, "scalar": "f64", "shape": [ROWS, COLUMNS]}    a number where the shape is []
    {"fields": {NAME: TYPE}}                                      a dataclass or a dict
    {"items": [TYPE]}                                             a tuple
    {}                                                            None

with the scalars f64, f32, bool and integers (u8, u16, u32, u64, i64), which also have their bounds `low` and `high`.
A vector of dataclasses is a dataclass of vectors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.program.ir import BoolT, Func, IntT, Ty, nbytes, storage
from rosesim.ad.support.errors import TooLarge
from rosesim.codegen import targets
from rosesim.codegen.artifact import aligned
from rosesim.codegen.llvm import engine, module
from rosesim.codegen.llvm.entry import Places
from rosesim.codegen.llvm.tables import FuncInfo
from rosesim.codegen.pipeline import planned
from rosesim.codegen.planned import Effort, Options
from rosesim.codegen.wasm import link

VERSION = 1
"""The version of the description."""
STACK_FACTOR, LEAST_STACK = 4, 65536
"""The stack is so many times what a chain of calls takes, and at least so many bytes. LLVM inlines calls, and what
these have on the stack then lies side by side, not one after the other in the same place."""


@dataclass(frozen=True, slots=True)
class Root:
    """A program of a module: its function, and the types of what it takes and gives."""

    func: Func
    parameters: Sequence[tuple[str, T.Type]]
    result: T.Type


@dataclass(frozen=True, slots=True)
class WasmModule:
    """A module that stands alone."""

    code: bytes
    """The module. It imports nothing, but for `fmod` where a program takes a remainder of reals."""
    description: Mapping[str, Any]
    """What the programs take and give, and where: the content of the module's section `rosesim`."""

    @property
    def memory_bytes(self) -> int:
        """The memory that an instance has."""
        return self.description["memory"]


def module_of(roots: Mapping[str, Root], options: Options, *, memory: float | None = None) -> WasmModule:
    """The module of some programs, by the names that its entries have. `memory` limits its memory, in bytes.

    Raises what compilation raises, and TooLarge where the memory does not suffice.
    """
    for name in roots:
        if not (name.isascii() and name.isidentifier()):
            raise ValueError(
                f"{name!r} was found; expected a name such as value_and_grad, which JavaScript can write"
            )
    target = targets.wasm32()
    if memory is not None:
        target = replace(target, memory=memory)
    plans = {name: planned(root.func, options, target) for name, root in roots.items()}
    plan = _Plan(roots)
    written = module.write_placed(plans, target, plan.decided)
    _refuse_too_large(plan, 0, target.memory)  # before LLVM runs
    found = link.read(engine.target_code(written.text, target, _effort([p.effort for p in plans.values()])))
    _refuse_too_large(plan, found.data_bytes, target.memory)
    whole = aligned(plan.end + found.data_bytes)
    description = {
        "version": VERSION,
        "memory": _pages(whole),
        "programs": {name: plan.described(name) for name in roots},
        "failures": [f.message for f in written.failures],
    }
    code = link.link(
        found,
        {name: name for name in roots},
        base=plan.end,
        stack=plan.stack,
        memory=whole,
        custom=json.dumps(description, separators=(",", ":")).encode(),
    )
    return WasmModule(code, description)


def _pages(size: int) -> int:
    return -(-size // link.PAGE) * link.PAGE


def _refuse_too_large(plan: _Plan, captured: int, memory: float) -> None:
    whole = _pages(aligned(plan.end + captured))
    if whole > memory:
        name, most = max(plan.workspaces.items(), key=lambda w: w[1])
        held = f", captured arrays take {captured / 2**20:.3g} MiB" if captured else ""
        raise TooLarge(
            f"the module takes {whole / 2**20:.3g} MiB, more than the {memory / 2**20:.3g} MiB allowed "
            f"({name} computes with {most / 2**20:.3g} MiB{held}); expected smaller arrays, fewer steps, or more "
            "memory"
        )


def _effort(efforts: Sequence[Effort]) -> Effort:
    """How hard to try with a module. Programs that are long and straight must not make others slow."""
    kinds = set(efforts)
    return efforts[0] if len(kinds) == 1 else "loops"


class _Plan:
    """Where everything lies."""

    def __init__(self, roots: Mapping[str, Root]):
        self.roots = roots
        self.stack = self.end = 0
        self.workspaces: dict[str, int] = {}
        self.places: dict[str, Places] = {}
        self._types: dict[str, tuple[list[Ty], list[Ty]]] = {}
        self._shared: dict[tuple[str, Ty], int] = {}

    def decided(self, mains: Mapping[str, FuncInfo]) -> Mapping[str, Places]:
        """The places of all programs, once their functions are written."""
        most = max(info.stack_bytes for info in mains.values())
        self.stack = self.end = aligned(max(STACK_FACTOR * most, LEAST_STACK))
        params: dict[str, list[int]] = {}
        results: dict[str, list[int]] = {}
        for name, info in mains.items():
            root = self.roots[name]
            leaves = [leaf for n, t in root.parameters for leaf in T.leaf_names(t, n)]
            self._types[name] = [p.ty for p in info.func.params], list(info.func.results)
            params[name] = [self._place(leaf, p.ty) for leaf, p in zip(leaves, info.func.params, strict=True)]
            results[name] = [self._room(t) for t in info.func.results]
        self.workspaces = {name: info.frame_bytes for name, info in mains.items()}
        workspace = aligned(self.end)
        self.end = aligned(workspace + max(self.workspaces.values()))
        self.places = {name: Places(tuple(params[name]), tuple(results[name]), workspace) for name in mains}
        return self.places

    def _place(self, leaf: str, ty: Ty) -> int:
        key = leaf, ty
        if key not in self._shared:
            self._shared[key] = self._room(ty)
        return self._shared[key]

    def _room(self, ty: Ty) -> int:
        at = aligned(self.end) if ty.shape else self.end  # numbers lie close together, an array begins at a line
        self.end = at + (-(-nbytes(ty) // 8) * 8 if ty.shape else 8)
        return at

    def described(self, name: str) -> dict[str, Any]:
        """What a program takes and gives, as JSON has it."""
        root, places = self.roots[name], self.places[name]
        params, results = self._types[name]
        given, got = iter(zip(places.params, params, strict=True)), iter(zip(places.results, results, strict=True))
        return {
            "parameters": {n: _described(t, given) for n, t in root.parameters},
            "result": _described(root.result, got),
        }


def _described(t: T.Type, leaves: Any) -> dict[str, Any]:
    match t:
        case T.NullType():
            return {}
        case T.StructType(kind, names, parts):
            inner = [_described(p, leaves) for p in parts]
            return {"items": inner} if kind is tuple else {"fields": dict(zip(names, inner, strict=True))}
        case T.VecType(_, elem):
            return _described(elem, leaves)  # the arrays have the whole shape
        case _:
            return _leaf(*next(leaves))


def _leaf(at: int, ty: Ty) -> dict[str, Any]:
    dtype = storage(ty.scalar)
    found: dict[str, Any] = {"at": at, "scalar": f"{dtype.kind}{8 * dtype.itemsize}", "shape": list(ty.shape)}
    if isinstance(ty.scalar, BoolT):
        found["scalar"] = "bool"
    elif isinstance(ty.scalar, IntT):
        found |= {"low": ty.scalar.lo, "high": ty.scalar.hi}
    return found
