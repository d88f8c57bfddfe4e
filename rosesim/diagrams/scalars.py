"""Numbers that may depend on the inputs of a diagram: a Python float is known, a `Scalar` is not yet.

Style expressions and the library compute with both, by the operators and by the functions below, which fold what is
known. A `Scalar` is a node of a graph: its operator, and its operands. Evaluation (`evaluated`) and compiled code
(`rosesim.diagrams.energy`) read the graph. Derivatives at kinks are those of Penrose's engine (its *rules*, which
decide the path of an optimiser): sqrt has slope 1 / (2 max(eps, sqrt x)), max and min give a tie to their second
operand, abs has slope 1 at 0.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence

EPS = 1e-5
"""The small number of Penrose's formulas."""

_numbers = itertools.count()


class Scalar:
    """A node: operator `op` on `args` (floats and nodes). "input" has the input's index as `index`.

    Operators: input; add sub mul div neg pow; sqrt abs sign floor ceil trunc sin cos tan asin acos atan atan2 exp
    log; max min; and with truth values lt le eq and or not choose (condition, then, otherwise).
    Nodes are compared by identity: sharing a node is what makes a value common to several readers.
    """

    __slots__ = ("args", "index", "number", "op")

    def __init__(self, op: str, args: tuple[Number, ...] = (), index: int = -1):
        self.op = op
        self.args = args
        self.index = index
        self.number = next(_numbers)
        """Operands have smaller numbers than the node itself."""

    def __repr__(self) -> str:
        return f"x[{self.index}]" if self.op == "input" else f"{self.op}({', '.join(map(repr, self.args))})"

    __array_ufunc__ = None
    """NumPy leaves its arrays' and numbers' operators with a node to the node."""

    def __add__(self, other: Number) -> Number:
        return add(self, other) if isinstance(other, _NUMBERS) else NotImplemented

    def __radd__(self, other: Number) -> Number:
        return add(other, self) if isinstance(other, _NUMBERS) else NotImplemented

    def __sub__(self, other: Number) -> Number:
        return sub(self, other) if isinstance(other, _NUMBERS) else NotImplemented

    def __rsub__(self, other: Number) -> Number:
        return sub(other, self) if isinstance(other, _NUMBERS) else NotImplemented

    def __mul__(self, other: Number) -> Number:
        return mul(self, other) if isinstance(other, _NUMBERS) else NotImplemented

    def __rmul__(self, other: Number) -> Number:
        return mul(other, self) if isinstance(other, _NUMBERS) else NotImplemented

    def __truediv__(self, other: Number) -> Number:
        return div(self, other) if isinstance(other, _NUMBERS) else NotImplemented

    def __rtruediv__(self, other: Number) -> Number:
        return div(other, self) if isinstance(other, _NUMBERS) else NotImplemented

    def __pow__(self, other: Number) -> Number:
        return power(self, other) if isinstance(other, _NUMBERS) else NotImplemented

    def __rpow__(self, other: Number) -> Number:
        return power(other, self) if isinstance(other, _NUMBERS) else NotImplemented

    def __neg__(self) -> Number:
        return neg(self)

    def __abs__(self) -> Number:
        return absolute(self)

    def __bool__(self) -> bool:
        raise TypeError("this number is not known before the diagram is laid out; expected `choose` for a case")

    def __lt__(self, other: object) -> bool:
        raise TypeError(
            "this number is not known before the diagram is laid out, so Python cannot compare it; expected a"
            " constraint such as lessThan or inRange"
        )

    __le__ = __gt__ = __ge__ = __lt__


_NUMBERS: tuple[type, ...] = (float, Scalar, int)
"""What operators take; for all else, such as a vector, the other operand's operator is asked."""

Number = float | Scalar
Truth = bool | Scalar


def known(*values: object) -> bool:
    """Whether none is a node."""
    return not any(isinstance(v, Scalar) for v in values)


def _made(op: str, *args: Number) -> Number:
    """The node, or the number where all operands are known."""
    for a in args:
        if isinstance(a, Scalar):
            return Scalar(op, args)
    return OPERATORS[op](*args)


def _is(a: Number, value: float) -> bool:
    return not isinstance(a, Scalar) and a == value


def add(a: Number, b: Number) -> Number:
    """a + b."""
    if _is(a, 0.0):
        return b
    return a if _is(b, 0.0) else _made("add", a, b)


def sub(a: Number, b: Number) -> Number:
    """a - b."""
    if _is(b, 0.0):
        return a
    return neg(b) if _is(a, 0.0) else _made("sub", a, b)


def mul(a: Number, b: Number) -> Number:
    """a b. A factor 0 gives 0, whatever the other is."""
    if _is(a, 0.0) or _is(b, 0.0):
        return 0.0
    if _is(a, 1.0):
        return b
    return a if _is(b, 1.0) else _made("mul", a, b)


def div(a: Number, b: Number) -> Number:
    """a / b; by zero an infinity or NaN, as IEEE 754 has it."""
    if isinstance(b, Scalar) and _is(a, 0.0):
        return 0.0
    return a if _is(b, 1.0) else _made("div", a, b)


def neg(a: Number) -> Number:
    """-a."""
    return _made("neg", a)


def power(a: Number, b: Number) -> Number:
    """a to the b."""
    return a if _is(b, 1.0) else _made("pow", a, b)


def sqrt(a: Number) -> Number:
    """The square root, whose slope never exceeds 1 / (2 eps)."""
    return _made("sqrt", a)


def absolute(a: Number) -> Number:
    """|a|; the slope at 0 is 1."""
    return _made("abs", a)


def maximum(a: Number, b: Number) -> Number:
    """a if a > b, otherwise b."""
    return _made("max", a, b)


def minimum(a: Number, b: Number) -> Number:
    """a if a < b, otherwise b."""
    return _made("min", a, b)


def sin(a: Number) -> Number:
    """The sine of radians."""
    return _made("sin", a)


def cos(a: Number) -> Number:
    """The cosine of radians."""
    return _made("cos", a)


def tan(a: Number) -> Number:
    """The tangent of radians."""
    return _made("tan", a)


def asin(a: Number) -> Number:
    """The arc sine."""
    return _made("asin", a)


def acos(a: Number) -> Number:
    """The arc cosine."""
    return _made("acos", a)


def atan(a: Number) -> Number:
    """The arc tangent."""
    return _made("atan", a)


def atan2(y: Number, x: Number) -> Number:
    """The angle of (x, y)."""
    return _made("atan2", y, x)


def exp(a: Number) -> Number:
    """e to the a."""
    return _made("exp", a)


def log(a: Number) -> Number:
    """The natural logarithm."""
    return _made("log", a)


def floor(a: Number) -> Number:
    """The greatest integer that is not greater."""
    return _made("floor", a)


def ceil(a: Number) -> Number:
    """The least integer that is not less."""
    return _made("ceil", a)


def trunc(a: Number) -> Number:
    """The integer part."""
    return _made("trunc", a)


def sign(a: Number) -> Number:
    """-1, 0 or 1."""
    return _made("sign", a)


def less(a: Number, b: Number) -> Truth:
    """a < b."""
    return _truth("lt", a, b)


def at_most(a: Number, b: Number) -> Truth:
    """a <= b."""
    return _truth("le", a, b)


def same(a: Number, b: Number) -> Truth:
    """a == b."""
    return _truth("eq", a, b)


def both(p: Truth, q: Truth) -> Truth:
    """p and q."""
    if isinstance(p, bool):
        return q if p else False
    if isinstance(q, bool):
        return p if q else False
    return Scalar("and", (p, q))


def either(p: Truth, q: Truth) -> Truth:
    """p or q."""
    return negation(both(negation(p), negation(q))) if known(p) or known(q) else Scalar("or", (p, q))


def negation(p: Truth) -> Truth:
    """Not p."""
    return not p if isinstance(p, bool) else Scalar("not", (p,))


def choose(p: Truth, a: Number, b: Number) -> Number:
    """a where p holds, otherwise b."""
    if isinstance(p, bool):
        return a if p else b
    return a if a is b or (known(a, b) and a == b) else Scalar("choose", (p, a, b))


def _truth(op: str, a: Number, b: Number) -> Truth:
    return Scalar(op, (a, b)) if isinstance(a, Scalar) or isinstance(b, Scalar) else bool(OPERATORS[op](a, b))


def total(terms: Iterable[Number]) -> Number:
    """The sum from the left, starting from 0."""
    result: Number = 0.0
    for t in terms:
        result = add(result, t)
    return result


def _divided(a: float, b: float) -> float:
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _powered(a: float, b: float) -> float:
    try:
        result = math.pow(a, b)
    except OverflowError:
        return math.inf if a > 0 or b % 2 == 0 else -math.inf
    except ValueError:
        return math.inf if a == 0.0 else math.nan
    return result


def _signed(a: float) -> float:
    return math.copysign(1.0, a) if a else 0.0


def _greater(a: float, b: float) -> float:
    return a if a > b else b


def _lesser(a: float, b: float) -> float:
    return a if a < b else b


def _chosen(p: bool, a: float, b: float) -> float:
    return a if p else b


def _guarded(f: Callable[[float], float], *, at_zero: float = math.nan) -> Callable[[float], float]:
    """f with NaN where it is not defined, and infinity where it is too large."""

    def guarded(a: float) -> float:
        try:
            return f(a)
        except OverflowError:
            return math.inf
        except ValueError:
            return at_zero if a == 0.0 else math.nan

    return guarded


def _rounded(f: Callable[[float], int]) -> Callable[[float], float]:
    return lambda a: float(f(a)) if math.isfinite(a) else a


OPERATORS: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divided,
    "neg": operator.neg,
    "pow": _powered,
    "sqrt": _guarded(math.sqrt),
    "abs": abs,
    "sign": _signed,
    "floor": _rounded(math.floor),
    "ceil": _rounded(math.ceil),
    "trunc": _rounded(math.trunc),
    "sin": _guarded(math.sin),
    "cos": _guarded(math.cos),
    "tan": _guarded(math.tan),
    "asin": _guarded(math.asin),
    "acos": _guarded(math.acos),
    "atan": math.atan,
    "atan2": math.atan2,
    "exp": _guarded(math.exp),
    "log": _guarded(math.log, at_zero=-math.inf),
    "max": _greater,
    "min": _lesser,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.not_,
    "choose": _chosen,
}
"""What each operator means for floats."""


FOLDING: dict[str, Callable[..., Number]] = {
    "add": add, "sub": sub, "mul": mul, "div": div, "neg": neg, "pow": power, "sqrt": sqrt, "abs": absolute,
    "sign": sign, "floor": floor, "ceil": ceil, "trunc": trunc, "sin": sin, "cos": cos, "tan": tan, "asin": asin,
    "acos": acos, "atan": atan, "atan2": atan2, "exp": exp, "log": log, "max": maximum, "min": minimum, "lt": less,
    "le": at_most, "eq": same, "and": both, "or": either, "not": negation, "choose": choose,
}  # fmt: skip
"""What makes each operator's node, or its value where that is known."""


def graph(roots: Iterable[Number]) -> list[Scalar]:
    """All nodes that the roots depend on, operands first."""
    found: dict[int, Scalar] = {}
    open_: list[Scalar] = [r for r in roots if isinstance(r, Scalar)]
    while open_:
        node = open_.pop()
        if node.number not in found:
            found[node.number] = node
            open_.extend(a for a in node.args if isinstance(a, Scalar))
    return [found[n] for n in sorted(found)]


def postorder(root: Number) -> list[Scalar]:
    """All nodes that the root depends on, operands first, from left to right.

    Unlike `graph`'s, the order depends on nothing but the structure: it is the same for equal graphs.
    """
    order: list[Scalar] = []
    done: set[int] = set()
    open_: list[Scalar] = [root] if isinstance(root, Scalar) else []
    while open_:
        node = open_[-1]
        if node.number in done:
            open_.pop()
            continue
        missing = [a for a in node.args if isinstance(a, Scalar) and a.number not in done]
        if missing:
            open_.extend(reversed(missing))
        else:
            open_.pop()
            done.add(node.number)
            order.append(node)
    return order


def evaluated(roots: Sequence[Number], x: Sequence[float]) -> list[float]:
    """The roots' numbers where the inputs are x.

    >>> a, b = Scalar("input", index=0), Scalar("input", index=1)
    >>> evaluated([sqrt(a * a + b * b), maximum(a, 7.0)], [3.0, 4.0])
    [5.0, 7.0]
    """
    values: dict[int, float] = {}
    for node in graph(roots):
        if node.op == "input":
            values[node.number] = x[node.index]
        else:
            args = [values[a.number] if isinstance(a, Scalar) else a for a in node.args]
            values[node.number] = OPERATORS[node.op](*args)
    return [values[r.number] if isinstance(r, Scalar) else r for r in roots]
