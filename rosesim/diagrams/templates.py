"""Terms by template: what a term computes without saying of which inputs, so that equal ones are compiled once.

A diagram calls each of its few functions on many shapes. A *template* is the graph of one term over *leaves*: the
inputs and constants that it reads, by number. A term is then a template and a *row* of leaves. Constants are leaves
too, but for 0, 1 and -1, which fold: two circles that differ in their radius share a template.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rosesim.diagrams import library
from rosesim.diagrams.problem import Term
from rosesim.diagrams.scalars import Number, Scalar, evaluated, graph, postorder
from rosesim.diagrams.values import Clip, Color, List, Pair, Path, Paths, Rows, Shape, Shapes, Value, Vector

BAKED = (0.0, 1.0, -1.0)
"""Constants that stay in the template."""

GEOMETRY = frozenset(
    "center width height r rx ry start end points scale rotation strokeWidth d shapes clipPath ascent descent".split()
)
"""The properties of shapes that terms read."""

Leaf = int | float
"""An input's index (int), or a constant (float)."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a kind of term computes. Two templates are one where their `key`s are equal."""

    name: str
    """The library item, for people."""
    key: str
    root: Number
    """Over `Scalar`s "input" whose index is the number of a leaf."""
    leaves: int


KNOWN = Template("known", "known", Scalar("input", index=0), 1)
"""What a term that reads no input computes: its only leaf. All such terms share it; none is compiled."""


@dataclass(frozen=True, slots=True)
class Row:
    """A term: its template, and which inputs and constants it reads."""

    template: Template
    leaves: tuple[Leaf, ...]


@dataclass(slots=True)
class Templates:
    """The templates of a diagram, found one term at a time."""

    by_signature: dict[str, tuple[Template, tuple[int, ...]]] = field(default_factory=dict)
    """By what the arguments look like: the template, and which of the arguments' leaves it reads."""
    by_key: dict[str, Template] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    """By their sentences, the kinds of warnings of the library."""
    looked: bool = False
    """Whether a template depends on where an input starts."""

    def row(self, term: Term, verb: str, item: library.Item, x0: Sequence[float]) -> Row:
        """The row of a term: item `term.name` of the objectives or the constraints, as `verb` says.

        `x0` is the start, by which polygons are cut into convex parts. Raises `library.CallError`.
        """
        reading = _Reading()
        for value in term.args:
            reading.value(value)
        signature = f"{verb}:{item.name}\0{''.join(reading.marks)}"
        found = None if reading.cut else self.by_signature.get(signature)
        if found is None:
            try:
                found = self._made(term, item, reading, x0)
            except library.CallError:  # it wants a known number: all constants stay in the template
                reading = _Reading(bake_all=True)
                for value in term.args:
                    reading.value(value)
                found = self._made(term, item, reading, x0)
            else:
                if not reading.cut:
                    self.by_signature[signature] = found
        template, used = found
        leaves = tuple(reading.leaves[k] for k in used)
        if not any(isinstance(leaf, int) for leaf in leaves):
            (value,) = evaluated([template.root], [float(leaf) for leaf in leaves])
            return Row(KNOWN, (value,))
        return Row(template, leaves)

    def _warn(self, kind: str, sentence: str) -> None:
        self.warnings[sentence] = kind

    def _made(
        self, term: Term, item: library.Item, reading: _Reading, x0: Sequence[float]
    ) -> tuple[Template, tuple[int, ...]]:
        stands = [Scalar("input", index=k) for k in range(len(reading.leaves))]
        numbers = iter(reading.numbers)
        at = [x0[leaf] if isinstance(leaf, int) else leaf for leaf in reading.leaves]
        made: dict[_At, Number] = {}
        shapes: dict[int, Shape] = {}

        def look(found: Sequence[Number]) -> None:
            self.looked |= any(n.op == "input" and isinstance(reading.leaves[n.index], int) for n in graph(found))

        def stand(_: Number) -> Number:
            form = next(numbers)
            return _rebuilt(form, reading, stands, made) if isinstance(form, _At) else form

        args = tuple(mapped(v, stand, shapes) for v in term.args)
        with library.at_start(at, self._warn, look):
            root = item.apply(args)
        if isinstance(root, bool) or not isinstance(root, int | float | Scalar):
            raise library.CallError("FunctionInternalError", f"{item.name} gave no number")
        nodes = postorder(root)
        used = tuple(n.index for n in nodes if n.op == "input")
        renumbered = {k: Scalar("input", index=j) for j, k in enumerate(used)}
        root = _moved(nodes, root, renumbered)
        key = _key(root, len(used))
        return self.by_key.setdefault(key, Template(item.name, key, root, max(1, len(used)))), used


class _At(int):
    """A position in `_Reading.forms`. (An integer with another name in signatures: diagrams have 100,000 of them.)"""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"%{int(self)}"


_Operand = float | bool | _At


@dataclass(slots=True)
class _Reading:
    """What the arguments of a term look like (`marks`), and the leaves that they read."""

    bake_all: bool = False
    marks: list[str] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    numbers: list[_Operand] = field(default_factory=list)
    """For each number of the arguments in turn: itself if it stays, otherwise its position in `forms`."""
    forms: list[int | tuple[str, tuple[_Operand, ...]]] = field(default_factory=list)
    """A leaf by its number, or an operator and its operands: earlier forms, or what stays."""
    cut: bool = False
    """Whether a polygon is among them, whose cutting depends on the start."""
    _known: dict[int, _At] = field(default_factory=dict)
    _shapes: set[int] = field(default_factory=set)

    def value(self, v: Value) -> None:
        """Read one argument."""
        match v:
            case bool() | str():
                self.marks.append(f"{v!r};")
            case float() | int() | Scalar():
                self.number(v)
            case Vector(items) | List(items) | Pair(items):
                self._row(type(v).__name__, items)
            case Rows(rows, kind):
                self.marks.append(f"{kind}{len(rows)}[")
                for row in rows:
                    self._row("", row)
            case Color():
                self.marks.append("color;")
            case Path(commands):
                self.marks.append(f"path{len(commands)}[")
                for letter, items in commands:
                    self._row(letter, items)
            case Paths(items):
                self.marks.append(f"paths{len(items)}[")
                for path in items:
                    self.value(path)
            case Shapes(items):
                self.marks.append(f"shapes{len(items)}[")
                for shape in items:
                    self.value(shape)
            case Clip(shape):
                self.marks.append("clip;")
                if shape is not None:
                    self.value(shape)
            case Shape():
                self._shape(v)

    def _shape(self, shape: Shape) -> None:
        if id(shape) in self._shapes:
            self.marks.append("again;")
            return
        self._shapes.add(id(shape))
        self.marks.append(f"{shape.kind}{{")
        if shape.kind in ("Polygon", "Polyline"):
            self.cut = True
        for name, v in shape.properties.items():
            if name in GEOMETRY:
                self.marks.append(f"{name}=")
                self.value(v)

    def _row(self, kind: str, items: Sequence[Number]) -> None:
        self.marks.append(f"{kind}{len(items)}(")
        for item in items:
            self.number(item)

    def number(self, v: Number) -> None:
        """Read one number."""
        if isinstance(v, Scalar):
            where = self._known.get(v.number)
            if where is None:
                where = self._leaf(v.number, v.index) if v.op == "input" else self._graph(v)
            self.numbers.append(where)
            self.marks.append(f"{where!r},")
            return
        form = self._constant(float(v))
        self.numbers.append(form)
        self.marks.append(f"{form!r},")

    def _constant(self, v: float) -> float | _At:
        """The number itself if it stays, otherwise a new leaf's form."""
        if self.bake_all or v in BAKED or v - v != 0.0:
            return v
        return self._new_leaf(v)

    def _leaf(self, number: int, index: int) -> _At:
        self._known[number] = at = self._new_leaf(index)
        return at

    def _new_leaf(self, leaf: Leaf) -> _At:
        self.leaves.append(leaf)
        return self._form(len(self.leaves) - 1)

    def _form(self, form: int | tuple[str, tuple[_Operand, ...]]) -> _At:
        self.forms.append(form)
        return _At(len(self.forms) - 1)

    def _graph(self, root: Scalar) -> _At:
        """Read a graph, operands first from left to right (as `postorder`, but past what is known)."""
        known, open_ = self._known, [root]
        while open_:
            node = open_[-1]
            if node.number in known:
                open_.pop()
            elif node.op == "input":
                self._leaf(open_.pop().number, node.index)
            elif missing := [a for a in node.args if isinstance(a, Scalar) and a.number not in known]:
                open_ += reversed(missing)
            else:
                operands = tuple([known[a.number] if isinstance(a, Scalar) else self._operand(a) for a in node.args])
                known[open_.pop().number] = self._form((node.op, operands))
                self.marks.append(f"<{node.op} {operands!r}>")
        return known[root.number]

    def _operand(self, a: float | bool) -> _Operand:
        return a if isinstance(a, bool) else self._constant(float(a))


def _rebuilt(at: _At, reading: _Reading, stands: Sequence[Scalar], made: dict[_At, Number]) -> Number:
    """The number at a position of the forms, over the leaves' stand-ins."""
    open_ = [at]
    while open_:
        form = reading.forms[open_[-1]]
        if open_[-1] in made:
            open_.pop()
            continue
        if isinstance(form, int):
            made[open_.pop()] = stands[form]
            continue
        op, operands = form
        missing = [a for a in operands if isinstance(a, _At) and a not in made]
        if missing:
            open_ += missing
        else:
            made[open_.pop()] = Scalar(op, tuple(made[a] if isinstance(a, _At) else a for a in operands))
    return made[at]


def mapped(v: Value, f: Callable[[Number], Number], shapes: dict[int, Shape]) -> Value:
    """A value with f of each number that terms read, in the order of `_Reading`. `shapes` are those made before, by
    the ids of what they were made of."""
    match v:
        case bool() | str() | Color():
            return v
        case float() | int() | Scalar():
            return f(v)
        case Vector(items):
            return Vector(tuple(f(a) for a in items))
        case List(items):
            return List(tuple(f(a) for a in items))
        case Pair((a, b)):
            return Pair((f(a), f(b)))
        case Rows(rows, kind):
            return Rows(tuple(tuple(f(a) for a in row) for row in rows), kind)
        case Path(commands):
            return Path(tuple((letter, tuple(f(a) for a in items)) for letter, items in commands))
        case Paths(items):
            return Paths(tuple(Path(tuple((c, tuple(f(a) for a in n)) for c, n in p.commands)) for p in items))
        case Shapes(items):
            return Shapes([_mapped_shape(s, f, shapes) for s in items])
        case Clip(shape):
            return Clip(None if shape is None else _mapped_shape(shape, f, shapes))
        case Shape():
            return _mapped_shape(v, f, shapes)


def _mapped_shape(shape: Shape, f: Callable[[Number], Number], shapes: dict[int, Shape]) -> Shape:
    if id(shape) not in shapes:
        shapes[id(shape)] = made = Shape(shape.kind, shape.name, dict(shape.properties))
        for name, v in shape.properties.items():
            if name in GEOMETRY:
                made.properties[name] = mapped(v, f, shapes)
    return shapes[id(shape)]


def _moved(nodes: Sequence[Scalar], root: Number, leaves: dict[int, Scalar]) -> Number:
    """A graph with other inputs, and with one node for those that compute the same."""
    made: dict[int, Scalar] = {}
    known: dict[tuple[str, ...], Scalar] = {}
    for n in nodes:
        if n.op == "input":
            made[n.number] = leaves[n.index]
            continue
        args = tuple(made[a.number] if isinstance(a, Scalar) else a for a in n.args)
        same = (n.op, *(f"%{a.number}" if isinstance(a, Scalar) else repr(a) for a in args))
        made[n.number] = known.setdefault(same, Scalar(n.op, args))
    return made[root.number] if isinstance(root, Scalar) else root


def _key(root: Number, leaves: int) -> str:
    """A digest of what a graph computes."""
    places: dict[int, int] = {}
    lines = [f"{leaves} leaves"]
    for n in postorder(root):
        places[n.number] = len(places)
        operands = " ".join(f"%{places[a.number]}" if isinstance(a, Scalar) else repr(a) for a in n.args)
        lines.append(f"{n.op} {operands} {n.index}")
    lines.append(f"%{places[root.number]}" if isinstance(root, Scalar) else repr(root))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
