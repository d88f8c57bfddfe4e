"""The inputs of a diagram: what is drawn, given or measured, in the order in which it comes about."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams.problem import Input
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.shapes import SHAPES, Measured, Sampled
from rosesim.diagrams.style.draws import Draws
from rosesim.diagrams.syntax import Stages
from rosesim.diagrams.values import Shape, Shapes, Value


def redrawn(inputs: Sequence[Input], x0: Sequence[float], variation: str) -> list[float]:
    """The start of inputs by another variation: shapes draw first, then `?` and random functions.

    >>> inputs = [Input("a", "?", "drawn", 0.0, 1.0), Input("a.icon", "r", "drawn", 3.0, 9.0)]
    >>> x = redrawn(inputs, [0.0, 0.0], "hello.")
    >>> x[1] == Draws("hello.").uniform(3.0, 9.0)
    True
    """
    draws, x = Draws(variation), list(x0)
    for i in drawn(inputs):
        x[i] = draws.uniform(inputs[i].low, inputs[i].high)
    return x


def drawn(inputs: Sequence[Input]) -> list[int]:
    """The inputs that a variation draws, in its order."""
    of_shapes = [i for i, p in enumerate(inputs) if p.kind == "drawn" and p.what != "?"]
    later = [i for i, p in enumerate(inputs) if p.kind == "random" or (p.kind == "drawn" and p.what == "?")]
    return [*of_shapes, *later]


class Inputs:
    """Makes inputs and their start."""

    def __init__(self, variation: str, stages: tuple[str, ...], canvas: tuple[float, float]):
        self.inputs: list[Input] = []
        self.x0: list[float] = []
        self.label_inputs: dict[str, dict[str, int]] = {}
        self._draws = Draws(variation)
        self._stages = stages
        self._canvas = canvas
        self._all = frozenset(range(len(stages)))

    def stages(self, clause: Stages | None) -> frozenset[int]:
        """The numbers of a clause's stages. A name that the layout has not applies to none of them."""
        if clause is None:
            return self._all
        return frozenset(i for i, name in enumerate(self._stages) if (name in clause.names) != clause.excluded)

    def varied(self, path: str, start: float | None, clause: Stages | None) -> Number:
        """`?` or `?[start]`. Both coordinates are drawn over the canvas's width, as Penrose does."""
        stages = self.stages(clause)
        half = self._canvas[0] / 2
        return self.between(path, -half, half, stages) if start is None else self.given(path, start, stages)

    def between(self, path: str, low: float, high: float, stages: frozenset[int]) -> Number:
        """A number that starts anywhere in [low, high), and may leave it."""
        return self._new(Input(path, "?", "drawn", low, high, stages), self._draws.uniform(low, high))

    def given(self, path: str, start: float, stages: frozenset[int]) -> Number:
        """A number that starts at `start`."""
        return self._new(Input(path, "?", "given", start, start, stages), start)

    def random(self, path: str, what: str, low: float, high: float) -> Number:
        """What a random function draws. It never moves."""
        return self._new(Input(path, what, "random", low, high), self._draws.uniform(low, high))

    def defaults(self, shape: Shape) -> None:
        """Gives the shape all default properties. All draws are made, whatever the style writes."""
        kind, properties = SHAPES[shape.kind], shape.properties
        for name, known in kind.properties.items():
            default = known.default
            if isinstance(default, Shapes):
                properties[name] = Shapes(list(default.items))  # which library functions may reverse
            elif not isinstance(default, Sampled | Measured):
                properties[name] = default
        properties["name"] = shape.name
        width, height = self._canvas
        for name in kind.draws:
            default = kind.properties[name].default
            assert isinstance(default, Sampled)
            drawn: list[Number] = []
            for interval in default.ranges:
                low, high = interval(width, height)
                drawn.append(
                    self._new(Input(shape.name, name, "drawn", low, high, self._all), self._draws.uniform(low, high))
                )
            properties[name] = default.make(*drawn)
        if kind.measured:
            self.label_inputs[shape.name] = {
                name: self._measured(properties, shape.name, name) for name in kind.measured
            }

    def forget_written_labels(self, shapes: list[Shape]) -> None:
        """Leaves in `label_inputs` only sizes that a measurement decides: the style may have written others."""
        for shape in shapes:
            found = self.label_inputs.get(shape.name, {})
            for name, index in list(found.items()):
                value = shape.properties.get(name)
                if not isinstance(value, Scalar) or value.index != index:
                    del found[name]

    def _measured(self, properties: dict[str, Value], path: str, name: str) -> int:
        index = len(self.inputs)
        properties[name] = self._new(Input(path, name, "label"), 0.0)
        return index

    def _new(self, made: Input, start: float) -> Scalar:
        node = Scalar("input", index=len(self.inputs))
        self.inputs.append(made)
        self.x0.append(start)
        return node
