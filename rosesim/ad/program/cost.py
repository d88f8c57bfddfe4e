"""How much work a part of a program is. The unit is about one addition."""

from __future__ import annotations

from rosesim.ad.program.check_op import OF_LANES
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Block,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    Func,
    Get,
    Guard,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    unknown,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.support import recursion

OPAQUE_WORK = 5_000
"""A call from machine code into Python takes the interpreter's lock: microseconds, or thousands of additions."""


def work(e: Expr) -> int:
    """The work of running an expression once. A loop counts all n iterations, a branch its more expensive side."""
    match e:
        case Op(name, _):
            return 1 if name in OF_LANES else OPS[name].work
        case Loop():
            return e.n // e.lanes * (1 + _nested_work(e.body) + (0 if e.test is None else _nested_work(e.test)))
        case Cond(_, then, orelse):
            return 1 + max(_nested_work(then), _nested_work(orelse))
        case Accum(inits, _, body):
            return sum(a.ty.size for a in inits) + _nested_work(body)
        case Call(func, _):
            return func_work(func)
        case Get() | Put():
            return 1
        case Stack(items):
            return sum(a.ty.size for a in items)
        case Fill():
            return 1
        case Data() | Stop() | Add() | SubRef() | Guard():
            return 0
        case _:
            unknown(e)


def block_work(block: Block) -> int:
    """The work of running a block once."""
    return sum(work(let.expr) for let in block.lets)


def _nested_work(block: Block) -> int:
    return recursion.nested(block_work, block)


def func_work(func: Func) -> int:
    """The work of a call."""
    if "work" not in func.memo:
        func.memo["work"] = _opaque_work(func.body) if isinstance(func.body, Opaque) else 2 + block_work(func.body)
    return func.memo["work"]


def _opaque_work(body: Opaque) -> int:
    return OPAQUE_WORK if body.linear is None else func_work(body.linear.apply)
