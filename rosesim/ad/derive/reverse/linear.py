"""The reverse of lets without blocks: each passes the cotangent of its result on to its operands."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.derive.reverse.cotangent import Ct, Gather, cotangent
from rosesim.ad.derive.reverse.pair import is_tan
from rosesim.ad.derive.reverse.reader import Reader
from rosesim.ad.program.builder import integer
from rosesim.ad.program.ir import Add, Atom, Data, Fill, Get, Guard, Let, Lit, Op, Put, Stack, Stop, operands, unknown
from rosesim.ad.program.reduce import summed
from rosesim.ad.program.show import show_let
from rosesim.ad.support.errors import CheckError

Simple = Op | Get | Put | Stack | Fill | Data | Stop | Add | Guard


def read_simple(rev: Reader, g: Gather, let: Let, e: Simple) -> None:
    """Read a let without blocks backwards; one without tangents belongs to the primal part alone."""
    match e:
        case Op(name, args) if is_tan(let.outs[0]):
            ct = g.take(let.outs[0])
            if ct is not None:
                _op(g, name, args, ct)
        case Get(x, idx) if is_tan(x):
            ct = g.take(let.outs[0])
            if ct is not None:
                g.add(x, ct, idx)
        case Put(x, idx, v) if is_tan(x):
            ct = g.take(let.outs[0])
            if ct is not None:
                b = g.b
                g.add(v, ct.get(b, idx))
                g.add(x, Ct(b.put(ct.value, idx, b.zeros(cotangent(v.ty))), ct.mask, ct.clean_where))
        case Stack(items) if is_tan(let.outs[0]):
            ct = g.take(let.outs[0])
            for k, item in enumerate(items):
                if ct is not None:
                    g.add(item, ct.get(g.b, (integer(k),)))
        case Fill(v) if is_tan(v):
            ct = g.take(let.outs[0])
            if ct is not None and not isinstance(v, Lit):
                g.add(v, Ct(summed(g.b, ct.clean(g.b)), True, True))
        case Add(ref, idx, v) if is_tan(ref):
            ct = rev.ref_ct(g, ref, idx)
            if ct is not None:
                g.add(v, ct)
        case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | Guard():
            if any(map(is_tan, (*let.outs, *operands(e)))):
                line = f"`{show_let(let)}`"
                raise CheckError(f"in {rev.func.name}: {line} is linear but has no reverse", let.where)
        case _:
            unknown(e)


def _op(g: Gather, name: str, args: Sequence[Atom], ct: Ct) -> None:
    """Pass the cotangent of an operator's result on to its arguments."""
    b = g.b
    match name:
        case "neg":
            g.add(args[0], ct.scaled(b.op("neg", ct.value), True))
        case "add":
            g.add(args[0], ct)
            g.add(args[1], ct)
        case "sub":
            g.add(args[0], ct)
            if not isinstance(args[1], Lit):
                g.add(args[1], ct.scaled(b.op("neg", ct.value), True))
        case "mul":
            factor, t = args if is_tan(args[1]) else args[::-1]
            if not isinstance(t, Lit):
                g.add(t, ct.scaled(b.op("mul", factor, ct.value), g.outside.is_finite(factor)))
        case "div":
            g.add(
                args[0],
                ct.scaled(b.op("div", ct.value, args[1]), isinstance(args[1], Lit) and abs(args[1].value) > 0),
            )
        case "select":
            p, x, y = args
            for side, chosen in ((x, p), (y, b.op("not", p))):
                if not isinstance(side, Lit):
                    g.add(side, ct.where(b, chosen))
        case _:
            raise AssertionError(f"{name} is not linear")
