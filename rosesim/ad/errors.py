"""The exceptions that users meet. Every message says what was found, what was expected, what to do."""

from __future__ import annotations

from rosesim.ad.locate import here


class RosesimError(Exception):
    """Any mistake that rosesim reports. `where` is the user's line, "file:line", when it is known."""

    def __init__(self, message: str, where: object = None):
        self.where = None if where is None else str(where)
        super().__init__(message if where is None else f"{where}: {message}")


class TraceError(RosesimError):
    """The program as written cannot be traced (a wrong type, a Python `if` on a traced value, ...)."""


class TypeMismatch(TraceError, TypeError):
    """A value of one type where another was expected."""


class OpenLength(TypeMismatch):
    """A type whose length is left open (`Vec[Real, ...]`) where one that is complete was expected."""


class EscapedValue(TraceError):
    """A traced value was used after the function that it belongs to had ended."""


class MissingAttribute(TraceError, AttributeError):
    """An attribute was taken that a traced value does not have."""


class ArgumentError(RosesimError, TypeError, ValueError):
    """An argument of a compiled function has the wrong shape, dtype or value; nothing has run."""

    def __init__(self, message: str, where: object = None):
        super().__init__(message, here() if where is None else where)


class ProgramError(RosesimError, ArithmeticError):
    """A running program stopped itself: a checked index, a loop that reached its limit, an empty minimum."""


class TooLarge(RosesimError, MemoryError):
    """The arrays of a program are more than this computer has memory for; nothing has run."""


class CheckError(RosesimError):
    """A transformation produced an ill-typed program: a defect of rosesim, please report it."""
