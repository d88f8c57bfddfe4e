"""What tests of diagrams share: reference files, values as written there, and a reverse pass of their own."""

import ctypes
import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim.codegen.runtime import linked
from rosesim.diagrams import kernels, library
from rosesim.diagrams.scalars import EPS, OPERATORS, Number, Scalar, graph
from rosesim.diagrams.templates import Template
from rosesim.diagrams.values import Clip, Color, Rows, Shape, Shapes, Value, Vector
from rosesim.diagrams.values import Path as PathData

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"
"""Beside the repository: trios, and what Penrose 4.0.0-alpha.5 makes of them."""


@cache
def reference(name: str) -> Any:
    """A reference file, whole; skips where it is not there."""
    file = SHARED / "reference" / f"{name}.json"
    if not file.exists():
        pytest.skip("the references of diagrams are not beside the repository")
    return json.loads(file.read_text(encoding="utf-8"))


def variable(index: int) -> Scalar:
    """Input number `index`."""
    return Scalar("input", index=index)


# --- a reverse pass ----------------------------------------------------------------------------------------------


def _minus_root(x: float) -> float:
    """The derivative of acos, with the rule of sqrt."""
    return -1 / max(EPS, math.sqrt(max(0.0, 1 - x * x)))


SLOPES: dict[str, Callable[..., tuple[float, ...]]] = {
    "add": lambda y, a, b: (1.0, 1.0),
    "sub": lambda y, a, b: (1.0, -1.0),
    "mul": lambda y, a, b: (b, a),
    "div": lambda y, a, b: (1 / b, -a / b / b),
    "neg": lambda y, a: (-1.0,),
    "pow": lambda y, a, b: (b / a * y, math.log(a) * y if a > 0 else math.nan),
    "sqrt": lambda y, a: (0.5 / max(EPS, y),),
    "abs": lambda y, a: (1.0 if a >= 0 else -1.0,),
    "sin": lambda y, a: (math.cos(a),),
    "cos": lambda y, a: (-math.sin(a),),
    "tan": lambda y, a: (1 + y * y,),
    "asin": lambda y, a: (-_minus_root(a),),
    "acos": lambda y, a: (_minus_root(a),),
    "atan": lambda y, a: (1 / (1 + a * a),),
    "atan2": lambda y, a, b: (b / (a * a + b * b), -a / (a * a + b * b)),
    "exp": lambda y, a: (y,),
    "log": lambda y, a: (1 / a,),
    "max": lambda y, a, b: (1.0, 0.0) if a > b else (0.0, 1.0),
    "min": lambda y, a, b: (1.0, 0.0) if a < b else (0.0, 1.0),
    "choose": lambda y, p, a, b: (0.0, 1.0, 0.0) if p else (0.0, 0.0, 1.0),
}
"""Of each operator with a derivative: its slopes, from its value and its operands."""


def gradient(
    outputs: Sequence[Number], weights: Sequence[float], x: Sequence[float]
) -> tuple[list[float], list[float]]:
    """The outputs where the inputs are x, and the gradient of their weighted sum."""
    nodes = graph(outputs)
    values: dict[int, Any] = {}

    def value(a: Number) -> Any:
        return values[a.number] if isinstance(a, Scalar) else a

    for node in nodes:
        args = [value(a) for a in node.args]
        values[node.number] = x[node.index] if node.op == "input" else OPERATORS[node.op](*args)
    cotangents = dict.fromkeys((n.number for n in nodes), 0.0)
    for output, weight in zip(outputs, weights, strict=True):
        if isinstance(output, Scalar):
            cotangents[output.number] += weight
    result = [0.0] * len(x)
    for node in reversed(nodes):
        cotangent = cotangents[node.number]
        if cotangent == 0.0:
            continue
        if node.op == "input":
            result[node.index] += cotangent
        elif node.op in SLOPES:
            slopes = SLOPES[node.op](values[node.number], *map(value, node.args))
            for a, slope in zip(node.args, slopes, strict=True):
                if isinstance(a, Scalar):
                    cotangents[a.number] += cotangent * slope
    return [value(o) for o in outputs], result


def run(made: Template, rows: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Value and gradient of four rows, by the machine code itself."""
    (kernel,) = kernels.kernels([made])
    n = made.leaves
    numbers = np.array([v for row in rows for v in row])
    table = np.arange(n * kernels.LANES, dtype=np.uint32).reshape(kernels.LANES, n).T.copy()  # [leaf][lane]
    values, slopes = np.zeros(kernels.LANES), np.zeros((n, kernels.LANES))
    row = np.array([kernel.address, numbers.ctypes.data, table.ctypes.data, 0, values.ctypes.data,
                    slopes.ctypes.data], np.int64)  # fmt: skip
    call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)(linked.dispatcher())
    assert call(row.ctypes.data, None) == 1
    return values, slopes.T


def differences(outputs: Callable[[Sequence[float]], float], x: Sequence[float], step: float = 1e-5) -> list[float]:
    """The gradient of a function of floats by central differences."""

    def at(i: int, h: float) -> float:
        return outputs([v + h * (i == k) for k, v in enumerate(x)])

    return [(at(i, step) - at(i, -step)) / (2 * step) for i in range(len(x))]


# --- values ------------------------------------------------------------------------------------------------------


def numbers(value: Value) -> list[Number]:
    """All numbers of a value, row by row."""
    match value:
        case Vector():
            return list(value.items)
        case Rows():
            return [n for row in value.rows for n in row]
        case Color():
            return list(value.channels)
        case PathData():
            return [n for _, data in value.commands for n in data]
        case float() | Scalar():
            return [value]
        case _:
            raise TypeError(value)


class Written:
    """Arguments as references write them, with an input for each number; `x` are the inputs' values.

    Where `known` is given, its numbers stand in the arguments instead.
    """

    def __init__(self, args: Sequence[Any], known: Sequence[float] | None = None):
        self.x: list[float] = []
        self.known = known
        self.args = [self._value(a) for a in args]

    def number(self, value: float) -> Number:
        """The next input, or the next known number."""
        self.x.append(float(value))
        return variable(len(self.x) - 1) if self.known is None else self.known[len(self.x) - 1]

    def _vector(self, items: Sequence[float]) -> Vector:
        return Vector(tuple(map(self.number, items)))

    def _value(self, arg: Any) -> Value:
        match arg:
            case bool() | str():
                return arg
            case int() | float():
                return self.number(arg)
            case {"const": value}:
                return value if isinstance(value, bool) else float(value)
            case {"type": kind, **properties}:
                return Shape(kind, kind, {name: self._property(name, v) for name, v in properties.items()})
            case [dict(), *_]:
                return Shapes([self._shape(a) for a in arg])
            case [list(), *_]:
                return Rows(tuple(tuple(map(self.number, row)) for row in arg))
            case list():
                return self._vector(arg)
        raise TypeError(arg)

    def _shape(self, arg: Any) -> Shape:
        value = self._value(arg)
        assert isinstance(value, Shape)
        return value

    def _property(self, name: str, value: Any) -> Value:
        if name == "d":
            return PathData(tuple((letter, self._command(letter, data)) for letter, *data in value))
        if name == "clipPath":
            return Clip(self._shape(value))
        return self._value(value)

    def _command(self, letter: str, data: Sequence[Sequence[float]]) -> tuple[Number, ...]:
        """An arc's five numbers are constants."""
        first = tuple(map(float, data[0])) if letter == "A" else ()
        return first + tuple(self.number(n) for point in data[bool(first) :] for n in point)


# --- calls -------------------------------------------------------------------------------------------------------


FIND = {"function": library.function, "objective": library.objective, "constraint": library.constraint}


def item(what: str, name: str) -> library.Item:
    """A library item: "function", "objective" or "constraint"."""
    found = FIND[what](name)
    assert found is not None, name
    return found


def outputs(what: str, name: str, written: Written, draws: Sequence[float] = ()) -> list[Number]:
    """All numbers of a call's value; draws become inputs."""
    values = iter(draws)
    called = item(what, name)
    with library.at_start(written.x):
        return numbers(
            called.apply(called.check(written.args), lambda _what, low, high: written.number(next(values)))
        )


def apply(what: str, name: str, *args: Any, draws: Sequence[float] = ()) -> Any:
    """The value of a library item, of vectors as tuples."""
    values = iter(draws)
    called = item(what, name)
    return called.apply(called.check([tuple_value(a) for a in args]), lambda _what, low, high: next(values))


def call(name: str, *args: Any, draws: Sequence[float] = ()) -> Any:
    """The value of a function; of a vector its numbers, of rows their tuples."""
    value = apply("function", name, *args, draws=draws)
    return value.items if isinstance(value, Vector) else value.rows if isinstance(value, Rows) else value


def tuple_value(arg: Any) -> Value:
    """A tuple as a vector, a list of tuples as rows, a list of shapes as shapes."""
    match arg:
        case int() | float() if not isinstance(arg, bool):
            return float(arg)
        case tuple():
            return Vector(tuple(n if isinstance(n, Scalar) else float(n) for n in arg))
        case [tuple(), *_]:
            return Rows(tuple(tuple(map(float, row)) for row in arg))
        case [Shape(), *_]:
            return Shapes(list(arg))
        case _:
            return arg


def shape(kind: str, **properties: Any) -> Shape:
    """A shape with these properties alone."""
    return Shape(kind, kind.lower(), {name: tuple_value(v) for name, v in properties.items()})


def circle(x: float, y: float, r: float, stroke: float = 0.0) -> Shape:
    """A Circle."""
    return shape("Circle", center=(x, y), r=r, strokeWidth=stroke)


def rectangle(x: float, y: float, width: float, height: float, rotation: float = 0.0, stroke: float = 0.0) -> Shape:
    """A Rectangle."""
    return shape("Rectangle", center=(x, y), width=width, height=height, rotation=rotation, strokeWidth=stroke)


def line(start: tuple[float, float], end: tuple[float, float], stroke: float = 1.0) -> Shape:
    """A Line."""
    return shape("Line", start=start, end=end, strokeWidth=stroke)


def ellipse(x: float, y: float, rx: float, ry: float) -> Shape:
    """An Ellipse without a stroke."""
    return shape("Ellipse", center=(x, y), rx=rx, ry=ry, strokeWidth=0.0)


def poly(kind: str, *points: tuple[float, float], scale: float = 1.0) -> Shape:
    """A Polygon or a Polyline."""
    return shape(kind, points=list(points), scale=scale)


def group(*members: Shape, clip: Shape | None = None) -> Shape:
    """A Group."""
    return Shape("Group", "group", {"shapes": Shapes(list(members)), "clipPath": Clip(clip)})


SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
"""Counter-clockwise, of side 2."""
ARROW = ((-2.0, -2.0), (2.0, 0.0), (-2.0, 2.0), (-1.0, 0.0))
"""Not convex: a notch at (-1, 0)."""
