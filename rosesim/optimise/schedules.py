"""Schedules: the factor of a learning rate, update by update.

A schedule does not depend on the number of iterations of its run. Its own length is part of it (`cosine:200`), so
that a run that is resumed to a larger total continues exactly like one with that total from the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rosesim.scenes.errors import SceneError

ENDS = {"constant": 1.0, "cosine": 0.0, "linear": 0.0, "exponential": 0.01}
"""Each shape, and its final factor by default."""

FORM = "[warmup:N+]NAME[:N[:END]], NAME one of " + ", ".join(ENDS)


@dataclass(frozen=True)
class Schedule:
    """A linear warm-up over `warmup` updates, times a shape that goes from 1 to `end` over `over` updates.

    cosine    half a wave of the cosine, then `end` (Loshchilov & Hutter, SGDR, ICLR 2017, without restarts)
    linear    a straight line, then `end`
    exponential    end ** (i / over), which continues to fall; its end is above 0
    constant    1

    >>> half = Schedule("cosine", over=4)
    >>> [round(half.factor(i), 3) for i in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    >>> Schedule("linear", over=10, end=0.5, warmup=2).factor(0)
    0.5
    """

    shape: str = "constant"
    over: int = 1
    end: float = 0.0
    warmup: int = 0

    def factor(self, i: int) -> float:
        """The factor of the learning rate in update i = 0, 1, ..."""
        warm = min(1.0, (i + 1) / self.warmup) if self.warmup else 1.0
        part = min(i / self.over, 1.0)
        match self.shape:
            case "cosine":
                return warm * (self.end + (1.0 - self.end) * (1.0 + math.cos(math.pi * part)) / 2)
            case "linear":
                return warm * (1.0 + (self.end - 1.0) * part)
            case "exponential":
                return warm * self.end ** (i / self.over)
            case _:
                return warm

    def __str__(self) -> str:
        """The text that `parse_schedule` reads this from."""
        warm = f"warmup:{self.warmup}+" if self.warmup else ""
        if self.shape == "constant":
            return warm + self.shape
        return f"{warm}{self.shape}:{self.over}" + ("" if self.end == ENDS[self.shape] else f":{self.end}")


def parse_schedule(text: str, iterations: int | None = None) -> Schedule:
    """The schedule of a text such as `cosine`, `exponential:500:0.1` or `warmup:10+cosine:200`.

    A shape without a number of updates extends over all `iterations`. Raises SceneError for any other text.

    >>> str(parse_schedule("warmup:10+cosine", iterations=200))
    'warmup:10+cosine:200'
    """
    head, plus, rest = text.strip().partition("+")
    warmup = 0
    if plus:
        name, _, n = head.partition(":")
        if name.strip() != "warmup":
            raise _wrong(text)
        warmup = _count(n.strip(), text)
    shape, *numbers = [t.strip() for t in (rest if plus else head).split(":")]
    if shape not in ENDS or len(numbers) > (0 if shape == "constant" else 2):
        raise _wrong(text)
    if shape == "constant":
        return Schedule(warmup=warmup)
    if not numbers and iterations is None:
        raise SceneError(f"a schedule needs its number of updates, such as {shape}:200; {text!r} was given")
    over = _count(numbers[0], text) if numbers else max(1, iterations or 1)
    end = _factor(numbers[1], text) if len(numbers) > 1 else ENDS[shape]
    if shape == "exponential" and end == 0.0:
        raise SceneError(f"an exponential schedule never reaches 0: its END is above 0; {text!r} was given")
    return Schedule(shape, over, end, warmup)


def _count(digits: str, text: str) -> int:
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 16 and int(digits) > 0):
        raise _wrong(text)
    return int(digits)


def _factor(number: str, text: str) -> float:
    try:
        value = float(number)
    except ValueError:
        raise _wrong(text) from None
    if not 0.0 <= value <= 1.0:
        raise SceneError(f"a schedule's END is from 0 to 1, a multiple of the learning rate; {text!r} was given")
    return value


def _wrong(text: str) -> SceneError:
    return SceneError(f"a schedule is {FORM}, such as cosine or warmup:10+cosine:200; {text!r} was given")
