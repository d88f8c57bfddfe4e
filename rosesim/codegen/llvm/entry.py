"""The entry of a module: the one function that is called from outside.

On a computer it takes a row of slots with arguments and the addresses of array results, a row for scalar results, and
a workspace. If threads share a batch, it also takes the groups of runs to do. It returns a status. A program of a few
doubles has a direct entry, a C function of doubles. On a grid, each thread does one run of the batch in its own part
of the workspace and writes its status to a row: rows and workspaces belong to the whole grid. If all addresses are
known when a module is written, an entry takes nothing: its numbers lie at their places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rosesim.ad.program import ir
from rosesim.ad.program.ir import BoolT, IntT, Ty
from rosesim.codegen.llvm import calls, layout, runs
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.tables import FuncInfo
from rosesim.codegen.target import Target

NAME = "rosesim_entry"
DIRECT_DOUBLES = 6
"""The most doubles that are passed one by one. A row is faster for more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry after it has been written."""

    text: str
    workspace_bytes: int = 0
    """For each call; on a grid, for each thread."""
    direct: bool = False
    declared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses of a program's numbers. At each lies an array, or a scalar of any type as a double."""

    params: tuple[int, ...]
    results: tuple[int, ...]
    workspace: int


def write(info: FuncInfo, target: Target, *, inline: bool, shares: bool) -> Entry:
    """The entry of a program whose function is `info`'s.

    `inline` says whether the function is inlined into it, `shares` whether threads share loops: each call then sees
    that they are there, which takes longer than passing numbers.
    """
    if target.grid:
        return _grid(info, inline=inline)
    if target.direct and is_direct(info) and not shares:
        return _direct(info, inline=inline)
    return _slots(info, inline=inline)


def is_direct(info: FuncInfo) -> bool:
    """Whether a function takes a few doubles, gives a double, needs no memory and cannot fail."""
    func = info.func
    numbers = (*(p.ty for p in func.params), *func.results)
    few = len(func.params) <= DIRECT_DOUBLES and len(func.results) == 1
    return few and not info.fallible and not info.frame_bytes and all(t == ir.REAL for t in numbers)


def _direct(info: FuncInfo, *, inline: bool) -> Entry:
    """The entry to which Python passes the numbers themselves. This is ctypes' fastest call."""
    c = Code(0)
    args = [f"double %a{k}" for k in range(len(info.func.params))]
    (result,) = calls.invoke(c, info, args, [], inline=inline)
    c.put(f"ret double {result}")
    text = "\n".join([f"define double @{NAME}({', '.join(args)}) #0 {{", "entry:", *c.lines, "}"])
    return Entry(text, direct=True)


def _slots(info: FuncInfo, *, inline: bool) -> Entry:
    """The entry with arguments and array results in one row of slots, and scalar results in another."""
    c = Code(0)
    _call_with_rows(c, info, inline=inline)
    c.put("ret i32 0")
    if c.failures:
        c.open("fail")
        c.put(f"ret i32 {c.failures[0][0]}")
    callee = ["  %callee.ws = getelementptr inbounds i8, ptr %ws, i64 0"] if info.frame_bytes else []
    span = "" if info.shared is None else ", i64 %first, i64 %last"
    head = f"define i32 @{NAME}(ptr noalias %in, ptr noalias %out, ptr noalias %ws{span}) #0 {{"
    return Entry("\n".join([head, "entry:", *callee, *c.lines, "}"]), info.frame_bytes)


def _grid(info: FuncInfo, *, inline: bool) -> Entry:
    """The kernel: a thread for each run, or a single thread if the program is no batch."""
    c = Code(0)
    block, size, thread = (c.let(f"call i32 {_register(r)}()") for r in ("ctaid", "ntid", "tid"))
    number = c.let(f"add i32 {c.let(f'mul i32 {block}, {size}')}, {thread}")
    c.put(f"%first = zext i32 {number} to i64")
    threads = 1 if info.shared is None else runs.groups(info.shared)
    c.branch(c.let(f"icmp ult i64 %first, {threads}"), "run", "beyond")
    c.open("run")
    c.put("%last = add nuw nsw i64 %first, 1")
    if info.frame_bytes:
        own = c.let(f"mul nuw nsw i64 %first, {info.frame_bytes}")
        c.put(f"%callee.ws = getelementptr inbounds i8, ptr %workspaces, i64 {own}")
    status = c.at("%statuses", "i32", "%first")
    _call_with_rows(c, info, inline=inline)
    c.put(f"store i32 0, ptr {status}")
    c.put("ret void")
    if c.failures:
        c.open("fail")
        c.put(f"store i32 {c.failures[0][0]}, ptr {status}")
        c.put("ret void")
    c.open("beyond")
    c.put("ret void")
    params = ", ".join(f"ptr noalias %{name}" for name in ("in", "out", "workspaces", "statuses"))
    head = f"define ptx_kernel void @{NAME}({params}) #0 {{"
    declared = tuple(f"declare i32 {_register(r)}()" for r in ("ctaid", "ntid", "tid"))
    return Entry("\n".join([head, "entry:", *c.lines, "}"]), info.frame_bytes, declared=declared)


def placed(name: str, info: FuncInfo, places: Places, *, inline: bool) -> str:
    """The text of an entry that takes nothing and returns a status."""
    c, func = Code(0), info.func

    def read(k: int) -> str:
        at, ty = places.params[k], func.params[k].ty
        return _at(at) if ty.shape else _from_double(c, c.let(f"load double, ptr {_at(at)}"), ty)

    def write(k: int, value: str) -> None:
        c.put(f"store double {_as_double(c, value, func.results[k])}, ptr {_at(places.results[k])}")

    _call(c, info, read, lambda k: _at(places.results[k]), write, inline=inline)
    c.put("ret i32 0")
    if c.failures:
        sources = ", ".join(f"[ {status}, %{label} ]" for status, label in c.failures)
        c.open("fail")
        c.put(f"ret i32 {c.let(f'phi i32 {sources}')}")
    workspace = [f"  %callee.ws = getelementptr i8, ptr {_at(places.workspace)}, i64 0"] if info.frame_bytes else []
    return "\n".join([f"define i32 @{name}() #0 {{", "entry:", *workspace, *c.lines, "}"])


def _at(address: int) -> str:
    return f"inttoptr (i64 {address} to ptr)"


def _from_double(c: Code, value: str, ty: Ty) -> str:
    match ty.scalar:
        case BoolT():
            return c.let(f"fcmp une double {value}, 0.0")
        case IntT():
            return c.let(f"fptosi double {value} to i64")
        case s if layout.width(s) == 32:
            return c.let(f"fptrunc double {value} to float")
        case _:
            return value


def _as_double(c: Code, value: str, ty: Ty) -> str:
    match ty.scalar:
        case BoolT():
            return c.let(f"uitofp i1 {value} to double")
        case IntT():
            return c.let(f"sitofp i64 {value} to double")
        case s if layout.width(s) == 32:
            return c.let(f"fpext float {value} to double")
        case _:
            return value


def _register(name: str) -> str:
    """The function that reads a special register: the block's number, its size, or the thread's number in it."""
    return f"@llvm.nvvm.read.ptx.sreg.{name}.x"


def _call_with_rows(c: Code, info: FuncInfo, *, inline: bool) -> None:
    """The call with numbers and addresses in the rows `%in` and `%out`."""
    func = info.func
    arrays_out = [k for k, t in enumerate(func.results) if t.shape]
    scalars = [k for k, t in enumerate(func.results) if not t.shape]
    n = len(func.params)
    _call(
        c,
        info,
        lambda k: calls.read_slot(c, "%in", k, func.params[k].ty),
        lambda k: calls.read_slot(c, "%in", n + arrays_out.index(k), func.results[k]),
        lambda k, value: calls.write_slot(c, "%out", scalars.index(k), func.results[k], value),
        inline=inline,
    )


def _call(
    c: Code,
    info: FuncInfo,
    read: Callable[[int], str],
    place: Callable[[int], str],
    write: Callable[[int, str], None],
    *,
    inline: bool,
) -> None:
    """Read the arguments, call the function, and write its scalar results. Jump to `fail` if it failed.

    `read` gives a scalar argument or the address of an array, `place` the address of an array result.
    """
    func = info.func
    given = [read(k) for k in range(len(func.params))]
    places = {k: place(k) for k, t in enumerate(func.results) if t.shape}
    args: list[str] = []
    for k, (p, value) in enumerate(zip(func.params, given, strict=True)):
        if k in info.in_out:
            # The program overwrites this argument. It gets a copy, in the memory of the result.
            to = places[info.in_out[k]]
            c.copy(to, value, ir.nbytes(p.ty))
            value = to
        args.append(f"{'ptr' if p.ty.shape else layout.register(p.ty.scalar)} {value}")
    returned = calls.invoke(c, info, args, [places[k] for k in info.out_pointers], inline=inline)
    scalars = [k for k, t in enumerate(func.results) if not t.shape]
    for k, value in zip(scalars, returned, strict=True):
        write(k, value)
