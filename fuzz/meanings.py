"""The interpreter with the operators' meanings changed for a while: exact, noisy, or recording every decision."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Generator
from functools import cache
from typing import Any

import numpy as np

from rosesim.ad.program.ops import OPS
from rosesim.codegen import mathematics
from rosesim.codegen.llvm import maths

Meaning = Callable[..., Any]

ROUNDED = {"add", "sub", "mul", "div", "fmod", "sqrt", *maths.WORST}
"""The operators whose results are rounded."""


@cache
def exact() -> dict[str, Meaning]:
    """The mathematics functions as strict machine code computes them, bit for bit.

    Other tests show that they are right within 2 ulp. With them the interpreter and strict machine code have to agree
    to the last bit.
    """
    found: dict[str, Meaning] = {}
    for name in maths.WORST:
        number = mathematics(name)
        assert number is not None
        found[name] = lambda *a, number=number: np.float64(number(*map(float, a)))
    return found


@contextlib.contextmanager
def meaning(changed: dict[str, Meaning]) -> Generator[None]:
    """Within this context the interpreter computes these operators with the given meanings."""
    before = {name: OPS[name] for name in changed}
    try:
        OPS.update({name: dataclasses.replace(OPS[name], value=value) for name, value in changed.items()})
        yield
    finally:
        OPS.update(before)


class Noise:
    """Rounding made larger, at random: how far results then move shows how far rounding may move them.

    After Vignes, "A stochastic arithmetic for reliable scientific computation" (1993).
    """

    def __init__(self, seed: int, size: float):
        self._rng = np.random.default_rng(seed)
        self._size = size
        self.extreme = False
        """Whether an intermediate was infinite, NaN, or so small that it lost digits."""
        self.least, self.most = (1e-290, 1e290) if size < 1e-10 else (1e-35, 1e35)

    def meanings(self) -> dict[str, Meaning]:
        """Noisy meanings of the operators that round."""
        return {name: self._noisy(exact().get(name, OPS[name].value), name == "mul") for name in ROUNDED}

    def _noisy(self, value: Meaning, product: bool) -> Meaning:
        def noisy(*args: Any) -> Any:
            y = value(*args)
            size = abs(float(y))
            if size != 0.0 and not self.least < size < self.most or size == 0.0 and product:
                self.extreme = self.extreme or size != 0.0 or all(a != 0.0 for a in args)
            if product and size == 0.0:
                # If products are reordered, the huge number may be multiplied by another before the zero.
                self.extreme = self.extreme or any(abs(float(a)) >= self.most for a in args)
            return y * np.float64(1.0 + self._size * (2.0 * self._rng.random() - 1.0))

        return noisy


class Bad:
    """Whether any operator of a run returns a NaN or an infinity."""

    def __init__(self) -> None:
        self.found = False

    def meanings(self) -> dict[str, Meaning]:
        """Meanings of all operators with real results that look for such a result."""
        return {name: self._seen(exact().get(name, row.value)) for name, row in OPS.items() if row.result in "ra"}

    def _seen(self, value: Meaning) -> Meaning:
        def seen(*args: Any) -> Any:
            y = value(*args)
            self.found = self.found or not math.isfinite(y)
            return y

        return seen


class Path:
    """All decisions of a run, in order: which side of a comparison, which cell, which sign."""

    def __init__(self) -> None:
        self.decisions: list[Any] = []

    def meanings(self) -> dict[str, Meaning]:
        """Meanings that record the decision of each operator that has a kink or a jump."""
        found = dict(exact())
        kinked = {name: row for name, row in OPS.items() if row.kink is not None}
        for name, row in kinked.items():
            if row.partials is None and row.choose is None:  # a step: its result is the decision
                found[name] = self._recording(row.value, lambda y, *a: y)
        for name in ("minimum", "maximum"):
            found[name] = self._recording(OPS[name].value, lambda y, a, b: bool(a <= b))
        found["fmod"] = self._recording(OPS["fmod"].value, lambda y, a, b: _cell(a, b))
        slopes = {name: len(row.kinds) for name, row in kinked.items() if row.partials is not None}
        of_one = {name for name, count in slopes.items() if count == 1}
        for name in sorted(of_one | {"pow", "log", "asin", "acos", "log1p"}):
            own = found.get(name, OPS[name].value)
            found[name] = self._recording(own, lambda y, *a: (np.sign(a[0]), abs(a[0]) < 1.0))
        for name in sorted(slopes.keys() - of_one - {"pow", "fmod"}):
            found[name] = self._recording(found.get(name, OPS[name].value), lambda y, a, b: (np.sign(a), np.sign(b)))
        return found

    def _recording(self, value: Meaning, decision: Meaning) -> Meaning:
        def recording(*args: Any) -> Any:
            y = value(*args)
            self.decisions.append(decision(y, *args))
            return y

        return recording


def _cell(a: float, b: float) -> Any:
    q = float(a) / float(b) if b else math.nan
    return math.trunc(q) if math.isfinite(q) else q
