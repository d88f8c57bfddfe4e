"""What the library is made of: items, their parameters, and the decorators that register them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from rosesim.ad.support.errors import RosesimError
from rosesim.diagrams.kinds import Kind, described
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.values import Value

Prepare = Callable[[Sequence[Value]], tuple[Value, ...]]
Draw = Callable[[str, float, float], Number]
"""Makes an input that is drawn from [low, high) and never moves, by the name of who asks."""


class CallError(RosesimError):
    """A call that a library item refuses. `kind` is a name of the language's errors."""

    def __init__(self, kind: str, sentence: str):
        self.kind = kind
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter. `default` is None where the argument must be given."""

    name: str
    kind: Kind
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A function, an objective or a constraint of Style."""

    name: str
    params: tuple[Param, ...]
    doc: str
    """Its formula."""
    run: Callable[..., Value]
    """The Python function, of checked arguments. One that draws takes `draw` before them."""
    draws: bool = False
    """Whether it is random."""
    prepare: Prepare | None = None
    """What `check` does at last with checked arguments: once a call of Style."""

    @property
    def signature(self) -> str:
        """How it is called.

        >>> from rosesim.diagrams.library import items
        >>> items.CONSTRAINTS["disjoint"].signature
        'disjoint(s1, s2, padding = 0)'
        """
        shown = [p.name if p.default is None else f"{p.name} = {_written(p.default)}" for p in self.params]
        return f"{self.name}({', '.join(shown)})"

    def check(self, args: Sequence[Value]) -> tuple[Value, ...]:
        """The arguments in the forms that `apply` expects, defaults filled in. To be called once a call of Style.

        Raises `CallError` of kind TooManyArgumentsError, MissingArgumentError or BadArgumentTypeError.

        >>> from rosesim.diagrams.library import items
        >>> items.CONSTRAINTS["lessThan"].check([1, 2])
        (1.0, 2.0, 0.0)
        """
        if len(args) > len(self.params):
            sentence = f"{self.signature} was given {len(args)} arguments; expected at most {len(self.params)}"
            raise CallError("TooManyArgumentsError", sentence)
        checked: list[Value] = []
        for i, param in enumerate(self.params):
            if i < len(args):
                accepted = param.kind.accept(args[i])
                if accepted is None:
                    sentence = f"{self.signature} expects {param.kind.name} as {param.name}"
                    raise CallError("BadArgumentTypeError", f"{sentence}; found {described(args[i])}")
                checked.append(accepted)
            elif param.default is None:
                sentence = f"{self.signature} misses its argument {param.name}; expected {param.kind.name}"
                raise CallError("MissingArgumentError", sentence)
            else:
                checked.append(param.default)
        return self.prepare(checked) if self.prepare else tuple(checked)

    def apply(self, args: Sequence[Value], draw: Draw | None = None) -> Value:
        """The value of checked arguments.

        Raises `CallError` of kind FunctionInternalError where they have no value: vectors of unequal length, an index
        beyond the end, path data without a box.

        >>> from rosesim.diagrams.library import items
        >>> sqr = items.FUNCTIONS["sqr"]
        >>> sqr.apply(sqr.check([3.0]))
        9.0
        """
        try:
            return self.run(draw, *args) if self.draws else self.run(*args)
        except ValueError as error:
            raise CallError("FunctionInternalError", f"{self.signature}: {error}") from error


FUNCTIONS: dict[str, Item] = {}
OBJECTIVES: dict[str, Item] = {}
CONSTRAINTS: dict[str, Item] = {}

F = TypeVar("F", bound=Callable[..., Any])


def _registers(table: dict[str, Item], draws: bool = False) -> Callable[..., Callable[[F], F]]:
    def decorator(name: str = "", prepare: Prepare | None = None, /, **kinds: Kind) -> Callable[[F], F]:
        def register(run: F) -> F:
            given = list(inspect.signature(run).parameters.values())[draws:]
            assert [p.name for p in given] == list(kinds), run.__name__
            defaults = [None if p.default is p.empty else cast(Value, p.default) for p in given]
            params = tuple(Param(n, k, d) for (n, k), d in zip(kinds.items(), defaults, strict=True))
            called = name or run.__name__
            assert called not in table, called
            table[called] = Item(called, params, inspect.getdoc(run) or "", run, draws, prepare)
            return run

        return register

    return decorator


function = _registers(FUNCTIONS)
"""`@function(x=NUMBER)` registers a Python function of checked arguments; a name before the kinds is its name."""
random = _registers(FUNCTIONS, draws=True)
"""The same for a function whose first parameter is `draw`."""
objective = _registers(OBJECTIVES)
constraint = _registers(CONSTRAINTS)


def _written(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case str():
            return f'"{value}"'
        case _:
            return f"({', '.join(f'{n:g}' for n in cast(Any, value).items)})"
