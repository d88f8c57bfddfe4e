"""Passes: functions from program to program with a name, so that they can be printed, watched and left out.

A pass is called like the function that it wraps. `watched` shows the program before and after each pass and the
seconds that it took; `without` leaves passes out, so that a benchmark can measure their worth. Neither patches a
module, and both affect only what is traced and compiled inside them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec

from rosesim.ad.program.ir import Func

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Ran:
    """A pass that has run on one program."""

    name: str
    before: Func
    after: Func
    seconds: float


Watcher = Callable[[Ran], object]

_watcher: ContextVar[Watcher | None] = ContextVar("rosesim_watcher", default=None)
_left_out: ContextVar[frozenset[str]] = ContextVar("rosesim_left_out", default=frozenset())


@dataclass(frozen=True, slots=True)
class Pass(Generic[P]):
    """A function from program to program. It returns the same object if it changes nothing."""

    name: str
    purpose: str
    """One line for people to read."""
    run: Callable[Concatenate[Func, P], Func]
    required: bool = False
    """Whether leaving it out would make a wrong program or break later passes."""

    def __call__(self, func: Func, /, *args: P.args, **kwargs: P.kwargs) -> Func:
        """The program after the pass."""
        if self.name in _left_out.get():
            return func
        watcher = _watcher.get()
        if watcher is None:
            return self.run(func, *args, **kwargs)
        begun = time.perf_counter()
        made = self.run(func, *args, **kwargs)
        watcher(Ran(self.name, func, made, time.perf_counter() - begun))
        return made


def in_order(passes: Iterable[Pass[[]]], func: Func) -> Func:
    """The program after all passes."""
    for p in passes:
        func = p(func)
    return func


def is_left_out(name: str) -> bool:
    """Whether `without` leaves out a pass or a decision of this name here."""
    return name in _left_out.get()


@contextmanager
def without(names: Iterable[str]) -> Generator[None]:
    """Inside, passes of these names return their program unchanged."""
    token = _left_out.set(_left_out.get() | frozenset(names))
    try:
        yield
    finally:
        _left_out.reset(token)


@contextmanager
def watched(watcher: Watcher) -> Generator[None]:
    """Inside, the watcher is called after each pass that has run."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
