"""Functions and their calls: how values pass between them.

Scalars are passed by value, arrays by pointer. Array results are written to pointers that the caller gives, or stay
in the memory of an in-out parameter (`buffers`). Scalar results are returned in registers, followed by a status if
the function can fail. A function that needs a workspace gets a part of its caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rosesim.ad.program.ir import Call, Func, Let, Ty, nbytes
from rosesim.codegen.artifact import OPAQUE_RAISED
from rosesim.codegen.llvm import arrays, layout
from rosesim.codegen.llvm.arrays import Arr, Value
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.tables import FuncInfo

if TYPE_CHECKING:
    from rosesim.codegen.llvm.emit import Emitter


def signature(info: FuncInfo) -> tuple[list[str], list[str]]:
    """The typed parameters of a function's LLVM text, and the names of its array results' pointers."""
    params: list[str] = []
    for k, p in enumerate(info.func.params):
        if not p.ty.shape and not p.ty.ref:
            params.append(f"{layout.register(p.ty.scalar)} %a{k}")
        elif p.ty.ref:
            alone = "noalias " if info.distinct_refs else ""
            params.append(f"ptr {alone}{facts(p.ty)} %a{k}")
        else:
            # Nothing writes to it through another pointer either: noalias tells LLVM so.
            write = "" if k in info.in_out else "readonly "
            params.append(f"ptr noalias {write}{facts(p.ty)} %a{k}")
    outs = [f"%r{k}" for k in info.out_pointers]
    results = info.func.results
    params += [f"ptr noalias {facts(results[k])} %r{k}" for k in info.out_pointers]
    if info.shared is not None:
        params += ["i64 %first", "i64 %last"]
    if info.frame_bytes:
        params.append("ptr noalias %ws")
    return params, outs


def facts(ty: Ty) -> str:
    """What LLVM is told of the address of an array of ours."""
    size = nbytes(ty)
    known = f"align {layout.alignment(ty.scalar)} dereferenceable({size}) " if size else ""
    return f"{known}captures(none)"


def give_back(c: Code, info: FuncInfo, values: Sequence[str]) -> None:
    """Return scalar results and the status for success."""
    texts = [*values, "0"] if info.fallible else list(values)
    kinds = info.returned
    if not kinds:
        c.put("ret void")
    elif len(kinds) == 1:
        c.put(f"ret {kinds[0]} {texts[0]}")
    else:
        pack = "poison"
        for k, (kind, text) in enumerate(zip(kinds, texts, strict=True)):
            pack = c.let(f"insertvalue {info.return_type} {pack}, {kind} {text}, {k}")
        c.put(f"ret {info.return_type} {pack}")


def failing_end(c: Code, info: FuncInfo) -> None:
    """The block to which every failure in a function jumps. It returns the status."""
    if not c.failures:
        return
    sources = ", ".join(f"[ {status}, %{label} ]" for status, label in c.failures)
    c.open("fail")
    status = c.let(f"phi i32 {sources}")
    if len(info.returned) == 1:
        c.put(f"ret i32 {status}")
    else:
        last = len(info.returned) - 1
        pack = c.let(f"insertvalue {info.return_type} poison, i32 {status}, {last}")
        c.put(f"ret {info.return_type} {pack}")


def invoke(c: Code, info: FuncInfo, args: Sequence[str], outs: Sequence[str], *, inline: bool) -> list[str]:
    """Call a function. If it fails, leave this one with its status. Gives the scalar results."""
    texts = [*args, *(f"ptr {o}" for o in outs)]
    if info.shared is not None:
        texts += ["i64 %first", "i64 %last"]
    if info.frame_bytes:
        texts.append("ptr %callee.ws")
    call = f"call fastcc {info.return_type} @{info.name}({', '.join(texts)}){' #2' if inline else ''}"
    kinds = info.returned
    if not kinds:
        c.put(call)
        return []
    made = c.let(call)
    if len(kinds) == 1:
        fields = [made]
    else:
        fields = [c.let(f"extractvalue {info.return_type} {made}, {k}") for k in range(len(kinds))]
    if info.fallible:
        status = fields.pop()
        c.fail_if(c.let(f"icmp ne i32 {status}, 0"), status)
    return fields


def emit(e: Emitter, let: Let, call: Call) -> None:
    """Write a call and bind its results."""
    c, sharing = e.code, e.sharing
    info = e.tables.infos[call.func]
    reused = sharing.reuses.get(let, set())
    finals: dict[int, str] = {}
    args: list[str] = []
    for k, a in enumerate(call.args):
        value = e.value(a)
        if isinstance(value, str):
            args.append(f"{layout.register(a.ty.scalar)} {value}")
            continue
        pointer = value.address()
        if k in info.in_out:
            result = info.in_out[k]
            if k not in reused:
                pointer = e.place(let.outs[result])
                arrays.write(c, value, pointer, a.ty)
            finals[result] = pointer
        args.append(f"ptr {pointer}")
    outs: list[str] = []
    for k in info.out_pointers:
        finals[k] = e.place(let.outs[k])
        outs.append(finals[k])
    returned = iter(invoke(c, info, args, outs, inline=call in e.tables.planned.inlined_calls))
    for k, v in enumerate(let.outs):
        value: Value = Arr(v.ty, finals[k]) if v.ty.shape else next(returned)
        e.env[v] = value


def write_opaque(c: Code, info: FuncInfo, number: int) -> None:
    """The body of a function that calls back into Python.

    Arguments and the addresses of array results are passed in a row of 8-byte slots. Scalar results come back in a
    second row. The callback returns 1; anything else means that an exception is pending.
    """
    func: Func = info.func
    wide = len(func.params) + len(info.out_pointers)
    given = c.alloc(f"[{max(wide, 1)} x i64]", 8 * max(wide, 1))
    back = c.alloc(f"[{max(len(func.results), 1)} x i64]", 8 * max(len(func.results), 1))
    for k, p in enumerate(func.params):
        write_slot(c, given, k, p.ty, f"%a{k}")
    for k, r in enumerate(info.out_pointers):
        write_slot(c, given, len(func.params) + k, func.results[r], f"%r{r}")
    answer = c.let(f"call i32 @opaque{number}(ptr {given}, ptr {back})")
    c.fail_if(c.let(f"icmp ne i32 {answer}, 1"), str(OPAQUE_RAISED))
    scalars = [t for t in func.results if not t.shape]
    give_back(c, info, [read_slot(c, back, k, t) for k, t in enumerate(scalars)])


def write_slot(c: Code, row: str, k: int, ty: Ty, value: str) -> None:
    """Write a scalar, or the address of an array, to a row of slots."""
    at = c.at(row, "i64", str(k))
    match "ptr" if ty.shape else layout.register(ty.scalar):
        case "float":
            c.put(f"store double {c.let(f'fpext float {value} to double')}, ptr {at}")
        case "i1":
            c.put(f"store i64 {c.let(f'zext i1 {value} to i64')}, ptr {at}")
        case kind:
            c.put(f"store {kind} {value}, ptr {at}")


def read_slot(c: Code, row: str, k: int, ty: Ty) -> str:
    """Read a scalar, or the address of an array, from a row of slots."""
    at = c.at(row, "i64", str(k))
    match "ptr" if ty.shape else layout.register(ty.scalar):
        case "float":
            return c.let(f"fptrunc double {c.let(f'load double, ptr {at}')} to float")
        case "i1":
            return c.let(f"icmp ne i64 {c.let(f'load i64, ptr {at}')}, 0")
        case kind:
            return c.let(f"load {kind}, ptr {at}")
