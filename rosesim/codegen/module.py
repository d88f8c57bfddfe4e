"""The text of a whole module: every function of a program, and the entry that Python calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rosesim.ad import ir
from rosesim.ad.debug import guarded
from rosesim.ad.ir import Func, Opaque
from rosesim.codegen import calls, engine, interrupt, layout, lower_ops, maths, plan, report, runs
from rosesim.codegen.alias import analyse
from rosesim.codegen.arrays import Arr
from rosesim.codegen.code import Code
from rosesim.codegen.defer import deferred
from rosesim.codegen.emit import Emitter
from rosesim.codegen.lanes import laned
from rosesim.codegen.narrow import narrowed
from rosesim.codegen.program import FuncInfo, Program
from rosesim.codegen.sink import sunk
from rosesim.codegen.split import split

ENTRY = "rosesim_entry"
FEW = 6
"""So many doubles are handed over one by one; a row of more is quicker."""
FAST = "reassoc nsz arcp contract "
"""Sums may be reordered, products contracted; nothing is assumed about NaN and infinity."""

INTRINSICS = [
    "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)",
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
]
ATTRIBUTES = [
    # Each call says whether it is inlined: see `plan.inlined`.
    "attributes #0 = { nounwind noinline }",
    "attributes #2 = { nounwind alwaysinline }",
]


@dataclass(slots=True)
class Module:
    """A program as LLVM text, and what its loader needs to know."""

    func: Func
    """What was written in the end; its parameters and results are those that Python passes."""
    text: str
    program: Program
    workspace_bytes: int
    straight: bool
    """Whether the straight-line vectoriser is worth its time."""
    direct: bool
    """Whether the entry takes its arguments, and returns its result, as a C function of doubles does."""
    groups: int
    """How many groups of runs the entry is told to do some of; 0 where it does all that there is."""


def write(func: Func, math: str, precision: str = "f64", debug: bool = False) -> Module:
    """The module of a program; with `debug`, of its debug program, as it stands: without lanes, nothing moved."""
    if precision == "f32":
        func = narrowed(func)
    func = guarded(func) if debug else laned(deferred(sunk(func, math)), precision, math)
    func, pieces = split(func)
    order = ir.reachable(func)
    program = Program(flags=FAST if math == "fast" else "")
    program.polled = plan.polled_loops(order)
    may_fail = plan.fallible(order, program.polled)
    program.inlined, small = plan.inlined(order, pieces)
    straight = plan.straight_work(order, program.inlined) <= plan.STRAIGHT
    overlapping = plan.overlapping_refs(order)
    texts: list[str] = []
    in_out: dict[Func, Mapping[int, int]] = {}
    for number, f in enumerate(order):
        sharing = None if isinstance(f.body, Opaque) else analyse(f, in_out)
        info = FuncInfo(
            name=f"f{number}_{_plain(f.name)}",
            func=f,
            in_out={} if sharing is None else sharing.in_out,
            fallible=f in may_fail,
            distinct_refs=f not in overlapping,
            shared=plan.shared_batch(f) if f is func and sharing is not None and not sharing.in_out else None,
        )
        program.infos[f] = info
        in_out[f] = info.in_out
        if sharing is not None:
            program.sharing[f] = sharing
        texts.append(_function(program, info))
    direct = is_direct(program.infos[func])
    entry, workspace = (_direct_entry if direct else _entry)(program.infos[func], inline=small)
    body = "\n".join([*texts, entry])
    fma, width = engine.fuses(), engine.vector_bytes()
    body = "\n".join([body, *maths.definitions(body, contract=math == "fast", fma=fma, vector_bytes=width)])
    if program.polled:
        body += "\n" + interrupt.POLL
    declared = [
        *INTRINSICS,
        *lower_ops.declarations(body),
        *([report.DECLARED] if program.tells else []),
        *(f"declare i32 @opaque{k}(ptr, ptr)" for k in range(len(program.opaques))),
    ]
    return Module(
        func,
        "\n".join([*program.globals, body, *declared, *ATTRIBUTES, *program.metadata, ""]),
        program,
        workspace,
        straight,
        direct,
        runs.groups(shared) if (shared := program.infos[func].shared) is not None else 0,
    )


def _plain(name: str) -> str:
    return "".join(ch if ch.isascii() and (ch.isalnum() or ch == "_") else "_" for ch in name)[:40]


def _callee_infos(program: Program, func: Func) -> list[FuncInfo]:
    return [program.infos[g] for g in ir.callees(func)]


def _function(program: Program, info: FuncInfo) -> str:
    func = info.func
    below = _callee_infos(program, func)
    c = Code(max((b.stack_bytes for b in below), default=0))
    if isinstance(func.body, Opaque):
        program.opaques.append(func)
        calls.write_opaque(c, info, len(program.opaques) - 1)
    else:
        _body(program, info, c)
    calls.failing_end(c, info)
    _size_frame(info, c, below)
    params, _ = calls.signature(info)
    head = f"define internal fastcc {info.return_type} @{info.name}({', '.join(params)}) #0 {{"
    return "\n".join([head, "entry:", *_prologue(c, info), *c.lines, "}"])


def _body(program: Program, info: FuncInfo, c: Code) -> None:
    func = info.func
    assert not isinstance(func.body, Opaque)
    e = Emitter(program, func, program.sharing[func], c)
    for k, p in enumerate(func.params):
        e.env[p] = Arr(p.ty, f"%a{k}") if p.ty.shape or p.ty.ref else f"%a{k}"
        if p in e.sharing.root:
            e.placed[e.sharing.root[p]] = f"%a{k}"
    wanted: list[str | None] = [None] * len(func.results)
    for k in info.out_pointers:
        wanted[k] = f"%r{k}"
    values = e.block(func.body, wanted)
    calls.give_back(c, info, [v for v in values if isinstance(v, str)])


def _size_frame(info: FuncInfo, c: Code, below: Sequence[FuncInfo]) -> None:
    # 256 bytes for saved registers and spilled scalars, which LLVM alone knows.
    info.stack_bytes = c.stack_bytes + 256 + max((b.stack_bytes for b in below), default=0)
    info.frame_bytes = c.frame_bytes + max((b.frame_bytes for b in below), default=0)


def _prologue(c: Code, info: FuncInfo) -> list[str]:
    if not info.frame_bytes:
        return c.prologue
    return [*c.prologue, f"  %callee.ws = getelementptr inbounds i8, ptr %ws, i64 {c.frame_bytes}"]


def is_direct(info: FuncInfo) -> bool:
    """Whether a function is one of a few doubles that gives a double, needs no memory and cannot fail."""
    func = info.func
    numbers = (*(p.ty for p in func.params), *func.results)
    few = len(func.params) <= FEW and len(func.results) == 1
    return few and not info.fallible and not info.frame_bytes and all(t == ir.REAL for t in numbers)


def _direct_entry(info: FuncInfo, *, inline: bool) -> tuple[str, int]:
    """The function that Python calls where it can hand over the numbers themselves: ctypes is quickest so."""
    c = Code(0)
    args = [f"double %a{k}" for k in range(len(info.func.params))]
    (result,) = calls.invoke(c, info, args, [], inline=inline)
    c.put(f"ret double {result}")
    return "\n".join([f"define double @{ENTRY}({', '.join(args)}) #0 {{", "entry:", *c.lines, "}"]), 0


def _entry(info: FuncInfo, *, inline: bool) -> tuple[str, int]:
    """The function that Python calls: arguments and array results in a row of slots, scalar results in another."""
    func = info.func
    c = Code(0)
    n = len(func.params)
    given = [calls.read_slot(c, "%in", k, p.ty) for k, p in enumerate(func.params)]
    arrays_out = [k for k, t in enumerate(func.results) if t.shape]
    places = {k: calls.read_slot(c, "%in", n + j, func.results[k]) for j, k in enumerate(arrays_out)}
    args: list[str] = []
    for k, (p, value) in enumerate(zip(func.params, given, strict=True)):
        if k in info.in_out:
            # The program overwrites this one: it is given a copy, in the place of the result.
            to = places[info.in_out[k]]
            c.copy(to, value, layout.nbytes(p.ty))
            value = to
        args.append(f"{'ptr' if p.ty.shape else layout.register(p.ty.scalar)} {value}")
    returned = calls.invoke(c, info, args, [places[k] for k in info.out_pointers], inline=inline)
    scalars = [(k, t) for k, t in enumerate(func.results) if not t.shape]
    for j, ((_, t), value) in enumerate(zip(scalars, returned, strict=True)):
        calls.write_slot(c, "%out", j, t, value)
    c.put("ret i32 0")
    if c.failures:
        c.open("fail")
        c.put(f"ret i32 {c.failures[0][0]}")
    callee = ["  %callee.ws = getelementptr inbounds i8, ptr %ws, i64 0"] if info.frame_bytes else []
    span = "" if info.shared is None else ", i64 %first, i64 %last"
    head = f"define i32 @{ENTRY}(ptr noalias %in, ptr noalias %out, ptr noalias %ws{span}) #0 {{"
    return "\n".join([head, "entry:", *callee, *c.lines, "}"]), info.frame_bytes
