"""The state of tracing: the function under trace, the open block, and the owner of each variable.

A `Frame` is one function under trace. Its open blocks form a chain of `Builder`s. Code may name a variable while the
variable's block is open. A variable of an enclosing function's frame is captured: it becomes a hidden parameter of
every frame in between.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Atom, Block, Ty, Var
from rosesim.ad.support import recursion
from rosesim.ad.support.errors import EscapedValue, TraceError
from rosesim.ad.support.locate import here

T = TypeVar("T")


class Frame:
    """A function under trace: its open blocks, the block of each variable, and what it captured."""

    __slots__ = ("builder", "captured", "chains", "dependencies", "home", "name", "outer", "params")

    def __init__(self, name: str, outer: Frame | None):
        self.name = name
        self.outer = outer
        self.builder: Builder = Builder(where=here())
        self.home: dict[Var, Builder] = {}
        self.params: list[Var] = []
        self.captured: dict[Var, Var] = {}
        self.dependencies: Any = None
        self.chains: dict[Any, Any] = {}
        """The loop of each block and shape to which vector arithmetic may add (`values/chains`)."""

    def param(self, ty: Ty, name: str) -> Var:
        """A new parameter."""
        var = Var(ty, name)
        self.params.append(var)
        self.home[var] = self._root()
        return var

    def _root(self) -> Builder:
        b = self.builder
        while b.outer is not None:
            b = b.outer
        return b

    def is_open(self, b: Builder) -> bool:
        """Whether a block of this frame is still being written."""
        at: Builder | None = self.builder
        while at is not None:
            if at is b:
                return True
            at = at.outer
        return False

    def own(self, variables: Sequence[Atom]) -> None:
        """Note that the innermost block owns the variables, except those that a block around it has made."""
        for v in variables:
            if isinstance(v, Var) and v not in self.home:
                self.home[v] = self.builder.home(v)

    def resolve(self, a: Atom) -> Atom:
        """The atom by which this frame names `a`. A variable of another frame is captured."""
        if not isinstance(a, Var):
            return a
        home = self.home.get(a)
        if home is not None:
            if self.is_open(home):
                return a
            raise EscapedValue(
                f"a value of a block that has ended was used in {self.name}; expected a value of a block that is "
                "still open: return it from the function given to vec, scan, cond, ... and use what that gives",
                here(),
            )
        if a in self.captured:
            return self.captured[a]
        if self.outer is None:
            raise EscapedValue(
                f"a traced value that belongs to another function, whose tracing has ended, was used in "
                f"{self.name}; expected values passed as arguments: return it and pass it on",
                here(),
            )
        self.outer.resolve(a)  # raises if no enclosing frame owns it
        self.captured[a] = self.param(a.ty, a.name)
        return self.captured[a]


_frame: ContextVar[Frame | None] = ContextVar("rosesim_frame", default=None)


def current() -> Frame | None:
    """The function under trace, if any."""
    return _frame.get()


def is_within(function: Frame | None) -> bool:
    """Whether the function under trace is this one or one that is defined in it; true of None, which is any."""
    f = _frame.get()
    while f is not None and f is not function:
        f = f.outer
    return f is not None or function is None


def frame() -> Frame:
    """The function under trace."""
    f = _frame.get()
    if f is None:
        raise TraceError(
            "a construct of rosesim, or a traced value, was used outside of a traced function; expected to be "
            "inside a function marked @fn: put this code into one, call it and use what it returns",
            here(),
        )
    return f


@contextmanager
def entered(f: Frame) -> Generator[Frame]:
    """Trace into `f`."""
    token = _frame.set(f)
    try:
        yield f
    finally:
        _frame.reset(token)


def building() -> Builder:
    """The innermost open block, with its line set to the user's."""
    b = frame().builder
    b.where = here()
    return b


def opened(bound: Sequence[Var] = ()) -> Builder:
    """A new block inside the innermost one, which binds `bound`. Write into it inside of `within`."""
    f = frame()
    b = Builder(f.builder, here())
    for v in bound:
        f.home[v] = b
    return b


@contextmanager
def within(b: Builder) -> Generator[Frame]:
    """Write into a block that `opened` has made."""
    f = frame()
    outer = f.builder
    f.builder = b
    try:
        yield f
    finally:
        f.builder = outer


def nested(bound: Sequence[Var], body: Callable[[], Sequence[Atom]]) -> Block:
    """A block inside the innermost one, which binds `bound`. `body` writes it and gives its results."""
    b = opened(bound)
    with within(b) as f:
        return b.block([f.resolve(a) for a in deeper(body)])


def deeper(body: Callable[[], T]) -> T:
    """body(), which traces the body of a new block. Blocks may nest deeper than Python's stack allows."""
    depth = _blocks.get() + 1
    if depth > _TOO_DEEP:
        raise TraceError(
            f"{_TOO_DEEP} loops and branches within each other were found; expected a recursion that ends while "
            "tracing: let Python values (not traced ones) decide it, or use scan or while_loop",
            here(),
        )
    token = _blocks.set(depth)
    try:
        return recursion.nested(body)
    finally:
        _blocks.reset(token)


_blocks: ContextVar[int] = ContextVar("rosesim_blocks", default=0)
_TOO_DEEP = 1000


def emit(make: Callable[[Builder], Atom]) -> Atom:
    """Write into the innermost block, which then owns the result."""
    f = frame()
    b = f.builder
    b.where = here()
    out = make(b)
    f.own((out,))
    return out


def op(name: str, *args: Atom, ty: Ty | None = None) -> Atom:
    """Write an operator on atoms of the trace."""
    if current() is None and any(isinstance(a, Var) for a in args):
        raise EscapedValue(
            "a traced value was used after the tracing of its function had ended; expected it to stay inside: "
            "return it, and use what the call gives",
            here(),
        )
    f = frame()
    b = f.builder
    resolved = [f.resolve(a) for a in args]
    b.where = here()
    out = b.op(name, *resolved, ty=ty)
    f.own((out,))
    return out
