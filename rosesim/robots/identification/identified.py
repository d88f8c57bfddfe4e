"""What identification found, and the words for it."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ALIKE = 0.95
"""Pairs of a larger correlation are named: the error of each is then over three times that with the other known."""
NAMED = 3
"""So many pairs are named at most."""


@dataclass(frozen=True)
class Direction:
    """A change of parameters along which the record, as computed, stays as it is, to first order."""

    changes: Mapping[str, float]
    """By name: the change of each, in its own unit, when the first changes by a hundredth of its magnitude."""
    relative: Mapping[str, float]
    """The same over the parameter's magnitude."""

    def __str__(self) -> str:
        if len(self.changes) == 1:
            return f"{next(iter(self.changes))}: to first order, the record does not depend on it"
        parts = [f"{name} {100.0 * self.relative[name]:+.3g} %" for name in self.changes]
        return f"{', '.join(parts[:-1])} and {parts[-1]} together leave the record as it is"


@dataclass(frozen=True, repr=False)
class Identified:
    """Parameters that `identify` found.

    Dictionaries go by names, with a component of a vector in brackets, as "body arm com[2]".
    """

    robot: str
    values: dict[str, float]
    errors: dict[str, float]
    """Standard errors; infinite where the record does not determine a value."""
    intervals: dict[str, tuple[float, float]]
    """Confidence intervals. Of positive parameters they are symmetric in the logarithm."""
    confidence: float
    begun: dict[str, float]
    """Where the search began."""
    correlation: Array
    """Of the estimates, in the order of `values`: of positive ones by logarithm; NaN where one is not determined."""
    undetermined: tuple[Direction, ...]
    """What the record cannot tell apart."""
    parameters: dict[str, Any]
    """The values as the functions of a model take them: `parameters=`."""
    starts: list[tuple[Array, Array]]
    """Position and velocity at the first time of each record."""
    residuals: list[dict[str, Array]]
    """Computed less recorded, of each record by kind: a row for each time step, NaN where nothing was measured."""
    noise: dict[str, Array]
    """The standard deviation of each channel, by kind: as given, or estimated from the residuals."""
    is_noise_given: bool
    numbers: int
    """How many numbers were measured."""
    iterations: int
    converged: bool
    doubts: tuple[str, ...] = field(default=())
    """What speaks against the values or their errors, as sentences; also given as warnings."""

    def rms(self, kind: str) -> float:
        """The root of the mean square of the residuals of a kind, "q", "v" or "sensors"."""
        found = np.concatenate([np.ravel(r[kind]) for r in self.residuals if kind in r])
        known = found[np.isfinite(found)]
        return float(np.sqrt(np.mean(known**2))) if known.size else math.nan

    def __repr__(self) -> str:
        head, rows = self._table()
        widths = [max(len(r[k]) for r in [head, *rows]) for k in range(len(head))]
        lines = [
            "  ".join(c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(r, widths, strict=True)))
            for r in [head, *rows]
        ]
        return "\n".join([self._title, *lines, *self._remarks()])

    def _repr_html_(self) -> str:
        """For notebooks."""
        head, rows = self._table()
        cells = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        top = "".join(f"<th>{html.escape(h)}</th>" for h in head)
        said = "".join(f"<p>{html.escape(line)}</p>" for line in self._remarks())
        title = f"<p>{html.escape(self._title)}</p>"
        return f"{title}<table><thead><tr>{top}</tr></thead><tbody>{cells}</tbody></table>{said}"

    @property
    def _title(self) -> str:
        count = len(self.values)
        return f"{count} parameter{'s' * (count != 1)} of {self.robot!r} from {self.numbers:,} measured numbers"

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["parameter", "value", "standard error", f"{100 * self.confidence:g} % interval", "began at"]
        rows: list[list[str]] = []
        for name, value in self.values.items():
            error, (low, high) = self.errors[name], self.intervals[name]
            if math.isinf(error):
                rows.append([name, f"{value:.4g}", "not determined", "", f"{self.begun[name]:.4g}"])
                continue
            shown = [rounded(x, error) for x in (value, low, high)]
            rows.append([name, shown[0], f"{error:.2g}", f"{shown[1]} to {shown[2]}", f"{self.begun[name]:.4g}"])
        return head, rows

    def _remarks(self) -> list[str]:
        kinds = [f"{kind} {self.rms(kind):.3g}" for kind in self.noise]
        how = "as given" if self.is_noise_given else "estimated from the residuals"
        ended = "converged" if self.converged else "not converged"
        lines = [f"residuals (rms): {', '.join(kinds)}; noise {how}; {ended} in {self.iterations} iterations"]
        lines += [f"cannot be told apart: {direction}" for direction in self.undetermined]
        lines += [f"alike in the record: {a} and {b}, correlation {c:+.3f}" for a, b, c in self.alike[:NAMED]]
        return lines + [f"doubt: {text}" for text in self.doubts]

    @property
    def alike(self) -> list[tuple[str, str, float]]:
        """Pairs whose estimates have a correlation above 0.95 in magnitude, the largest first."""
        names = list(self.values)
        pairs = [
            (names[i], names[k], float(self.correlation[i, k])) for i in range(len(names)) for k in range(i)
            if abs(self.correlation[i, k]) > ALIKE
        ]  # fmt: skip
        return sorted(pairs, key=lambda p: -abs(p[2]))


def rounded(x: float, error: float) -> str:
    """A number to two digits of its standard error, at most 12 of its own.

    >>> rounded(3.14159, 0.0012), rounded(3.14159, 12.0), rounded(1234567.0, 100.0), rounded(-5.04e-6, 4.7e-6)
    ('3.1416', '3', '1234567', '-5.0e-06')
    """
    if not math.isfinite(x) or not error > 0.0:
        return f"{x:.12g}"
    place = math.floor(math.log10(error)) - 1
    if 1e-3 <= abs(x) < 1e9 or not x:
        return f"{x:.{min(max(-place, 0), 12)}f}"
    return f"{x:.{min(max(math.floor(math.log10(abs(x))) - place, 0), 11)}e}"


def direction(labels: Sequence[str], scales: Array, along: Array) -> Direction:
    """Along a direction in the coordinates of the search; the scales are the values' units there."""
    order = sorted((k for k in range(len(labels)) if along[k] != 0.0), key=lambda k: (-abs(along[k]), k))
    return Direction(
        {labels[k]: float(0.01 * along[k] * scales[k]) for k in order},
        {labels[k]: float(0.01 * along[k]) for k in order},
    )
