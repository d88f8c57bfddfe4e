"""sin, cos and tan.

x = n pi/2 + r with |r| <= pi/4 and r in a pair. No double comes closer to a multiple of pi/2 than 2^-61 (Muller,
Elementary Functions, 2016, chapter 11), and r is needed with a relative error of 2^-55. Up to |x| = 2^20, pi/2 is
split in four parts, and n times each of the first three is exact (Cody and Waite). Beyond, the quotient is computed
in integers (`far`, after Payne and Hanek, Radian reduction for trigonometric functions, 1983). That is a branch,
because programs hardly ever go there; and because of the branch these functions stay calls.
"""

from __future__ import annotations

from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.maths import coefficients
from rosesim.codegen.llvm.maths.exact import Pair, any_sum, ordered_sum, product
from rosesim.codegen.llvm.maths.exponential import low_bits, nearest
from rosesim.codegen.llvm.maths.values import Booleans, Doubles, Integers, Writer

FAR = "@rosesim.far"
_NEAR = 2.0**20
"""Up to this |x|, n fits into 20 bits."""
_TWO_OVER_PI = 0.6366197723675814
_HALF_PI, _HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
"""pi / 2 in two doubles."""
_PARTS = tuple(
    map(
        float.fromhex,
        ("0x1.921fb54400000p+0", "0x1.0b4611a600000p-34", "0x1.3198a2e000000p-69", "0x1.b839a252049c1p-104"),
    )
)
"""pi / 2 in three parts of 33 bits, and the rest."""


def sin(w: Writer, x: Doubles) -> Doubles:
    """The lowest bit of n chooses sin r or cos r, the next bit the sign. sin(-0) is -0."""
    r, low, n = _reduced(w, x)
    value = w.choose(n.odd, _sum(_cos(w, r, low)), _sum(_sin(w, r, low)))
    return w.choose(x.equals(0.0), x, _negated(value, n))


def cos(w: Writer, x: Doubles) -> Doubles:
    """The sine, a quarter of a turn further."""
    r, low, n = _reduced(w, x)
    value = w.choose(n.odd, _sum(_sin(w, r, low)), _sum(_cos(w, r, low)))
    return _negated(value, n + 1)


def tan(w: Writer, x: Doubles) -> Doubles:
    """sin r / cos r or -cos r / sin r. Both are pairs, whose low parts correct the quotient."""
    r, low, n = _reduced(w, x)
    s, c = _sin(w, r, low), _cos(w, r, low)
    (a, a_low), (b, b_low) = (
        tuple(w.choose(n.odd, p, q) for p, q in zip(u, v, strict=True)) for u, v in ((c, s), (s, c))
    )
    q = a / b
    value = q + (a_low - q * b_low) / b
    return w.choose(x.equals(0.0), x, (value.bits ^ (n << 63)).real)


def _reduced(w: Writer, x: Doubles) -> tuple[Doubles, Doubles, Integers]:
    """r, its low part, and an integer with the low bits of n."""
    n = nearest(x * _TWO_OVER_PI)
    first, second, third, rest = _PARTS
    t = x.minus(n.times(first))
    if w.short:  # no float in this range comes closer than 2^-28 (all were tried): two parts suffice
        return _or_far(w, x, t - n * (second + third), w.real(0.0), low_bits(n))
    t, lost = any_sum(t, n.times(-second))
    t, more = any_sum(t, n.times(-third))
    r, low = ordered_sum(t, (lost + more) - n * rest)
    return _or_far(w, x, r, low, low_bits(n))


def _or_far(w: Writer, x: Doubles, r: Doubles, low: Doubles, n: Integers) -> tuple[Doubles, Doubles, Integers]:
    """The given r, low part and n where x is near; where it is not, those that `far` computes, lane by lane."""
    c, k = w.code, w.kind
    is_far = w.size(x) > _NEAR
    some = is_far.name
    if k.lanes:
        some = c.let(f"icmp ne i{k.lanes} {c.let(f'bitcast <{k.lanes} x i1> {some} to i{k.lanes}')}, 0")
    before = c.label
    c.branch(some, "far", "done", ", !prof !0")
    c.open("far")
    kinds = (k.text, k.text, k.holding("i64"))
    found = ["poison"] * 3
    for lane in range(max(k.lanes, 1)):
        one = c.let(f"extractelement {k.text} {x.name}, i64 {lane}") if k.lanes else x.name
        three = c.let(f"call {{ double, double, i64 }} {FAR}(double {one})")
        for j, (kind, scalar) in enumerate(zip(kinds, ("double", "double", "i64"), strict=True)):
            v = c.let(f"extractvalue {{ double, double, i64 }} {three}, {j}")
            found[j] = c.let(f"insertelement {kind} {found[j]}, {scalar} {v}, i64 {lane}") if k.lanes else v
    near = (r.name, low.name, n.name)
    mask = f"{k.holding('i1')} {is_far.name}"
    chosen = [c.let(f"select {mask}, {t} {a}, {t} {b}") for t, a, b in zip(kinds, found, near, strict=True)]
    c.jump("done")
    c.open("done")
    merged = [
        c.let(f"phi {t} [ {b}, %{before} ], [ {a}, %far ]") for t, a, b in zip(kinds, chosen, near, strict=True)
    ]
    return Doubles(w, merged[0]), Doubles(w, merged[1]), Integers(w, merged[2])


def _sin(w: Writer, r: Doubles, low: Doubles) -> Pair:
    """sin(r + low) = r + (r^3 P(r^2) + low cos r)."""
    z = r * r
    return ordered_sum(r, z * r * w.polynomial(z, coefficients.SIN) + low * (1.0 - z * 0.5))


def _cos(w: Writer, r: Doubles, low: Doubles) -> Pair:
    """cos(r + low) = 1 - r^2 / 2 + (r^4 P(r^2) - low sin r), with the rounding errors of the first two terms."""
    z = r.times(r)
    half = z.times(0.5)
    one = w.real(1.0)
    head = one.minus(half)
    lost = one.minus(head).minus(half)
    return ordered_sum(head, lost + (z * z * w.polynomial(z, coefficients.COS) - low * r))


def _sum(p: Pair) -> Doubles:
    return p[0] + p[1]


def _negated(value: Doubles, n: Integers) -> Doubles:
    """The value, negated where the second bit of n is set."""
    return (value.bits ^ ((n & 2) << 62)).real


TWO_OVER_PI = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1d"
    "eb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b"
    "5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d085603",
    16,
)
"""The integer part of 2/pi times 2^1168."""
_BITS = 1168
"""The number of these bits, all of them behind the binary point."""
_WINDOW = 190
"""How many bits of x 2/pi are kept. The product retains 126 of them, far more than 2^-61 demands."""


def far(w: Writer) -> list[str]:
    """{r, its low part, n} for |x| beyond 2^20: the lines after `define ... (double %x)`.

    x = m 2^e with an integer m. Multiples of four quarter turns in 2^e 2/pi do not matter. So three words of 2/pi,
    beginning at the right byte, times m, are x 2/pi modulo 4. If the right place is between two bytes, m is shifted
    by the remaining bits. A NaN or an infinity gives NaN.
    """
    c = w.code
    bits = c.let("bitcast double %x to i64")
    exponent = c.let(f"and i64 {c.let(f'lshr i64 {bits}, 52')}, 2047")
    mantissa = c.let(f"or i64 {c.let(f'and i64 {bits}, {(1 << 52) - 1}')}, {1 << 52}")
    shift = c.let(f"sub i64 {_BITS - _WINDOW + 1075}, {exponent}")
    more = c.let(f"and i64 {c.let(f'sub i64 0, {shift}')}, 7")
    place = c.let(f"lshr i64 {c.let(f'add i64 {shift}, 7')}, 3")
    m = c.let(f"shl i64 {mantissa}, {more}")
    products: list[str] = []
    for word in range(3):
        at = c.let(f"getelementptr i8, ptr {FAR}.bits, i64 {c.let(f'add i64 {place}, {8 * word}')}")
        bits_of = c.let(f"load i64, ptr {at}, align 1")
        products.append(_wide_product(c, bits_of, m))
    low, middle, high = products
    carried = c.let(f"add i128 {middle}, {c.let(f'lshr i128 {low}, 64')}")
    quarters = c.let(f"add i128 {carried}, {c.let(f'shl i128 {high}, 64')}")
    n = c.let(f"lshr i128 {c.let(f'add i128 {quarters}, {1 << 125}')}, 126")
    rest = c.let(f"sub i128 {quarters}, {c.let(f'shl i128 {n}, 126')}")
    below = c.let(f"icmp slt i128 {rest}, 0")
    size = c.let(f"select i1 {below}, i128 {c.let(f'sub i128 0, {rest}')}, i128 {rest}")
    zeros = c.let(f"call i128 @llvm.ctlz.i128(i128 {size}, i1 false)")
    count = c.let(f"trunc i128 {zeros} to i64")
    top = _shifted(c, size, count)
    parts: list[Doubles] = []
    for end in (53, 106):
        part = c.let(f"trunc i128 {c.let(f'lshr i128 {top}, {128 - end}')} to i64")
        number = Doubles(w, c.let(f"uitofp i64 {c.let(f'and i64 {part}, {(1 << 53) - 1}')} to double"))
        parts.append(number.times(((1023 + 2 - end - Integers(w, count)) << 52).real))
    high, low = product(parts[0], w.real(_HALF_PI))
    r, r_low = ordered_sum(high, low + (parts[0] * _HALF_PI_LOW + parts[1] * _HALF_PI))
    negative = c.let(f"icmp slt i64 {bits}, 0")
    other = Booleans(w, c.let(f"xor i1 {negative}, {below}"))
    low_word = c.let(f"trunc i128 {n} to i64")
    x = Doubles(w, "%x")
    results = [f"double {w.choose(other, v * -1.0, v).plus(x.minus(x)).name}" for v in (r, r_low)]
    minus = c.let(f"sub i64 0, {low_word}")
    results.append(f"i64 {c.let(f'select i1 {negative}, i64 {minus}, i64 {low_word}')}")
    triple = "poison"
    for j, v in enumerate(results):
        triple = c.let(f"insertvalue {{ double, double, i64 }} {triple}, {v}, {j}")
    c.put(f"ret {{ double, double, i64 }} {triple}")
    return c.lines


# Not every machine multiplies or shifts 128 bits. Where it does not, LLVM calls a function that nobody has. So both
# are written in 64 bits; to add and to shift by a constant is the same everywhere.


def _wide_product(c: Code, a: str, b: str) -> str:
    """The product of two numbers of 64 bits, in 128."""
    low_half = (1 << 32) - 1
    (a0, a1), (b0, b1) = ((c.let(f"and i64 {v}, {low_half}"), c.let(f"lshr i64 {v}, 32")) for v in (a, b))
    parts = [c.let(f"mul i64 {x}, {y}") for x, y in ((a0, b0), (a1, b0), (a0, b1), (a1, b1))]
    total = ""
    for part, shift in zip(parts, (0, 32, 32, 64), strict=True):
        wide = c.let(f"shl i128 {c.let(f'zext i64 {part} to i128')}, {shift}")
        total = c.let(f"add i128 {total}, {wide}") if total else wide
    return total


def _shifted(c: Code, value: str, by: str) -> str:
    """128 bits shifted up by 0 to 127, a number of 64 bits."""
    low = c.let(f"trunc i128 {value} to i64")
    high = c.let(f"trunc i128 {c.let(f'lshr i128 {value}, 64')} to i64")
    whole = c.let(f"icmp uge i64 {by}, 64")
    rest = c.let(f"and i64 {by}, 63")
    upper, lower = (c.let(f"select i1 {whole}, i64 {x}, i64 {y}") for x, y in ((low, high), ("0", low)))
    carried = c.let(f"lshr i64 {c.let(f'lshr i64 {lower}, 1')}, {c.let(f'sub i64 63, {rest}')}")
    top = c.let(f"or i64 {c.let(f'shl i64 {upper}, {rest}')}, {carried}")
    words = [c.let(f"zext i64 {w} to i128") for w in (top, c.let(f"shl i64 {lower}, {rest}"))]
    return c.let(f"or i128 {c.let(f'shl i128 {words[0]}, 64')}, {words[1]}")
