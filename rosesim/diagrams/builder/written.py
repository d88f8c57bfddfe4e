"""Terms' arguments as people read them: `disjoint(circle1, circle2, (circle1.r + 5))`."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams.builder.names import spelling
from rosesim.diagrams.kinds import described
from rosesim.diagrams.problem import Input
from rosesim.diagrams.scalars import Number, Scalar, postorder
from rosesim.diagrams.style.printing import plain
from rosesim.diagrams.values import List, Pair, Rows, Shape, Shapes, Value, Vector

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
POINTS = ("center", "start", "end")
LONGEST = 60
"""Characters of an expression that is written; longer ones tell nobody anything."""


def written(value: Value, inputs: Sequence[Input]) -> str:
    """A value as people read it; `inputs` have the names of what is free."""
    match value:
        case bool():
            return str(value)
        case str():
            return f'"{value}"'
        case float() | int() | Scalar():
            return expression(value, inputs)
        case Vector(items) | List(items) | Pair(items):
            return f"({', '.join(expression(a, inputs) for a in items)})"
        case Shape():
            return value.name
        case Shapes(items):
            return f"[{', '.join(s.name for s in items)}]"
        case Rows():
            return described(value)
        case _:
            return described(value)


def expression(root: Number, inputs: Sequence[Input]) -> str:
    """A number, or the expression that gives it.

    >>> inputs = [Input("circle1", "r", "drawn")]
    >>> expression(2.0 * (Scalar("input", index=0) + 5.0), inputs)
    '(2 * (circle1.r + 5))'
    """
    if not isinstance(root, Scalar):
        return plain(float(root))
    texts: dict[int, str] = {}
    for node in postorder(root):
        if node.op == "input":
            texts[node.number] = input_name(inputs, node.index)
            continue
        args = [texts[a.number] if isinstance(a, Scalar) else plain(float(a)) for a in node.args]
        sign = INFIX.get(node.op)
        text = f"({args[0]} {sign} {args[1]})" if sign else f"{node.op}({', '.join(args)})"
        texts[node.number] = text if len(text) <= LONGEST else "..."
    return texts[root.number]


def input_name(inputs: Sequence[Input], index: int) -> str:
    """What an input is called: "circle1.center.x", or the name that a free number was given."""
    found = inputs[index]
    if found.kind == "random" or found.what == "?":
        return found.path
    name = f"{found.path}.{spelling(found.what)}"
    if found.what not in POINTS:
        return name
    second = index > 0 and (inputs[index - 1].path, inputs[index - 1].what) == (found.path, found.what)
    return f"{name}.{'y' if second else 'x'}"
