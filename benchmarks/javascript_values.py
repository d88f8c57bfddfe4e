"""Names, memory and values of a function in JavaScript, and its operators; see `javascript.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rosesim.ad.program import ir
from rosesim.ad.program.ir import BoolT, Func, IntT, Ty, Var
from rosesim.codegen.passes.buffers import SHORT, Buffer, Sharing

if TYPE_CHECKING:
    from javascript import Module

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "fmod": "%", "eq": "===", "ne": "!==", "lt": "<", "le": "<=",
    "gt": ">", "ge": ">=", "and": "&&", "or": "||", "xor": "!==", "iadd": "+", "isub": "-", "imul": "*", "ieq": "===",
    "ilt": "<", "ile": "<=",
}  # fmt: skip
_CALLED = {
    **{n: f"Math.{n}" for n in ("abs", "floor", "ceil", "trunc", "sqrt", "hypot", "exp", "expm1", "log", "log1p")},
    **{n: f"Math.{n}" for n in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh")},
    "unit": "Math.tanh", "minimum": "Math.min", "maximum": "Math.max", "copysign": "copysign", "pow": "pow",
    "floor_clamp": "clamped", "floor_wrap": "wrapped", "int_wrap": "modulo",
}  # fmt: skip
_OTHER: dict[str, Callable[..., str]] = {
    "neg": lambda x: f"-{x}",
    "not": lambda p: f"!{p}",
    "sign": lambda x: f"Math.sign({x}) + 0",
    "select": lambda p, x, y: f"{p} ? {x} : {y}",
    "cast": lambda i: i,
    "real": lambda i: i,
    "idiv": lambda i, j: f"Math.floor({i} / {j})",
    "int_clamp": lambda i, n: f"Math.max(Math.min({i}, {n} - 1), 0)",
}


@dataclass(frozen=True)
class Array:
    """An array: at least one of its address, its scalars, and the scalar that fills it is known."""

    ty: Ty
    at: str | None = None
    items: tuple[str, ...] | None = None
    uniform: str | None = None

    def address(self) -> str:
        assert self.at is not None
        return self.at


def _literal(value: float | bool | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if math.isfinite(value):
        return repr(float(value)) if math.copysign(1.0, value) > 0 else f"({float(value)!r})"
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "(-Infinity)"


class Writer:
    """What a function is written with."""

    def __init__(self, module: Module, func: Func, name: str):
        assert isinstance(func.body, ir.Block)
        self.module, self.func, self.name, self.body = module, func, name, func.body
        module.names[func] = name
        self.sharing: Sharing = module.planned.sharing[func]
        self.env: dict[Var, str | Array] = {}
        self.placed: dict[Buffer, str] = {}
        self.lines: list[str] = []
        self.declared: list[str] = []
        self.count = self.frame = 0

    def put(self, line: str) -> None:
        self.lines.append(line)

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def let(self, text: str) -> str:
        name = self.fresh("v")
        self.put(f"const {name} = {text};")
        return name

    def variable(self, first: str) -> str:
        """A variable of the whole function that may change."""
        name = self.fresh("p")
        self.declared.append(name)
        self.put(f"{name} = {first};")
        return name

    def buffer(self, ty: Ty) -> str:
        name = self.fresh("b")
        self.declared.append(f"{name} = w + {self.frame}")
        self.frame += ty.size
        return name

    def place(self, v: Var) -> str:
        buffer = self.sharing.root[v]
        if buffer not in self.placed:
            self.placed[buffer] = self.buffer(v.ty)
        return self.placed[buffer]

    # ---------------------------------------------------------------------------------------------------- values

    def value(self, a: ir.Atom) -> str | Array:
        return self.env[a] if isinstance(a, Var) else _literal(a.value)

    def scalar(self, a: ir.Atom) -> str:
        v = self.value(a)
        assert isinstance(v, str)
        return v

    def array(self, a: ir.Atom) -> Array:
        v = self.value(a)
        assert isinstance(v, Array)
        return v

    def bind(self, v: Var, value: str | Array) -> None:
        if isinstance(value, Array) and value.at is None and v in self.sharing.addressed:
            to = self.place(v)
            self.write(value, to, v.ty)
            value = replace(value, at=to)
        self.env[v] = value

    def load(self, at: str, ty: Ty) -> str:
        match ty.scalar:
            case BoolT():
                return self.let(f"F[{at}] !== 0")
            case IntT(lo, hi) if lo >= -(2**31) and hi < 2**31:
                return self.let(f"F[{at}] | 0")
            case _:
                return self.let(f"F[{at}]")

    def store(self, at: str, value: str, ty: Ty) -> None:
        self.put(f"F[{at}] = {f'+{value}' if isinstance(ty.scalar, BoolT) else value};")

    def element_at(self, at: str, ty: Ty, idx: Sequence[str]) -> str:
        """The address of the element or sub-array at `idx` of an array at `at`."""
        if not idx:
            return at
        offset = idx[0]
        for i, d in zip(idx[1:], ty.shape[1:], strict=False):
            offset = f"({offset} * {d} + {i})"
        size = ty.at(len(idx)).size
        return self.let(f"{at} + {offset}" + (f" * {size}" if size != 1 else ""))

    def scalars(self, x: Array) -> tuple[str, ...]:
        if x.items is not None:
            return x.items
        if x.uniform is not None:
            return (x.uniform,) * x.ty.size
        return tuple(self.load(f"{x.address()} + {k}", x.ty) for k in range(x.ty.size))

    def write(self, x: str | Array, to: str, ty: Ty) -> None:
        if isinstance(x, str):
            self.store(to, x, ty)
        elif x.items is not None and ty.size <= SHORT:
            for k, item in enumerate(x.items):
                self.store(f"{to} + {k}", item, ty)
        elif x.uniform is not None:
            self.put(f"F.fill(+{x.uniform}, {to}, {to} + {ty.size});")
        elif x.address() != to:
            self.copy(to, x.address(), ty.size)

    def copy(self, to: str, at: str, size: int) -> None:
        if 0 < size <= 4:
            loaded = [self.let(f"F[{at} + {k}]") for k in range(size)]
            for k, v in enumerate(loaded):
                self.put(f"F[{to} + {k}] = {v};")
        elif size:
            self.put(f"F.copyWithin({to}, {at}, {at} + {size});")


def operator(name: str, args: list[str]) -> str:
    if name in _INFIX:
        return f"{args[0]} {_INFIX[name]} {args[1]}"
    if name in _CALLED:
        return f"{_CALLED[name]}({', '.join(args)})"
    if name == "imod":
        return f"modulo({', '.join(args)})"
    if name not in _OTHER:
        raise SystemExit(f"{name} was found; expected what plain JavaScript has")
    return _OTHER[name](*args)
