"""Programs in single precision: every 64-bit real becomes a 32-bit one. Integers stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.ir import Block, Data, FloatT, Func, Let, Lit, Opaque, TanT, Ty, Var, Where
from rosesim.ad.program.rewrite import Copy
from rosesim.ad.support.errors import TypeMismatch


def in_single_precision(func: Func) -> Func:
    """The same program in single precision.

    Raises TypeMismatch if one of its constants would become zero or infinite.
    """
    made: dict[Func, Func] = {}
    for f in ir.reachable(func):
        if isinstance(f.body, Opaque):
            params = tuple(Var(_single(p.ty), p.name) for p in f.params)
            body: Block | Opaque = replace(f.body, results=tuple(map(_single, f.body.results)))
        else:
            for let in ir.all_lets(f.body):
                _check(let)
            _check_all(_literals(f.body.results), f.where)
            copy = Copy(ty=_single, func=made.__getitem__)
            params, body = tuple(map(copy.bind, f.params)), copy.block(f.body)
        made[f] = Func(f.name, params, body, f.where)
    return made[func]


def _single(ty: Ty) -> Ty:
    return Ty(replace(ty.scalar, width=32), ty.shape, ty.ref) if isinstance(ty.scalar, FloatT | TanT) else ty


def _literals(atoms: Sequence[ir.Atom]) -> Iterator[float]:
    return (float(a.value) for a in atoms if isinstance(a, Lit) and isinstance(a.ty.scalar, FloatT | TanT))


def _check(let: Let) -> None:
    e = let.expr
    if isinstance(e, Data) and isinstance(let.outs[0].ty.scalar, FloatT | TanT):
        _check_all(e.array.ravel(), let.where)
    _check_all(_literals(ir.operands(e)), let.where)
    for block in ir.blocks(e):
        _check_all(_literals(block.results), let.where)


def _check_all(values: Iterator[float] | np.ndarray, where: Where | None) -> None:
    given = np.fromiter(values, np.float64) if not isinstance(values, np.ndarray) else values
    with np.errstate(over="ignore", under="ignore"):
        single = given.astype(np.float32)
    lost = (np.isinf(single) & np.isfinite(given)) | ((single == 0) & (given != 0))
    if lost.any():
        x, became = float(given[lost.argmax()]), float(single[lost.argmax()])
        sizes = np.finfo(np.float32)
        raise TypeMismatch(
            f"the constant {x!r} was found, which single precision (precision='f32') makes {became!r}; expected 0 or "
            f"a size from {sizes.smallest_subnormal:.2g} to {sizes.max:.3g}",
            where,
        )
