"""What the carries of a loop depend on: relations from one state to the next, composed iteration by iteration."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.relation import EMPTY, MASK, SHIFT, Keys, Reads, taken, union


@dataclass(frozen=True, slots=True)
class Carries:
    """The carries of a loop, whose numbers in the body are inputs of their own, counted from `first`."""

    first: int
    sizes: list[int]
    runs: int
    n: int

    def joined(self, parts: Sequence[Keys]) -> Keys:
        """The keys of all carries as those of one state."""
        whole, start, made = sum(self.sizes), 0, [EMPTY]
        for keys, size in zip(parts, self.sizes, strict=True):
            run, within = np.divmod(keys >> SHIFT, max(1, size))
            made.append((run * whole + start + within) << SHIFT | keys & MASK)
            start += size
        return union(*made)

    def split(self, state: Keys) -> list[Keys]:
        """The keys of each carry."""
        whole, start, found = max(1, sum(self.sizes)), 0, list[Keys]()
        run, within = np.divmod(state >> SHIFT, whole)
        for size in self.sizes:
            own = (start <= within) & (within < start + size)
            found.append((run[own] * size + within[own] - start) << SHIFT | state[own] & MASK)
            start += size
        return found

    def run(
        self, begin: Keys, nexts: Sequence[Keys], reads: Sequence[Reads], reverse: bool, ends_early: bool
    ) -> tuple[list[Keys], list[Reads]]:
        """The carries after the last iteration (after any, if the loop may end early); and `reads` with what the
        carries depend on in their place, and the run of each instead of its iteration."""
        whole = sum(self.sizes)
        if whole == 0 or self.n == 0:
            return self.split(begin), [self._composed(r, begin) for r in reads]
        # rows of the body: run, iteration, number of the state
        body = Carries(self.first, self.sizes, self.runs * self.n, 1).joined(nexts)
        own = self._carried(body & MASK)
        stays = (body[own] >> SHIFT) % whole == (body[own] & MASK) - self.first
        if len(stays) == self.runs * self.n * whole and stays.all():
            # sums: each number keeps what it depends on, and more is added
            added = body[~own]
            if not len(added):
                return self.split(begin), [self._composed(r, begin) for r in reads]
            if not any(self._carried(r.inputs).any() for r in reads):
                run, number = (added >> SHIFT) // (self.n * whole), (added >> SHIFT) % whole
                final = union(begin, np.unique((run * whole + number) << SHIFT | added & MASK))
                return self.split(final), [self._composed(r, begin) for r in reads]
        rows = body >> SHIFT
        step = Reads(rows // whole, rows // (whole * self.n) * whole + rows % whole, body & MASK)
        states, of_step = [begin], self._by_iteration(step)
        of_reads = [self._by_iteration(r) for r in reads]
        found: list[list[Reads]] = [[] for _ in reads]
        for t in reversed(range(self.n)) if reverse else range(self.n):
            for parts, each in zip(found, of_reads, strict=True):
                parts.append(self._composed(each[t], states[-1]))
            after = self._composed(of_step[t], states[-1]).keys
            states = [*states, after] if ends_early else [after]
        return self.split(union(*states)), [_together(parts, r) for parts, r in zip(found, reads, strict=True)]

    def _carried(self, inputs: Keys) -> NDArray[np.bool_]:
        return (self.first <= inputs) & (inputs < self.first + sum(self.sizes))

    def _composed(self, reads: Reads, state: Keys) -> Reads:
        own = self._carried(reads.inputs)
        runs = reads.runs // max(1, self.n)
        inputs, which = taken(state, runs[own] * sum(self.sizes) + reads.inputs[own] - self.first)
        return Reads(
            np.concatenate([runs[~own], runs[own][which]]),
            np.concatenate([reads.rows[~own], reads.rows[own][which]]),
            np.concatenate([reads.inputs[~own], inputs]),
            reads.ref,
        )

    def _by_iteration(self, reads: Reads) -> list[Reads]:
        t = reads.runs % self.n
        order = np.argsort(t, kind="stable")
        ends = np.searchsorted(t[order], np.arange(self.n + 1))
        slices = [order[a:b] for a, b in itertools.pairwise(ends)]
        return [Reads(reads.runs[k], reads.rows[k], reads.inputs[k], reads.ref) for k in slices]


def _together(parts: Sequence[Reads], of: Reads) -> Reads:
    return Reads(
        np.concatenate([EMPTY, *(p.runs for p in parts)]),
        np.concatenate([EMPTY, *(p.rows for p in parts)]),
        np.concatenate([EMPTY, *(p.inputs for p in parts)]),
        of.ref,
    )


__all__ = ["Carries"]
