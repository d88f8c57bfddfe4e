"""Our programs as plain JavaScript: the second backend of Rose's paper, here only to be measured.

    python benchmarks/javascript.py SCENE [--set NAME=VALUE ...] > gradient.mjs

`written` gives an ES module whose `run(...)` takes and gives flat numbers and arrays, after the passes for a target
without lanes. All memory is one Float64Array: a number takes eight bytes whatever its type, and an address counts
elements. Arrays share memory as `codegen.passes.buffers` says, so that nothing is copied that machine code would not
copy. Guards throw. It refuses `erf`, operations on bits, and captured arrays that a user may change.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim import value_and_grad
from rosesim.ad.program import ir
from rosesim.ad.program.ir import BoolT, Func, IntT, Let, Loop, Ty, Var
from rosesim.ad.support import recursion
from rosesim.codegen import pipeline, targets
from rosesim.codegen.passes.buffers import SHORT, Buffer, Sharing
from rosesim.codegen.planned import Options, Planned
from rosesim.scenes import compiled, configure, find_scene

HELPERS = """\
const copysign = (x, y) => ((y < 0 || Object.is(y, -0)) ? -Math.abs(x) : Math.abs(x));
const pow = (x, y) => (x === 1 ? 1 : x === -1 && Math.abs(y) === Infinity ? 1 : x ** y);
const modulo = (i, n) => { const r = i % n; return r < 0 ? r + n : r; };
const wrapped = (x, n) => (Number.isFinite(x) ? modulo(Math.floor(x), n) : 0);
const clamped = (x, n) => (x > 0 ? (x >= n ? n - 1 : Math.floor(x)) : 0);
"""

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


def written(func: Func, math: Any = "fast") -> str:
    """The ES module of a program of the language."""
    target = replace(targets.wasm32(), name="javascript", lanes=1, vector_bytes=0, triple="javascript")
    return _Module(pipeline.planned(func, Options(math=math), target)).text()


@dataclass(frozen=True)
class _Array:
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


class _Module:
    """All functions, and the memory that they share."""

    def __init__(self, planned: Planned):
        self.planned = planned
        self.names: dict[Func, str] = {}
        self.frames: dict[Func, int] = {}
        self.fixed = 0
        """Elements of memory with a fixed place: captured arrays, arguments and results."""
        self.data: dict[int, str] = {}
        self.filled: list[str] = []

    def text(self) -> str:
        functions = [_Function(self, f, f"f{k}").text() for k, f in enumerate(self.planned.order)]
        main = self.planned.func
        params, body, outs = [], [], []
        for k, p in enumerate(main.params):
            params.append(f"a{k}")
            if p.ty.shape:
                at = self.room(p.ty.size)
                body.append(f"F.set(a{k}, {at});")
                params_k = str(at)
            else:
                params_k = f"a{k}"
            outs.append(params_k)
        # An argument that the program overwrites is its own copy already.
        inside = {r: int(outs[k]) for k, r in self.planned.sharing[main].in_out.items()}
        places = {k: inside.get(k, -1) for k, t in enumerate(main.results) if t.shape}
        places = {k: self.room(main.results[k].size) if at < 0 else at for k, at in places.items()}
        args = [*outs, *(str(at) for k, at in places.items() if k not in inside), str(self.fixed)]
        body.append(f"const first = {self.names[main]}({', '.join(args)});")
        scalars = iter(["first", *(f"R{k}" for k in range(1, 64))])
        given = [
            f"F.subarray({places[k]}, {places[k] + t.size})" if t.shape else next(scalars)
            for k, t in enumerate(main.results)
        ]
        size = self.fixed + self.frames[main]
        most = max(len([t for t in f.results if not t.shape]) for f in self.planned.order)
        more = f"let {', '.join(f'R{k}' for k in range(1, most))};" if most > 1 else ""
        lines = [f"const F = new Float64Array({size});", *self.filled, more, HELPERS, *functions]
        lines.append(
            f"export function run({', '.join(params)}) {{\n{chr(10).join(body)}\nreturn [{', '.join(given)}];\n}}"
        )
        return "\n".join(lines)

    def room(self, size: int) -> int:
        """Where so many elements with a fixed place begin."""
        self.fixed += size
        return self.fixed - size

    def constant(self, array: np.ndarray) -> str:
        """Where a captured array lies."""
        if id(array) not in self.data:
            at = self.room(array.size)
            self.data[id(array)] = str(at)
            numbers = json.dumps(np.asarray(array, np.float64).ravel().tolist(), separators=(",", ":"))
            self.filled.append(f"F.set({numbers}, {at});")
        return self.data[id(array)]


class _Function:
    """One function."""

    def __init__(self, module: _Module, func: Func, name: str):
        assert isinstance(func.body, ir.Block)
        self.module, self.func, self.name, self.body = module, func, name, func.body
        module.names[func] = name
        self.sharing: Sharing = module.planned.sharing[func]
        self.env: dict[Var, str | _Array] = {}
        self.placed: dict[Buffer, str] = {}
        self.lines: list[str] = []
        self.declared: list[str] = []
        self.count = self.frame = 0

    # ------------------------------------------------------------------------------------------ names and memory

    def text(self) -> str:
        params: list[str] = []
        for k, p in enumerate(self.func.params):
            params.append(f"a{k}")
            self.env[p] = _Array(p.ty, f"a{k}") if p.ty.shape or p.ty.ref else f"a{k}"
            if p in self.sharing.root:
                self.placed[self.sharing.root[p]] = f"a{k}"
        inside = set(self.sharing.in_out.values())
        to: list[str | None] = [None] * len(self.func.results)
        for k, t in enumerate(self.func.results):
            if t.shape and k not in inside:
                to[k] = f"r{k}"
                params.append(f"r{k}")
        values = [v for v in recursion.nested(self.block, self.body, to) if isinstance(v, str)]
        for k, v in enumerate(values[1:], 1):
            self.put(f"R{k} = {v};")
        if values:
            self.put(f"return {values[0]};")
        self.module.frames[self.func] = self.frame + max(
            (self.module.frames[g] for g in ir.callees(self.func)), default=0
        )
        head = [f"let {', '.join(self.declared)};"] if self.declared else []
        begin = [f"const FRAME_{self.name} = {self.frame};", f"function {self.name}({', '.join([*params, 'w'])}) {{"]
        return "\n".join([*begin, *head, *self.lines, "}"])

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

    def value(self, a: ir.Atom) -> str | _Array:
        return self.env[a] if isinstance(a, Var) else _literal(a.value)

    def scalar(self, a: ir.Atom) -> str:
        v = self.value(a)
        assert isinstance(v, str)
        return v

    def array(self, a: ir.Atom) -> _Array:
        v = self.value(a)
        assert isinstance(v, _Array)
        return v

    def bind(self, v: Var, value: str | _Array) -> None:
        if isinstance(value, _Array) and value.at is None and v in self.sharing.addressed:
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

    def scalars(self, x: _Array) -> tuple[str, ...]:
        if x.items is not None:
            return x.items
        if x.uniform is not None:
            return (x.uniform,) * x.ty.size
        return tuple(self.load(f"{x.address()} + {k}", x.ty) for k in range(x.ty.size))

    def write(self, x: str | _Array, to: str, ty: Ty) -> None:
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

    # ---------------------------------------------------------------------------------------------------- blocks

    def block(self, block: ir.Block, destinations: Sequence[str | None]) -> list[str | _Array]:
        for a, to in zip(block.results, destinations, strict=True):
            if to is not None and self.sharing.is_whole(a):
                assert isinstance(a, Var)
                buffer = self.sharing.root[a]
                if buffer.block is block and buffer not in self.placed:
                    self.placed[buffer] = to
        for let in block.lets:
            self.one(let)
        values = [self.value(a) for a in block.results]
        for k, (value, to) in enumerate(zip(values, destinations, strict=True)):
            if to is not None:
                assert isinstance(value, _Array)
                self.write(value, to, value.ty)
                values[k] = _Array(value.ty, to)
        return values

    def one(self, let: Let) -> None:
        match let.expr:
            case ir.Op(name, args):
                self.env[let.outs[0]] = self.let(_operator(name, [self.scalar(a) for a in args]))
            case ir.Get(x, idx):
                self.bind(let.outs[0], self.get(self.array(x), [self.scalar(i) for i in idx]))
            case ir.Stop(x):
                self.bind(let.outs[0], self.same(x))
            case ir.Put():
                self.replaced(let, let.expr)
            case ir.Stack(items):
                self.stack(let.outs[0], items)
            case ir.Fill(value):
                self.bind(let.outs[0], _Array(let.outs[0].ty, uniform=self.scalar(value)))
            case ir.Data(array, live):
                if live:
                    raise SystemExit("a captured array that a user may change was found; expected constants")
                self.env[let.outs[0]] = _Array(let.outs[0].ty, self.module.constant(array))
            case Loop() as loop:
                recursion.nested(self.loop, let, loop)
            case ir.Cond() as cond:
                recursion.nested(self.cond, let, cond)
            case ir.Accum() as accum:
                self.accum(let, accum)
            case ir.Add(ref, idx, v):
                self.add(self.element_at(self.array(ref).address(), ref.ty, [self.scalar(i) for i in idx]),
                         ref.ty.at(len(idx)), self.value(v))  # fmt: skip
            case ir.SubRef(ref, idx):
                at = self.element_at(self.array(ref).address(), ref.ty, [self.scalar(i) for i in idx])
                self.env[let.outs[0]] = _Array(let.outs[0].ty, at)
            case ir.Guard(bad, message, _):
                self.put(f"if ({self.scalar(bad)}) throw new Error({json.dumps(message)});")
            case ir.Call() as call:
                self.call(let, call)
            case _:
                ir.unknown(let.expr)

    def get(self, x: _Array, idx: list[str]) -> str | _Array:
        ty = x.ty.at(len(idx))
        if x.uniform is not None:
            return _Array(ty, uniform=x.uniform) if ty.shape else x.uniform
        if x.items is not None and all(i.isdigit() for i in idx):
            start = _flat(x.ty, idx)
            return _Array(ty, items=x.items[start : start + ty.size]) if ty.shape else x.items[start]
        at = self.element_at(x.address(), x.ty, idx)
        return _Array(ty, at) if ty.shape else self.load(at, ty)

    def same(self, x: ir.Atom) -> str | _Array:
        value = self.value(x)
        if isinstance(value, _Array) and x in self.sharing.elements:
            return replace(value, at=None)
        return value

    def replaced(self, let: Let, put: ir.Put) -> None:
        (out,) = let.outs
        x, v = self.array(put.x), self.value(put.v)
        idx = [self.scalar(i) for i in put.idx]
        if out in self.sharing.elements:
            start = _flat(x.ty, idx)
            new = list(self.scalars(x))
            part = (v,) if isinstance(v, str) else self.scalars(v)
            new[start : start + len(part)] = part
            self.bind(out, _Array(out.ty, items=tuple(new)))
            return
        if let in self.sharing.reuses:
            to = x.address()
        else:
            to = self.place(out)
            self.write(x, to, x.ty)
        self.env[out] = _Array(out.ty, to)
        self.write(v, self.element_at(to, out.ty, idx), out.ty.at(len(idx)))

    def stack(self, out: Var, items: Sequence[ir.Atom]) -> None:
        if out in self.sharing.elements:
            texts: list[str] = []
            for a in items:
                v = self.value(a)
                texts.extend((v,) if isinstance(v, str) else self.scalars(v))
            self.bind(out, _Array(out.ty, items=tuple(texts)))
            return
        to = self.place(out)
        for k, a in enumerate(items):
            self.write(self.value(a), f"{to} + {k * a.ty.size}", a.ty)
        self.env[out] = _Array(out.ty, to)

    # --------------------------------------------------------------------------------------------------- control

    def cond(self, let: Let, cond: ir.Cond) -> None:
        sharing = self.sharing
        to: list[str | None] = []
        for v, a in zip(let.outs, cond.then.results, strict=True):
            there = isinstance(a, Var) and sharing.root.get(v) is sharing.root.get(a)
            to.append(self.place(v) if v.ty.shape and v not in sharing.elements and not there else None)
        variables: list[list[str]] = []
        for v in let.outs:
            scalar = not v.ty.shape or v in sharing.elements
            variables.append([self.fresh("p") for _ in range(v.ty.size if scalar else 1)])
            self.declared += variables[-1]
        self.put(f"if ({self.scalar(cond.p)}) {{")
        for block in (cond.then, cond.orelse):
            for v, names, value in zip(let.outs, variables, self.block(block, to), strict=True):
                if isinstance(value, str):
                    texts: Sequence[str] = [value]
                else:
                    texts = self.scalars(value) if v in sharing.elements else [value.address()]
                for name, text in zip(names, texts, strict=True):
                    self.put(f"{name} = {text};")
            self.put("} else {" if block is cond.then else "}")
        for v, names in zip(let.outs, variables, strict=True):
            if not v.ty.shape:
                self.bind(v, names[0])
            elif v in sharing.elements:
                self.bind(v, _Array(v.ty, items=tuple(names)))
            else:
                self.bind(v, _Array(v.ty, names[0]))

    def accum(self, let: Let, accum: ir.Accum) -> None:
        finals = let.outs[len(accum.body.results) :]
        reused = self.sharing.reuses.get(let, set())
        for k, (ref, init, out) in enumerate(zip(accum.refs, accum.inits, finals, strict=True)):
            if k in reused:
                to = self.array(init).address()
            else:
                to = self.place(out) if out.ty.shape else self.buffer(out.ty)
                self.write(self.value(init), to, out.ty)
            self.env[ref] = _Array(ref.ty, to)
        recursion.nested(self.block, replace_results(accum.body), ())
        for v, a in zip(let.outs, accum.body.results, strict=False):
            self.bind(v, self.same(a))
        for ref, out in zip(accum.refs, finals, strict=True):
            at = self.array(ref).address()
            self.bind(out, _Array(out.ty, at) if out.ty.shape else self.load(at, out.ty))

    def add(self, to: str, ty: Ty, v: str | _Array) -> None:
        def one(at: str, value: str) -> None:
            self.put(
                f"F[{at}] = +(F[{at}] !== 0 || {value});" if isinstance(ty.scalar, BoolT) else f"F[{at}] += {value};"
            )

        if isinstance(v, str):
            one(to, v)
        elif ty.size <= SHORT // 2 or v.items is not None:
            for k, item in enumerate(self.scalars(v)):
                one(f"{to} + {k}", item)
        else:
            i = self.fresh("i")
            self.put(f"for (let {i} = 0; {i} < {ty.size}; ++{i}) {{")
            one(f"{to} + {i}", v.uniform if v.uniform is not None else self.load(f"{v.address()} + {i}", ty))
            self.put("}")

    def call(self, let: Let, call: ir.Call) -> None:
        sharing = self.module.planned.sharing[call.func]
        reused = self.sharing.reuses.get(let, set())
        finals: dict[int, str] = {}
        args: list[str] = []
        for k, a in enumerate(call.args):
            value = self.value(a)
            if isinstance(value, str):
                args.append(value)
                continue
            at = value.address()
            if k in sharing.in_out:
                if k not in reused:
                    at = self.place(let.outs[sharing.in_out[k]])
                    self.write(value, at, a.ty)
                finals[sharing.in_out[k]] = at
            args.append(at)
        for k, t in enumerate(call.func.results):
            if t.shape and k not in finals:
                finals[k] = self.place(let.outs[k])
                args.append(finals[k])
        made = f"{self.module.names[call.func]}({', '.join([*args, f'w + FRAME_{self.name}'])})"
        scalars = [v for v in let.outs if not v.ty.shape]
        if scalars:
            self.env[scalars[0]] = self.let(made)
        else:
            self.put(f"{made};")
        for k, v in enumerate(scalars[1:], 1):
            self.env[v] = self.let(f"R{k}")
        for k, v in enumerate(let.outs):
            if v.ty.shape:
                self.env[v] = _Array(v.ty, finals[k])

    def loop(self, let: Let, loop: Loop) -> None:
        buffers, n = self.sharing.loops[loop], len(loop.carries)
        stacked = let.outs[n : len(let.outs) - (loop.test is not None)]
        stacks = [self.place(v) for v in stacked]
        end = str(loop.n) if loop.upto is None else self.scalar(loop.upto)
        state: list[list[str]] = []
        for j, (init, carry) in enumerate(zip(loop.inits, loop.carries, strict=True)):
            value = self.value(init)
            if isinstance(value, str):
                state.append([self.variable(value)])
                self.env[carry] = state[j][0]
            elif not buffers.buffered[j]:
                state.append([self.variable(x) for x in self.scalars(value)])
                self.env[carry] = _Array(carry.ty, items=tuple(state[j]))
            else:
                home = value.address() if buffers.steals[j] else self.buffer(carry.ty)
                if not buffers.steals[j]:
                    self.write(value, home, carry.ty)
                state.append([self.variable(home)])
                self.env[carry] = _Array(carry.ty, state[j][0])
                self.placed[self.sharing.root[carry]] = state[j][0]
        spares = {
            j: self.variable(self.buffer(loop.carries[j].ty))
            for j in range(n)
            if buffers.buffered[j] and buffers.source[j] is None
        }
        count = self.variable("0")
        self.put(f"for ({count} = 0; {count} < {end}; ++{count}) {{")
        self.env[loop.index] = count
        if loop.test is not None:
            (going,) = self.block(loop.test, [None])
            self.put(f"if (!{going}) break;")
        at = self.env[loop.index] = self.let(f"{end} - 1 - {count}" if loop.reverse else count)
        to: list[str | None] = [spares.get(j) for j in range(n)]
        for v, pointer in zip(stacked, stacks, strict=True):
            to.append(self.element_at(pointer, v.ty, [at]) if len(v.ty.shape) > 1 else None)
        values = self.block(loop.body, to)
        for v, pointer, value in zip(stacked, stacks, values[n:], strict=True):
            if isinstance(value, str):
                self.store(f"{pointer} + {at}", value, v.ty)
        moved: list[tuple[str, str]] = []
        for j, value in enumerate(values[:n]):
            if isinstance(value, str):
                moved.append((state[j][0], value))
            elif not buffers.buffered[j]:
                moved += zip(state[j], self.scalars(value), strict=True)
            elif buffers.source[j] is None:
                moved.append((state[j][0], spares[j]))
            elif buffers.source[j] != j:
                moved.append((state[j][0], state[buffers.source[j] or 0][0]))
        moved += [(name, state[buffers.dropped[j]][0]) for j, name in spares.items()]
        moved = [(name, text) for name, text in moved if name != text]
        names = {name for name, _ in moved}
        texts = [self.let(text) if text in names else text for _, text in moved]
        for (name, _), text in zip(moved, texts, strict=True):
            self.put(f"{name} = {text};")
        self.put("}")
        for j, v in enumerate(let.outs[:n]):
            if not v.ty.shape:
                self.bind(v, state[j][0])
            elif not buffers.buffered[j]:
                self.bind(v, _Array(v.ty, items=tuple(state[j])))
            else:
                final = state[j][0]
                wanted = self.placed.setdefault(self.sharing.root[v], final)
                if wanted != final:
                    move = f"F.copyWithin({wanted}, {final}, {final} + {v.ty.size})"
                    self.put(f"if ({wanted} !== {final}) {move};")
                self.env[v] = _Array(v.ty, wanted)
        for v, pointer in zip(stacked, stacks, strict=True):
            if loop.upto is not None or loop.test is not None:
                row, ran = v.ty.at(1).size, count if loop.test is not None else end
                self.put(f"F.fill(0, {pointer} + {ran} * {row}, {pointer} + {loop.n * row});")
            self.env[v] = _Array(v.ty, pointer)
        if loop.test is not None:
            self.env[let.outs[-1]] = count


def replace_results(block: ir.Block) -> ir.Block:
    """The block without its results."""
    return ir.Block(block.lets, ())


def _flat(ty: Ty, idx: Sequence[str]) -> int:
    at = 0
    for i, d in zip(idx, ty.shape, strict=False):
        at = at * d + int(i)
    return at * ty.at(len(idx)).size


def _operator(name: str, args: list[str]) -> str:
    if name in _INFIX:
        return f"{args[0]} {_INFIX[name]} {args[1]}"
    if name in _CALLED:
        return f"{_CALLED[name]}({', '.join(args)})"
    if name == "imod":
        return f"modulo({', '.join(args)})"
    if name not in _OTHER:
        raise SystemExit(f"{name} was found; expected what plain JavaScript has")
    return _OTHER[name](*args)


def gradient(scene: Any, params: Any, inputs: Any) -> Func:
    """The program of a scene's loss and gradient."""
    both = value_and_grad(compiled(scene).loss, wrt=0)
    return both.traced(both.types_of((params, inputs))).func


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scene")
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    scene, inputs = configure(find_scene(given.scene), given.set)
    print(written(gradient(scene, scene.params(np.random.default_rng(0)), inputs)))


if __name__ == "__main__":
    main()
