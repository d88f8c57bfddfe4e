"""A program as a backend gets it: after all passes, with what was decided of it as a whole.

Nothing in it knows LLVM: a backend of another kind reads the same record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from rosesim.ad.program.ir import Call, Func, Loop, Var
from rosesim.codegen.passes.buffers import Sharing
from rosesim.codegen.passes.products import Product
from rosesim.codegen.passes.share_loops import Shared

Effort = Literal["none", "once", "loops", "all"]
"""How much a backend does to make code fast. `none`: it translates. `once`: the program is long and hardly
has a loop, so most instructions run at most once a call. What is meant for loops would find nothing; what looks for
stores that are never read takes longest. `loops`: everything but the vectoriser of straight code. `all`: that too."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a program is asked to be compiled."""

    math: Literal["fast", "strict"] = "fast"
    precision: Literal["f64", "f32"] = "f64"
    debug: bool = False
    optimise: bool = True

    def __post_init__(self) -> None:
        """Refuse what neither passes nor backends know."""
        if self.math not in ("fast", "strict"):
            raise ValueError(f"math is {self.math!r}; expected 'fast' or 'strict'")
        if self.precision not in ("f64", "f32"):
            raise ValueError(f"precision is {self.precision!r}; expected 'f64' or 'f32'")


@dataclass(frozen=True, slots=True)
class Planned:
    """A program after all passes, and the decisions about it."""

    func: Func
    options: Options
    order: Sequence[Func]
    """All its functions, callees first; the last is `func`."""
    sharing: Mapping[Func, Sharing]
    """Which arrays of a function share memory; opaque functions have none."""
    inlined_calls: Set[Call]
    """The calls that the backend inlines."""
    inlines_last: bool
    """Whether `func` itself is inlined into the entry."""
    polled: Set[Loop]
    """The loops that look for an interrupt."""
    fallible: Set[Func]
    """The functions that may end the program."""
    overlapping: Set[Func]
    """The functions that somebody hands two refs which may overlap."""
    batch: Loop | None
    """The batch that is all of the program's work, whose runs are shared by threads or are the threads of a grid."""
    shares: bool
    """Whether threads share parts of a run that take long."""
    shared: Mapping[Loop, Shared]
    """The loops that threads share within one run, and how each is cut."""
    effort: Effort
    rolled: Set[Loop]
    """The loops that the backend does not unroll."""
    independent: bool
    """Whether a backend is told which loops' iterations are independent."""
    parted: bool
    """Whether loops are written in parts: what lies at the borders of a range, and what lies between."""
    unread_rests: Set[Var]
    """The outputs of loops that end early which need not be cleared behind the last iteration."""
    products: Mapping[Func, Product]
    """The functions that are products of matrices, which a backend may write as kernels."""
