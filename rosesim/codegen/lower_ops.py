"""Every operator of `ad.ops` in LLVM: one table, keyed by `Operator.lowering`.

A rule takes the code, the flags for float arithmetic, the arguments in registers, their types and the
result's type, and gives the register of the result. Whole numbers need no overflow checks: their bounds
were proved when the program was built and stay below 2**62.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rosesim.ad.ir import IntT, Ty
from rosesim.codegen import layout, maths
from rosesim.codegen.code import Code


@dataclass(frozen=True, slots=True)
class Site:
    """One application of an operator."""

    code: Code
    flags: str
    """Fast-math flags with a trailing blank, or nothing."""
    args: tuple[str, ...]
    tys: tuple[Ty, ...]
    out: Ty

    @property
    def kind(self) -> str:
        """The register type of the first argument."""
        return layout.register(self.tys[0].scalar)

    def let(self, text: str) -> str:
        """Append an instruction."""
        return self.code.let(text)

    def bounds(self, k: int) -> tuple[int, int]:
        """The bounds of a whole argument."""
        s = self.tys[k].scalar
        assert isinstance(s, IntT)
        return s.lo, s.hi


Rule = Callable[[Site], str]
DECLARATIONS = [
    *(
        f"declare {t} @llvm.{name}.f{w}({', '.join([t] * n)})"
        for t, w in (("double", 64), ("float", 32))
        for name, n in {
            "sqrt": 1,
            "fabs": 1,
            "floor": 1,
            "ceil": 1,
            "trunc": 1,
            "copysign": 2,
            "minimum": 2,
            "maximum": 2,
        }.items()
    ),
    "declare i64 @llvm.smin.i64(i64, i64)",
    "declare i64 @llvm.smax.i64(i64, i64)",
]


def declarations(text: str) -> list[str]:
    """Those of the declarations that a module's text uses."""
    return [d for d in DECLARATIONS if d.split()[2].split("(")[0] + "(" in text]


def _float(instruction: str) -> Rule:
    return lambda s: s.let(f"{instruction} {s.flags}{s.kind} {', '.join(s.args)}")


def _intrinsic(name: str) -> Rule:
    def rule(s: Site) -> str:
        width = 32 if s.kind == "float" else 64
        args = ", ".join(f"{s.kind} {a}" for a in s.args)
        return s.let(f"call {s.flags}{s.kind} @llvm.{name}.f{width}({args})")

    return rule


def _own(name: str) -> Rule:
    def rule(s: Site) -> str:
        args = ", ".join(f"{s.kind} {a}" for a in s.args)
        return s.let(f"call {s.kind} {maths.call_name(name, s.kind)}({args})")

    return rule


def _fcmp(predicate: str) -> Rule:
    return lambda s: s.let(f"fcmp {predicate} {s.kind} {s.args[0]}, {s.args[1]}")


def _icmp(predicate: str) -> Rule:
    return lambda s: s.let(f"icmp {predicate} i64 {s.args[0]}, {s.args[1]}")


def _plain(instruction: str) -> Rule:
    """Logic and whole arithmetic; nsw holds because bounds are proved, nuw where nothing is negative."""
    return lambda s: s.let(f"{instruction} {s.kind} {s.args[0]}, {s.args[1]}")


def _whole(instruction: str) -> Rule:
    def rule(s: Site) -> str:
        out = s.out.scalar
        natural = isinstance(out, IntT) and min(s.bounds(0)[0], s.bounds(1)[0], out.lo) >= 0
        return s.let(f"{instruction} {'nuw ' if natural else ''}nsw i64 {s.args[0]}, {s.args[1]}")

    return rule


def _sign(s: Site) -> str:
    zero, one, minus = (layout.real(v, s.tys[0].scalar) for v in (0.0, 1.0, -1.0))
    x, t = s.args[0], s.kind
    # Zero and NaN are their own sign, except that -0.0 has sign 0.0: hence the addition of 0.0.
    rest = s.let(f"fadd {t} {x}, {zero}")
    below = s.let(f"select i1 {s.let(f'fcmp olt {t} {x}, {zero}')}, {t} {minus}, {t} {rest}")
    return s.let(f"select i1 {s.let(f'fcmp ogt {t} {x}, {zero}')}, {t} {one}, {t} {below}")


def _select(s: Site) -> str:
    t = layout.register(s.out.scalar)
    p, x, y = s.args
    return s.let(f"select i1 {p}, {t} {x}, {t} {y}")


def _floor_div(s: Site) -> str:
    a, b = s.args
    if s.bounds(0)[0] >= 0 and s.bounds(1)[0] > 0:
        return s.let(f"udiv i64 {a}, {b}")
    quotient = s.let(f"sdiv i64 {a}, {b}")
    rest = s.let(f"sub i64 {a}, {s.let(f'mul i64 {quotient}, {b}')}")
    inexact = s.let(f"icmp ne i64 {rest}, 0")
    opposed = s.let(f"icmp slt i64 {s.let(f'xor i64 {a}, {b}')}, 0")
    down = s.let(f"zext i1 {s.let(f'and i1 {inexact}, {opposed}')} to i64")
    return s.let(f"sub i64 {quotient}, {down}")


def _floor_mod(s: Site) -> str:
    a, n = s.args
    low, high = s.bounds(0)
    least = s.bounds(1)[0]
    if low >= 0 and high < least:
        return a
    if low >= -least and high < 2 * least:
        return _once_around(s, a, n)  # such as i + 1 and i - 1: no division
    if low >= 0:
        return s.let(f"urem i64 {a}, {n}")
    rest = s.let(f"srem i64 {a}, {n}")
    negative = s.let(f"icmp slt i64 {rest}, 0")
    return s.let(f"select i1 {negative}, i64 {s.let(f'add i64 {rest}, {n}')}, i64 {rest}")


def _once_around(s: Site, a: str, n: str) -> str:
    """a modulo n where it lies in -n .. 2n - 1."""
    down = s.let(f"select i1 {s.let(f'icmp sge i64 {a}, {n}')}, i64 {s.let(f'sub i64 {a}, {n}')}, i64 {a}")
    return s.let(f"select i1 {s.let(f'icmp slt i64 {a}, 0')}, i64 {s.let(f'add i64 {a}, {n}')}, i64 {down}")


def _clamp(s: Site, i: str, n: str) -> str:
    last = str(int(n) - 1) if not n.startswith("%") else s.let(f"sub i64 {n}, 1")
    up = s.let(f"call i64 @llvm.smin.i64(i64 {i}, i64 {last})")
    return s.let(f"call i64 @llvm.smax.i64(i64 {up}, i64 0)")


def _int_clamp(s: Site) -> str:
    return _clamp(s, s.args[0], s.args[1])


def _clamped_real(s: Site, x: str, low: float, high: float) -> str:
    """x between two bounds, NaN at the lower: what a conversion to a whole number is defined for."""
    t, scalar = s.kind, s.tys[0].scalar
    lo, hi = layout.real(low, scalar), layout.real(high, scalar)
    up = s.let(f"select i1 {s.let(f'fcmp ogt {t} {x}, {lo}')}, {t} {x}, {t} {lo}")
    return s.let(f"select i1 {s.let(f'fcmp olt {t} {up}, {hi}')}, {t} {up}, {t} {hi}")


def _exact_limit(s: Site) -> int:
    """Below this a whole number is exact in the float type of the first argument."""
    return 2**24 if s.kind == "float" else 2**53


def _floor_clamp(s: Site) -> str:
    x, n = s.args
    if not n.startswith("%") and int(n) <= min(2**31, _exact_limit(s)):
        # Clamped to n - 1 as a float already; 32 bits convert in vectors on every machine.
        small = _clamped_real(s, x, 0.0, float(max(int(n) - 1, 0)))
        return s.let(f"zext i32 {s.let(f'fptosi {s.kind} {small} to i32')} to i64")
    big = _clamped_real(s, x, 0.0, 2.0**62)
    return _clamp(s, s.let(f"fptosi {s.kind} {big} to i64"), n)


def _floor_wrap(s: Site) -> str:
    """floor(x) mod n: by no division where once around is enough, as in most programs; else by whole numbers
    below 2**62; beyond that (all multiples of 2**9) by an exact fmod."""
    code, t, scalar = s.code, s.kind, s.tys[0].scalar
    x, n = s.args
    width = 32 if t == "float" else 64
    down = s.let(f"call {t} @llvm.floor.f{width}({t} {x})")
    size = s.let(f"call {t} @llvm.fabs.f{width}({t} {down})")
    here, away, near, far, done = (code.fresh(p) for p in ("here", "away", "near", "far", "done"))
    bound = s.let(f"sitofp i64 {n} to {t}")
    code.branch(s.let(f"fcmp olt {t} {size}, {bound}"), here, away, ", !prof !1")
    code.open(here)
    from_here = _once_around(s, s.let(f"fptosi {t} {down} to i64"), n)
    code.jump(done)
    code.open(away)
    code.branch(s.let(f"fcmp olt {t} {size}, {layout.real(2.0**62, scalar)}"), near, far)
    code.open(near)
    whole = s.let(f"fptosi {t} {down} to i64")
    rest = s.let(f"srem i64 {whole}, {n}")
    from_near = s.let(
        f"select i1 {s.let(f'icmp slt i64 {rest}, 0')}, i64 {s.let(f'add i64 {rest}, {n}')}, i64 {rest}"
    )
    code.jump(done)
    code.open(far)
    modulus = s.let(f"sitofp i64 {n} to {t}")
    remainder = s.let(f"frem {t} {down}, {modulus}")
    # NaN and infinities leave a NaN here, which the clamp turns into the lower bound: 0 in the end.
    finite = s.let(f"fcmp ord {t} {remainder}, {remainder}")
    bounded = _clamped_real(s, remainder, -(2.0**62), 2.0**62)
    far_rest = s.let(f"fptosi {t} {bounded} to i64")
    lifted = s.let(
        f"select i1 {s.let(f'icmp slt i64 {far_rest}, 0')}, i64 {s.let(f'add i64 {far_rest}, {n}')}, i64 {far_rest}"
    )
    from_far = s.let(f"select i1 {finite}, i64 {lifted}, i64 0")
    # Where n is not exact in the float type, the remainder may be n itself.
    safe = _clamp(s, from_far, n)
    code.jump(done)
    code.open(done)
    return s.let(f"phi i64 [ {from_here}, %{here} ], [ {from_near}, %{near} ], [ {safe}, %{far} ]")


def _real(s: Site) -> str:
    t = layout.register(s.out.scalar)
    low, high = s.bounds(0)
    if low >= -(2**31) and high < 2**31:
        # 32 bits convert in vectors on every machine, 64 bits do not.
        return s.let(f"sitofp i32 {s.let(f'trunc i64 {s.args[0]} to i32')} to {t}")
    return s.let(f"sitofp i64 {s.args[0]} to {t}")


def _not(s: Site) -> str:
    return s.let(f"xor i1 {s.args[0]}, true")


def _cast(s: Site) -> str:
    return s.args[0]


LOWERING: dict[str, Rule] = {
    "neg": _float("fneg"),
    "add": _float("fadd"),
    "sub": _float("fsub"),
    "mul": _float("fmul"),
    "div": _float("fdiv"),
    "fmod": _float("frem"),
    "abs": _intrinsic("fabs"),
    "sign": _sign,
    "floor": _intrinsic("floor"),
    "ceil": _intrinsic("ceil"),
    "trunc": _intrinsic("trunc"),
    "copysign": _intrinsic("copysign"),
    "minimum": _intrinsic("minimum"),
    "maximum": _intrinsic("maximum"),
    "sqrt": _intrinsic("sqrt"),
    **{name: _own(name) for name in (*maths.ONE, *maths.TWO)},
    "eq": _fcmp("oeq"),
    "ne": _fcmp("une"),
    "lt": _fcmp("olt"),
    "le": _fcmp("ole"),
    "gt": _fcmp("ogt"),
    "ge": _fcmp("oge"),
    "not": _not,
    "and": _plain("and"),
    "or": _plain("or"),
    "xor": _plain("xor"),
    "select": _select,
    "iadd": _whole("add"),
    "isub": _whole("sub"),
    "imul": _whole("mul"),
    "idiv": _floor_div,
    "imod": _floor_mod,
    "ieq": _icmp("eq"),
    "ilt": _icmp("slt"),
    "ile": _icmp("sle"),
    "cast": _cast,
    "real": _real,
    "floor_clamp": _floor_clamp,
    "floor_wrap": _floor_wrap,
    "int_clamp": _int_clamp,
    "int_wrap": _floor_mod,
}


def lower(code: Code, flags: str, lowering: str, args: Sequence[str], tys: Sequence[Ty], out: Ty) -> str:
    """Write an operator and give the register of its result."""
    return LOWERING[lowering](Site(code, flags, tuple(args), tuple(tys), out))
