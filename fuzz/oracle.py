"""What has to agree: all ways of running a program, and its derivatives with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fuzz.case import Case
from fuzz.meanings import Meaning, Noise, exact, meaning
from rosesim.ad.passes.inline import inlined
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Func
from rosesim.ad.support.errors import ProgramError
from rosesim.codegen import compile_func

Flat = tuple[Any, ...]

SPREAD = 1e-3
"""Where noise of a few roundings moves a result by more than this part of its size, the result is not compared."""
NOISE = 2.0**-51
"""The largest relative error of a noisy operator: four roundings."""
MANY = 24
"""Number of noisy runs that show how far rounding moves a result, where few runs do not suffice."""
BOUND = 30.0
"""A result may differ by this many times as much as the noisy runs differ among each other."""
NEAR = 256.0
"""A result may be off by this many noisy operators' errors, relative to its largest number, without measuring how far
noise moves it: 1e-13 in double precision, 6e-5 in single."""


class Disagreement(AssertionError):
    """Two ways that have to agree do not."""


class Stopped:
    """The outcome of a program that stops itself: the message and the line."""

    def __init__(self, error: ProgramError):
        self.said = str(error)


def outcome(run: Callable[..., Flat], args: Sequence[Any]) -> Flat | Stopped:
    """The results of a run, or why it stopped."""
    try:
        return tuple(run(*args))
    except ProgramError as e:
        return Stopped(e)


def interpreted(func: Func, args: Sequence[Any], changed: dict[str, Meaning] | None = None) -> Flat | Stopped:
    """The results by the interpreter; by default its mathematics functions are those of strict machine code."""
    with meaning(exact() if changed is None else changed):
        return outcome(lambda *a: interp.run(func, a), args)


def row(value: Any) -> np.ndarray:
    """A flat result as a row of doubles."""
    return np.asarray(value, np.float64).ravel()


def same_bits(a: Any, b: Any) -> bool:
    """Whether two flat results have the same bits, number by number; all NaNs count as the same."""
    x, y = row(a), row(b)
    return bool(np.all((x.view(np.int64) == y.view(np.int64)) | (np.isnan(x) & np.isnan(y))))


def same(a: Flat | Stopped, b: Flat | Stopped) -> bool:
    """Whether two outcomes are the same to the bit."""
    if isinstance(a, Stopped) or isinstance(b, Stopped):
        return isinstance(a, Stopped) and isinstance(b, Stopped) and a.said == b.said
    return len(a) == len(b) and all(same_bits(x, y) for x, y in zip(a, b, strict=True))


class Judge:
    """Runs one case in all ways, counts the comparisons, and raises Disagreement where two ways disagree."""

    def __init__(self, case: Case, count: Counter[str]):
        self.case = case
        self.count = count
        self.func = case.traced_whole().func
        self.args = case.arguments(self.func)
        self._noisy: dict[float, list[Flat | Stopped]] = {}
        self._extreme: set[float] = set()

    def demand(self, good: bool, what: str, *values: Any) -> None:
        """Raise Disagreement unless `good`."""
        if not good:
            raise Disagreement(what + "".join(f"\n  {v}" for v in values))

    # ------------------------------------------------------------------------------- for all programs

    def core(self, both: bool) -> None:
        """Interpreter, unoptimised and optimised code; forward, reverse and differences."""
        check(self.case.traced().func)
        check(self.func)
        flat = inlined(self.func)
        check(flat)
        meant = interpreted(self.func, self.args)
        self.meant = meant
        self.plain = compile_func(flat, math="strict", optimise=False)
        self.agree("unoptimised", meant, outcome(self.plain, self.args))
        self.agree("run twice", meant, outcome(self.plain, self.args))
        # Compiling takes most of the time, so each program is compiled in one way only; in the other modes, in both.
        # Large programs are made for passes most of which fast code alone has.
        if both or self.case.seed % 2:
            self.agree("optimised, strict", meant, outcome(compile_func(flat, math="strict"), self.args))
        if both or self.case.large or not self.case.seed % 2:
            self.close("optimised, fast", meant, outcome(compile_func(flat), self.args), NOISE)
        if isinstance(meant, Stopped):
            self.count["stopped itself"] += 1

    def agree(self, how: str, meant: Flat | Stopped, found: Flat | Stopped) -> None:
        """Demand the same bits, and the same message and line."""
        self.count[how] += 1
        if same(meant, found):
            return
        if self.reads_the_sign_of_nan():
            self.count["not compared: reads the sign of a NaN, which the language does not say"] += 1
            return
        raise Disagreement(f"{how} differs from the interpreter\n  {told(meant)}\n  {told(found)}")

    def reads_the_sign_of_nan(self) -> bool:
        """Whether copysign takes the sign of a NaN."""
        seen: list[bool] = []

        def recording(x: Any, y: Any) -> Any:
            seen.append(bool(np.isnan(y)))
            return np.copysign(x, y)

        interpreted(self.func, self.args, {**exact(), "copysign": recording})
        return any(seen)

    def reads_the_sign_of_zero(self) -> bool:
        """Whether the results depend on the sign of a zero, which fast code need not keep: atan2, copysign or a
        division give others for the other zero."""
        meanings = exact()
        angle = meanings["atan2"]

        def turned(x: Any) -> Any:
            return -x if x == 0.0 else x

        other = {
            "atan2": lambda y, x: angle(turned(y), x),
            "copysign": lambda x, y: np.copysign(x, turned(y)),
            "div": lambda x, y: np.float64(x) / np.float64(turned(y)),
        }
        return not same(self.meant, interpreted(self.func, self.args, {**meanings, **other}))

    def close(self, how: str, meant: Flat | Stopped, found: Flat | Stopped, noise: float) -> None:
        """Demand the same results up to what rounding may do."""
        self.count[how] += 1
        if same(meant, found):
            return
        if isinstance(meant, Stopped) or isinstance(found, Stopped):
            # The index or the test that stops the program may be decided within rounding.
            good = self.wavers(noise)
            self.demand(good, f"{how} stops otherwise than the interpreter", told(meant), told(found))
            return
        for k, (x, y) in enumerate(zip(map(row, meant), map(row, found), strict=True)):
            with np.errstate(invalid="ignore", over="ignore"):
                off = np.abs(x - y)
            if off.max(initial=0.0) <= NEAR * noise * np.abs(x).max(initial=0.0):  # NaN is not
                continue
            if self.wavers(noise):
                return
            allowed = self.allowed(k, noise)
            good = (off <= allowed) | (np.isnan(x) & np.isnan(y)) | (x == y)
            if not good.all() and self.reads_the_sign_of_zero():
                self.count["not compared in fast: reads the sign of a zero"] += 1
                return
            self.demand(bool(good.all()), f"{how} differs from the interpreter in result {k}", x, y, allowed)

    def noisy(self, noise: float, runs: int) -> list[Flat | Stopped]:
        """The interpreter's outcomes with noise."""
        found = self._noisy.setdefault(noise, [])
        while len(found) < runs:
            n = Noise(len(found), noise)
            found.append(interpreted(self.func, self.args, n.meanings()))
            if n.extreme:
                self._extreme.add(noise)
        return found[:runs]

    def wavers(self, noise: float) -> bool:
        """Whether fast code promises nothing here: rounding may change a decision or most digits, or an
        intermediate overflows or underflows. Such programs are counted."""
        runs = self.noisy(noise, 3)
        if noise in self._extreme:
            self.count["not compared in fast: overflow, underflow or NaN"] += 1
            return True
        runs = self.noisy(noise, MANY)
        results = [r for r in runs if not isinstance(r, Stopped)]
        if len(results) < MANY or isinstance(self.meant, Stopped):
            self.count["not compared in fast: whether it stops is within rounding"] += 1
            return True
        for k, x in enumerate(map(row, self.meant)):
            size = np.abs(x).max(initial=0.0)
            if not np.isfinite(x).all() or (self.allowed(k, noise) > SPREAD * max(size, 1e-3)).any():
                self.count["not compared in fast: decided or most digits lost within rounding"] += 1
                return True
        return False

    def allowed(self, k: int, noise: float) -> np.ndarray:
        """How far each number of a result may be off."""
        assert not isinstance(self.meant, Stopped)
        x = row(self.meant[k])
        moved = [np.abs(row(r[k]) - x) for r in self.noisy(noise, MANY) if not isinstance(r, Stopped)]
        # The noise does not reach additions to accumulators, which round too: hence a part of each number itself.
        own = BOUND * noise * np.abs(x)
        return BOUND * np.max(moved, axis=0) + own + 64 * noise * np.abs(x).max(initial=0.0) * noise


def reals(values: Sequence[Any]) -> np.ndarray:
    """The real numbers of flat values, as one vector."""
    real = [row(v) for v in values if np.asarray(v).dtype.kind == "f"]
    return np.concatenate([np.zeros(0), *real])


def told(outcome: Flat | Stopped) -> str:
    """An outcome in words."""
    return outcome.said if isinstance(outcome, Stopped) else repr(outcome)
