"""The other ways of running a program: in lanes and on threads, from the cache, in single precision; and the
second derivative."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fuzz.meanings import Bad, Noise
from fuzz.oracle import BOUND, NOISE, Disagreement, Flat, Judge, Stopped, interpreted, outcome, reals, row, same, told
from rosesim import grad, jvp, vmap
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn
from rosesim.ad.passes.inline import inlined
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Block, Func, Lit, Stop, all_lets, blocks, operands, reachable
from rosesim.ad.support import machine
from rosesim.ad.support.errors import NumericalError, ProgramError, TypeMismatch
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import cache
from rosesim.codegen.passes import whole_program
from rosesim.codegen.passes.lanes.batch import laned

RUNS = 9
"""Runs of a batch: two groups of four lanes, and one alone."""
SINGLE = 2.0**-22
"""The largest relative error of a noisy operator, for comparison with single precision."""


class Modes:
    """One case in the other ways of running it; `judge.core()` must have run before."""

    def __init__(self, judge: Judge):
        self.judge, self.count = judge, judge.count

    def all(self) -> None:
        """Raise Disagreement where a way disagrees."""
        self.cached()
        self.lanes()
        self.single()
        self.debugged()
        self.twice()

    def cached(self) -> None:
        """Check that code from the cache gives the same as newly compiled code."""
        with tempfile.TemporaryDirectory() as folder, cache_folder(folder):
            flat = inlined(self.judge.func)
            compile_func(flat, math="strict")
            kept = cache.store()
            if kept is None or not kept.entries():
                raise Disagreement("nothing was kept in the cache")
            again = compile_func(flat, math="strict")
        self.judge.agree("from the cache", self.judge.meant, outcome(again, self.judge.args))

    def lanes(self) -> None:
        """Check that each run of a batch, in lanes and on threads, gives the same as the run alone."""
        case, judge = self.judge.case, self.judge
        batch = vmap(case.whole)
        func = batch.traced(tuple(T.VecType(RUNS, t) for t in case.whole_types)).func
        check(func)
        each = [case.arguments(judge.func, k) for k in range(RUNS)]
        stacked = [np.stack([np.asarray(a[k]) for a in each]) for k in range(len(each[0]))]
        alone = [outcome(judge.plain, a) for a in each]
        stops = {r.said for r in alone if isinstance(r, Stopped)}
        with _threads():
            strict = compile_func(inlined(func), math="strict", threads=2)
        body = laned(inlined(func), machine.LANES, "strict").body
        is_laned = isinstance(body, Block) and any(getattr(let.expr, "lanes", 1) > 1 for let in all_lets(body))
        self.count["in lanes, strict" if is_laned else "in a batch that is left to LLVM's vectoriser, strict"] += 1
        found = outcome(strict, stacked)
        if isinstance(found, Stopped) or stops:
            if not isinstance(found, Stopped) or found.said not in stops:
                raise Disagreement(f"a batch stops otherwise than its runs: {told(found)}, {stops}")
            return
        for k, one in enumerate(alone):
            here = tuple(r[k] for r in found)
            assert not isinstance(one, Stopped)
            if not same(one, here):
                raise Disagreement(f"run {k} of a batch differs from the same alone:\n  {one}\n  {here}")
        fast = outcome(compile_func(inlined(func)), stacked)
        first: Flat | Stopped = fast if isinstance(fast, Stopped) else tuple(r[0] for r in fast)
        judge.close("in lanes, fast", judge.meant, first, NOISE)

    def single(self) -> None:
        """Check that single precision agrees with double within its rounding."""
        given = reals(self.judge.args)
        if not np.all((given == 0) | ((np.abs(given) > 1e-35) & (np.abs(given) < 1e35))):
            self.count["not run in single precision: an argument does not fit"] += 1
            return
        try:
            program = compile_func(inlined(self.judge.func), precision="f32")
        except TypeMismatch:
            self.count["not compiled in single precision: a constant does not fit"] += 1
            return
        self.judge.close("single precision", self.judge.meant, outcome(program, self.judge.args), SINGLE)

    def debugged(self) -> None:
        """Check that a debug program gives the same bits, or stops at a NaN or an infinity that exists."""
        judge = self.judge
        program = compile_func(inlined(judge.func), math="strict", optimise=False, debug=True)
        self.count["debug"] += 1
        bad = Bad()
        interpreted(judge.func, judge.args, bad.meanings())
        given = reals(judge.args)
        try:
            found: Flat | Stopped = tuple(program(*judge.args))
        except NumericalError as e:
            self.count["debug: stopped at a NaN or an infinity"] += 1
            if "though no operation gave one" in str(e):
                self.count["debug: a NaN without its line"] += 1
            if not (bad.found or _writes_bad(judge.func) or not np.isfinite(given).all()):
                raise Disagreement(f"a debug program stops where all is finite: {e}") from e
            return
        except ProgramError as e:
            found = Stopped(e)
        if not same(judge.meant, found):
            raise Disagreement(f"debug differs from the interpreter: {told(judge.meant)}, {told(found)}")

    def twice(self) -> None:
        """Check that the second derivative is symmetric: u (H v) = v (H u)."""
        case, count = self.judge.case, self.count
        first = case.params[0]

        def reduced(x: Any, rest: Any) -> Any:
            value = case.f(x, *rest)
            return value if case.result == T.REAL else value[0]

        def bent(x: Any, u: Any, v: Any, rest: Any) -> Any:
            slope = grad(Fn(reduced), wrt=0)
            return jvp(slope)(x, rest, u, None)[1], jvp(slope)(x, rest, v, None)[1]

        func = Fn(bent).traced((first, first, first, T.tuple_type(*case.params[1:]))).func
        check(func)
        rng = np.random.default_rng(case.seed)
        x, rest = self.judge.args[0], self.judge.args[1 : len(T.flatten(T.tuple_type(*case.params)))]
        u, v = rng.normal(size=x.shape), rng.normal(size=x.shape)
        args = [x, u, v, *rest]
        meant = interpreted(func, args)
        found = outcome(compile_func(inlined(func), math="strict", optimise=False), args)
        if not same(meant, found):
            raise Disagreement(f"second derivative, unoptimised: {told(found)}, interpreter: {told(meant)}")
        count["second derivative"] += 1
        if isinstance(meant, Stopped):
            return
        off, size = _asymmetry(meant, u, v)
        if not np.isfinite(size):
            count["second derivative not finite"] += 1
        elif abs(off) <= 1e-9 * size or abs(off) <= BOUND * self._moves(func, args, u, v):
            count["second derivative symmetric"] += 1
        elif self.judge.wavers(NOISE):
            count["second derivative: decided or most digits lost within rounding"] += 1
        elif _stops_gradients(func):
            count["second derivative: of another function, because gradients stop"] += 1
        else:
            raise Disagreement(f"the second derivative is not symmetric: off by {off:.1e} of {size:.1e}")

    def _moves(self, func: Func, args: list[Any], u: np.ndarray, v: np.ndarray) -> float:
        """How far rounding moves the asymmetry."""
        runs = (interpreted(func, args, Noise(k, NOISE).meanings()) for k in range(12))
        found = [_asymmetry(r, u, v)[0] for r in runs if not isinstance(r, Stopped)]
        return float(np.ptp(found)) if found else 0.0


def _asymmetry(found: Flat, u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """v (H u) - u (H v) from (H u, H v), and the size of its terms."""
    hu, hv = map(row, found)
    with np.errstate(over="ignore", invalid="ignore"):
        left, right = hu * v, hv * u
        return float(left.sum() - right.sum()), float(np.abs(left).sum() + np.abs(right).sum())


def _writes_bad(func: Func) -> bool:
    """Whether a program contains a NaN or an infinity as a literal, which constant folding may produce."""
    bodies = [f.body for f in reachable(func) if isinstance(f.body, Block)]
    lets = [let for b in bodies for let in all_lets(b)]
    atoms = [a for let in lets for a in operands(let.expr)]
    atoms += [a for b in bodies for a in b.results] + [a for t in lets for b in blocks(t.expr) for a in b.results]
    return any(isinstance(a, Lit) and not math.isfinite(a.value) for a in atoms)


def _stops_gradients(func: Func) -> bool:
    """Whether a program stops gradients: then the second derivative is that of another function, not symmetric."""
    bodies = [f.body for f in reachable(func) if isinstance(f.body, Block)]
    return any(isinstance(let.expr, Stop) for b in bodies for let in all_lets(b))


@contextmanager
def cache_folder(folder: str) -> Generator[None]:
    """Within this context, the cache is in this folder."""
    before = os.environ.get(cache.VARIABLE)
    os.environ[cache.VARIABLE] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[cache.VARIABLE]
        else:
            os.environ[cache.VARIABLE] = before


@contextmanager
def _threads() -> Generator[None]:
    """Within this context, threads share any batch, however short."""
    before = whole_program.SHARED_FROM
    whole_program.SHARED_FROM = 0
    try:
        yield
    finally:
        whole_program.SHARED_FROM = before
