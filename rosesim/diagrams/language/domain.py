"""Domain: types, and the predicates, functions and constructors over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rosesim.diagrams.errors import Place
from rosesim.diagrams.language.parser import Actions, parse
from rosesim.diagrams.language.tokens import Token
from rosesim.diagrams.language.words import counted, fault, suggestion
from rosesim.diagrams.syntax import LITERAL_TYPES, Domain, Signature

MOST_SUPERTYPES = 500_000
"""Pairs of a type and one above it, which a long chain of types has very many of; a domain has some dozens."""


def read_domain(text: str, file: str) -> Domain:
    """Reads and checks a Domain text; `file` is its name in messages.

    Raises:
        DiagramError: the text is not Domain, or its first mistake: a name twice, an unknown type, a literal type
            where none may stand, a symmetric predicate of other than two arguments of one type, a circle of subtypes

    >>> domain = read_domain("type Shop\\ntype Cafe <: Shop\\npredicate Near(Shop a, Shop b)", "shops.domain")
    >>> domain.is_subtype("Cafe", "Shop"), domain.predicates["Near"].args
    (True, ('Shop', 'Shop'))
    """
    check = _Check()
    for statement in parse("domain", _Actions, text, file):
        if isinstance(statement, _Subtype):
            check.add_subtype(statement)
        elif isinstance(statement, _Type):
            check.add_type(statement)
        else:
            check.add_signature(statement)
    return check.finished()


@dataclass(frozen=True, slots=True)
class _Type:
    name: Token
    above: list[Token]


@dataclass(frozen=True, slots=True)
class _Subtype:
    below: Token
    above: Token


@dataclass(frozen=True, slots=True)
class _Signature:
    kind: str
    place: Place
    name: Token
    args: list[Token]
    result: Token | None = None
    symmetric: bool = False


class _Actions(Actions):
    """Functions by the names in domain.lark. `p` are the parts of a rule."""

    @staticmethod
    def declared_type(p: list[Any]) -> _Type:
        return _Type(p[1], p[3] if len(p) == 4 else [])

    @staticmethod
    def subtype(p: list[Any]) -> _Subtype:
        return _Subtype(p[0], p[2])

    @staticmethod
    def predicate(p: list[Any]) -> _Signature:
        return _Signature("predicate", p[0].place, p[1], p[2])

    @staticmethod
    def symmetric_predicate(p: list[Any]) -> _Signature:
        return _Signature("predicate", p[0].place, p[2], p[3], symmetric=True)

    @staticmethod
    def function(p: list[Any]) -> _Signature:
        return _Signature("function", p[0].place, p[1], p[2], p[4])

    @staticmethod
    def constructor(p: list[Any]) -> _Signature:
        return _Signature("constructor", p[0].place, p[1], p[2], p[4] if len(p) == 5 else p[1])


class _Check:
    def __init__(self):
        self.domain = Domain()
        self.above: dict[str, dict[str, Place]] = {name: {} for name in LITERAL_TYPES}
        """For each type those that stand right above it, and where this was said."""

    def add_type(self, statement: _Type) -> None:
        name = statement.name
        if name.text in LITERAL_TYPES:
            raise fault("TypeDeclared", name.place, f"type {name.text} is built in; give this type another name")
        if name.text in self.domain.types:
            first = self.domain.types[name.text].line
            raise fault(
                "TypeDeclared",
                name.place,
                f"type {name.text} is declared twice, first in line {first}; take one away or rename it",
            )
        self.domain.types[name.text] = name.place
        self.above[name.text] = {}
        for above in statement.above:
            self.add_subtype(_Subtype(name, above))

    def add_subtype(self, statement: _Subtype) -> None:
        for token in (statement.below, statement.above):
            self.require_type(token)
            if token.text in LITERAL_TYPES:
                raise fault(
                    "SubOrSuperLiteralTypeError",
                    token.place,
                    f"type {token.text} is of literals and has no subtypes or supertypes; use a declared type",
                )
        self.above[statement.below.text].setdefault(statement.above.text, statement.below.place)

    def add_signature(self, statement: _Signature) -> None:
        kind, name = statement.kind, statement.name
        known = getattr(self.domain, f"{kind}s")
        if name.text in known:
            first = known[name.text].place.line
            raise fault(
                "DuplicateName",
                name.place,
                f"{kind} {name.text} is declared twice, first in line {first}; take one away or rename it",
            )
        for arg in statement.args:
            self.require_type(arg)
        if statement.symmetric:
            self.require_symmetry(statement)
        result = ""
        if statement.result is not None:
            result = statement.result.text
            self.require_result(statement, statement.result)
        args = tuple(arg.text for arg in statement.args)
        known[name.text] = Signature(name.text, args, result, statement.symmetric, statement.place)

    def require_type(self, token: Token) -> None:
        if token.text not in self.above:
            hint = suggestion(token.text, self.above, f"declare it above by `type {token.text}`")
            raise fault("TypeNotFound", token.place, f"type {token.text} is not declared; {hint}")

    def require_symmetry(self, statement: _Signature) -> None:
        name, args = statement.name, statement.args
        if len(args) != 2:
            raise fault(
                "SymmetricArgLengthMismatch",
                name.place,
                f"symmetric predicate {name.text} has {counted(len(args), 'argument')}; expected 2",
            )
        first, second = (arg.text for arg in args)
        if first != second and not (second in self.all_above(first) and first in self.all_above(second)):
            raise fault(
                "SymmetricTypeMismatch",
                args[1].place,
                f"symmetric predicate {name.text} has arguments of types {first} and {second}; expected one type",
            )

    def require_result(self, statement: _Signature, result: Token) -> None:
        kind, name = statement.kind, statement.name
        if result is name and name.text not in self.above:
            raise fault(
                "TypeNotFound",
                name.place,
                f"constructor {name.text} names no result, so it makes type {name.text}, which is not declared; "
                "write `-> ` and a type after it",
            )
        self.require_type(result)
        if result.text in LITERAL_TYPES:
            raise fault(
                "OutputLiteralTypeError",
                result.place,
                f"{kind} {name.text} cannot make a {result.text}, which only literals are; expected a declared type",
            )

    def all_above(self, name: str) -> set[str]:
        """The type, and what can be reached upwards."""
        found, todo = {name}, [name]
        while todo:
            new = self.above[todo.pop()].keys() - found
            found |= new
            todo += new
        return found

    def finished(self) -> Domain:
        """The domain with all supertypes, in an order in which each type comes after those above it."""
        done: dict[str, frozenset[str]] = {}
        pairs = 0
        for start in self.above:
            path = [start] if start not in done else []
            waiting = [iter(self.above[start])]
            on_path = set(path)
            while path:
                above = next(waiting[-1], None)
                if above is None:
                    name = path.pop()
                    waiting.pop()
                    on_path.discard(name)
                    done[name] = frozenset((name,)).union(*(done[a] for a in self.above[name]))
                    pairs += len(done[name])
                    if pairs > MOST_SUPERTYPES:
                        raise fault(
                            "ParseError",
                            self.domain.types[name],
                            f"types have more than {MOST_SUPERTYPES:,} supertypes in all here; use fewer types",
                        )
                elif above in on_path:
                    self.refuse_circle([*path[path.index(above) :], above])
                elif above not in done:
                    path.append(above)
                    on_path.add(above)
                    waiting.append(iter(self.above[above]))
        self.domain.supertypes = {name: done[name] for name in self.above}
        return self.domain

    def refuse_circle(self, circle: list[str]) -> None:
        place = self.above[circle[0]][circle[1]]
        shown = " <: ".join(circle if len(circle) < 10 else [*circle[:8], "...", circle[-1]])
        raise fault("CyclicSubtypes", place, f"types are subtypes in a circle: {shown}; take one of these away")
