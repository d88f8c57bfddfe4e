"""The exceptions that users meet. Every message says what was found, what was expected, what to do."""

from __future__ import annotations

from typing import Any, TypeVar

from rosesim.ad.support.locate import here

E = TypeVar("E", bound=type)


def _public(error: E) -> E:
    """Let a traceback name the class as users import it: `rosesim.TypeMismatch`."""
    error.__module__ = "rosesim"
    return error


@_public
class RosesimError(Exception):
    """Any mistake that rosesim reports. `where` is the user's line, "file:line", when it is known.

    >>> from rosesim import fn, RosesimError
    >>> @fn
    ... def f(x: float):
    ...     return x.real
    >>> try:
    ...     f(1.0)
    ... except RosesimError as e:
    ...     print(e)
    <doctest ...>:3: ...
    """

    def __init__(self, message: str, where: object = None):
        self.where = None if where is None else str(where)
        super().__init__(message if where is None else f"{where}: {message}")

    def _render_traceback_(self) -> list[str]:
        """What IPython and Jupyter show: the user's own lines, and the sentence."""
        from rosesim.ad.support.tracebacks import shown  # asked for by notebooks alone

        return shown(self)


@_public
class TraceError(RosesimError):
    """The program as written cannot be traced (a wrong type, a Python `if` on a traced value, ...).

    >>> from rosesim import fn
    >>> @fn
    ... def f(x: float):
    ...     return 1.0 if x > 0 else -1.0
    >>> f(2.0)
    Traceback (most recent call last):
        ...
    rosesim.TraceError: ... write cond(p, then, orelse) or select(p, a, b) to choose...
    """


@_public
class TypeMismatch(TraceError, TypeError):
    """A value of one type where another was expected.

    >>> from rosesim import fn, sin
    >>> @fn
    ... def f(x: float):
    ...     return sin(x > 0)
    >>> f(2.0)
    Traceback (most recent call last):
        ...
    rosesim.TypeMismatch: ... Bool was found where a Real was expected; a Bool becomes a number by Real(p)
    """


class OpenLength(TypeMismatch):
    """A type with an open length (`Vec[Real, ...]`) where a complete type was expected."""


@_public
class EscapedValue(TraceError):
    """A traced value was used after the function that it belongs to had ended.

    >>> from rosesim import fn
    >>> kept = []
    >>> @fn
    ... def f(x: float):
    ...     kept.append(x)
    ...     return x
    >>> @fn
    ... def g(x: float):
    ...     return x + kept[0]
    >>> f(1.0), g(1.0)
    Traceback (most recent call last):
        ...
    rosesim.EscapedValue: ...
    """


class MissingAttribute(TraceError, AttributeError):
    """An attribute was taken that a traced value does not have."""


@_public
class ArgumentError(RosesimError, TypeError, ValueError):
    """An argument of a compiled function has the wrong shape, dtype or value; nothing has run.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def f(x: Vec[Real, 2]):
    ...     return x[0] + x[1]
    >>> f([1.0, 2.0, 3.0])
    Traceback (most recent call last):
        ...
    rosesim.ArgumentError: ... found an array of shape (3,) ... expected an array of shape (2,)...
    """

    def __init__(self, message: str, where: object = None):
        super().__init__(message, here() if where is None else where)


@_public
class ProgramError(RosesimError, ArithmeticError):
    """A running program stopped itself: a checked index, a loop that reached its limit, an empty minimum.

    >>> from rosesim import fn, Index
    >>> @fn
    ... def f(x: float):
    ...     return Index[3].check(x)
    >>> f(7.0)
    Traceback (most recent call last):
        ...
    rosesim.ProgramError: ...
    """


@_public
class NumericalError(ProgramError):
    """A debug program met the first NaN or infinity; the message has the operation and its operands.

    >>> from rosesim import fn, log
    >>> @fn
    ... def f(x: float):
    ...     return log(x) + 1.0
    >>> f.compile(debug=True)(-1.0)
    Traceback (most recent call last):
        ...
    rosesim.NumericalError: ...
    """


def plain(value: Any) -> str:
    """A number as messages show it: as Python writes it; single precision with only the digits it needs."""
    return str(value)


@_public
class TooLarge(RosesimError, MemoryError):
    """The arrays of a program need more memory than this computer has; nothing has run.

    The line is the one that makes the largest of them.

    >>> from rosesim import TooLarge, fn, vec
    >>> @fn
    ... def f(x: float):
    ...     many = vec(10**12, lambda i: x + i)
    ...     return many[3] + many[5]
    >>> try:
    ...     f(1.0)
    ... except TooLarge as e:
    ...     print(e)
    <doctest ...>:3: the arrays of f take ... GiB, which is more than the memory of this computer...
    """


class CheckError(RosesimError):
    """A transformation produced an ill-typed program: a defect of rosesim, please report it.

    `rule` is the rule of the language that the program breaks.
    """

    def __init__(self, message: str, where: object = None, rule: str = ""):
        super().__init__(message, where)
        self.rule = rule or message
