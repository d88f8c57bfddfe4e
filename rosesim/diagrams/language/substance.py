"""Substance: objects, and what is true of them."""

from __future__ import annotations

from rosesim.diagrams.errors import Place
from rosesim.diagrams.language.parser import parse
from rosesim.diagrams.language.statements import StatementActions, Written
from rosesim.diagrams.language.tokens import Token
from rosesim.diagrams.language.words import counted, fault, suggestion
from rosesim.diagrams.syntax import (
    LITERAL_TYPES,
    Argument,
    Binding,
    Domain,
    Label,
    Literal,
    Predicate,
    Signature,
    Substance,
)

MOST_TUPLES = 2_000_000
"""Tuples of indices that all index sets of a text may run through: some tenths of a second."""

MOST_WORDS = 300_000
"""Names and arguments that they may write out in all: about a second."""


def read_substance(text: str, file: str, domain: Domain) -> Substance:
    """Reads and checks a Substance text; `file` is its name in messages. Indexed statements are written out.

    Raises:
        DiagramError: the text is not Substance, or its first mistake: a name that is unknown or declared twice, other
            arguments than the Domain has, a binding to another type, an index set that makes no sense or is too large

    >>> from rosesim.diagrams.language import read_domain
    >>> domain = read_domain("type Shop\\nsymmetric predicate Near(Shop, Shop)", "shops.domain")
    >>> text = "Shop s_i for i in [1, 3]\\nNear(s_i, s_j) for i in [1, 3], j in [1, 3] where j == i + 1"
    >>> substance = read_substance(text, "shops.substance", domain)
    >>> list(substance.objects), [statement.args for statement in substance.statements]
    (['s_1', 's_2', 's_3'], [('s_1', 's_2'), ('s_2', 's_3')])
    """
    check = _Check(domain)
    for statement in parse("substance", StatementActions, text, file):
        check.add(statement)
    return check.finished()


class _Check:
    def __init__(self, domain: Domain):
        self.domain = domain
        self.substance = Substance()
        self.literals: dict[Literal, None] = {}
        self.labels: dict[str, Label] = {}
        """By name, since all were labelled at once."""
        self.all_labelled = False
        self.tuples = 0
        self.words = 0

    def add(self, statement: Written) -> None:
        """Checks a statement and takes what it says, for each tuple of its indices."""
        if statement.indices is not None:
            self.tuples += statement.indices.count()
            if self.tuples > MOST_TUPLES:
                count = f"{self.tuples:,}" if self.tuples < 1e12 else "more than a trillion"
                raise fault(
                    "BadSetIndexRangeError",
                    statement.indices.ranges[0].index.place,
                    f"index sets up to here run through {count} tuples; at most {MOST_TUPLES:,} are written out in "
                    "all: take smaller ranges",
                )
        for names, args in statement.words():
            if statement.indices is not None:
                self.words += len(names) + len(args)
                if self.words > MOST_WORDS:
                    raise fault(
                        "BadSetIndexRangeError",
                        statement.place,
                        f"index sets up to here write out more than {MOST_WORDS:,} names; take smaller ranges",
                    )
            self.add_words(statement, names, args)

    def add_words(self, statement: Written, names: tuple[str, ...], args: tuple[Argument, ...]) -> None:
        if statement.type is not None:
            if statement.type is statement.call:
                self.callee(statement.type)  # `Let`: the better sentence where there is neither
            for name, token in zip(names, statement.names, strict=True):
                self.declare(statement.type, name, token.place)
        else:
            for name, token in zip(names, statement.names, strict=True):
                self.require_object(name, token.place)
        match statement.kind:
            case "bind":
                self.bind(statement, names[-1], args)
            case "predicate":
                self.state(statement, args)
            case "label" | "auto label":
                for name in names:
                    self.labels[name] = statement.label or Label(name, "math")
            case "label all":
                self.all_labelled = True
                self.labels.clear()
            case _:  # "declare"
                pass

    def declare(self, type_: Token, name: str, place: Place) -> None:
        if type_.text in LITERAL_TYPES:
            raise fault(
                "DeclLiteralError",
                type_.place,
                f"{name} is declared with type {type_.text}, whose objects are literals and have no names; write the "
                "literal itself where it is used",
            )
        if type_.text not in self.domain.types:
            hint = suggestion(type_.text, self.domain.types, f"declare it there by `type {type_.text}`")
            raise fault("TypeNotFound", type_.place, f"type {type_.text} is not declared in the Domain; {hint}")
        if name in self.substance.objects:
            first = self.substance.places[name].line
            raise fault(
                "DuplicateName",
                place,
                f"object {name} is declared twice, first in line {first}; take one away or rename it",
            )
        self.substance.objects[name] = type_.text
        self.substance.places[name] = place

    def require_object(self, name: str, place: Place) -> str:
        """The type of an object."""
        try:
            return self.substance.objects[name]
        except KeyError:
            hint = suggestion(name, self.substance.objects, f"write its type and `{name}` in a line above")
            raise fault("VarNotFound", place, f"object {name} is not declared; {hint}") from None

    def bind(self, statement: Written, target: str, args: tuple[Argument, ...]) -> None:
        call, substance = statement.call, self.substance
        if call is None:
            found = self.argument_type(args[0], statement.args[0].place)
            what = f"{_shown(args[0])} has type {found}"
        else:
            signature = self.callee(call)
            self.require_arguments(signature, statement, args)
            found = signature.result
            what = f"{call.text}(...) makes a {found}"
        expected = substance.objects[target]
        if not self.domain.is_subtype(found, expected):
            raise fault(
                "TypeMismatch",
                statement.names[-1].place,
                f"{target} has type {expected}, but {what}; expected type {expected} or one below it",
            )
        name = call.text if call is not None else ""
        substance.statements.append(Binding(target, name, args, statement.place))

    def state(self, statement: Written, args: tuple[Argument, ...]) -> None:
        name = statement.call
        assert name is not None  # a predicate has one
        signature = self.domain.predicates.get(name.text)
        if signature is None:
            otherwise = f"declare it there by `predicate {name.text}(...)`"
            if name.text in self.domain.constructors or name.text in self.domain.functions:
                otherwise = "it makes an object, so write a name and `:=` before it"
            hint = suggestion(name.text, self.domain.predicates, otherwise)
            raise fault("TypeNotFound", name.place, f"predicate {name.text} is not declared in the Domain; {hint}")
        self.require_arguments(signature, statement, args)
        self.substance.statements.append(Predicate(name.text, args, statement.place))

    def callee(self, name: Token) -> Signature:
        domain = self.domain
        signature = domain.constructors.get(name.text) or domain.functions.get(name.text)
        if signature is None:
            otherwise = f"declare it there by `constructor {name.text}(...)`"
            if name.text in domain.predicates:
                otherwise = "it is a predicate there, so write it without `:=`"
            hint = suggestion(name.text, (*domain.constructors, *domain.functions), otherwise)
            raise fault(
                "TypeNotFound", name.place, f"{name.text} is no constructor or function of the Domain; {hint}"
            )
        return signature

    def require_arguments(self, signature: Signature, statement: Written, args: tuple[Argument, ...]) -> None:
        name = signature.name
        if len(args) != len(signature.args):
            expected = f"{len(signature.args)}: ({', '.join(signature.args)})" if signature.args else "none"
            assert statement.call is not None  # what has arguments is called
            raise fault(
                "ArgLengthMismatch",
                statement.call.place,
                f"{name} has {counted(len(args), 'argument')} here; expected {expected}",
            )
        for i, (arg, expected) in enumerate(zip(args, signature.args, strict=True)):
            place = statement.args[i].place
            found = self.argument_type(arg, place)
            if not self.domain.is_subtype(found, expected):
                raise fault(
                    "TypeMismatch",
                    place,
                    f"argument {i + 1} of {name} is {_shown(arg)}, of type {found}; expected type {expected}",
                )

    def argument_type(self, arg: Argument, place: Place) -> str:
        if isinstance(arg, Literal):
            self.literals.setdefault(arg)
            return arg.type
        return self.require_object(arg, place)

    def finished(self) -> Substance:
        substance, none = self.substance, Label()
        substance.literals = list(self.literals)
        substance.labels = {
            name: self.labels.get(name) or (Label(name, "math") if self.all_labelled else none)
            for name in substance.objects
        }
        return substance


def _shown(arg: Argument) -> str:
    if isinstance(arg, Literal):
        return f'"{arg.value}"' if isinstance(arg.value, str) else f"{arg.value:g}"
    return arg
