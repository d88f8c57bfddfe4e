"""Programs to machine code: `compile_func` is the whole surface."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from rosesim.ad.errors import CheckError, TooLarge, TypeMismatch
from rosesim.ad.ir import Block, Func, Where, all_lets, reachable, storage
from rosesim.ad.machine import cores, memory
from rosesim.codegen import engine, interrupt, module, opaque, report
from rosesim.codegen.compiled import Compiled, finite_call, make_call

__all__ = ["Compiled", "compile_func"]

MOST_DIMENSIONS = 64


def compile_func(
    func: Func,
    *,
    math: Literal["fast", "strict"] = "fast",
    precision: Literal["f64", "f32"] = "f64",
    optimise: bool = True,
    names: Sequence[str] | None = None,
    threads: int | None = None,
    debug: bool = False,
) -> Compiled:
    """The machine code of a program, for this computer.

    `math="strict"` computes every operation as written, so that arithmetic equals the interpreter's to the
    bit; "fast" may reorder sums and contract products. `precision="f32"` computes in single precision, taking
    arrays of either and giving single ones. The runs of a batch (`vmap`) are shared by up to `threads` threads,
    as many as there are cores where none are given. `debug=True` gives the debug program (`ad.debug`), on one
    thread: it raises NumericalError at the first NaN or infinity. `names` are the parameters' names in messages.
    """
    if any(p.ty.ref for p in func.params):
        raise CheckError(f"{func.name} takes an accumulator: only functions of values can be compiled")
    if math not in ("fast", "strict"):
        raise ValueError(f"math is {math!r}; expected 'fast' or 'strict'")
    if precision not in ("f64", "f32"):
        raise ValueError(f"precision is {precision!r}; expected 'f64' or 'f32'")
    began = time.perf_counter()
    called = list(names) if names is not None else [p.name or f"{k}" for k, p in enumerate(func.params)]
    if len(called) != len(func.params):
        raise ValueError(f"{len(called)} names were given for {len(func.params)} parameters")
    _refuse_too_large(func, 0)
    written = module.write(func, math, precision, debug)
    _refuse_too_large(func, written.workspace_bytes)
    program = written.program
    callbacks = [opaque.callback(f) for f in program.opaques]
    symbols = {
        **{f"opaque{k}": opaque.address(c) for k, c in enumerate(callbacks)},
        **{name: a.ctypes.data for name, a in program.data.items()},
        **(interrupt.symbols() if program.polled else {}),
        **(report.symbols() if program.tells else {}),
    }
    how = {"optimise": optimise, "straight": written.straight}
    loaded = engine.load(written.text, module.ENTRY, symbols, **how)
    call = make_call(
        written.func, called, loaded, written, threads or cores(), keep=(callbacks, list(program.data.values()))
    )
    if debug:
        call = finite_call(call, func.name, called, [p.ty for p in func.params])
    seconds = time.perf_counter() - began
    return Compiled(call, seconds, written.workspace_bytes, lambda: engine.as_compiled(written.text, **how))


def _refuse_too_large(func: Func, workspace: int) -> None:
    """Raise before anything is compiled that could not run: what takes up more memory than there is."""
    border = [*(p.ty for p in func.params), *func.results]
    deepest = max((len(t.shape) for t in border), default=0)
    if deepest > MOST_DIMENSIONS:
        raise TypeMismatch(
            f"{func.name} takes or gives vectors within vectors, {deepest} deep; expected at most "
            f"{MOST_DIMENSIONS}, the dimensions that an array of NumPy's can have",
            func.where,
        )
    needed = workspace + sum(t.size * storage(t.scalar).itemsize for t in border)
    if needed > memory():
        raise TooLarge(
            f"the arrays of {func.name} take {needed / 2**30:.3g} GiB, which is more than the memory of this "
            f"computer, {memory() / 2**30:.3g} GiB; expected smaller ones",
            _where_largest(func),
        )


def _where_largest(func: Func) -> Where | None:
    """The line that makes the largest array; that of the function where it is among its arguments."""
    most, where = max((p.ty.size * storage(p.ty.scalar).itemsize for p in func.params), default=0), func.where
    for f in reachable(func):
        for let in all_lets(f.body) if isinstance(f.body, Block) else ():
            size = max((v.ty.size * storage(v.ty.scalar).itemsize for v in let.outs), default=0)
            if size > most and let.where is not None:
                most, where = size, let.where
    return where
