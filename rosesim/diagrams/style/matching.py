"""Which objects of Substance a header matches: in the order of nested loops, at a cost of about the results.

A row is a partial match: the objects of a list's variables, and the statement that it uses. Lists join on their
shared variables by hashing, connected lists first; sorting by the row numbers restores the order of the loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.diagrams.style.headers import CheckedHeader
from rosesim.diagrams.style.table import key
from rosesim.diagrams.syntax import (
    LITERAL_TYPES,
    Argument,
    Binding,
    BindingRelation,
    Domain,
    FieldRelation,
    Literal,
    Predicate,
    PredicateRelation,
    Relation,
    SelectorArgument,
    Substance,
)

Match = dict[str, Argument]
"""Selector variables, aliases too, to objects, alias objects and literals."""

Row = tuple[Argument, ...]

NO_STATEMENT = -1


@dataclass(slots=True)
class Rows:
    """The partial matches of one relation, or of one variable that no relation mentions (`is_free`)."""

    variables: tuple[str, ...]
    rows: list[Row]
    used: list[int]
    is_free: bool = False

    def kept(self, numbers: list[int]) -> Rows:
        """Only these rows."""
        return Rows(self.variables, [self.rows[i] for i in numbers], [self.used[i] for i in numbers], self.is_free)


class Matcher:
    """Finds matches of checked headers in one Substance text."""

    def __init__(self, domain: Domain, substance: Substance):
        self.domain = domain
        self.substance = substance
        self._predicates: dict[str, list[tuple[int, Predicate]]] = {}
        self._bindings: dict[str, list[tuple[int, Binding]]] = {}
        for i, statement in enumerate(substance.statements):
            if isinstance(statement, Predicate):
                self._predicates.setdefault(statement.name, []).append((i, statement))
            else:
                self._bindings.setdefault(statement.call, []).append((i, statement))

    def matches(self, header: CheckedHeader) -> list[Match]:
        """All matches in order."""
        lists = [self._related(r, header.types) for r in header.relations]
        mentioned = {v for rows in lists for v in rows.variables}
        for name in header.order:
            if name not in mentioned:
                objects = [(o,) for o in self._objects(name, header.types[name])]
                lists.append(Rows((name,), objects, [NO_STATEMENT] * len(objects), True))
        return joined(lists, header.repeatable)

    def _objects(self, variable: str, type_: str) -> list[Argument]:
        if type_ in LITERAL_TYPES:
            return [o for o in self.substance.literals if self._fits(variable, type_, o)]
        return [o for o in self.substance.objects if self._fits(variable, type_, o)]

    def _fits(self, variable: str, type_: str, object_: Argument) -> bool:
        if isinstance(object_, Literal):
            return self.domain.is_subtype(object_.type, type_)
        if variable.startswith("`") and variable != f"`{object_}`":
            return False
        return self.domain.is_subtype(self.substance.objects[object_], type_)

    def _related(self, relation: Relation, types: dict[str, str]) -> Rows:
        match relation:
            case PredicateRelation():
                return self._predicate(relation, types)
            case BindingRelation():
                return self._binding(relation, types)
            case FieldRelation():
                name = key(relation.variable.name, relation.variable.quoted)
                found: list[Row] = [
                    (o,)
                    for o in self._objects(name, types[name])
                    if isinstance(o, str)
                    and (label := self.substance.labels[o]).text
                    and relation.kind in ("", label.kind)
                ]
                return Rows((name,), found, [NO_STATEMENT] * len(found))

    def _predicate(self, relation: PredicateRelation, types: dict[str, str]) -> Rows:
        variables, slots = _slots(relation.args)
        symmetric = self.domain.predicates[relation.name].symmetric
        result = Rows((*variables, relation.alias) if relation.alias else variables, [], [])
        for i, statement in self._predicates.get(relation.name, ()):
            alias = (alias_name(statement),) if relation.alias else ()
            for args in (statement.args, statement.args[::-1]) if symmetric else (statement.args,):
                row = self._row(relation.args, slots, args, types)
                if row is not None:
                    result.rows.append((*row, *alias))
                    result.used.append(i)
        return result

    def _binding(self, relation: BindingRelation, types: dict[str, str]) -> Rows:
        pattern = (relation.target, *relation.args)
        variables, slots = _slots(pattern)
        result = Rows(variables, [], [])
        for i, statement in self._bindings.get(relation.call, ()):
            row = self._row(pattern, slots, (statement.target, *statement.args), types)
            if row is not None:
                result.rows.append(row)
                result.used.append(i)
        return result

    def _row(
        self, pattern: Sequence[SelectorArgument], slots: list[int], args: Sequence[Argument], types: dict[str, str]
    ) -> Row | None:
        """The objects of the pattern's variables; None where an argument does not fit."""
        if len(pattern) != len(args):
            return None
        row: list[Argument] = []
        for wanted, slot, arg in zip(pattern, slots, args, strict=True):
            if isinstance(wanted, Literal):
                if wanted != arg:
                    return None
            elif slot < len(row):
                if row[slot] != arg:
                    return None
            else:
                name = key(wanted.name, wanted.quoted)
                if not self._fits(name, types[name], arg):
                    return None
                row.append(arg)
        return tuple(row)


def alias_name(statement: Predicate) -> str:
    """The alias object of a statement.

    >>> alias_name(Predicate("Rated", ("a", Literal(3.0), "b")))
    'Rated_a_b'
    """
    return "_".join((statement.name, *(a for a in statement.args if isinstance(a, str))))


def _slots(pattern: Sequence[SelectorArgument]) -> tuple[tuple[str, ...], list[int]]:
    """The pattern's variables, each once, and for each argument the number of its variable (-1: a literal)."""
    found: dict[str, int] = {}
    slots: list[int] = []
    for arg in pattern:
        if isinstance(arg, Literal):
            slots.append(-1)
        else:
            slots.append(found.setdefault(key(arg.name, arg.quoted), len(found)))
    return tuple(found), slots


def joined(lists: list[Rows], repeatable: bool) -> list[Match]:
    """The join of all lists without duplicates; of two results with the same statements and objects, the first."""
    if not repeatable:
        # A match of distinct objects never has the objects of one with repetitions, so those can go before step 4.
        lists = [rows.kept([i for i, row in enumerate(rows.rows) if len(set(row)) == len(row)]) for rows in lists]
    lists = _consistent(lists)
    if not lists or not all(rows.rows for rows in lists):
        return []
    order = _join_order(lists)
    variables: tuple[str, ...] = ()
    partial: list[tuple[Row, tuple[int, ...]]] = [((), ())]
    for position, number in enumerate(order):
        rows = lists[number]
        twin = _twin(lists, order[:position], number)
        partial = _extended(partial, variables, rows, repeatable, twin)
        variables = (*variables, *(v for v in rows.variables if v not in variables))
    if order != sorted(order):
        places = sorted(range(len(order)), key=order.__getitem__)
        partial.sort(key=lambda result: [result[1][p] for p in places])
    seen: set[tuple[frozenset[int], frozenset[Argument]]] = set()
    matches: list[Match] = []
    for objects, numbers in partial:
        used = frozenset(lists[n].used[i] for n, i in zip(order, numbers, strict=True))
        identity = (used - {NO_STATEMENT}, frozenset(objects))
        if identity not in seen:
            seen.add(identity)
            matches.append(dict(zip(variables, objects, strict=True)))
    return matches


def _consistent(lists: list[Rows]) -> list[Rows]:
    """Without the rows that have an object for a variable that another list of this variable has not."""
    lists = list(lists)
    changed = True
    while changed:
        changed = False
        allowed: dict[str, set[Argument]] = {}
        for rows in lists:
            for column, name in enumerate(rows.variables):
                objects = {row[column] for row in rows.rows}
                allowed[name] = allowed[name] & objects if name in allowed else objects
        for number, rows in enumerate(lists):
            if rows.is_free:
                continue
            sets = [allowed[name] for name in rows.variables]
            keep = [i for i, row in enumerate(rows.rows) if all(map(set.__contains__, sets, row))]
            if len(keep) < len(rows.rows):
                lists[number] = rows.kept(keep)
                changed = True
    return lists


def _join_order(lists: list[Rows]) -> list[int]:
    """The lists' numbers, so that each shares a variable with those before, where that is possible."""
    order: list[int] = []
    bound: set[str] = set()
    rest = list(range(len(lists)))
    while rest:
        connected = [n for n in rest if not bound.isdisjoint(lists[n].variables)]
        # Without a connection the first in the text comes next, but free variables last: they multiply all results.
        chosen = connected[0] if connected else min(rest, key=lambda n: (lists[n].is_free, n))
        rest.remove(chosen)
        order.append(chosen)
        bound.update(lists[chosen].variables)
    return order


def _twin(lists: list[Rows], before: list[int], number: int) -> int:
    """Where in the order the last free variable with the same objects stands, or -1.

    Swapping the objects of two such variables gives a duplicate, of which the one with rising row numbers is the
    first in the order of loops. So only those are made.
    """
    if lists[number].is_free:
        for position in range(len(before) - 1, -1, -1):
            other = lists[before[position]]
            if other.is_free and other.rows == lists[number].rows:
                return position
    return -1


def _extended(
    partial: list[tuple[Row, tuple[int, ...]]], variables: tuple[str, ...], rows: Rows, repeatable: bool, twin: int
) -> list[tuple[Row, tuple[int, ...]]]:
    """All results joined with all rows that agree with them, in order."""
    shared = [(variables.index(v), c) for c, v in enumerate(rows.variables) if v in variables]
    new = [c for c, v in enumerate(rows.variables) if v not in variables]
    buckets: dict[Row, list[tuple[Row, int]]] = {}
    for i, row in enumerate(rows.rows):
        added = tuple(row[c] for c in new)
        buckets.setdefault(tuple(row[c] for _, c in shared), []).append((added, i))
    result: list[tuple[Row, tuple[int, ...]]] = []
    places = [p for p, _ in shared]
    for objects, numbers in partial:
        bucket = buckets.get(tuple(objects[p] for p in places), ())
        if twin >= 0:
            bucket = bucket[numbers[twin] + (not repeatable) :]
        for added, i in bucket:
            if repeatable or not any(o in objects for o in added):
                result.append((objects + added, (*numbers, i)))
    return result


def grouped(matches: list[Match], collected: str, foreach: Sequence[str]) -> list[tuple[Match, list[Argument]]]:
    """A collector's groups in order of first appearance: the objects of `foreach`, and those collected.

    >>> grouped([{"x": "a", "u": "p"}, {"x": "b", "u": "q"}, {"x": "c", "u": "p"}], "x", ["u"])
    [({'u': 'p'}, ['a', 'c']), ({'u': 'q'}, ['b'])]
    """
    groups: dict[Row, list[Argument]] = {}
    for found in matches:
        groups.setdefault(tuple(found[v] for v in foreach), []).append(found[collected])
    return [(dict(zip(foreach, objects, strict=True)), members) for objects, members in groups.items()]
