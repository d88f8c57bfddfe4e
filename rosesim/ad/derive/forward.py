"""Forward derivatives: a function that computes the results of another, and their tangents.

`Activity` first finds which variables carry a tangent for given active parameters, so that inactive variables cost
nothing. Then `Forward` writes each let once, followed by the linear lets that compute its tangent. Primal variables
keep their identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rosesim.ad.derive.extremes import Extreme
from rosesim.ad.derive.smooth import Smooth
from rosesim.ad.program.builder import Builder, syms
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    FloatT,
    Func,
    Get,
    Guard,
    Let,
    Lit,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    TanT,
    Ty,
    Var,
    unknown,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.sym import Sym
from rosesim.ad.support import recursion
from rosesim.ad.support.errors import TraceError
from rosesim.ad.support.locate import of_derivative

Mask = tuple[bool, ...]


def is_float(a: Atom) -> bool:
    """Whether a value of this type can carry a tangent."""
    return isinstance(a.ty.scalar, FloatT)


def tangent(ty: Ty) -> Ty:
    """The type of the tangent of a Float value."""
    assert isinstance(ty.scalar, FloatT)
    return Ty(TanT(ty.scalar.width), ty.shape, ty.ref)


def jvp_func(func: Func, active: Mask) -> tuple[Func, Mask]:
    """The forward derivative for the active parameters, and which results carry a tangent.

    Its parameters are those of func, then a tangent for each active one. Its results are those of func, then a
    tangent for each that carries one.
    """
    active = tuple(a and is_float(p) for a, p in zip(active, func.params, strict=True))
    key = ("jvp", active)
    if key not in func.memo:
        func.memo[key] = recursion.nested(_jvp, func, active)
    return func.memo[key]


def _jvp(func: Func, active: Mask) -> tuple[Func, Mask]:
    if not any(active):
        return func, (False,) * len(func.results)
    if func.rules is not None and (func.rules.jvp is not None or func.rules.vjp is not None):
        return _by_rule(func, active)
    if isinstance(func.body, Opaque):
        raise TraceError(
            f"the derivative of the opaque function {func.name} is needed, but it has none; give it one with "
            f"@{func.name}.defjvp or @{func.name}.defvjp, or apply stop_gradient to its arguments",
            func.where,
        )
    act = Activity(func, active)
    f = Forward(act)
    params = [*func.params]
    for p, a in zip(func.params, active, strict=True):
        if a:
            params.append(f.bind(p))
    f.lets(func.body.lets)
    out = tuple(r in act.on for r in func.body.results)
    results = [*func.body.results, *(f.tan(r) for r, a in zip(func.body.results, out, strict=True) if a)]
    made = Func(func.name + "_jvp", tuple(params), f.b.block(results), func.where)
    made.memo["primal"] = func
    return made, out


def _by_rule(func: Func, active: Mask) -> tuple[Func, Mask]:
    """The user's derivative rule, given zero tangents for the parameters that are not active."""
    rules = func.rules
    assert rules is not None
    out = tuple(isinstance(t.scalar, FloatT) for t in func.results)
    if rules.jvp is not None:
        rule = rules.jvp()
    else:
        from rosesim.ad.derive.forward_of_reverse import jvp_of_vjp  # late: only this needs reverse mode

        rule = jvp_of_vjp(func)
    floats = [k for k, p in enumerate(func.params) if is_float(p)]
    if all(active[k] for k in floats):
        return rule, out
    b = Builder(where=func.where)
    params = [Var(p.ty, p.name) for p in func.params]
    tans = {k: Var(tangent(func.params[k].ty)) for k in floats if active[k]}
    given = [tans[k] if active[k] else b.zeros(tangent(func.params[k].ty)) for k in floats]
    outs = b.call(rule, [*params, *given])
    return Func(func.name + "_jvp", (*params, *tans.values()), b.block(outs), func.where), out


class Activity:
    """Which variables of a function carry a tangent, for its active parameters."""

    def __init__(self, func: Func, active: Mask):
        self.on: set[Atom] = {p for p, a in zip(func.params, active, strict=True) if a}
        self._alias: dict[Var, Var] = {}
        assert isinstance(func.body, Block)
        self.add(func.body.lets)

    def add(self, lets: Sequence[Let]) -> None:
        """Find which variables of further lets carry a tangent."""
        block = Block(tuple(lets), ())
        while self._visit(block):  # a ref may become active after a call that takes it was visited
            pass

    def _mark(self, variables: Iterable[Atom]) -> bool:
        new = {v for v in variables if isinstance(v, Var) and is_float(v)} - self.on
        self.on |= new
        return bool(new)

    def _visit(self, block: Block) -> bool:
        changed = False
        for let in block.lets:
            changed |= self._let(let)
        return changed

    def _let(self, let: Let) -> bool:
        on = self.on
        match let.expr:
            case Op(name, args):
                row = OPS[name]
                smooth = row.partials is not None or row.choose is not None
                return smooth and any(a in on for a in args) and self._mark(let.outs)
            case Get(x, _) | Fill(x):
                return x in on and self._mark(let.outs)
            case Put(x, _, v):
                return (x in on or v in on) and self._mark(let.outs)
            case Stack(items):
                return any(a in on for a in items) and self._mark(let.outs)
            case Loop() as e:
                return self._loop(let, e)
            case Cond(_, then, orelse):
                changed = self._visit(then) | self._visit(orelse)
                pairs = zip(let.outs, then.results, orelse.results, strict=True)
                return changed | self._mark(o for o, x, y in pairs if x in on or y in on)
            case Accum(inits, refs, body):
                changed = self._mark(r for r, a in zip(refs, inits, strict=True) if a in on)
                changed |= self._visit(body)
                ends = zip(let.outs, (*body.results, *refs), strict=True)
                return changed | self._mark(o for o, x in ends if x in on)
            case Add(ref, _, v):
                return v in on and self._mark((ref,))
            case SubRef(ref, _):
                self._alias[let.outs[0]] = ref
                changed = ref in on and self._mark(let.outs)
                return changed | (let.outs[0] in on and self._mark((ref,)))
            case Call(func, args):
                return self._call(let, func, args)
            case Data() | Stop() | Guard():
                return False
            case _:
                unknown(let.expr)

    def _loop(self, let: Let, e: Loop) -> bool:
        changed = self._mark(c for c, a in zip(e.carries, e.inits, strict=True) if a in self.on)
        n = len(e.carries)
        while True:
            again = self._visit(e.body)
            again |= self._mark(c for c, r in zip(e.carries, e.body.results[:n], strict=True) if r in self.on)
            changed |= again
            if not again:
                break
        ends = (*e.carries, *e.body.results[n:])
        return changed | self._mark(o for o, x in zip(let.outs, ends, strict=False) if x in self.on)

    def _call(self, let: Let, func: Func, args: Sequence[Atom]) -> bool:
        refs = [a for a in args if a.ty.ref]
        changed = False
        mask = tuple(a in self.on for a in args)
        if any(mask) and refs:
            changed = self._mark(refs)  # what the callee adds to them may be active
            mask = tuple(a in self.on for a in args)
        out = jvp_func(func, mask)[1]
        return changed | self._mark(o for o, a in zip(let.outs, out, strict=True) if a)


class Forward:
    """Writes lets, each followed by those of its tangents."""

    def __init__(self, act: Activity):
        self.b = Builder()
        self.act = act
        self.on = act.on
        self._tan: dict[Atom, Var] = {}
        self._loops: dict[Atom, Loop] = {}  # the loops without the tangents that were added to them

    def bind(self, v: Var) -> Var:
        """A new tangent variable for v."""
        self._tan[v] = Var(tangent(v.ty), "d" + v.name)
        return self._tan[v]

    def tan(self, a: Atom) -> Atom:
        """The tangent of an atom; zeros if it carries none."""
        return self._tan[a] if a in self._tan else self.b.zeros(tangent(a.ty))

    def _set(self, out: Var, t: Atom) -> None:
        if isinstance(t, Lit):  # a variable, not a literal, also for a tangent that is zero
            (t,) = self.b.let(Op("neg", (t,)), t.ty)
        self._tan[out] = t

    def lets(self, lets: Sequence[Let]) -> None:
        """Write lets and their tangents."""
        for let in lets:
            self.b.where = of_derivative(let.where)
            self._let(let)

    def _keep(self, let: Let, expr: Expr | None = None, outs: Sequence[Var] | None = None) -> None:
        self.b.keep(let if expr is None else Let(tuple(outs or let.outs), expr, let.where))

    def _nested(self, block: Block, tans: Sequence[Atom]) -> Block:
        """A nested block with the tangents of `tans` after its results; the caller puts the results in order."""
        outer = self.b
        self.b = Builder(outer)
        recursion.nested(self.lets, block.lets)
        done = self.b.block([*block.results, *(self.tan(a) for a in tans)])
        self.b = outer
        return done

    def _let(self, let: Let) -> None:
        e = let.expr
        match e:
            case Loop():
                self._loop(let, e)
            case Cond(p, then, orelse):
                self._cond(let, p, then, orelse)
            case Accum():
                self._accum(let, e)
            case Call(func, args):
                self._call(let, func, args)
            case Add(ref, idx, v):
                self._keep(let)
                if v in self.on:
                    self.b.add(self._tan[ref], idx, self.tan(v))
            case Data() | Stop() | Guard():
                self._keep(let)
            case Op() | Get() | Put() | Stack() | Fill() | SubRef():
                self._keep(let)
                if let.outs[0] in self.on:
                    self._simple(let.outs[0], e)
            case _:
                unknown(e)

    def _simple(self, out: Var, e: Op | Get | Put | Stack | Fill | SubRef) -> None:
        b = self.b
        match e:
            case Op(name, args):
                self._set(out, self._op(name, args, out))
            case Get(x, idx):
                self._set(out, b.get(self.tan(x), idx))
            case Put(x, idx, v):
                self._set(out, b.put(self.tan(x), idx, self.tan(v)))
            case Stack(items):
                self._set(out, b.stack([self.tan(a) for a in items]))
            case Fill(v):
                self._set(out, b.fill(self.tan(v), tangent(out.ty)))
            case SubRef(ref, idx):
                self._set(out, b.subref(self._tan[ref], idx))

    def _op(self, name: str, args: Sequence[Atom], out: Var) -> Atom:
        """The tangent of an operator's result: a sum of coefficients times tangents, or a choice of one tangent."""
        row = OPS[name]
        b = self.b
        *given, z = syms(b, *args, out)
        if row.choose is not None:
            p, j, k = row.choose(*given)
            return b.op("select", p.atom, self.tan(args[j]), self.tan(args[k]))
        assert row.partials is not None
        if name in ("mul", "pow", "sqrt"):
            smooth = Smooth(b, self.tan, self._made_by).tangent(name, tuple(args))
            if smooth is not None:
                return smooth
        total: Atom | None = None
        for a, c in zip(args, row.partials(*given, z), strict=True):
            if a not in self.on or c is None:
                continue
            factor = c.atom if isinstance(c, Sym) else Lit(c, Ty(FloatT()))
            t = b.op("mul", factor, self.tan(a))
            total = t if total is None else b.op("add", total, t)
        return b.zeros(tangent(out.ty)) if total is None else total

    def _made_by(self, a: Atom) -> Expr | None:
        return self._loops.get(a) or self.b.made_by(a)

    def _loop(self, let: Let, e: Loop) -> None:
        if len(let.outs) == 1:
            self._loops[let.outs[0]] = e
        if let.outs and let.outs[0] in self.on and (extreme := Extreme.of(e, self.on.__contains__)) is not None:
            self._extreme(let.outs[0], extreme)
            return
        n = len(e.carries)
        live = [c for c in e.carries if c in self.on]
        tans = [self.bind(c) for c in live]
        inits = [self.tan(a) for c, a in zip(e.carries, e.inits, strict=True) if c in self.on]
        nexts = [r for c, r in zip(e.carries, e.body.results[:n], strict=True) if c in self.on]
        outputs = [r for r in e.body.results[n:] if r in self.on]
        body = self._nested(e.body, [*nexts, *outputs])
        m, k = len(e.body.results), len(live)
        r = body.results
        ordered = (*r[:n], *r[m : m + k], *r[n:m], *r[m + k :])
        body = Block(body.lets, ordered)
        finals = [self._out(o) for o, c in zip(let.outs, e.carries, strict=False) if c in self.on]
        stacked = [self._out(o) for o, x in zip(let.outs[n:m], e.body.results[n:], strict=True) if x in self.on]
        outs = (*let.outs[:n], *finals, *let.outs[n:m], *stacked, *let.outs[m:])
        loop = replace(e, inits=(*e.inits, *inits), carries=(*e.carries, *tans), body=body)
        self._keep(let, loop, outs)

    def _extreme(self, out: Var, extreme: Extreme) -> None:
        lets, term = extreme.at(extreme.primal(self.b, out))
        self.act.add(lets)
        self.lets(lets)
        self._set(out, extreme.tangent(self.b, self.tan(term)))

    def _out(self, o: Var) -> Var:
        return self.bind(o)

    def _cond(self, let: Let, p: Atom, then: Block, orelse: Block) -> None:
        live = [k for k, o in enumerate(let.outs) if o in self.on]
        yes = self._nested(then, [then.results[k] for k in live])
        no = self._nested(orelse, [orelse.results[k] for k in live])
        outs = (*let.outs, *(self._out(let.outs[k]) for k in live))
        self._keep(let, Cond(p, yes, no), outs)

    def _accum(self, let: Let, e: Accum) -> None:
        m = len(e.body.results)
        live = [k for k, r in enumerate(e.refs) if r in self.on]
        inits = [self.tan(e.inits[k]) for k in live]
        refs = [self.bind(e.refs[k]) for k in live]
        results = [r for r in e.body.results if r in self.on]
        body = self._nested(e.body, results)
        tans = [self._out(o) for o, r in zip(let.outs, e.body.results, strict=False) if r in self.on]
        finals = [self._out(let.outs[m + k]) for k in live]
        outs = (*let.outs[:m], *tans, *let.outs[m:], *finals)
        self._keep(let, Accum((*e.inits, *inits), (*e.refs, *refs), body), outs)

    def _call(self, let: Let, func: Func, args: Sequence[Atom]) -> None:
        mask = tuple(a in self.on and is_float(a) for a in args)
        made, out = jvp_func(func, mask)
        if not any(mask):
            self._keep(let)
            return
        tans = [self.tan(a) for a, m in zip(args, mask, strict=True) if m]
        outs = (*let.outs, *(self._out(o) for o, a in zip(let.outs, out, strict=True) if a))
        self._keep(let, Call(made, (*args, *tans)), outs)
