"""Smooth functions written with kinked ones: the forward derivative of an even power of a kinked result.

`norm(v) ** 2`, `hypot(x, y) * hypot(x, y)`, `abs(x) ** 4`, `sqrt(x) ** 2` and `m * norm(v) * norm(v)` are smooth. But
the product rule gives the derivative of s^2 as 2 s ds, where s has a kink. Differentiated again at the kink, this
gives the convention's value and not the function's: the hessian of `norm(v) ** 2` at rest would be zero. So the
derivative of s^2 is written with the argument of the kink: du for sqrt(u)^2, 2 x dx for abs(x)^2. Values do not
change.

This finds a square and its kink only in one function, with no loop's carry between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rosesim.ad.program.builder import Builder, real
from rosesim.ad.program.ir import Atom, Expr, Lit, Op, TanT, Ty
from rosesim.ad.program.same_number import same_number

MOST_OPERATORS = 6
"""At most this many operators between a product and the kink that it squares: more than people write."""


@dataclass(frozen=True, slots=True)
class Smooth:
    """Writes tangents of even powers into `b`.

    `tan` gives the tangent of an atom, zeros if it carries none. `made_by` gives the expression that an atom is
    bound to.
    """

    b: Builder
    tan: Callable[[Atom], Atom]
    made_by: Callable[[Atom], Expr | None]

    def tangent(self, name: str, args: tuple[Atom, ...]) -> Atom | None:
        """The tangent of an operator's result if it is an even power of a kinked result or a root that undoes a
        power; otherwise None."""
        match name, args:
            case "mul", (p, q):
                return self._product(p, q)
            case "pow", (x, Lit(k)) if k >= 2 and k % 2 == 0 and self._roots(x, MOST_OPERATORS):
                square = self._square(x, MOST_OPERATORS)
                if k == 2:
                    return square
                half = self._op("pow", self._op("mul", x, x), real(k / 2 - 1))
                return self._scaled(self._op("mul", real(k / 2), half), square)
            case "sqrt", (u,):
                return self._root(u)
            case _:
                return None

    def _op(self, name: str, *args: Atom) -> Atom:
        return self.b.op(name, *args)

    def _scaled(self, factor: Atom, t: Atom) -> Atom:
        return self._op("mul", factor, t)

    def _made(self, a: Atom) -> tuple[str, tuple[Atom, ...]]:
        e = self.made_by(a)
        return (e.name, e.args) if isinstance(e, Op) else ("", ())

    # ------------------------------------------------------------------------------- products

    def _product(self, p: Atom, q: Atom) -> Atom | None:
        """The tangent of p q = s^2 (x y), if p = s x and q = s y for a kinked s."""
        for s in self._roots(p, MOST_OPERATORS):
            active = not isinstance(self.tan(s), Lit)
            if active and any(same_number(self.made_by, s, r) for r in self._roots(q, MOST_OPERATORS)):
                x, y = self._without(p, s), self._without(q, s)
                value, t = self._times(x, y)
                of_square = self._scaled(value, self._square(s, MOST_OPERATORS))
                return self._op("add", of_square, self._scaled(self._op("mul", s, s), t))
        return None

    def _roots(self, a: Atom, depth: int) -> list[Atom]:
        """The kinked results among the factors of a."""
        if depth == 0:
            return []
        match self._made(a):
            case "sqrt" | "abs" | "hypot" | "copysign", _:
                return [a]
            case "mul", (p, q):
                return self._roots(p, depth - 1) + (self._roots(q, depth - 1) if q is not p else [])
            case "neg" | "div", (p, *_):
                return self._roots(p, depth - 1)
            case "select", (_, p, q):
                return [a] if self._roots(p, depth - 1) or self._roots(q, depth - 1) else []
            case "minimum" | "maximum", (p, q):
                return [a] if self._roots(p, depth - 1) or self._roots(q, depth - 1) else []
            case _:
                return []

    def _without(self, a: Atom, s: Atom) -> tuple[Atom, Atom]:
        """a / s, where s is a factor of a, and its tangent."""
        if same_number(self.made_by, a, s):
            return real(1.0), self._zero
        match self._made(a):
            case "neg", (p,):
                value, t = self._without(p, s)
                return self._op("neg", value), self._op("neg", t)
            case "div", (p, q):
                value, t = self._without(p, s)
                over = self._op("div", value, q)
                lost = self._scaled(over, self.tan(q))
                return over, self._op("div", self._op("sub", t, lost), q)
            case _, (p, q):
                if any(same_number(self.made_by, r, s) for r in self._roots(p, MOST_OPERATORS)):
                    return self._times(self._without(p, s), (q, self.tan(q)))
                return self._times((p, self.tan(p)), self._without(q, s))
            case _:
                raise AssertionError(a)

    def _times(self, x: tuple[Atom, Atom], y: tuple[Atom, Atom]) -> tuple[Atom, Atom]:
        tangents = self._op("add", self._scaled(y[0], x[1]), self._scaled(x[0], y[1]))
        return self._op("mul", x[0], y[0]), tangents

    @property
    def _zero(self) -> Lit:
        return Lit(0.0, Ty(TanT()))

    # -------------------------------------------------------------------------------- squares

    def _square(self, a: Atom, depth: int) -> Atom:
        """The tangent of a^2, written without the tangents of kinks as far as `made_by` shows them."""
        made = self._made(a) if depth else ("", ())
        match made:
            case "sqrt", (u,):
                return self.tan(u)
            case "abs" | "neg", (x,):
                return self._square(x, depth - 1)
            case "copysign", (x, _):
                return self._square(x, depth - 1)
            case "hypot", (x, y):
                return self._op("add", self._square(x, depth - 1), self._square(y, depth - 1))
            case "select", (p, x, y):
                return self._op("select", p, self._square(x, depth - 1), self._square(y, depth - 1))
            case "minimum" | "maximum" as name, (x, y):
                p = self._op("le" if name == "minimum" else "ge", x, y)
                return self._op("select", p, self._square(x, depth - 1), self._square(y, depth - 1))
            case "mul", (x, y) if self._roots(a, depth):
                s, t = self._square(x, depth - 1), self._square(y, depth - 1)
                return self._op("add", self._scaled(self._op("mul", y, y), s), self._scaled(self._op("mul", x, x), t))
            case "div", (x, y) if self._roots(a, depth):
                s, t = self._square(x, depth - 1), self._square(y, depth - 1)
                lost = self._scaled(self._op("mul", a, a), t)
                return self._op("div", self._op("sub", s, lost), self._op("mul", y, y))
            case _:
                return self._scaled(self._op("add", a, a), self.tan(a))

    # ---------------------------------------------------------------------------------- roots

    def _root(self, u: Atom) -> Atom | None:
        """The tangent of sqrt(y^2) = y, if y is never negative, or of sqrt(x^4k) = x^2k: both are smooth at zero."""
        match self._made(u):
            case "mul", (y, z) if y is z and self._is_never_negative(y, MOST_OPERATORS):
                return self.tan(y)
            case "pow", (x, Lit(k)) if k >= 4 and k % 4 == 0:
                slope = self._op("mul", real(k / 2), self._op("pow", x, real(k / 2 - 1)))
                return self._scaled(slope, self.tan(x))
            case _:
                return None

    def _is_never_negative(self, a: Atom, depth: int) -> bool:
        """Whether a is provably zero, positive or NaN."""
        if isinstance(a, Lit):
            return a.value >= 0
        if depth == 0:
            return False

        def recurse(x: Atom) -> bool:
            return self._is_never_negative(x, depth - 1)

        match self._made(a):
            case "sqrt" | "abs" | "hypot" | "exp" | "cosh", _:
                return True
            case "mul", (x, y):
                return x is y or recurse(x) and recurse(y)
            case "pow", (_, Lit(k)) if k % 2 == 0:
                return True
            case "add" | "div" | "minimum", (x, y):
                return recurse(x) and recurse(y)
            case "maximum", (x, y):
                return recurse(x) or recurse(y)
            case "select", (_, x, y):
                return recurse(x) and recurse(y)
            case _:
                return False
