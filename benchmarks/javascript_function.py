"""A function of a program of ours as one of JavaScript; see `javascript.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from javascript_values import Array, Writer, operator

from rosesim.ad.program import ir
from rosesim.ad.program.ir import BoolT, Let, Loop, Ty, Var
from rosesim.ad.support import recursion
from rosesim.codegen.passes.buffers import SHORT


class Function(Writer):
    """One function."""

    def text(self) -> str:
        params: list[str] = []
        for k, p in enumerate(self.func.params):
            params.append(f"a{k}")
            self.env[p] = Array(p.ty, f"a{k}") if p.ty.shape or p.ty.ref else f"a{k}"
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

    # ---------------------------------------------------------------------------------------------------- blocks

    def block(self, block: ir.Block, destinations: Sequence[str | None]) -> list[str | Array]:
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
                assert isinstance(value, Array)
                self.write(value, to, value.ty)
                values[k] = Array(value.ty, to)
        return values

    def one(self, let: Let) -> None:
        match let.expr:
            case ir.Op(name, args):
                self.env[let.outs[0]] = self.let(operator(name, [self.scalar(a) for a in args]))
            case ir.Get(x, idx):
                self.bind(let.outs[0], self.get(self.array(x), [self.scalar(i) for i in idx]))
            case ir.Stop(x):
                self.bind(let.outs[0], self.same(x))
            case ir.Put():
                self.replaced(let, let.expr)
            case ir.Stack(items):
                self.stack(let.outs[0], items)
            case ir.Fill(value):
                self.bind(let.outs[0], Array(let.outs[0].ty, uniform=self.scalar(value)))
            case ir.Data(array, live):
                if live:
                    raise SystemExit("a captured array that a user may change was found; expected constants")
                self.env[let.outs[0]] = Array(let.outs[0].ty, self.module.constant(array))
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
                self.env[let.outs[0]] = Array(let.outs[0].ty, at)
            case ir.Guard(bad, message, _):
                self.put(f"if ({self.scalar(bad)}) throw new Error({json.dumps(message)});")
            case ir.Call() as call:
                self.call(let, call)
            case _:
                ir.unknown(let.expr)

    def get(self, x: Array, idx: list[str]) -> str | Array:
        ty = x.ty.at(len(idx))
        if x.uniform is not None:
            return Array(ty, uniform=x.uniform) if ty.shape else x.uniform
        if x.items is not None and all(i.isdigit() for i in idx):
            start = _flat(x.ty, idx)
            return Array(ty, items=x.items[start : start + ty.size]) if ty.shape else x.items[start]
        at = self.element_at(x.address(), x.ty, idx)
        return Array(ty, at) if ty.shape else self.load(at, ty)

    def same(self, x: ir.Atom) -> str | Array:
        value = self.value(x)
        if isinstance(value, Array) and x in self.sharing.elements:
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
            self.bind(out, Array(out.ty, items=tuple(new)))
            return
        if let in self.sharing.reuses:
            to = x.address()
        else:
            to = self.place(out)
            self.write(x, to, x.ty)
        self.env[out] = Array(out.ty, to)
        self.write(v, self.element_at(to, out.ty, idx), out.ty.at(len(idx)))

    def stack(self, out: Var, items: Sequence[ir.Atom]) -> None:
        if out in self.sharing.elements:
            texts: list[str] = []
            for a in items:
                v = self.value(a)
                texts.extend((v,) if isinstance(v, str) else self.scalars(v))
            self.bind(out, Array(out.ty, items=tuple(texts)))
            return
        to = self.place(out)
        for k, a in enumerate(items):
            self.write(self.value(a), f"{to} + {k * a.ty.size}", a.ty)
        self.env[out] = Array(out.ty, to)

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
                self.bind(v, Array(v.ty, items=tuple(names)))
            else:
                self.bind(v, Array(v.ty, names[0]))

    def accum(self, let: Let, accum: ir.Accum) -> None:
        finals = let.outs[len(accum.body.results) :]
        reused = self.sharing.reuses.get(let, set())
        for k, (ref, init, out) in enumerate(zip(accum.refs, accum.inits, finals, strict=True)):
            if k in reused:
                to = self.array(init).address()
            else:
                to = self.place(out) if out.ty.shape else self.buffer(out.ty)
                self.write(self.value(init), to, out.ty)
            self.env[ref] = Array(ref.ty, to)
        recursion.nested(self.block, replace_results(accum.body), ())
        for v, a in zip(let.outs, accum.body.results, strict=False):
            self.bind(v, self.same(a))
        for ref, out in zip(accum.refs, finals, strict=True):
            at = self.array(ref).address()
            self.bind(out, Array(out.ty, at) if out.ty.shape else self.load(at, out.ty))

    def add(self, to: str, ty: Ty, v: str | Array) -> None:
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
                self.env[v] = Array(v.ty, finals[k])

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
                self.env[carry] = Array(carry.ty, items=tuple(state[j]))
            else:
                home = value.address() if buffers.steals[j] else self.buffer(carry.ty)
                if not buffers.steals[j]:
                    self.write(value, home, carry.ty)
                state.append([self.variable(home)])
                self.env[carry] = Array(carry.ty, state[j][0])
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
                self.bind(v, Array(v.ty, items=tuple(state[j])))
            else:
                final = state[j][0]
                wanted = self.placed.setdefault(self.sharing.root[v], final)
                if wanted != final:
                    move = f"F.copyWithin({wanted}, {final}, {final} + {v.ty.size})"
                    self.put(f"if ({wanted} !== {final}) {move};")
                self.env[v] = Array(v.ty, wanted)
        for v, pointer in zip(stacked, stacks, strict=True):
            if loop.upto is not None or loop.test is not None:
                row, ran = v.ty.at(1).size, count if loop.test is not None else end
                self.put(f"F.fill(0, {pointer} + {ran} * {row}, {pointer} + {loop.n * row});")
            self.env[v] = Array(v.ty, pointer)
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
