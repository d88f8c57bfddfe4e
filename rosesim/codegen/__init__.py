"""From programs to machine code: `compile_func` makes a function of one, `lowered` gives a target's code."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal

from rosesim.ad.program.ir import REAL, Block, Func, Let, Op, Var
from rosesim.ad.program.ops import OPS
from rosesim.ad.support.errors import CheckError
from rosesim.ad.support.machine import cores
from rosesim.codegen import targets
from rosesim.codegen.artifact import Artifact
from rosesim.codegen.limits import refuse_too_large
from rosesim.codegen.llvm import maths
from rosesim.codegen.pipeline import planned
from rosesim.codegen.planned import Options
from rosesim.codegen.runtime.call import CompiledFunc, finite_call
from rosesim.codegen.target import Target

__all__ = ["CompiledFunc", "compile_func", "lowered", "mathematics"]


def compile_func(
    func: Func,
    *,
    math: Literal["fast", "strict"] = "fast",
    precision: Literal["f64", "f32"] = "f64",
    optimise: bool = True,
    names: Sequence[str] | None = None,
    threads: int | None = None,
    debug: bool = False,
    target: Target | None = None,
) -> CompiledFunc:
    """A function that runs a program, on this computer or on another target that has a runtime here.

    `math="strict"` computes every operation as written, so that arithmetic equals the interpreter's to the bit;
    "fast" may reorder sums and contract products. `precision="f32"` computes in single precision: it takes arrays
    of either width and gives single ones. Up to `threads` threads share the runs of a batch (`vmap`), or the long
    loops within a run; the default is the number of cores. `debug=True` compiles the debug program
    (`ad.instrument.debug`), on one thread: it raises NumericalError at the first NaN or infinity. `names` are the
    parameters' names in messages.
    """
    began = time.perf_counter()
    options = Options(math, precision, debug, optimise)
    target = target or targets.host()
    if target.runtime is None:
        raise ValueError(
            f"{target.name} does not run here; expected a target with a runtime, or `lowered` for its code"
        )
    called = list(names) if names is not None else [p.name or f"{k}" for k, p in enumerate(func.params)]
    if len(called) != len(func.params):
        raise ValueError(f"{len(called)} names were given for {len(func.params)} parameters")
    made = lowered(func, options, target)
    call = target.runtime.load(made, called, threads or cores())
    if debug:
        call = finite_call(call, func.name, called, [p.ty for p in func.params])
    seconds = time.perf_counter() - began
    return CompiledFunc(call, seconds, made.workspace_bytes, lambda: target.backend.final_text(made, target, options))


@cache
def mathematics(name: str) -> Callable[..., float] | None:
    """An operator's mathematics function as strict machine code computes it; None where it is another operator.

    >>> callable(mathematics("expm1")), mathematics("add")
    (True, None)
    """
    if name not in maths.WORST and name != "unit":
        return None
    params = tuple(Var(REAL, n) for n in "xy"[: len(OPS[name].kinds)])
    out = Var(REAL)
    func = Func(name, params, Block((Let((out,), Op(name, params)),), (out,)))
    return compile_func(func, math="strict").number


def lowered(func: Func, options: Options, target: Target) -> Artifact:
    """The artifact that a target runs: a program after all passes and after the target's backend.

    Raises CheckError if the program takes an accumulator, TooLarge if it needs more memory than the target has,
    and TypeMismatch if it calls what the target cannot call.
    """
    if any(p.ty.ref for p in func.params):
        raise CheckError(f"{func.name} takes an accumulator: only functions of values can be compiled")
    refuse_too_large(func, 0, target)
    return target.backend.lower(planned(func, options, target), target)
