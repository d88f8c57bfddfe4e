"""Where a bad number is born: which operations can give a NaN or an infinity of numbers, how to ask whether one
did, and the words for it."""

from __future__ import annotations

import sys

import numpy as np

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import BOOL, Atom, Expr, FloatT, Let, Lit, Loop, Op, Ty, Var, index_ty, operands
from rosesim.ad.program.ops import OPS


def can_be_bad(name: str) -> bool:
    """Whether an operator may give a bad number of good ones."""
    return OPS[name].can_be_bad


def _greatest(ty: Ty) -> Lit:
    assert isinstance(ty.scalar, FloatT)
    return Lit(sys.float_info.max if ty.scalar.width == 64 else float(np.finfo(np.float32).max), Ty(ty.scalar))


def _finite(b: Builder, a: Atom) -> Atom:
    """Whether a real is neither NaN nor infinite."""
    return b.op("le", b.op("abs", a), _greatest(a.ty))


def _is_number(b: Builder, a: Atom) -> Atom:
    """Whether a real is no NaN."""
    return b.op("eq", a, a)


def is_suspect(b: Builder, let: Let) -> Atom:
    """Whether an operation is worth a question: its result is not finite, or is the index that a NaN became."""
    out, first = let.outs[0], operands(let.expr)[0]
    return b.op("not", _finite(b, out) if isinstance(out.ty.scalar, FloatT) else _is_number(b, first))


def is_origin(b: Builder, let: Let) -> Atom:
    """Whether an operation gave a NaN of numbers, or an infinity of finite numbers."""
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
    """Whether any number of a value is not finite, and such a one."""
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
    """The template of what an operation was and gave."""
    assert isinstance(e, Op)
    if OPS[e.name].result == "i":
        return "{0} was made an index"
    k = len(e.args)
    return f"{OPS[e.name].written(*(f'{{{j}}}' for j in range(k)))} gave {{{k}}}"


def braced(text: object) -> str:
    """A text as it stands in a template."""
    return str(text).replace("{", "{{").replace("}", "}}")
