"""Signatures of transforms whose arguments differ from their function's: `jvp` has tangents, `vmap` has vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Self

from rosesim.ad.language import types as T
from rosesim.ad.language.signature import Misfit, Names, OfValue, Row, Signature, Types, Wrt, named
from rosesim.ad.language.values.structures import fitted
from rosesim.ad.support.typeguards import class_of, is_dict

TANGENTS = "tangents"


class _Transformed(Signature):
    """A signature derived from another, `inner`, which binds and names the arguments that both have."""

    def __init__(self, inner: Signature, name: str, python: Callable[..., Any]):
        self.__dict__.update(inner.__dict__)
        self.inner = inner.renamed(name, python)
        self.name, self.python = name, python
        self.returns, self.fills = None, False

    def renamed(self, name: str, python: Callable[..., Any] | None = None) -> Self:
        """The same signature, for a transform of the transform."""
        made = super().renamed(name, python)
        made.inner = self.inner.renamed(name, python)
        return made

    def required(self) -> NoReturn:
        """Annotations cannot say which tangents are zero, or how many elements there are."""
        self._needs_examples()


class WithTangents(_Transformed):
    """The signature of `jvp(f)`: f's arguments by position, as many tangents, f's arguments by keyword, and a dict
    with the tangents of the latter."""

    def __str__(self) -> str:
        plain = str(self.inner).removeprefix(self.name)
        return f"{self.name}(arguments, as many tangents), the arguments those of {self.function}{plain}"

    def _row_of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Row, Names]:
        if len(args) % 2:
            raise Misfit(f"was called with {len(args)} arguments by position, which is odd: there are as many "
                         "tangents as arguments (None for zero)")  # fmt: skip
        half = len(args) // 2
        kwargs = dict(kwargs)
        given = kwargs.pop(TANGENTS, None) if self._has_own_tangents() else None
        if given is not None and not is_dict(given):
            raise Misfit(f"tangents= was given a {class_of(given).__name__}; it is a dict by name")
        by_name = dict[str, Any](given or {})
        row, keywords = self.inner._row_of(args[:half], kwargs)
        places = self.inner.names(len(row), keywords)[: len(row) - len(keywords)]
        tangents = [*args[half:], *(by_name.pop(n, None) for n in places[half:])]
        for name in by_name:
            if name not in keywords:
                raise Misfit(f"got a tangent for {name!r}, which is not given by keyword")
        row = (*row[: len(places)], *tangents, *row[len(places) :])
        return ((*row, by_name), (*keywords, TANGENTS)) if by_name else (row, keywords)

    def _has_own_tangents(self) -> bool:
        """Whether `tangents=` belongs to this transform, and is no parameter of its function."""
        return TANGENTS not in self.parameters and not isinstance(self.inner, WithTangents)

    def halves(self, row: Sequence[Any], keywords: Names) -> tuple[Row, Names, Row]:
        """The arguments with their keywords, and the tangent of each."""
        count = (len(row) - len(keywords)) // 2
        by_name: Any = {}
        if TANGENTS in keywords and self._has_own_tangents():
            row, by_name, keywords = row[:-1], row[-1], keywords[:-1]
        primals = (*row[:count], *row[2 * count :])
        return primals, keywords, (*row[count : 2 * count], *(by_name.get(n) for n in keywords))

    def names(self, count: int, keywords: Names = ()) -> list[str]:
        """A name for each argument in the row. The tangent of x is called dx."""
        first, last, end = self._parts(self.inner.names, count, keywords)
        return [*first, *("d" + n for n in first), *last, *([TANGENTS] * end)]

    def declared(self, count: int, keywords: Names = ()) -> tuple[T.Declared | None, ...]:
        """The annotated type of each argument; None for tangents."""
        first, last, end = self._parts(self.inner.declared, count, keywords)
        return (*first, *([None] * len(first)), *last, *([None] * end))

    def _parts(
        self, of: Callable[[int, Names], Sequence[Any]], count: int, keywords: Names
    ) -> tuple[Sequence[Any], Sequence[Any], int]:
        """What `of` says of f's arguments by position, of those by keyword, and how many more there are (0 or 1)."""
        end = int(TANGENTS in keywords and self._has_own_tangents())
        own = keywords[: len(keywords) - end]
        places = (count - len(keywords)) // 2
        found = of(places + len(own), own)
        return found[:places], found[places:], end

    def _places_of(self, names: list[str], count: int) -> list[str]:
        return names[:count]

    def types_of(self, row: Sequence[Any], keywords: Names = (), of: OfValue = fitted) -> Types:
        """The type of each argument: f decides about its own, tangents have their values' types."""
        primals, own, _ = self.halves(row, keywords)
        count = len(primals) - len(own)
        types = self.inner.types_of(primals, own, of)
        names = self.names(len(row), keywords)[count : 2 * count]
        tangents = [of(None, v, f"argument {n}") for v, n in zip(row[count : 2 * count], names, strict=True)]
        found = [*types[:count], *tangents, *types[count:]]
        if len(found) < len(row):
            found.append(T.struct_type(dict, {n: of(None, v, f"argument d{n}") for n, v in row[-1].items()}))
        return named(found, keywords)


class Mapped(_Transformed):
    """The signature of `vmap(f)`, which takes vectors where f takes elements."""

    def __init__(self, inner: Signature, name: str, python: Callable[..., Any], over: Wrt):
        super().__init__(inner, name, python)
        self.over = over

    def __str__(self) -> str:
        return str(self.inner)

    def _row_of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Row, Names]:
        return self.inner._row_of(args, kwargs)

    def names(self, count: int, keywords: Names = ()) -> list[str]:
        """As f."""
        return self.inner.names(count, keywords)

    def mapped(self, count: int, keywords: Names) -> tuple[int, ...]:
        """The positions of the vectors in the row."""
        return self.inner.chosen(self.over, count, keywords, "over")[0]

    def declared(self, count: int, keywords: Names = ()) -> tuple[T.Declared | None, ...]:
        """The annotated type of each argument. A mapped one is a vector of any length."""
        vectors = self.mapped(count, keywords)
        each = enumerate(self.inner.declared(count, keywords))
        return tuple(T.vector_of(None, d) if d is not None and k in vectors else d for k, d in each)

    def _places_of(self, names: list[str], count: int) -> list[str]:
        return self.inner._places_of(names, count)

    def types_of(self, row: Sequence[Any], keywords: Names = (), of: OfValue = fitted) -> Types:
        """The type of each argument. A mapped one is a vector of the declared type."""
        each = zip(self.declared(len(row), keywords), row, self.names(len(row), keywords), strict=True)
        return named([of(d, v, f"argument {n}") for d, v, n in each], keywords)


def length(t: T.Type) -> int | None:
    """The number of elements of a vector, or of all vectors in a struct; None if there is no such number."""
    if isinstance(t, T.VecType):
        return t.n
    if isinstance(t, T.StructType):
        sizes = {length(p) for p in t.types}
        return sizes.pop() if len(sizes) == 1 else None
    return None


__all__ = ["Mapped", "WithTangents", "length"]
