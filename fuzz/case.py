"""One random program with its derivatives, and arguments for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from fuzz.choices import Choices
from fuzz.large import Large, Sizes
from fuzz.thresholds import lowered
from fuzz.writer import DEPTH, EDGES, Writer
from rosesim import jvp, vjp
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn
from rosesim.ad.language.tracing import Traced
from rosesim.ad.program.ir import FloatT, Func, IntT, storage
from rosesim.ad.transforms.derivatives import gradient_type

HEAD = 16
"""The first bytes choose the types and the arguments; the rest write the program."""


class Case:
    """A function f of random types, and `whole`: f, its forward and its reverse derivative in one function.

    `whole(arguments, tangents, cotangent)` gives (value by reverse, value by forward, gradients, tangent).

    The same row is another program where `large` (`fuzz.large`).
    """

    def __init__(self, row: bytes, *, large: bool = False):
        head = row[:HEAD].ljust(HEAD, b"\0")
        self.row, self.large = row, large
        c = Choices(head)
        self.wild = c.rarely(6)
        self.seed = c.below(256)
        self.arithmetic = self.seed % 4 == 3
        """Whether it draws operations on whole vectors, too; the other programs are as they were before these."""
        self.thresholds: Callable[[], AbstractContextManager[None]] = nullcontext
        """Within what it gives, the program's passes have to run."""
        self.is_lowered = False
        self.params: T.Types
        self.result: T.Type
        g = Fn(self._large(c, row[HEAD:]) if large else self._common(head, row[HEAD:]))

        def whole(arguments: Any, tangents: Any, cotangent: Any) -> Any:
            value, pullback = vjp(g)(*arguments)
            gradients = pullback(cotangent)
            again, tangent = jvp(g)(*arguments, *tangents)
            return value, again, gradients, tangent

        self.f, self.whole = g, Fn(whole)
        self.tangents = tuple(map(gradient_type, self.params))
        self.whole_types: T.Types = (
            T.tuple_type(*self.params), T.tuple_type(*self.tangents), gradient_type(self.result),
        )  # fmt: skip

    def _common(self, head: bytes, body: bytes) -> Callable[..., Any]:
        types = Writer(head[2:], self.wild)
        self.params = params = (
            T.VecType(types.c.one([3, 2, 4]), T.REAL),
            *(types.type(1) for _ in range(types.c.below(4))),
        )
        self.result = result = T.REAL if types.c.below(3) < 2 else T.tuple_type(T.REAL, types.type(2))
        wild, arithmetic = self.wild, self.arithmetic

        def f(*args: Any) -> Any:
            return Writer(body, wild, arithmetic=arithmetic).make(
                result, tuple(zip(params, args, strict=True)), DEPTH
            )

        return f

    def _large(self, c: Choices, body: bytes) -> Callable[..., Any]:
        self.is_lowered = not c.rarely(10)
        sizes = Sizes.drawn(c, self.is_lowered)
        if self.is_lowered:
            tight = c.rarely(2)
            self.thresholds = lambda: lowered(tight)
        self.params = sizes.params
        self.result = result = T.REAL if c.below(3) < 2 else T.tuple_type(T.REAL, sizes.params[0])
        wild = self.wild

        def f(*args: Any) -> Any:
            return Large(body, wild, sizes).make(result, args)

        return f

    def traced(self) -> Traced:
        """The program of f."""
        return self.f.traced(self.params)

    def traced_whole(self) -> Traced:
        """The program of f and its derivatives."""
        return self.whole.traced(self.whole_types)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The number of flat results of the value, of the gradients, and of the tangent."""
        value, tangent = len(T.flatten(self.result)), len(T.flatten(gradient_type(self.result)))
        return value, sum(len(T.flatten(t)) for t in self.tangents), tangent

    def arguments(self, func: Func, number: int = 0) -> list[Any]:
        """Flat arguments for the parameters of a program; those of wild programs include extreme numbers."""
        rng = np.random.default_rng([self.seed, number])
        return [_argument(p.ty.scalar, p.ty.shape, rng, self.wild) for p in func.params]


def _argument(scalar: Any, shape: tuple[int, ...], rng: np.random.Generator, wild: bool) -> Any:
    match scalar:
        case FloatT():
            a = rng.normal(size=shape)
            if wild:
                a = np.where(rng.random(shape) < 0.4, rng.choice(EDGES, size=shape), a)
            return np.ascontiguousarray(a) if shape else float(a)
        case IntT(lo, hi):
            a = rng.integers(lo, hi + 1, shape)
            return a.astype(storage(scalar)) if shape else int(a)
        case _:
            a = rng.random(shape) < 0.5
            return a if shape else bool(a)
