"""Programs that could not run are refused before they are compiled."""

from __future__ import annotations

from rosesim.ad.program.ir import Block, Func, Where, all_lets, reachable, storage
from rosesim.ad.support.errors import TooLarge, TypeMismatch
from rosesim.codegen.target import Target

MOST_DIMENSIONS = 64


def refuse_too_large(func: Func, workspace: int, target: Target) -> None:
    """Raise before compilation if the program could not run because it needs more memory than the target has."""
    border = [*(p.ty for p in func.params), *func.results]
    deepest = max((len(t.shape) for t in border), default=0)
    if deepest > MOST_DIMENSIONS:
        raise TypeMismatch(
            f"{func.name} takes or gives vectors within vectors, {deepest} deep; expected at most "
            f"{MOST_DIMENSIONS}, the dimensions that an array of NumPy's can have",
            func.where,
        )
    needed = workspace + sum(t.size * storage(t.scalar).itemsize for t in border)
    if needed > target.memory:
        whose = "this computer" if target.runtime is not None else target.name
        raise TooLarge(
            f"the arrays of {func.name} take {needed / 2**30:.3g} GiB, which is more than the memory of {whose}, "
            f"{target.memory / 2**30:.3g} GiB; expected smaller ones",
            _where_largest(func),
        )


def _where_largest(func: Func) -> Where | None:
    """The line that makes the largest array. If that is an argument, the function's line."""
    most, where = max((p.ty.size * storage(p.ty.scalar).itemsize for p in func.params), default=0), func.where
    for f in reachable(func):
        for let in all_lets(f.body) if isinstance(f.body, Block) else ():
            size = max((v.ty.size * storage(v.ty.scalar).itemsize for v in let.outs), default=0)
            if size > most and let.where is not None:
                most, where = size, let.where
    return where
