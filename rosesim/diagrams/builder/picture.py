"""A diagram that was laid out: it shows itself, and says where everything is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast, overload

from rosesim.diagrams.builder.mistakes import hint, mistake, unknown
from rosesim.diagrams.builder.names import property_of, spellings
from rosesim.diagrams.kinds import described
from rosesim.diagrams.layout import Broken, Diagram, Layout, Watch, continued
from rosesim.diagrams.picture import png, shown, sized, svg
from rosesim.diagrams.problem import Problem, Term
from rosesim.diagrams.scalars import Scalar, evaluated, graph
from rosesim.diagrams.starts import best_of, seeds
from rosesim.diagrams.templates import GEOMETRY
from rosesim.diagrams.values import List, Pair, Rows, Shape, Shapes, Value, Vector


class Found:
    """A shape of a picture. Its properties are attributes: floats, tuples of floats, strings."""

    def __init__(self, shape: Shape):
        self._shape = shape

    def __repr__(self) -> str:
        return f"<{self._shape.name} of a picture>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _plain(self._shape.properties[property_of(self._shape.kind, name)])

    def __dir__(self) -> list[str]:
        return list(spellings(self._shape.kind))


class Picture:
    """A diagram as the layout left it. A notebook shows it.

    `picture[shape].center` and `picture[expression]` say where things are, `picture[term]` how well a term holds.

    >>> from rosesim.diagrams.builder.canvas import Canvas
    >>> d = Canvas(100, 100)
    >>> a = d.circle(r=20, center=(10, d.free(0, 30)), fill="red")
    >>> picture = d.layout()
    >>> picture[a].r, picture[a].center[0], picture[2 * a.r], picture["circle1"].fill
    (20.0, 10.0, 40.0, Color(space='rgba', channels=(1.0, 0.0, 0.0, 1.0)))
    >>> 0 <= picture[a.center.y] < 30
    True
    """

    def __init__(self, diagram: Diagram, layout: Layout, seed: str):
        self.diagram = diagram
        """What was laid out."""
        self.result = layout
        """The solver's result: inputs, stages, values of terms."""
        self.seed = seed
        """The seed that drew the start: of several variations, the best one's."""
        # Now, since the canvas may go on changing its shapes.
        self._shapes = shown(layout.problem, layout.x.tolist())
        self._all = {s.name: s for s in _with_members(self._shapes)}

    def __repr__(self) -> str:
        return f"<Picture: {self.verdict()}>"

    # ------------------------------------------------------------------------------------ pictures

    def svg(self, *, prefix: str = "d") -> str:
        """The picture as an SVG document. `prefix` begins all ids in it."""
        problem = self.result.problem
        return svg(self._shapes, problem.canvas, self.diagram.labels, self.diagram.folder, prefix)

    def png(self, *, scale: float = 2.0, background: str | None = "#ffffff") -> bytes:
        """The picture as a PNG file: `scale` pixels per unit of the canvas, on a colour, or on nothing if None."""
        return png(self.svg(), scale, background)

    def save(self, file: Path | str, *, scale: float = 2.0) -> None:
        """Write the picture: the suffix .svg or .png says how."""
        path = Path(file)
        if path.suffix not in (".svg", ".png"):
            sentence = f"{file} ends in neither .svg nor .png; expected one of them"
            page = " (rosesim.web.diagram_page gives the text of a page)" if path.suffix == ".html" else ""
            raise mistake("FileError", sentence + page)
        path.write_bytes(self._sized(self.svg()).encode() if path.suffix == ".svg" else self.png(scale=scale))

    def _repr_svg_(self) -> str:
        """What a notebook shows: as large as the canvas, with ids that no other picture of the page has."""
        text = self.svg()
        text = self.svg(prefix=f"d{hashlib.sha256(text.encode()).hexdigest()[:8]}") if ' id="' in text else text
        return self._sized(text)

    def _sized(self, text: str) -> str:
        return sized(text, self.result.problem.canvas)

    # ------------------------------------------------------------------------------------- numbers

    def verdict(self) -> str:
        """What became of the constraints, in one sentence."""
        return self.result.verdict()

    @property
    def broken(self) -> list[Broken]:
        """The constraints that do not hold, the worst first."""
        return self.result.broken

    @property
    def shapes(self) -> list[Shape]:
        """The shapes with their numbers, in drawing order."""
        return self._shapes

    @overload
    def __getitem__(self, what: Shape | str) -> Found: ...
    @overload
    def __getitem__(self, what: Scalar | float | Term) -> float: ...
    @overload
    def __getitem__(self, what: Vector) -> tuple[float, ...]: ...
    def __getitem__(self, what: Any) -> Any:
        """A shape, by itself or by its name, an expression's number or numbers, or a term's value."""
        match what:
            case Shape() | str():
                return self._found(what if isinstance(what, str) else what.name)
            case Term():
                return self._value(what)
            case Scalar() | float() | int():
                return evaluated([what], self.result.x.tolist())[0]
            case Vector():
                return tuple(evaluated(what.items, self.result.x.tolist()))
            case _:
                sentence = (
                    f"a picture has no {type(what).__name__}; expected a shape, its name, an expression or a term"
                )
                raise mistake("MissingPathError", sentence)

    def _found(self, name: str) -> Found:
        shape = self._all.get(name)
        if shape is None:
            raise unknown("MissingPathError", f"the picture has no shape {name}{hint(name, self._all)}")
        return Found(shape)

    def _value(self, term: Term) -> float:
        problem = self.result.problem
        for k, t in enumerate([*problem.objectives, *problem.constraints]):
            if t is term:
                return float(self.result.values[k])
        raise mistake(
            "MissingPathError", f"the picture has no such term {term.name}; it was made before the term was"
        )


def laid_out(
    first: Diagram,
    seed: str,
    *,
    variations: int = 1,
    start: Picture | None = None,
    fixed: Iterable[str | Shape | Scalar | Vector] = (),
    steps: int | None = None,
) -> Picture:
    """The picture of a diagram whose start was drawn by a seed; see `Canvas.layout`."""
    checked_counts(variations, steps)
    held = list(fixed)

    def layout(diagram: Diagram, watch: Watch) -> Layout:
        x = None if start is None else continued(diagram.problem, start.result.problem, start.result.x)
        return diagram.layout(x, inputs_of(held, diagram.problem), steps=steps, watch=watch)

    best = best_of(first, seeds(seed, variations), layout)
    return Picture(best.diagram, best.layout, best.seed)


def checked_counts(variations: int, steps: int | None) -> None:
    """Raises DiagramError where nothing is asked for."""
    for count, what in ((variations, "variations"), (steps, "steps")):
        if count is not None and count < 1:
            raise mistake("BadArgumentTypeError", f"{count} {what}: expected at least 1")


def inputs_of(values: Iterable[Any], problem: Problem) -> frozenset[int]:
    """The inputs that shapes and expressions depend on."""
    roots: list[Scalar] = []
    shapes = {s.name: s for s in problem.all_shapes}
    for value in values:
        if isinstance(value, Shape | str):
            name = value if isinstance(value, str) else value.name
            if name not in shapes:
                raise unknown("MissingPathError", f"there is no shape {name}{hint(name, shapes)}")
            properties = shapes[name].properties
            _scalars([properties[k] for k in properties if k in GEOMETRY], roots)
        else:
            _scalars(value, roots)
    return frozenset(node.index for node in graph(roots) if node.op == "input")


def _scalars(value: Any, found: list[Scalar]) -> None:
    """All nodes in a value."""
    match value:
        case Scalar():
            found.append(value)
        case Shape():
            _scalars(list(value.properties.values()), found)
        case Vector(items) | List(items) | Pair(items) | Shapes(items):
            _scalars(list(items), found)
        case Rows(rows):
            _scalars(list(rows), found)
        case list() | tuple():
            for v in cast("list[Any]", value):
                _scalars(v, found)
        case _:
            pass


def _with_members(shapes: Iterable[Shape]) -> Iterable[Shape]:
    for shape in shapes:
        yield shape
        members = shape.properties.get("shapes")
        if isinstance(members, Shapes):
            yield from _with_members(members.items)


def _plain(value: Value) -> Any:
    match value:
        case Vector(items) | List(items) | Pair(items):
            return tuple(items)
        case Rows(rows):
            return [tuple(row) for row in rows]
        case Shapes(items):
            return [s.name for s in items]
        case Shape():
            return described(value)
        case _:
            return value
