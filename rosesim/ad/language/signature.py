"""How a function may be called: its parameters and types, how a call fits them, and the messages if it does not.

The arguments of a call stand in a row, as in CPython's own calls (PEP 590). Those by position come first, then those
by keyword in the order of the signature; the names of the latter are the call's `keywords`. An argument that can
stand by position does, even if the call names it. A default that the call leaves out is a constant, not in the row.
"""

from __future__ import annotations

import copy
import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from rosesim.ad.language import types as T
from rosesim.ad.language.constants import constant
from rosesim.ad.language.parameters import (
    Words,
    annotations_of,
    evaluated,
    parameters_of,
    partial_of,
    plain,
    short,
    signed,
)
from rosesim.ad.language.values.structures import fitted
from rosesim.ad.program.ir import Where
from rosesim.ad.support.errors import RosesimError, TraceError, TypeMismatch
from rosesim.ad.support.locate import here

Types = T.Types
Row = tuple[Any, ...]
Names = tuple[str, ...]
Wrt = int | str | Sequence[int | str] | None
Parameter = inspect.Parameter
_EMPTY = Parameter.empty
OfValue = Callable[[T.Declared | None, Any, str], T.Type]
"""Gives the type of an argument from its declared type, its value (or an example) and its name."""


class Named(tuple[T.Type, ...]):
    """The types of a call's arguments, of which the last ones are given by keyword. They never equal the types of a
    call by position."""

    keywords: Names

    def __new__(cls, types: Sequence[T.Type], keywords: Names) -> Named:
        """The types in a row, and the names of the last ones."""
        made = super().__new__(cls, types)
        made.keywords = keywords
        return made

    def __getnewargs__(self) -> tuple[Types, Names]:
        """What pickle makes it of."""
        return tuple(self), self.keywords

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.keywords == other.keywords and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((tuple(self), self.keywords))


def named(types: Sequence[T.Type], keywords: Names) -> Types:
    """The types of a call whose last arguments have these names."""
    return Named(types, keywords) if keywords else tuple(types)


def keywords_of(types: Types) -> Names:
    """The names of the arguments that are given by keyword."""
    return types.keywords if isinstance(types, Named) else ()


def as_call(row: Sequence[Any], keywords: Names) -> tuple[Sequence[Any], dict[str, Any]]:
    """A row as Python's args and kwargs."""
    if not keywords:
        return row, {}
    count = len(row) - len(keywords)
    return row[:count], dict(zip(keywords, row[count:], strict=True))


class Misfit(Exception):
    """Why a call does not fit, in words."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What calls of one form share: for each argument in the row a name and the annotated type (None: the
    value's)."""

    names: list[str]
    declared: tuple[T.Declared | None, ...]
    words: tuple[str, ...]
    """What errors call each argument."""


class Signature:
    """The parameters of a Python function, with their annotations as types of the language.

    A transform has the parameters of its function (`renamed`), and leaves defaults to that function.
    """

    def __init__(self, python: Callable[..., Any], name: str, where: Where | None, scope: dict[str, Any] | None):
        self.python = python
        self.name = self.function = name
        self.where = where
        self.returns: T.Declared | None = None
        self.fills = True
        self.annotated: dict[str, T.Declared | None] = {}
        self._refused: dict[str, RosesimError] = {}
        self._read(scope)
        self._arrange()

    def _read(self, scope: dict[str, Any] | None) -> None:
        self.parameters = parameters_of(self.python, self.name, self.where)
        inner = plain(self.python)
        if (own := signed(inner)) is not None:
            known = own.signature()
            self.annotated, self.returns, self._refused = known.annotated, known.returns, known._refused
            self.fills = False  # that function does
            return
        for key, hint in annotations_of(inner).items():
            try:
                t = self._type(hint, inner, key, scope)
            except RosesimError as e:
                if key == "return":
                    raise
                self._refused[key] = e
                continue
            if key == "return":
                self.returns = t
            else:
                self.annotated[key] = t

    def _type(self, hint: Any, inner: Any, name: str, scope: dict[str, Any] | None) -> T.Declared | None:
        """The type that an annotation declares. None for `Any`, as for no annotation."""
        try:
            if isinstance(hint, str):
                hint = evaluated(hint, inner, scope)
            return None if hint is Any else T.declared(hint, scope)
        except NameError as e:
            raise TraceError(
                f"an annotation of {self.name} names {e.name!r}, which is not known there", self.where
            ) from e
        except RosesimError as e:
            raise TypeMismatch(f"{self.name}, {name}: {str(e).removeprefix(f'{e.where}: ')}", self.where) from None

    def _arrange(self) -> None:
        """Prepare what every call needs."""
        all_ = self.parameters.values()
        self._places = [p for p in all_ if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._by_name = [p for p in all_ if p.kind is p.KEYWORD_ONLY]
        self._rest = next((p for p in all_ if p.kind is p.VAR_POSITIONAL), None)
        self._least: float = sum(p.default is _EMPTY for p in self._places)
        self._most: float = float("inf") if self._rest else len(self._places)
        if any(p.default is _EMPTY for p in self._by_name):
            self._least = float("inf")  # no call by position alone suffices
        self._forms: dict[tuple[int, Names], _Form] = {}

    def renamed(self, name: str, python: Callable[..., Any] | None = None) -> Self:
        """The same parameters for a transform, `python`, which passes on its arguments and leaves defaults out."""
        made = copy.copy(self)
        made.name = name
        made.python = python or self.python
        made.returns, made.fills = None, False
        return made

    def __str__(self) -> str:
        """As Python writes it: f(x: Real, *, k: Real = 2.0)."""
        shown = [
            p.replace(
                annotation=_EMPTY if (t := self._shown(p)) is None else Words(t),
                default=_EMPTY if p.default is _EMPTY else short(p.default),
            )
            for p in self.parameters.values()
        ]
        return f"{self.name}{inspect.Signature(shown)}"

    def _shown(self, p: Parameter) -> str | None:
        t = self.annotated.get(p.name)
        if t is not None:
            return str(t)
        return None if p.annotation is _EMPTY or p.annotation is Any else inspect.formatannotation(p.annotation)

    # -------------------------------------------------------------------------------- calls

    def bind(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], error: type[RosesimError] = TypeMismatch
    ) -> tuple[Row, Names]:
        """The arguments of a call in a row, and the names of the last ones. Raises `error`, at the user's line, if
        they do not fit."""
        try:
            return self._row_of(args, kwargs)
        except Misfit as e:
            raise error(f"{self.name}: {e}; expected {self}", here()) from None

    def _row_of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Row, Names]:
        if not kwargs and self._least <= len(args) <= self._most:
            return (*args,), ()
        if len(args) > self._most:
            raise Misfit("too many positional arguments")
        left = dict(kwargs)
        row, by_name = list(args), dict[str, Any]()
        for p in self._places[: len(args)]:
            if p.name in left and p.kind is not p.POSITIONAL_ONLY:
                raise Misfit(f"got two values for argument {p.name!r}")
        missing: list[str] = []
        skipped = False
        for p in (*self._places[len(args) :], *self._by_name):
            if p.name in left and p.kind is not p.POSITIONAL_ONLY:
                if skipped or p.kind is p.KEYWORD_ONLY:
                    by_name[p.name] = left.pop(p.name)
                else:
                    row.append(left.pop(p.name))
            else:
                skipped = True
                if p.default is _EMPTY:
                    missing.append(p.name)
        for name in left:
            only = any(p.name == name for p in self._places)
            raise Misfit(f"{name!r} is taken by position only" if only else
                        f"got an unexpected keyword argument {name!r}")  # fmt: skip
        if missing:
            words = "a required argument" if len(missing) == 1 else "required arguments"
            raise Misfit(f"missing {words}: {', '.join(map(repr, missing))}")
        return (*row, *by_name.values()), tuple(by_name)

    def _form(self, count: int, keywords: Names) -> _Form:
        form = self._forms.get((count, keywords))
        if form is None:
            form = self._forms[count, keywords] = self._formed(count, keywords)
        return form

    def _formed(self, count: int, keywords: Names) -> _Form:
        by_position = count - len(keywords)
        if by_position > self._most:
            raise TypeMismatch(f"{self.name}: too many positional arguments; expected {self}", here())
        given = [p.name for p in self._places[:by_position]]
        names = list(given)
        if self._rest is not None:
            more = by_position - len(given)
            names += [f"{self._rest.name}[{i}]" for i in range(more)]
            given += [self._rest.name] * more
        given += keywords
        for name in given:
            if name in self._refused:
                raise self._refused[name]
        names += keywords
        return _Form(names, tuple(map(self.annotated.get, given)), tuple(f"argument {n}" for n in names))

    def names(self, count: int, keywords: Names = ()) -> list[str]:
        """A name for each argument in the row."""
        return list(self._form(count, keywords).names)

    def declared(self, count: int, keywords: Names = ()) -> tuple[T.Declared | None, ...]:
        """The annotated type of each argument."""
        return self._form(count, keywords).declared

    def types_of(self, row: Sequence[Any], keywords: Names = (), of: OfValue = fitted) -> Types:
        """The type of each argument: as annotated, with open lengths taken from the value; the value's type if there
        is no annotation."""
        form = self._form(len(row), keywords)
        return named([of(t, a, n) for t, a, n in zip(form.declared, row, form.words, strict=True)], keywords)

    def required(self) -> Types:
        """The types of a call that leaves out all defaults, from annotations alone."""
        given = [p for p in (*self._places, *self._by_name) if p.default is _EMPTY]
        keywords = tuple(p.name for p in given if p.kind is p.KEYWORD_ONLY)
        found = self.declared(len(given), keywords)
        if self._rest is not None or any(t is None or T.is_open(t) for t in found):
            self._needs_examples()
        return named(typing.cast("Types", found), keywords)

    def _needs_examples(self) -> NoReturn:
        raise TypeMismatch(
            f"{self.name}.compile() was called without arguments, but not all parameters are annotated; expected "
            f"annotations or an example of each argument: {self}",
            self.where,
        )

    def refuse_options(self, by_position: int, word: str, given: Mapping[str, bool]) -> None:
        """Raise if an option of `compile` or `check_grads` could also be meant for a parameter of the same name."""
        places = [p.name for p in self._places[:by_position]]
        for name, is_given in given.items():
            if is_given and name in self.parameters and name not in places:
                raise TypeMismatch(
                    f"{name}= is an option of {word}, and {self.function} has a parameter of this name; expected the "
                    f"parameter by position or under another name: {self}",
                    here(),
                )

    def chosen(self, wrt: Wrt, count: int, keywords: Names, word: str = "wrt") -> tuple[tuple[int, ...], bool]:
        """The places in the row of the arguments that `wrt` chooses, and whether it chooses a single one (no tuple).

        A number counts the parameters that can stand by position, given or not. So its meaning does not depend on
        what the call leaves out.
        """
        if wrt is None:
            return tuple(range(count)), count == 1
        names = self.names(count, keywords)
        places = self._places_of(names, count - len(keywords))
        chosen: Sequence[Any] = wrt if isinstance(wrt, list | tuple) else [wrt]
        found: list[int] = []
        for w in chosen:
            name = w
            if isinstance(w, int) and not isinstance(w, bool) and -len(places) <= w < len(places):
                name = places[w]
            if isinstance(name, str) and name in names:
                found.append(names.index(name))
                continue
            if isinstance(name, str) and name in self.parameters and self.parameters[name].default is not _EMPTY:
                raise TypeMismatch(
                    f"{word}={w!r} was found, and this call leaves {name} to its default; expected a call that gives "
                    f"it: {self}",
                    here(),
                )
            raise TypeMismatch(
                f"{word}={w!r} was found; {self.function} takes {', '.join(names) or 'nothing'}; expected one of "
                f"these, or a position: {self}",
                here(),
            )
        return tuple(found), isinstance(wrt, int | str)

    def _places_of(self, names: list[str], count: int) -> list[str]:
        """The parameter that each position means, in a call that gives so many."""
        places = [p.name for p in self._places]
        return places + names[len(places) : count]

    # ------------------------------------------------------------------------------ tracing

    def left_out(self, count: int, keywords: Names, rule: Signature, cotangents: int) -> list[str]:
        """The names of parameters that a call leaves out although a rule, which takes these and so many cotangents,
        requires them."""
        by_position = count - len(keywords)
        places = [p for p in rule._places if p.default is _EMPTY]
        required = {p.name for p in self._places[: max(0, len(places) - cotangents)]}
        required |= {p.name for p in rule._by_name if p.default is _EMPTY}
        given = {p.name for p in self._places[:by_position]}.union(keywords)
        return [n for n, p in self.parameters.items() if n in required - given and p.default is not _EMPTY]

    def defaults(self, names: Sequence[str]) -> dict[str, Any]:
        """The present defaults of some parameters. Python allows them to change."""
        now = inspect.signature(self.python).parameters
        return {n: now[n].default if n in now else _EMPTY for n in names}

    def call(self, row: Sequence[Any], keywords: Names) -> Any:
        """Call the Python function with traced values. Defaults that the call leaves out and arguments that a partial
        holds are constants, of the annotated type if there is one."""
        given, kwargs = as_call(row, keywords)
        args = [*given]
        fills = self.fills
        held: Callable[..., Any] = self.python
        partial = partial_of(held)
        if partial is not None and (own := signed(partial.func)) is not None:
            python = own.seen_through()
            if python is not None:
                fills, partial = True, functools.partial[Any](python, *partial.args, **partial.keywords)
        if not fills:
            return held(*args, **kwargs)
        known = {p.name for p in self._places[: len(args)]}.union(kwargs)
        left = [p for p in (*self._places, *self._by_name) if p.name not in known]
        now = self.defaults([p.name for p in left]) if left else {}
        for p in left:
            made = constant(now[p.name], self.annotated.get(p.name))
            if p.kind is p.POSITIONAL_ONLY:
                args.append(made)
            elif made is not now[p.name]:
                kwargs[p.name] = made
        if partial is not None:
            return partial.func(*self._held(partial), *args, **{**partial.keywords, **kwargs})
        return held(*args, **kwargs)

    def _held(self, partial: functools.partial[Any]) -> list[Any]:
        """The arguments that a partial holds by position, in the annotated types."""
        places = inspect.signature(partial.func).parameters.values()
        names = [p.name for p in places if p.kind <= p.POSITIONAL_OR_KEYWORD]
        names += [p.name for p in places if p.kind is p.VAR_POSITIONAL] * len(partial.args)
        return [constant(v, self.annotated.get(n)) for n, v in zip(names, partial.args, strict=False)]


__all__ = [
    "Misfit",
    "Named",
    "Names",
    "OfValue",
    "Row",
    "Signature",
    "Types",
    "Wrt",
    "as_call",
    "keywords_of",
    "named",
]
