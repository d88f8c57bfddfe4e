"""Every operator of `ad.program.ops` in LLVM: one table, keyed by the operator's name.

A rule takes the code, the flags for float arithmetic, the arguments in registers, their types and the result's type.
It gives the register of the result. Integers need no overflow checks: their bounds are proved when the program is
built and stay below 2**62. For lanes, the same rules write vectors, except those that need a branch or a division
(`LANE_BY_LANE`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rosesim.ad.program.ir import IntT, Ty
from rosesim.codegen.llvm import layout, maths, per_lane
from rosesim.codegen.llvm.code import Code


@dataclass(frozen=True, slots=True)
class Site:
    """One application of an operator."""

    code: Code
    flags: str
    """Fast-math flags followed by a blank, or nothing."""
    args: tuple[str, ...]
    tys: tuple[Ty, ...]
    out: Ty

    @property
    def kind(self) -> str:
        """The register type of the first argument."""
        return layout.register(self.tys[0].scalar)

    @property
    def lanes(self) -> int:
        """How many values the result has."""
        return self.out.scalar.lanes

    def of(self, kind: str) -> str:
        """The type of a value of this kind, for all lanes."""
        return layout.in_lanes(kind, self.lanes)

    def integer(self, n: int) -> str:
        """An integer constant, for all lanes."""
        return str(n) if self.lanes == 1 else f"splat (i64 {n})"

    def real(self, x: float) -> str:
        """A constant of the first argument's type."""
        return layout.constant(x, self.tys[0].scalar)

    def known(self, k: int) -> int | None:
        """The value of an integer argument that is a constant."""
        text = self.args[k].removeprefix("splat (i64 ").removesuffix(")")
        return None if text.startswith("%") else int(text)

    def intrinsic(self, name: str, kind: str, *args: str) -> str:
        """Call one of LLVM's functions whose arguments and result have the same type."""
        short = {"float": "f32", "double": "f64"}.get(kind, kind)
        suffix = short if self.lanes == 1 else f"v{self.lanes}{short}"
        flags = self.flags if kind in ("float", "double") else ""
        given = ", ".join(f"{self.of(kind)} {a}" for a in args)
        return self.let(f"call {flags}{self.of(kind)} @llvm.{name}.{suffix}({given})")

    def let(self, text: str) -> str:
        """Append an instruction."""
        return self.code.let(text)

    def bounds(self, k: int) -> tuple[int, int]:
        """The bounds of an integer argument."""
        s = self.tys[k].scalar
        assert isinstance(s, IntT)
        return s.lo, s.hi


Rule = Callable[[Site], str]
_INTRINSICS = {
    **dict.fromkeys(("sqrt", "fabs", "floor", "ceil", "trunc"), 1),
    **dict.fromkeys(("copysign", "minimum", "maximum", "smin", "smax"), 2),
}
"""LLVM's functions whose arguments and result have one type, with the number of arguments."""
_INTRINSIC = re.compile(rf"@llvm\.({'|'.join(_INTRINSICS)})\.(?:v(\d+))?([fi]\d+)\(")
_KINDS = {"f32": "float", "f64": "double", "i64": "i64"}


def declarations(text: str) -> list[str]:
    """The declarations of the LLVM functions that a module's text calls."""
    found: list[str] = []
    for name, lanes, short in sorted(set(_INTRINSIC.findall(text))):
        kind = layout.in_lanes(_KINDS[short], int(lanes or 1))
        suffix = f"v{lanes}{short}" if lanes else short
        found.append(f"declare {kind} @llvm.{name}.{suffix}({', '.join([kind] * _INTRINSICS[name])})")
    return found


def _float(instruction: str) -> Rule:
    return lambda s: s.let(f"{instruction} {s.flags}{s.kind} {', '.join(s.args)}")


def _intrinsic(name: str) -> Rule:
    return lambda s: s.intrinsic(name, layout.register(layout.one_lane(s.tys[0].scalar)), *s.args)


def _mathematics(name: str) -> Rule:
    def rule(s: Site) -> str:
        args = ", ".join(f"{s.kind} {a}" for a in s.args)
        return s.let(f"call {s.kind} {maths.call_name(name, s.kind)}({args})")

    return rule


def _fcmp(predicate: str) -> Rule:
    return lambda s: s.let(f"fcmp {predicate} {s.kind} {s.args[0]}, {s.args[1]}")


def _icmp(predicate: str) -> Rule:
    return lambda s: s.let(f"icmp {predicate} {s.kind} {s.args[0]}, {s.args[1]}")


def _logic(instruction: str) -> Rule:
    return lambda s: s.let(f"{instruction} {s.kind} {s.args[0]}, {s.args[1]}")


def _integer(instruction: str) -> Rule:
    """Integer arithmetic. nsw holds because bounds are proved; nuw is added if nothing is negative."""

    def rule(s: Site) -> str:
        out = s.out.scalar
        natural = isinstance(out, IntT) and min(s.bounds(0)[0], s.bounds(1)[0], out.lo) >= 0
        return s.let(f"{instruction} {'nuw ' if natural else ''}nsw {s.kind} {s.args[0]}, {s.args[1]}")

    return rule


def _shift(instruction: str) -> Rule:
    """A shift. LLVM's is undefined beyond 63; ours is there what it is at 63: 0, or the sign."""

    def rule(s: Site) -> str:
        by = s.args[1]
        if s.bounds(1)[1] > 63:
            by = s.intrinsic("smin", "i64", by, s.integer(63))
        return s.let(f"{instruction} {s.kind} {s.args[0]}, {by}")

    return rule


def _sign(s: Site) -> str:
    zero, one, minus = map(s.real, (0.0, 1.0, -1.0))
    x, t, boolean = s.args[0], s.kind, s.of("i1")
    # Zero and NaN are their own sign, except that the sign of -0.0 is 0.0: hence the addition of 0.0.
    rest = s.let(f"fadd {t} {x}, {zero}")
    below = s.let(f"select {boolean} {s.let(f'fcmp olt {t} {x}, {zero}')}, {t} {minus}, {t} {rest}")
    return s.let(f"select {boolean} {s.let(f'fcmp ogt {t} {x}, {zero}')}, {t} {one}, {t} {below}")


def _select(s: Site) -> str:
    t = layout.register(s.out.scalar)
    p, x, y = s.args
    return s.let(f"select {s.kind} {p}, {t} {x}, {t} {y}")


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
        return _wrap_once(s, a, n, (low, high), least)  # such as i + 1 and i - 1: without a division
    t, boolean = s.kind, s.of("i1")
    if low >= 0:
        return s.let(f"urem {t} {a}, {n}")
    rest = s.let(f"srem {t} {a}, {n}")
    negative = s.let(f"icmp slt {t} {rest}, {s.integer(0)}")
    return s.let(f"select {boolean} {negative}, {t} {s.let(f'add {t} {rest}, {n}')}, {t} {rest}")


def _wrap_once(s: Site, a: str, n: str, bounds: tuple[int, int] | None = None, least: int = 0) -> str:
    """a modulo n, for a in -n .. 2n - 1 and within bounds, where n is at least `least`."""
    t, boolean = s.of("i64"), s.of("i1")
    wrapped = a
    if bounds is None or bounds[1] >= least:
        over = s.let(f"icmp sge {t} {a}, {n}")
        wrapped = s.let(f"select {boolean} {over}, {t} {s.let(f'sub {t} {a}, {n}')}, {t} {a}")
    if bounds is None or bounds[0] < 0:
        under = s.let(f"icmp slt {t} {a}, {s.integer(0)}")
        wrapped = s.let(f"select {boolean} {under}, {t} {s.let(f'add {t} {a}, {n}')}, {t} {wrapped}")
    return wrapped


def is_power_of_two(n: int | None) -> bool:
    """Whether a modulus is known, and its remainders are the low bits of a number (in single precision, too)."""
    return n is not None and 0 < n <= 2**24 and n & (n - 1) == 0


def _clamp(s: Site, i: str, k: int) -> str:
    """An integer clamped to 0 .. n - 1, where n is argument number k."""
    n = s.known(k)
    last = s.integer(n - 1) if n is not None else s.let(f"sub {s.of('i64')} {s.args[k]}, {s.integer(1)}")
    return s.intrinsic("smax", "i64", s.intrinsic("smin", "i64", i, last), s.integer(0))


def _int_clamp(s: Site) -> str:
    return _clamp(s, s.args[0], 1)


def _clamped_real(s: Site, x: str, low: float, high: float) -> str:
    """x clamped to two bounds; a NaN becomes the lower one. The conversion to an integer is then defined."""
    t, boolean = s.kind, s.of("i1")
    lo, hi = s.real(low), s.real(high)
    up = s.let(f"select {boolean} {s.let(f'fcmp ogt {t} {x}, {lo}')}, {t} {x}, {t} {lo}")
    return s.let(f"select {boolean} {s.let(f'fcmp olt {t} {up}, {hi}')}, {t} {up}, {t} {hi}")


def _exact_limit(s: Site) -> int:
    """Below this, integers are exact in the float type of the first argument."""
    return 2**24 if layout.width(s.tys[0].scalar) == 32 else 2**53


def _floor_clamp(s: Site) -> str:
    x, n = s.args[0], s.known(1)
    if n is not None and n <= min(2**31, _exact_limit(s)):
        # First clamped to n - 1 as a float. Every machine converts 32 bits in vectors.
        small = _clamped_real(s, x, 0.0, float(max(n - 1, 0)))
        short = s.of("i32")
        return s.let(f"zext {short} {s.let(f'fptosi {s.kind} {small} to {short}')} to {s.of('i64')}")
    big = _clamped_real(s, x, 0.0, 2.0**62)
    return _clamp(s, s.let(f"fptosi {s.kind} {big} to {s.of('i64')}"), 1)


def _floor_wrap(s: Site) -> str:
    """floor(x) mod n. Most programs need at most one addition or subtraction of n, and no division. Otherwise it is
    computed with integers below 2**62, and beyond that (where all floats are multiples of 2**9) by an exact fmod."""
    if is_power_of_two(s.known(1)) and (s.code.group or s.out.scalar.lanes > 1):
        return _floor_wrap_exactly(s)  # for vectors: one place alone waits longer for it than for the branch
    code, t = s.code, s.kind
    x, n = s.args
    down = s.intrinsic("floor", t, x)
    size = s.intrinsic("fabs", t, down)
    here, away, near, far, done = (code.fresh(p) for p in ("here", "away", "near", "far", "done"))
    bound = s.let(f"sitofp i64 {n} to {t}")
    code.branch(s.let(f"fcmp olt {t} {size}, {bound}"), here, away, ", !prof !1")
    code.open(here)
    from_here = _wrap_once(s, s.let(f"fptosi {t} {down} to i64"), n)
    code.jump(done)
    code.open(away)
    code.branch(s.let(f"fcmp olt {t} {size}, {s.real(2.0**62)}"), near, far)
    code.open(near)
    floored = s.let(f"fptosi {t} {down} to i64")
    rest = s.let(f"srem i64 {floored}, {n}")
    from_near = s.let(
        f"select i1 {s.let(f'icmp slt i64 {rest}, 0')}, i64 {s.let(f'add i64 {rest}, {n}')}, i64 {rest}"
    )
    code.jump(done)
    code.open(far)
    modulus = s.let(f"sitofp i64 {n} to {t}")
    remainder = s.let(f"frem {t} {down}, {modulus}")
    # A NaN or an infinity gives a NaN here. The clamp turns it into the lower bound, and the result is 0.
    finite = s.let(f"fcmp ord {t} {remainder}, {remainder}")
    bounded = _clamped_real(s, remainder, -(2.0**62), 2.0**62)
    far_rest = s.let(f"fptosi {t} {bounded} to i64")
    lifted = s.let(
        f"select i1 {s.let(f'icmp slt i64 {far_rest}, 0')}, i64 {s.let(f'add i64 {far_rest}, {n}')}, i64 {far_rest}"
    )
    from_far = s.let(f"select i1 {finite}, i64 {lifted}, i64 0")
    # If n is not exact in the float type, the remainder may equal n.
    safe = _clamp(s, from_far, 1)
    code.jump(done)
    code.open(done)
    return s.let(f"phi i64 [ {from_here}, %{here} ], [ {from_near}, %{near} ], [ {safe}, %{far} ]")


def _floor_wrap_exactly(s: Site) -> str:
    """The same for a power of two, by which all floats divide exactly: floor(x) less n times the floor of its nth."""
    t, n = s.kind, s.known(1)
    assert n is not None
    down = s.intrinsic("floor", layout.register(layout.one_lane(s.tys[0].scalar)), s.args[0])
    turns = s.intrinsic(
        "floor", layout.register(layout.one_lane(s.tys[0].scalar)), s.let(f"fmul {t} {down}, {s.real(1.0 / n)}")
    )
    rest = s.let(f"fsub contract {t} {down}, {s.let(f'fmul contract {t} {turns}, {s.real(float(n))}')}")
    # A NaN or an infinity gives a NaN here.
    finite = s.let(f"select {s.of('i1')} {s.let(f'fcmp ord {t} {rest}, {rest}')}, {t} {rest}, {t} {s.real(0.0)}")
    short = s.of("i32")
    return s.let(f"zext {short} {s.let(f'fptosi {t} {finite} to {short}')} to {s.of('i64')}")


def _real(s: Site) -> str:
    t = layout.register(s.out.scalar)
    low, high = s.bounds(0)
    if low >= -(2**31) and high < 2**31:
        # Every machine converts 32 bits in vectors, but not 64 bits.
        short = layout.in_lanes("i32", s.lanes)
        return s.let(f"sitofp {short} {s.let(f'trunc {s.kind} {s.args[0]} to {short}')} to {t}")
    return s.let(f"sitofp {s.kind} {s.args[0]} to {t}")


def _not(s: Site) -> str:
    return s.let(f"xor {s.kind} {s.args[0]}, {layout.constant(True, s.tys[0].scalar)}")


def _cast(s: Site) -> str:
    return s.args[0]


def _splat(s: Site) -> str:
    return per_lane.splat(s.code, s.args[0], s.out.scalar)


def _any(s: Site) -> str:
    lanes = s.tys[0].scalar.lanes
    return s.let(f"icmp ne i{lanes} {s.let(f'bitcast {s.kind} {s.args[0]} to i{lanes}')}, 0")


def _most(s: Site) -> str:
    best = per_lane.pick(s.code, s.args[0], s.tys[0].scalar, 0)
    for lane in range(1, s.tys[0].scalar.lanes):
        other = per_lane.pick(s.code, s.args[0], s.tys[0].scalar, lane)
        best = s.let(f"select i1 {s.let(f'icmp sgt i64 {other}, {best}')}, i64 {other}, i64 {best}")
    return best


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
    **{name: _mathematics(name) for name in (*maths.ONE, *maths.TWO)},
    "unit": _mathematics("tanh"),
    "eq": _fcmp("oeq"),
    "ne": _fcmp("une"),
    "lt": _fcmp("olt"),
    "le": _fcmp("ole"),
    "gt": _fcmp("ogt"),
    "ge": _fcmp("oge"),
    "not": _not,
    "and": _logic("and"),
    "or": _logic("or"),
    "xor": _logic("xor"),
    "select": _select,
    "iadd": _integer("add"),
    "isub": _integer("sub"),
    "imul": _integer("mul"),
    "idiv": _floor_div,
    "imod": _floor_mod,
    "iand": _logic("and"),
    "ior": _logic("or"),
    "ixor": _logic("xor"),
    "ishl": _shift("shl nsw"),
    "ishr": _shift("ashr"),
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


OF_LANES: dict[str, Rule] = {"splat": _splat, "any": _any, "most": _most, "count": _integer("add")}
"""The operators that only `codegen.passes.lanes` uses (see `check_op`)."""

MODULO = {"imod", "int_wrap", "floor_wrap"}
"""Operators that take a number modulo another."""

LANE_BY_LANE = {"idiv", "floor_wrap"}
"""Operators that are computed lane by lane."""


def lower(
    code: Code, flags: str, name: str, args: Sequence[str], tys: Sequence[Ty], out: Ty, *, told: bool = False
) -> str:
    """Write an operator. Gives the register of its result. `told` says that integers among its arguments come from
    reals or arrays. Their remainder by a power of two is its low bits, one instruction, in vectors, too; of a loop's
    index moved by a constant LLVM understands the choice better, and sees neighbours in memory."""
    site = Site(code, flags, tuple(args), tuple(tys), out)
    if name in OF_LANES:
        return OF_LANES[name](site)
    of_two = name in MODULO and is_power_of_two(site.known(1))
    if told and of_two and name != "floor_wrap":
        return site.let(f"and {site.kind} {args[0]}, {site.integer((site.known(1) or 0) - 1)}")
    rule = LOWERING[name]
    if out.scalar.lanes == 1 or name not in LANE_BY_LANE or of_two:
        return rule(site)
    one = Ty(layout.one_lane(out.scalar))
    ones = tuple(Ty(layout.one_lane(t.scalar)) for t in tys)

    def single(lane: int) -> str:
        given = tuple(per_lane.pick(code, a, t.scalar, lane) for a, t in zip(args, tys, strict=True))
        return rule(Site(code, flags, given, ones, one))

    return per_lane.joined(code, out.scalar, single)
