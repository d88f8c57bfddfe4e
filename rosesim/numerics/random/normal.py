"""The quantile of the normal distribution: algorithm AS 241, PPND16.

M. J. Wichura: The percentage points of the normal distribution. Applied Statistics 37 (1988), 477-484. Its relative
error is about 1e-16 in exact arithmetic.

A normal number is the quantile of a uniform one, instead of Box and Muller's pairs: it is one number of one block, it
grows with its uniform number, and its 63 random bits of probability reach the tails as they are, to 9.1 standard
deviations (Box and Muller's radius of 32 bits would end at 6.7). It takes a logarithm and a root, no sine.
"""

from __future__ import annotations

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import log, sqrt
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.real import Real

# Numerators and denominators, from the highest power down; in the paper a and b, c and d, e and f.
_CENTRAL = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_NEAR = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
     3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)  # fmt: skip
_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)  # fmt: skip


def upper_quantile(p: Real) -> Real:
    """The z that a standard normal number exceeds with probability p, for p in (0, 1/2]."""
    q = 0.5 - p
    central = _ratio(0.180625 - q * q, *_CENTRAL)
    r = sqrt(-log(p))
    far = r > 5.0
    # One ratio for both tails, of the coefficients that apply: nobody draws the far one, and it would cost as much.
    coefficients = (
        [_either(far, f, n) for f, n in zip(*rows, strict=True)] for rows in zip(_FAR, _NEAR, strict=True)
    )
    tail = _ratio(r - select(far, 5.0, 1.6), *coefficients)
    return select(q <= 0.425, q * central, tail)


def _either(p: Bool, a: float, b: float) -> Real | float:
    return a if a == b else select(p, a, b)


def _ratio(
    x: Real, above: tuple[float, ...] | list[Real | float], below: tuple[float, ...] | list[Real | float]
) -> Real:
    numerator, denominator = Real(above[0]), Real(below[0])
    for a, b in zip(above[1:], below[1:], strict=True):
        numerator, denominator = numerator * x + a, denominator * x + b
    return numerator / denominator
