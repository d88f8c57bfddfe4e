"""The dependency graph of the table, and the topological order of its nodes.

The order of insertion and the rule of the topological order decide which random draw goes where, and the order of
terms, so they are exactly Penrose's.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams.style.mentions import Mention, Mentions
from rosesim.diagrams.style.table import Collection, Context, Field, Scope, Table, resolve
from rosesim.diagrams.syntax import CollectionAccess, Constant

Edges = list[list[int]]
"""For each node, the nodes that it comes after, in the order in which the edges were added."""


class Graph:
    """All fields but constants, and all written properties, as nodes, in order of insertion.

    `after[n]` are the numbers of the nodes that node n reads.
    """

    def __init__(self, table: Table, mentions: Mentions):
        self.nodes: list[Field] = []
        self.after: Edges = []
        self._mentions = mentions
        for scope in table.scopes:
            for field in scope.fields.values():
                self._insert(field)

    def _insert(self, field: Field) -> None:
        if is_known(field):
            return
        number = self._number(field)
        if field.properties is None:
            self._read(number, field)
            return
        for written in field.properties.values():
            reader = self._number(written)
            self.after[number].append(reader)
            self._read(reader, written)

    def _number(self, field: Field) -> int:
        if field.number < 0:
            field.number = len(self.nodes)
            self.nodes.append(field)
            self.after.append([])
        return field.number

    def _read(self, reader: int, field: Field) -> None:
        after = self.after[reader]
        for mention in self._mentions.of(field.content):
            for read in fields_of(mention, field.context):
                if not is_known(read):
                    after.append(self._number(read))


def is_known(field: Field) -> bool:
    """Whether it is a field that is a constant. It has its value already; as a node it would move no other."""
    return field.owner is None and type(field.content) is Constant


def fields_of(mention: Mention, context: Context) -> list[Field]:
    """The fields that a mention reads, as far as they exist. A property that is not written is no field."""
    if isinstance(mention, CollectionAccess):
        where = resolve(mention.path, context)
        if mention.op != "listof" or not isinstance(where.base, Collection):
            return []
        found = [member.fields.get(mention.field) for member in where.base.members]
        return [f for f in found if f is not None]
    where = resolve(mention, context)
    if not where.field or not isinstance(where.base, Scope):
        return []
    field = where.base.fields.get(where.field)
    if field is None:
        return []
    if where.property:
        written = field.properties.get(where.property) if field.properties is not None else None
        return [written] if written is not None else []
    return [field]


def topological(after: Edges) -> list[int] | None:
    """The nodes' numbers, each after all that `after` names for it; None if there is a cycle.

    Nodes that nobody reads go on a stack in order; the last is taken, and puts there what it alone was still
    keeping back. The result is the reverse of the order of taking.

    >>> topological([[1], [], [1]])
    [1, 0, 2]
    """
    readers = [0] * len(after)
    for edges in after:
        for n in edges:
            readers[n] += 1
    stack = [n for n, count in enumerate(readers) if not count]
    order: list[int] = []
    while stack:
        node = stack.pop()
        order.append(node)
        for n in after[node]:
            if readers[n] == 1:
                stack.append(n)
            readers[n] -= 1
    return order[::-1] if len(order) == len(after) else None


def cycle(after: Edges) -> list[int]:
    """The nodes of one cycle, in order of reading.

    >>> cycle([[1], [2], [1], []])
    [1, 2]
    """
    left = _in_cycles(after)
    node = min(left)
    path: dict[int, None] = {}
    while node not in path:
        path[node] = None
        node = next(n for n in after[node] if n in left)
    nodes = list(path)
    return nodes[nodes.index(node) :]


def _in_cycles(after: Edges) -> set[int]:
    """The nodes that read a cycle: all that remain when nodes whose reads are done are taken away."""
    waiting = [len(edges) for edges in after]
    reads: Edges = [[] for _ in after]
    for node, edges in enumerate(after):
        for n in edges:
            reads[n].append(node)
    ready = [n for n, count in enumerate(waiting) if not count]
    left: set[int] = set(range(len(after)))
    while ready:
        node = ready.pop()
        left.discard(node)
        for n in reads[node]:
            waiting[n] -= 1
            if not waiting[n]:
                ready.append(n)
    return left


def described_cycle(nodes: Sequence[Field]) -> str:
    """The paths of a cycle, at most six."""
    paths = [n.path for n in nodes]
    shown = paths if len(paths) <= 6 else [*paths[:5], f"{len(paths) - 5} more"]
    return " -> ".join((*shown, paths[0]))
