"""How a function is called: its parameters and their types, how a call fits them, and the words where it does not.

The arguments of a call stand in a row, as in CPython's own calls (PEP 590): those by position, then those by
keyword in the order of the signature, whose names are the call's `keywords`. An argument that can stand by
position does, however it was written. A default that the call leaves out is not in the row: it is a constant.
"""

from __future__ import annotations

import functools
import inspect
import types as pytypes
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, Self

from rosesim.ad import types as T
from rosesim.ad.constants import constant
from rosesim.ad.errors import OpenLength, RosesimError, TraceError, TypeMismatch
from rosesim.ad.ir import Where
from rosesim.ad.locate import here
from rosesim.ad.narrow import class_of
from rosesim.ad.vector import typeof

Types = T.Types
Row = tuple[Any, ...]
Names = tuple[str, ...]
Wrt = int | str | Sequence[int | str] | None
Parameter = inspect.Parameter
_EMPTY = Parameter.empty


class Named(tuple[T.Type, ...]):
    """The types of a call's arguments, of which the last ones are given by keyword: never equal to those of a
    call by position."""

    keywords: Names

    def __new__(cls, types: Sequence[T.Type], keywords: Names) -> Named:
        """The types in a row, and the names of the last ones."""
        made = super().__new__(cls, types)
        made.keywords = keywords
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.keywords == other.keywords and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((tuple(self), self.keywords))


def named(types: Sequence[T.Type], keywords: Names) -> Types:
    """The types of a call, the last ones given by these names."""
    return Named(types, keywords) if keywords else tuple(types)


def keywords_of(types: Types) -> Names:
    """The names of those arguments that are given by keyword."""
    return types.keywords if isinstance(types, Named) else ()


def as_call(row: Sequence[Any], keywords: Names) -> tuple[Sequence[Any], dict[str, Any]]:
    """A row as the args and kwargs of Python."""
    if not keywords:
        return row, {}
    count = len(row) - len(keywords)
    return row[:count], dict(zip(keywords, row[count:], strict=True))


class Signed(Protocol):
    """A function of the language, which knows its signature."""

    def signature(self) -> Signature:
        """It, read once."""
        ...


def signed(f: object) -> Signed | None:
    """f, where it is a function of the language."""
    return typing.cast("Signed", f) if getattr(type(f), "__rose_function__", False) else None


@dataclass(frozen=True, slots=True)
class _Form:
    """What a call of one form gives: a name and the annotated type (None: its own) for each in the row."""

    names: list[str]
    declared: tuple[T.Type | None, ...]


class Signature:
    """The parameters of a Python function, with their annotations as types of the language.

    A transform has the parameters of the function that it is of (`Signature.of`), and leaves defaults to it.
    """

    def __init__(self, python: Callable[..., Any], name: str, where: Where | None, scope: dict[str, Any] | None):
        self.python = python
        self.name = self.function = name
        self.where = where
        self.returns: T.Type | None = None
        self.fills = True
        self.annotated: dict[str, T.Type | None] = {}
        self._refused: dict[str, RosesimError] = {}
        self._read(scope)
        self._arrange()

    def _read(self, scope: dict[str, Any] | None) -> None:
        self.parameters = _parameters(self.python, self.name, self.where)
        inner = plain(self.python)
        if (own := signed(inner)) is not None:
            known = own.signature()
            self.annotated, self.returns, self._refused = known.annotated, known.returns, known._refused
            self.fills = False  # it does
            return
        for key, hint in _annotations(inner).items():
            if key != "return" and key not in self.parameters:
                continue
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

    def _type(self, hint: Any, inner: Any, name: str, scope: dict[str, Any] | None) -> T.Type | None:
        """The type that an annotation names; None, as without one, where it leaves a length open."""
        try:
            if isinstance(hint, str):
                hint = _evaluated(hint, inner, scope)
            return None if hint is Any else T.from_annotation(hint, scope)
        except NameError as e:
            raise TraceError(
                f"an annotation of {self.name} names {e.name!r}, which is not known there", self.where
            ) from e
        except OpenLength:
            return None
        except RosesimError as e:
            raise TypeMismatch(f"{self.name}, {name}: {str(e).removeprefix(f'{e.where}: ')}", self.where) from None

    def _arrange(self) -> None:
        """What every call asks for."""
        all_ = self.parameters.values()
        self._places = [p for p in all_ if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._by_name = [p for p in all_ if p.kind is p.KEYWORD_ONLY]
        self._rest = next((p for p in all_ if p.kind is p.VAR_POSITIONAL), None)
        self._least: float = sum(p.default is _EMPTY for p in self._places)
        self._most: float = float("inf") if self._rest else len(self._places)
        if any(p.default is _EMPTY for p in self._by_name):
            self._least = float("inf")  # no call by position alone
        self._forms: dict[tuple[int, Names], _Form] = {}

    @classmethod
    def of(cls, f: Signature, name: str, python: Callable[..., Any] | None = None) -> Self:
        """The same parameters, of a transform, `python`, which hands on what it is given and leaves defaults to f."""
        made = object.__new__(cls)
        made.__dict__.update(f.__dict__)
        made.name = name
        made.python = python or f.python
        made.returns, made.fills = None, False
        return made

    def __str__(self) -> str:
        """As Python writes it: f(x: Real, *, k: Real = 2.0)."""
        shown = [
            p.replace(
                annotation=_EMPTY if (t := self._shown(p)) is None else _Words(t),
                default=_EMPTY if p.default is _EMPTY else _Words(_short(p.default)),
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
        self, args: Row, kwargs: Mapping[str, Any], error: type[RosesimError] = TypeMismatch
    ) -> tuple[Row, Names]:
        """The arguments of a call in a row, and the names of the last ones. Raises `error`, at the user's line,
        where they do not fit."""
        if not kwargs and self._least <= len(args) <= self._most:
            return args, ()
        if len(args) > self._most:
            self._wrong("too many positional arguments", error)
        left = dict(kwargs)
        row, by_name = list(args), dict[str, Any]()
        for p in self._places[: len(args)]:
            if p.name in left and p.kind is not p.POSITIONAL_ONLY:
                self._wrong(f"got two values for argument {p.name!r}", error)
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
            self._wrong(f"{name!r} is taken by position only" if only else
                        f"got an unexpected keyword argument {name!r}", error)  # fmt: skip
        if missing:
            words = "a required argument" if len(missing) == 1 else "required arguments"
            self._wrong(f"missing {words}: {', '.join(map(repr, missing))}", error)
        return (*row, *by_name.values()), tuple(by_name)

    def _wrong(self, found: str, error: type[RosesimError] = TypeMismatch) -> NoReturn:
        raise error(f"{self.name}: {found}; expected {self}", here())

    def _form(self, count: int, keywords: Names) -> _Form:
        form = self._forms.get((count, keywords))
        if form is None:
            form = self._forms[count, keywords] = self._formed(count, keywords)
        return form

    def _formed(self, count: int, keywords: Names) -> _Form:
        by_position = count - len(keywords)
        if by_position > self._most:
            self._wrong("too many positional arguments")
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
        return _Form([*names, *keywords], tuple(self.annotated.get(n) for n in given))

    def names(self, count: int, keywords: Names = ()) -> list[str]:
        """A name for each argument in the row."""
        return list(self._form(count, keywords).names)

    def declared(self, count: int, keywords: Names = ()) -> tuple[T.Type | None, ...]:
        """The annotated type of each."""
        return self._form(count, keywords).declared

    def types_of(self, row: Sequence[Any], keywords: Names = (), of: Callable[[Any], T.Type] = typeof) -> Types:
        """The type of each: that annotated, else that of the argument."""
        declared = self._form(len(row), keywords).declared
        return named([of(a) if t is None else t for a, t in zip(row, declared, strict=True)], keywords)

    def required(self) -> Types:
        """The types of a call that leaves all defaults out, from annotations alone."""
        given = [p for p in (*self._places, *self._by_name) if p.default is _EMPTY]
        keywords = tuple(p.name for p in given if p.kind is p.KEYWORD_ONLY)
        found = self.declared(len(given), keywords)
        if self._rest is not None or any(t is None for t in found):
            raise TypeMismatch(
                f"{self.name}.compile() was called without arguments, but not all parameters are annotated; "
                f"expected annotations or an example of each argument: {self}",
                self.where,
            )
        return named(typing.cast("Types", found), keywords)

    def chosen(self, wrt: Wrt, count: int, keywords: Names, word: str = "wrt") -> tuple[tuple[int, ...], bool]:
        """Where in the row the arguments are that `wrt` means, and whether it means one (not a tuple).

        A number is a place among the parameters by position, whether given or not, so what it means does not
        change with what is left out.
        """
        names = self._form(count, keywords).names
        if wrt is None:
            return tuple(range(count)), count == 1
        places = [p.name for p in self._places]
        places += names[len(places) : count - len(keywords)]
        wanted: Sequence[Any] = wrt if isinstance(wrt, list | tuple) else [wrt]
        found: list[int] = []
        for w in wanted:
            name = w
            if isinstance(w, int) and not isinstance(w, bool) and -len(places) <= w < len(places):
                name = places[w]
            if isinstance(name, str) and name in names:
                found.append(names.index(name))
                continue
            if isinstance(name, str) and name in self.parameters and self.parameters[name].default is not _EMPTY:
                raise TypeMismatch(
                    f"{word}={w!r} was found, and this call leaves {name} to its default; expected that it is given: "
                    f"{self}",
                    here(),
                )
            raise TypeMismatch(
                f"{word}={w!r} was found; {self.function} takes {', '.join(names) or 'nothing'}; expected one of "
                f"these, or a position: {self}",
                here(),
            )
        return tuple(found), isinstance(wrt, int | str)

    # ------------------------------------------------------------------------------ tracing

    def call(self, row: Sequence[Any], keywords: Names, read: Callable[[Any, Callable[[], Any]], Any]) -> Any:
        """Call the Python function with traced values. What the call leaves out and what a partial holds are
        constants, of the annotated type where there is one; `read` is told of each."""
        args, kwargs = as_call(row, keywords)
        if not self.fills:
            return self.python(*args, **kwargs)
        args = [*args]
        given = {p.name for p in self._places[: len(args)]}.union(kwargs)
        for p in (*self._places, *self._by_name):
            if p.name in given:
                continue
            now = read(("default", id(self), p.name), functools.partial(_default, self.python, p.name))
            made = constant(now, self.annotated.get(p.name))
            if p.kind is p.POSITIONAL_ONLY:
                args.append(made)
            elif made is not now:
                kwargs[p.name] = made
        return _call(self.python, args, kwargs, self.annotated, read)


class WithTangents(Signature):
    """The signature of `jvp(f)`: f's arguments by position, then as many tangents; f's arguments by keyword, whose
    tangents `tangents` has by name.

    In a row the tangents of all follow the arguments by position.
    """

    def bind(
        self, args: Row, kwargs: Mapping[str, Any], error: type[RosesimError] = TypeMismatch
    ) -> tuple[Row, Names]:
        """The arguments and their tangents (None for zero) in a row."""
        kwargs = dict(kwargs)
        own = "tangents" in self.parameters
        by_name: dict[str, Any] = {} if own else kwargs.pop("tangents", None) or {}
        half = len(args) // 2
        if len(args) % 2:
            self._wrong(f"was called with {len(args)} arguments by position; it takes as many tangents as "
                        "arguments (None for zero)", error)  # fmt: skip
        row, keywords = super().bind(args[:half], kwargs, error)
        tangents: list[Any] = list(args[half:])
        by_name = dict(by_name)
        tangents += [by_name.pop(n, None) for n in super().names(len(row), keywords)[half:]]
        for name in by_name:
            self._wrong(f"got a tangent for {name!r}, which is not given by keyword", error)
        count = len(row) - len(keywords)
        return (*row[:count], *tangents, *row[count:]), keywords

    def halves(self, row: Sequence[Any], keywords: Names) -> tuple[Row, Row]:
        """The arguments, the tangents."""
        total = len(row) // 2
        count = total - len(keywords)
        return (*row[:count], *row[count + total :]), (*row[count : count + total],)

    def names(self, count: int, keywords: Names = ()) -> list[str]:
        """A name for each argument in the row; a tangent's is dx."""
        names = super().names(count // 2, keywords)
        first = len(names) - len(keywords)
        return [*names[:first], *("d" + n for n in names), *names[first:]]

    def types_of(self, row: Sequence[Any], keywords: Names = (), of: Callable[[Any], T.Type] = typeof) -> Types:
        """The type of each: of arguments as f has them, of tangents their own."""
        primals, tangents = self.halves(row, keywords)
        types = super().types_of(primals, keywords, of)
        first = len(types) - len(keywords)
        return named([*types[:first], *map(of, tangents), *types[first:]], keywords)


def _call(
    python: Any,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    annotated: Mapping[str, T.Type | None],
    read: Callable[[Any, Callable[[], Any]], Any],
) -> Any:
    """Call it; what a partial holds by position has the annotated type, like what is given."""
    if not isinstance(python, functools.partial):
        return python(*args, **kwargs)
    held = typing.cast("functools.partial[Any]", python)
    places = [p.name for p in inspect.signature(held.func).parameters.values() if p.kind <= p.POSITIONAL_OR_KEYWORD]
    types = [annotated.get(n) for n in places[: len(held.args)]] + [None] * (len(held.args) - len(places))
    values = read(("partial", id(held)), lambda: held.args)
    bound = [constant(v, t) for v, t in zip(values, types, strict=True)]
    return held.func(*bound, *args, **{**held.keywords, **kwargs})


def _default(python: Callable[..., Any], name: str) -> Any:
    """The default as it is now: `f.__defaults__` and what a partial holds can be changed."""
    return inspect.signature(python).parameters[name].default


# ------------------------------------------------------------------------------ reading functions


def plain(python: Any) -> Any:
    """The function that was written, below partials, methods and wrappers; or that of the language there."""
    while signed(python) is None:
        if isinstance(python, functools.partial):
            python = typing.cast("functools.partial[Any]", python).func
        elif isinstance(python, pytypes.MethodType):
            python = python.__func__
        elif hasattr(python, "__wrapped__"):
            python = python.__wrapped__
        elif not isinstance(python, pytypes.FunctionType | type):
            called: Any = class_of(python).__call__  # an object that can be called
            if not isinstance(called, pytypes.FunctionType) and signed(called) is None:
                return python
            python = called
        else:
            return python
    return python


def _parameters(python: Callable[..., Any], name: str, where: Where | None) -> Mapping[str, Parameter]:
    """The parameters; of a wrapper that takes whatever comes, those of the function that it wraps."""
    try:
        own = inspect.signature(python, follow_wrapped=False).parameters
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in own.values()):
            own = inspect.signature(python).parameters
    except (TypeError, ValueError):
        raise TraceError(
            f"{name} has no signature that Python can read; expected one: wrap it, as in lambda x: {name}(x)", where
        ) from None
    for p in own.values():
        if p.kind is p.VAR_KEYWORD:
            raise TraceError(f"{name}(**{p.name}) was found; expected named parameters", where)
    return own


def _annotations(inner: Any) -> dict[str, Any]:
    return dict(inner.__annotations__) if isinstance(inner, pytypes.FunctionType) else {}


def _evaluated(annotation: str, inner: Any, scope: dict[str, Any] | None) -> Any:
    """What an annotation that is a string names: in the function's closure, where it was defined, its globals."""
    space: dict[str, Any] = getattr(inner, "__globals__", {})
    local = {**(scope or {}), **dict(_closure(inner))}
    if annotation.isidentifier():  # most are, and need no compiler
        for known in (local, space):
            if annotation in known and not isinstance(known[annotation], str | None):
                return known[annotation]
    holder = type("holder", (), {"__annotations__": {"x": annotation}})
    return typing.get_type_hints(holder, space, local, include_extras=True)["x"]


def _closure(inner: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(inner, pytypes.FunctionType):
        yield from inspect.getclosurevars(inner).nonlocals.items()


class _Words:
    """What stands in a printed signature as it is."""

    def __init__(self, words: str):
        self._words = words

    def __repr__(self) -> str:
        return self._words


def _short(default: Any) -> str:
    """A default in a message: one line, not a long one."""
    words = " ".join(repr(default).split())
    return words if len(words) <= 40 else f"{words[:37]}..."


__all__ = ["Named", "Signature", "Types", "WithTangents", "Wrt", "as_call", "keywords_of", "named", "plain", "signed"]
