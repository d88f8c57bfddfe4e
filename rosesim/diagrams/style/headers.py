"""The static check of a header: its variables with their types, and whether its relations can match at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rosesim.diagrams.errors import Fault, Place
from rosesim.diagrams.style.hints import did_you_mean
from rosesim.diagrams.style.table import key
from rosesim.diagrams.syntax import (
    LITERAL_TYPES,
    BindingRelation,
    Collector,
    Declaration,
    Domain,
    FieldRelation,
    Literal,
    PredicateRelation,
    Relation,
    Selector,
    SelectorArgument,
    Signature,
)


@dataclass(slots=True)
class CheckedHeader:
    """A header that may match: the type of each variable, and the variables in the order in which free ones join."""

    types: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    repeatable: bool = False


def checked(header: Selector | Collector, domain: Domain) -> tuple[CheckedHeader, list[Fault]]:
    """The header's variables and relations, and all that is wrong with them.

    Faults: TypeNotFound, SelectorVarMultipleDecl, SelectorFieldNotSupported, SelectorAliasNamingError, VarNotFound,
    TypeMismatch, ArgLengthMismatch.
    """
    if isinstance(header, Selector):
        declared = (*header.declarations, *header.with_)
        order = declared
    else:
        declared = (header.declaration, *header.with_, *header.foreach)
        order = (*header.with_, header.declaration, *header.foreach)
    check = _Check(domain)
    for d in declared:
        check.declare(d)
    if isinstance(header, Collector):
        into = key(header.into.name, header.into.quoted)
        if into in check.types:
            check.fault("SelectorVarMultipleDecl", f"variable {into} is declared twice in this header", header.place)
    for relation in header.where:
        check.relate(relation)
    names = tuple(key(d.variable.name, d.variable.quoted) for d in order)
    return CheckedHeader(check.types, names, header.where, header.repeatable), check.faults


class _Check:
    def __init__(self, domain: Domain):
        self.domain = domain
        self.types: dict[str, str] = {}
        self.aliases: set[str] = set()
        self.faults: list[Fault] = []

    def fault(self, kind: str, sentence: str, place: Place) -> None:
        self.faults.append(Fault(kind, sentence, place))

    def declare(self, declaration: Declaration) -> None:
        name, type_ = key(declaration.variable.name, declaration.variable.quoted), declaration.type
        if type_ not in self.domain.types and type_ not in LITERAL_TYPES:
            hint = did_you_mean(type_, [*self.domain.types, *LITERAL_TYPES])
            self.fault("TypeNotFound", f"type {type_} is not declared{hint or ' in the domain'}", declaration.place)
        elif name in self.types:
            self.fault(
                "SelectorVarMultipleDecl", f"variable {name} is declared twice in this header", declaration.place
            )
            return
        self.types.setdefault(name, type_)

    def relate(self, relation: Relation) -> None:
        match relation:
            case PredicateRelation():
                signature = self.signature("predicate", relation.name, [self.domain.predicates], relation.place)
                if signature:
                    self.arguments(relation.name, relation.args, signature, relation.place)
                if relation.alias:
                    self.alias(relation.alias, relation.place)
            case BindingRelation():
                self.bind(relation)
            case FieldRelation():
                self.type_of(relation.variable, relation.place)
                if relation.field != "label":
                    sentence = f"a selector can only ask for a label; found `has {relation.field}`"
                    self.fault("SelectorFieldNotSupported", sentence, relation.place)

    def alias(self, alias: str, place: Place) -> None:
        domain = self.domain
        taken = {
            "a variable": self.types, "an alias": self.aliases, "a type": {*domain.types, *LITERAL_TYPES},
            "a predicate": domain.predicates, "a function": domain.functions, "a constructor": domain.constructors,
        }  # fmt: skip
        for what, names in taken.items():
            if alias in names:
                sentence = f"alias {alias} is the name of {what} already; expected a new name after `as`"
                self.fault("SelectorAliasNamingError", sentence, place)
                return
        self.aliases.add(alias)

    def bind(self, relation: BindingRelation) -> None:
        domain = self.domain
        target = self.type_of(relation.target, relation.place)
        if relation.call:
            tables = [domain.constructors, domain.functions]
            signature = self.signature("function or constructor", relation.call, tables, relation.place)
            if signature is None:
                return
            self.arguments(relation.call, relation.args, signature, relation.place)
            result = signature.result
        else:
            result = self.type_of(relation.args[0], relation.place)
        if target and result and not domain.is_subtype(result, target):
            name = key(relation.target.name, relation.target.quoted)
            sentence = f"{name} is {_a(target)}, but the right side is {_a(result)}; expected {_a(target)} there"
            self.fault("TypeMismatch", sentence, relation.place)

    def signature(
        self, what: str, name: str, tables: Sequence[dict[str, Signature]], place: Place
    ) -> Signature | None:
        for table in tables:
            if name in table:
                return table[name]
        hint = did_you_mean(name, [n for table in tables for n in table])
        self.fault("VarNotFound", f"{what} {name} is not declared{hint or ' in the domain'}", place)
        return None

    def arguments(self, name: str, args: Sequence[SelectorArgument], signature: Signature, place: Place) -> None:
        if len(args) != len(signature.args):
            expected = f"{len(signature.args)} argument{'s' * (len(signature.args) != 1)}"
            self.fault("ArgLengthMismatch", f"{name} takes {expected}; found {len(args)}", place)
            return
        for i, (arg, expected) in enumerate(zip(args, signature.args, strict=True), 1):
            found = self.type_of(arg, place, expected)
            if found and not self.domain.is_subtype(found, expected):
                sentence = f"argument {i} of {name} is {_a(found)}; expected {_a(expected)}"
                self.fault("TypeMismatch", sentence, place)

    def type_of(self, arg: SelectorArgument, place: Place, expected: str = "") -> str:
        """The argument's type, or "" for one that is unknown. A literal type declares its variable by itself."""
        if isinstance(arg, Literal):
            return arg.type
        name = key(arg.name, arg.quoted)
        if name in self.types:
            return self.types[name] if self.types[name] in self.domain.supertypes else ""
        if expected in LITERAL_TYPES and not arg.quoted:
            self.types[name] = expected
            return expected
        hint = did_you_mean(name, self.types) or "; expected a variable of `forall` or `with`"
        self.fault(
            "VarNotFound",
            f"variable {name} is not declared in this header{hint}",
            arg.place if arg.place.line else place,
        )
        return ""


def _a(type_: str) -> str:
    return f"{'an' if type_[:1] in 'AEIOaeio' else 'a'} {type_}"
