"""Programs as text: what a pass makes of one is compared with the text that is expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent
from typing import Any

from rosesim import fn
from rosesim.ad.language.function import Fn
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Func
from rosesim.ad.program.show import show


def program(f: Callable[..., Any], *args: Any) -> Func:
    """The program of a function at arguments like these."""
    f = f if isinstance(f, Fn) else fn(f)
    return f.traced(f.types_of(args)).func


def text(func: Func, deep: bool = False) -> str:
    """A program that the checker accepts, as text, without its name and the lines where it was written."""
    check(func)
    shown = re.sub(r"  # .*", "", show(func, deep))
    return shown if deep else re.sub(r"^fn [^(]*", "fn", shown)


def stripped(expected: str) -> str:
    """Expected text without the indentation of the test that it stands in."""
    return dedent(expected).strip("\n").rstrip()
