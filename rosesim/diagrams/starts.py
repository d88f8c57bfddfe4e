"""Many starts of one diagram, drawn anew without reading its texts again, and laid out at once on threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NamedTuple

from rosesim.ad.support.machine import cores
from rosesim.diagrams.layout import Diagram, Layout, StageEnd, Watch

SHORT_SECONDS = 0.01
"""Layouts that take less run one after the other: threads would wait for Python's lock longer than they run."""


class Start(NamedTuple):
    """One start: its seed, the diagram that starts there, and how it ended."""

    seed: str
    diagram: Diagram
    layout: Layout


class _StoppedError(Exception):
    """Nobody waits for this layout any more."""


def seeds(seed: str, variations: int) -> list[str]:
    """The seeds of some variations: the seed itself, then numbered ones.

    >>> seeds("word", 3)
    ['word', 'word-1', 'word-2']
    """
    return [seed, *(f"{seed}-{k}" for k in range(1, variations))]


def plain(diagram: Diagram, watch: Watch) -> Layout:
    """The layout from the diagram's own start."""
    return diagram.layout(watch=watch)


def starts(
    first: Diagram,
    seeds: Sequence[str],
    layout: Callable[[Diagram, Watch], Layout] = plain,
    threads: int | None = None,
) -> Iterator[Start]:
    """The layouts of a diagram from the starts that some seeds draw, in the order of the seeds.

    `first` is the diagram as it was read with the first of them. Up to `threads` layouts (by default one a core) run
    at once, unless they are short; each is what it is alone. Who stops listening stops those that still run, once
    their rounds end.

    Raises DiagramError if a start cannot be laid out.
    """
    count = min(len(seeds), cores() if threads is None else threads)
    stopped, making = threading.Event(), threading.Lock()

    def one(k: int) -> Start:
        def watch(_: Sequence[StageEnd]) -> None:
            if stopped.is_set():
                raise _StoppedError

        # Only one thread makes diagrams: that is Python's work, and where polygons are cut anew it may compile.
        with making:
            watch(())
            made = first if k == 0 else first.restarted(seeds[k])
            made.prepare()
        return Start(seeds[k], made, layout(made, watch))

    if count < 2:  # on this thread, which Ctrl-C interrupts within a round
        yield from map(one, range(len(seeds)))
        return
    first.prepare()
    with ThreadPoolExecutor(count, thread_name_prefix="rosesim-starts") as pool:
        try:
            head = pool.submit(one, 0)
            wait([head], SHORT_SECONDS)
            if head.done():
                yield head.result()
                yield from map(one, range(1, len(seeds)))
            else:
                yield from (f.result() for f in [head, *(pool.submit(one, k) for k in range(1, len(seeds)))])
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


def better(a: Start | None, b: Start) -> Start:
    """The one that ended better, the earlier of two equal ones."""
    return b if a is None or b.layout.rank() < a.layout.rank() else a


def best_of(
    first: Diagram,
    seeds: Sequence[str],
    layout: Callable[[Diagram, Watch], Layout] = plain,
    threads: int | None = None,
) -> Start:
    """Of `starts`, the one that ends best: constraints first, then objectives.

    Raises DiagramError if a start cannot be laid out.

    >>> from rosesim.diagrams import Canvas
    >>> d = Canvas(200, 100)
    >>> a, b = d.circle(r=20), d.circle(r=20)
    >>> term = d.ensure.disjoint(a, b, 10)
    >>> found = best_of(d.diagram("word"), seeds("word", 4))
    >>> found.seed in seeds("word", 4), found.layout.verdict()
    (True, 'all 3 constraints hold')
    """
    best: Start | None = None
    for start in starts(first, seeds, layout, threads):
        best = better(best, start)
    assert best is not None
    return best
