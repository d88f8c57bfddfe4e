"""The text of a whole module: every function of a program, its entry, and what they refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rosesim.ad.program import ir
from rosesim.ad.program.ir import Func, Opaque
from rosesim.codegen.artifact import Artifact, Failure
from rosesim.codegen.llvm import calls, entry, guards, lower_ops, maths, products, region, runs
from rosesim.codegen.llvm.arrays import Arr
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.emit import Emitter
from rosesim.codegen.llvm.entry import Places
from rosesim.codegen.llvm.tables import FuncInfo, ModuleTables
from rosesim.codegen.planned import Planned
from rosesim.codegen.target import Target

FAST = "reassoc nsz arcp contract "
"""Sums may be reordered, products contracted; nothing is assumed about NaN and infinity."""

INTRINSICS = [
    "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)",
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
]
ATTRIBUTES = [
    # Each call says whether it is inlined: see `passes.whole_program`.
    "attributes #0 = { nounwind noinline }",
    "attributes #2 = { nounwind alwaysinline }",
]


def write(planned: Planned, target: Target) -> Artifact:
    """The text of a program for a target, and what its loader needs to know; there is no code yet."""
    tables = ModuleTables(planned, target, flags=_flags(planned))
    texts = _functions(tables)
    last = tables.infos[planned.func]
    way_in = entry.write(last, target, inline=planned.inlines_last, shares=bool(tables.regions))
    return Artifact(
        func=planned.func,
        entry=entry.NAME,
        text=_whole(tables, [*texts, *tables.regions, way_in.text], way_in.declared),
        failures=tables.failures,
        workspace_bytes=way_in.workspace_bytes,
        stack_bytes=last.stack_bytes,
        groups=0 if last.shared is None else runs.groups(last.shared),
        direct=way_in.direct,
        data=tables.data,
        opaques=tables.opaques,
        polls=bool(planned.polled),
        shares=bool(tables.regions),
        reports=tables.reports,
        effort=planned.effort,
    )


def write_placed(
    programs: Mapping[str, Planned], target: Target, place: Callable[[Mapping[str, FuncInfo]], Mapping[str, Places]]
) -> Placed:
    """The text of several programs in one module, each with an entry that takes nothing and returns a status.

    What `place` decides once the programs' functions are written is where each finds its numbers. The programs share
    captured arrays, mathematics, and functions that are written alike.
    """
    known: dict[str, str] = {}
    texts: list[str] = []
    mains: dict[str, FuncInfo] = {}
    first = next(iter(programs.values()))
    tables = ModuleTables(first, target, flags=_flags(first))
    for name, planned in programs.items():
        tables = replace(tables, planned=planned, infos={})  # all else is shared
        texts += _functions(tables, known)
        mains[name] = tables.infos[planned.func]
    places = place(mains)
    entries = [
        entry.placed(name, mains[name], places[name], inline=planned.inlines_last)
        for name, planned in programs.items()
    ]
    return Placed(_whole(tables, [*texts, *entries], ()), tuple(tables.failures), places)


@dataclass(frozen=True, slots=True)
class Placed:
    """Several programs as one module's text."""

    text: str
    failures: tuple[Failure, ...]
    """By the status that an entry returns, which begins at 1."""
    places: Mapping[str, Places]


def _flags(planned: Planned) -> str:
    return FAST if planned.options.math == "fast" else ""


def _functions(tables: ModuleTables, known: dict[str, str] | None = None) -> list[str]:
    """The texts of a program's functions, callees first. `known` has the names of functions by their text without the
    name: one that is there already is not written again, and others are added."""
    planned, texts = tables.planned, list[str]()
    for number, f in enumerate(planned.order):
        sharing = planned.sharing.get(f)
        info = FuncInfo(
            name=f"f{number if known is None else len(known)}_{_plain(f.name)}",
            func=f,
            in_out={} if sharing is None else sharing.in_out,
            fallible=f in planned.fallible,
            distinct_refs=f not in planned.overlapping,
            shared=planned.batch if f is planned.func else None,
        )
        tables.infos[f] = info
        start = len(tables.metadata)
        text = _function(tables, info)
        if known is not None:
            whole = "\n".join([text.replace(f"@{info.name}(", "@(", 1), *tables.metadata[start:]])
            same = known.setdefault(_renumbered(whole, start), info.name)
            if same != info.name:
                info.name = same
                del tables.metadata[start:]
                continue
        texts.append(text)
    return texts


def _renumbered(text: str, start: int) -> str:
    """A text with its metadata nodes, from `start` on, counted from 0: then equal functions have equal texts."""

    def counted(node: re.Match[str]) -> str:
        number = int(node[1])
        return node[0] if number < start else f"!own{number - start}"

    return re.sub(r"!(\d+)", counted, text)


def _whole(tables: ModuleTables, parts: Sequence[str], declared: Sequence[str]) -> str:
    """The text of a module: its functions, and all that they refer to."""
    planned, target = tables.planned, tables.target
    body, fast = "\n".join(parts), planned.options.math == "fast"
    own = maths.definitions(body, contract=fast, fma=target.fma, vector_bytes=target.vector_bytes)
    body = "\n".join([body, *own])
    if planned.polled:
        body += "\n" + target.poll
    declarations = [
        *INTRINSICS,
        *declared,
        *lower_ops.declarations(body),
        *([guards.DECLARED] if tables.reports else []),
        *([*region.DECLARED] if tables.regions else []),
        *(f"declare i32 @opaque{k}(ptr, ptr)" for k in range(len(tables.opaques))),
    ]
    return "\n".join([*tables.globals, body, *declarations, *ATTRIBUTES, *tables.metadata, ""])


def _plain(name: str) -> str:
    return "".join(ch if ch.isascii() and (ch.isalnum() or ch == "_") else "_" for ch in name)[:40]


def _callee_infos(tables: ModuleTables, func: Func) -> list[FuncInfo]:
    return [tables.infos[g] for g in ir.callees(func)]


def _function(tables: ModuleTables, info: FuncInfo) -> str:
    func = info.func
    below = _callee_infos(tables, func)
    c = Code(max((b.stack_bytes for b in below), default=0), tables.target.stack)
    if isinstance(func.body, Opaque):
        tables.opaques.append(func)
        calls.write_opaque(c, info, len(tables.opaques) - 1)
    elif func in tables.planned.products:
        products.write(c, info, tables.planned.products[func], tables)
    else:
        _body(tables, info, c)
    calls.failing_end(c, info)
    _size_frame(info, c, below)
    params, _ = calls.signature(info)
    head = f"define internal fastcc {info.return_type} @{info.name}({', '.join(params)}) #0 {{"
    return "\n".join([head, "entry:", *_prologue(c, info), *c.lines, "}"])


def _body(tables: ModuleTables, info: FuncInfo, c: Code) -> None:
    func = info.func
    assert not isinstance(func.body, Opaque)
    e = Emitter(tables, func, tables.planned.sharing[func], c)
    for k, p in enumerate(func.params):
        e.env[p] = Arr(p.ty, f"%a{k}") if p.ty.shape or p.ty.ref else f"%a{k}"
        if p in e.sharing.root:
            e.placed[e.sharing.root[p]] = f"%a{k}"
    destinations: list[str | None] = [None] * len(func.results)
    for k in info.out_pointers:
        destinations[k] = f"%r{k}"
    values = e.block(func.body, destinations)
    calls.give_back(c, info, [v for v in values if isinstance(v, str)])


def _size_frame(info: FuncInfo, c: Code, below: Sequence[FuncInfo]) -> None:
    # 256 bytes for saved registers and spilled scalars, which LLVM alone knows.
    info.stack_bytes = c.stack_in_use + 256
    info.frame_bytes = c.frame_bytes + max((b.frame_bytes for b in below), default=0)


def _prologue(c: Code, info: FuncInfo) -> list[str]:
    if not info.frame_bytes:
        return c.prologue
    return [*c.prologue, f"  %callee.ws = getelementptr inbounds i8, ptr %ws, i64 {c.frame_bytes}"]
