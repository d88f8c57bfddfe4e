"""Random well-typed programs, heavy on what makes arrays share memory."""

from __future__ import annotations

import random

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.ir import BOOL, REAL, Block, Func, Let, Lit, Ty, Var

WIDE, LONG = 4, 24
"""The first dimension of small arrays; one too long for its elements to be kept as scalars."""

INDEX = Ty(ir.IntT(0, WIDE - 1))
SCALARS = [REAL, BOOL, INDEX]
ARRAYS = [
    Ty(s.scalar, shape) for s in SCALARS for shape in ((WIDE,), (WIDE, WIDE), (LONG,), (WIDE, LONG), (WIDE, LONG, 2))
]


class Draw:
    """Draws programs from a seed."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.funcs: list[Func] = []

    def program(self) -> Func:
        """A function and some that it calls."""
        for _ in range(self.rng.randrange(3)):
            self.funcs.append(self.func())
        return self.func()

    def func(self) -> Func:
        """A function of a few arrays and scalars."""
        tys = [self.ty() for _ in range(self.rng.randrange(1, 5))] + [REAL, INDEX]
        params = tuple(Var(t, f"p{k}") for k, t in enumerate(tys))
        refs = (Var(Ty(REAL.scalar, (WIDE, LONG), True), "ref"),) if self.rng.random() < 0.2 else ()
        lets: list[Let] = []
        scope = list(params)
        self.fill(lets, scope, self.rng.randrange(3, 12), 2, refs)
        return Func("g", (*params, *refs), Block(tuple(lets), tuple(self.some(scope, 3))))

    def ty(self) -> Ty:
        return self.rng.choice(SCALARS + ARRAYS * 2)

    def some(self, scope: list[Var], most: int) -> list[Var]:
        """A few variables in sight, recent ones for choice."""
        return [self.one(scope) for _ in range(self.rng.randrange(1, most + 1))]

    def one(self, scope: list[Var]) -> Var:
        return scope[-1 - min(int(self.rng.expovariate(0.3)), len(scope) - 1)]

    def find(self, scope: list[Var], ty: Ty) -> ir.Atom | None:
        """Something in sight of a type."""
        fitting = [v for v in scope if v.ty == ty]
        if fitting and (ty.shape or self.rng.random() < 0.8):
            return self.one(fitting)
        if ty.shape:
            return None
        return {
            REAL: Lit(self.rng.choice([0.0, 1.0, -2.5]), REAL),
            BOOL: Lit(self.rng.random() < 0.5, BOOL),
        }.get(ty) or Lit(self.rng.randrange(WIDE), INDEX)

    def need(self, lets: list[Let], scope: list[Var], ty: Ty) -> ir.Atom:
        """Something of a type, made where there is nothing."""
        found = self.find(scope, ty)
        if found is not None:
            return found
        out = Var(ty)
        value = self.find(scope, Ty(ty.scalar))
        assert value is not None
        lets.append(Let((out,), ir.Fill(value)))
        scope.append(out)
        return out

    def index(self, scope: list[Var], ty: Ty, depth: int) -> tuple[ir.Atom, ...]:
        """Indices into an array; all dimensions but the last are WIDE or LONG, which holds more."""
        out: list[ir.Atom] = []
        for d in ty.shape[:depth]:
            if d < WIDE or self.rng.random() < 0.4:
                out.append(Lit(self.rng.randrange(d), Ty(ir.IntT(0, d - 1))))
            else:
                i = self.find(scope, INDEX)
                assert i is not None
                out.append(i)
        return tuple(out)

    def fill(self, lets: list[Let], scope: list[Var], n: int, nest: int, refs: tuple[Var, ...]) -> None:
        for _ in range(n):
            self.let(lets, scope, nest, refs)

    def block(
        self, scope: list[Var], nest: int, tys: list[Ty], refs: tuple[Var, ...], bound: tuple[Var, ...] = ()
    ) -> Block:
        """A block with results of given types."""
        lets: list[Let] = []
        inner = [*scope, *bound]
        self.fill(lets, inner, self.rng.randrange(1, 5), nest - 1, refs)
        results = tuple(self.need(lets, inner, t) for t in tys)
        return Block(tuple(lets), results)

    def let(self, lets: list[Let], scope: list[Var], nest: int, refs: tuple[Var, ...]) -> None:
        rng = self.rng
        arrays = [v for v in scope if v.ty.shape]

        def bind(expr: ir.Expr, *tys: Ty) -> None:
            outs = tuple(Var(t) for t in tys)
            lets.append(Let(outs, expr))
            scope.extend(outs)

        kinds = ["op", "op", "get", "put", "put", "put", "stack", "fill", "stop", "data"]
        if nest > 0:
            kinds += ["loop", "loop", "loop", "cond", "cond", "accum"]
        if self.funcs:
            kinds += ["call", "call"]
        if refs:
            kinds += ["add"]
        kind = rng.choice(kinds)
        x = self.one(arrays) if arrays else None
        match kind:
            case "op":
                match rng.randrange(5):
                    case 0:
                        a, b = (self.need(lets, scope, REAL) for _ in range(2))
                        bind(ir.Op(rng.choice(["add", "sub", "mul", "minimum"]), (a, b)), REAL)
                    case 1:
                        a, b = (self.need(lets, scope, REAL) for _ in range(2))
                        bind(ir.Op("lt", (a, b)), BOOL)
                    case 2:
                        a, b = (self.need(lets, scope, INDEX) for _ in range(2))
                        total = Var(Ty(ir.IntT(0, 2 * WIDE - 2)))
                        lets.append(Let((total,), ir.Op("iadd", (a, b))))
                        n = Lit(WIDE, Ty(ir.IntT(WIDE, WIDE)))
                        bind(ir.Op(rng.choice(["imod", "int_clamp"]), (total, n)), INDEX)
                    case 3:
                        a = self.need(lets, scope, REAL)
                        n = Lit(WIDE, Ty(ir.IntT(WIDE, WIDE)))
                        bind(ir.Op(rng.choice(["floor_clamp", "floor_wrap"]), (a, n)), INDEX)
                    case _:
                        p = self.need(lets, scope, BOOL)
                        a, b = (self.need(lets, scope, REAL) for _ in range(2))
                        bind(ir.Op("select", (p, a, b)), REAL)
            case "get" if x is not None:
                depth = rng.randrange(1, len(x.ty.shape) + 1)
                bind(ir.Get(x, self.index(scope, x.ty, depth)), x.ty.at(depth))
            case "put" if x is not None:
                depth = rng.randrange(1, len(x.ty.shape) + 1)
                idx = self.index(scope, x.ty, depth)
                bind(ir.Put(x, idx, self.need(lets, scope, x.ty.at(depth))), x.ty)
            case "stack":
                ty = rng.choice([*SCALARS, Ty(REAL.scalar, (WIDE,)), Ty(REAL.scalar, (LONG,))])
                items = tuple(self.need(lets, scope, ty) for _ in range(WIDE))
                bind(ir.Stack(items), Ty(ty.scalar, (WIDE, *ty.shape)))
            case "fill":
                ty = rng.choice(ARRAYS)
                value = self.find(scope, Ty(ty.scalar))
                assert value is not None
                bind(ir.Fill(value), ty)
            case "stop" if x is not None:
                bind(ir.Stop(x), x.ty)
            case "data":
                ty = rng.choice(ARRAYS)
                values = [rng.randrange(WIDE) for _ in range(ty.size)]
                bind(ir.Data(np.array(values).reshape(ty.shape).astype(ir.storage(ty.scalar))), ty)
            case "loop":
                self.loop(lets, scope, nest, refs)
            case "cond":
                tys = [self.ty() for _ in range(rng.randrange(1, 4))]
                if x is not None and rng.random() < 0.7:
                    tys[0] = x.ty
                p = self.need(lets, scope, BOOL)
                bind(ir.Cond(p, *(self.block(scope, nest, tys, refs) for _ in range(2))), *tys)
            case "accum":
                tys = [t if t.scalar != INDEX.scalar else REAL for t in (self.ty() for _ in range(2))]
                inits = tuple(self.need(lets, scope, t) for t in tys)
                new = tuple(Var(Ty(t.scalar, t.shape, True)) for t in tys)
                results = [self.ty() for _ in range(rng.randrange(3))]
                bind(ir.Accum(inits, new, self.block(scope, nest, results, (*refs, *new))), *results, *tys)
            case "call":
                f = rng.choice(self.funcs)
                args: list[ir.Atom] = []
                for p in f.params:
                    if p.ty.ref:
                        fitting = [r for r in refs if r.ty == p.ty]
                        if not fitting:
                            return
                        args.append(rng.choice(fitting))
                    else:
                        args.append(self.need(lets, scope, p.ty))
                bind(ir.Call(f, tuple(args)), *f.results)
            case "add":
                ref = rng.choice(refs)
                depth = rng.randrange(len(ref.ty.shape) + 1)
                idx = self.index(scope, ref.ty, depth)
                rest = Ty(ref.ty.scalar, ref.ty.shape[depth:])
                if idx and rng.random() < 0.3:
                    sub = Var(ref.ty.at(depth))
                    lets.append(Let((sub,), ir.SubRef(ref, idx)))
                    lets.append(Let((), ir.Add(sub, (), self.need(lets, scope, rest))))
                else:
                    v = self.need(lets, scope, rest)
                    lets.append(Let((), ir.Add(ref, idx, v)))
            case _:
                pass

    def loop(self, lets: list[Let], scope: list[Var], nest: int, refs: tuple[Var, ...]) -> None:
        rng = self.rng
        tys = [self.ty() for _ in range(rng.randrange(4))]
        if tys and rng.random() < 0.5:
            tys.append(tys[0])  # two of a kind may change places
        inits = tuple(self.need(lets, scope, t) for t in tys)
        carries = tuple(Var(t) for t in tys)
        n = rng.choice([0, 1, WIDE, WIDE])
        index = Var(Ty(ir.IntT(0, n - 1)))
        stacked = [Ty(t.scalar, t.shape[:2]) for t in (self.ty() for _ in range(rng.randrange(3)))]
        upto = reverse = test = None
        mode = rng.randrange(4)
        if mode == 1 and n == WIDE:
            upto = self.find(scope, INDEX)
        if mode == 2:
            test = self.block(scope, 1, [BOOL], (), (*carries, index))
        else:
            reverse = rng.random() < 0.3
        body = self.block(scope, nest, [*tys, *stacked], refs, (index, *carries))
        if tys and rng.random() < 0.4:
            # Carries handed on unchanged, twice or in another's place.
            results = list(body.results)
            for j, t in enumerate(tys):
                if rng.random() < 0.5:
                    results[j] = rng.choice([c for c in carries if c.ty == t])
            body = Block(body.lets, tuple(results))
        outs = [*tys, *(Ty(t.scalar, (n, *t.shape)) for t in stacked)]
        if test is not None:
            outs.append(Ty(ir.IntT(0, n)))
        variables = tuple(Var(t) for t in outs)
        expr = ir.Loop(
            n=n, index=index, inits=inits, carries=carries, body=body, upto=upto, reverse=bool(reverse), test=test
        )
        lets.append(Let(variables, expr))
        scope.extend(variables[: len(tys)])
        # Outputs of other lengths would only clutter the scope.
        scope.extend(v for v in variables[len(tys) :] if v.ty in ARRAYS)


def arguments(func: Func, seed: int) -> list[object]:
    """Arguments for a function."""
    rng = np.random.default_rng(seed)
    out: list[object] = []
    for p in func.params:
        match p.ty.scalar:
            case ir.FloatT() | ir.TanT():
                a = rng.normal(size=p.ty.shape)
                out.append(a if p.ty.shape else float(a))
            case ir.BoolT():
                a = rng.random(p.ty.shape) < 0.5
                out.append(a if p.ty.shape else bool(a))
            case ir.IntT(lo, hi):
                a = rng.integers(lo, hi + 1, p.ty.shape)
                out.append(a.astype(ir.storage(p.ty.scalar)) if p.ty.shape else int(a))
    return out
