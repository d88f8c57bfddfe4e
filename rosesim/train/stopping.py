"""Rules that end a run before its total: at a loss, on a plateau, after some time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown
from rosesim.train.metrics import MEAN_OVER

PROGRESS = 1e-4
"""The least fall of the best loss that counts as progress, as a part of it: that of PyTorch's ReduceLROnPlateau. A
descent that creeps on by less than that will not be what a person waits for."""
FORM = "plateau:ITERATIONS, target:LOSS or time:SECONDS, several with commas between, or never"


@dataclass(frozen=True)
class StopRule:
    """When a run ends before its total: at the first of these that is true.

    >>> str(parse_stop("time:60, target:1e-3")), str(parse_stop("never"))
    ('target:0.001,time:60.0', 'never')
    """

    plateau: int | None = None
    """Iterations in which the best loss has not fallen by a part of PROGRESS."""
    target: float | None = None
    """The loss that is good enough."""
    time: float | None = None
    """Seconds, over all resumptions, without compiling."""

    def __str__(self) -> str:
        """The text that `parse_stop` reads this from."""
        known = {"plateau": self.plateau, "target": self.target, "time": self.time}
        return ",".join(f"{name}:{v!r}" for name, v in known.items() if v is not None) or "never"


def parse_stop(text: str | Sequence[str]) -> StopRule:
    """The rule of a text such as `plateau:50` or `target:1e-3,time:60`, or of several.

    Raises SceneError for any other text.

    >>> parse_stop("plateau:50")
    StopRule(plateau=50, target=None, time=None)
    >>> parse_stop("plateau")
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: stop is plateau:ITERATIONS, target:LOSS or time:SECONDS, several with commas \
between, or never; 'plateau' was given
    """
    given = text if isinstance(text, str) else ",".join(text)
    found: dict[str, float] = {}
    for part in given.split(","):
        name, colon, number = (word.strip() for word in part.partition(":"))
        if name == "never" and not colon and given.strip() == "never":
            continue
        if name not in ("plateau", "target", "time") or name in found or (v := _number(name, number)) is None:
            raise SceneError(f"stop is {FORM}; {shown(given)} was given")
        found[name] = v
    plateau = found.get("plateau")
    return StopRule(None if plateau is None else int(plateau), found.get("target"), found.get("time"))


def _number(name: str, text: str) -> float | None:
    """The number of a rule; None where it has none that makes sense."""
    try:
        v = float(text)
    except ValueError:
        return None
    if not math.isfinite(v) or (name != "target" and v <= 0) or (name == "plateau" and v != int(v)):
        return None
    return v


class Stopper:
    """Says after each iteration whether a run ends there. It depends on the losses alone, and for `time` on the
    seconds; so a run that is resumed ends where it would have ended.

    Where inputs differ between iterations (`is_drawn`), the loss that counts is the mean over the last 200.
    """

    def __init__(self, rule: StopRule, *, is_drawn: bool = False):
        self.rule, self.is_drawn = rule, is_drawn
        self._recent: deque[float] = deque(maxlen=MEAN_OVER)
        self._best, self._since = math.inf, 0

    def why(self, loss: float, seconds: float) -> str | None:
        """Why the run ends after an iteration with this loss, as a clause that follows the optimiser's name; or
        None."""
        counts = loss
        if self.is_drawn:
            self._recent.append(loss)
            if len(self._recent) < MEAN_OVER:
                return self._of_time(seconds)
            counts = math.fsum(self._recent) / MEAN_OVER
        if counts < self._best - PROGRESS * abs(self._best) or self._best == math.inf:
            self._best, self._since = counts, 0
        else:
            self._since += 1
        r = self.rule
        if r.target is not None and counts <= r.target:
            return f"reached its target, a loss of {r.target:g} or less,"
        if r.plateau is not None and self._since >= r.plateau:
            return f"was stopped on a plateau, {r.plateau} iterations without progress,"
        return self._of_time(seconds)

    def _of_time(self, seconds: float) -> str | None:
        most = self.rule.time
        return None if most is None or seconds < most else f"was stopped after its {most:g} seconds"
