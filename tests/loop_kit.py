"""Loops written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ir_kit import Body, block

from rosesim.ad.program.ir import Atom, Loop, Ty, Var, index_ty


def loop(
    b: Body, n: int, step: Callable[..., Sequence[Atom]], inits: Sequence[Atom] = (), name: str = "i", **more: Any
) -> Any:
    """A loop whose step, of its index and carries c, d, ..., gives what these are next and then its outputs."""
    carries = tuple(Var(a.ty, "cdefg"[k]) for k, a in enumerate(inits))
    index = Var(index_ty(n), name)
    body = block(lambda b: list(step(b, index, *carries)))
    rows = (Ty(r.ty.scalar, (n, *r.ty.shape)) for r in body.results[len(inits) :])
    e = Loop(n=n, index=index, inits=tuple(inits), carries=carries, body=body, **more)
    return b.let(e, *(a.ty for a in inits), *rows)
