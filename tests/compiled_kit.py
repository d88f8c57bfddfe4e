"""What tests of machine code share: a program against the interpreter, loops and updates, random programs."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from ir_kit import Body, between, block
from random_programs import Draw, arguments

from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Func, Loop, Put, Ty, Var, index_ty
from rosesim.codegen import compile_func

LONG = 100
"""Longer than the arrays that are kept as scalars (buffers.SHORT)."""


def agree(f: Func, *args: Any, math: Any = "strict", ways: Sequence[bool] = (False, True)) -> tuple[Any, ...]:
    """The results of the compiled program, which are the interpreter's, to the bit, optimised or not."""
    check(f)
    want = interp.run(f, copy.deepcopy(args))
    got: tuple[Any, ...] = ()
    for optimise in ways:
        before = copy.deepcopy(args)
        got = compile_func(f, math=math, optimise=optimise)(*args)
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            assert type(g) is (np.ndarray if isinstance(w, np.ndarray) else type(np.asarray(w).item()))
            np.testing.assert_array_equal(np.asarray(g), np.asarray(w), strict=True)
        for a, b in zip(args, before, strict=True):
            np.testing.assert_array_equal(a, b, err_msg="an input was written to")
    return got


def loop_over(
    body: Body,
    n: int,
    inits: Sequence[Any],
    write: Callable[..., Any],
    outs: Sequence[Ty] = (),
    **more: Any,
) -> Any:
    """A loop whose body `write(body, i, *carries)` writes; the first results are the carries."""
    i, carries = Var(index_ty(n)), tuple(Var(a.ty) for a in inits)
    inner = block(lambda b: write(b, i, *carries))
    tys = [a.ty for a in inits] + [Ty(t.scalar, (n, *t.shape)) for t in outs]
    test = more.pop("test", None)
    if test is not None:
        tys.append(between(0, n))
        more["test"] = block(lambda b: test(b, i, *carries))
    return body.let(Loop(n=n, index=i, inits=tuple(inits), carries=carries, body=inner, **more), *tys)


def put(b: Body, x: Var, i: Any, v: Any) -> Any:
    return b.let(Put(x, (i,), v), x.ty)


def agree_at_random(seeds: Iterable[int], optimised: int = 2) -> None:
    """Programs drawn from these seeds agree; each so many-th is optimised too, which takes most of the time."""
    for seed in seeds:
        f = Draw(seed).program()
        if not any(p.ty.ref for p in f.params):
            agree(f, *arguments(f, seed), ways=(False,) if seed % optimised else (False, True))


def seconds(run: Callable[[], Any]) -> float:
    best = math.inf
    for _ in range(3):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best
