"""Several diagrams in which the same things have the same places."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams.builder.canvas import Canvas
from rosesim.diagrams.builder.mistakes import mistake
from rosesim.diagrams.builder.picture import Picture, checked_counts
from rosesim.diagrams.builder.texts import Texts
from rosesim.diagrams.layout import Diagram, Layout, Watch
from rosesim.diagrams.starts import best_of, seeds
from rosesim.diagrams.together import together


def consistent(
    diagrams: Sequence[Texts | Canvas], seed: str = "", *, variations: int = 1, steps: int | None = None
) -> list[Picture]:
    """Lay several diagrams out together: what has the same name in several of them has the same place and size there.

    The names are those of shapes, and of free numbers. `seed`, `variations` and `steps` are those of `layout`; of
    several starts the best one of all diagrams together counts.

    Raises DiagramError where a diagram cannot be laid out, and where they have different stages.

    >>> from rosesim.diagrams import read
    >>> style = '''
    ... canvas { width = 200
    ...          height = 100 }
    ... forall Shop s { s.icon = Circle { r: 10 } }
    ... forall Shop s; Shop t { ensure disjoint(s.icon, t.icon, 30) }
    ... '''
    >>> one, two = consistent([read("type Shop", shops, style) for shops in ("Shop a, b", "Shop a, b, c")])
    >>> one["`a`.icon"].center == two["`a`.icon"].center, two.verdict()
    (True, 'all 6 constraints hold')
    """
    checked_counts(variations, steps)
    if not diagrams:
        raise mistake("BadArgumentTypeError", "no diagrams were given; expected at least one")
    found = together([d.diagram(seed) for d in diagrams], seed)

    def layout(whole: Diagram, watch: Watch) -> Layout:
        return whole.layout(steps=steps, watch=watch)

    best = best_of(found.whole, seeds(seed, variations), layout)
    ends = found.apart(best.layout)
    return [Picture(part, end, best.seed) for part, end in zip(found.parts, ends, strict=True)]
