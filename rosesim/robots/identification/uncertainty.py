"""What a least-squares estimate is worth, from the Jacobian of its residuals.

With residuals over their standard deviations and the Jacobian J at the minimum, the covariance is that of Gauss and
Newton, (JᵀJ)⁻¹, times the variance of the residuals where the noise is not known (G. Seber and C. Wild, Nonlinear
Regression, 1989, section 2.1). Directions along which J is zero to rounding are not determined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NO_EFFECT = 1e-10
"""A column of J this small beside the largest is zero: sums of a thousand steps cancel to about 1e-13."""
DEPENDENT = 1e-8
"""A singular value of J, its columns scaled to length 1, this small beside the largest: they depend on each other."""
TAKES_PART = 1e-5
"""An entry of an undetermined direction (of length 1) this small is rounding, which DEPENDENT allows."""


@dataclass(frozen=True)
class Uncertainty:
    """Of unknowns in the coordinates of the search."""

    covariance: Array
    """Along what is determined; the rows of what is not are infinite on the diagonal."""
    undetermined: Array
    """(k, n): directions along which the residuals do not change, each with an entry 1 where the others have 0."""
    rank: int
    """How many directions are determined."""

    @property
    def errors(self) -> Array:
        """Standard errors; infinite where something is not determined."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> Array:
        """Of what is determined; NaN beside what is not."""
        s = self.errors
        with np.errstate(invalid="ignore", divide="ignore"):
            found = self.covariance / np.outer(s, s)
        return np.where(np.isfinite(np.outer(s, s)), found, np.nan)


def uncertainty(j: Array) -> Uncertainty:
    """Of the unknowns whose residuals, of variance 1, have the Jacobian j (m, n)."""
    lengths = np.linalg.norm(j, axis=0)
    moves = lengths > NO_EFFECT * lengths.max(initial=0.0)
    n = len(lengths)
    scale = np.where(moves, lengths, 1.0)
    small = np.linalg.qr(np.where(moves, j / scale, 0.0), mode="r")  # of J's singular values, n by n
    _, s, vt = np.linalg.svd(small, full_matrices=True)
    s = np.concatenate([s, np.zeros(n - len(s))])
    determined = s > DEPENDENT * s.max(initial=0.0)
    if not s.max(initial=0.0) > 0.0:
        determined[:] = False
    kept, free = vt[determined], vt[~determined]
    half = kept / s[determined][:, None] / scale
    covariance = half.T @ half
    unknown = np.linalg.norm(free, axis=0) > TAKES_PART
    covariance[unknown, unknown] = np.inf
    return Uncertainty(covariance, readable(free / scale), int(determined.sum()))


def readable(directions: Array) -> Array:
    """The same space of directions (k, n), each with an unknown that the others leave alone: words about one say
    what else must change when that one does."""
    k = len(directions)
    if not k:
        return directions
    left = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    for row in range(k):  # Gauss and Jordan: each direction is cleared of the largest entry of another
        place = np.unravel_index(np.abs(left[row:]).argmax(), left[row:].shape)
        left[[row, row + int(place[0])]] = left[[row + int(place[0]), row]]
        left[row] /= left[row, place[1]]
        others = np.arange(k) != row
        left[others] -= np.outer(left[others, place[1]], left[row])
    left = np.where(np.abs(left) > TAKES_PART * np.abs(left).max(axis=1, keepdims=True), left, 0.0)
    return left[np.argsort((left != 0.0).argmax(axis=1), kind="stable")]  # in the order of the unknowns
