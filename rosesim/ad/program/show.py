"""The printer: a program as text that a person can read.

    fn norm(v: 3 Real) -> Real
      %1: Real = loop i: Index[3] from s: Real = 0.0
        %2: Real = v[i]
        %3: Real = %2 * %2
        %4: Real = s + %3
        -> %4
      %5: Real = sqrt(%1)
      -> %5

A variable appears under its own name; if others of the function have that name too, it has a number. A variable
without a name appears as `%1`, `%2`, ... in order of appearance. The same program always gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.ops import OPS
from rosesim.ad.support.recursion import nested

_SHOWN_ELEMENTS = 8
"""This many elements of a captured array are shown."""


def show(func: ir.Func, deep: bool = True) -> str:
    """The text of a function; if `deep`, after the texts of all functions that it reaches, callees first.

    >>> from rosesim.ad.program.ir import REAL, Block, Func, Let, Op, Var
    >>> x, y = Var(REAL, "x"), Var(REAL)
    >>> print(show(Func("square", (x,), Block((Let((y,), Op("mul", (x, x))),), (y,)))))
    fn square(x: Real) -> Real
      %1: Real = x * x
      -> %1
    """
    order = ir.reachable(func)
    funcs = _Names()
    for f in order:
        funcs.of(f, f.name or "fn")
    return "\n\n".join("\n".join(_func(f, funcs)) for f in (order if deep else [func]))


def show_let(let: ir.Let) -> str:
    """The first line of a let, for messages. It also shows lets that break rules."""
    return _Printer(_Names()).let(let)[0]


def type_text(ty: ir.Ty) -> str:
    """A type: `Real`, `Index[5]`, `11x2 Real`, `&11 Real` for a ref.

    >>> type_text(ir.Ty(ir.IntT(-1, 4), (11, 2)))
    '11x2 Int[-1..4]'
    """
    shape = "x".join(map(str, ty.shape))
    return ("&" if ty.ref else "") + (shape + " " if shape else "") + _scalar_text(ty.scalar)


def _scalar_text(scalar: ir.Scalar) -> str:
    if scalar.lanes > 1:
        return f"{_scalar_text(replace(scalar, lanes=1))} in {scalar.lanes} lanes"
    match scalar:
        case ir.FloatT(width):
            return "Real" if width == 64 else f"Real{width}"
        case ir.TanT(width):
            return "Tan" if width == 64 else f"Tan{width}"
        case ir.BoolT():
            return "Bool"
        case ir.IntT(0, hi) if hi >= -1:
            return f"Index[{hi + 1}]"
        case ir.IntT(lo, hi):
            return f"Int[{lo}..{hi}]"


class _Names:
    """A unique name for each thing: the name that is wished for, with a number from the second use on."""

    def __init__(self) -> None:
        self._given: dict[object, str] = {}
        self._taken: set[str] = set()
        self._bearers: dict[str, int] = {}

    def of(self, thing: object, wish: str) -> str:
        if thing not in self._given:
            name = wish
            while not name or name in self._taken:
                self._bearers[wish] = self._bearers.get(wish, 0 if not wish else 1) + 1
                name = f"{wish}.{self._bearers[wish]}" if wish else f"%{self._bearers[wish]}"
            self._taken.add(name)
            self._given[thing] = name
        return self._given[thing]


def _func(func: ir.Func, funcs: _Names) -> list[str]:
    text = _Printer(funcs)
    results = ", ".join(map(type_text, func.results))
    results = results if len(func.results) == 1 else f"({results})"
    kind = "opaque fn" if isinstance(func.body, ir.Opaque) else "fn"
    where = f"  # {func.where}" if func.where else ""
    params = ", ".join(map(text.typed, func.params))
    lines = [f"{kind} {funcs.of(func, func.name)}({params}) -> {results}{where}"]
    if isinstance(func.body, ir.Block):
        lines += _indented(text.block(func.body))
    return lines


def _indented(lines: Iterable[str]) -> list[str]:
    return ["  " + line for line in lines]


class _Printer:
    """Writes the parts of one function, with the names given so far."""

    def __init__(self, funcs: _Names) -> None:
        self._vars = _Names()
        self._funcs = funcs

    def typed(self, var: ir.Var) -> str:
        return f"{self._vars.of(var, var.name)}: {type_text(var.ty)}"

    def atom(self, a: ir.Atom) -> str:
        if isinstance(a, ir.Var):
            return self._vars.of(a, a.name)
        # A tangent's literal is marked, because it is not interchangeable with a real's.
        return f"{a.value!r}t" if isinstance(a.ty.scalar, ir.TanT) else repr(a.value)

    def atoms(self, atoms: Iterable[ir.Atom]) -> str:
        return ", ".join(map(self.atom, atoms))

    def block(self, block: ir.Block) -> list[str]:
        lines = [line for let in block.lets for line in self.let(let)]
        return [*lines, f"-> {self.atoms(block.results)}".rstrip()]

    def let(self, let: ir.Let) -> list[str]:
        outs = ", ".join(
            map(self.typed, let.outs)
        )  # first, so that the numbers of unnamed variables grow from line to line
        head = self.head(let.expr)
        return [f"{outs} = {head}" if outs else head, *self.below(let.expr)]

    def place(self, x: ir.Atom, idx: tuple[ir.Atom, ...]) -> str:
        return f"{self.atom(x)}[{self.atoms(idx)}]" if idx else self.atom(x)

    def bound(self, variables: Iterable[ir.Var], inits: Iterable[ir.Atom]) -> str:
        return ", ".join(f"{self.typed(v)} = {self.atom(a)}" for v, a in zip(variables, inits, strict=False))

    def head(self, e: ir.Expr) -> str:
        """The first line of an expression, without its nested blocks."""
        match e:
            case ir.Op(name, args):
                return self.op(name, args)
            case ir.Get(x, idx):
                return self.place(x, idx)
            case ir.Put(x, idx, v):
                return f"{self.atom(x)} with [{self.atoms(idx)}] = {self.atom(v)}"
            case ir.Stack(items):
                return f"[{self.atoms(items)}]"
            case ir.Fill(value):
                return f"fill({self.atom(value)})"
            case ir.Data(array):
                return f"data({_elements(array)})"
            case ir.Stop(x):
                return f"stop_gradient({self.atom(x)})"
            case ir.Loop():
                return self.loop(e)
            case ir.Cond(p, _, _):
                return f"cond {self.atom(p)}"
            case ir.Accum(inits, refs, _):
                return f"accum {self.bound(refs, inits)}".rstrip()
            case ir.Add(ref, idx, v):
                sign = "|=" if isinstance(ref.ty.scalar, ir.BoolT) else "+="
                return f"{self.place(ref, idx)} {sign} {self.atom(v)}"
            case ir.SubRef(ref, idx):
                return f"&{self.place(ref, idx)}"
            case ir.Guard(bad, message, values):
                import json  # late: only who reads a program needs it

                # As JSON, so that a message of several lines stays on one.
                of = f" of {self.atoms(values)}" if values else ""
                return f"guard {self.atom(bad)}: {json.dumps(message, ensure_ascii=False)}{of}"
            case ir.Call(func, args):
                return f"{self._funcs.of(func, func.name or 'fn')}({self.atoms(args)})"
            case _:
                ir.unknown(e)

    def op(self, name: str, args: tuple[ir.Atom, ...]) -> str:
        texts = [self.atom(a) for a in args]
        row = OPS.get(
            name
        )  # a broken program, with no such operator or another number of arguments, is shown as well
        if row is None or len(texts) != len(row.kinds):
            return f"{name}({', '.join(texts)})"
        return row.written(*texts)

    def loop(self, e: ir.Loop) -> str:
        parts = ["loop", self.typed(e.index)]
        if e.upto is not None:
            parts.append(f"upto {self.atom(e.upto)}")
        parts += ["reverse"] * e.reverse + [f"in {e.lanes} lanes"] * (e.lanes > 1)
        if e.carries:
            parts.append(f"from {self.bound(e.carries, e.inits)}")
        return " ".join(parts)

    def below(self, e: ir.Expr) -> list[str]:
        """The lines of an expression's nested blocks."""
        match e:
            case ir.Loop(test=ir.Block() as test):
                return [
                    *self.titled("while", test),
                    *self.titled("do", e.body),
                ]
            case ir.Loop(body=body) | ir.Accum(body=body):
                return _indented(nested(self.block, body))
            case ir.Cond(_, then, orelse):
                return [*self.titled("then", then), *self.titled("else", orelse)]
            case ir.Op() | ir.Get() | ir.Put() | ir.Stack() | ir.Fill() | ir.Data() | ir.Stop():
                return []
            case ir.Add() | ir.SubRef() | ir.Guard() | ir.Call():
                return []
            case _:
                ir.unknown(e)

    def titled(self, title: str, block: ir.Block) -> list[str]:
        return _indented([title, *_indented(nested(self.block, block))])


def _elements(array: np.ndarray) -> str:
    shown = ", ".join(repr(v) for v in array.flat[:_SHOWN_ELEMENTS].tolist())
    return shown + ", ..." if array.size > _SHOWN_ELEMENTS else shown
