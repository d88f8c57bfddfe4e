"""Where a NaN or an infinity originates: which operations can cause one, the test whether one did, and the text of
the report."""

from __future__ import annotations

import sys

import numpy as np

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import BOOL, Atom, Expr, FloatT, Let, Lit, Loop, Op, Ty, Var, index_ty, operands
from rosesim.ad.program.ops import OPS


def can_be_bad(name: str) -> bool:
    """Whether an operator may turn finite numbers into a NaN or an infinity, or a NaN into an index."""
    return OPS[name].can_be_bad


def _greatest(ty: Ty) -> Lit:
    assert isinstance(ty.scalar, FloatT)
    return Lit(sys.float_info.max if ty.scalar.width == 64 else float(np.finfo(np.float32).max), Ty(ty.scalar))


def _finite(b: Builder, a: Atom) -> Atom:
    """Whether a real is neither NaN nor infinite."""
    return b.op("le", b.op("abs", a), _greatest(a.ty))


def _is_number(b: Builder, a: Atom) -> Atom:
    """Whether a real is not NaN."""
    return b.op("eq", a, a)


def is_suspect(b: Builder, let: Let) -> Atom:
    """Whether an operation has to be diagnosed: its result is not finite, or is an index made of a NaN."""
    out, first = let.outs[0], operands(let.expr)[0]
    return b.op("not", _finite(b, out) if isinstance(out.ty.scalar, FloatT) else _is_number(b, first))


def is_origin(b: Builder, let: Let) -> Atom:
    """Whether an operation gave a NaN although no operand is NaN, or an infinity although all operands are finite."""
    out = let.outs[0]
    if not isinstance(out.ty.scalar, FloatT):
        return is_suspect(b, let)
    reals = [a for a in operands(let.expr) if isinstance(a.ty.scalar, FloatT)]
    numbers: Atom = Lit(True, BOOL)
    finite: Atom = Lit(True, BOOL)
    for a in reals:
        numbers = b.op("and", numbers, _is_number(b, a))
        finite = b.op("and", finite, _finite(b, a))
    nan = b.op("not", _is_number(b, out))
    infinite = b.op("and", b.op("not", nan), b.op("not", _finite(b, out)))
    return b.op("or", b.op("and", nan, numbers), b.op("and", infinite, finite))


def any_nonfinite(b: Builder, a: Atom) -> tuple[Atom, Atom]:
    """Whether any number of a value is not finite, and one such number."""
    if not a.ty.shape:
        return b.op("not", _finite(b, a)), a
    n, one = a.ty.shape[0], Ty(a.ty.scalar)
    index = Var(index_ty(n))
    bad, value = Var(BOOL), Var(one)
    inner = Builder(b)
    here, what = any_nonfinite(inner, inner.get(a, (index,)))
    body = inner.block((inner.op("or", bad, here), inner.op("select", bad, value, what)))
    loop = Loop(n=n, index=index, inits=(Lit(False, BOOL), Lit(0.0, one)), carries=(bad, value), body=body)
    outs = b.let(loop, BOOL, one)
    return outs[0], outs[1]


def report_template(e: Expr) -> str:
    """The template of the report of an operation: its operands and its result."""
    assert isinstance(e, Op)
    if OPS[e.name].result == "i":
        return "{0} was made an index"
    k = len(e.args)
    return f"{OPS[e.name].written(*(f'{{{j}}}' for j in range(k)))} gave {{{k}}}"


def braced(text: object) -> str:
    """A text with its braces escaped for a template."""
    return str(text).replace("{", "{{").replace("}", "}}")
