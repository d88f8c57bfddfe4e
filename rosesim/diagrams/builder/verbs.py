"""`d.ensure`, `d.encourage` and `d.functions`: the library by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rosesim.diagrams import library
from rosesim.diagrams.builder.convert import accepted, user_value
from rosesim.diagrams.builder.mistakes import hint, mistake, place, unknown
from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.problem import Term
from rosesim.diagrams.style.hints import with_article
from rosesim.diagrams.values import Value

if TYPE_CHECKING:
    from rosesim.diagrams.builder.canvas import Canvas

StagesLike = str | Sequence[str] | None
"""The stages in which something applies or moves; None: all."""

FINDERS = {"constraint": library.constraint, "objective": library.objective, "function": library.function}
SPOKEN = {"constraint": "ensure", "objective": "encourage", "function": "functions"}


class Verb:
    """The items of one of the library's tables, as methods."""

    _what = ""

    def __init__(self, canvas: Canvas):
        self._canvas = canvas

    def __dir__(self) -> list[str]:
        return library.names(self._what)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):  # what Python and notebooks ask of any object
            raise AttributeError(name)
        item = FINDERS[self._what](name)
        if item is None:
            raise self._unknown(name)
        return self._method(item)

    def _unknown(self, name: str) -> Exception:
        end = hint(name, library.names(self._what))
        for other, find in FINDERS.items():
            if find(name) is not None:
                end = f", but {with_article(other)} is; write `.{SPOKEN[other]}.{name}` instead"
        kind = f"Invalid{self._what.capitalize()}NameError"
        return unknown(kind, f"no {self._what} is called {name}{end}")

    def _method(self, item: library.Item) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            return self._call(item, args, named)

        parameters = [
            inspect.Parameter(
                p.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if p.default is None else user_value(p.default),
            )
            for p in item.params
        ]
        parameters += self._more()
        call.__name__ = call.__qualname__ = item.name
        call.__doc__ = item.doc
        call.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess] -- as PEP 362
        return call

    def _more(self) -> list[inspect.Parameter]:
        return []

    def _call(self, item: library.Item, args: Sequence[Any], named: dict[str, Any]) -> Any:
        raise NotImplementedError


def arguments(item: library.Item, args: Sequence[Any], named: dict[str, Any]) -> tuple[Value, ...]:
    """The arguments of a call, checked. Raises DiagramError with the user's line."""
    given: list[Any] = list(args)
    if len(given) > len(item.params):
        sentence = f"{item.signature} was given {len(given)} arguments; expected at most {len(item.params)}"
        raise mistake("TooManyArgumentsError", sentence)
    names = [p.name for p in item.params]
    for name in named:
        if name not in names:
            raise mistake("TooManyArgumentsError", f"{item.signature} has no argument {name}{hint(name, names)}")
        if names.index(name) < len(args):
            raise mistake("TooManyArgumentsError", f"{item.signature} was given {name} twice; expected it once")
    values: list[Value] = []
    for k, p in enumerate(item.params):
        if k < len(given):
            value = given[k]
        elif p.name in named:
            value = named[p.name]
        elif p.default is None:
            sentence = f"{item.signature} misses its argument {p.name}; expected {p.kind.name}"
            raise mistake("MissingArgumentError", sentence)
        else:
            values.append(p.default)
            continue
        values.append(accepted(value, p.kind, f"{item.signature}: {p.name}", "BadArgumentTypeError"))
    return item.check(values)


class Terms(Verb):
    """Items whose calls become terms of the energy."""

    def _more(self) -> list[inspect.Parameter]:
        return [inspect.Parameter("stages", inspect.Parameter.KEYWORD_ONLY, default=None)]

    def _call(self, item: library.Item, args: Sequence[Any], named: dict[str, Any]) -> Term:
        stages = self._canvas.stage_numbers(named.pop("stages", None))
        values = arguments(item, args, named)
        texts = tuple(self._canvas.written(v) for v in values)
        term = Term(item.name, values, texts, stages, place())
        self._canvas.add(self._what, term)
        return term


class Ensure(Terms):
    """Constraints: what the layout must fulfil. `dir(d.ensure)` lists them.

    Each takes `stages`, the stages of the layout in which it applies. The term that it returns can be asked of a
    picture: `picture[term]` is its value, at most 0 where it holds.

    >>> from rosesim.diagrams.builder.canvas import Canvas
    >>> d = Canvas(100, 100)
    >>> a, b = d.circle(r=5), d.circle(r=5)
    >>> apart = d.ensure.disjoint(a, b, padding=3)
    >>> d.ensure.disjiont(a, b)  # type: ignore
    Traceback (most recent call last):
    rosesim...UnknownNameError: <doctest ...>:1: no constraint is called disjiont; did you mean disjoint?
    """

    _what = "constraint"


class Encourage(Terms):
    """Objectives: what the layout makes small. `dir(d.encourage)` lists them.

    >>> from rosesim.diagrams.builder.canvas import Canvas
    >>> d = Canvas(100, 100)
    >>> term = d.encourage.near(d.circle(), d.circle())
    >>> term.printed
    ('circle1', 'circle2', '10')
    """

    _what = "objective"


class Functions(Verb):
    """Functions: numbers, vectors, colours, path data of numbers and shapes. `dir(d.functions)` lists them.

    >>> from rosesim.diagrams.builder.canvas import Canvas
    >>> d = Canvas(100, 100)
    >>> d.functions.vdist((0, 0), (3, 4)), d.functions.unit((0, 2)).y
    (5.0, 0.999995...)
    """

    _what = "function"

    def _call(self, item: library.Item, args: Sequence[Any], named: dict[str, Any]) -> Any:
        values = arguments(item, args, named)
        try:
            with self._canvas.at_start():
                return user_value(item.apply(values, self._canvas.draw))
        except library.CallError as error:
            raise DiagramError(Fault(error.kind, str(error), place())) from None
