"""A diagram that is built by calls."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from rosesim.diagrams import library
from rosesim.diagrams.builder import handles
from rosesim.diagrams.builder.convert import value_of
from rosesim.diagrams.builder.ends import ends
from rosesim.diagrams.builder.handles import Drawn, checked
from rosesim.diagrams.builder.mistakes import hint, mistake, place
from rosesim.diagrams.builder.names import spellings
from rosesim.diagrams.builder.vec import is_number
from rosesim.diagrams.builder.verbs import Encourage, Ensure, Functions, StagesLike
from rosesim.diagrams.builder.written import written
from rosesim.diagrams.errors import Fault
from rosesim.diagrams.problem import Problem, Term
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.style.inputs import Inputs, redrawn
from rosesim.diagrams.style.layering import Layer, drawn
from rosesim.diagrams.values import Clip, Shape, Shapes, Value

if TYPE_CHECKING:
    from typing import Unpack

    from rosesim.diagrams.builder.convert import PathLike
    from rosesim.diagrams.builder.picture import Picture
    from rosesim.diagrams.builder.properties import (
        CircleProperties,
        EllipseProperties,
        EquationProperties,
        GroupProperties,
        ImageProperties,
        LineProperties,
        PathProperties,
        PolygonProperties,
        PolylineProperties,
        RectangleProperties,
        TextProperties,
    )  # fmt: skip
    from rosesim.diagrams.builder.vec import VecLike
    from rosesim.diagrams.labels import Labels
    from rosesim.diagrams.layout import Diagram
    from rosesim.diagrams.scalars import Scalar
    from rosesim.diagrams.values import Vector

SEED = ""
"""The seed of a layout where none is given."""


class Canvas:
    """A diagram: its size in pixels, shapes, and what they should fulfil. The origin is in the middle, y upwards.

    `stages` are the names of the stages of the layout, run in order; relative images lie in `folder`; `labels`
    measures texts and equations (by default the fonts of `rosesim[diagrams]`).

    Raises DiagramError where a size is no number above 0.

    >>> d = Canvas(400, 300)
    >>> a, b = d.circle(r=20, fill="#88aadd"), d.circle(r=d.free(10, 40))
    >>> term = d.ensure.disjoint(a, b, 10)
    >>> b.center = a.center + (0, 60)
    >>> picture = d.layout(seed="word")
    >>> picture.verdict()
    'all 4 constraints hold'
    >>> x, y = picture[b].center
    >>> round(y - picture[a].center[1], 6)
    60.0
    """

    def __init__(
        self,
        width: float,
        height: float,
        *,
        stages: Sequence[str] = ("",),
        folder: File | str = ".",
        labels: Labels | None = None,
    ):
        for name, size in (("width", width), ("height", height)):
            if not is_number(size) or not 0 < size < float("inf"):
                sentence = f"the canvas's {name} is {size!r}; expected a number of pixels above 0"
                raise mistake("CanvasNonexistentDimsError", sentence)
        self.size = float(width), float(height)
        self.stages = (stages,) if isinstance(stages, str) else tuple(stages)
        self.folder = File(folder)
        self.ensure = Ensure(self)
        """The constraints by name: `d.ensure.disjoint(a, b, 10)`."""
        self.encourage = Encourage(self)
        """The objectives by name: `d.encourage.near(a, b)`."""
        self.functions = Functions(self)
        """The functions by name: `d.functions.vdist(a.center, b.center)`."""
        self._labels = labels
        self._inputs = Inputs(SEED, self.stages, self.size)
        self._shapes: list[Drawn] = []
        self._names: dict[str, int] = {}
        self._terms: dict[str, list[Term]] = {"constraint": [], "objective": []}
        self._layers: list[Layer] = []
        self._warnings: list[Fault] = []

    def __repr__(self) -> str:
        n = len(self._shapes), len(self._terms["constraint"]), len(self._terms["objective"])
        return f"<Canvas of {n[0]} shapes, {n[1]} constraints, {n[2]} objectives>"

    # ------------------------------------------------------------------------------------- shapes

    def circle(self, **properties: Unpack[CircleProperties]) -> handles.Circle:
        """A circle. What is not given is free (`center`, `r`), drawn (`fill`) or has its default.

        >>> d = Canvas(100, 100)
        >>> d.circle(r=5, fill="red", stroke="black", stroke_width=2)
        <circle1>
        """
        return self._shape(handles.Circle, properties)

    def ellipse(self, **properties: Unpack[EllipseProperties]) -> handles.Ellipse:
        """An ellipse with half axes `rx` and `ry`."""
        return self._shape(handles.Ellipse, properties)

    def rectangle(self, **properties: Unpack[RectangleProperties]) -> handles.Rectangle:
        """A rectangle; `corner_radius` rounds it."""
        return self._shape(handles.Rectangle, properties)

    def polygon(self, points: Sequence[VecLike], **properties: Unpack[PolygonProperties]) -> handles.Polygon:
        """A closed polygon.

        >>> d = Canvas(100, 100)
        >>> d.polygon([(0, 0), (d.free(5, 20), 0), (0, 10)])
        <polygon1>
        """
        return self._shape(handles.Polygon, properties, points=points)

    def polyline(self, points: Sequence[VecLike], **properties: Unpack[PolylineProperties]) -> handles.Polyline:
        """A row of segments."""
        return self._shape(handles.Polyline, properties, points=points)

    def line(
        self,
        start: VecLike | Shape | None = None,
        end: VecLike | Shape | None = None,
        **properties: Unpack[LineProperties],
    ) -> handles.Line:
        """A segment. Its ends are free where they are not given; `end_arrowhead="straight"` makes an arrow.

        An end that is a circle, an ellipse, a rectangle, a text, an equation or an image is the point of its outline
        on the way to its centre, wherever the layout puts it. Raises DiagramError for another shape.

        >>> d = Canvas(100, 100)
        >>> a, b = d.circle(r=5, center=(0, 0)), d.rectangle(width=10, height=10, center=(30, 0))
        >>> arrow = d.line(a, b, end_arrowhead="straight")
        >>> picture = d.layout()
        >>> (left, _), (right, _) = picture[arrow].start, picture[arrow].end
        >>> round(left, 6), round(right, 6)
        (5.0, 25.0)
        """
        start, end = ends(start, end)
        return self._shape(handles.Line, properties, start=start, end=end)

    def path(self, d: PathLike, **properties: Unpack[PathProperties]) -> handles.Path:
        """A path, of path data as `functions.pathFromPoints` and others make.

        >>> d = Canvas(100, 100)
        >>> a, b = d.circle(), d.circle()
        >>> d.path(d.functions.quadraticCurveFromPoints("open", [a.center, (0, 40), b.center]))
        <path1>
        """
        return self._shape(handles.Path, properties, d=d)

    def equation(self, string: str, **properties: Unpack[EquationProperties]) -> handles.Equation:
        """An equation in TeX. Its `width` and `height` are measured."""
        return self._shape(handles.Equation, properties, string=string)

    def text(self, string: str, **properties: Unpack[TextProperties]) -> handles.Text:
        """A text. Its `width` and `height` are measured."""
        return self._shape(handles.Text, properties, string=string)

    def image(self, href: str, **properties: Unpack[ImageProperties]) -> handles.Image:
        """An image: the path of an SVG file in the canvas's folder."""
        return self._shape(handles.Image, properties, href=href)

    def group(
        self, shapes: Iterable[Shape], clip: Shape | None = None, **properties: Unpack[GroupProperties]
    ) -> handles.Group:
        """A group of shapes, which are drawn together; `clip` is a shape outside of which nothing of it is seen.

        >>> d = Canvas(100, 100)
        >>> d.group([d.circle(), d.circle()], clip=d.rectangle(width=20, height=20))
        <group1>
        """
        members = Shapes(list(shapes))
        return self._shape(handles.Group, properties, shapes=members, clip_path=Clip(clip))

    def _shape(self, cls: type[Any], properties: Mapping[str, Any], **given: Any) -> Any:
        wanted = {k: v for k, v in given.items() if v is not None} | dict(properties)
        kind = cls.__name__
        name = self._name(wanted.pop("name", None), kind.lower())
        passthrough = wanted.pop("attributes", None) or {}
        values = {k: checked(kind, name, k, v) for k, v in wanted.items()}  # before it is there, in case of a mistake
        shape = cls(kind, name, place=place())
        self._inputs.defaults(shape)
        for k, v in values.items():
            shape.properties[spellings(kind).get(k, k)] = v
        for k, v in passthrough.items():
            found = value_of(v)
            if not isinstance(found, str | float):
                raise mistake("BadShapeParamTypeError", f"attribute {k} is {v!r}; expected a number or a string")
            shape.passthrough[k] = found
        self._shapes.append(shape)
        return shape

    def _name(self, wanted: str | None, kind: str) -> str:
        """A name that no other has."""
        if wanted is not None:
            if wanted in self._names:
                raise mistake("DuplicateName", f'another shape or number is called "{wanted}"; expected a new name')
            self._names[wanted] = 0
            return wanted
        while True:
            self._names[f" {kind}"] = k = self._names.get(f" {kind}", 0) + 1
            if (name := f"{kind}{k}") not in self._names:
                self._names[name] = 0
                return name

    # ------------------------------------------------------------------------------------ numbers

    def free(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        start: float | None = None,
        stages: StagesLike = None,
        name: str | None = None,
    ) -> Scalar:
        """A number that the layout decides.

        With `low` and `high` it starts between them, drawn by the seed, and a constraint keeps it there. `start` is
        where it starts instead. Without any it starts anywhere in the canvas's width. It moves in the layout's
        `stages`, by default in all.

        >>> d = Canvas(100, 100)
        >>> d.circle(r=d.free(5, 10), center=(d.free(), d.free(start=0)))
        <circle1>
        """
        if (low is None) != (high is None) or (low is not None and high is not None and not low < high):
            raise mistake("BadArgumentTypeError", f"free({low}, {high}): expected two numbers, the smaller one first")
        path, moves = self._name(name, "free"), self.stage_numbers(stages)
        half = self.size[0] / 2
        if start is not None:
            made = self._inputs.given(path, float(start), moves)
        elif low is not None and high is not None:
            made = self._inputs.between(path, float(low), float(high), moves)
        else:
            made = self._inputs.between(path, -half, half, moves)
        if low is not None and high is not None:
            self.ensure.inRange(made, low, high)
        return made  # pyright: ignore[reportReturnType] -- an input is a node

    # ------------------------------------------------------------------------------------- layers

    def layer(
        self, shape: Shape, *, above: Shape | Iterable[Shape] = (), below: Shape | Iterable[Shape] = ()
    ) -> None:
        """Draw a shape above some, and below others. Otherwise later shapes lie above earlier ones.

        >>> d = Canvas(100, 100)
        >>> a, b, c = d.circle(), d.circle(), d.circle()
        >>> d.layer(a, above=[b, c])
        >>> [s.name for s in d.problem().shapes]
        ['circle2', 'circle3', 'circle1']
        """
        at = place()
        for others, lower in ((above, True), (below, False)):
            for other in (others,) if isinstance(others, Shape) else others:
                for s in (shape, other):
                    if s not in self._shapes:
                        sentence = f"{s!r} is no shape of this canvas; expected what d.circle() and others gave"
                        raise mistake("LayerOnNonShapesError", sentence)
                self._layers.append((other.name, shape.name, at) if lower else (shape.name, other.name, at))

    # ------------------------------------------------------------------- what verbs need of a canvas

    def stage_numbers(self, stages: StagesLike) -> frozenset[int]:
        """The numbers of stages by name; of all for None."""
        if stages is None:
            return frozenset(range(len(self.stages)))
        names = (stages,) if isinstance(stages, str) else tuple(stages)
        for name in names:
            if name not in self.stages:
                known = ", ".join(map(repr, self.stages)) if self.stages != ("",) else "none"
                sentence = f'the canvas has no stage "{name}"{hint(name, self.stages)}'
                raise mistake("MultipleLayoutError", f"{sentence}; its stages are {known}")
        return frozenset(self.stages.index(name) for name in names)

    def written(self, value: Value) -> str:
        """A value as people read it."""
        return written(value, self._inputs.inputs)

    def add(self, what: str, term: Term) -> None:
        """Take a "constraint" or an "objective"."""
        self._terms[what].append(term)

    def at_start(self) -> AbstractContextManager[None]:
        """Within it, functions see where free numbers start; polygons are cut there into convex parts."""
        return library.at_start(self._inputs.x0, self._warn)

    def draw(self, what: str, low: float, high: float) -> Number:
        """A number that is drawn by the seed and never moves."""
        return self._inputs.random(self._name(None, what), what, low, high)

    def _warn(self, kind: str, sentence: str) -> None:
        self._warnings.append(Fault(kind, sentence, place()))

    # ------------------------------------------------------------------------------------- layout

    def problem(self, seed: str = SEED) -> Problem:
        """The optimisation problem, with its start drawn by the seed. Labels still have the size 0.

        >>> d = Canvas(100, 100)
        >>> a = d.circle()
        >>> [(term.name, *term.printed) for term in d.problem().constraints]
        [('onCanvas', 'circle1', '100', '100')]
        """
        inputs = self._inputs
        inputs.forget_written_labels(list(self._shapes))
        drawing = drawn(self._shapes, self._layers)
        texts = tuple(self.written(v) for v in self.size)
        within = [
            Term("onCanvas", (shape, *self.size), (shape.name, *texts), inputs.stages(None), shape.place)
            for shape in drawing.order
            if shape.properties.get("ensureOnCanvas") is True
        ]
        return Problem(
            canvas=self.size,
            stages=self.stages,
            inputs=list(inputs.inputs),
            x0=redrawn(inputs.inputs, inputs.x0, seed),
            objectives=list(self._terms["objective"]),
            constraints=[*self._terms["constraint"], *within],
            shapes=drawing.top,
            all_shapes=list(self._shapes),
            label_inputs={path: dict(found) for path, found in inputs.label_inputs.items()},
            warnings=[*self._warnings, *drawing.warnings],
        )

    def diagram(self, seed: str = SEED) -> Diagram:
        """The diagram that a layout starts from, its labels measured."""
        from rosesim.diagrams.labels import Measured, measure_into  # each loads much, and a canvas needs none of it
        from rosesim.diagrams.layout import Diagram

        problem = self.problem(seed)
        self._labels = self._labels or Measured()
        measure_into(problem, self._labels)
        return Diagram(problem, self._labels, self.folder)

    def layout(
        self,
        seed: str = SEED,
        *,
        variations: int = 1,
        start: Picture | None = None,
        fixed: Iterable[Shape | Scalar | Vector] = (),
        steps: int | None = None,
    ) -> Picture:
        """Lay the diagram out.

        `seed` draws the start; of several `variations`, each with a seed of its own, the best end counts: they run on
        threads, one a core, and end as each would alone. With `start`, an earlier picture of this canvas, everything
        starts where it is there. What is `fixed` (shapes, or expressions of their properties) stays where it starts.
        `steps` is the most that a stage may take; the verdict tells when it was not enough.

        Raises DiagramError if a label cannot be measured, a term has no value, or the energy becomes NaN.

        >>> d = Canvas(200, 100)
        >>> a, b = d.circle(r=10), d.circle(r=10)
        >>> first = d.layout("one")
        >>> term = d.ensure.touching(a, b)
        >>> second = d.layout(start=first, fixed=[a])
        >>> second[a].center == first[a].center, second.verdict()
        (True, 'all 3 constraints hold')
        """
        from rosesim.diagrams.builder.picture import laid_out

        return laid_out(self.diagram(seed), seed, variations=variations, start=start, fixed=fixed, steps=steps)


def _signature(kind: str, by_position: Sequence[str]) -> inspect.Signature:
    """What a notebook completes: all properties by their names."""
    named = [*spellings(kind), "name", "attributes"]
    p = inspect.Parameter
    return inspect.Signature(
        [p(name, p.POSITIONAL_OR_KEYWORD) for name in ("self", *by_position)]
        + [p(name, p.KEYWORD_ONLY, default=None) for name in named if name not in by_position]
    )


for _kind in handles.KINDS:
    _method: Any = getattr(Canvas, _kind.lower())
    _method.__signature__ = _signature(
        _kind, [p for p in inspect.signature(_method).parameters if p not in ("self", "properties")]
    )
