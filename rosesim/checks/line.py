"""A check's programs along a line: values, slopes and decisions."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.instrument.decisions import Flip, first_flips
from rosesim.checks.flips import Node
from rosesim.checks.programs import Programs, Vector, in_parallel


class AlongLine:
    """c . value from p - d to p + d, with its slope and decisions, for the causes of a change."""

    def __init__(self, programs: Programs, cotangent: Vector, p: Vector, d: Vector):
        self._programs, self._cotangent, self._p, self._d = programs, cotangent, p, d

    def nodes(self, at: Sequence[float]) -> list[Node | None]:
        """The program at these places, on all cores where a run is long; None where it has no number."""
        return in_parallel(self._programs, self._node, at)

    def flips(self, one: Node, other: Node) -> list[Flip]:
        """For each decision that differs between two nodes its first flip, in the order of the run."""
        return first_flips(self._programs.recorded, one.table, other.table)

    def _node(self, at: float) -> Node | None:
        x = self._p + at * self._d
        run, slope = self._programs.run_beside(x), self._programs.forward_beside(x, self._d)
        if run is None or slope is None:
            return None
        return Node(at, float(self._cotangent @ run.value), float(self._cotangent @ slope), run.key, run.table)
